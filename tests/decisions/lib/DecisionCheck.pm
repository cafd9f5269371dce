package DecisionCheck;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# One case through the core's facade and through the model, and how the two differ.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);
use JSON::PP ();
use MARC::Field;
use MARC::Record;
use Storable ();

use DecisionModel;
use DecisionModel::Record qw(numbers);
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

our @EXPORT_OK = qw(differences compared of_plan octets described plain);

my $FACTS  = 'Koha::Plugin::ConnexionGateway::Core::Facts';
my $RECORD = 'Koha::Plugin::ConnexionGateway::Core::Record';
my $RULES  = 'Koha::Plugin::ConnexionGateway::Core::Rules';
my $JSON   = JSON::PP->new->canonical->allow_nonref;

# ---------------------------------------------------------------- what goes in

# ISO 2709 as MARC::Record writes it, in UTF-8.
sub octets ($record) {
    my $marc = MARC::Record->new;
    $marc->leader($record->{leader});
    for my $field (@{ $record->{fields} }) {
        my @content = defined $field->{data} ? $field->{data}
            : (@{$field}{qw(ind1 ind2)}, map { @{$_} } @{ $field->{subfields} });
        # Lengths are counted in what perl holds a text in.
        utf8::upgrade($_) for @content;
        $marc->append_fields(MARC::Field->new($field->{tag}, @content));
    }
    my $octets = $marc->as_usmarc;
    utf8::encode($octets);
    return $octets;
}

my (%records, %rules);

sub _key ($data) {
    local $Storable::canonical = 1;
    return Storable::freeze($data);
}

sub _record ($record) {
    my $key = _key($record);
    %records = () if keys %records > 2000;
    return $records{$key} //= $RECORD->read(octets($record))->{record}
        // die "the core does not read the record: " . _line($record) . "\n";
}

sub _rules ($rules) {
    my $key = _key($rules);
    %rules = () if keys %rules > 2000;
    return $rules{$key} //= $RULES->new($rules);
}

