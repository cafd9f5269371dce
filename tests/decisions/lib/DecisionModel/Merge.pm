package DecisionModel::Merge;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The record that comes over one that is there, by the lines of local_fields.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Pattern;
use DecisionModel::Record qw(oclc_number oclc_of_001 values_of);

# The plan's fields, and the record that is written.
sub merged ($class, $rules, $incoming, $existing) {
    my @lines = _lines($rules);
    my @come = map { _entry($_, 'incoming', @lines) } _without_items($rules, $incoming);
    my @are  = map { _entry($_, 'existing', @lines) } _without_items($rules, $existing);
    _pair(\@come, \@are);
    my %has_tag = map { ("$_->{number}:$_->{field}{tag}" => 1) } grep { defined $_->{number} } @come;
    $_->{action} = _fate_of_incoming($_) for @come;
    $_->{action} = _fate_of_existing($_, \%has_tag) for @are;

    my @result = grep { $_->{action} =~ /\A(?:comes|same)\z/ } @come;
    my @kept   = grep { $_->{action} =~ /\Astays\z/ } @are;
    _put_in(\@result, $_) for @kept;
    _oclc_number(\@result, $rules, $incoming);
    my $written = { leader => $incoming->{leader}, fields => [ map { $_->{field} } @result ] };
    my @out = grep { $_->{action} =~ /\A(?:goes|not_taken)\z/ } @are, @come;
    return ([ map { _row($_) } @result, @out ], $written);
}

sub alone ($class, $rules, $incoming) {
    my @result = map { { field => $_ } } _without_items($rules, $incoming);
    _oclc_number(\@result, $rules, $incoming);
    return { leader => $incoming->{leader}, fields => [ map { $_->{field} } @result ] };
}

sub _lines ($rules) {
    my $number = 0;
    return map { {
        number => $number++, text => $_->{fields}, policy => $_->{policy},
        pattern => DecisionModel::Pattern->parse($_->{fields}),
    } } @{ $rules->{local_fields} // [] };
}

# Items are decided apart, and Koha makes the field of its own numbers anew.
sub _without_items ($rules, $record) {
    my $numbers = exists $rules->{koha_numbers_tag} ? $rules->{koha_numbers_tag} // '' : '999';
    return grep { $_->{tag} ne ($rules->{item_tag} // '952') && $_->{tag} ne $numbers } @{ $record->{fields} };
}

sub _entry ($field, $side, @lines) {
    my ($line) = grep { $_->{pattern}->matches($field) } @lines;
    return { field => $field, side => $side, policy => 'replace', $line ? (%{$line}, line => $line->{text}) : () };
}

# Each field of one side with at most one equal field of the other.
sub _pair ($come, $are) {
    my %waiting;
    push @{ $waiting{ text_of($_->{field}, 1) } }, $_ for @{$are};
    for my $entry (@{$come}) {
        my $partner = shift @{ $waiting{ text_of($entry->{field}, 1) } // [] } or next;
        $entry->{paired} = $partner->{paired} = 1;
    }
    # Under add_incoming one that is there already is not added a second time.
    my %there = map { text_of($_->{field}, 1) => 1 } @{$are};
    $_->{there} = $there{ text_of($_->{field}, 1) } for @{$come};
    return;
}

# One row for each policy.
sub _fate_of_incoming ($entry) {
    my $policy = $entry->{policy};
    return 'not_taken' if $policy eq 'keep_existing';
    return $entry->{there} ? 'not_taken' : 'comes' if $policy eq 'add_incoming';
    return $entry->{paired} ? 'same' : 'comes';
}

sub _fate_of_existing ($entry, $incoming_has_tag) {
    my $policy = $entry->{policy};
    return 'stays' if $policy =~ /\A(?:keep_existing|add_incoming)\z/;
    return 'stays' if $policy eq 'prefer_incoming' && !$incoming_has_tag->{"$entry->{number}:$entry->{field}{tag}"};
    return $entry->{paired} ? 'not_listed' : 'goes';
}

# Behind the last field with a tag not greater.
sub _put_in ($result, $entry) {
    my $tag = $entry->{field}{tag};
    my ($last) = grep { $result->[$_]{field}{tag} le $tag } reverse 0 .. $#{$result};
    splice @{$result}, defined $last ? $last + 1 : 0, 0, $entry;
    return;
}

sub _oclc_number ($result, $rules, $incoming) {
    return if !$rules->{oclc_into_035};
    my $number = oclc_of_001($incoming);
    return if !defined $number;
    my $as_record = { fields => [ map { $_->{field} } @{$result} ] };
    return if grep { (oclc_number($_) // '') eq $number } values_of($as_record, '035', 'a');
    my $field = { tag => '035', ind1 => ' ', ind2 => ' ', subfields => [ [ a => "(OCoLC)$number" ] ] };
    _put_in($result, { field => $field, action => 'comes' });
    return;
}

sub _row ($entry) {
    return {
        tag => $entry->{field}{tag}, action => $entry->{action}, line => $entry->{line},
        text => text_of($entry->{field}),
    };
}

sub text_of ($field, $with_tag = 0) {
    my $text = defined $field->{data} ? $field->{data}
        : join ' ', "$field->{ind1}$field->{ind2}", map {"\$$_->[0] $_->[1]"} @{ $field->{subfields} };
    return $with_tag ? "$field->{tag} $text" : $text;
}

1;
