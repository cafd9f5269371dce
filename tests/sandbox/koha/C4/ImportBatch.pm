package C4::ImportBatch;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::AuthoritiesMarc ();
use C4::Biblio          ();
use C4::Charset         qw(StripNonXmlChars);
use C4::Context;
use C4::Items ();
use C4::Koha  ();
use Exporter 'import';
use Koha::Biblios;
use Koha::Items;
use MARC::File::USMARC;
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;
use Sandbox::Strict qw(newer arguments options one_of);

our @EXPORT = qw(AddImportBatch GetImportBatch GetWebserviceBatchId AddBiblioToBatch AddAuthToBatch
    AddItemsToImportBiblio ModBiblioInBatch BatchFindDuplicates BatchCommitRecords BatchRevertRecords
    CleanBatch DeleteBatch GetImportRecordMarc GetImportRecordMatches SetImportRecordMatches
    GetImportRecordStatus SetImportRecordStatus GetImportRecordOverlayStatus SetImportRecordOverlayStatus
    GetImportBatchStatus SetImportBatchStatus GetImportBatchOverlayAction SetImportBatchOverlayAction
    GetImportBatchNoMatchAction SetImportBatchNoMatchAction GetImportBatchItemAction
    SetImportBatchItemAction GetImportBatchMatcher SetImportBatchMatcher);

my @BATCH =
    qw(matcher_id template_id branchcode overlay_action nomatch_action item_action import_status
    batch_type file_name comments record_type);

sub _dbh { return C4::Context->dbh }

# ---------------------------------------------------------------- batches

sub AddImportBatch (@arguments) {
    arguments('AddImportBatch', scalar @arguments, 1, 1);
    my $batch   = options('AddImportBatch', $arguments[0], @BATCH);
    my @columns = grep { exists $batch->{$_} } @BATCH;
    my $dbh     = _dbh();
    $dbh->do(
        sprintf(
            'insert into import_batches (%s) values (%s)',
            join(',', @columns),
            join(',', ('?') x @columns)
        ),
        undef,
        @{$batch}{@columns}
    );
    return $dbh->{mysql_insertid};
}

sub GetImportBatch ($batch) {
    return _dbh()
        ->selectrow_hashref('select * from import_batches where import_batch_id = ?', undef,
        $batch);
}

# Any staged batch of the web service whose set keys agree.
sub GetWebserviceBatchId ($params) {
    my @keys = grep { $params->{$_} } qw(matcher_id overlay_action nomatch_action item_action);
    my ($id) = _dbh()->selectrow_array(
        "select import_batch_id from import_batches where batch_type = 'webservice' and import_status = 'staged'"
            . join('', map { " and $_ = ?" } @keys),
        undef, @{$params}{@keys}
    );
    return $id
        // AddImportBatch({ %{$params}, batch_type => 'webservice', import_status => 'staged' });
}

sub CleanBatch ($batch) {
    return if !defined $batch;
    _dbh()->do('delete from import_records where import_batch_id = ?', undef, $batch);
    SetImportBatchStatus($batch, 'cleaned');
    return;
}

sub DeleteBatch ($batch) {
    return if !defined $batch;
    _dbh()->do('delete from import_batches where import_batch_id = ?', undef, $batch);
    return;
}

sub _count ($batch) {
    _dbh()->do(
        q{update import_batches b set
            num_records = (select count(*) from import_records r where r.import_batch_id = b.import_batch_id),
            num_items = (select count(*) from import_records r join import_items i using (import_record_id)
                where r.import_batch_id = b.import_batch_id and record_type = 'biblio')
          where import_batch_id = ?}, undef, $batch
    );
    return;
}

# Getters and setters of one column: (id), and (id, value).
my %BATCH_COLUMN = (
    ImportBatchStatus        => 'import_status',
    ImportBatchOverlayAction => 'overlay_action',
    ImportBatchNoMatchAction => 'nomatch_action',
    ImportBatchItemAction    => 'item_action',
    ImportBatchMatcher       => 'matcher_id',
);
my %RECORD_COLUMN = (ImportRecordStatus => 'status', ImportRecordOverlayStatus => 'overlay_status');

_make_accessors('import_batches', 'import_batch_id',  %BATCH_COLUMN);
_make_accessors('import_records', 'import_record_id', %RECORD_COLUMN);