sub _facts ($facts) {
    my $core = $FACTS->new;
    $core->hit(@{$_}) for @{ $facts->{hits} // [] };
    $core->candidate($_, _record($facts->{candidates}{$_})) for sort keys %{ $facts->{candidates} // {} };
    $core->items($facts->{items}) if $facts->{items};
    $core->edited($_) for sort keys %{ $facts->{edited} // {} };
    $core->last_imported_005($_, $facts->{last_005}{$_}) for sort keys %{ $facts->{last_005} // {} };
    $core->decided($facts->{decided}) if $facts->{decided};
    return $core;
}

# JSON's booleans as Perl has them.
sub plain ($data) {
    return { map { $_ => plain($data->{$_}) } keys %{$data} } if ref $data eq 'HASH';
    return [ map { plain($_) } @{$data} ] if ref $data eq 'ARRAY';
    return ref $data eq 'SCALAR' ? ${$data} : ref $data ? ($data ? 1 : 0) : $data;
}

# ---------------------------------------------------------------- what comes out

# The members in which the two differ, each with what either says; nothing where they agree.
sub differences ($case) {
    my ($rules, $facts) = (_rules($case->{rules}), _facts($case->{facts}));
    my $record = $rules->prepare(_record($case->{record}));
    my $plan   = plain($rules->plan($record, $facts));
    my $model  = DecisionModel->plan(plain($case->{rules}), $case->{record},
        { %{ $case->{facts} }, items => plain($case->{facts}{items}) });
    my %pairs  = (
        of_plan($case, $plan, $model),
        prepared => [ $record->fields, $model->{prepared}{fields} ],
        _of_writing($rules, $record, $facts, $plan, $model),
    );
    my $differences = compared(%pairs);
    my $misplaced = _misplaced($plan->{fields});
    $differences->{places} = { core => $misplaced, model => '' } if length $misplaced;
    return $differences;
}

# {member => {core, model}} of the pairs that are not the same.
sub compared (%pairs) {
    my %differences;
    for my $member (sort keys %pairs) {
        next if _same(@{ $pairs{$member} });
        my ($core, $expected) = map { $JSON->encode(_comparable($_)) } _what_differs(@{ $pairs{$member} });
        $differences{$member} = { core => $core, model => $expected };
    }
    return \%differences;
}

# Of two lists what stands between the parts that are the same.
sub _what_differs ($one, $other) {
    return ($one, $other) if ref $one ne 'ARRAY' || ref $other ne 'ARRAY';
    my ($left, $right) = ([ @{$one} ], [ @{$other} ]);
    while (@{$left} && @{$right} && _same($left->[0], $right->[0])) { shift @{$_} for $left, $right }
    while (@{$left} && @{$right} && _same($left->[-1], $right->[-1])) { pop @{$_} for $left, $right }
    return ($left, $right);
}

# Numbers and text of the same look are the same.
sub _same ($one, $other) {
    return !defined $one && !defined $other if !defined $one || !defined $other;
    return 0 if ref $one ne ref $other;
    if (ref $one eq 'HASH') {
        return 0 if keys %{$one} != keys %{$other};
        return !grep { !exists $other->{$_} || !_same($one->{$_}, $other->{$_}) } keys %{$one};
    }
    return $one eq $other if ref $one ne 'ARRAY';
    return @{$one} == @{$other} && !grep { !_same($one->[$_], $other->[$_]) } 0 .. $#{$one};
}

sub _comparable ($data) {
    return { map { $_ => _comparable($data->{$_}) } grep { $_ ne 'data' || defined $data->{data} } keys %{$data} }
        if ref $data eq 'HASH';
    return [ map { _comparable($_) } @{$data} ] if ref $data eq 'ARRAY';
    return defined $data ? "$data" : undef;
}

sub of_plan ($case, $plan, $model) {
    my %pairs = map { $_ => [ $plan->{$_}, $model->{$_} ] } qw(outcome target reasons);
    $pairs{candidates} = [ map { [ map { _candidate($_) } @{$_} ] } $plan->{match}{candidates}, $model->{candidates} ];
    $pairs{items} = [ $plan->{items}, $model->{items} ];
    $pairs{fields} = [ map { _in_result($_) } $plan->{fields}, $model->{fields} ];
    $pairs{other_fields} = [ map { _not_in_result($_) } $plan->{fields}, $model->{fields} ];
    my $rule = $case->{rules}{matching_rule};
    $pairs{rule} = [ [ @{ $plan->{match} }{qw(rule threshold)} ], [ $rule ? @{$rule}{qw(code threshold)} : (undef, undef) ] ];
    my @numbers = sort map {"$_->{kind}:$_->{value}"} @{ $plan->{record}{identifiers} };
    $pairs{numbers} = [ \@numbers, [ sort keys %{ numbers($model->{prepared}) } ] ];
    $pairs{overlay_rules} =
        [ $plan->{koha_overlay_rules} ? 1 : 0, plain($case->{rules}{koha_overlay_rules}) ? 1 : 0 ];
    return %pairs;
}

sub _candidate ($candidate) {
    my $gone = $candidate->{verdict} eq 'gone';
    my @found_by = sort map { join ' ', @{$_}{qw(matchpoint source)}, $gone ? () : $_->{counts} ? 1 : 0 }
        @{ $candidate->{found_by} };
    return { id => $candidate->{id}, verdict => $candidate->{verdict}, found_by => \@found_by,
        $gone ? () : (score => $candidate->{score}) };
}

# The order of the result is said; where a field that is not in it stands is said as a place only.
sub _in_result ($fields) { return [ grep { $_->{action} =~ /\A(?:comes|stays|same)\z/ } @{$fields} ] }

sub _not_in_result ($fields) {
    my @rows = sort map { $JSON->encode(_comparable($_)) } grep { $_->{action} !~ /\A(?:comes|stays|same)\z/ } @{$fields};
    return \@rows;
}

# A field that goes or is not taken stands where its tag sorts.
sub _misplaced ($fields) {
    my @result = @{ _in_result($fields) };
    my $passed = 0;
    for my $field (@{$fields}) {
        if ($field->{action} =~ /\A(?:comes|stays|same)\z/) { $passed++; next }
        my ($first) = grep { !$_ || $result[ $_ - 1 ]{tag} lt $field->{tag} } reverse 0 .. @result;
        my ($last)  = grep { !$_ || $result[ $_ - 1 ]{tag} le $field->{tag} } reverse 0 .. @result;
        return "$field->{tag} $field->{action} after $passed fields, not after $first to $last"
            if $passed < $first || $passed > $last;
    }
    return '';
}

sub _of_writing ($rules, $record, $facts, $plan, $model) {
    return if !$model->{written} || !$plan->{outcome};
    my $target  = $model->{would_overlay} ? $model->{target} : undef;
    my $written = $rules->record_to_write($record, $facts, $target);
    my $leader  = sub ($text) { return join '', map { substr $text, $_->[0], $_->[1] } [ 5, 5 ], [ 17, 3 ] };
    return (
        written     => [ $written->fields, $model->{written}{fields} ],
        leader      => [ $leader->($written->leader), $leader->($model->{written}{leader}) ],
    );
}

# A case in which they differ, for people.
sub described ($case, $differences) {
    my $text = "$case->{name}\n";
    $text .= sprintf "  %-12s core  %s\n%-15smodel %s\n", $_, @{ $differences->{$_} }{qw(core)}, '', $differences->{$_}{model}
        for sort keys %{$differences};
    $text .= "  rules  " . $JSON->encode({ %{ plain($case->{rules}) }, item_subfields => undef }) . "\n";
    $text .= "  record " . _line($case->{record}) . "\n";
    my $facts = $case->{facts};
    $text .= "  $_     " . _line($facts->{candidates}{$_}) . "\n" for sort keys %{ $facts->{candidates} // {} };
    $text .= "  facts  " . $JSON->encode(plain({ %{$facts}, candidates => undef })) . "\n";
    return $text;
}

sub _line ($record) {
    return join ' | ', $record->{leader}, map {
        "$_->{tag} " . ($_->{data} // "$_->{ind1}$_->{ind2}" . join '', map {"\$$_->[0] $_->[1]"} @{ $_->{subfields} })
    } @{ $record->{fields} };
}

1;
