package DecisionExpected;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a plan must have done to Koha's tables, and to no others: a list of what is wrong, in words.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionCheck qw(compared);
use DecisionModel::Items;
use DecisionModel::Merge;

my %COLUMN = (p => 'barcode', a => 'homebranch', b => 'holdingbranch', y => 'itype', 8 => 'ccode');

# Tables in which rows may be added by anything that was written, of records that were written.
my %FOLLOWS = (zebraqueue => 1, action_logs => 1);

# \%seen: {world, real, rules, model, export, changes, before => {record, items}}.
sub problems ($class, $seen) {
    my $self = bless { %{$seen}, problems => [] }, $class;
    my $outcome = $self->{model}{outcome};
    my $writes = grep { $_->{action} =~ /\A(?:add|replace)\z/ } @{ $self->{model}{items} };
    $self->{kind} =
          $outcome =~ /\A(?:hold|refuse)\z/ ? 'nothing'
        : $self->{rules}{mode} eq 'stage'   ? 'stage'
        : $outcome eq 'ignore' && !$writes  ? 'nothing'
        :                                     'direct';
    $self->_journal;
    $self->_rows;
    $self->_import_tables if $self->{kind} ne 'nothing';
    $self->_record if $self->{kind} eq 'direct';
    $self->_items  if $self->{kind} eq 'direct' && $self->{real}{type} eq 'biblio';
    return @{ $self->{problems} };
}

sub _wrong ($self, $text) {
    push @{ $self->{problems} }, $text;
    return;
}

sub _is ($self, $what, $is, $wanted) {
    my $difference = compared($what => [ $is, $wanted ])->{$what} or return;
    $self->_wrong("$what: is $difference->{core}, should be $difference->{model}");
    return;
}

# ---------------------------------------------------------------- the journal, and which rows differ

my %STATE = (add => 'done', overlay => 'done', ignore => 'done', hold => 'held', refuse => 'refused');

sub _journal ($self) {
    my ($export, $outcome) = ($self->{export}, $self->{model}{outcome});
    $self->_is('state of the export', $export->{state}, $STATE{$outcome});
    $self->_is('outcome of the export', $export->{outcome}, $outcome);
    my $successful = $export->{text} =~ /\ASuccess/ ? 1 : 0;
    my $should = $self->{kind} eq 'direct' && $outcome ne 'ignore' || $self->{kind} eq 'stage' ? 1 : 0;
    $self->_is('"Success" in the reply', $successful, $should) if $outcome ne 'ignore';
    return;
}

# {table => {added => count, changed => count}} that the plan must lead to.
sub _wanted_rows ($self) {
    return {} if $self->{kind} eq 'nothing';
    my ($model, $type) = @{$self}{qw(model)}, my $real = $self->{real};
    my $biblio = $real->{type} eq 'biblio';
    my %wanted = (
        import_batches => {}, import_records => { added => 1 },
        $biblio ? 'import_biblios' : 'import_auths' => { added => 1 },
        import_items => { added => scalar @{ $model->{items} } },
        import_record_matches => { added => scalar @{ $self->_passing } },
    );
    return \%wanted if $self->{kind} eq 'stage';
    my $outcome = $model->{outcome};
    my @record_tables = $biblio ? qw(biblio biblioitems biblio_metadata) : 'auth_header';
    my $how = $outcome eq 'add' ? 'added' : 'changed';
    if ($outcome ne 'ignore') { $wanted{$_}{$how} = 1 for @record_tables }
    $wanted{items}{added} = grep { $_->{action} eq 'add' } @{ $model->{items} };
    my %replaced = map { $_->{itemnumber} => 1 } grep { $_->{action} eq 'replace' } @{ $model->{items} };
    $wanted{items}{changed} = keys %replaced;
    return \%wanted;
}

