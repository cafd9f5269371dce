package DecisionCases;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The combinations: settings, matches, guards, items, named targets and local fields. A case is
# {name, rules, record, facts} in plain data; the sets below hand each of theirs to a callback.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);

use DecisionCases::Fields;
use DecisionCases::Guards;
use DecisionCases::Items;
use DecisionCases::Matches;
use DecisionCases::Records qw(biblio authority rules pick chance with_fields);
use DecisionModel::Items;

our @EXPORT_OK = qw(sets each_case);

my %SETTINGS = (
    mode            => [qw(direct stage)],
    on_match        => [qw(replace create_new ignore)],
    on_no_match     => [qw(create_new ignore)],
    items           => [qw(always_add add_only_for_matches add_only_for_new ignore replace)],
    several_matches => [qw(hold best refuse)],
    no_match_keys   => [qw(add hold refuse)],
    item_conflict   => [qw(item export)],
);
my @SETTINGS = sort keys %SETTINGS;

my @SETS = (
    [ 'every setting with every match, items in turn'     => \&_settings ],
    [ 'every item with every item action'                 => \&_items ],
    [ 'guards: every one on or off, striking or not'      => \&_guards ],
    [ 'guards: every pair of values'                      => \&DecisionCases::Guards::pairs, 'whole' ],
    [ 'a target that is named'                            => \&_named ],
    [ 'what a person decides'                             => \&_by_a_person ],
    [ 'local fields'                                      => \&_local_fields ],
    [ 'authorities'                                       => \&_authorities ],
    [ 'records of other types'                            => \&_types, 'whole' ],
    [ 'everything at random'                              => \&_random ],
);

sub sets () { return @SETS }

# Every setting of the rules once with every value of the others.
sub _product ($names, $values) {
    my @product = ({});
    for my $name (@{$names}) {
        @product = map { my $one = $_; map { { %{$one}, $name => $_ } } @{ $values->{$name} } } @product;
    }
    return @product;
}

sub _settings ($each) {
    my @items   = DecisionCases::Items::all();
    my @matches = DecisionCases::Matches::all();
    my $turn    = 0;
    for my $settings (_product(\@SETTINGS, \%SETTINGS)) {
        for my $match (@matches) {
            $each->(_case($settings, $match, $items[ $turn++ % @items ]));
        }
        $turn += 5;
    }
    return;
}

sub _items ($each) {
    my @matches = grep { $_->{name} =~ /\A(?:one|none|two equal)\z/ } DecisionCases::Matches::all();
    my %values = (%SETTINGS, several_matches => ['best'], no_match_keys => ['add']);
    for my $settings (_product(\@SETTINGS, \%values)) {
        for my $match (@matches) {
            $each->(_case($settings, $match, $_)) for DecisionCases::Items::all();
        }
    }
    return;
}

sub _guards ($each) {
    my @items = DecisionCases::Items::all();
    my $turn  = 0;
    for my $case (DecisionCases::Guards::masks()) {
        my $settings = { map { $_ => pick(@{ $SETTINGS{$_} }) } @SETTINGS };
        $settings->{on_match} = 'replace' if chance(0.9);
        $each->(_with_items($case, $settings, $items[ $turn++ % @items ]));
    }
    return;
}

sub _named ($each) {
    my @targets = DecisionCases::Matches::named();
    my @matches = DecisionCases::Matches::all();
    my @items   = DecisionCases::Items::all();
    my $turn    = 0;
    for my $settings (_product([qw(mode on_match on_no_match)], \%SETTINGS)) {
        my %whole = (%{$settings}, map { $_ => pick(@{ $SETTINGS{$_} }) }
                grep { !$settings->{$_} } @SETTINGS);
        for my $target (@targets) {
            for my $match (@matches) {
                $each->(_named_case(\%whole, $match, $target, $items[ $turn++ % @items ]));
            }
        }
    }
    return;
}

# Every decision that the candidates allow, with any wish for each item.
sub _by_a_person ($each) {
    my @matches = DecisionCases::Matches::all();
    my @targets = DecisionCases::Matches::named();
    my @items   = DecisionCases::Items::all();
    my $turn    = 0;
    for my $settings (_product([qw(mode on_match items item_conflict)], \%SETTINGS)) {
        for my $match (@matches) {
            my %whole = (map({ $_ => pick(@{ $SETTINGS{$_} }) } @SETTINGS), %{$settings});
            my $items = $items[ $turn++ % @items ];
            my $case = chance(0.2) ? _named_case(\%whole, $match, pick(@targets), $items) : _case(\%whole, $match, $items);
            DecisionCases::Guards::throw_in($case) if chance(0.5);
            $each->(_decided_case($case, $_)) for _possible_decisions($case);
        }
    }
    return;
}

