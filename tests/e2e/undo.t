#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Koha's own "undo import" undoes what the gateway did: added, overlaid, with items. And what the gateway does with it
# when one export is undone: all of it or nothing, and only what is still as the export left it.

use strict;
use warnings;

use File::Basename qw(dirname);
use JSON::PP       ();
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

# ---------------------------------------------------------------- one export, by the gateway

my $by = { $gateway->base_profile }->{write_as};
my $exports = 'koha_plugin_connexiongateway_exports';

sub last_export { return $gateway->count("SELECT MAX(number) FROM $exports") }

# "deleted", "restored", or the code of what stands in the way.
sub undo_export {
    my ($number, $userid) = @_;
    $userid //= $by;
    my $file = "$gateway->{dir}/undone";
    $gateway->run_perl('-I', $gateway->{plugin_dir}, '-MKoha::Plugin::ConnexionGateway::Undo', '-e', <<'PERL', $file, $number, $userid);
        my ($file, $number, $userid) = @ARGV;
        my $log = Koha::Plugin::ConnexionGateway::Log->silent;
        my $done = eval { Koha::Plugin::ConnexionGateway::Undo->new(log => $log, in_koha => 1)->undo($number, $userid) };
        my $error = $@;
        open my $out, '>', $file or die $!;
        print {$out} $done ? $done->{deleted} ? 'deleted' : 'restored'
            : Koha::Plugin::ConnexionGateway::Error->code_of($error) || "$error";
PERL
    open my $in, '<', $file or die "$file: $!";
    unlink $file;
    return scalar <$in>;
}

sub became {
    my ($number) = @_;
    return $gateway->dbh->selectrow_hashref("SELECT * FROM $exports WHERE number = ?", undef, $number);
}

sub item_row {
    my ($barcode) = @_;
    return $gateway->dbh->selectrow_hashref('SELECT * FROM items WHERE barcode = ?', undef, $barcode);
}

subtest 'an added record, by the gateway' => sub {
    my $oclc = TestGateway->unique;
    my $number = number_of($gateway->export('demo', TestGateway->make_record(oclc => $oclc, items => [ TestGateway->item("A$oclc") ])));
    my $export = last_export();
    is undo_export($export, 'nobody'), 'undo.permission', 'not by anybody';
    is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber = ?', $number), 1, 'who changed nothing';
    is undo_export($export), 'deleted', 'undone';
    is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber = ?', $number), 0, 'the biblio is gone';
    ok !item_row("A$oclc"), 'the item too';
    is $gateway->count('SELECT userid FROM borrowers WHERE borrowernumber = ?', became($export)->{undone_by}), $by, 'by whom is kept';
    is undo_export($export), 'undo.undone', 'once';
    is undo_export(999_999_999), 'undo.no_export', 'one that there is not';
};

subtest 'overlaid twice: the later one first' => sub {
    my $oclc = TestGateway->unique;
    my ($number) = map { number_of($gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => $_))) } qw(First);
    my $first = last_export();
    $gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => $_)) for qw(Second Third);
    my $third = last_export();
    is undo_export($third - 1), 'undo.later', 'not the second before the third';
    is undo_export($third), 'restored', 'the third';
    like $gateway->metadata($number), qr/Second/, 'the second is back';
    is undo_export($third - 1), 'restored', 'then the second';
    like $gateway->metadata($number), qr/First/, 'the first is back';
    is undo_export($first), 'deleted', 'and at last the first';
};

subtest 'a record that somebody edited' => sub {
    my $oclc = TestGateway->unique;
    my $number = number_of($gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => 'Before')));
    $gateway->dbh->do(q{UPDATE biblio_metadata SET metadata = REPLACE(metadata, 'Before', 'Edited') WHERE biblionumber = ?},
        undef, $number);
    is undo_export(last_export()), 'undo.changed', 'is not touched';
    like $gateway->metadata($number), qr/Edited/, 'it has what was edited';
    is became(last_export())->{undone_at}, undef, 'nothing is noted';
    $gateway->dbh->do('DELETE FROM biblio WHERE biblionumber = ?', undef, $number);
    is undo_export(last_export()), 'undo.gone', 'nor one that is gone';
};

subtest 'a replaced item gets its values back' => sub {
    my $oclc = TestGateway->unique;
    my %old = (o => 'OLD CALL', z => 'A note', x => 'For staff');
    $gateway->export('demo', TestGateway->make_record(oclc => $oclc, title => 'Before', items => [ TestGateway->item("R$oclc", %old) ]));
    my $before = item_row("R$oclc");
    $gateway->export('replace-items', TestGateway->make_record(oclc => $oclc, title => 'After',
        items => [ TestGateway->item("R$oclc", o => 'NEW', c => 'GEN') ]));
    is item_row("R$oclc")->{itemcallnumber}, 'NEW', 'replaced';
    is item_row("R$oclc")->{location}, 'GEN', 'with what it had not';
    my $export = last_export();
    $gateway->dbh->do('UPDATE items SET `timestamp` = NOW() + INTERVAL 5 SECOND WHERE barcode = ?', undef, "R$oclc");
    is undo_export($export), 'undo.items_changed', 'not when it was changed since';
    $gateway->dbh->do('UPDATE items SET `timestamp` = NOW() - INTERVAL 5 SECOND WHERE barcode = ?', undef, "R$oclc");
    is undo_export($export), 'restored', 'undone';
    my $after = item_row("R$oclc");
    delete @{$_}{qw(timestamp)} for $before, $after;
    is_deeply $after, $before, 'every value is the one that it was';
};

subtest 'an item that Koha keeps' => sub {
    my $oclc = TestGateway->unique;
    my $number = number_of($gateway->export('demo', TestGateway->make_record(oclc => $oclc, items => [ TestGateway->item("K$oclc") ])));
    # Another item, of which this export knows nothing: the record can't be deleted.
    $gateway->dbh->do('INSERT INTO items (biblionumber, biblioitemnumber, barcode, homebranch, holdingbranch, itype)'
            . ' SELECT biblionumber, biblioitemnumber, ?, homebranch, holdingbranch, itype FROM items WHERE barcode = ?',
        undef, "O$oclc", "K$oclc");
    is undo_export(last_export()), 'undo.not_done', 'no half of it is undone';
    ok item_row("K$oclc"), 'the item that could be deleted is there';
    is $gateway->count('SELECT import_status FROM import_batches WHERE import_batch_id = ?',
        became(last_export())->{import_batch_id}), 'imported', 'the batch is as it was';
};

subtest 'what has changed nothing' => sub {
    my $oclc = TestGateway->unique;
    my $record = TestGateway->make_record(oclc => $oclc);
    $gateway->export('demo-stage', $record);
    is undo_export(last_export()), 'undo.staged', 'a staged one is undone with its batch';
    $gateway->export('demo', $record) for 1 .. 2;
    is undo_export(last_export()), 'undo.repeat', 'a repeat';
    $gateway->export('ignore', TestGateway->make_record(oclc => $oclc, title => 'Else'));
    is undo_export(last_export()), 'undo.nothing', 'one that left the record as it was';
};

$gateway->stop;
done_testing;
