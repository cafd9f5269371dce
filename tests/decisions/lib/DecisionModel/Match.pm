package DecisionModel::Match;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The candidates with their scores and verdicts, and how the match ends:
#   no_rule, no_keys, none, one, several, named, named_problem, decided

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Record qw(record_type fields values_of control numbers oclc_number oclc_fit isbn13 comparable_title trimmed);

sub outcome ($class, $rules, $record, $facts) {
    my $named = _named($rules, $record, $facts);
    my $match = _by_rule($rules, $record, $facts);
    $match->{told} = [];
    return _decided($match, $facts->{decided}{target}) if $facts->{decided};
    return $match if !$named;
    return _take_named($match, $named->{id}) if $named->{id};
    if ($rules->{mode} eq 'stage') {
        $match->{told} = [ $named->{problem} ];
        return $match;
    }
    return { %{$match}, kind => 'named_problem', reasons => [ $named->{problem} ] };
}

# ---------------------------------------------------------------- the target that is named

sub _named ($rules, $record, $facts) {
    my $where = $rules->{target_field} or return;
    my %seen;
    my @values = grep { length && !$seen{$_}++ } map { trimmed($_) } values_of($record, @{$where}{qw(tag subfield)});
    return if !@values;
    my $problem = sub ($code, %values) { return { problem => { code => "named_target_$code", values => \%values } } };
    return $problem->('unclear', value => join ' | ', @values) if @values > 1 || $values[0] !~ /\A[1-9]\d{0,17}\z/;
    my $id = 0 + $values[0];
    my $existing = $facts->{candidates}{$id} or return $problem->('missing', id => $id);
    return $problem->('differs', id => $id) if !_same_work($record, $existing);
    return { id => $id };
}

sub _same_work ($record, $existing) {
    my ($one, $other) = map { { map { s/\Aoclc_merged:/oclc:/r => 1 } keys %{ numbers($_) } } } $record, $existing;
    return 1 if grep { $other->{$_} } keys %{$one};
    my ($title, $its_title) = map { comparable_title($_) } $record, $existing;
    return length $title && $title eq $its_title;
}

sub _take_named ($match, $id) {
    _none_is_chosen($match);
    return {
        kind => 'named', id => $id, told => [], candidates => _first($match, $id, 'named'),
        reasons => [ { code => 'named_target', values => { id => $id } } ],
    };
}

sub _first ($match, $id, $verdict) {
    my ($candidate) = grep { $_->{id} == $id } @{ $match->{candidates} };
    my @others = grep { $_->{id} != $id } @{ $match->{candidates} };
    $candidate //= { id => $id, score => 0, found_by => [] };
    $candidate->{verdict} = $verdict;
    return [ $candidate, @others ];
}

# What a person says leaves nothing to be chosen.
sub _decided ($match, $id) {
    _none_is_chosen($match);
    my $candidates = defined $id ? _first($match, $id, 'decided') : $match->{candidates};
    return { kind => 'decided', candidates => $candidates };
}

sub _none_is_chosen ($match) {
    $_->{verdict} = 'lower_score' for grep { $_->{verdict} =~ /\A(?:chosen|equal)\z/ } @{ $match->{candidates} };
    return;
}

# ---------------------------------------------------------------- the matching rule

sub _by_rule ($rules, $record, $facts) {
    my $rule = $rules->{matching_rule} or return { kind => 'no_rule', candidates => [] };
    my @candidates = map { _candidate($rule, $record, $facts, $_) } _found_ids($facts);
    my @passing = grep { $_->{verdict} eq 'passes' } @candidates;
    my ($best) = sort { $b <=> $a } map { $_->{score} } @passing;
    for my $candidate (@passing) {
        $candidate->{verdict} = $candidate->{score} == $best ? 'equal' : 'lower_score';
    }
    _set_aside($record, $facts, grep { $_->{verdict} eq 'equal' } @candidates) if record_type($record) eq 'biblio';
    my @best = sort { $b <=> $a } map { $_->{id} } grep { $_->{verdict} eq 'equal' } @candidates;
    if (@best == 1) { $_->{verdict} = 'chosen' for grep { $_->{verdict} eq 'equal' } @candidates }
    my $kind = @best > 1 ? 'several' : @best ? 'one' : _has_keys($rule, $record) ? 'none' : 'no_keys';
    return {
        kind => $kind, id => @best == 1 ? $best[0] : undef, ids => \@best,
        reasons => [ { code => 'matched' } ], candidates => [ _best_first(@candidates) ],
    };
}

# The best by score are judged by their OCLC numbers.
sub _set_aside ($record, $facts, @best) {
    my %fit = map { $_->{id} => oclc_fit($record, $facts->{candidates}{ $_->{id} }) } @best;
    my ($highest) = grep { my $wanted = $_; grep { $_ eq $wanted } values %fit } qw(shared unknown differ);
    $_->{verdict} = 'other_number' for grep { $fit{ $_->{id} } ne $highest } @best;
    return;
}

