package C4::Koha;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter 'import';

our @EXPORT_OK = qw(GetNormalizedISBN GetVariationsOfISBNs GetVariationsOfISSNs);

sub GetNormalizedISBN ($isbn, @) {
    return if !$isbn;
    ($isbn) = split /\s*\|/, $isbn;
    my $digits = uc($isbn =~ s/\(.*//sr) =~ s/[^0-9X]//gr;
    return substr $digits, 0, 10 if $digits =~ /\A\d{9}[\dX]\z/;
    return _isbn10($digits) // $digits if $digits =~ /\A\d{13}\z/;
    return;
}

sub _isbn10 ($isbn13) {
    my ($nine) = $isbn13 =~ /\A978(\d{9})\d\z/ or return;
    my $sum    = 0;
    my @digits = split //, $nine;
    $sum += (10 - $_) * $digits[$_] for 0 .. 8;
    my $check = (11 - $sum % 11) % 11;
    return $nine . ($check == 10 ? 'X' : $check);
}

sub _isbn13 ($isbn10) {
    my $twelve = '978' . substr $isbn10, 0, 9;
    my $sum    = 0;
    my @digits = split //, $twelve;
    $sum += $digits[$_] * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return $twelve . (10 - $sum % 10) % 10;
}

sub GetVariationsOfISBNs (@isbns) {
    my @all;
    for my $isbn (@isbns) {
        my $digits = uc($isbn) =~ s/[^0-9X]//gr;
        my $ten    = length $digits == 10 ? $digits : _isbn10($digits);
        my $thirteen =
            length $digits == 13 ? $digits : length $digits == 10 ? _isbn13($digits) : undef;
        push @all, grep { defined } $isbn, $ten, $thirteen;
    }
    return wantarray ? @all : join ' | ', @all;
}

sub GetVariationsOfISSNs (@issns) {
    my @all = map { my $plain = s/-//r; ($plain, $plain =~ s/\A(.{4})/$1-/r) } @issns;
    return wantarray ? @all : join ' | ', @all;
}

1;
