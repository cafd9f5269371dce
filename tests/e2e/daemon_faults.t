#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What gateways get wrong, each case counted in Koha's own tables.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode qw(decode encode);
use File::Basename qw(dirname);
use List::Util qw(min);
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output);

my $gateway = TestGateway->start;

sub record (%record) {
    return TestGateway->make_record(oclc => TestGateway->unique, %record);
}

sub median (@values) {
    my @sorted = sort { $a <=> $b } @values;
    return $sorted[ $#sorted / 2 ];
}

sub seconds ($code) {
    my $before = time;
    $code->();
    return time - $before;
}

subtest 'a client that sends no NUL is answered as soon as one that does' => sub {
    $gateway->export('demo', record());    # the first export starts an importer
    my (@without, @with);
    for (1 .. 7) {
        my ($one, $other) = (record(), record());
        push @without, seconds(sub { like $gateway->export('demo', $one), qr/\ASuccess\./, 'without NUL' });
        push @with, seconds(sub {
            like $gateway->raw(TestGateway->frame('demo', 'demo', $other) . "\0"), qr/\ASuccess\./, 'with NUL';
        });
    }
    cmp_ok median(@without), '<', 3 * median(@with), 'no waiting for a NUL';
};

subtest 'the same record twice is one biblio' => sub {
    my $title = 'Twice ' . TestGateway->unique;
    my $record = record(title => $title);
    my ($first, $second) = map { $gateway->export('demo', $record) } 1, 2;
    like $first, qr/added to Koha/, 'added';
    is $second, $first, 'the repeat gets the same answer';
    is scalar @{ $gateway->biblios_titled($title) }, 1, 'one biblio';
};

subtest 'an edited record sent at once after is an overlay' => sub {
    my $oclc = TestGateway->unique;
    my $title = "Edited $oclc";
    $gateway->export('demo', record(oclc => $oclc, title => "$title, first"));
    like $gateway->export('demo', record(oclc => $oclc, title => "$title, second")), qr/overlaid by import/,
        'overlaid though no index has it yet';
    my $numbers = $gateway->biblios_titled($title);
    is scalar @{$numbers}, 1, 'one biblio';
    like $gateway->metadata($numbers->[0]), qr/second/, 'with the newer content';
};

subtest 'two clients at a time' => sub {
    my $before = $gateway->biblios;
    my @children = map { fork_client([ map { record() } 1 .. 20 ]) } 1, 2;
    waitpid $_, 0 for @children;
    is $gateway->biblios - $before, 40, '40 records are 40 biblios';
};

subtest 'two clients with the same records' => sub {
    my $before = $gateway->biblios;
    my @records = map { [ record(oclc => $_, title => 'A'), record(oclc => $_, title => 'B') ] }
        map { TestGateway->unique } 1 .. 10;
    my @children = map { my $n = $_; fork_client([ map { $_->[$n] } @records ]) } 0, 1;
    waitpid $_, 0 for @children;
    is $gateway->biblios - $before, 10, '10 records are 10 biblios';
};

sub fork_client ($records) {
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    $gateway->export('demo', $_) for @{$records};
    return POSIX::_exit(0);
}

subtest 'a direct export commits nothing that is staged' => sub {
    my $before = $gateway->biblios;
    $gateway->export('demo-stage', record()) for 1 .. 70;
    $gateway->export('demo', record());
    is $gateway->biblios - $before, 1, 'one new biblio';
    my ($batch) = $gateway->export('demo-stage', record()) =~ /Batch number (\d+)/;
    is $gateway->count('SELECT COUNT(*) FROM import_records WHERE import_batch_id = ? AND status = ?',
        $batch, 'staged'), 71, '71 still staged, in one batch';
    is $gateway->count('SELECT num_records FROM import_batches WHERE import_batch_id = ?', $batch), 71,
        'and counted';
};

subtest 'staging costs the same however full the batch is' => sub {
    $gateway->set_profile({ $gateway->base_profile, name => 'empty', login => 'empty', mode => 'stage' });
    $gateway->export('demo-stage', record()) for 1 .. 180;
    # In turns, and the quickest of twenty: what else the machine does only adds to the time.
    my (@full, @empty);
    for (1 .. 20) {
        for my $batch ([ 'demo-stage', \@full ], [ 'empty', \@empty ]) {
            my ($login, $times) = @{$batch};
            my $record = record();
            push @{$times}, seconds(sub { $gateway->export($login, $record) });
        }
    }
    cmp_ok min(@full), '<', 2 * min(@empty), 'record 200 as quick as the first';
};

subtest 'passwords' => sub {
    my $before = $gateway->biblios;
    my $record = record();
    for my $case (
        [ 'wrong', TestGateway->frame('demo', 'wrong', $record) ],
        [ 'missing', TestGateway->bytes_field('A', 'demo') . $record ],
        [ 'empty', TestGateway->frame('demo', '', $record) ],
        [ 'unknown login', TestGateway->frame('nobody', 'demo', $record) ],
        [ 'no login at all', $record ],
        )
    {
        my $reply = $gateway->raw($case->[1]);
        like $reply, qr/\ANot imported\./, "$case->[0]: refused in words";
        unlike $reply, qr/^Success/m, "$case->[0]: no success";
    }
    is $gateway->biblios, $before, 'nothing imported';
    is $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_exports WHERE error = ?'
            . ' AND record IS NOT NULL', 'wrong_login'), 0, 'no bytes of refused logins are kept';
};

