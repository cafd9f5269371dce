package C4::Biblio;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Charset qw(SetUTF8Flag StripNonXmlChars);
use C4::Context;
use C4::Log;
use Carp qw(carp);
use Exporter 'import';
use Koha::Biblios;
use Koha::Caches;
use List::Util qw(uniq);
use MARC::Field;
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;
use POSIX           ();
use Sandbox::Strict qw(newer arguments options wrong_call);

# Names that other versions have are not there: can('...') tells the truth.
our @EXPORT = qw(AddBiblio ModBiblio DelBiblio GetXmlBiblio GetMarcFromKohaField TransformMarcToKoha
    TransformKohaToMarc GetFrameworkCode);

my $METADATA = q{from biblio_metadata where biblionumber = ? and format = 'marcxml'};

# ---------------------------------------------------------------- the mapping of columns to fields

sub sandbox_fields {
    my $cache  = Koha::Caches->get_instance;
    my $fields = $cache->get_from_cache('MarcSubfieldStructure-');
    return $fields if $fields;
    my $rows = C4::Context->dbh->selectall_arrayref(
        q{select tagfield, tagsubfield, kohafield from marc_subfield_structure
            where frameworkcode = '' and kohafield > '' order by tagfield, tagsubfield}
    );
    my %by_column;
    push @{ $by_column{ $_->[2] } }, [$_->[0], $_->[1]] for @{$rows};
    $cache->set_in_cache('MarcSubfieldStructure-', \%by_column);
    return \%by_column;
}

