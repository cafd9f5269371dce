package MatchingBench::Truth;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Which export must end in which record: a table with one line for each export.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my @COLUMNS = qw(export kind base);

# [{export, kind, base}] in the order of the exports; $bases and $exports are how many there are.
sub read ($class, $file, $bases, $exports) {    ## no critic (ProhibitBuiltinHomonyms)
    open my $in, '<', $file or die "$file can not be read: $!\n";
    my (@rows, %column, %seen);
    while (my $line = <$in>) {
        $line =~ s/\r?\n\z//;
        next if $line =~ /\A\s*(?:#|\z)/;
        my @cells = map { s/\A\s+|\s+\z//gr } split /\t/, $line, -1;
        if (!%column) {
            %column = _columns(@cells) and next;
            @column{@COLUMNS} = 0 .. $#COLUMNS;
        }
        my %row = map { $_ => $cells[ $column{$_} ] // '' } @COLUMNS;
        my $wrong = _problem(\%row, $bases, $exports, \%seen);
        die "$file, line $.: $wrong\n" if $wrong;
        $seen{ $row{export} } = $row{base};
        push @rows, \%row;
    }
    close $in;
    die "$file says nothing of any export.\n" if !@rows;
    my ($missing) = grep { !exists $seen{$_} } 1 .. $exports;
    die "$file says nothing of export $missing.\n" if $missing;
    return [ sort { $a->{export} <=> $b->{export} } @rows ];
}

# Nothing where the line is no line of headings.
sub _columns (@cells) {
    my %at = map { lc $cells[$_] => $_ } 0 .. $#cells;
    return if grep { !exists $at{$_} } @COLUMNS;
    return map { $_ => $at{$_} } @COLUMNS;
}

sub _problem ($row, $bases, $exports, $seen) {
    my ($export, $kind, $base) = @{$row}{@COLUMNS};
    return "'$export' is no export: they are numbered from 1 to $exports, as they stand in the file."
        if !_from_one($export, $exports);
    return "export $export stands there twice." if exists $seen->{$export};
    return "the kind '$kind' must be a word without blanks." if $kind !~ m{\A[\w./+-]+\z};
    return if $base eq 'new' || _from_one($base, $bases);
    return if $base =~ /\A\@(.+)\z/ && _from_one($1, $export - 1);
    return "'$base' names no record: a number from 1 to $bases is a record of the base file, 'new' is none of them,"
        . " '\@N' is the one in which the earlier export N ended.";
}

sub _from_one ($text, $most) { return $text =~ /\A[1-9][0-9]{0,8}\z/ && $text <= $most }

sub write ($class, $file, $truth) {    ## no critic (ProhibitBuiltinHomonyms)
    open my $out, '>', $file or die "$file can not be written: $!\n";
    print {$out} join("\t", @COLUMNS), "\n", map { join("\t", @{$_}{@COLUMNS}) . "\n" } @{$truth};
    close $out or die "$file can not be written: $!\n";
    return;
}

1;
