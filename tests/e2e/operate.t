#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# status, reload, drain and accept, and what the log says of an export.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP ();
use POSIX ();
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;
my $stamp = TestGateway->unique;

sub record (%record) { return TestGateway->make_record(oclc => TestGateway->unique, %record) }

sub status () { return JSON::PP->new->utf8->decode(scalar $gateway->command(qw(status --json))) }

my $reply = $gateway->export('demo', record(title => "Logged $stamp"));
my ($number) = $gateway->dbh->selectrow_array(
    'SELECT MAX(number) FROM koha_plugin_connexiongateway_exports');
like $reply, qr/\ASuccess\./, 'an export';
$gateway->raw($gateway->frame('demo', "wrong $stamp", record()));

subtest 'the log' => sub {
    my @lines = grep {/ export=$number\b/} split /\n/, $gateway->log_text;
    is scalar @lines, 2, 'has two lines of the export, with its number';
    like $lines[0], qr/ info event=received importer=\d+ export=$number peer=127\.0\.0\.1 profile=demo patron=\S+/,
        'what came, from whom';
    like $lines[1], qr/ info event=export .*attempts=1 .*export=$number milliseconds=\d+ outcome=added record_id=\d+/,
        'what became of it';
    like $gateway->log_text, qr/ warning event=login_refused importer=\d+ peer=127\.0\.0\.1 reason=wrong_login$/m,
        'a refused login';
    unlike $gateway->log_text, qr/$stamp.*wrong|wrong $stamp/, 'no password';
};

subtest 'status' => sub {
    my $status = status();
    my ($service) = grep { $_->{port} == $gateway->{port} } @{ $status->{services} };
    is $service->{state}, 'ok', 'the service is known, and answers';
    is $service->{pid}, $gateway->{pid}, 'its process';
    cmp_ok $service->{exports}{added}, '>=', 1, 'what it took';
    cmp_ok $status->{today}{added}, '>=', 1, 'exports of today by outcome';
    my ($text, $exit) = $gateway->command('status');
    is $exit, 0, 'exit status 0';
    like $text, qr/^Service on 127\.0\.0\.1 port $gateway->{port} \(\S+\): it answers$/m, 'in words';
    like $text, qr/^ *$number .* done .* demo .*Logged $stamp/m, 'with the last exports';
};

subtest 'reload while exports run' => sub {
    my $before = $gateway->count('SELECT COUNT(*) FROM biblio');
    my @children = map { exports_in_a_process(10, "Beside $stamp $_") } 1, 2;
    for (1, 2) {
        my ($text, $exit) = $gateway->command('reload');
        like $text, qr/port $gateway->{port} \(\S+\): reloaded$/m, 'reloaded';
        is $exit, 0, 'exit status 0';
    }
    for my $child (@children) {
        my $answers = do { local $/; readline $child };
        is $answers, "Success\n" x 10, 'no export was lost or refused';
    }
    is $gateway->count('SELECT COUNT(*) FROM biblio') - $before, 20, 'each is there once';
};

sub exports_in_a_process ($count, $title) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    return $out if $pid;
    for my $each (1 .. $count) {
        my $answer = eval { $gateway->export('demo', record(title => "$title $each", oclc => undef, isbn => undef)) }
            // "no answer $@";
        print $answer =~ /\A(Success)/ ? "$1\n" : $answer;
    }
    STDOUT->flush;
    return POSIX::_exit(0);
}

subtest 'drain and accept' => sub {
    my ($text) = $gateway->command('drain');
    like $text, qr/port $gateway->{port} \(\S+\): paused$/m, 'drained';
    like $gateway->export('demo', record()), qr/\AThe gateway is paused by the administrator/, 'an export is refused';
    my (undef, $exit) = $gateway->command('status');
    is $exit, 1, 'status tells by its exit status';
    ($text) = $gateway->command('accept');
    like $text, qr/port $gateway->{port} \(\S+\): accepting$/m, 'accepted';
    like $gateway->export('demo', record()), qr/\ASuccess/, 'an export is taken';
};