sub _found_ids ($facts) {
    my %seen;
    return grep { !$seen{$_}++ } map { $_->[1] } @{ $facts->{hits} // [] };
}

sub _best_first (@candidates) {
    my %rank = (chosen => 0, equal => 0, lower_score => 1);
    my @sorted = sort { ($rank{ $a->{verdict} } // 2) <=> ($rank{ $b->{verdict} } // 2)
            || $b->{score} <=> $a->{score} || $b->{id} <=> $a->{id} } @candidates;
    return @sorted;
}

sub _candidate ($rule, $record, $facts, $id) {
    my $existing = $facts->{candidates}{$id};
    my %candidate = (id => $id, score => 0, found_by => []);
    my %counted;
    for my $hit (grep { $_->[1] == $id } @{ $facts->{hits} }) {
        my ($number, undef, $source) = @{$hit};
        my $counts = $existing && _counts($rule->{matchpoints}[$number], $source, $record, $existing) ? 1 : 0;
        push @{ $candidate{found_by} }, { matchpoint => $number, source => $source, counts => $counts };
        $candidate{score} += $rule->{matchpoints}[$number]{score} if $counts && !$counted{$number}++;
    }
    $candidate{verdict} = !$existing ? 'gone' : !%counted ? 'not_verified'
        : $candidate{score} < $rule->{threshold} ? 'below_threshold'
        : _passes_checks($rule, $record, $existing) ? 'passes' : 'failed_required_check';
    return \%candidate;
}

sub _counts ($point, $source, $record, $existing) {
    my $kind = _kind($point);
    return _same_control_number($record, $existing) if $kind eq 'control';
    if ($kind) {
        my %has = %{ numbers($existing) };
        return scalar grep { $has{$_} } grep {/\A$kind:/} keys %{ numbers($record) };
    }
    return 1 if $source eq 'search';
    my %keys = map { $_ => 1 } keys_of($existing, $point->{components});
    return scalar grep { $keys{$_} } keys_of($record, $point->{components});
}

sub _kind ($point) {
    my $index = lc $point->{index} =~ s/,.*//r;
    return $index if $index =~ /\A(?:isbn|issn)\z/;
    return 'lccn' if $index eq 'lc-card-number';
    return $index =~ /control-number\z/ && $point->{components}[0]{tag} =~ /\A(?:001|019|035)\z/ ? 'control' : '';
}

sub _same_control_number ($record, $existing) {
    my %has = map { s/\Aoclc_merged:/oclc:/r => 1 } keys %{ numbers($existing) };
    return 1 if grep { $has{$_} } map { s/\Aoclc_merged:/oclc:/r } grep {/\Aoclc(?:_merged)?:/} keys %{ numbers($record) };
    my %other = map { trimmed($_) => 1 } grep { !defined oclc_number($_) } values_of($existing, '035', 'a');
    return 1 if grep { $other{ trimmed($_) } } values_of($record, '035', 'a');
    my ($one, $two) = map { control($_, '001') } $record, $existing;
    return 0 if !defined $one || !defined $two || $one ne $two || grep {/\Aoclc:/} keys %{ numbers($record) };
    my ($from, $its_from) = map { control($_, '003') } $record, $existing;
    return !defined $from || !defined $its_from || $from eq $its_from;
}

# ---------------------------------------------------------------- keys

# Nothing to match on: no key, or none that is a number where the index is one of numbers.
sub _has_keys ($rule, $record) {
    for my $point (@{ $rule->{matchpoints} }) {
        my @keys = keys_of($record, $point->{components});
        my $kind = _kind($point);
        @keys = grep { defined isbn13($_) } @keys if $kind eq 'isbn';
        @keys = grep {/\d/} @keys if $kind;
        return 1 if @keys;
    }
    # An OCLC number in 001 alone is searched for where the rule names 035, and the other way round.
    return scalar grep { _kind($_) eq 'control' } @{ $rule->{matchpoints} }
        if grep {/\Aoclc:/} keys %{ numbers($record) };
    return 0;
}

# As C4::Matcher makes them.
sub keys_of ($record, $components) {
    my ($first, @later) = @{$components};
    my @keys = _texts($record, $first);
    for my $component (@later) {
        my @texts = _texts($record, $component);
        for my $i (0 .. $#keys) { $keys[$i] .= " $texts[$i]" if defined $texts[$i] && length $texts[$i] }
    }
    return grep { length && $_ ne '0' } @keys;
}

sub _texts ($record, $component) {
    my @texts = $component->{tag} eq 'LDR' ? $record->{leader}
        : map { _text($_, $component->{subfields} // '') } fields($record, $component->{tag});
    return map { _normalized(_cut($_, $component), @{ $component->{norms} // [] }) } @texts;
}

sub _text ($field, $codes) {
    return $field->{data} if defined $field->{data};
    return join ' ', map { $_->[1] } grep { !length $codes || index($codes, $_->[0]) >= 0 } @{ $field->{subfields} };
}

sub _cut ($text, $component) {
    my ($offset, $length) = map { $_ // 0 } @{$component}{qw(offset length)};
    return '' if $offset > length $text;
    return $length ? substr $text, $offset, $length : substr $text, $offset;
}

my %NORM = (
    remove_spaces  => sub ($text) { return $text =~ s/\s+//gr },
    upper_case     => sub ($text) { return uc $text },
    lower_case     => sub ($text) { return lc $text },
    legacy_default => sub ($text) { return trimmed(uc($text) =~ s{[.;:,\]\[()/'"]}{}gr =~ s/\s+/ /gr) },
    ISBN           => sub ($text) { return isbn13($text) // $text },
);

sub _normalized ($text, @norms) {
    for my $norm (map { $NORM{$_} // () } @norms) { $text = $norm->($text) }
    return $text;
}

sub _passes_checks ($rule, $record, $existing) {
    for my $check (@{ $rule->{required_checks} // [] }) {
        my ($one, $other) = (join('', keys_of($record, $check->{source}{components})),
            join('', keys_of($existing, $check->{target}{components})));
        return 0 if $one ne $other;
    }
    return 1;
}

1;