sub _possible_decisions ($case) {
    my @ids = sort keys %{ $case->{facts}{candidates} // {} };
    return ({ record => 'add' }, map { my $id = $_; map { { record => $_, target => 0 + $id } } qw(overlay ignore) } @ids);
}

sub _decided_case ($case, $decision) {
    my @fields = DecisionModel::Items->fields($case->{rules}, DecisionModel::Items->prepared($case->{rules}, $case->{record}));
    my %wishes = map { $_ => pick(qw(add replace ignore)) } grep { chance(0.6) } 1 .. @fields;
    my %facts = (%{ $case->{facts} }, decided => { %{$decision}, chance(0.9) ? (items => \%wishes) : () });
    my $wishes = join ', ', map {"$_ $wishes{$_}"} sort keys %wishes;
    return { %{$case}, facts => \%facts, name => "$case->{name}; decided: $decision->{record} ($wishes)" };
}

sub _local_fields ($each) {
    for my $number (1 .. 3000) {
        my $case = DecisionCases::Fields::random($number);
        $case->{rules}{mode} = pick(qw(direct stage));
        $each->($case);
    }
    return;
}

sub _authorities ($each) {
    for my $settings (_product([qw(mode on_match on_no_match several_matches no_match_keys)], \%SETTINGS)) {
        $each->(_case($settings, $_)) for DecisionCases::Matches::authorities();
    }
    return;
}

# leader/06 is all that says what a record is.
sub _types ($each) {
    for my $type ('a' .. 'z', ' ', '1') {
        for my $rules_type (qw(biblio authority)) {
            my $rules = rules(record_type => $rules_type, mode => pick(qw(direct stage)), items => pick(@{ $SETTINGS{items} }));
            my $record = biblio(type => $type, items => [ [ p => '3001', a => 'CPL' ] ]);
            $each->({ name => "leader/06 '$type', rules for $rules_type", rules => $rules, record => $record, facts => {} });
        }
    }
    return;
}

sub _random ($each) {
    my @items   = DecisionCases::Items::all();
    my @matches = DecisionCases::Matches::all();
    my @targets = DecisionCases::Matches::named();
    for my $number (1 .. 6000) {
        my $settings = { map { $_ => pick(@{ $SETTINGS{$_} }) } @SETTINGS };
        my $case = _named_case($settings, pick(@matches), pick(@targets), pick(@items));
        DecisionCases::Guards::throw_in($case);
        DecisionCases::Items::throw_in($case);
        DecisionCases::Fields::throw_in($case);
        $case->{name} = "random $number: $case->{name}";
        $each->($case);
    }
    return;
}

# ---------------------------------------------------------------- putting together

sub _case ($settings, $match, $items = undef) {
    my $case = {
        name  => $match->{name},
        rules => rules(%{$settings}, %{ $match->{rules} }),
        record => $match->{record}, facts => $match->{facts},
    };
    return $items ? _with_items($case, {}, $items) : $case;
}

sub _with_items ($case, $settings, $items) {
    my $type_of = $case->{rules}{record_type};
    return {
        name  => "$case->{name}; items: $items->{name}",
        rules => { %{ $case->{rules} }, %{$settings}, %{ $items->{rules} // {} } },
        record => $type_of eq 'biblio' ? with_fields($case->{record}, @{ $items->{fields} }) : $case->{record},
        facts => { %{ $case->{facts} }, items => $items->{facts} },
    };
}

sub _named_case ($settings, $match, $target, $items) {
    my $case = _case($settings, $match, $items);
    my %rules = (%{ $case->{rules} }, target_field => $target->{target_field});
    my %facts = %{ $case->{facts} };
    $facts{candidates} = { %{ $facts{candidates} // {} }, %{ $target->{candidates} // {} } };
    my $record = with_fields($case->{record}, @{ $target->{fields} });
    return { name => "$case->{name}; named: $target->{name}", rules => \%rules, record => $record, facts => \%facts };
}

1;
