package DecisionModel::Guards;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What keeps a good record from being overlaid by a worse one: one row for each guard, in order.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Record qw(fields control leader_at trimmed oclc_numbers words title_parts shown_title);

my @GUARDS = (
    [ briefer_level  => \&_briefer_level ],
    [ fewer_fields   => \&_fewer_fields ],
    [ older          => \&_older ],
    [ edited         => \&_edited ],
    [ other_kind     => \&_other_kind ],
    [ other_language => \&_other_language ],
    [ other_number   => \&_other_number ],
    [ other_title    => \&_other_title ],
);

# \%known: {edited, last_005} of the existing record.
sub strikes ($class, $rules, $incoming, $existing, $known) {
    my $guards = $rules->{guards} // {};
    my @reasons;
    for my $guard (@GUARDS) {
        my ($name, $test) = @{$guard};
        next if !$guards->{$name} || $name =~ /\Aother_(?:number|title)\z/ && $known->{named};
        my $values = $test->($rules, $incoming, $existing, $known) or next;
        push @reasons, { code => "guard_$name", %{$values} ? (values => $values) : () };
    }
    return @reasons;
}

sub _values ($incoming, $existing) { return { incoming => $incoming, existing => $existing } }

# The fuller the lower.
my %RANK = (
    biblio    => { ' ' => 0, I => 0, 1 => 1, L => 1, 2 => 2, 3 => 3, 4 => 4, 5 => 5, 7 => 6, K => 6, M => 6, 8 => 7 },
    authority => { n => 0, o => 1 },
);

sub _briefer_level ($rules, $incoming, $existing, $known) {
    my ($one, $other) = map { leader_at($_, 17) } $incoming, $existing;
    my ($rank, $its_rank) = map { $RANK{ $rules->{record_type} }{$_} } $one, $other;
    return if !defined $rank || !defined $its_rank || $rank <= $its_rank;
    return _values($one, $other);
}

sub _fewer_fields ($rules, $incoming, $existing, $known) {
    my $items = $rules->{item_tag} // '952';
    my ($count, $its_count) = map {
        scalar grep { $_->{tag} =~ /\A\d{3}\z/ && $_->{tag} >= 10 && $_->{tag} <= 899 && $_->{tag} ne $items }
            @{ $_->{fields} }
    } $incoming, $existing;
    return if $count * 100 >= $rules->{guards}{fewer_fields} * $its_count;
    return _values($count, $its_count);
}

sub _older ($rules, $incoming, $existing, $known) {
    my ($time, $its_time) = (control($incoming, '005'), $known->{last_005} // control($existing, '005'));
    my ($digits, $its_digits) = map { ($_ // '') =~ /\A(\d{14})/ ? $1 : return } $time, $its_time;
    return $digits < $its_digits ? _values($time, $its_time) : undef;
}

sub _edited ($rules, $incoming, $existing, $known) { return $known->{edited} ? {} : undef }

# ---------------------------------------------------------------- another kind of material

sub _other_kind ($rules, $incoming, $existing, $known) {
    return _other_heading($incoming, $existing) if $rules->{record_type} eq 'authority';
    my ($kind, $its_kind) = map { substr $_->{leader}, 6, 2 } $incoming, $existing;
    return _values($kind, $its_kind)
        if _differ(qr/[acdefgijkmoprt]/, map { substr $_, 0, 1 } $kind, $its_kind)
        || _differ(qr/[abcdims]/, map { substr $_, 1, 1 } $kind, $its_kind);
    my ($form, $its_form) = map { _form($_) } $incoming, $existing;
    return if !defined $form || !defined $its_form || _form_class($form) eq _form_class($its_form);
    return _values(map { s/\s+\z//r } "$kind $form", "$its_kind $its_form");
}

sub _differ ($known, $one, $other) { return $one =~ $known && $other =~ $known && $one ne $other }

sub _form ($record) {
    my $fixed = control($record, '008') // return;
    my $position = leader_at($record, 6) =~ /[efgkor]/ ? 29 : 23;
    return if length $fixed <= $position;
    my $form = substr $fixed, $position, 1;
    return $form eq '|' ? undef : $form;
}

sub _form_class ($form) { return $form =~ /[ r]/ ? 'print' : $form =~ /[osq]/ ? 'electronic' : $form }

sub _other_heading ($incoming, $existing) {
    my ($tag, $its_tag) = map { my ($heading) = fields($_, '1..'); $heading ? $heading->{tag} : undef }
        $incoming, $existing;
    return if !defined $tag || !defined $its_tag || $tag eq $its_tag;
    return _values($tag, $its_tag);
}

sub _other_language ($rules, $incoming, $existing, $known) {
    my ($language, $its_language) = map {
        my ($first) = DecisionModel::Record::values_of($_, '040', 'b');
        lc trimmed($first // '')
    } $incoming, $existing;
    return if !length $language || !length $its_language || $language eq $its_language;
    return _values($language, $its_language);
}

# ---------------------------------------------------------------- another work

sub _other_number ($rules, $incoming, $existing, $known) {
    return if DecisionModel::Record::oclc_fit($incoming, $existing) ne 'differ';
    return _values(map { (oclc_numbers($_))[0] } $incoming, $existing);
}

my %DESIGNATION = map { $_ => 1 } qw(v vol volume pt part no number bk book bd band t tome teil nr);

sub _other_title ($rules, $incoming, $existing, $known) {
    return if DecisionModel::Record::oclc_fit($incoming, $existing) eq 'shared';
    my ($one, $other) = map { title_parts($_) } $incoming, $existing;
    return if !@{ $one->{title} } || !@{ $other->{title} };
    return if _mostly_alike($one->{title}, $other->{title}) && _part_known($one, $other) && _part_known($other, $one);
    return _values(map { shown_title($_) } $incoming, $existing);
}

sub _mostly_alike (@lists) {
    my ($one, $other) = map {
        my @long = grep { length > 3 } @{$_};
        +{ map { $_ => 1 } @long ? @long : @{$_} }
    } @lists;
    my $shared = grep { $other->{$_} } keys %{$one};
    my ($fewer) = sort { $a <=> $b } scalar(keys %{$one}), scalar(keys %{$other});
    return $shared > $fewer / 2;
}

sub _part_known ($one, $other) {
    my %there = map { $_ => 1 } map { @{ $other->{$_} } } qw(title part);
    return !grep { !$DESIGNATION{$_} && !$there{$_} } @{ $one->{part} };
}

1;
