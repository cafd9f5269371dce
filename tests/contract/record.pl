#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the contract tests on a real Koha and records what came of them, with its version.
#
#   KOHA_CONF=... PERL5LIB=... tests/contract/record.pl > tests/contract/results/19.06.tap
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);

my $dir = dirname(__FILE__);
$ENV{CONNEXION_CONTRACT_REAL} = 1;

print 'TAP version 13', "\n", map { "# $_\n" } versions(), '';
my @files = sort glob "$dir/*.t";
print '1..', scalar @files, "\n";
my ($number, $failed) = (0, 0);
for my $file (@files) {
    my ($good, @lines) = run($file);
    $failed++ if !$good;
    print @lines, ($good ? 'ok ' : 'not ok '), ++$number, ' - ', basename($file), "\n";
}
exit($failed ? 1 : 0);

sub versions {
    my $program =
          'use C4::Context; my ($v) = C4::Context->dbh->selectrow_array("select version()");'
        . 'print join "\n", "Koha " . C4::Context->preference("Version"), "MariaDB $v", "search engine "'
        . ' . C4::Context->preference("SearchEngine")';
    open my $out, '-|', $^X, '-e', $program or die "cannot run perl: $!\n";
    my @lines = map { chomp; $_ } <$out>;
    close $out or die "Koha cannot be loaded: see KOHA_CONF and PERL5LIB\n";
    return ("Perl $^V", @lines);
}

# Only the lines of TAP: warnings name paths.
sub run ($file) {
    open my $out, '-|', "$^X $file 2>/dev/null" or die "cannot run $file: $!\n";
    my @lines =
        map  { "    $_" }
        grep { /\A *(?:(?:not )?ok |1\.\.|# Subtest)/ }
        map  { s/\bzzct[0-9a-f]+[a-z]*\d*/<mark>/gr } <$out>;
    return (close($out) ? 1 : 0, @lines);
}
