#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The same bytes again: what is a repeat and gets the first answer, and what is a new export. Counted
# by import records and items, of which every import of these records makes one.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DBI;
use File::Basename qw(dirname);
use IO::Select;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $EXPORTS = 'koha_plugin_connexiongateway_exports';
my $gateway = TestGateway->start;
$gateway->set_profile({ $gateway->base_profile, name => 'other', login => 'other' });
$gateway->set_profile({ $gateway->base_profile, name => 'brief', login => 'brief', retry_window => 60 });

# Without a barcode, which alone would keep an item from coming twice.
sub record ($oclc, %more) {
    return TestGateway->make_record(oclc => $oclc, title => "Repeat $oclc",
        items => [ [ [ a => 'CPL' ], [ b => 'CPL' ], [ y => 'BK' ], [ o => "call $oclc" ] ] ], %more);
}


sub items ($oclc) { return $gateway->count('SELECT COUNT(*) FROM items WHERE itemcallnumber = ?', "call $oclc") }

sub biblios ($oclc) { return scalar @{ $gateway->biblios_titled("Repeat $oclc") } }

# In the catalogue.
sub there ($oclc) { return join ' ', biblios($oclc), items($oclc) }

sub number_of ($reply) { return $reply =~ /record number (\d+)/ ? $1 : die "no number in: $reply" }

sub batch_of ($reply) { return $reply =~ /Batch number (\d+)/ ? $1 : die "no batch in: $reply" }

sub latest () { return $gateway->count("SELECT MAX(number) FROM $EXPORTS") }

# As if everything so far had been that much earlier.
sub earlier ($seconds) {
    $gateway->dbh->do("UPDATE $EXPORTS SET received_at = received_at - INTERVAL ? SECOND", undef, $seconds);
    return;
}

subtest 'a repeat' => sub {
    my $oclc = TestGateway->unique;
    my $first = $gateway->export('demo', record($oclc));
    is there($oclc), '1 1', 'imported';
    my $number = latest();
    for my $time (1 .. 3) {
        is $gateway->export('demo', record($oclc)), $first, "time $time: the same answer";
    }
    is there($oclc), '1 1', 'nothing more';
    is $gateway->count("SELECT COUNT(*) FROM $EXPORTS WHERE repeat_of = ?", $number), 3,
        'and the list of exports says what they are';
};

subtest 'not the same' => sub {
    my $oclc = TestGateway->unique;
    $gateway->export('demo', record($oclc));
    like $gateway->export('other', record($oclc)), qr/overlaid/, 'another login';
    is there($oclc), '1 2', 'imported for both';
    like $gateway->export('demo', record($oclc, isbn => '9780306406157')), qr/overlaid/, 'other bytes';
    is there($oclc), '1 3', 'imported';
};

subtest 'after the time of the profile' => sub {
    my ($oclc, $brief) = (TestGateway->unique, TestGateway->unique);
    $gateway->export('demo', record($oclc));
    $gateway->export('brief', record($brief));
    earlier(9 * 60);
    $gateway->export('demo', record($oclc));
    is there($oclc), '1 1', 'within ten minutes it is a repeat';
    $gateway->export('brief', record($brief));
    is there($brief), '1 2', 'a new export where the profile says one minute';
    earlier(2 * 60);
    like $gateway->export('demo', record($oclc)), qr/overlaid/, 'after ten minutes it is new everywhere';
    is there($oclc), '1 2', 'and imported';
};

subtest 'the first outcome no longer stands' => sub {
    my ($deleted, $undone, $changed) = map { TestGateway->unique } 1 .. 3;
    my %first = map { $_ => $gateway->export('demo', record($_)) } $deleted, $undone, $changed;

    my $number = number_of($first{$deleted});
    $gateway->dbh->do("DELETE FROM $_ WHERE biblionumber = ?", undef, $number)
        for qw(items biblio_metadata biblioitems biblio);
    like $gateway->export('demo', record($deleted)), qr/added to Koha/, 'the record was deleted';
    is there($deleted), '1 1', 'it is there again';

    $gateway->undo_batch(batch_of($first{$undone}));
    is there($undone), '0 0', 'undone';
    like $gateway->export('demo', record($undone)), qr/added to Koha/, 'the import was undone';
    is there($undone), '1 1', 'it is there again';

    $gateway->set_profile({ $gateway->base_profile, name => 'demo', login => 'demo', item_action => 'ignore' });
    like $gateway->export('demo', record($changed)), qr/overlaid/, 'the profile was changed';
    is there($changed), '1 1', 'which decides now';
    $gateway->set_profile({ $gateway->base_profile, name => 'demo', login => 'demo' });
};

subtest 'back to an earlier version' => sub {
    my $oclc = TestGateway->unique;
    my @version = map { record($oclc, title => "Repeat $oclc, $_") } qw(first second);
    $gateway->export('demo', $version[0]);
    $gateway->export('demo', $version[1]);
    $gateway->export('demo', $version[1]);
    like $gateway->metadata($gateway->biblios_titled("Repeat $oclc")->[0]), qr/second/, 'edited';
    like $gateway->export('demo', $version[0]), qr/overlaid/, 'the first version again is a new export';
    like $gateway->metadata($gateway->biblios_titled("Repeat $oclc")->[0]), qr/first/, 'and is what is there';
    is there($oclc), '1 3', 'three were imported';
};

subtest 'staged' => sub {
    my $oclc = TestGateway->unique;
    my $first = $gateway->export('demo-stage', record($oclc));
    is $gateway->export('demo-stage', record($oclc)), $first, 'the same answer';
    is $gateway->count('SELECT COUNT(*) FROM import_records JOIN import_biblios USING (import_record_id)'
            . ' WHERE title LIKE ?', "Repeat $oclc%"), 1, 'staged once';
};

