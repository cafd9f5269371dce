#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The decision table: every combination of settings, matches, guards and items through the core's
# facade, each plan compared with an independent model.
#
#   DECISIONS_SEED=N       the seed of what is chosen at random, printed at each run
#   DECISIONS_SHARE=0.1    a tenth of the combinations of the larger sets
#   DECISIONS_SHOWN=20     how many kinds of difference are shown
#   DECISIONS_FIRST=1      the first difference ends it

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use DecisionCases qw(sets);
use DecisionCheck qw(differences described);

my $MOST_SHOWN = $ENV{DECISIONS_SHOWN} || 3;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $seed  = $ENV{DECISIONS_SEED}  || time;
my $share = $ENV{DECISIONS_SHARE} || 1;
note "DECISIONS_SEED=$seed";
srand $seed;

for my $set (sets()) {
    my ($name, $generate, $whole) = @{$set};
    my ($met, $looked_at) = (0, 0);
    my (%failed, @shown);
    $generate->(
        sub ($case) {
            return if !$whole && !is_of_share(++$met);
            $looked_at++;
            my $differences = eval { differences($case) } // { died => { core => "$@", model => '' } };
            return if !%{$differences};
            my $kind = join ', ', sort keys %{$differences};
            BAIL_OUT("differences in $kind: $case->{name}") if $ENV{DECISIONS_FIRST};
            push @shown, described($case, $differences) if !$failed{$kind}++ && @shown < $MOST_SHOWN;
        }
    );
    ok $looked_at > 0 && !%failed, "$name: $looked_at combinations";
    diag "DECISIONS_SEED=$seed: differences in ", join '; ', map {"$_ ($failed{$_})"} sort keys %failed if %failed;
    diag $_ for @shown;
}

subtest 'the notation of fields' => sub {
    my $core = 'Koha::Plugin::ConnexionGateway::Core';
    for my $pattern (DecisionCases::Fields::patterns()) {
        is $core->field_pattern_problem($pattern), undef, "'$pattern' is one";
        ok(DecisionModel::Pattern->parse($pattern), 'for the model too');
    }
    for my $pattern (DecisionCases::Fields::wrong_patterns()) {
        my $problem = $core->field_pattern_problem($pattern) // '';
        like $problem, qr/'\Q$pattern\E' is no pattern/, "'$pattern' is none, and named";
        ok(!DecisionModel::Pattern->parse($pattern), 'for the model neither');
    }
};

done_testing;

# Evenly, but in no step that the combinations have too.
sub is_of_share ($number) {
    my $place = $number * 0.618_033_988_749_895;
    return $share >= 1 || $place - int $place < $share;
}
