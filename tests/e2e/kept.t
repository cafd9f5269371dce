#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is kept of an export, for how long, and that no password is.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

plan skip_all => 'the exports of a real Koha are not ours to make older' if TestGateway->live;

my $gateway = TestGateway->start;
my $dbh = $gateway->dbh;
my $exports = 'koha_plugin_connexiongateway_exports';
my $secret = 'Zq' . TestGateway->unique;
$gateway->set_profile({ $gateway->base_profile, name => 'secret', login => 'secret', password => $secret });

sub record (%record) { return TestGateway->make_record(oclc => TestGateway->unique, %record) }

sub frame ($kind, $password, @records) {
    my $field = "${kind}_field";
    return join '', TestGateway->$field('U', 'me'), TestGateway->$field('A', 'secret'),
        TestGateway->$field('P', $password), @records;
}

subtest 'no password is kept' => sub {
    my $record = record();
    my %sent = (
        'lengths in bytes' => frame('bytes', $secret, record()),
        'lengths in digits' => frame('decimal', $secret, record()),
        'several records' => frame('bytes', $secret, record(), record()),
        'with NUL, and the login once more behind it' => frame('bytes', $secret, $record) . "\0" . frame('bytes', $secret),
        'a record that is cut' => frame('bytes', $secret, substr $record, 0, 120),
        'no record at all' => frame('bytes', $secret),
        'bytes between' => frame('bytes', $secret, "\r\n  ", record()),
        'a wrong password' => frame('bytes', "${secret}x", record()),
        'the password as the login' => TestGateway->bytes_field('A', $secret) . TestGateway->bytes_field('P', 'x') . record(),
    );
    for my $what (sort keys %sent) {
        my $socket = $gateway->connection;
        $socket->print($sent{$what});
        shutdown $socket, 1;
        ok defined $gateway->reply($socket), "$what: answered";
    }
    cmp_ok $gateway->count("SELECT COUNT(*) FROM $exports"), '>=', 7, 'exports are kept';
    my @columns = map { $_->[0] } @{ $dbh->selectall_arrayref("SHOW COLUMNS FROM $exports") };
    for my $column (grep { $_ ne 'login' } @columns) {
        is $gateway->count("SELECT COUNT(*) FROM $exports WHERE INSTR($column, ?) > 0", $secret), 0, "not in $column";
    }
    is $gateway->count("SELECT COUNT(*) FROM $exports WHERE INSTR(login, ?) > 0 AND state <> 'refused'", $secret), 0,
        'nor in the login of one that was taken';
    unlike $gateway->log_text, qr/\Q$secret/, 'nor in the log';
    is $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_profiles WHERE INSTR(password_hash, ?) > 0'
            . ' OR INSTR(body, ?) > 0', $secret, $secret), 0, 'nor in the profile';
};

subtest 'cleaned up' => sub {
    $dbh->do("DELETE FROM $exports");
    my $oclc = TestGateway->unique;
    $gateway->export('demo', record(oclc => $oclc, title => "Version $_ $secret")) for 1, 2;
    $gateway->export('demo', record());
    $gateway->raw($gateway->frame('demo', 'wrong', record()));
    my @numbers = @{ $dbh->selectcol_arrayref("SELECT number FROM $exports ORDER BY number") };
    is scalar @numbers, 4, 'four exports';
    $dbh->do("UPDATE $exports SET received_at = received_at - INTERVAL 400 DAY WHERE number <> ?", undef, $numbers[2]);
    $dbh->do("INSERT INTO $exports (received_at, state, login, record) VALUES (NOW() - INTERVAL 400 DAY, 'received', 'x', 'y')");
    my ($text) = $gateway->command(qw(clean-up --dry-run));
    like $text, qr/^Exports older than 365 days: 2 deleted; of 1, /, 'what would be done is told';
    is $gateway->count("SELECT COUNT(*) FROM $exports"), 5, 'and is not done';
    is $gateway->run_perl("-I$gateway->{plugin_dir}", '-MC4::Context', '-MKoha::Plugin::ConnexionGateway', '-e',
        'C4::Context->interface("cron"); Koha::Plugin::ConnexionGateway->new({ enable_plugins => 1 })->cronjob_nightly'),
        0, q{Koha's nightly job};
    my $left = $dbh->selectall_hashref("SELECT * FROM $exports", 'number');
    ok !$left->{ $numbers[0] }, 'the first version is gone';
    ok !$left->{ $numbers[3] }, 'the refused login is gone';
    is $left->{ $numbers[1] }{login}, '', 'the last import of a record has no login any more';
    is $left->{ $numbers[1] }{plan}, undef, 'nor a plan';
    ok length $left->{ $numbers[1] }{record}, 'but the record';
    is $left->{ $numbers[2] }{login}, 'demo', 'what is younger stays';
    is scalar(grep { $_->{state} eq 'received' } values %{$left}), 1, 'and what is not finished';
};

subtest 'an edited record is known after that' => sub {
    $gateway->set_profile({ $gateway->base_profile, name => 'guarded', login => 'guarded', guard_edited => 1 });
    my $oclc = TestGateway->unique;
    like $gateway->export('guarded', record(oclc => $oclc, title => "Edited $secret")), qr/\ASuccess/, 'imported';
    my ($id) = @{ $gateway->biblios_titled("Edited $secret") };
    $dbh->do("UPDATE $exports SET received_at = received_at - INTERVAL 400 DAY");
    $gateway->command('clean-up');
    $dbh->do(q{UPDATE biblio_metadata SET metadata = REPLACE(metadata, 'Edited', 'Edited by hand') WHERE biblionumber = ?},
        undef, $id);
    like $gateway->export('guarded', record(oclc => $oclc, title => "Edited $secret, again")), qr/\A(?!Success).*edited/s,
        'it is not overlaid';
};

done_testing;
