package Differential::Comparison;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Counts what two readings of the same records have in common and names each kind of difference.
use v5.26;
use strict;
use warnings;
use utf8;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util         qw(min sum0);
use Unicode::Normalize qw(NFD);

my @COUNTS = qw(records fields subfields characters);

sub new ($class) {
    my %counts = map { $_ => { all => 0, equal => 0 } } @COUNTS;
    return bless { %counts, kinds => {}, examples => {} }, $class;
}

=head1 METHODS

=head2 add($ours, $theirs, $where)

One record, as both have read it.

=cut

sub add ($self, $ours, $theirs, $where) {
    return if $ours->{error} && $theirs->{error};
    my @kinds;
    if ($ours->{error} || $theirs->{error}) {
        @kinds = $ours->{error} ? "refused: $ours->{error}" : refused_by_them($ours, $theirs);
        $self->count_only(records => 1, 0);
    } else {
        @kinds = $self->both($ours, $theirs);
    }
    my %kinds = map { $_ => 1 } @kinds;
    for my $kind (keys %kinds) {
        $self->{kinds}{$kind}++;
        $self->{examples}{$kind} //= $where;
    }
    return;
}

=head2 kinds, example($kind), counts

What C<add> has found: kinds with their number of records, where the first is, and for records,
fields, subfields and characters how many there are and how many are equal.

=cut

sub kinds   ($self)        { return $self->{kinds} }
sub example ($self, $kind) { return $self->{examples}{$kind} }

sub counts ($self) {
    return { map { $_ => $self->{$_} } @COUNTS };
}

sub count_only ($self, $what, $all, $equal) {
    $self->{$what}{all}   += $all;
    $self->{$what}{equal} += $equal;
    return;
}

# Both have read it: the kinds of what differs.
sub both ($self, $ours, $theirs) {
    my @kinds =
        $ours->{leader} eq $theirs->{leader} ? () : kind_by_code($ours, 'leader', qr/leader/);
    my @pairs = pairs($ours->{fields}, $theirs->{fields});
    push @kinds, map { $self->field($ours, @$_) } @pairs;
    $self->count_only(records => 1, @kinds ? 0 : 1);
    return @kinds;
}

sub field ($self, $ours, $our, $their) {
    my @subfields = $our   ? values_of($our)   : ();
    my @others    = $their ? values_of($their) : ();
    my $same_form = $our && $their && form_of($our) eq form_of($their);
    my @kinds     = $same_form ? () : form_kind($ours, $our, $their);
    push @kinds, map { $self->text($ours, $subfields[$_], $others[$_]) } 0 .. $#subfields
        if $same_form;
    if ($our && !$same_form) {
        $self->count_only(subfields  => scalar @subfields,               0);
        $self->count_only(characters => sum0(map { length } @subfields), 0);
    }
    $self->count_only(fields => 1, @kinds ? 0 : 1) if $our;
    return @kinds;
}

sub text ($self, $ours, $our, $their) {
    my $equal = $our eq $their;
    $self->count_only(subfields  => 1,           $equal ? 1           : 0);
    $self->count_only(characters => length $our, $equal ? length $our : in_common($our, $their));
    return $equal ? () : text_kind($ours, $our, $their);
}

# --- what is beside what ---------------------------------------------------------------------------

