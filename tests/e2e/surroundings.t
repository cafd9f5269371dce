#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What fails around the gateway: the database, the search engine, the log, clients, and an importer
# that dies of a record. Counted in Koha's tables.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use lib dirname(__FILE__) . '/lib', dirname(__FILE__) . '/../bench/lib';
use Faults::Broken;
use TestGateway;

plan skip_all => "a real Koha's database is not stopped for this" if $ENV{CONNEXION_LIVE};

my $EXPORTS = 'koha_plugin_connexiongateway_exports';
my $plugin_dir = $ENV{CONNEXION_PLUGIN_DIR} // "$TestGateway::ROOT/build/release/plugin";
my $gateway = TestGateway->start(
    plugin_dir => Faults::Broken->copy_of($plugin_dir, 'deadly-record'),
    settings => { import_timeout => 20, answer_within => 50, max_connections_per_address => 600 });

sub record ($title) { return TestGateway->make_record(oclc => TestGateway->unique, title => $title) }

sub titled ($title) { return scalar @{ $gateway->biblios_titled($title) } }

sub latest () {
    return $gateway->dbh->selectrow_hashref("SELECT * FROM $EXPORTS ORDER BY number DESC LIMIT 1");
}

sub state_of ($number) { return $gateway->count("SELECT state FROM $EXPORTS WHERE number = ?", $number) }

sub wait_for ($code, $seconds = 180) {
    my $until = time + $seconds;
    while (time < $until) {
        return 1 if eval { $code->() };
        sleep 0.2;
    }
    return 0;
}

# Says within a minute what it says, or nothing.
sub export ($record) { return eval { $gateway->export('demo', $record) } // '' }

subtest 'a record that kills its importer' => sub {
    my $deadly = record('Deadly one');
    like export($deadly), qr/\A(?:Received under number \d+|Not imported\.  This record stopped the import twice)/,
        'is answered';
    my $number = latest()->{number};
    ok wait_for(sub { state_of($number) eq 'failed' }), 'is set aside';
    my $row = latest();
    is $row->{attempts}, 2, 'after two importers';
    like $row->{reply}, qr/set aside\.\nNothing in Koha was changed\. Please show the number $number/, 'in words';

    like export($deadly), qr/set aside/, 'exported again it is at once';
    is latest()->{attempts}, 1, 'and has killed no more';
    like export(record('After the deadly one')), qr/\ASuccess\./, 'others are imported';
    my $reply = eval { $gateway->export('demo', record('Deadly two'), record('Good two')) } // '';
    ok wait_for(sub { titled('Good two') }), 'also those of the same request';
    is titled('Deadly'), 0, 'of itself nothing is';
};

subtest 'a record that kills its importer, and the listener is started again' => sub {
    my $deadly = record('Deadly three');
    $gateway->dbh->do("INSERT INTO $EXPORTS (received_at, login, profile, profile_revision, borrowernumber, digest,"
            . " record, state, attempts, lease_until) SELECT UTC_TIMESTAMP(3), login, profile, profile_revision,"
            . " borrowernumber, 'x', ?, 'importing', 1, UTC_TIMESTAMP(3) FROM $EXPORTS WHERE state = 'done' LIMIT 1",
        undef, $deadly);
    my $number = latest()->{number};
    kill 'KILL', $gateway->{pid};
    waitpid $gateway->{pid}, 0;
    $gateway->serve;
    ok wait_for(sub { state_of($number) eq 'failed' }), 'the death before the start counts';
    is latest()->{attempts}, 2, 'one more was enough';
};

subtest 'a search engine that hangs' => sub {
    my $record = record('While it hangs');
    $gateway->change_settings('answer_within=3');
    $gateway->{sandbox}->engine('hang');
    my $began = time;
    like export($record), qr/\AReceived under number \d+; the import goes on/, 'the client is answered in time';
    cmp_ok time - $began, '<', 20, 'which is not the time of the import';
    is titled('While it hangs'), 0, 'nothing is there yet';
    $gateway->{sandbox}->engine('ok');
    $gateway->change_settings('answer_within=50');
    ok wait_for(sub { titled('While it hangs') == 1 }), 'it is imported when the engine answers again';
    like export($record), qr/\ASuccess\..*added to Koha/, 'exported again it has its outcome for an answer';
    is titled('While it hangs'), 1, 'and is there once';
};

subtest 'no database' => sub {
    my $record = record('Without a database');
    $gateway->{sandbox}->stop_database;
    delete $gateway->{dbh};
    for my $time (1 .. 2) {
        like export($record), qr/\A(?:Not imported\.  Koha's database does not|The gateway cannot reach Koha).*xport/,
            "time $time: said in words";
    }
    $gateway->{sandbox}->start_database;
    ok wait_for(sub { export($record) =~ /\ASuccess\./ }), 'all is well when it is back';
    is titled('Without a database'), 1, 'the record is there once';
};

subtest 'a database that goes during an export' => sub {
    my $record = record('Interrupted');
    my $holder = $gateway->{sandbox}->dbh;
    $holder->begin_work;
    $holder->selectall_arrayref('SELECT * FROM koha_plugin_connexiongateway_slots FOR UPDATE');
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $reply = export($record);
        POSIX::_exit($reply =~ /\A(?:Success\.|Received under number)/ ? 0 : 1);
    }
    ok wait_for(sub { (latest()->{title} // '') eq '' && latest()->{state} eq 'importing' }), 'it is being imported';
    $gateway->{sandbox}->stop_database;
    delete $gateway->{dbh};
    $holder->{InactiveDestroy} = 1;
    $gateway->{sandbox}->start_database;
    waitpid $pid, 0;
    is $?, 0, 'the client is told that it was received, or that it succeeded';
    ok wait_for(sub { titled('Interrupted') }), 'it is imported in the end';
    like export($record), qr/\ASuccess\./, 'a repeat has its answer';
    is titled('Interrupted'), 1, 'it is there once';
};

sub gone ($octets) {
    my $socket = $gateway->connection;
    syswrite $socket, $octets if length $octets;
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    close $socket;
    return;
}

subtest 'a client that goes' => sub {
    my $record = record('Gone');
    my $octets = TestGateway->frame('demo', 'demo', $record);
    gone(substr $octets, 0, $_) for 0 .. length($octets) - 1;
    like export(record('After those who went')), qr/\ASuccess\./, 'at each of ' . length($octets) . ' bytes';
    is titled('Gone'), 0, 'nothing of it was imported';
    gone($octets) for 1 .. 5;
    like export($record), qr/\ASuccess\./, 'before the reply';
    ok wait_for(sub { !$gateway->count("SELECT COUNT(*) FROM $EXPORTS WHERE state IN ('received', 'importing')") }),
        'all come to an end';
    is titled('Gone'), 1, 'and it is there once';
};

subtest 'the log until here' => sub {
    unlike $gateway->log_text, qr/event=exception/, 'no exception has escaped to the event loop';
};

subtest 'a log that is full' => sub {
    $gateway->command('settings', 'log_file=/dev/full');
    kill 'HUP', $gateway->{pid};
    like export(record("Logged nowhere $_")), qr/\ASuccess\./, "export $_ is imported" for 1 .. 3;
};

subtest 'a storm of connections' => sub {
    gone('') for 1 .. 1000;
    like export(record('After the storm')), qr/\ASuccess\./, 'the gateway lives';
};

$gateway->stop;
done_testing;
