# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Languages;
use CGI ();
use DateTime;
use Koha::Cache::Memory::Lite;
use Koha::DateUtils qw(output_pref);
use Test::More;

sub with_preference {
    my ($name, $value, $code) = @_;
    my $before = C4::Context->preference($name);
    C4::Context->set_preference($name, $value);
    my $done = eval { $code->(); 1 };
    my $error = $@;
    C4::Context->set_preference($name, $before // '');
    die $error if !$done;
    return;
}

sub language {
    my ($cookie, $accepted) = @_;
    Koha::Cache::Memory::Lite->flush;
    local $ENV{HTTP_COOKIE} = $cookie ? "KohaOpacLanguage=$cookie" : '';
    local $ENV{HTTP_ACCEPT_LANGUAGE} = $accepted // '';
    return C4::Languages::getlanguage(CGI->new(''));
}

subtest 'the language of the staff interface' => sub {
    my $interface = C4::Context->interface;
    C4::Context->interface('intranet');
    with_preference(
        language => 'en,fr-FR',
        sub {
            is(language(), 'en', 'the first of those that the library chose');
            is(language('fr-FR'), 'fr-FR', 'the one that the patron chose');
            is(language('de-DE'), 'en', 'but none that the library did not choose');
        }
    );
    with_preference(language => 'fr-FR', sub { is(language(), 'fr-FR', 'another library') });
    C4::Context->interface($interface);
    Koha::Cache::Memory::Lite->flush;
};

subtest 'dates as the library writes them' => sub {
    my %written = (iso => '2026-11-25', metric => '25/11/2026', us => '11/25/2026', dmydot => '25.11.2026');
    my $zone = C4::Context->tz;
    for my $format (sort keys %written) {
        with_preference(
            dateformat => $format,
            sub {
                my $moment = DateTime->new(year => 2026, month => 11, day => 25, hour => 13, minute => 5,
                    time_zone => $zone);
                is(output_pref({ dt => $moment->clone, dateonly => 1 }), $written{$format}, "$format: the day");
                with_preference(
                    TimeFormat => '24hr',
                    sub { is(output_pref({ dt => $moment->clone }), "$written{$format} 13:05", "$format: with the time") }
                );
                with_preference(
                    TimeFormat => '12hr',
                    sub { is(output_pref({ dt => $moment->clone }), "$written{$format} 01:05 PM", "$format: of twelve hours") }
                );
            }
        );
    }
    my $utc = DateTime->new(year => 2026, month => 7, day => 1, hour => 12, time_zone => 'UTC');
    my $here = $utc->clone->set_time_zone($zone);
    like(output_pref({ dt => $utc }), qr/\Q@{[ $here->strftime('%H:%M') ]}\E|\Q@{[ $here->strftime('%I:%M %p') ]}\E/,
        'a moment of another time zone is told in that of the library');
};

# Where a script finds what was ticked, and a place for a button: by page, the template of Koha's and that of the stand-in.
my %TICKED = (
    'search results' => [ 'modules/catalogue/results.tt', 'records.tt', 'selection', 'selection_ops' ],
    'a list' => [ 'modules/virtualshelves/shelves.tt', 'records.tt', 'selection', 'selection_ops' ],
    'the cart' => [ 'modules/basket/basket.tt', 'cart.tt', 'select_record', 'toolbar' ],
    'an authority record' => [ 'includes/authorities-toolbar.inc', 'record.tt', undef, 'toolbar' ],
);

sub template {
    my ($of_koha, $of_sandbox) = @_;
    my $file = real() ? C4::Context->config('intrahtdocs') . "/prog/en/$of_koha" : dirname(__FILE__) . "/../sandbox/pages/$of_sandbox";
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

for my $page (sort keys %TICKED) {
    my ($of_koha, $of_sandbox, $class, $place) = @{ $TICKED{$page} };
    my $html = template($of_koha, $of_sandbox);
    like($html, qr/<div id="$place"/, "$page: there is $place");
    next if !defined $class;
    like($html, qr/<input(?=[^>]*\stype="checkbox")(?=[^>]*\sclass="$class\b)(?=[^>]*\svalue="\[% [\w.]*biblionumber )/i,
        "$page: a box has the number of its record");
}

subtest 'scripts of plugins' => sub {
    my $bottom = real() ? template('includes/intranet-bottom.inc') : do {
        open my $in, '<', dirname(__FILE__) . '/../sandbox/includes/intranet-bottom.inc' or die $!;
        local $/ = undef;
        <$in>;
    };
    like($bottom, qr/intranet_js/, 'are at the bottom of the page');
};

done_testing;
