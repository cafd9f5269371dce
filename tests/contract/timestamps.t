# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::AuthoritiesMarc;
use C4::Biblio;
use Koha::Database;
use Test::More;
use Time::HiRes qw(sleep);

# What tells that a record was changed, so that it is read again.

sub stamp {
    my ($table, $time, $id, $number) = @_;
    return scalar dbh()->selectrow_array("select unix_timestamp($time) from $table where $id = ?", undef, $number);
}

sub biblio_stamp { return stamp('biblio_metadata', '`timestamp`', 'biblionumber', $_[0]) }

sub authority_stamp { return stamp('auth_header', 'modification_time', 'authid', $_[0]) }

sub now { return scalar dbh()->selectrow_array('select unix_timestamp()') }

sub first_of_index {
    my ($table, $column) = @_;
    return grep { $_->{seq_in_index} == 1 && lc $_->{column_name} eq lc $column } map {
        my $row = $_;
        +{ map { lc $_ => $row->{$_} } keys %{$row} }
    } @{ dbh()->selectall_arrayref("show index from $table", { Slice => {} }) };
}

subtest 'the time of a biblio record' => sub {
    ok(first_of_index('biblio_metadata', 'timestamp'), 'has an index');
    my $before = now();
    my $number = stored(biblio());
    cmp_ok(biblio_stamp($number), '>=', $before, 'is that of the database when it is added');
    cmp_ok(biblio_stamp($number), '<=', now(),   'in whatever time zone');
    my $added = biblio_stamp($number);
    sleep 1.1;
    ModBiblio(biblio(['245', '0', '0', a => mark('new')]), $number, '');
    my $changed = biblio_stamp($number);
    cmp_ok($changed, '>', $added, 'becomes a later one when it is changed');
    sleep 1.1;
    dbh()->do('update biblio_metadata set metadata = metadata where biblionumber = ?', undef, $number);
    is(biblio_stamp($number), $changed, 'and stays where nothing is');
    dbh()->do(q{update biblio_metadata set metadata = concat(metadata, ' ') where biblionumber = ?}, undef, $number);
    my $third = biblio_stamp($number);
    dbh()->do(q{update biblio_metadata set metadata = concat(metadata, ' ') where biblionumber = ?}, undef, $number);
    cmp_ok(biblio_stamp($number) - $third, '<=', 1, 'two changes in a second can have ONE time');
    my ($is) = dbh()->selectrow_array('select count(*) from biblio_metadata where biblionumber = ?'
            . ' and `timestamp` >= from_unixtime(?)', undef, $number, $third);
    is($is, 1, 'it can be compared with a number of seconds');
};

subtest 'the time is that of writing, not of committing' => sub {
    my $schema = Koha::Database->new->schema;
    $schema->storage->txn_begin;
    my ($number) = AddBiblio(biblio(), '');
    biblio_numbers($number);
    my $written = biblio_stamp($number);
    sleep 2.1;
    $schema->storage->txn_commit;
    is(biblio_stamp($number), $written, 'so a record can appear that is older than others');
    cmp_ok(now() - biblio_stamp($number), '>=', 2, 'by seconds');
};

subtest 'the time of an authority record' => sub {
    ok(!first_of_index('auth_header', 'modification_time'), 'has no index') if !newer();
    my $authid = AddAuthority(authority('150', a => mark('t')), undef, 'TOPIC_TERM');
    my $second = AddAuthority(authority('150', a => mark('t')), undef, 'TOPIC_TERM');
    later(sub { DelAuthority({ authid => $_ }) for $authid, $second });
    cmp_ok($second, '>', $authid, 'but a new one has a higher number');
    my $added = authority_stamp($authid);
    cmp_ok(now() - $added, '<=', 2, 'it is that of the database');
    sleep 1.1;
    ModAuthority($authid, authority('150', a => mark('t')), 'TOPIC_TERM');
    cmp_ok(authority_stamp($authid), '>', $added, 'and becomes a later one when it is changed');
};

subtest 'what is deleted' => sub {
    my $number = stored(biblio());
    DelBiblio($number);
    is(biblio_stamp($number), undef, 'has no row: biblio');
    my $authid = AddAuthority(authority('150', a => mark('t')), undef, 'TOPIC_TERM');
    DelAuthority({ authid => $authid });
    is(authority_stamp($authid), undef, 'has no row: authority');
};

subtest 'numbers in the records' => sub {
    my $number = stored(biblio(['001', mark('n')], ['003', 'OCoLC']));
    my $record = MARC::Record->new_from_xml(GetXmlBiblio($number), 'UTF-8');
    is($record->subfield('999', 'c'), $number, 'the biblio number is in 999 $c');
    my $authority = authority('150', a => mark('t'));
    $authority->insert_fields_ordered(MARC::Field->new('001', 'sh 85000001'), MARC::Field->new('003', 'DLC'));
    my $authid = AddAuthority($authority, undef, 'TOPIC_TERM');
    later(sub { DelAuthority({ authid => $authid }) });
    my $stored = GetAuthority($authid);
    is($stored->field('001')->data, $authid, q{Koha's own number replaces 001 of an authority});
    is($stored->field('003')->data, 'DLC',   'and THE 003 OF THE OTHER AGENCY STAYS');
};

subtest 'locks by name' => sub {
    my $name = mark('lock');
    is(scalar dbh()->selectrow_array('select get_lock(?, 0)', undef, $name), 1, 'are given');
    my $other = dbh()->clone;
    is(scalar $other->selectrow_array('select get_lock(?, 0)', undef, $name), 0, 'to one connection only');
    $other->disconnect;
    dbh()->do('do release_lock(?)', undef, $name);
};

done_testing;
