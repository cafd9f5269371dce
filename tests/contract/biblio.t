# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Biblio;
use Test::More;

sub row {
    my ($table, $number) = @_;
    return dbh()->selectrow_hashref("select * from $table where biblionumber = ?", undef, $number);
}

sub queued {
    my ($number) = @_;
    return dbh()->selectall_arrayref(
        'select operation, server, done from zebraqueue where biblio_auth_number = ? and server = ? order by id',
        { Slice => {} }, $number, 'biblioserver'
    );
}

subtest 'where Koha keeps what' => sub {
    is_deeply([GetMarcFromKohaField('biblio.biblionumber')], [qw(999 c)], 'the biblio number');
    is_deeply([GetMarcFromKohaField('biblioitems.biblioitemnumber')],
        [qw(999 d)], 'the biblio item number');
    is_deeply([GetMarcFromKohaField('items.itemnumber')], [qw(952 9)], 'the item number');
    is_deeply([GetMarcFromKohaField('items.barcode')],    [qw(952 p)], 'the barcode');
    is_deeply([GetMarcFromKohaField('items.onloan')],     [qw(952 q)], 'the date due');
    is_deeply([GetMarcFromKohaField('items.nothing')],    [], 'an unknown column is nowhere');
    is(scalar GetMarcFromKohaField('items.itemnumber'), '952', 'in scalar context: the tag');
};

subtest 'AddBiblio' => sub {
    my $record = biblio(
        ['005', '20010101000000.0'],
        ['020', ' ', ' ', a => '9780306406157'],
        ['260', ' ', ' ', c => 'c1999, 2001'],
        ['650', ' ', '0', a => "e\x{301}te"]
    );
    my ($number, $item_number) = stored($record);
    like($number,      qr/\A\d+\z/, 'gives the biblio number');
    like($item_number, qr/\A\d+\z/, 'and the biblio item number');
    is($record->subfield('999', 'c'), $number,      'which it writes into the record it is given');
    is($record->subfield('999', 'd'), $item_number, 'both');
    is($record->subfield('650', 'a'), "\x{e9}te",   'as it composes what was decomposed');
    like(row('biblio', $number)->{title}, qr/title/, 'biblio has the title');
    is(row('biblio',      $number)->{copyrightdate}, 1999,            'and a year');
    is(row('biblioitems', $number)->{isbn},          '9780306406157', 'biblioitems the ISBN');
    my $metadata = row('biblio_metadata', $number);
    is($metadata->{format}, 'marcxml', 'biblio_metadata has MARCXML');
    is($metadata->{schema}, 'MARC21',  'of MARC 21');
    my $xml = GetXmlBiblio($number);
    is($xml, $metadata->{metadata}, 'GetXmlBiblio gives it');
    unlike($xml, qr/20010101000000/, '005 says when it was stored');
    is_deeply(
        queued($number),
        [{ operation => 'specialUpdate', server => 'biblioserver', done => 0 }],
        'it waits in the queue of the indexer'
    ) if !real();
    ok(@{ queued($number) }, 'it is in the queue of the indexer');
};

subtest 'AddBiblio and items' => sub {
    my $record = biblio(item_field(p => mark('b')));
    my $number = stored($record);
    my ($items) =
        dbh()->selectrow_array('select count(*) from items where biblionumber = ?', undef, $number);
    is($items, 0, 'makes none');
    like(GetXmlBiblio($number), qr/tag="952"/,
        'but leaves the item fields in the record it stores');
};

subtest 'frameworks' => sub {
    is(row('biblio', scalar stored(biblio(), 'ZZZZ'))->{frameworkcode}, 'ZZZZ',
        'are not validated');
};

subtest 'ModBiblio' => sub {
    my $number = stored(biblio());
    my ($item_number) =
        dbh()->selectrow_array('select biblioitemnumber from biblioitems where biblionumber = ?',
        undef, $number);
    my $record =
        biblio(['650', ' ', '0', 9 => 5], ['999', ' ', ' ', c => 1, d => 2], item_field(p => 'x'));
    is(ModBiblio($record, $number, ''), 1, 'gives 1');
    is($record->subfield('999', 'c'),
        $number, 'writes the right number into the record it is given');
    is($record->subfield('999', 'd'),   $item_number, 'and the other');
    is($record->field('952'),           undef,        'takes the item fields out of it');
    is($record->field('650'),           undef,        'and fields that have nothing but a link');
    is(row('biblio', $number)->{title}, $record->subfield('245', 'a'), 'changes the tables');
    my ($rows) =
        dbh()->selectrow_array('select count(*) from biblio_metadata where biblionumber = ?',
        undef, $number);
    is($rows,                                                 1, 'there is one record as before');
    is(quietly(sub { scalar ModBiblio(undef, $number, '') }), 0, 'gives 0 without a record');
};

subtest 'who did it' => sub {
    plan skip_all => 'CataloguingLog is off' if !C4::Context->preference('CataloguingLog');
    my $patron = patron();
    my $number = as_patron($patron, sub { scalar stored(biblio()) });
    as_patron($patron, sub { ModBiblio(biblio(), $number, '') });
    my $log = dbh()->selectall_arrayref(
        q{select user, action, info from action_logs where module = 'CATALOGUING' and object = ? order by action_id},
        { Slice => {} },
        $number
    );
    is($log->[0]{user},   $patron->{number}, "the log has the user environment's number");
    is($log->[0]{action}, 'ADD',             'for a new record');
    is($log->[1]{action}, 'MODIFY',          'and for a changed one');
    like($log->[1]{info}, qr/\Abiblio BEFORE=>/, 'with what it was before');
};

subtest 'DelBiblio' => sub {
    my $number = stored(biblio());
    is(DelBiblio($number), undef, 'gives nothing');
    is(row('biblio', $number), undef, 'the record is gone');
    ok(row('deletedbiblio', $number), 'to deletedbiblio');
    is(quietly(sub { scalar DelBiblio($number) }), undef, 'twice does no harm');
};

subtest 'a record of more than 99,999 bytes' => sub {
    my $record = biblio(map { ['500', ' ', ' ', a => 'x' x 9000] } 1 .. 12);
    my $number = quietly(sub { scalar stored($record) });
    ok($number, 'can be added');
    like(GetXmlBiblio($number), qr/x{9000}/, 'and is kept in MARCXML');
};

done_testing;
