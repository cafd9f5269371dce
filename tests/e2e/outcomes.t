#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a profile decides, the logins that are let in, and what stays of an export when its importer
# is killed; counted in Koha's own tables.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use IO::Select;
use Test::More;
use Time::HiRes qw(sleep);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;

my $exports = 'koha_plugin_connexiongateway_exports';

sub profile ($name, %settings) {
    $gateway->set_profile({ $gateway->base_profile, name => $name, login => $name, %settings });
    return;
}

sub record (%record) { return TestGateway->make_record(oclc => TestGateway->unique, %record) }

sub items_of ($number) {
    return $gateway->dbh->selectcol_arrayref('SELECT barcode FROM items WHERE biblionumber = ? ORDER BY barcode',
        undef, $number);
}

subtest 'on match and on no match' => sub {
    profile('create', overlay_action => 'create_new');
    profile('leave', overlay_action => 'ignore', item_action => 'ignore');
    profile('known-only', nomatch_action => 'ignore');
    my $oclc = TestGateway->unique;
    my $title = "Decisions $oclc";
    $gateway->export('demo', record(oclc => $oclc, title => "$title one"));
    my ($number) = @{ $gateway->biblios_titled($title) };

    like $gateway->export('leave', record(oclc => $oclc, title => "$title two")),
        qr/\AIgnored\.  It matches biblio record number $number/, 'ignore on match';
    like $gateway->metadata($number), qr/$title one/, 'left as it is';
    like $gateway->export('create', record(oclc => $oclc, title => "$title three")), qr/\ASuccess\..*added/,
        'create_new on match';
    is scalar @{ $gateway->biblios_titled($title) }, 2, 'a second biblio';
    my $before = $gateway->biblios;
    like $gateway->export('known-only', record()), qr/\AIgnored\.  No record matches/, 'ignore on no match';
    is $gateway->biblios, $before, 'none added';

    my $reply = $gateway->export('demo', record(oclc => $oclc, title => "$title four"));
    like $reply, qr/\AHeld for review\./, 'two equal matches are held';
    like $reply, qr/^Matching biblio records: \d+, \d+$/m, 'with their numbers';
    unlike $reply, qr/^Success/m, 'and no success';
    profile('best', several_matches => 'best');
    like $gateway->export('best', record(oclc => $oclc, title => "$title five")), qr/\ASuccess\..*overlaid/,
        'or the newest is overlaid';
};

subtest 'items' => sub {
    profile($_, item_action => $_) for qw(add_only_for_matches add_only_for_new ignore replace);
    my $n = 0;
    my %expected = (
        always_add => [ 1, 1 ], add_only_for_matches => [ 0, 1 ], add_only_for_new => [ 1, 0 ],
        ignore => [ 0, 0 ], replace => [ 0, 1 ],
    );
    for my $action (sort keys %expected) {
        my $login = $action eq 'always_add' ? 'demo' : $action;
        my $oclc = TestGateway->unique;
        my @barcodes = map {"I$oclc-$_"} 1, 2;
        my ($number) = $gateway->export($login,
            record(oclc => $oclc, title => 'a', items => [ TestGateway->item($barcodes[0]) ])) =~ /number (\d+) added/;
        is scalar @{ items_of($number) }, $expected{$action}[0], "$action, new record";
        $gateway->export($login, record(oclc => $oclc, title => 'b', items => [ TestGateway->item($barcodes[1]) ]));
        is scalar @{ items_of($number) }, $expected{$action}[0] + $expected{$action}[1], "$action, matching record";
    }
};

subtest 'authority records, where a profile takes them' => sub {
    profile('authorities', record_types => [qw(biblio authority)], authority_matching_rule => 'AUTHHEAD');
    my ($authority) = TestGateway->records_of('authority_lc_n2022029274.mrc');
    my $before = $gateway->count('SELECT COUNT(*) FROM auth_header');
    my $reply = $gateway->export('authorities', $authority);
    like $reply, qr/\ASuccess\.  Batch number \d+ - authority record number \d+ (?:added|overlaid)/, 'taken';
    like $reply, qr{/cgi-bin/koha/authorities/detail\.pl\?authid=\d+\z}, 'with its address';
    my ($number) = $reply =~ /record number (\d+)/;
    $authority =~ s/(\x1E)(?:19|20)\d\d(\d{10}\.\d)/${1}2026$2/ or die 'no 005';
    like $gateway->export('authorities', $authority), qr/authority record number $number overlaid by import/,
        'an edit of it overlays, diacritics and all';
    cmp_ok $gateway->count('SELECT COUNT(*) FROM auth_header') - $before, '<=', 1, 'one authority';
    ok $gateway->indexed, 'indexed';
    $authority =~ s/(\x1E)2026(\d{10}\.\d)/${1}2027$2/ or die 'no 005';
    like $gateway->export('authorities', $authority), qr/authority record number $number overlaid by import/,
        'and found by the search engine';
    unlike $gateway->log_text, qr/uninitialized/, 'of which Koha had nothing to warn';
};

