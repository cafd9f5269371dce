# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Biblio;
use C4::ImportBatch;
use C4::Items;
use Test::More;

sub commit {
    my ($batch) = @_;
    my @counts = quietly(
        sub {
            newer()
                ? BatchCommitRecords({ batch_id => $batch, framework => '' })
                : BatchCommitRecords($batch, '');
        }
    );
    my $numbers = dbh()->selectcol_arrayref(
        'select matched_biblionumber from import_biblios join import_records using (import_record_id)
            where import_batch_id = ?', undef, $batch
    );
    biblio_numbers(@{$numbers});
    return \@counts;
}

sub undo {
    my ($batch) = @_;
    return quietly(sub { [BatchRevertRecords($batch)] });
}

sub title {
    my ($number) = @_;
    return
        scalar dbh()
        ->selectrow_array('select title from biblio where biblionumber = ?', undef, $number);
}

sub items_of {
    my ($number) = @_;
    return dbh()
        ->selectall_arrayref('select * from items where biblionumber = ? order by itemnumber',
        { Slice => {} }, $number);
}

sub record_row {
    my ($id) = @_;
    return dbh()->selectrow_hashref(
        'select * from import_records left join import_biblios using (import_record_id)
        where import_record_id = ?', undef, $id
    );
}

sub item_row {
    my ($id) = @_;
    return dbh()
        ->selectrow_hashref('select * from import_items where import_items_id = ?', undef, $id);
}

# A staged record with a match, and its match.
sub matched {
    my ($batch, $record, $target) = @_;
    my ($id, @items) = staged($batch, $record);
    SetImportRecordMatches($id, { record_id => $target, score => 1000 });
    SetImportRecordOverlayStatus($id, 'auto_match');
    return ($id, @items);
}

sub with_item {
    my (@subfields) = @_;
    my $number      = stored(biblio());
    my $record      = MARC::Record->new;
    $record->append_fields(item_field(@subfields));
    my (undef, undef, $item) = AddItemFromMarc($record, $number);
    return ($number, $item);
}

subtest 'no match, create_new' => sub {
    my $batch  = batch(nomatch_action => 'create_new', item_action => 'always_add');
    my $record = biblio(item_field(p => mark('b')));
    my ($id, $item) = staged($batch, $record);
    is_deeply(commit($batch), [1, 0, 1, 0, 0, 0], 'one record and one item are added');
    my $row = record_row($id);
    is($row->{status},         'imported', 'the record is imported');
    is($row->{overlay_status}, 'no_match', 'still without a match');
    ok($row->{matched_biblionumber}, 'its number is kept');
    is(title($row->{matched_biblionumber}), $record->subfield('245', 'a'),
        'it is in the catalogue');
    is(item_row($item)->{status}, 'imported', 'so is the item');
    is(
        item_row($item)->{itemnumber},
        items_of($row->{matched_biblionumber})->[0]{itemnumber},
        'with its number'
    );
    is(GetImportBatchStatus($batch), 'imported', 'the batch is imported');
    is_deeply(commit($batch), [0, 0, 0, 0, 0, 1], 'a second time it is ignored');
    is_deeply(undo($batch), [1, 0, 0, 1, 0], 'undone: record and item are deleted');
    is(title($row->{matched_biblionumber}),     undef,      'it is gone');
    is(record_row($id)->{status},               'reverted', 'the record is reverted');
    is(record_row($id)->{matched_biblionumber}, undef,      'its number is forgotten');
    is(GetImportBatchStatus($batch),            'reverted', 'the batch is reverted');
};

subtest 'no match, ignore' => sub {
    my $batch = batch(nomatch_action => 'ignore', item_action => 'always_add');
    my ($id) = staged($batch, biblio(item_field(p => mark('b'))));
    is_deeply(commit($batch), [0, 0, 0, 0, 0, 1], 'one is ignored');
    is(record_row($id)->{status},               'ignored', 'and says so');
    is(record_row($id)->{matched_biblionumber}, undef,     'there is no record');
};

subtest 'match, replace' => sub {
    my $target = stored(biblio());
    my $before = title($target);
    my $batch  = batch(overlay_action => 'replace', item_action => 'always_add');
    my $record = biblio(item_field(p => mark('b')));
    my ($id, $item) = matched($batch, $record, $target);
    is_deeply(commit($batch), [0, 1, 1, 0, 0, 0], 'one record is updated, one item added');
    is(title($target), $record->subfield('245', 'a'), 'it is overlaid');
    my $row = record_row($id);
    is($row->{overlay_status},       'match_applied', 'the match is applied');
    is($row->{matched_biblionumber}, $target,         'the number is kept');
    like($row->{marcxml_old}, qr/\Q$before/, 'and what it was before');
    is_deeply(undo($batch), [0, 0, 1, 1, 0], 'undone: one reverted, one item deleted');
    is(title($target),                $before, 'it is as it was');
    is(scalar @{ items_of($target) }, 0,       'without the item');
};

subtest 'match, create_new and ignore' => sub {
    my $target = stored(biblio());
    my $create = batch(overlay_action => 'create_new', item_action => 'ignore');
    my ($new)  = matched($create, biblio(), $target);
    is_deeply(commit($create), [1, 0, 0, 0, 0, 0], 'create_new adds one');
    isnt(record_row($new)->{matched_biblionumber}, $target, 'beside the match');
    my $ignore = batch(overlay_action => 'ignore', item_action => 'always_add');
    my ($id) = matched($ignore, biblio(item_field(p => mark('b'))), $target);
    is_deeply(commit($ignore), [0, 0, 1, 0, 0, 1], 'ignore leaves the record and adds the item');
    is(record_row($id)->{status},               'ignored', 'the record is ignored');
    is(record_row($id)->{matched_biblionumber}, $target,   'but knows where its item went');
    is(scalar @{ items_of($target) },           1,         'to the match');
    is_deeply(undo($ignore), [0, 0, 0, 1, 0], 'undone: the item is deleted');
    ok(title($target), 'the record stays');
};

