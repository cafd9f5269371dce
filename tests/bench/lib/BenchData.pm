package BenchData;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The records that are measured with: those of a corpus that every reader takes as they are. What is
# damaged is left out, because each reader makes of it what it likes.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter   qw(import);
use File::Find qw(find);

our @EXPORT_OK = qw(records_of is_sound is_utf8 slurp write_records);

# Every record of a file, of a folder's files or of an archive's, in the order of their names.
sub records_of ($source, $scratch = undef) {
    if ($source =~ /[.]tar(?:[.]\w+)?\z/) {
        system('tar', '-xf', $source, '-C', $scratch) == 0 or die "$source cannot be unpacked\n";
        $source = $scratch;
    }
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, $_ if -f } }, $source);
    return map { split_records(slurp($_)) } sort @files;
}

sub slurp ($file) {
    open my $in, '<:raw', $file or die "$file: $!\n";
    my $octets = do { local $/ = undef; <$in> };
    close $in;
    return $octets // '';
}

sub split_records ($octets) {
    return map { s/\A[\s\0\x1A]+//r } $octets =~ /([^\x1D]+\x1D)/g;
}

# Whether lengths, directory and fields of a record agree in everything.
sub is_sound ($record) {
    return 0 if length $record < 26;
    my ($length, $counts, $base, $map) = unpack 'A5 x5 A2 A5 x3 A4', substr $record, 0, 24;
    return 0 if "$length$base" !~ /\A[0-9]{10}\z/a || $length != length $record || $base >= $length;
    return 0 if $counts ne '22' || $map ne '4500';
    my $directory = substr $record, 24, $base - 24;
    my $entries   = ($base - 25) / 12;
    return 0 if $directory !~ /\A(?:[0-9A-Za-z]{3}[0-9]{9})+\x1E\z/a;
    my @fields = split /\x1E/, substr($record, $base, -1), -1;
    return 0 if pop @fields ne '' || @fields != $entries;
    my $start = 0;
    for my $entry (unpack '(A12)*', substr $directory, 0, -1) {
        my $field = shift @fields;
        return 0 if substr($entry, 3) ne sprintf '%04d%05d', 1 + length $field, $start;
        return 0 if !field_is_sound(substr($entry, 0, 3), $field);
        $start += 1 + length $field;
    }
    return 1;
}

sub field_is_sound ($tag, $field) {
    return $field =~ /\A[^\x00-\x1A\x1C-\x1F\x7F]+\z/ if $tag =~ /\A00/;
    return $field =~ /\A[\x20-\x7E]{2}(?:\x1F[0-9a-z][^\x00-\x1A\x1C-\x1F\x7F]*)+\z/;
}

# Whether the leader says so, and the bytes are. A copy is decoded.
sub is_utf8 ($record) {
    return substr($record, 9, 1) eq 'a' && utf8::decode($record);
}

sub write_records ($file, @records) {
    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} @records;
    close $out or die "$file: $!\n";
    return;
}

1;
