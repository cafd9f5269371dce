#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Counts for tests/bench/matching where exports have ended, by SQL on Koha's tables alone: a process of
# its own that knows nothing of the plugin.
#
#     matching_count.pl MARK DSN USER      the password is in MATCHING_DB_PASSWORD
#
# The base records carry "MARK-bN" in 591, the exports "MARK-eN" in 590. Commands are lines on its
# input, each answered by a line of JSON:
#
#     before            which biblio is which base record; what all biblios hold
#     wait SECONDS      until Koha's queue for the search engine is done
#     export N TARGET   where export N has ended; TARGET is a base record's number, "new" or "@M"
#     after             what else has become of the catalogue

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DBI;
use JSON::PP ();
use Time::HiRes qw(sleep time);

my ($mark, $dsn, $user) = @ARGV;
die "MARK DSN USER\n" if !defined $user;
my $dbh = DBI->connect($dsn, $user, $ENV{MATCHING_DB_PASSWORD} // '',
    { RaiseError => 1, PrintError => 0, AutoCommit => 1, mysql_enable_utf8mb4 => 1 });
# Each look is at what is committed by then.
$dbh->do('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');

my (%held_before, %biblio_of_base, %ended_in, %biblio_of_export, $since);
my %COMMANDS = (before => \&before, wait => \&wait_for_index, export => \&export, after => \&after);
local $| = 1;
while (my $line = readline STDIN) {
    my ($command, @arguments) = split ' ', $line;
    my $answer = eval { $COMMANDS{$command}->(@arguments) } // { error => "$@" };
    print JSON::PP->new->canonical->encode($answer), "\n";
}

sub contents () {
    return map { @{$_} } @{ $dbh->selectall_arrayref(
        'SELECT b.biblionumber, MD5(m.metadata) FROM biblio b LEFT JOIN biblio_metadata m USING (biblionumber)') };
}

sub before () {
    %held_before = contents();
    for my $row (@{ marked('b', 0) }) {
        my ($base, $number) = @{$row};
        die "base record $base stands in biblio $biblio_of_base{$base} and in $number\n" if $biblio_of_base{$base};
        $biblio_of_base{$base} = $number;
    }
    ($since) = $dbh->selectrow_array('SELECT NOW()');
    return { biblios => scalar keys %held_before, base => scalar keys %biblio_of_base };
}

# [N, biblionumber] of the records that carry marks; those saved since a time alone, if given.
sub marked ($letter, $n, $time = undef) {
    my $pattern = $n ? sprintf '%%>%s-%s%d<%%', $mark, $letter, $n : "%>$mark-$letter%";
    my $rows = $dbh->selectall_arrayref('SELECT biblionumber, metadata FROM biblio_metadata WHERE metadata LIKE ?'
            . (defined $time ? ' AND `timestamp` >= ?' : ''), undef, $pattern, $time // ());
    my @found;
    for my $row (@{$rows}) {
        my ($number, $xml) = @{$row};
        push @found, [ $1, $number ] while $xml =~ />\Q$mark\E-$letter([0-9]+)</g;
    }
    return $n ? [ grep { $_->[0] == $n } @found ] : \@found;
}

sub wait_for_index ($seconds) {
    my $until = time + $seconds;
    while (1) {
        my ($waiting) = $dbh->selectrow_array('SELECT COUNT(*) FROM zebraqueue WHERE done = 0');
        return { waiting => $waiting } if !$waiting || time > $until;
        sleep 0.2;
    }
    return;
}

sub export ($n, $target) {
    my ($time) = $dbh->selectrow_array('SELECT NOW()');
    my @numbers = map { $_->[1] } @{ marked('e', $n, $since) };
    $since = $time;
    my $verdict = verdict($target, @numbers);
    $ended_in{$_} = 1 for @numbers;
    $biblio_of_export{$n} = $numbers[0] if @numbers == 1;
    return { verdict => $verdict, biblios => \@numbers };
}

sub verdict ($target, @numbers) {
    return 'nowhere' if !@numbers;
    my $wanted = $target =~ /\A@(.*)/ ? $biblio_of_export{$1} : $target eq 'new' ? undef : $biblio_of_base{$target};
    my @others = grep { !defined $wanted || $_ != $wanted } @numbers;
    return 'right_overlay' if !@others;
    return 'wrong_overlay' if grep { exists $held_before{$_} || (!defined $wanted && $ended_in{$_}) } @others;
    return 'duplicate'     if defined $wanted || @others > 1;
    return 'right_new';
}

# What no export explains.
sub after () {
    my %now = contents();
    my %explained = map { $_->[1] => 1 } @{ marked('e', 0) };
    my %kept = map { $_->[1] => 1 } @{ marked('b', 0) };
    my @overlaid = grep { exists $held_before{$_} && $ended_in{$_} } keys %now;
    my ($without_item_row) = $dbh->selectrow_array(
        'SELECT COUNT(*) FROM biblio b LEFT JOIN biblioitems i USING (biblionumber) WHERE i.biblionumber IS NULL');
    return {
        biblios => scalar keys %now,
        lost => scalar(grep { !exists $now{$_} } keys %held_before),
        changed_unasked => scalar(grep {
            exists $now{$_} && ($now{$_} // '') ne ($held_before{$_} // '') && !$explained{$_} && !$ended_in{$_}
        } keys %held_before),
        unexplained => scalar(grep { !exists $held_before{$_} && !$explained{$_} } keys %now),
        incomplete => $without_item_row + scalar(grep { !defined $now{$_} } keys %now),
        overlaid => scalar @overlaid,
        local_field_kept => scalar(grep { $kept{$_} } @overlaid),
    };
}
