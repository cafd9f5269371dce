package KohaWay;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Koha does with an incoming record before it searches, on MARC::Record: match keys of a matching
# rule and the terms to search for. Written from what Koha does, with less around it than there.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);
use MARC::File::USMARC ();
use MARC::Record       ();

our @EXPORT_OK = qw(read_record match_keys search_terms decision visit);

my %NORM = (
    ISBN           => \&isbn,
    legacy_default => \&legacy_default,
    remove_spaces  => sub ($text) { return $text =~ s/\s//gr },
    upper_case     => sub ($text) { return uc $text },
);

sub read_record ($octets) { return MARC::Record->new_from_usmarc($octets) }

# How many subfields and control fields there are; each is looked at.
sub visit ($record) {
    my ($count, $bytes) = (0, 0);
    for my $field ($record->fields) {
        my @values = $field->is_control_field ? $field->data : map { $_->[1] } $field->subfields;
        $count += @values;
        $bytes += length for @values;
    }
    return $count;
}

sub match_keys ($record, $rule) {
    my @all;
    for my $i (0 .. $#{ $rule->{matchpoints} }) {
        my $point = $rule->{matchpoints}[$i];
        my %seen;
        my @keys = grep { !$seen{$_}++ } _point_keys($record, $point);
        push @all, { matchpoint => $i, index => $point->{index}, keys => \@keys } if @keys;
    }
    return \@all;
}

sub _point_keys ($record, $point) {
    my ($first, @others) = map { [ _component_keys($record, $_) ] } @{ $point->{components} };
    my @keys = grep {$_} @{$first};
    for my $more (@others) {
        for my $i (0 .. $#keys) { $keys[$i] .= " $more->[$i]" if $more->[$i] }
    }
    return @keys;
}

sub _component_keys ($record, $component) {
    my @keys;
    for my $field ($record->field($component->{tag})) {
        my $key = $field->is_control_field ? $field->data : _content($field, $component);
        $key = substr $key, $component->{offset}, $component->{length} || length $key
            if $component->{offset} || $component->{length};
        $key = $NORM{$_}->($key) for @{ $component->{norms} };
        push @keys, $key;
    }
    return @keys;
}

sub _content ($field, $component) {
    my %wanted = map { $_ => 1 } split //, $component->{subfields};
    return join ' ', map { $_->[1] } grep { $wanted{ $_->[0] } } $field->subfields;
}

# One query of each matchpoint.
sub search_terms ($keys) {
    return [ map { _query($_) } @{$keys} ];
}

sub _query ($point) {
    my ($index, $keys) = @{$point}{qw(index keys)};
    return join ' OR ', map {qq{$index="$_"}} map { $index eq 'isbn' ? _isbn_forms($_) : $_ } @{$keys};
}

sub decision ($rule, $hits) {
    my %score;
    for my $hit (@{$hits}) { $score{ $hit->{id} } += $rule->{matchpoints}[ $hit->{matchpoint} ]{score} }
    my ($best) = sort { $score{$b} <=> $score{$a} } grep { $score{$_} >= $rule->{threshold} } keys %score;
    return { outcome => defined $best ? 'overlay' : 'add', target => $best };
}

sub legacy_default ($text) {
    $text =~ s/[.;:,\]\[\)\(\/'"]//g;
    $text =~ s/\A\s+|\s+\z//g;
    $text =~ s/\s+/ /g;
    return uc $text;
}

sub isbn ($text) {
    my $compact = uc $text =~ s/[^0-9Xx]//gr;
    return _isbn13(substr $compact, 0, 9) if $compact =~ /\A[0-9]{9}[0-9X]\z/a && _sum10($compact) % 11 == 0;
    return $compact if $compact =~ /\A97[89][0-9]{10}\z/a && $compact eq _isbn13(substr($compact, 3, 9), substr($compact, 0, 3));
    return $text;
}

sub _sum10 ($digits) {
    my $weight = 11;
    my $sum    = 0;
    for my $digit (split //, $digits) { $sum += --$weight * ($digit eq 'X' ? 10 : $digit) }
    return $sum;
}

sub _isbn13 ($nine, $prefix = '978') {
    my @digits = split //, "$prefix$nine";
    my $sum    = 0;
    $sum += $digits[$_] * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return "$prefix$nine" . (10 - $sum % 10) % 10;
}

sub _isbn_forms ($key) {
    return $key if $key !~ /\A978([0-9]{9})[0-9]\z/a;
    my $check = (11 - _sum10("${1}0") % 11) % 11;
    return ($key, $1 . ($check == 10 ? 'X' : $check));
}

1;