# Fields of the same tag, indicators and codes are beside each other; where one side has fields that
# the other has not, they stand alone.
sub pairs ($our, $their) {
    return map { [$our->[$_], $their->[$_]] } 0 .. $#$our if @$our == @$their;
    my @rest = @$their;
    my @pairs;
    for my $field (@$our) {
        my ($at) = grep { form_of($rest[$_]) eq form_of($field) } 0 .. min($#rest, 20);
        push @pairs, map { [undef, $_] } splice @rest, 0, $at // 0;
        push @pairs, [$field, defined $at ? shift @rest : undef];
    }
    return (@pairs, map { [undef, $_] } @rest);
}

sub form_of ($field) {
    return
           join q( ), $field->[0], ref $field->[2]
        || @$field > 2
        || !defined $field->[1] ? ($field->[1] // q(), map { $_->[0] } @$field[2 .. $#$field])
        : $field->[0] =~ /^00/  ? ()
        :                         $field->[1];
}

sub values_of ($field) {
    return $field->[0] =~ /^00/ ? $field->[1] : map { $_->[1] } @$field[2 .. $#$field];
}

# Characters at the beginning and at the end that are the same.
sub in_common ($our, $their) {
    my $begin = begin_in_common($our, $their);
    my @ends  = map { scalar reverse substr $_, $begin } $our, $their;
    return $begin + begin_in_common(@ends);
}

sub begin_in_common ($one, $other) {
    my $at   = 0;
    my $most = min(length $one, length $other);
    $at++ while $at < $most && substr($one, $at, 1) eq substr $other, $at, 1;
    return $at;
}

# --- kinds ----------------------------------------------------------------------------------------

my $STRUCTURE = qr/^(?:field_over|directory_|record_|base_address)/;

# They give up where we have a record: what we have put right in it, or what they say.
sub refused_by_them ($ours, $theirs) {
    return "encoding: $ours->{label} read as $ours->{encoding}" if $ours->{label};
    my ($repaired) = grep { /$STRUCTURE|^(?:field_|subfield_|invisible)/ } @{ $ours->{found} };
    return $repaired ? "repaired: $repaired" : "theirs: $theirs->{error}";
}

# What our reader has told of the record explains a difference in its structure.
sub kind_by_code ($ours, $what, $codes) {
    my ($code) = grep { /$codes/ } @{ $ours->{found} };
    return $code ? "repaired: $code" : "unexplained: $what";
}

sub form_kind ($ours, $our, $their) {
    return 'indicators: blank by them' if $our && $their && blank_by_them($our, $their);
    my $shown = join ' | ', map { $_ ? form_of($_) : 'none' } $our, $their;
    return kind_by_code($ours, "form $shown", qr/$STRUCTURE|^(?:field_|subfield_|invisible)/);
}

# The same but for an indicator that is no letter and no digit.
sub blank_by_them ($our, $their) {
    return 0 if $our->[0] =~ /^00/ || $our->[1] eq $their->[1];
    my $as_they = $our->[1] =~ s/[^a-zA-Z0-9]/ /gr;
    return form_of([$our->[0], $as_they, @$our[2 .. $#$our]]) eq form_of($their);
}

my $HALVES = qr/[\x{FE20}-\x{FE23}\x{0360}\x{0361}]/;

# In this order: the first that fits names the difference.
my @TEXT_KINDS = (
    ['text: halves of a ligature' => sub ($our, $their) { same_without($HALVES, $our, $their) }],
    [
        'text: control characters' =>
            sub ($our, $their) { same_without(qr/[\x00-\x20\x7F]/, $our, $their) }
    ],
    ['text: lost by them'   => sub ($our, $their) { $their eq q() }],
    ['text: U+FFFD by them' => sub ($our, $their) { $their =~ /\x{FFFD}/ && $our !~ /\x{FFFD}/ }],
    ['text: U+3013 by them' => sub ($our, $their) { $their =~ /\x{3013}/ && $our !~ /\x{3013}/ }],
    [
        'text: private character by them' =>
            sub ($our, $their) { $their =~ /\p{Co}/ && $our !~ /\p{Co}/ }
    ],
);

sub same_without ($left_out, $our, $their) {
    return $our =~ s/$left_out//gr eq $their =~ s/$left_out//gr;
}

# Theirs is ours with characters lacking, and blanks perhaps in their place.
sub fewer_by_them ($our, $their) {
    my ($all, $some) = map { NFD($_) =~ s/ +//gr } $our, $their;
    my $at = 0;
    for my $character (split //, $some) {
        $at = 1 + index $all, $character, $at;
        return 0 if !$at;
    }
    return length $some < length $all;
}

sub same_but_for_marks ($our, $their) {
    return same_without(qr/\p{Mn}/, NFD($our), NFD($their));
}

sub text_kind ($ours, $our, $their) {
    return "encoding: $ours->{label} read as $ours->{encoding}" if $ours->{label};
    for my $kind (@TEXT_KINDS) {
        return $kind->[0] if $kind->[1]->($our, $their);
    }
    my ($odd) = grep { $_ eq 'marc8_combining_odd' } @{ $ours->{found} };
    return 'text: a mark before no letter' if $odd && same_but_for_marks($our, $their);
    my ($code) = grep { /$STRUCTURE/ } @{ $ours->{found} };
    return "repaired: $code"             if $code;
    return 'text: unknown codes by them' if fewer_by_them($our, $their);
    return sprintf 'unexplained: text %s | %s', map { shown($_) } apart($our, $their);
}

# The part that differs.
sub apart ($our, $their) {
    my $differ = begin_in_common($our, $their);
    return map { length > $differ ? substr $_, $differ > 2 ? $differ - 2 : 0, 12 : q() } $our,
        $their;
}

sub shown ($text) { return $text =~ s/([^\x20-\x7E])/sprintf '<%X>', ord $1/egr }

1;