# An export waits here for as long as the test wants: at the record that it overlays.
sub hold_record ($oclc) {
    my $other = DBI->connect($gateway->{dsn}, @{ $gateway->{db_login} }, { RaiseError => 1, PrintError => 0, AutoCommit => 0 });
    my ($biblionumber) = @{ $gateway->biblios_titled("Repeat $oclc") };
    $other->selectall_arrayref("SELECT 1 FROM $_ WHERE biblionumber = ? FOR UPDATE", undef, $biblionumber)
        for qw(biblio_metadata biblio);
    return $other;
}

# Transactions that wait for a row of another one.
sub waiting () { return $gateway->count(q{SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'}) }

sub wait_for ($code) {
    for (1 .. 300) { return 1 if $code->(); sleep 0.1 }
    return 0;
}

# The answer comes over the pipe.
sub export_in_background ($record) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    return $out if $pid;
    print eval { $gateway->export('demo', $record) } // "no answer: $@";
    STDOUT->flush;
    return POSIX::_exit(0);
}

sub answer_of ($out) { local $/ = undef; return scalar <$out> }

subtest 'of one that is running' => sub {
    my $oclc = TestGateway->unique;
    $gateway->export('demo', record($oclc));
    is there($oclc), '1 1', 'a record to overlay';
    my $edited = record($oclc, title => "Repeat $oclc, edited");
    my $batches = $gateway->count('SELECT COUNT(*) FROM import_batches');
    my $before = latest();

    my $held = hold_record($oclc);
    my $first = export_in_background($edited);
    ok wait_for(sub { waiting() == 1 }), 'the first one is in the middle of its import';
    my $second = export_in_background($edited);
    ok wait_for(sub { latest() == $before + 2 && waiting() == 2 }), 'while the second one is kept, and waits';
    is_deeply $gateway->dbh->selectcol_arrayref("SELECT state FROM $EXPORTS WHERE number > ? ORDER BY number", undef, $before),
        [qw(importing importing)], 'both are under way';
    my $answered = IO::Select->new($first, $second);
    is scalar(() = $answered->can_read(0.5)), 0, 'and neither has an answer';
    $held->rollback;

    my @answers = map { answer_of($_) } $first, $second;
    like $answers[0], qr/\ASuccess.*overlaid/s, 'then the first one is imported';
    is $answers[1], $answers[0], 'and the second one has its answer';
    is export_row($before + 2)->{repeat_of}, $before + 1, 'as its repeat';
    is there($oclc), '1 2', 'imported once';
    is $gateway->count('SELECT COUNT(*) FROM import_batches') - $batches, 1, 'into one batch';
    $held->disconnect;
};

subtest 'of many at the same time' => sub {
    my $oclc = TestGateway->unique;
    my @answers = map { answer_of($_) } map { export_in_background(record($oclc)) } 1 .. 6;
    is scalar(grep {/\ASuccess[.].*added to Koha/s} @answers), 6, 'all six get the answer of the one that was first';
    is there($oclc), '1 1', 'which was the only one';
};

subtest 'of one that was kept and then left behind' => sub {
    my ($same, $newer, $alone) = map { TestGateway->unique } 1 .. 3;
    my %left = map { $_ => left_behind(record($_)) } $same, $alone;
    $left{$newer} = left_behind(record($newer, title => "Repeat $newer, first"));
    my $first = $gateway->export('demo', record($same));
    like $first, qr/added to Koha/, 'the client has sent it again';
    $gateway->export('demo', record($newer, title => "Repeat $newer, second"));
    recover($_) for sort values %left;

    is there($same), '1 1', 'the one left behind changes nothing';
    is export_row($left{$same})->{reply}, $first, 'and has the answer of the other';
    is there($alone), '1 1', 'one that was not sent again is imported';
    is export_row($left{$alone})->{state}, 'done', 'and done';
    is there($newer), '1 1', 'one that a newer version has overtaken is not';
    like $gateway->metadata($gateway->biblios_titled("Repeat $newer")->[0]), qr/second/, 'the newer one stays';
    my $row = export_row($left{$newer});
    is $row->{state}, 'refused', 'and the list of exports';
    like $row->{reply}, qr/\ANot imported\.  A later export of this record \(number \d+\)/, 'says so';
};

# What a service that was killed at once after keeping it leaves.
sub left_behind ($record) {
    require Digest::SHA;
    $gateway->dbh->do(
        "INSERT INTO $EXPORTS (received_at, peer, login, profile, profile_revision, borrowernumber, digest, record,"
            . " state, attempts, lease_until) SELECT UTC_TIMESTAMP(3), '127.0.0.1', 'demo', 'demo',"
            . ' (SELECT revision FROM koha_plugin_connexiongateway_profiles WHERE name = ?), borrowernumber, ?, ?,'
            . " 'importing', 1, UTC_TIMESTAMP(3) FROM borrowers WHERE userid = ?",
        undef, 'demo', Digest::SHA::sha256_hex($record), $record, $gateway->{write_as});
    return latest();
}

sub recover ($number) {
    my $program = 'use lib shift; use Koha::Plugin::ConnexionGateway::Importer;'
        . 'Koha::Plugin::ConnexionGateway::Importer->new->answer([shift])';
    return $gateway->run_perl('-e', $program, $gateway->{plugin_dir}, $number);
}

sub export_row ($number) {
    return $gateway->dbh->selectrow_hashref("SELECT * FROM $EXPORTS WHERE number = ?", undef, $number);
}

$gateway->stop;
done_testing;
