# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Biblio;
use C4::Items;
use Koha::Items;
use Test::More;

sub item_record {
    my ($field) = @_;
    my $record = MARC::Record->new;
    $record->leader('00000    a              ');
    $record->append_fields($field);
    return $record;
}

sub row {
    my ($itemnumber) = @_;
    return dbh()->selectrow_hashref('select * from items where itemnumber = ?', undef, $itemnumber);
}

subtest 'AddItemFromMarc' => sub {
    my ($number, $biblioitem) = stored(biblio());
    my $barcode = mark('b');
    my $field   = item_field(p => $barcode, o => 'QA 1', N => 'unknown subfield');
    my @given   = AddItemFromMarc(item_record($field), $number);
    is_deeply([@given[0, 1]], [$number, $biblioitem], 'gives the numbers of the record');
    my $row = row($given[2]);
    is($row->{barcode},        $barcode,              'and of the item, which has the barcode');
    is($row->{itemcallnumber}, 'QA 1',                'the call number');
    is($row->{homebranch},     $field->subfield('a'), 'the library');
    is($row->{itype},          $field->subfield('y'), 'the item type');
    like(
        $row->{more_subfields_xml},
        qr/code="N">unknown subfield</,
        'what has no column is kept too'
    );
    like($row->{dateaccessioned}, qr/\A\d{4}-\d\d-\d\d\z/, 'it is accessioned today');
    my $patron = patron();
    my $item = as_patron($patron, sub { (AddItemFromMarc(item_record(item_field()), $number))[2] });
    is(row($item)->{barcode}, undef, 'a barcode is not needed');
};

subtest 'what AddItemFromMarc refuses' => sub {
    my $number  = stored(biblio());
    my $barcode = mark('b');
    AddItemFromMarc(item_record(item_field(p => $barcode)), $number);
    my %wrong = (
        'a barcode that is there'     => item_field(p => $barcode),
        'a library that is not there' => item_field(p => mark('b'), a => 'ZZZ')
    );
    for my $what (sort keys %wrong) {
        my @given = eval {
            quietly(sub { AddItemFromMarc(item_record($wrong{$what}), $number) });
        };
        my $error = $@;
        if (newer()) { isnt($error, '', "$what: an exception") }
        else {
            is($error, '', "$what: no exception");
            is_deeply(\@given, [], 'but nothing is given');
        }
    }
    my ($count) =
        dbh()->selectrow_array('select count(*) from items where biblionumber = ?', undef, $number);
    is($count, 1, 'nothing was written');
    my @given = AddItemFromMarc(item_record(item_field(y => 'ZZNONE')), $number);
    is(row($given[2])->{itype}, 'ZZNONE', 'an item type that is not there is taken');
};

subtest 'ModItemFromMarc' => sub {
    my $number  = stored(biblio());
    my $barcode = mark('b');
    my (undef, undef, $item) =
        AddItemFromMarc(item_record(item_field(p => $barcode, o => 'QA 1', z => 'note')), $number);
    ModItemFromMarc(item_record(item_field(p => $barcode, o => 'QA 2')), $number, $item);
    is(row($item)->{itemcallnumber}, 'QA 2', 'changes what is given');
    is(row($item)->{itemnotes},      undef,  'empties what is not');
    ModItemFromMarc(item_record(item_field(o => 'QA 3')), $number, $item);
    is(row($item)->{barcode}, undef, 'the barcode too');
};

subtest 'an item of another record' => sub {
    my ($one, $other) = map { scalar stored(biblio()) } 1, 2;
    my (undef, undef, $item) = AddItemFromMarc(item_record(item_field(p => mark('b'))), $one);
    ModItemFromMarc(item_record(item_field(o => 'QA 9')), $other, $item);
    is(row($item)->{biblionumber},   $one,   'is changed and stays where it was');
    is(row($item)->{itemcallnumber}, 'QA 9', 'nothing is checked');
};

subtest 'CheckItemPreSave' => sub {
    my $number  = stored(biblio());
    my $barcode = mark('b');
    my (undef, undef, $item) = AddItemFromMarc(item_record(item_field(p => $barcode)), $number);
    is_deeply(
        { CheckItemPreSave({ barcode => $barcode }) },
        { duplicate_barcode => $barcode },
        'a barcode twice'
    );
    is_deeply({ CheckItemPreSave({ barcode => $barcode, itemnumber => $item }) },
        {}, "the item's own barcode");
    is_deeply(
        { CheckItemPreSave({ homebranch => 'ZZZ', holdingbranch => 'ZZY' }) },
        { invalid_homebranch => 'ZZZ', invalid_holdingbranch => 'ZZY' },
        'libraries that are not there'
    );
};

subtest 'the classes' => sub {
    my $number = stored(biblio());
    my (undef, undef, $item) = AddItemFromMarc(item_record(item_field(p => mark('b'))), $number);
    my $row = Koha::Database->new->schema->resultset('Item')->find($item);
    isa_ok(
        $row->biblionumber,
        'Koha::Schema::Result::Biblio',
        '$item->biblionumber, which is no number,'
    );
    is($row->get_column('biblionumber'), $number, 'get_column gives the number');
    my $object = Koha::Items->find($item);
    is($object->biblionumber, $number, "Koha's own object gives the number");
    ok(!eval { my @list = Koha::Items->find($item); 1 }, 'find dies in list context') if !newer();
};

subtest 'deleting' => sub {
    my $number = stored(biblio());
    my (undef, undef, $item) = AddItemFromMarc(item_record(item_field(p => mark('b'))), $number);
    like(DelBiblio($number), qr/items attached/, 'a record with items is not deleted');
    if (newer()) {
        ok(!C4::Items->can('DelItemCheck'),       'there is no DelItemCheck');
        ok(Koha::Items->find($item)->safe_delete, 'but safe_delete');
    } else {
        is(C4::Items::DelItemCheck($number, $item), 1, 'DelItemCheck gives 1');
    }
    is(row($item), undef, 'the item is gone');
    my ($kept) = dbh()
        ->selectrow_array('select count(*) from deleteditems where itemnumber = ?', undef, $item);
    is($kept, 1, 'to deleteditems');
};

done_testing;
