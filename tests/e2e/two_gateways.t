#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Clients that export the same at the same time, to two gateways over one database: what excludes are
# rows, so it makes no difference where an export arrives.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use POSIX ();
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

# However slow the machine is, each reply is the outcome.
my $gateway = TestGateway->start(settings => { answer_within => 100, max_importers => 3 });
my @gateways = ($gateway, $gateway->another);

# Each client exports its records one after the other; every second one to the other gateway.
sub at_once (@lists) {
    my @pids;
    for my $client (0 .. $#lists) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            my $bad = grep { $_ !~ /\ASuccess\./ }
                map { eval { $gateways[ $client % 2 ]->raw(TestGateway->frame('demo', 'demo', $_), timeout => 110) } // '' } @{ $lists[$client] };
            POSIX::_exit($bad ? 1 : 0);
        }
        push @pids, $pid;
    }
    my $good = 0;
    for my $pid (@pids) { waitpid $pid, 0; $good++ if !$? }
    return $good;
}

sub item ($call_number) { return [ [ a => 'CPL' ], [ b => 'CPL' ], [ y => 'BK' ], [ o => $call_number ] ] }

my @numbers = map { TestGateway->unique } 1 .. 8;

subtest 'versions of the same records' => sub {
    my @lists = map {
        my $client = $_;
        [ map { TestGateway->make_record(oclc => $_, title => "Raced $_", items => [ item("raced $_ $client") ]) } @numbers ]
    } 1 .. 6;
    is at_once(@lists), 6, 'all six clients succeed';
    is scalar @{ $gateway->biblios_titled('Raced ') }, 8, '8 records are 8 biblios';
    is $gateway->count(q{SELECT COUNT(*) FROM items WHERE itemcallnumber LIKE 'raced %'}), 48, 'each was imported once';
};

subtest 'the same octets' => sub {
    my @records = map { TestGateway->make_record(oclc => $_, title => "Same $_", items => [ item("same $_") ]) }
        map { TestGateway->unique } 1 .. 8;
    is at_once(map { [@records] } 1 .. 6), 6, 'all six clients succeed';
    is scalar @{ $gateway->biblios_titled('Same ') }, 8, '8 records are 8 biblios';
    is $gateway->count(q{SELECT COUNT(*) FROM items WHERE itemcallnumber LIKE 'same %'}), 8, 'each was imported once';
};

subtest 'different records' => sub {
    my @lists = map {
        my $client = $_;
        [ map { TestGateway->make_record(oclc => TestGateway->unique, title => "Own $client $_") } 1 .. 5 ]
    } 1 .. 6;
    is at_once(@lists), 6, 'all six clients succeed';
    is scalar @{ $gateway->biblios_titled('Own ') }, 30, 'none is lost';
};

$gateways[1]->stop;
$gateway->stop;
done_testing;
