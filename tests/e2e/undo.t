#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Koha's own "undo import" undoes what the gateway did: added, overlaid, with items.

use strict;
use warnings;

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;

sub batch_of {
    my ($reply) = @_;
    my ($batch) = $reply =~ /Batch number (\d+)/ or die "no batch in: $reply";
    return $batch;
}

sub number_of {
    my ($reply) = @_;
    my ($number) = $reply =~ /record number (\d+)/ or die "no number in: $reply";
    return $number;
}

subtest 'an added record with items' => sub {
    my $oclc = TestGateway->unique;
    my $reply = $gateway->export('demo', TestGateway->make_record(oclc => $oclc,
        items => [ map { TestGateway->item("U$oclc-$_") } 1, 2 ]));
    my $number = number_of($reply);
    is $gateway->count('SELECT COUNT(*) FROM items WHERE biblionumber = ?', $number), 2, 'two items';
    is $gateway->undo_batch(batch_of($reply)), 0, 'undone';
    is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber = ?', $number), 0, 'the biblio is gone';
    is $gateway->count('SELECT COUNT(*) FROM items WHERE biblionumber = ?', $number), 0, 'the items too';
    my $again = $gateway->export('demo', TestGateway->make_record(oclc => $oclc,
        items => [ map { TestGateway->item("U$oclc-$_") } 1, 2 ]));
    like $again, qr/added to Koha/, 'the same export afterwards is a new one';
};

subtest 'an overlaid record with an added item' => sub {
    my $oclc = TestGateway->unique;
    my $number = number_of($gateway->export('demo', TestGateway->make_record(oclc => $oclc,
        title => 'Before', items => [ TestGateway->item("V$oclc-1") ])));
    my $reply = $gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => 'After',
        items => [ TestGateway->item("V$oclc-2") ]));
    like $reply, qr/biblio record number $number overlaid by import/, 'overlaid';
    like $gateway->metadata($number), qr/After/, 'new content';
    is $gateway->undo_batch(batch_of($reply)), 0, 'undone';
    like $gateway->metadata($number), qr/Before/, 'the content is back';
    is_deeply $gateway->dbh->selectcol_arrayref('SELECT barcode FROM items WHERE biblionumber = ?', undef, $number),
        ["V$oclc-1"], 'the item that was there stays, the added one is gone';
};

subtest 'an overlaid record with a replaced item' => sub {
    my $oclc = TestGateway->unique;
    my $first = $gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => 'Before',
        items => [ TestGateway->item("W$oclc", o => 'OLD') ]));
    my $number = number_of($first);
    my $reply = $gateway->export('replace-items', TestGateway->make_record(oclc => $oclc, title => 'After',
        items => [ TestGateway->item("W$oclc", o => 'NEW') ]));
    like $reply, qr/^Item W$oclc: replaced\.$/m, 'replaced';
    is $gateway->count('SELECT itemcallnumber FROM items WHERE barcode = ?', "W$oclc"), 'NEW', 'new call number';
    is $gateway->undo_batch(batch_of($reply)), 0, 'undone';
    is $gateway->count('SELECT COUNT(*) FROM items WHERE barcode = ?', "W$oclc"), 1,
        'the replaced item is not deleted';
};

$gateway->stop;
done_testing;
