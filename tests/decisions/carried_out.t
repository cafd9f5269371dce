#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Plans carried out: cases of the decision table exported to the sandbox's Koha through the plugin's
# own Importer; the plan compared with the model, and every row of every table with the plan.
#
#   DECISIONS_SEED=N       the seed of what is chosen, printed at each run
#   DECISIONS_CARRIED=1000 how many are carried out

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib", "$Bin/../sandbox/lib";

use Sandbox;

my $sandbox;

# Koha's modules must be found before anything loads them; and it is stricter where prove runs it.
BEGIN {
    delete $ENV{_};
    $sandbox = Sandbox->start(generation => $ENV{CONNEXION_GENERATION} || '19.06');
    $sandbox->use_here;
}

use DecisionCases qw(sets);
use DecisionCheck qw(compared of_plan plain);
use DecisionExpected;
use DecisionModel;
use DecisionWorld;

my $MOST_SHOWN = $ENV{DECISIONS_SHOWN} || 3;
my $number = $ENV{DECISIONS_CARRIED} || 300;
my $seed   = $ENV{DECISIONS_SEED} || time;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
note "DECISIONS_SEED=$seed";
srand $seed;

# Of each set, how many in a hundred.
my @SHARES = (
    [ qr/every setting/ => 38 ], [ qr/every item/ => 20 ], [ qr/guards: every one/ => 10 ], [ qr/named/ => 12 ],
    [ qr/local fields/ => 10 ], [ qr/authorities/ => 8 ], [ qr/other types/ => 2 ],
);

my $world = DecisionWorld->new($sandbox);
my @cases = map { $world->settle($_) } chosen();
$world->index_all(@cases);

