package C4::Items;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Biblio ();
use C4::Context;
use C4::Log;
use Data::Dumper ();
use Exporter 'import';
use Koha::Items;
use Koha::Libraries;
use MARC::Field;
use MARC::Record;
use POSIX           ();
use Sandbox::Strict qw(newer arguments options wrong_call);

our @EXPORT = qw(AddItemFromMarc ModItemFromMarc CheckItemPreSave);

sub AddItemFromMarc (@arguments) {
    arguments('AddItemFromMarc', scalar @arguments, 2, newer() ? 3 : 2);
    my ($record, $biblionumber, $options) = @arguments;
    $options = options('AddItemFromMarc', $options, qw(biblioitemnumber skip_record_index));
    my $item = _columns($record);
    ($item->{biblioitemnumber}, my $itemtype) = C4::Context->dbh->selectrow_array(
        'select biblioitemnumber, itemtype from biblioitems where biblionumber = ?',
        undef, $biblionumber);
    $item->{biblionumber} = $biblionumber;
    $item->{itype} ||= $itemtype;
    my $today = POSIX::strftime('%Y-%m-%d', localtime);
    $item->{$_} ||= $today for qw(dateaccessioned replacementpricedate datelastseen);
    $item->{$_} ||= 0      for qw(notforloan damaged itemlost withdrawn);
    $item->{permanent_location} //= $item->{location};
    delete $item->{itemnumber};
    _decode_barcode($item) if newer();
    my $itemnumber = _insert($item) // return;
    _after($biblionumber, $itemnumber, 'create', $options);
    logaction('CATALOGUING', 'ADD', $itemnumber, 'item')
        if C4::Context->preference('CataloguingLog');
    return ($biblionumber, $item->{biblioitemnumber}, $itemnumber);
}

