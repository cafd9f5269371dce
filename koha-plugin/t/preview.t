#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A file into its records, and every code of a plan in words of each language.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use Test::More;

use GatewayTest qw(record);
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::PlanWords;
use Koha::Plugin::ConnexionGateway::Preview;
use Koha::Plugin::ConnexionGateway::Texts;

my $PREVIEW = 'Koha::Plugin::ConnexionGateway::Preview';
my $RECORD  = 'Koha::Plugin::ConnexionGateway::Core::Record';

my $book = record('book_utf8_oclc1005829214.mrc');
my $xml  = $RECORD->read($book)->{record}->marcxml;
my $ns   = 'http://www.loc.gov/MARC21/slim';

sub titles (@sources) {
    return map {
        my $read = $_->{form} eq 'marcxml' ? $RECORD->read_marcxml($_->{octets}) : $RECORD->read($_->{octets});
        $read->{record} ? $read->{record}->title : "refused: $read->{diagnostics}[0]{message}"
    } @sources;
}

my ($title) = titles({ form => 'iso2709', octets => $book });

subtest 'ISO 2709' => sub {
    is_deeply([ titles($PREVIEW->split_file($book)) ], [$title], 'one');
    is_deeply([ titles($PREVIEW->split_file("\xEF\xBB\xBF\n$book\r\n$book\n\0")) ], [ $title, $title ], 'what stands between');
    is(scalar(my @cut = $PREVIEW->split_file($book . substr $book, 0, 100)), 2, 'one that is cut off is one');
};

subtest 'MARCXML' => sub {
    my ($bare) = $xml =~ m{(<record.*</record>)}s;
    ok($bare, 'a record') or return;
    is_deeply([ titles($PREVIEW->split_file($xml)) ], [$title], 'one');
    is_deeply([ titles($PREVIEW->split_file("<collection xmlns='$ns'>$bare\n$bare</collection>")) ],
        [ $title, $title ], 'a collection');
    my $prefixed = $bare =~ s{ xmlns="[^"]*"}{}r =~ s{(</?)(\w)}{$1m:$2}gr;
    is_deeply([ titles($PREVIEW->split_file("<?xml version='1.0'?>\n<m:collection xmlns:m='$ns'>$prefixed</m:collection>")) ],
        [$title], 'with a prefix');
};

subtest 'what is neither' => sub {
    is_deeply([ $PREVIEW->split_file($_) ], [], "'$_'") for '', '   ', 'Moby Dick', '<html><body>record</body></html>';
};

sub codes ($table_before, @columns) {
    open my $in, '<', "$FindBin::RealBin/../../docs/plan-format.md" or die "plan-format.md: $!\n";
    my ($table) = do { local $/ = undef; <$in> } =~ /^\Q$table_before\E.*?\n\|[-| ]+\n((?:\|.*\n)+)/m or die "no table\n";
    return map { my @cells = split /\|/; $cells[1] =~ /`(\w+)`/g } split /\n/, $table;
}

for my $language (Koha::Plugin::ConnexionGateway::Texts->languages) {
    my $words = Koha::Plugin::ConnexionGateway::PlanWords->new(Koha::Plugin::ConnexionGateway::Texts->new($language));
    my @missing;
    my $try = sub ($code, $say) { eval { $say->(); 1 } or push @missing, $code };
    my @reasons = codes('| reason | values | |');
    my @items = codes('| reason | action | values | |');
    cmp_ok(@reasons, '>', 15, 'reasons are read') if $language eq 'en';
    cmp_ok(@items, '>', 15, 'reasons of items are read') if $language eq 'en';
    for my $code (@reasons, 'not_imported_type') { $try->($code, sub { $words->reason({ code => $code }) }) }
    for my $code (@items) {
        $try->($code, sub { $words->item({ action => 'hold', reason => { code => $code } }) });
    }
    for my $code (codes('| verdict | the candidate |')) { $try->($code, sub { $words->verdict({ verdict => $code }) }) }
    for my $code (codes('| action | the field |')) { $try->($code, sub { $words->field({ action => $code }) }) }
    for my $code (qw(add overlay ignore hold refuse)) { $try->($code, sub { $words->outcome({ outcome => $code }) }) }
    for my $code (qw(add replace ignore hold)) {
        $try->($code, sub { $words->item({ action => $code, reason => { code => 'same_barcode' } }) });
    }
    is_deeply(\@missing, [], "every code has words in $language");
}

done_testing;