subtest 'connect then reset' => sub {
    $gateway->reset_connection for 1 .. 20;
    like $gateway->export('demo', record()), qr/\ASuccess\./, 'the gateway lives';
};

subtest 'a password that starts with a digit, decimal length' => sub {
    my $bytes = TestGateway->decimal_field('A', 'digits') . TestGateway->decimal_field('P', '72secret') . record();
    like $gateway->raw($bytes), qr/\ASuccess\./, 'imported';
};

subtest 'two records in one request' => sub {
    my $before = $gateway->biblios;
    my $reply = $gateway->export('demo', record(title => 'One of two'), record(title => 'Two of two'));
    is scalar(() = $reply =~ /^Success\./mg), 2, 'both answered';
    is $gateway->biblios - $before, 2, 'both in Koha';
};

subtest 'an authority record' => sub {
    my $before = $gateway->biblios;
    my ($authority) = TestGateway->records_of('authority_lc_n2022029274.mrc');
    my $reply = $gateway->export('demo', $authority);
    like $reply, qr/\ANot imported\./, 'refused by a profile that takes none';
    like $reply, qr/authority/, 'and it says why';
    is $gateway->biblios, $before, 'no biblio without a title';
};

subtest 'a truncated record' => sub {
    my $before = $gateway->biblios;
    my $record = record();
    my $part = substr $record, 0, int 0.6 * length $record;
    my $socket = $gateway->connection;
    $socket->print(TestGateway->frame('demo', 'demo', $part));
    $socket->flush;
    shutdown $socket, 1;
    like $gateway->reply($socket), qr/\ANot imported\./, 'refused';
    substr($part, 0, 5) = sprintf '%05d', length $part;
    like $gateway->export('demo', $part), qr/\ANot imported\./, 'also with its length made to fit';
    is $gateway->biblios, $before, 'nothing imported';
};

subtest 'UTF-8 with a blank leader/09' => sub {
    my $oclc = TestGateway->unique;
    my $record = record(oclc => $oclc, title => encode('UTF-8', "\x{017D}i\x{017E}ek $oclc"),
        leader => 'nam  22     7i 4500');
    my $reply = $gateway->export('demo', $record);
    like $reply, qr/\ASuccess\./, 'imported';
    like $reply, qr/Zizek/, 'the reply is ASCII';
    my ($number) = $reply =~ /record number (\d+)/;
    like $gateway->metadata($number), qr/\x{017D}i\x{017E}ek/, 'and stored as what it is';
};

subtest 'a barcode that is in use' => sub {
    my $barcode = 'B' . TestGateway->unique;
    my ($one, $other) = map { record(items => [ TestGateway->item($barcode) ]) } 1, 2;
    like $gateway->export('demo', $one), qr/^Item \Q$barcode\E: added\.$/m, 'the first item is added';
    my $reply = $gateway->export('demo', $other);
    like $reply, qr/^Item \Q$barcode\E: not added, its barcode is in use/m, 'the second is named';
    is $gateway->count('SELECT COUNT(*) FROM items WHERE barcode = ?', $barcode), 1, 'one item';
    my ($batch) = $reply =~ /Batch number (\d+)/;
    is $gateway->count('SELECT COUNT(*) FROM import_items JOIN import_records USING (import_record_id)'
            . ' WHERE import_batch_id = ? AND import_items.status = ?', $batch, 'error'), 1,
        'and Manage staged records shows the error';
};

subtest 'the reply for a staged record' => sub {
    my $reply = $gateway->export('demo-stage', record());
    like $reply, qr/\ASuccess\.  Batch number \d+ - biblio record staged, matches no record/, 'in words';
    unlike $reply, qr/HASH/, 'no reference';
};

subtest 'replies are plain ASCII under 1,000 bytes' => sub {
    my $reply = $gateway->export('demo', record(title => encode('UTF-8', "\x{4E2D}\x{6587} %s %n " x 200)));
    like $reply, qr/\ASuccess\.[\x20-\x7E\n]+\z/, 'ASCII';
    cmp_ok length $reply, '<', 1000, 'short enough';
    like $reply, qr{\n\nhttps?://\S+/cgi-bin/koha/catalogue/detail\.pl\?biblionumber=\d+\z}, 'ends with the URL';
};

$gateway->stop;
done_testing;
