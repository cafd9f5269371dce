# SPDX-License-Identifier: GPL-3.0-or-later
#
# The page and the module of codes are those of the core's tables.
use v5.26;
use strict;
use warnings;

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use List::Util qw(uniq);

use ConnexionTest qw(project_dir);
use Koha::Plugin::ConnexionGateway::Core::Codes;

my $CODES = 'Koha::Plugin::ConnexionGateway::Core::Codes';

is system($^X, project_dir() . '/core/tables/make_errors_page.pl', '--check'), 0,
    'docs/errors.md and Core::Codes are as the tables are';

open my $in, '<:raw', project_dir() . '/core/include/connexion/diagnostics.def' or die $!;
my @lines = grep {/^CONNEXION_DIAGNOSTIC/} <$in>;
close $in;
is scalar(@lines), scalar(Koha::Plugin::ConnexionGateway::Core::Codes::codes()), 'all codes';
for my $line (@lines) {
    my ($code, $severity, $sentence) = $line =~ /\((\w+), (\w+), "(.+)"\)$/;
    is $CODES->can(uc $code)->(), $code, "constant for $code";
    is Koha::Plugin::ConnexionGateway::Core::Codes::severity($code), $severity, 'severity';
    is Koha::Plugin::ConnexionGateway::Core::Codes::sentence($code), $sentence, 'sentence';
}
is Koha::Plugin::ConnexionGateway::Core::Codes::severity('nonsense'), undef, 'no such code';
is_deeply [sort(uniq(raised()))], [sort(tabled())], 'errors.def has the errors that are raised';
done_testing;

sub tabled { return slurp('core/include/connexion/errors.def') =~ /^CONNEXION_ERROR\("([\w.]+)"/mg }

# Codes in the sources; the JSON reader's, which have the document's name before them, for both.
sub raised {
    my @codes;
    for my $path (glob project_dir() . '/{core/src/*/*.[ch]pp,swig/*.i}') {
        my $source = slurp($path);
        push @codes, $source =~ /(?:Error|connexion_raise)\(\s*"(\w+[.]\w+)"/g;
        my @own = $source =~ /\bfail\("(\w+)"|[+] "[.](\w+)"/g;
        for my $code (grep {defined} @own) { push @codes, "rules.$code", "facts.$code" }
    }
    return @codes;
}

sub slurp {
    my ($path) = @_;
    $path = project_dir() . "/$path" if $path !~ m{\A/};
    open my $file, '<:raw', $path or die "$path: $!";
    my $content = do { local $/ = undef; <$file> };
    close $file;
    return $content;
}
