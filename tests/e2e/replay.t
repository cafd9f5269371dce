#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# connexion-gateway replay: what was held, refused or given up is imported once its cause is mended.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;
my $exports = 'koha_plugin_connexiongateway_exports';
my $stamp = TestGateway->unique;
my %profile = ($gateway->base_profile, name => 'careful', login => 'careful');

sub record (%record) { return TestGateway->make_record(oclc => TestGateway->unique, %record) }

sub last_number () { return $gateway->count("SELECT MAX(number) FROM $exports") }

subtest 'what a profile held' => sub {
    $gateway->set_profile({ %profile, no_match_keys => 'hold' });
    my $record = record(title => "Held $stamp", oclc => undef);
    like $gateway->export('careful', $record), qr/\A(?!Success)/, 'no success at first';
    my $held = last_number();
    is $gateway->count("SELECT state FROM $exports WHERE number = ?", $held), 'held', 'held';
    my ($text, $status) = $gateway->command('replay', $held);
    is $status, 1, 'held again while the profile is as it was';
    $gateway->set_profile({ %profile, no_match_keys => 'add' });
    ($text, $status) = $gateway->command('replay', $held);
    is $status, 0, 'exit status 0';
    like $text, qr/\A--- $held, now under number (\d+)\nSuccess\./, 'imported by the profile as it is now';
    is scalar @{ $gateway->biblios_titled("Held $stamp") }, 1, 'it is in Koha';
    is $gateway->count("SELECT peer FROM $exports WHERE number = ?", last_number()), "replay of $held", 'told by whom';
    is $gateway->count("SELECT state FROM $exports WHERE number = ?", $held), 'held', 'the first one stays as it was';
};

subtest 'what is imported already' => sub {
    like $gateway->export('careful', record(title => "Twice $stamp")), qr/\ASuccess/, 'imported';
    my $done = last_number();
    my ($text, $status) = $gateway->command('replay', $done);
    is $status, 1, 'is refused';
    is last_number(), $done, 'and nothing was done';
    ($text, $status) = $gateway->command('replay', '--again', $done);
    like $text, qr/\nSuccess\..*overlaid/, 'with --again it is imported again';
    is scalar @{ $gateway->biblios_titled("Twice $stamp") }, 1, 'over the same record';
};

subtest 'what cannot be replayed' => sub {
    $gateway->raw($gateway->frame('careful', 'wrong', record()));
    my $last = last_number();
    for my $number ($last, $last + 1000) {
        my ($text, $status) = $gateway->command('replay', $number);
        is $status, 1, "number $number: exit status 1";
    }
    my (undef, $status) = $gateway->command('replay', 'x');
    is $status, 2, 'no number at all is misuse';
    is last_number(), $last, 'nothing was done';
};

done_testing;