sub _make_accessors ($table, $key, %columns) {
    for my $name (keys %columns) {
        my $column = $columns{$name};
        no strict 'refs';    ## no critic (ProhibitNoStrict)
        *{"Get$name"} = sub (@arguments) {
            arguments("Get$name", scalar @arguments, 1, 1);
            return
                scalar _dbh()
                ->selectrow_array("select $column from $table where $key = ?", undef,
                $arguments[0]);
        };
        *{"Set$name"} = sub (@arguments) {
            arguments("Set$name", scalar @arguments, 2, 2);
            _dbh()->do("update $table set $column = ? where $key = ?",
                undef, $arguments[1], $arguments[0]);
            return;
        };
    }
    return;
}

# ---------------------------------------------------------------- records of a batch

sub AddBiblioToBatch (@arguments) {
    arguments('AddBiblioToBatch', scalar @arguments, 4, 5);
    my ($batch, $sequence, $record, $encoding, $count) = @arguments;
    my $id     = _add_record($batch, $sequence, $record, 'biblio', $encoding);
    my $values = C4::Biblio::TransformMarcToKoha($record, '');
    _dbh()->do(
        'insert into import_biblios (import_record_id, title, author, isbn, issn) values (?, ?, ?, ?, ?)',
        undef,
        $id,
        @{$values}{qw(title author)},
        scalar C4::Koha::GetNormalizedISBN($values->{isbn}),
        $values->{issn}
    );
    _count($batch) if $count // @arguments < 5;
    return $id;
}

sub AddAuthToBatch (@arguments) {
    arguments('AddAuthToBatch', scalar @arguments, 4, 6);
    my ($batch, $sequence, $record, $encoding, $count) = @arguments;
    my $id     = _add_record($batch, $sequence, $record, 'auth', $encoding);
    my $number = $record->field('001');
    _dbh()->do(
        'insert into import_auths (import_record_id, control_number, authorized_heading) values (?, ?, ?)',
        undef,
        $id,
        $number ? $number->data : undef,
        scalar C4::AuthoritiesMarc::GetAuthorizedHeading({ record => $record })
    );
    _count($batch) if $count // @arguments < 5;
    return $id;
}

sub _add_record ($batch, $sequence, $record, $type, $encoding) {
    my $dbh = _dbh();
    $dbh->do(
        'insert into import_records (import_batch_id, record_sequence, marc, marcxml, marcxml_old, record_type,
            encoding) values (?, ?, ?, ?, ?, ?, ?)', undef, $batch, $sequence, $record->as_usmarc,
        $record->as_xml(C4::Context->preference('marcflavour')), '', $type, $encoding
    );
    return $dbh->{mysql_insertid};
}

# Takes the item fields out of the record that it is given.
sub AddItemsToImportBiblio (@arguments) {
    arguments('AddItemsToImportBiblio', scalar @arguments, 3, 4);
    my ($batch, $id, $record, $count) = @arguments;
    my $dbh = _dbh();
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my @ids;
    for my $field ($record->field($tag)) {
        my $item = MARC::Record->new;
        $item->leader('00000    a              ');
        $item->append_fields($field);
        $record->delete_field($field);
        $dbh->do('insert into import_items (import_record_id, status, marcxml) values (?, ?, ?)',
            undef, $id, 'staged', $item->as_xml);
        push @ids, $dbh->{mysql_insertid};
    }
    return @ids    if !@ids;
    _count($batch) if $count;
    $dbh->do('update import_records set marc = ?, marcxml = ? where import_record_id = ?',
        undef, $record->as_usmarc, $record->as_xml(C4::Context->preference('marcflavour')), $id);
    return @ids;
}

sub GetImportRecordMarc ($id) {
    return _dbh()
        ->selectrow_array('select marc, encoding from import_records where import_record_id = ?',
        undef, $id);
}

sub SetImportRecordMatches (@arguments) {
    my ($id, @matches) = @arguments;
    my $dbh = _dbh();
    $dbh->do('delete from import_record_matches where import_record_id = ?', undef, $id);
    my $chosen = 1;
    for my $match (@matches) {
        options('SetImportRecordMatches', $match, qw(record_id score));
        my @row     = ($id, @{$match}{qw(record_id score)}, newer() ? $chosen : ());
        my $columns = 'import_record_id, candidate_match_id, score' . (newer() ? ', chosen' : '');
        $dbh->do(
            "insert into import_record_matches ($columns) values (" . join(',', ('?') x @row) . ')',
            undef, @row
        );
        $chosen = 0;
    }
    return;
}