# The item field's values by column; subfields without a column are kept as MARCXML.
sub _columns ($record) {
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my $only = MARC::Record->new;
    $only->append_fields($record->field($tag));
    my $values   = C4::Biblio::TransformMarcToKoha($only, '', 'items');
    my %columns  = map { s/\Aitems\.//r => $values->{$_} } keys %{$values};
    my $unlinked = _unlinked($only->field($tag));
    $columns{more_subfields_xml} = $unlinked if defined $unlinked;
    return \%columns;
}

sub _unlinked ($field) {
    return if !$field;
    my %linked =
        map { $_->[0] . $_->[1] => 1 } map { @{$_} } values %{ C4::Biblio::sandbox_fields() };
    my @rest = grep { length $_->[1] && !$linked{ $field->tag . $_->[0] } } $field->subfields;
    return if !@rest;
    my $record = MARC::Record->new;
    $record->append_fields(MARC::Field->new('999', ' ', ' ', map { @{$_} } @rest));
    $record->encoding('UTF-8');
    return $record->as_xml('USMARC');
}

sub _decode_barcode ($item) {
    return if !defined $item->{barcode};
    require C4::Circulation;
    $item->{barcode} = C4::Circulation::barcodedecode($item->{barcode});
    return;
}

# In 19.06 a refused row is no item number, in newer versions an exception.
sub _insert ($item) {
    my $dbh   = C4::Context->dbh;
    my @names = sort grep { defined $item->{$_} } keys %{$item};
    my $done  = $dbh->do(
        sprintf(
            'insert into items (%s) values (%s)',
            join(', ', map { "`$_`" } @names),
            join(', ', ('?') x @names)
        ),
        undef,
        @{$item}{@names}
    );
    return $dbh->{mysql_insertid} if $done;
    _throw($dbh)                  if newer();
    return;
}

sub _throw ($dbh) {
    my $class = {
        1062 => 'Koha::Exceptions::Object::DuplicateID',
        1452 => 'Koha::Exceptions::Object::FKConstraint'
    }->{ $dbh->err };
    die $dbh->errstr if !$class;
    die bless { message => $dbh->errstr }, $class;
}

# What an item field leaves out is emptied.
my %DEFAULTS = (
    (
        map { $_ => undef }
            qw(barcode booksellerid ccode cn_source coded_location_qualifier copynumber enumchron
            holdingbranch homebranch itemcallnumber itemnotes itemnotes_nonpublic itype location materials price
            replacementprice replacementpricedate restricted stack stocknumber uri)
    ),
    (map { $_ => 0 } qw(damaged itemlost notforloan withdrawn)),
);

sub ModItemFromMarc (@arguments) {
    arguments('ModItemFromMarc', scalar @arguments, 3, newer() ? 4 : 3);
    my ($record, $biblionumber, $itemnumber, $options) = @arguments;
    $options = options('ModItemFromMarc', $options, 'skip_record_index');
    my $item = _columns($record);
    for my $column (keys %DEFAULTS) {
        $item->{$column} = $DEFAULTS{$column} if !exists $item->{$column};
    }
    delete $item->{itemnumber};
    _decode_barcode($item) if newer();
    my $dbh   = C4::Context->dbh;
    my @names = sort keys %{$item};
    my $done  = $dbh->do(
        sprintf('update items set %s where itemnumber = ?', join ', ', map { "`$_` = ?" } @names),
        undef, @{$item}{@names}, $itemnumber);
    if (!$done) {
        _throw($dbh) if newer();
        warn 'ERROR in an update of items: ' . $dbh->errstr;
    }
    $item->{itemnumber} = $itemnumber;
    _after($biblionumber, $itemnumber, 'modify', $options);
    logaction('CATALOGUING', 'MODIFY', $itemnumber,
        'item ' . Data::Dumper->new([$item])->Indent(1)->Dump)
        if C4::Context->preference('CataloguingLog');
    return $item;
}

sub _after ($biblionumber, $itemnumber, $action, $options = {}) {
    C4::Biblio::queue_index($biblionumber, 'specialUpdate', 'biblioserver')
        if !$options->{skip_record_index};
    C4::Biblio::run_hooks('after_item_action', { action => $action, item_id => $itemnumber });
    return;
}

sub CheckItemPreSave (@arguments) {
    arguments('CheckItemPreSave', scalar @arguments, 1, 1);
    my $item = $arguments[0];
    my %errors;
    if (defined $item->{barcode}) {
        my $existing = Koha::Items->find({ barcode => $item->{barcode} });
        $errors{duplicate_barcode} = $item->{barcode}
            if $existing
            && (!exists $item->{itemnumber} || $item->{itemnumber} != $existing->itemnumber);
    }
    for my $column (grep { defined $item->{$_} } qw(homebranch holdingbranch)) {
        my $library = Koha::Libraries->find($item->{$column});
        $errors{"invalid_$column"} = $item->{$column} if !$library;
    }
    return %errors;
}

sub delete_item ($item, $options = {}) {
    my $dbh = C4::Context->dbh;
    my ($itemnumber, $biblionumber) = ($item->itemnumber, $item->biblionumber);
    my %known =
        map { $_->[0] => 1 } @{ $dbh->selectall_arrayref('show columns from deleteditems') };
    my $list = join ', ', map { "`$_`" } grep { $known{$_} && $_ ne 'timestamp' }
        map { $_->[0] } @{ $dbh->selectall_arrayref('show columns from items') };
    $dbh->do("insert into deleteditems ($list) select $list from items where itemnumber = ?",
        undef, $itemnumber);
    $dbh->do('delete from items where itemnumber = ?', undef, $itemnumber);
    _after($biblionumber, $itemnumber, 'delete', $options);
    logaction('CATALOGUING', 'DELETE', $itemnumber, 'item')
        if C4::Context->preference('CataloguingLog');
    return 1;
}

# 1, or why not. Loans and holds do not exist in the sandbox.
sub _delete_checked ($biblionumber, $itemnumber) {
    my $item = Koha::Items->find($itemnumber) // return;
    return 'not_same_branch'
        if C4::Context->only_my_library && C4::Context->mybranch ne $item->homebranch;
    delete_item($item);
    return 1;
}

sub sandbox_item_field ($item) {
    my %columns =
        map { ("items.$_" => $item->{$_}) } grep { length($item->{$_} // '') } keys %{$item};
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my $field = C4::Biblio::TransformKohaToMarc(\%columns)->field($tag);
    if (my $xml = $item->{more_subfields_xml}) {
        $field->add_subfields(map { @{$_} }
                MARC::Record->new_from_xml($xml, 'UTF-8')->field('999')->subfields);
    }
    return $field;
}

if (!newer()) {
    no warnings 'once';
    *DelItemCheck = \&_delete_checked;
    push @EXPORT, 'DelItemCheck';
}

1;
