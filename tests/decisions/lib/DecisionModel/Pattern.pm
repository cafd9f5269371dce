package DecisionModel::Pattern;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The notation of fields in a line of local_fields.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Record qw(trimmed);

my $TAG  = qr{[0-9a-zX]{3}};
my $TAGS = qr/$TAG(?:-$TAG)?/;
my $END  = qr/(?=\s|\z)/;

# {tags, indicators, conditions, except}, or nothing where the text is no pattern.
sub parse ($class, $text) {
    my $rest = trimmed($text);
    return if !length $rest;
    my %pattern = (text => $text, conditions => [], except => []);
    $pattern{tags}       = $1 if $rest =~ s/\A($TAGS)$END\s*//;
    $pattern{indicators} = $1 if $pattern{tags} && $rest =~ s/\A([0-9a-zA-Z_#*]{2})$END\s*//;
    while ($rest =~ s/\A\$([0-9a-zA-Z])//) {
        my $code = $1;
        my $value;
        if    ($rest =~ s/\A\s*=?\s*"([^"]*)"(?=\s|\z)\s*//) { $value = $1 }
        elsif ($rest =~ s/\A\s*=?(.*?)(?:\s+(?=\$[0-9a-zA-Z]|except\s)|\z)//) { $value = trimmed($1) }
        push @{ $pattern{conditions} }, { code => $code, defined $value && length $value ? (value => $value) : () };
    }
    if ($rest =~ s/\Aexcept\s+($TAGS(?:\s*,\s*$TAGS)*)\z//) { $pattern{except} = [ split /\s*,\s*/, $1 ] }
    return if length $rest;
    return bless \%pattern, $class;
}

sub matches ($self, $field) {
    return 0 if defined $self->{tags} && !_tag_in($self->{tags}, $field->{tag});
    return 0 if grep { _tag_in($_, $field->{tag}) } @{ $self->{except} };
    return 0 if defined $self->{indicators} && !_indicators_fit($self->{indicators}, $field);
    return !grep { !_holds($_, $field) } @{ $self->{conditions} };
}

sub _tag_in ($tags, $tag) {
    my ($from, $to) = split /-/, $tags;
    return $tag ge $from && $tag le $to if defined $to;
    return $tag =~ /\A@{[ $from =~ s{[Xx]}{.}gr ]}\z/;
}

sub _indicators_fit ($wanted, $field) {
    return 0 if defined $field->{data};
    my @has = @{$field}{qw(ind1 ind2)};
    for my $i (0, 1) {
        my $one = substr $wanted, $i, 1;
        next if $one eq '*';
        return 0 if $has[$i] ne ($one =~ /[_#]/ ? ' ' : $one);
    }
    return 1;
}

sub _holds ($condition, $field) {
    my @values = map { $_->[1] } grep { $_->[0] eq $condition->{code} } @{ $field->{subfields} // [] };
    return scalar @values if !defined $condition->{value};
    return scalar grep { lc trimmed($_) eq lc $condition->{value} } @values;
}

1;