sub GetMarcFromKohaField (@arguments) {
    arguments('GetMarcFromKohaField', scalar @arguments, 1, 1);
    my @found = map { @{$_} } @{ sandbox_fields()->{ $arguments[0] } // [] };
    return wantarray ? @found : $found[0];
}

# Values of the columns that the record's fields map to; several are joined by " | ".
sub TransformMarcToKoha (@arguments) {
    my ($record, $limit) =
        newer()
        && ref $arguments[0] eq 'HASH'
        ? ($arguments[0]{record}, $arguments[0]{limit_table})
        : @arguments[0, 2];
    my %values;
    my $fields = sandbox_fields();
    for my $kohafield (keys %{$fields}) {
        my ($table, $column) = split /\./, $kohafield, 2;
        next if $table !~ /\A(?:biblio|biblioitems|items)\z/ || ($limit && $table ne $limit);
        my @found = uniq(grep { $_ } map { _values($record, @{$_}) } @{ $fields->{$kohafield} })
            or next;
        my $value = join ' | ', @found;
        $value = _year($value) if $column =~ /\A(?:copyrightdate|publicationyear)\z/;
        $values{ $column =~ /\Acn_s/ ? "$table.$column" : $column } = $value;
    }
    delete $values{'biblioitems.cn_suffix'};
    return \%values;
}

sub _values ($record, $tag, $code) {
    return map { $_->is_control_field ? $_->data : $_->subfield($code) } $record->field($tag);
}

sub _year ($text) { return $text =~ /c(\d{4})/ || $text =~ /(\d{4})/ ? $1 : $text }

sub TransformKohaToMarc ($columns, @) {
    my $fields = sandbox_fields();
    my %subfields;
    for my $column (sort keys %{$columns}) {
        for my $place (@{ $fields->{$column} // [] }) {
            push @{ $subfields{ $place->[0] } },
                map { [$place->[1], $_] } grep { length } split /\s?\|\s?/,
                $columns->{$column} // '', -1;
        }
    }
    my $record = MARC::Record->new;
    $record->encoding('UTF-8');
    for my $tag (sort keys %subfields) {
        my @sorted = sort { $a->[0] cmp $b->[0] } @{ $subfields{$tag} };
        $record->insert_fields_ordered(MARC::Field->new($tag, ' ', ' ', map { @{$_} } @sorted));
    }
    return $record;
}

# ---------------------------------------------------------------- records

my @ADD_OPTIONS_NEWER = qw(skip_record_index disable_autolink defer_marc_save record_source_id);

sub AddBiblio (@arguments) {
    arguments('AddBiblio', scalar @arguments, 2, 3);
    my ($record, $framework, $options) = @arguments;
    $options = options('AddBiblio', $options, newer() ? @ADD_OPTIONS_NEWER : 'defer_marc_save');
    if (!$record) {
        carp('AddBiblio called with undefined record');
        return;
    }
    SetUTF8Flag($record);
    my @numbers =
          newer()
        ? _add_in_transaction($record, $framework, $options)
        : _add($record, $framework, $options);
    my ($number, $item_number) = @numbers;
    return (undef, undef)                                 if !defined $number;
    queue_index($number, 'specialUpdate', 'biblioserver') if !$options->{skip_record_index};
    run_hooks('after_biblio_action', { action => 'create', biblio_id => $number });
    logaction('CATALOGUING', 'ADD', $number, 'biblio') if C4::Context->preference('CataloguingLog');
    return ($number, $item_number);
}

sub _add ($record, $framework, $options) {
    my $values = TransformMarcToKoha($record, $framework);
    my $number = _insert('biblio', _biblio_columns($values, $framework));
    my $item_number =
        _insert('biblioitems', { biblionumber => $number, _biblioitem_columns($values) });
    _set_numbers($record, $number, $item_number);
    _save_metadata($record, $number, $framework) if !$options->{defer_marc_save};
    return ($number, $item_number);
}

# Newer versions write all of it or nothing, and warn.
sub _add_in_transaction ($record, $framework, $options) {
    my $schema = Koha::Database->new->schema;
    local $schema->storage->dbh->{RaiseError} = 1;
    my @numbers = eval {
        $schema->txn_do(sub { _add($record, $framework, $options) });
    };
    return @numbers if @numbers;
    warn $@;
    return;
}

# A failed statement is warned about and otherwise ignored: the handle does not raise errors.
sub _insert ($table, $columns) {
    my @names = sort grep { defined $columns->{$_} } keys %{$columns};
    my $dbh   = C4::Context->dbh;
    $dbh->do(
        sprintf(
            'insert into %s (%s) values (%s)',
            $table,
            join(', ', map { "`$_`" } @names),
            join(', ', ('?') x @names)
        ),
        undef,
        @{$columns}{@names}
    );
    warn "ERROR in an insert into $table: " . $dbh->errstr if $dbh->errstr;
    return $dbh->{mysql_insertid};
}

my @BIBLIO = qw(author title subtitle medium part_number part_name unititle notes serial seriestitle
    copyrightdate abstract);

sub _biblio_columns ($values, $framework) {
    my %columns = map { $_ => $values->{$_} } @BIBLIO;
    $columns{serial} //= $values->{seriestitle} ? 1 : 0;
    return {
        %columns,
        frameworkcode => $framework,
        datecreated   => POSIX::strftime('%Y-%m-%d', localtime)
    };
}

my @BIBLIOITEM =
    qw(volume number itemtype isbn issn publicationyear publishercode volumedate volumedesc
    collectiontitle collectionissn collectionvolume editionstatement editionresponsibility illus pages size
    place lccn url cn_class cn_item cn_suffix totalissues ean agerestriction);

sub _biblioitem_columns ($values) {
    return (
        (map { $_ => $values->{$_} } @BIBLIOITEM),
        cn_source => $values->{'biblioitems.cn_source'},
        notes     => $values->{bnotes}
    );
}

sub _set_numbers ($record, $number, $item_number) {
    for my $pair (['biblio.biblionumber', $number], ['biblioitems.biblioitemnumber', $item_number])
    {
        my ($tag, $code) = GetMarcFromKohaField($pair->[0]);
        my $field = $record->field($tag);
        if ($field) { $field->update($code => $pair->[1]) }
        else { $record->insert_fields_ordered(MARC::Field->new($tag, '', '', $code => $pair->[1])) }
    }
    return;
}

sub _save_metadata ($record, $number, $framework) {
    my $copy = $record->clone;
    my $dbh  = C4::Context->dbh;
    $dbh->do('update biblio set frameworkcode = ? where biblionumber = ?',
        undef, $framework || '', $number);
    my $changed = $copy->field('005');
    $changed->update(POSIX::strftime('%Y%m%d%H%M%S.0', localtime)) if $changed;
    $copy->as_usmarc;    # makes the leader's lengths right
    my $flavour = C4::Context->preference('marcflavour');
    my $set     = Koha::Database->new->schema->resultset('BiblioMetadata');
    my %key     = (biblionumber => $number, format => 'marcxml', schema => $flavour);
    my $row     = $set->find(\%key) // $set->new(\%key);
    $row->metadata($copy->as_xml_record($flavour));
    $row->update_or_insert;
    return;
}

my @MOD_OPTIONS_NEWER =
    qw(overlay_context disable_autolink skip_holds_queue skip_record_index mod_origin
    record_source_id);

sub ModBiblio (@arguments) {
    arguments('ModBiblio', scalar @arguments, 2, 4);
    my ($record, $number, $framework, $options) = @arguments;
    if (newer()) {
        $options = options('ModBiblio', $options, @MOD_OPTIONS_NEWER);
        options(
            'ModBiblio overlay_context',
            $options->{overlay_context},
            qw(source categorycode userid)
        );
    } elsif (ref $options) {
        wrong_call('ModBiblio of 19.06 with options, where it has a flag');
    }
    if (!$record) {
        carp('No record passed to ModBiblio');
        return 0;
    }
    _log_before($number) if C4::Context->preference('CataloguingLog');
    _delete_empty_fields($record);
    SetUTF8Flag($record);
    $framework = '' if !$framework || $framework eq 'Default';
    sandbox_strip_items($record);
    my ($item_number) = C4::Context->dbh->selectrow_array(
        'select biblioitemnumber from biblioitems where biblionumber = ?',
        undef, $number);
    _set_numbers($record, $number, $item_number);
    my $values = TransformMarcToKoha($record, $framework);
    _save_metadata($record, $number, $framework);
    queue_index($number, 'specialUpdate', 'biblioserver')
        if !(newer() && $options->{skip_record_index});
    my $columns = _biblio_columns($values, $framework);
    delete $columns->{datecreated};
    _update('biblio',      $columns,                         'biblionumber',     $number);
    _update('biblioitems', { _biblioitem_columns($values) }, 'biblioitemnumber', $item_number);
    run_hooks('after_biblio_action', { action => 'modify', biblio_id => $number });
    return 1;
}

sub _update ($table, $columns, $key, $value) {
    my @names = sort keys %{$columns};
    my $dbh   = C4::Context->dbh;
    $dbh->do(
        sprintf(
            'update %s set %s where %s = ?',
            $table, join(', ', map { "`$_` = ?" } @names), $key
        ),
        undef,
        @{$columns}{@names},
        $value
    );
    warn "ERROR in an update of $table: " . $dbh->errstr if $dbh->errstr;
    return;
}

sub _log_before ($number) {
    my $before = sandbox_record($number);
    logaction('CATALOGUING', 'MODIFY', $number,
        'biblio BEFORE=>' . ($before ? $before->as_formatted : ''));
    return;
}

# A field that has nothing, or nothing but a link to an authority, goes.
sub _delete_empty_fields ($record) {
    for my $field (grep { !$_->is_control_field } $record->fields) {
        my @subfields = $field->subfields;
        $record->delete_field($field)
            if !@subfields || (@subfields == 1 && $subfields[0][0] eq '9');
    }
    return;
}

sub sandbox_strip_items ($record) {
    my ($tag) = GetMarcFromKohaField('items.itemnumber');
    $record->delete_field($_) for $record->field($tag);
    return;
}

sub DelBiblio (@arguments) {
    arguments('DelBiblio', scalar @arguments, 1, newer() ? 2 : 1);
    my ($number, $options) = @arguments;
    options('DelBiblio', $options, qw(skip_record_index skip_holds_queue));
    return if !Koha::Biblios->find($number);
    my $dbh = C4::Context->dbh;
    my ($items) =
        $dbh->selectrow_array('select count(*) from items where biblionumber = ?', undef, $number);
    return 'This Biblio has items attached, please delete them first before deleting this biblio '
        if $items;
    queue_index($number, 'recordDelete', 'biblioserver') if !($options // {})->{skip_record_index};
    for my $table (qw(biblio biblioitems biblio_metadata)) { _move_to_deleted($table, $number) }
    $dbh->do('delete from biblio where biblionumber = ?', undef, $number);
    run_hooks('after_biblio_action', { action => 'delete', biblio_id => $number });
    logaction('CATALOGUING', 'DELETE', $number, 'biblio')
        if C4::Context->preference('CataloguingLog');
    return;
}

sub _move_to_deleted ($table, $number) {
    my $dbh     = C4::Context->dbh;
    my $deleted = $table =~ s/biblio/deletedbiblio/r;
    my %known   = map  { $_->[0] => 1 } @{ $dbh->selectall_arrayref("show columns from $deleted") };
    my @columns = grep { $known{$_} && $_ ne 'id' }
        map { $_->[0] } @{ $dbh->selectall_arrayref("show columns from $table") };
    my $list = join ', ', map { "`$_`" } @columns;
    $dbh->do("insert into $deleted ($list) select $list from $table where biblionumber = ?",
        undef, $number);
    return;
}

sub GetXmlBiblio (@arguments) {
    arguments('GetXmlBiblio', scalar @arguments, 1, 1);
    return C4::Context->dbh->selectrow_array("select metadata $METADATA", undef, $arguments[0]);
}

sub sandbox_record ($number) {
    my $xml = GetXmlBiblio($number) // return;
    return scalar eval { MARC::Record->new_from_xml(StripNonXmlChars($xml), 'UTF-8') };
}

sub GetFrameworkCode ($number) {
    return C4::Context->dbh->selectrow_array(
        'select frameworkcode from biblio where biblionumber = ?',
        undef, $number);
}

# ---------------------------------------------------------------- what follows a change

# One entry of a kind and a record waits at a time.
sub queue_index ($number, $operation, $server) {
    my $dbh = C4::Context->dbh;
    my ($waiting) = $dbh->selectrow_array(
        'select count(*) from zebraqueue where server = ? and biblio_auth_number = ? and operation = ? and done = 0',
        undef, $server, $number, $operation
    );
    return if $waiting;
    $dbh->do('insert into zebraqueue (biblio_auth_number, server, operation) values (?, ?, ?)',
        undef, $number, $server, $operation);
    return;
}

sub run_hooks ($method, $params) {
    return if !C4::Context->preference('UseKohaPlugins') || !C4::Context->config('enable_plugins');
    require Koha::Plugins;
    for my $plugin (Koha::Plugins->new({})->GetPlugins({ method => $method })) {
        eval { $plugin->$method($params); 1 } or warn $@;
    }
    return;
}

# Only 19.06 has these.
sub _mod_zebra ($number, $operation, $server, $record = undef) {
    return queue_index($number, $operation, $server);
}

sub _marc_biblio ($params) {
    options('GetMarcBiblio', $params, qw(biblionumber embed_items opac borcat));
    my $record =
        sandbox_record($params->{biblionumber} // wrong_call('GetMarcBiblio without a number'))
        // return;
    return $record if !$params->{embed_items};
    require C4::Items;
    sandbox_strip_items($record);
    $record->append_fields(map { C4::Items::sandbox_item_field($_->unblessed) }
            Koha::Items->search({ biblionumber => $params->{biblionumber} }));
    return $record;
}

if (!newer()) {
    no warnings 'once';
    *ModZebra      = \&_mod_zebra;
    *GetMarcBiblio = \&_marc_biblio;
    push @EXPORT, qw(ModZebra GetMarcBiblio);
}

1;
