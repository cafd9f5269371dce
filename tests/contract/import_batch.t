# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::ImportBatch;
use MARC::Record;
use Test::More;

sub row {
    my ($table, $key, $id) = @_;
    return dbh()->selectrow_hashref("select * from $table where $key = ?", undef, $id);
}

sub record_row { return row('import_records', 'import_record_id', @_) }

subtest 'AddImportBatch' => sub {
    my $id = batch(
        overlay_action => 'replace',
        nomatch_action => 'ignore',
        item_action    => 'replace',
        comments       => 'c',
        branchcode     => undef,
        matcher_id     => 5
    );
    my $row = row('import_batches', 'import_batch_id', $id);
    is_deeply(
        {
            map { $_ => $row->{$_} }
                qw(overlay_action nomatch_action item_action import_status batch_type record_type)
        },
        {
            overlay_action => 'replace',
            nomatch_action => 'ignore',
            item_action    => 'replace',
            import_status  => 'staged',
            batch_type     => 'batch',
            record_type    => 'biblio'
        },
        'takes all of it'
    );
    is($row->{num_records},               0, 'no records yet');
    is(GetImportBatch($id)->{matcher_id}, 5, 'GetImportBatch gives the row');
};

subtest 'AddBiblioToBatch' => sub {
    my $batch  = batch();
    my $record = biblio(['020', ' ', ' ', a => '0-306-40615-2 (pbk.)']);
    my $id     = AddBiblioToBatch($batch, 7, $record, 'utf8', 0);
    my $row    = record_row($id);
    is($row->{record_sequence}, 7,                  'the sequence');
    is($row->{record_type},     'biblio',           'the type');
    is($row->{status},          'staged',           'it is staged');
    is($row->{overlay_status},  'no_match',         'without a match');
    is($row->{encoding},        'utf8',             'the encoding as given');
    is($row->{marc},            $record->as_usmarc, 'ISO 2709');
    like($row->{marcxml}, qr/<record/, 'and MARCXML');
    is($row->{marcxml_old}, '', 'nothing to go back to');
    my $biblio = row('import_biblios', 'import_record_id', $id);
    is($biblio->{title}, $record->subfield('245', 'a'), 'import_biblios has the title');
    is($biblio->{isbn},  '0306406152',                  'and the ISBN without hyphens');
    is($biblio->{matched_biblionumber}, undef,          'and no number');
};

subtest 'counting' => sub {
    my $batch = batch();
    AddBiblioToBatch($batch, 1, biblio(), 'utf8', 0);
    is(GetImportBatch($batch)->{num_records}, 0, 'a fifth argument of 0: not counted');
    AddBiblioToBatch($batch, 2, biblio(), 'utf8');
    is(GetImportBatch($batch)->{num_records}, 2, 'none: all are counted again');
    AddBiblioToBatch($batch, 3, biblio(), 'utf8', 1);
    is(GetImportBatch($batch)->{num_records}, 3, '1: the same');
};

subtest 'AddItemsToImportBiblio' => sub {
    my $batch  = batch();
    my $record = biblio(item_field(p => 'one'), item_field(p => 'two'));
    my $id     = AddBiblioToBatch($batch, 1, $record, 'utf8', 0);
    my @items  = AddItemsToImportBiblio($batch, $id, $record, 0);
    is(scalar @items,         2,     'gives a number for each item field');
    is($record->field('952'), undef, 'DELETES the item fields from the record it is given');
    is(MARC::Record->new_from_usmarc(record_row($id)->{marc})->field('952'),
        undef, 'and from the one in the batch');
    my $item = row('import_items', 'import_items_id', $items[1]);
    is($item->{status},     'staged', 'the items are staged');
    is($item->{itemnumber}, undef,    'and no items yet');
    is(MARC::Record->new_from_xml($item->{marcxml}, 'UTF-8')->subfield('952', 'p'),
        'two', 'MARCXML of one item field');
    is(GetImportBatch($batch)->{num_items}, 0, 'not counted');
    is_deeply([AddItemsToImportBiblio($batch, $id, biblio(), 0)],
        [], 'without item fields: nothing');
};