sub GetImportRecordMatches ($id, $best_only = 0) {
    my $rows = _dbh()->selectall_arrayref(
        'select title, author, biblionumber, candidate_match_id, score, record_type from import_records
            join import_record_matches using (import_record_id)
            left join biblio on biblionumber = candidate_match_id
            where import_record_id = ? order by score desc, biblionumber desc', { Slice => {} }, $id
    );
    my @found = grep { $_->{record_type} ne 'biblio' || $_->{biblionumber} } @{$rows};
    return [$best_only ? @found[0 .. $#found > 0 ? 0 : $#found] : @found];
}

# The best of the matches that still exist; in newer versions the chosen one.
sub GetBestRecordMatch ($id) {
    my $chosen = newer() ? 'and chosen = 1' : '';
    return scalar _dbh()->selectrow_array(
        "select candidate_match_id from import_record_matches m join import_records r using (import_record_id)
            left join biblio on candidate_match_id = biblionumber
            left join auth_header on candidate_match_id = authid
            where import_record_id = ? $chosen
              and if(record_type = 'biblio', biblionumber is not null, authid is not null)
            order by score desc, candidate_match_id desc", undef, $id
    );
}

sub BatchFindDuplicates (@arguments) {
    arguments('BatchFindDuplicates', scalar @arguments, 2, 5);
    my ($batch, $matcher, $most) = @arguments;
    my $rows =
        _dbh()
        ->selectall_arrayref(
        'select import_record_id, marc from import_records where import_batch_id = ?',
        undef, $batch);
    my $matched = 0;
    for my $row (@{$rows}) {
        my $record  = MARC::Record->new_from_usmarc($row->[1]);
        my @matches = $matcher ? $matcher->get_matches($record, $most // 10) : ();
        $matched++ if @matches;
        SetImportRecordMatches($row->[0],
            map { { record_id => $_->{record_id}, score => $_->{score} } } @matches);
        SetImportRecordOverlayStatus($row->[0], @matches ? 'auto_match' : 'no_match');
    }
    return $matched;
}

# ---------------------------------------------------------------- committing

# (added, updated, items added, items replaced, items in error, ignored)
sub BatchCommitRecords (@arguments) {
    my %params = _commit_arguments(@arguments);
    my $batch  = GetImportBatch($params{batch_id});
    my @counts = (0) x 6;
    my $rows   = _dbh()->selectall_arrayref(
        'select * from import_records where import_batch_id = ?',
        { Slice => {} },
        $params{batch_id}
    );
    SetImportBatchStatus($params{batch_id}, 'importing') if newer();
    for my $row (@{$rows}) {
        if ($row->{status} eq 'error' || $row->{status} eq 'imported') { $counts[5]++; next }
        my @done = _commit_record($batch, $row, \%params);
        $counts[$_] += $done[$_] for 0 .. 5;
    }
    SetImportBatchStatus($params{batch_id}, 'imported');
    return @counts;
}

sub _commit_arguments (@arguments) {
    if (newer()) {
        arguments('BatchCommitRecords', scalar @arguments, 1, 1);
        return %{
            options(
                'BatchCommitRecords', $arguments[0], qw(batch_id framework overlay_framework
                    progress_interval progress_callback skip_intermediate_commit)
            )
        };
    }
    arguments('BatchCommitRecords', scalar @arguments, 2, 4);
    Sandbox::Strict::wrong_call('BatchCommitRecords of 19.06 with a hash') if ref $arguments[0];
    return (batch_id => $arguments[0], framework => $arguments[1]);
}

sub _commit_record ($batch, $row, $params) {
    my $biblio = $row->{record_type} eq 'biblio';
    my ($action, $item_action, $match) = _decide($batch, $row, $biblio);
    my $record = MARC::Record->new_from_usmarc($row->{marc});
    C4::Biblio::sandbox_strip_items($record) if $biblio;
    my $id = $row->{import_record_id};
    if ($action eq 'create_new') {
        my ($number) =
            $biblio
            ? C4::Biblio::AddBiblio($record, $params->{framework})
            : C4::AuthoritiesMarc::AddAuthority($record, undef,
            C4::AuthoritiesMarc::GuessAuthTypeCode($record));
        my @items = $biblio ? _commit_items($id, $number, $item_action) : (0, 0, 0);
        _remember($id, $biblio, $number);
        SetImportRecordStatus($id, 'imported');
        return (1, 0, @items, 0);
    }
    if ($action eq 'replace') {
        my $before =
            $biblio
            ? _overlay_biblio($record, $match, $row, $params)
            : _overlay_authority($record, $match);
        my @items = $biblio ? _commit_items($id, $match, $item_action) : (0, 0, 0);
        _dbh()->do('update import_records set marcxml_old = ? where import_record_id = ?',
            undef, $before, $id);
        _remember($id, $biblio, $match);
        SetImportRecordOverlayStatus($id, 'match_applied');
        SetImportRecordStatus($id, 'imported');
        return (0, 1, @items, 0);
    }
    my @items = (0, 0, 0);
    if ($biblio && defined $match && $item_action ne 'ignore') {
        @items = _commit_items($id, $match, $item_action);
        _remember($id, $biblio, $match);
        SetImportRecordOverlayStatus($id, 'match_applied');
    }
    SetImportRecordStatus($id, 'ignored');
    return (0, 0, @items, 1);
}

# What becomes of a record and of its items: (record, items, match)
sub _decide ($batch, $row, $biblio) {
    my $items = $batch->{item_action};
    if ($row->{overlay_status} eq 'no_match') {
        my $add = $items eq 'always_add' || $items eq 'add_only_for_new';
        return ($batch->{nomatch_action}, $add ? 'create_new' : 'ignore', undef);
    }
    my $match  = GetBestRecordMatch($row->{import_record_id});
    my $action = $batch->{overlay_action};
    $action = 'create_new' if $action eq 'replace' && !defined $match;
    my $item_action =
          $items eq 'always_add' || $items eq 'add_only_for_matches' ? 'create_new'
        : $items eq 'replace'                                        ? 'replace'
        :                                                              'ignore';
    return ($action, $biblio ? $item_action : 'ignore', $match);
}

sub _overlay_biblio ($record, $number, $row, $params) {
    my $before = C4::Biblio::sandbox_record($number);
    C4::Biblio::sandbox_strip_items($before);
    my $framework = $params->{overlay_framework} // C4::Biblio::GetFrameworkCode($number);
    C4::Biblio::ModBiblio($record, $number, $framework);
    return $before->as_xml('USMARC');
}

sub _overlay_authority ($record, $authid) {
    my $before = C4::AuthoritiesMarc::GetAuthorityXML($authid);
    C4::AuthoritiesMarc::ModAuthority($authid, $record,
        C4::AuthoritiesMarc::GuessAuthTypeCode($record));
    return $before;
}

sub _remember ($id, $biblio, $number) {
    my ($table, $column) =
        $biblio ? qw(import_biblios matched_biblionumber) : qw(import_auths matched_authid);
    _dbh()->do("update $table set $column = ? where import_record_id = ?", undef, $number, $id);
    return;
}

# (added, replaced, in error)
sub _commit_items ($id, $biblionumber, $action) {
    return (0, 0, 0) if $action eq 'ignore';
    my @counts = (0, 0, 0);
    my $rows   = _dbh()->selectall_arrayref(
        'select import_items_id, marcxml from import_items where import_record_id = ? order by import_items_id',
        undef, $id
    );
    for my $row (@{$rows}) {
        my $record = MARC::Record->new_from_xml(StripNonXmlChars($row->[1]), 'UTF-8');
        my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('items.onloan');
        $record->field($tag)->delete_subfield(code => $code);
        $counts[_commit_item($row->[0], $record, $biblionumber, $action)]++;
    }
    return @counts;
}

sub _commit_item ($id, $record, $biblionumber, $action) {
    my $item = C4::Biblio::TransformMarcToKoha($record, '', 'items');
    my $same_barcode =
        exists $item->{barcode} ? Koha::Items->find({ barcode => $item->{barcode} }) : undef;
    my $replace = $action eq 'replace' && (exists $item->{itemnumber} || $same_barcode);
    if ($replace) {

        # The row keeps the number that the item field gave, which is none if the barcode decided.
        C4::Items::ModItemFromMarc($record, $biblionumber,
            $item->{itemnumber} // $same_barcode->itemnumber);
        _item_done($id, 'imported', $item->{itemnumber});
        return 1;
    }
    if ($same_barcode) {
        _dbh()->do(
            q{update import_items set status = 'error', import_error = 'duplicate item barcode'
            where import_items_id = ?}, undef, $id
        ) if newer();
        _dbh()
            ->do(
            q{update import_items set status = 'error', itemnumber = 0 where import_items_id = ?},
            undef, $id)
            if !newer();
        return 2;
    }
    my (undef, undef, $itemnumber) = C4::Items::AddItemFromMarc($record, $biblionumber);
    _item_done($id, 'imported', $itemnumber) if $itemnumber;
    return $itemnumber ? 0 : 2;
}

sub _item_done ($id, $status, $itemnumber) {
    _dbh()->do('update import_items set status = ?, itemnumber = ? where import_items_id = ?',
        undef, $status, $itemnumber, $id);
    return;
}

# ---------------------------------------------------------------- undoing

# (deleted, errors, reverted, items deleted, ignored)
sub BatchRevertRecords (@arguments) {
    arguments('BatchRevertRecords', scalar @arguments, 1, 1);
    my $batch  = GetImportBatch($arguments[0]);
    my @counts = (0) x 5;
    my $rows   = _dbh()->selectall_arrayref(
        'select r.*, matched_biblionumber, matched_authid from import_records r
            left join import_auths using (import_record_id) left join import_biblios using (import_record_id)
            where import_batch_id = ?', { Slice => {} }, $arguments[0]
    );
    SetImportBatchStatus($arguments[0], 'reverting') if newer();
    for my $row (@{$rows}) {
        if ($row->{status} eq 'error' || $row->{status} eq 'reverted') { $counts[4]++; next }
        my @done = _revert_record($batch, $row);
        $counts[$_] += $done[$_] for 0 .. 3;
    }
    SetImportBatchStatus($arguments[0], 'reverted');
    return @counts;
}

sub _revert_record ($batch, $row) {
    my $biblio = $row->{record_type} eq 'biblio';
    my $id     = $row->{import_record_id};
    my $number = $biblio ? $row->{matched_biblionumber} : $row->{matched_authid};
    my $restore =
        $batch->{overlay_action} ne 'create_new' && $row->{overlay_status} eq 'match_applied';
    my @done = (0, 0, 0, 0);
    return @done
        if $restore && $biblio && $row->{status} ne 'ignored' && !Koha::Biblios->find($number // 0);
    $done[3] = _revert_items($id, $number) if $biblio;
    my $error;
    if    ($row->{status} eq 'ignored') { }
    elsif ($restore) {
        _restore($row, $biblio, $number);
        $done[2] = 1;
    } else {
        $error =
            $biblio
            ? C4::Biblio::DelBiblio($number)
            : C4::AuthoritiesMarc::DelAuthority({ authid => $number });
        $done[$biblio && defined $error ? 1 : 0] = 1;
    }
    SetImportRecordStatus($id, 'reverted') if !($biblio && defined $error);
    _forget($id, $biblio);
    return @done;
}

sub _restore ($row, $biblio, $number) {
    my $record = MARC::Record->new_from_xml(StripNonXmlChars($row->{marcxml_old}), 'UTF-8',
        $row->{encoding});
    if ($biblio) {
        C4::Biblio::ModBiblio($record, $number, C4::Biblio::GetFrameworkCode($number));
        return;
    }
    C4::AuthoritiesMarc::ModAuthority($number, $record,
        C4::AuthoritiesMarc::GuessAuthTypeCode($record));
    return;
}

# Deletes whatever items the batch names, also those that it had not made but replaced.
sub _revert_items ($id, $biblionumber) {
    my $rows = _dbh()->selectall_arrayref(
        'select import_items_id, itemnumber from import_items join items using (itemnumber)
            where import_record_id = ?', undef, $id
    );
    my $deleted = 0;
    for my $row (@{$rows}) {
        my $status =
            newer()
            ? Koha::Items->find($row->[1])->safe_delete
            : C4::Items::DelItemCheck($biblionumber, $row->[1]);
        next if !defined $status || $status ne '1';
        _dbh()->do(q{update import_items set status = 'reverted' where import_items_id = ?},
            undef, $row->[0]);
        $deleted++;
    }
    return $deleted;
}

sub _forget ($id, $biblio) {
    if (!$biblio) {
        _dbh()->do('update import_auths set matched_authid = null where import_record_id = ?',
            undef, $id);
        return;
    }
    _dbh()->do(
        q{update import_biblios b set matched_biblionumber = null where import_record_id = ? and not exists
            (select * from import_items i where i.import_record_id = b.import_record_id and status = 'imported')},
        undef, $id
    );
    return;
}

1;
