#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a look-up in the index of identifiers costs; run by identifier_index.pl.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Time::HiRes qw(time);

use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Koha;

my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
my $identifiers = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha);
my $dbh = C4::Context->dbh;
my ($highest) = $dbh->selectrow_array('SELECT MAX(biblionumber) FROM biblio_metadata');

sub each_takes ($what, $times, $code) {
    my $begun = time;
    $code->($_) for 1 .. $times;
    printf "%-60s %7.2f ms\n", $what, (time - $begun) / $times * 1000;
    return;
}

$identifiers->catch_up('biblio');
each_takes('catching up, nothing was changed', 200, sub ($n) { $identifiers->catch_up('biblio') });
each_takes('looking up four identifiers', 200, sub ($n) {
    $identifiers->find('biblio', map { [ $_ => 1_000_000 + $n ] } qw(oclc isbn lccn control));
});
for my $changed (1, 100, 1000) {
    my ($from, $to) = ($highest - $changed, $highest);
    $dbh->do(q{UPDATE biblio_metadata SET metadata = CONCAT(metadata, ' ') WHERE biblionumber > ?}, undef, $from);
    each_takes("catching up with $changed changed records", 1, sub ($n) { $identifiers->catch_up('biblio', thorough => 1) });
    each_takes('  and again, all of them in the last minute', 20, sub ($n) { $identifiers->catch_up('biblio') });
}
