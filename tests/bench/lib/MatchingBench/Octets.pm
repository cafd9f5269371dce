package MatchingBench::Octets;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Records as octets: {leader, fields => [[tag, data], ...]}. Nothing is decoded, so that a record goes
# out as it came in but for what is changed on purpose. Shares no code with the plugin.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);
use IO::Uncompress::Gunzip ();

our @EXPORT_OK = qw(read_records parse build fields subfields data_field without copy);

my $LONGEST = 99_999;

# The records of a file, ISO 2709, as octets; a name in .gz is unpacked.
sub read_records ($file) {
    my $octets = _content($file);
    my @records = split /(?<=\x1D)/, $octets;
    s/\A\s+// for @records;
    @records = grep {length} @records;
    die "$file holds no records (ISO 2709).\n" if !@records;
    for my $i (0 .. $#records) {
        eval { parse($records[$i]); 1 } or die "$file, record " . ($i + 1) . ": $@";
    }
    return @records;
}

sub _content ($file) {
    open my $in, '<:raw', $file or die "$file can not be read: $!\n";
    my $octets = do { local $/ = undef; <$in> };
    close $in;
    return $octets if $file !~ /[.]gz\z/;
    IO::Uncompress::Gunzip::gunzip(\$octets => \my $unpacked)
        or die "$file can not be unpacked: $IO::Uncompress::Gunzip::GunzipError\n";
    return $unpacked;
}

sub parse ($octets) {
    die "it does not end as a record does.\n" if length $octets < 26 || $octets !~ /\x1D\z/;
    my ($length, $base) = (substr($octets, 0, 5), substr($octets, 12, 5));
    die "its leader has no numeric length and base address.\n" if "$length$base" !~ /\A[0-9]{10}\z/;
    die "its leader says $length octets, it has " . length($octets) . ".\n" if $length != length $octets;
    my $directory = $base > 24 && $base <= $length ? substr $octets, 24, $base - 25 : '';
    die "its directory is damaged.\n" if !length $directory || $directory !~ /\A(?:.{3}[0-9]{9})+\z/s;
    my @fields;
    while ($directory =~ /(.{3})([0-9]{4})([0-9]{5})/gs) {
        my ($tag, $size, $at) = ($1, $2, $3);
        die "field $tag lies outside the record.\n" if $base + $at + $size >= $length || $size < 1;
        push @fields, [ $tag, substr $octets, $base + $at, $size - 1 ];
    }
    return { leader => substr($octets, 0, 24), fields => \@fields };
}

sub build ($record) {
    my ($directory, $data) = ('', '');
    for my $field (@{ $record->{fields} }) {
        my $content = "$field->[1]\x1E";
        die "field $field->[0] is longer than a field can be.\n" if length $content > 9_999;
        $directory .= sprintf '%3s%04d%05d', $field->[0], length $content, length $data;
        $data .= $content;
    }
    my $base = 24 + length($directory) + 1;
    my $length = $base + length($data) + 1;
    die "it is longer than ISO 2709 allows.\n" if $length > $LONGEST;
    my $leader = sprintf '%05d', $length;
    $leader .= substr($record->{leader}, 5, 7) . sprintf('%05d', $base) . substr $record->{leader}, 17, 7;
    return "$leader$directory\x1E$data\x1D";
}

sub copy ($record) { return { leader => $record->{leader}, fields => [ map { [ @{$_} ] } @{ $record->{fields} } ] } }

sub fields ($record, $tag) { return grep { $_->[0] eq $tag } @{ $record->{fields} } }

sub without ($record, @tags) {
    my %gone = map { $_ => 1 } @tags;
    $record->{fields} = [ grep { !$gone{ $_->[0] } } @{ $record->{fields} } ];
    return $record;
}

# [code, value] of each subfield.
sub subfields ($data) {
    my (undef, @parts) = split /\x1F/, $data;
    return map { [ substr($_, 0, 1), substr $_, 1 ] } grep {length} @parts;
}

sub data_field ($tag, $indicators, @subfields) {
    return [ $tag, $indicators . join '', map {"\x1F$_->[0]$_->[1]"} @subfields ];
}

1;