subtest 'AddAuthToBatch' => sub {
    my $batch  = batch(record_type => 'auth');
    my $record = authority('100', a => 'Heading, A.', d => '1900-');
    my $id     = AddAuthToBatch($batch, 1, $record, 'utf8', 0);
    is(record_row($id)->{record_type}, 'auth', 'the type');
    is(
        row('import_auths', 'import_record_id', $id)->{authorized_heading},
        'Heading, A. 1900-',
        'the heading'
    );
};

subtest 'matches' => sub {
    my $batch = batch();
    my ($id) = staged($batch, biblio());
    my ($one, $other) = map { scalar stored(biblio()) } 1, 2;
    SetImportRecordMatches(
        $id,
        { record_id => $one,   score => 200 },
        { record_id => $other, score => 1000 }
    );
    my $rows = dbh()->selectall_arrayref(
        'select * from import_record_matches where import_record_id = ? order by candidate_match_id',
        { Slice => {} },
        $id
    );
    is_deeply(
        [map { [@{$_}{qw(candidate_match_id score)}] } @{$rows}],
        [[$one, 200], [$other, 1000]],
        'both are there'
    );
    if (newer()) {
        is_deeply([map { $_->{chosen} } @{$rows}], [1, 0], 'the first is chosen');
    } else {
        ok(!exists $rows->[0]{chosen}, 'nothing says which is chosen');
    }
    is(C4::ImportBatch::GetBestRecordMatch($id), newer() ? $one : $other, 'the best of them');
    SetImportRecordMatches($id, { record_id => 2**31 - 1, score => 5000 });
    is(scalar C4::ImportBatch::GetBestRecordMatch($id),
        undef, 'a record that does not exist is no match');
};

subtest 'setters' => sub {
    my $batch = batch();
    my ($id) = staged($batch, biblio());
    SetImportRecordStatus($id, 'imported');
    SetImportRecordOverlayStatus($id, 'match_applied');
    SetImportBatchStatus($batch, 'imported');
    is(record_row($id)->{status},         'imported',      'status of a record');
    is(record_row($id)->{overlay_status}, 'match_applied', 'its overlay status');
    is(GetImportBatchStatus($batch),      'imported',      'status of a batch');
};

subtest 'a record of more than 99,999 bytes' => sub {
    my $batch  = batch();
    my $record = biblio(map { ['500', ' ', ' ', a => "$_ " . 'x' x 9000] } 1 .. 20);
    my $id     = quietly(sub { AddBiblioToBatch($batch, 1, $record, 'utf8', 0) });
    my $read   = quietly(
        sub {
            eval { MARC::Record->new_from_usmarc(record_row($id)->{marc}) }
        }
    );
    my @notes = $read ? map { $_->subfield('a') // '' } $read->field('500') : ();
    isnt(
        "@notes",
        join(' ', map { $_->subfield('a') } $record->field('500')),
        'is not read back as it was written'
    );
};

subtest 'batches of the web service' => sub {
    my $first = GetWebserviceBatchId(
        { overlay_action => 'use_template', nomatch_action => 'ignore', item_action => 'ignore' });
    later(sub { dbh()->do('delete from import_batches where import_batch_id = ?', undef, $first) });
    is(
        GetWebserviceBatchId(
            {
                overlay_action => 'use_template',
                nomatch_action => 'ignore',
                item_action    => 'ignore'
            }
        ),
        $first,
        "any staged one whose keys agree is joined"
    );
    my $ours = batch(
        overlay_action => 'use_template',
        nomatch_action => 'ignore',
        item_action    => 'ignore'
    );
    isnt(
        GetWebserviceBatchId(
            {
                overlay_action => 'use_template',
                nomatch_action => 'ignore',
                item_action    => 'ignore'
            }
        ),
        $ours,
        'one of type batch is not'
    );
};

subtest 'BatchFindDuplicates' => sub {
    my $batch  = batch();
    my ($id)   = staged($batch, biblio());
    my $number = stored(biblio());
    SetImportRecordMatches($id, { record_id => $number, score => 1 });
    SetImportRecordOverlayStatus($id, 'manual_match');
    is(BatchFindDuplicates($batch, matcher()), 0,     'gives how many have a match');
    is(record_row($id)->{overlay_status}, 'no_match', 'and overwrites what a person had chosen');
    my ($left) =
        dbh()
        ->selectrow_array('select count(*) from import_record_matches where import_record_id = ?',
        undef, $id);
    is($left, 0, 'with all its matches');
};

done_testing;