subtest 'an item of an unknown library' => sub {
    my $barcode = 'L' . TestGateway->unique;
    my $reply = $gateway->export('demo', record(items => [ TestGateway->item($barcode, a => 'NOWHERE') ]));
    like $reply, qr/^Item \Q$barcode\E: not added, its home library NOWHERE is not in Koha\.$/m, 'is named';
    is $gateway->count('SELECT COUNT(*) FROM items WHERE barcode = ?', $barcode), 0, 'and not added';
};

subtest 'written under the name of a patron' => sub {
    my $reply = $gateway->export('demo', record());
    my ($number) = $reply =~ /record number (\d+)/;
    my $patron = $gateway->count('SELECT borrowernumber FROM borrowers WHERE userid = ?', $gateway->{write_as});
    is $gateway->count("SELECT borrowernumber FROM $exports WHERE record_id = ? ORDER BY number DESC LIMIT 1", $number),
        $patron, 'in the journal';
    $gateway->dbh->do("UPDATE systempreferences SET value = '1' WHERE variable = 'CataloguingLog'");
    my ($logged) = $gateway->export('demo', record()) =~ /record number (\d+)/;
    is $gateway->count('SELECT user FROM action_logs WHERE module = ? AND action = ? AND object = ? AND info = ?',
        'CATALOGUING', 'ADD', $logged, 'biblio'), $patron, "in Koha's action log";
};

subtest 'a profile that can not be saved' => sub {
    my %wrong = (
        'a code with a space' => [ { matching_rule => 'OCLC ISBN' }, qr/has a space/ ],
        'no such rule' => [ { matching_rule => 'NOSUCH' }, qr/no matching rule "NOSUCH"/ ],
        'replace without a rule' => [ { matching_rule => '' }, qr/is needed where matching records/ ],
        'a wrong action' => [ { item_action => 'sometimes' }, qr/"sometimes" is no choice.*always_add/s ],
        'no such patron' => [ { write_as => 'noonehere' }, qr/no patron "noonehere"/ ],
        'no such setting' => [ { colour => 'blue' }, qr/colour.*no such setting/ ],
    );
    for my $case (sort keys %wrong) {
        my $saved = eval { profile('wrong', %{ $wrong{$case}[0] }); 1 };
        ok !$saved, $case;
    }
    is $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_profiles WHERE name = ?', 'wrong'), 0,
        'nothing was saved';
    is $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_profiles WHERE password_hash LIKE ?',
        '%demo%'), 0, 'passwords are kept as hashes';
};

subtest 'wrong passwords delay no right one' => sub {
    # The answers to wrong ones are held back longer than a busy machine takes for the right one.
    $gateway->change_settings('wrong_login_delay=20');
    my @wrong = map { my $socket = $gateway->connection;
        $socket->print(TestGateway->frame('demo', "wrong$_", record()));
        $socket->flush;
        $socket } 1 .. 5;
    like $gateway->export('demo', record()), qr/\ASuccess\./, 'the right one is served';
    my @answered = IO::Select->new(@wrong)->can_read(0);
    is scalar @answered, 0, 'answered before any of those that were refused';
    like $gateway->reply($_), qr/\ANot imported\./, 'refused' for @wrong;
};

subtest 'a hundred connections' => sub {
    my @idle = map { $gateway->connection } 1 .. 99;
    like $gateway->export('demo', record()), qr/\ASuccess\./, 'the hundredth is served';
    $_->print('A') for @idle;
    like $gateway->raw(TestGateway->frame('demo', 'demo', record()), socket => $gateway->connection),
        qr/\ASuccess\./, 'beside those that only began';
};

subtest 'a search engine that is not there' => sub {
    plan skip_all => 'no command for the search engine is given' if !TestGateway->has_engine;
    my $record = record();
    my $before = $gateway->biblios;
    for my $state (TestGateway->live ? () : 'error', 'down') {
        $gateway->engine($state);
        my $reply = $gateway->export('demo', $record);
        like $reply, qr/\ANot imported\..*search engine/, "$state: refused, for it may be there already";
    }
    is $gateway->biblios, $before, 'nothing was added';
    $gateway->engine('ok');
    like $gateway->export('demo', $record), qr/\ASuccess\./, 'and taken when the engine is back';
};

# One kill a round: an export that ends two importers is set aside.
for my $round (1 .. 2) {
    subtest "an importer that is killed, $round" => sub {
        my @records = map { record(title => "Killed $_") } 1 .. 8;
        my $before = $gateway->biblios;
        my @sockets = map { my $socket = $gateway->connection;
            $socket->print(TestGateway->frame('demo', 'demo', $_));
            $socket->flush;
            $socket } @records;
        sleep 0.1 * $round;
        my ($importer) = split /\s+/, qx{pgrep -P $gateway->{pid}} // '';
        ok $importer && kill('KILL', $importer), 'killed';
        my @replies = map { $gateway->reply($_) // '' } @sockets;
        is scalar(grep {/\ASuccess\./} @replies), scalar(@records), 'every export was acknowledged'
            or diag explain \@replies;
        is $gateway->biblios - $before, scalar(@records), 'and is in Koha once' or diag explain \@replies;
        is $gateway->count("SELECT COUNT(*) FROM $exports WHERE state = 'importing'"), 0, 'none is stuck';
    };
}

$gateway->stop;
done_testing;