subtest 'a match that is gone' => sub {
    my $target = stored(biblio());
    my $batch  = batch(overlay_action => 'replace', item_action => 'ignore');
    matched($batch, biblio(), $target);
    DelBiblio($target);
    is_deeply(commit($batch), [1, 0, 0, 0, 0, 0], 'the record is added');
};

for my $case (
    ['add_only_for_new',     0, 1],
    ['add_only_for_matches', 1, 0],
    ['ignore',               0, 0],
    ['always_add',           1, 1]
) {
    my ($action, $for_match, $for_new) = @{$case};
    subtest "items: $action" => sub {
        my $target = stored(biblio());
        my $batch  = batch(overlay_action => 'replace', item_action => $action);
        matched($batch, biblio(item_field(p => mark('b'))), $target);
        is(commit($batch)->[2], $for_match, 'with a match');
        my $other = batch(item_action => $action);
        staged($other, biblio(item_field(p => mark('b'))));
        is(commit($other)->[2], $for_new, 'without one');
    };
}

subtest 'a barcode that is there' => sub {
    my $barcode = mark('b');
    with_item(p => $barcode);
    my $batch = batch(item_action => 'always_add');
    my ($id, $item) = staged($batch, biblio(item_field(p => $barcode)));
    is(commit($batch)->[4],             1,                        'one item in error');
    is(item_row($item)->{status},       'error',                  'and says so');
    is(item_row($item)->{import_error}, 'duplicate item barcode', 'and why') if newer();
    is(record_row($id)->{status},       'imported', 'the record is imported all the same');
};

subtest 'items: replace by item number' => sub {
    my ($target, $item) = with_item(p => mark('b'), o => 'before');
    my $batch = batch(overlay_action => 'replace', item_action => 'replace');
    my ($id, $import_item) =
        matched($batch, biblio(item_field(9 => $item, p => mark('b'), o => 'after')), $target);
    is_deeply(commit($batch), [0, 1, 0, 1, 0, 0], 'one item is replaced');
    is(items_of($target)->[0]{itemcallnumber}, 'after', 'it has the new values');
    is(item_row($import_item)->{itemnumber},   $item,   'its number stands in import_items');
    undo($batch);
    is(scalar @{ items_of($target) }, 0, 'and undoing DELETES the item that was there before');
};

subtest 'items: replace by barcode' => sub {
    my $barcode = mark('b');
    my ($target, $item) = with_item(p => $barcode, o => 'before');
    my $batch = batch(overlay_action => 'replace', item_action => 'replace');
    my ($id, $import_item) =
        matched($batch, biblio(item_field(p => $barcode, o => 'after')), $target);
    is_deeply(commit($batch), [0, 1, 0, 1, 0, 0], 'one item is replaced');
    is(item_row($import_item)->{itemnumber}, undef, 'no number stands in import_items');
    undo($batch);
    is(items_of($target)->[0]{itemcallnumber}, 'after', 'and undoing leaves the new values');
};

subtest 'what an import of our own must leave for undo' => sub {
    my $target = stored(biblio());
    my $before = title($target);
    my $old    = GetXmlBiblio($target);
    my $batch  = batch(overlay_action => 'replace', item_action => 'ignore');
    my $record = biblio();
    my ($id)   = staged($batch, $record);
    ModBiblio($record->clone, $target, '');
    SetImportRecordStatus($id, 'imported');
    SetImportRecordOverlayStatus($id, 'match_applied');
    dbh()->do('update import_records set marcxml_old = ? where import_record_id = ?',
        undef, $old, $id);
    dbh()->do('update import_biblios set matched_biblionumber = ? where import_record_id = ?',
        undef, $target, $id);
    SetImportBatchStatus($batch, 'imported');
    is_deeply(undo($batch), [0, 0, 1, 0, 0], 'is enough');
    is(title($target), $before, 'the record is as it was');
};

subtest 'items that are overlaid and leave no number' => sub {
    my ($target, $item) = with_item(p => mark('b'), o => 'before');
    my $batch = batch(overlay_action => 'replace', item_action => 'replace');
    my ($id, $import_item) = staged($batch, biblio(item_field(9 => $item, o => 'after')));
    SetImportRecordStatus($id, 'ignored');
    dbh()->do(
        q{update import_items set status = 'imported', itemnumber = null where import_items_id = ?},
        undef, $import_item
    );
    is_deeply(undo($batch), [0, 0, 0, 0, 0], 'undoing deletes none');
    is(scalar @{ items_of($target) }, 1, 'the item is there');
};

subtest 'batches that do not replace' => sub {
    my $target = stored(biblio());
    my $batch  = batch(overlay_action => 'create_new', item_action => 'ignore');
    my ($id)   = staged($batch, biblio());
    SetImportRecordStatus($id, 'imported');
    SetImportRecordOverlayStatus($id, 'match_applied');
    dbh()->do('update import_biblios set matched_biblionumber = ? where import_record_id = ?',
        undef, $target, $id);
    is_deeply(
        undo($batch),
        [1, 0, 0, 0, 0],
        'undo deletes the record, whatever its overlay status says'
    );
    is(title($target), undef, 'it is gone');
};

done_testing;
