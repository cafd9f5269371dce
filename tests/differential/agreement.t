#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The core reads tests/data as others do, but for differences that kinds.tsv explains.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Differential::Comparison;

sub reading (@fields) {
    return { leader => q( ) x 24, fields => [@fields], found => [], encoding => 'utf-8' };
}

sub kinds_of ($ours, $theirs) {
    my $comparison = Differential::Comparison->new;
    $comparison->add($ours, $theirs, 'here');
    my @kinds = sort keys %{ $comparison->kinds };
    return @kinds;
}

my $title = ['245', '10', [a => 'Title'], [c => "Zo\x{EB}"]];
my $note  = ['500', '  ', [a => 'Note']];
my $right = reading(['001', '1'], $title, $note);

is_deeply [kinds_of($right, reading(['001', '1'], $title, $note))], [], 'no difference';
for my $wrong (
    ['a character',  ['001', '1'], ['245', '10', [a => 'Titel'], [c => "Zo\x{EB}"]], $note],
    ['one lacking',  ['001', '1'], ['245', '10', [a => 'Titl'],  [c => "Zo\x{EB}"]], $note],
    ['an indicator', ['001', '1'], ['245', '14', [a => 'Title'], [c => "Zo\x{EB}"]], $note],
    ['a code',       ['001', '1'], ['245', '10', [b => 'Title'], [c => "Zo\x{EB}"]], $note],
    ['a subfield',   ['001', '1'], ['245', '10', [a => 'Title']], $note],
    ['a field',      ['001', '1'], $note],
    ['the order',    ['001', '1'], $note,  $title],
    ['a number',     ['001', '2'], $title, $note],
) {
    my ($what, @fields) = @$wrong;
    ok scalar(grep { /^unexplained/ } kinds_of(reading(@fields), $right)), "$what misread is seen";
}

my @lines = split /\n/, qx("$Bin/run" "$Bin/../data" 2>/dev/null);
is $? >> 8, 0, 'every difference is explained' or diag join "\n", grep { /UNEXPLAINED/ } @lines;
my %records = map { /^\| ([\w-]+) \| (\d+) of (\d+) / ? ($1 => [$2, $3]) : () } @lines;
for my $reader (qw(marc-record yaz)) {
    my ($equal, $all) = @{ $records{$reader} // [0, 0] };
    cmp_ok $all,                 '>', 580,  "$reader has read the records";
    cmp_ok $equal / ($all || 1), '>', 0.94, "$reader agrees";
}

done_testing;