sub _rows ($self) {
    my ($changes, $wanted) = ($self->{changes}, $self->_wanted_rows);
    for my $table (sort keys %{ { %{$changes}, %{$wanted} } }) {
        my %is = map { $_ => scalar @{ $changes->{$table}{$_} // [] } } qw(added changed gone);
        next if $FOLLOWS{$table} && $self->{kind} eq 'direct' && !$is{gone} && ($table eq 'zebraqueue' || !$is{changed});
        $self->_wrong("$table: $is{gone} rows are gone") if $is{gone};
        next if $table eq 'import_batches' && $self->_batch_rows_are_right(\%is);
        for my $how (qw(added changed)) {
            my $should = $wanted->{$table}{$how} // 0;
            # A record may be overlaid with what it holds, and most columns of biblio are not its own.
            next if $how eq 'changed' && $is{$how} < $should && $table =~ /\A(?:biblio|biblioitems|items|auth_header|biblio_metadata)\z/;
            $self->_wrong("$table: $is{$how} rows $how, should be $should") if $is{$how} != $should;
        }
    }
    $self->_follows;
    my $target = $self->{model}{target} or return;
    my @others = grep { $_ ne $target } map { @{ $changes->{$_}{changed} // [] } } qw(biblio auth_header);
    $self->_wrong("other records changed: @others, not $target") if @others;
    return;
}

# What is indexed and logged is this record and its items.
sub _follows ($self) {
    my ($world, $changes) = @{$self}{qw(world changes)};
    my $id = $self->{export}{record_id} // 0;
    my @queued = map { $world->row(zebraqueue => id => $_)->{biblio_auth_number} } @{ $changes->{zebraqueue}{added} // [] };
    my %items  = map { $_ => 1 } @{ $changes->{items}{added} // [] }, map { $_->{itemnumber} // 0 } @{ $self->{model}{items} };
    my @logged = map { $world->row(action_logs => action_id => $_) } @{ $changes->{action_logs}{added} // [] };
    my @others = (
        (grep { $_ != $id } @queued),
        map { $_->{object} } grep { $_->{info} =~ /\Aitem/ ? !$items{ $_->{object} } : $_->{object} != $id } @logged,
    );
    $self->_wrong("indexed or logged: @others, not $id") if @others;
    return;
}

# A new batch in direct mode; in stage mode a new one or one that collects.
sub _batch_rows_are_right ($self, $is) {
    return 0 if $self->{kind} eq 'nothing';
    return $is->{added} == 1 && !$is->{changed} if $self->{kind} eq 'direct';
    return $is->{added} + $is->{changed} == 1;
}

# ---------------------------------------------------------------- what Manage staged records shows

# In the order in which Koha takes them: the best first.
sub _passing ($self) {
    my %rank = (named => 0, chosen => 0, equal => 1, other_number => 2, lower_score => 3);
    return [ sort { $rank{ $a->{verdict} } <=> $rank{ $b->{verdict} } || $b->{score} <=> $a->{score} || $b->{id} <=> $a->{id} }
            grep { defined $rank{ $_->{verdict} } } @{ $self->{model}{candidates} } ];
}

sub _import_tables ($self) {
    my ($world, $model, $rules, $export) = @{$self}{qw(world model rules export)};
    my $batch = $world->row(import_batches => import_batch_id => $export->{import_batch_id})
        or return $self->_wrong('there is no import batch');
    $self->_is('import_batches', [ @{$batch}{qw(import_status overlay_action nomatch_action item_action record_type batch_type)} ],
        [ $self->{kind} eq 'stage' ? 'staged' : 'imported', @{$rules}{qw(on_match on_no_match items)},
            $self->{real}{type} eq 'biblio' ? 'biblio' : 'auth', 'batch' ]);
    my $counts = $world->rows('SELECT COUNT(*) records FROM import_records WHERE import_batch_id = ?', $batch->{import_batch_id});
    $self->_is('import_batches.num_records', $batch->{num_records}, $counts->[0]{records});
    $self->_import_record($world->row(import_records => import_record_id => $export->{import_record_id}));
    $self->_import_items($world->rows('SELECT * FROM import_items WHERE import_record_id = ? ORDER BY import_items_id',
        $export->{import_record_id}));
    my $matches = $world->rows('SELECT *, candidate_match_id id FROM import_record_matches WHERE import_record_id = ?',
        $export->{import_record_id});
    if (@{$matches} && exists $matches->[0]{chosen}) {
        $self->_is('import_record_matches.chosen', [ map { $_->{id} } grep { $_->{chosen} } @{$matches} ],
            [ $self->_passing->[0]{id} ]);
    }
    my $text = sub (@pairs) { return join ' ', sort map {"$_->{id}:$_->{score}"} @pairs };
    $self->_is('import_record_matches', $text->(@{$matches}), $text->(@{ $self->_passing }));
    return;
}

sub _import_record ($self, $record) {
    return $self->_wrong('there is no import record') if !$record;
    my $model   = $self->{model};
    my $outcome = $model->{outcome};
    my $stage = $self->{kind} eq 'stage';
    $self->_is('import_records.status', $record->{status}, $stage ? 'staged' : $outcome eq 'ignore' ? 'ignored' : 'imported');
    my $applied = !$stage && $outcome =~ /\A(?:overlay|ignore)\z/;
    $self->_is('import_records.overlay_status', $record->{overlay_status},
        $applied ? 'match_applied' : @{ $self->_passing } ? 'auto_match' : 'no_match');
    my $matched = $self->{real}{type} eq 'biblio'
        ? $self->{world}->row(import_biblios => import_record_id => $record->{import_record_id})->{matched_biblionumber}
        : $self->{world}->row(import_auths => import_record_id => $record->{import_record_id})->{matched_authid};
    $self->_is('the matched record', $matched, $stage ? undef : $self->{export}{record_id});
    my $staged = $model->{written} // DecisionModel::Merge->alone(@{$self}{qw(rules)}, $model->{prepared});
    $self->_is('import_records.marcxml', DecisionWorld::from_xml($record->{marcxml})->{fields}, $staged->{fields});
    $self->_is('import_records.marcxml_old', $self->_old_fields($record->{marcxml_old}),
        $self->{before}{record} && $outcome eq 'overlay' && !$stage ? $self->{before}{record}{fields} : undef);
    return;
}

sub _old_fields ($self, $xml) {
    return undef if !length($xml // '');    ## no critic (ProhibitExplicitReturnUndef)
    return DecisionWorld::from_xml($xml)->{fields};
}

sub _import_items ($self, $rows) {
    my %status = (add => 'imported', replace => 'imported', ignore => 'ignored', hold => 'error');
    my @wanted = map { $self->{kind} eq 'stage' ? 'staged' : $status{ $_->{action} } } @{ $self->{model}{items} };
    $self->_is('import_items.status', [ map { $_->{status} } @{$rows} ], \@wanted);
    my @holds = map { my ($field) = @{ DecisionWorld::from_xml($_->{marcxml})->{fields} }; _of_field($field) } @{$rows};
    my @fields = DecisionModel::Items->fields($self->{rules}, $self->{model}{prepared});
    my @should = map { _as_text({ %{ _says($fields[ $_->{occurrence} - 1 ]) }, %{ $_->{defaults} } }) } @{ $self->{model}{items} };
    $self->_is('import_items.marcxml', \@holds, \@should);
    return if $self->{kind} eq 'stage';
    my @errors = map { $_->{action} eq 'hold' ? $_->{reason}{code} : undef } @{ $self->{model}{items} };
    $self->_is('import_items.import_error', [ map { $_->{import_error} } @{$rows} ], \@errors);
    $self->{import_items} = $rows;
    return;
}

# ---------------------------------------------------------------- the record

# Koha's own: its numbers, the time of the change, and of authorities more.
sub _own ($self) {
    return $self->{real}{type} eq 'biblio' ? qr/\A(?:005|999)\z/ : qr/\A(?:001|003|005|008|942)\z/;
}

sub _record ($self) {
    my ($model, $export, $real) = @{$self}{qw(model export real)};
    my $id = $export->{record_id};
    my $record = $self->{world}->record($real->{type}, $id) or return $self->_wrong("there is no record $id");
    my $own = $self->_own;
    my $fields = sub ($from) { return [ grep { $_->{tag} !~ $own } @{ $from->{fields} } ] };
    if ($model->{outcome} eq 'ignore') {
        $self->_is('the record left alone', $fields->($record), $fields->($self->{before}{record}));
        return;
    }
    $self->_is('target', $id, $model->{target}) if $model->{outcome} eq 'overlay';
    $self->_is("fields of the record", $fields->($record), $fields->($model->{written}));
    $self->_is('leader/05-08, 17-19', _leader($record), _leader($model->{written}));
    return if $real->{type} eq 'authority';
    my ($numbers) = grep { $_->{tag} eq '999' } @{ $record->{fields} };
    my %has = map { @{$_} } @{ $numbers->{subfields} // [] };
    $self->_is('999 $c', $has{c}, $id);
    my @titles = grep { $_->{tag} eq '245' } @{ $model->{written}{fields} };
    my @main   = map { $_->[1] } grep { $_->[0] eq 'a' } map { @{ $_->{subfields} } } @titles;
    $self->_is('biblio.title', $self->{world}->row(biblio => biblionumber => $id)->{title} // '', $main[0] // '')
        if @main <= 1;
    return;
}

sub _leader ($record) { return substr($record->{leader}, 5, 4) . substr $record->{leader}, 17, 3 }

# ---------------------------------------------------------------- its items

sub _items ($self) {
    my ($model, $rules, $world) = @{$self}{qw(model rules world)};
    my @fields = DecisionModel::Items->fields($rules, $model->{prepared});
    my @new = @{ $self->{changes}{items}{added} // [] };
    my (%added, @wanted);
    for my $item (@{ $model->{items} }) {
        my %values = (%{ _says($fields[ $item->{occurrence} - 1 ]) }, %{ $item->{defaults} // {} });
        if ($item->{action} eq 'add') { push @wanted, _as_text(\%values) }
        $self->_replaced($item, \%values) if $item->{action} eq 'replace';
    }
    my @is = map { $world->row(items => itemnumber => $_) } @new;
    $self->_is('items added', [ sort map { _as_text($_) } @is ], [ sort @wanted ]);
    $self->_is('their record', [ grep { $_ != $self->{export}{record_id} } map { $_->{biblionumber} } @is ], []);
    my @numbers = sort grep {defined} map { $_->{itemnumber} } @{ $self->{import_items} };
    $self->_is('import_items.itemnumber', \@numbers, [ sort @new ]);
    return;
}

# By column, what an item field holds: a blank is nothing.
sub _says ($field) {
    return { map { $COLUMN{ $_->[0] } => $_->[1] } grep { $COLUMN{ $_->[0] } && $_->[1] =~ /\S/ } @{ $field->{subfields} } };
}

sub _of_field ($field) { return _as_text(_says($field)) }

sub _as_text ($values) {
    return join ' ', map { "$_=" . (length($values->{$_} // '') ? $values->{$_} : '-') } sort values %COLUMN;
}

# "Values that a replaced item's field doesn't have stay as they are."
sub _replaced ($self, $item, $says) {
    my $before = $self->{before}{items}{ $item->{itemnumber} };
    my $after  = $self->{world}->row(items => itemnumber => $item->{itemnumber});
    my %changes = (timestamp => 1, datelastseen => 1, %{$says});
    my %kept   = map { $_ => $before->{$_} } grep { !exists $changes{$_} } keys %{$before};
    my %is     = map { $_ => $after->{$_} } keys %kept;
    $self->_is("what the replaced item $item->{itemnumber} keeps: $_", $is{$_}, $kept{$_}) for sort keys %kept;
    $self->_is("the replaced item's $_", $after->{$_}, $says->{$_}) for sort keys %{$says};
    return;
}

1;
