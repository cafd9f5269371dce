#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The short run of tests/bench/faults: kills under load, and the count of what was lost or came twice.
# A gateway that is broken on purpose shows that the count finds it, one that is not shows why.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP ();
use Test::More;

my $FAULTS = dirname(__FILE__) . '/../bench/faults';

sub faults (@options) {
    open my $pipe, '-|', $^X, $FAULTS, @options, '--json' or die "$FAULTS: $!\n";
    my $output = do { local $/ = undef; <$pipe> };
    close $pipe;
    return (JSON::PP->new->decode($output), $? >> 8);
}

subtest '20 kills, 500 exports' => sub {
    my ($count, $status) = faults('--kills', 20, '--exports', 500);
    is $count->{kills}, 20, 'killed';
    cmp_ok $count->{acknowledged}, '>=', 300, 'exports were acknowledged all the same';
    is $count->{$_}, 0, "$_: none" for qw(lost twice stuck);
    is $status, 0, 'exit status';
};

# Killed between the last statement and the commit, again and again: the same for both, but for the
# moment at which they answer.
subtest 'a gateway that is killed before it commits' => sub {
    my ($count, $status) = faults('--kills', 0, '--exports', 60, '--break', 'killed-before-commit');
    cmp_ok $count->{acknowledged}, '>=', 40, 'exports were acknowledged all the same';
    is $count->{$_}, 0, "$_: none" for qw(lost twice stuck);
    is $status, 0, 'exit status';
};

subtest 'one that replies before it commits' => sub {
    my ($count, $status) = faults('--kills', 0, '--exports', 60, '--break', 'reply-before-commit');
    cmp_ok $count->{lost}, '>', 0, 'loses, and is found out';
    is $status, 1, 'exit status';
};

done_testing;
