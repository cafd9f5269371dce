package DecisionModel;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What docs/plan-format.md says, a second time and in other words: an independent model of the
# decision, plain data in and plain data out. It shares no code with the core, and was written from
# the page, not from the core. Where it and the core differ, one of them or the page is wrong.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Guards;
use DecisionModel::Items;
use DecisionModel::Match;
use DecisionModel::Merge;
use DecisionModel::Record qw(record_type);

# \%rules as the core takes them. \%record is {leader, fields}, its fields as Core::Record->fields
# gives them. \%facts:
#   hits       => [[matchpoint, id, source], ...]
#   candidates => {id => \%record}
#   items      => the facts about items
#   edited     => {id => 1}
#   last_005   => {id => text}
#   decided    => {record, target, items => {occurrence => action}}, by a person
sub plan ($class, $rules, $record, $facts) {
    my $type = record_type($record);
    return _refused_type($rules, $record, $type) if $type ne $rules->{record_type};
    my $self = bless { rules => $rules, facts => $facts }, $class;
    $self->{record} = DecisionModel::Items->prepared($rules, $record);
    $self->{match}  = DecisionModel::Match->outcome($rules, $self->{record}, $facts);
    my $decision = $facts->{decided} ? $self->_by_a_person($facts->{decided}) : $self->_record_decision;
    $self->_guard($decision);
    $self->_items($decision);
    $self->_fields($decision);
    $decision->{candidates} = $self->{match}{candidates};
    $decision->{prepared}   = $self->{record};
    return $decision;
}

my %WHY = (
    holdings       => 'holdings_record',
    community      => 'community_record',
    classification => 'classification_record',
    unknown        => 'unknown_record_type',
);

sub _refused_type ($rules, $record, $type) {
    my $why = $WHY{$type};
    my $reason = $why ? { code => $why }
        : { code => 'wrong_record_type', values => { record_type => $type } };
    my $prepared = DecisionModel::Items->prepared($rules, $record);
    return {
        outcome  => 'refuse', reasons => [$reason], target => undef, candidates => [], fields => [],
        prepared => $prepared,
        items    => $rules->{record_type} eq 'biblio'
        ? DecisionModel::Items->all_alike($rules, $prepared, 'ignore', 'record_refused') : [],
    };
}

# ---------------------------------------------------------------- the record

# One row for each way that a match can end.
sub _record_decision ($self) {
    my $match = $self->{match};
    my $rules = $self->{rules};
    my @told  = @{ $match->{told} };
    return _end('hold', @{ $match->{reasons} }) if $match->{kind} eq 'named_problem';
    return $self->_without_match(@told) if $match->{kind} =~ /\A(?:no_rule|no_keys|none)\z/;
    return $self->_several(@told) if $match->{kind} eq 'several';
    return $self->_matched(@told, @{ $match->{reasons} });
}

sub _end ($outcome, @reasons) {
    return { outcome => $outcome, target => undef, reasons => [@reasons] };
}