subtest 'a plugin that is disabled in Koha' => sub {
    my @key = ('Koha::Plugin::ConnexionGateway', '__ENABLED__');
    my $enable = sub ($value) {
        $gateway->dbh->do('REPLACE INTO plugin_data (plugin_class, plugin_key, plugin_value) VALUES (?, ?, ?)', undef, @key, $value);
    };
    my $counts = sub () {
        join ' ', map { $gateway->count("SELECT COUNT(*) FROM $_") } qw(biblio import_batches koha_plugin_connexiongateway_exports);
    };
    my $before = $counts->();
    $enable->(0);
    my $record = record();
    my $refused = qr/\ANot imported[.]  The plugin Connexion Gateway is disabled in Koha[.]/;
    like $gateway->export($_, $record), $refused, "$_: refused in words" for qw(demo demo-stage nobody);
    is $counts->(), $before, 'nothing is imported, and nothing kept';
    like $gateway->log_text, qr/ warning event=plugin_disabled importer=\d+ peer=127[.]0[.]0[.]1$/m, 'the log says so';
    like scalar $gateway->command('status'), qr/^The plugin is disabled in Koha: exports are refused/m, 'status says so';
    my ($found, $exit) = $gateway->command('doctor');
    like $found, qr/^PROBLEM  The plugin is disabled[.]\n +-> Enable it/m, 'and doctor says what to do';
    is $exit, 1, 'with exit status 1';
    ok kill(0, $gateway->{pid}), 'the service stays';
    $enable->(1);
    like $gateway->export('demo', $record), qr/\ASuccess/, 'enabled again it takes the export at once';
};

subtest 'an index of identifiers that can not be brought up to date' => sub {
    my $table = 'koha_plugin_connexiongateway_changed_records';
    my $told = sub () { scalar(() = $gateway->log_text =~ / warning event=index_behind /g) };
    $gateway->command(qw(index --rebuild));
    $gateway->export('demo', record());
    is $told->(), 0, 'where it can nothing is told';
    my $type = 'BIGINT UNSIGNED NOT NULL AUTO_INCREMENT';
    $gateway->dbh->do("ALTER TABLE $table CHANGE number away $type");
    like $gateway->export('demo', record()), qr/\ASuccess/, 'where it can not exports are taken' for 1 .. 3;
    is $told->(), 1, 'and the log tells why, once in a minute';
    like $gateway->log_text, qr/ event=index_behind .*record_type=biblio .*Unknown column 'number'/, 'with the reason';
    like scalar $gateway->command('status'), qr/^Index of identifiers \(biblio\): could not be brought up to date at .*Unknown column/m,
        'status tells it';
    my ($failure) = @{ status()->{index_failures} };
    is $failure->{record_type}, 'biblio', 'for programs too';
    like scalar $gateway->command('doctor'), qr/^warning  The index of identifiers of biblio records could not be brought up to date/m,
        'doctor tells it';
    like scalar $gateway->command(qw(index --status)), qr/^Biblio records: could not be brought up to date/m, 'and index --status';
    $gateway->dbh->do("ALTER TABLE $table CHANGE away number $type");
    $gateway->export('demo', record());
    is_deeply status()->{index_failures}, [], 'once it can again nothing is told any more';
};

subtest 'a service that is gone' => sub {
    kill 'TERM', $gateway->{pid};
    waitpid delete $gateway->{pid}, 0;
    my ($text, $exit) = $gateway->command('status');
    is $exit, 1, 'status: exit status 1';
    like $text, qr/^Service on 127\.0\.0\.1 port $gateway->{port} \(\S+\): no connection/m, 'and why';
    ($text, $exit) = $gateway->command('reload');
    like $text, qr/port $gateway->{port} \(\S+\): it doesn't run/, 'a reload says so';
    ($text) = $gateway->command('reload');
    unlike $text, qr/ port $gateway->{port} /, 'and forgets it';
};

done_testing;