my (%met, %failed, @shown);
my $snapshot = $world->snapshot;
for my $real (@cases) {
    my @problems = carry_out($real);
    next if !@problems;
    my $kind = join '; ', map {s/:.*//sr} @problems;
    push @shown, join "\n    ", $real->{case}{name}, @problems if !$failed{$kind}++ && @shown < $MOST_SHOWN;
}
ok !%failed, scalar(@cases) . ' plans carried out as they say, and nothing else changed';
diag "DECISIONS_SEED=$seed: ", join '; ', map {"$_ ($failed{$_})"} sort keys %failed if %failed;
diag $_ for @shown;

subtest 'everything was met' => sub {
    my %wanted = (
        mode => [qw(direct stage)], overlay_action => [qw(replace create_new ignore)],
        nomatch_action => [qw(create_new ignore)],
        item_action => [qw(always_add add_only_for_matches add_only_for_new ignore replace)],
        several_matches => [qw(hold best refuse)], no_match_keys => [qw(add hold refuse)],
        item_conflict => [qw(item export)], outcome => [qw(add overlay ignore hold refuse)],
        item => [qw(add replace ignore hold)],
        verdict => [qw(chosen named equal other_number lower_score below_threshold failed_required_check gone)],
        field => [qw(same comes stays goes not_taken)],
        reason => [qw(matched no_match no_match_keys no_matching_rule several_matches named_target named_target_unclear
                named_target_missing named_target_differs guard_briefer_level guard_fewer_fields guard_older guard_edited guard_other_kind
                guard_other_language guard_other_number guard_other_title item_conflict)],
    );
    for my $what (sort keys %wanted) {
        ok $met{$what}{$_}, "$what: $_" for @{ $wanted{$what} };
    }
};

$sandbox->stop;
done_testing;

# ---------------------------------------------------------------- which

# Of each set a fair choice that misses nothing of what is asked for above.
sub chosen () {
    my (@chosen, %have);
    for my $set (sets()) {
        my ($share) = map { $_->[1] } grep { $set->[0] =~ $_->[0] } @SHARES;
        next if !$share;
        my $wanted = int($number * $share / 100) || 1;
        my @of_set = map { { case => $_, tags => [ tags($_) ] } } some_of($set->[1], 5 * $wanted);
        my (@needed, @others);
        for my $one (@of_set) {
            my $rare = grep { ($have{$_} // 0) < 2 } @{ $one->{tags} };
            push @{ $rare ? \@needed : \@others }, $one;
            next if !$rare;
            $have{$_}++ for @{ $one->{tags} };
        }
        push @needed, shift @others while @others && @needed < $wanted;
        push @chosen, map { $_->{case} } @needed;
    }
    return @chosen;
}

sub some_of ($generate, $most) {
    my ($seen, @some) = (0);
    $generate->(
        sub ($case) {
            return if !can_be($case);
            my $place = $seen++ < $most ? $seen - 1 : int rand $seen;
            $some[$place] = $case if $place < $most;
        }
    );
    return @some;
}

# What it would let be met.
sub tags ($case) {
    my $rules = plain($case->{rules});
    my $model = DecisionModel->plan($rules, $case->{record}, { %{ $case->{facts} }, items => plain($case->{facts}{items}) });
    return (
        (map {"$rules->{mode}:$_"} $model->{outcome}, map { $_->{code} } @{ $model->{reasons} }),
        (map {"candidate:$_->{verdict}"} @{ $model->{candidates} }),
        (map {"item:$_->{action}:$_->{reason}{code}"} @{ $model->{items} }),
        (map {"field:$_->{action}"} @{ $model->{fields} }),
        (map { "$_:" . ($rules->{$_} // '') } qw(on_match on_no_match items several_matches no_match_keys item_conflict)),
    );
}

sub can_be ($case) {
    my ($rules, $facts) = @{$case}{qw(rules facts)};
    return 0 if !$rules->{matching_rule} && $rules->{on_match} eq 'replace';
    return 0 if exists $rules->{koha_numbers_tag} || $rules->{item_subfields} && !$rules->{item_subfields}{ccode};
    return 0 if grep { ($_ // '') eq 'NOWHERE' } values %{ $rules->{item_defaults} // {} };
    return $rules->{record_type} eq 'biblio' || !$rules->{target_field};
}

# ---------------------------------------------------------------- one

# What is wrong with it, in words.
sub carry_out ($real) {
    my $profile = $world->save_profile($real->{profile});
    my $items   = { map { $_->{itemnumber} => $_ } @{ $world->rows('SELECT * FROM items') } };
    my $facts   = $world->facts($real);
    my $export = $world->export($real);
    my $after  = $world->snapshot;
    my $changes = DecisionWorld->changes($snapshot, $after);
    $snapshot = $after;
    return "the export failed: $export->{text} ($export->{error})" if $export->{state} eq 'failed' || !$export->{plan};

    $facts->{hits} = DecisionWorld->hits($export->{plan});
    $world->add_others($real, $facts);
    my $rules = $world->rules($real);
    my $model = DecisionModel->plan($rules, $real->{record}, $facts);
    my $differences = compared(of_plan({ rules => $rules }, plain($export->{plan}), $model));
    count($profile, $model);
    return map {"$_: plan $differences->{$_}{core}, model $differences->{$_}{model}"} sort keys %{$differences} if %{$differences};
    my $target = $model->{target};
    return DecisionExpected->problems({
        world => $world, real => $real, rules => $rules, model => $model, export => $export, changes => $changes,
        before => { record => $target ? $facts->{candidates}{$target} : undef, items => $items },
    });
}

sub count ($profile, $model) {
    $met{$_}{ $profile->{$_} }++
        for qw(mode overlay_action nomatch_action item_action several_matches no_match_keys item_conflict);
    $met{outcome}{ $model->{outcome} }++;
    $met{item}{ $_->{action} }++ for @{ $model->{items} };
    $met{verdict}{ $_->{verdict} }++ for @{ $model->{candidates} };
    $met{field}{ $_->{action} }++ for @{ $model->{fields} };
    $met{reason}{ $_->{code} }++ for @{ $model->{reasons} };
    return;
}