sub _by_a_person ($self, $wanted) {
    my $decision = _end($wanted->{record}, { code => 'decided' });
    @{$decision}{qw(by_a_person choices)} = (1, $wanted->{items} // {});
    @{$decision}{qw(target matched)} = ($wanted->{target}, 1) if $wanted->{record} ne 'add';
    return $decision;
}

my %NONE = (no_rule => 'no_matching_rule', no_keys => 'no_match_keys', none => 'no_match');

sub _without_match ($self, @told) {
    my ($rules, $kind) = ($self->{rules}, $self->{match}{kind});
    my @reasons = (@told, { code => $NONE{$kind} });
    if ($kind eq 'no_keys') {
        my $wanted = $rules->{no_match_keys} // 'add';
        return _end('refuse', @reasons) if $wanted eq 'refuse';
        return _end('hold', @reasons) if $wanted eq 'hold' && $rules->{mode} eq 'direct';
    }
    return _end($rules->{on_no_match} eq 'create_new' ? 'add' : 'ignore', @reasons);
}

my %OUTCOME = (replace => 'overlay', create_new => 'add', ignore => 'ignore');

sub _matched ($self, @reasons) {
    my $on_match = $self->{rules}{on_match};
    my $decision = _end($OUTCOME{$on_match}, @reasons);
    $decision->{matched} = 1;
    $decision->{target} = $self->{match}{id} if $on_match ne 'create_new';
    return $decision;
}

# Several with the same best score: only where one has to be chosen does it matter which.
sub _several ($self, @told) {
    my ($rules, $match) = @{$self}{qw(rules match)};
    my $several = { code => 'several_matches', values => { ids => $match->{ids} } };
    my $wanted  = $rules->{several_matches} // 'hold';
    my $stage   = $rules->{mode} eq 'stage';
    if ($self->_one_has_to_be_chosen) {
        return _end('refuse', @told, $several) if $wanted eq 'refuse';
        return _end('hold', @told, $several) if $wanted eq 'hold' && !$stage;
    }
    $match->{id} = $match->{ids}[0];
    $_->{verdict} = 'chosen' for grep { $_->{id} == $match->{id} } @{ $match->{candidates} };
    return $self->_matched(@told, { code => 'matched' }, $several);
}

sub _one_has_to_be_chosen ($self) {
    my $rules = $self->{rules};
    return 1 if $rules->{on_match} eq 'replace';
    return 0 if $rules->{on_match} eq 'create_new';
    return 0 if $rules->{items} !~ /\A(?:always_add|add_only_for_matches|replace)\z/;
    return scalar DecisionModel::Items->fields($rules, $self->{record}) ? 1 : 0;
}

# ---------------------------------------------------------------- guards, items, fields

sub _guard ($self, $decision) {
    return if $decision->{outcome} ne 'overlay';
    my $id = $decision->{target};
    $decision->{would_overlay} = 1;
    my @strikes = DecisionModel::Guards->strikes($self->{rules}, $self->{record},
        $self->{facts}{candidates}{$id}, {
            named    => $self->{match}{kind} eq 'named',
            edited   => $self->{facts}{edited}{$id},
            last_005 => $self->{facts}{last_005}{$id},
        });
    push @{ $decision->{reasons} }, @strikes;
    $decision->{outcome} = 'hold' if @strikes && $self->{rules}{mode} eq 'direct' && !$decision->{by_a_person};
    return;
}

sub _items ($self, $decision) {
    my ($rules, $record) = @{$self}{qw(rules record)};
    if ($rules->{record_type} eq 'authority') {
        $decision->{items} = [];
        return;
    }
    my %alike = (hold => [ 'hold', 'record_held' ], refuse => [ 'ignore', 'record_refused' ]);
    if (my $all = $alike{ $decision->{outcome} }) {
        $decision->{items} = DecisionModel::Items->all_alike($rules, $record, @{$all});
        return;
    }
    my $items = $decision->{items} =
        DecisionModel::Items->decided($rules, $record, $decision, $self->{facts}{items} // {});
    my @conflicts = grep { $_->{action} eq 'hold' } @{$items};
    @conflicts = grep { $decision->{choices}{ $_->{occurrence} } } @conflicts
        if ($rules->{item_conflict} // 'item') ne 'export' || $rules->{mode} ne 'direct';
    return if !@conflicts;
    $decision->{outcome} = 'hold';
    push @{ $decision->{reasons} },
        { code => 'item_conflict', values => { occurrences => [ map { $_->{occurrence} } @conflicts ] } };
    for my $item (grep { $_->{action} ne 'hold' } @{$items}) {
        @{$item}{qw(action reason itemnumber defaults)} = ('hold', { code => 'record_held' }, undef, {});
    }
    return;
}

# {fields}: what becomes of each field; {written}: the record that is written, without items.
sub _fields ($self, $decision) {
    my ($rules, $record) = @{$self}{qw(rules record)};
    $decision->{fields} = [];
    if ($decision->{would_overlay}) {
        my $existing = $self->{facts}{candidates}{ $decision->{target} };
        @{$decision}{qw(fields written)} = DecisionModel::Merge->merged($rules, $record, $existing);
        return;
    }
    return if $decision->{outcome} ne 'add';
    $decision->{written} = DecisionModel::Merge->alone($rules, $record);
    return;
}

1;
