package Koha::Plugin::ConnexionGateway::Identifiers;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 ();
use List::Util ();
use Time::HiRes ();

use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Log;

my $RECORD = 'Koha::Plugin::ConnexionGateway::Core::Record';

# Koha stores precomposed characters; what it has of others is read as such.
my %READ = (nfc => 1);

# OCLC merges records: an old number in 019 is the number that another record still has.
# An ISBN with a wrong check digit may be the right one misprinted.
my %SAME_NUMBERS = (
    (map { $_ => [qw(oclc oclc_merged)] } qw(oclc oclc_merged)),
    (map { $_ => [qw(isbn isbn_misprint)] } qw(isbn isbn_misprint)),
);

# A number that hundreds of records have (a "9780000000002") identifies none of them.
my $MOST_HITS = 50;

# How much is caught up with in one step, and for how many seconds at a look-up.
my ($STEP, $SECONDS, $THOROUGH_SECONDS) = (200, 1, 10);

# What is committed late bears an earlier time: so far back is looked each time, and once in a while.
# A record that is saved twice in a second keeps its time: contents are compared for so long.
my ($OVERLAP, $LONG_OVERLAP, $OFTEN, $CLOSELY) = (60, 900, 60, 5);

# The time of an authority's last change has no index: new ones are seen by their numbers, so far
# back, and a stretch of the others is gone through each time.
my ($NUMBERS, $STRETCH, $LONG_STRETCH) = (200, 300, 5000);

# What went wrong is told once in so many seconds.
my $TELL_SECONDS = 60;
my $LONGEST_FAILURE = 500;

sub new ($class, %args) {
    return bless { koha => $args{koha}, log => $args{log} // Koha::Plugin::ConnexionGateway::Log->silent, told_at => {} },
        $class;
}

sub _table ($self, $name) { return $self->{koha}->table($name) }

# ---------------------------------------------------------------- finding

# Pairs of [kind, value]. What Koha has saved since the index was last brought up to date is looked
# through as well: inside a transaction that is all that can be seen.
sub find ($self, $record_type, @pairs) {
    my (%wanted, %found, $truncated);
    for my $pair (@pairs) {
        my ($kind, $value) = @{$pair};
        $wanted{ _key($_, $value) } = [ $_, $value ] for @{ $SAME_NUMBERS{$kind} // [$kind] };
    }
    my @wanted = @wanted{ sort keys %wanted };
    while (my @some = splice @wanted, 0, 50) {
        my %hits;
        for my $row (@{ $self->_rows_with($record_type, @some) }) {
            $truncated = 1 if ++$hits{ $row->[0] } > $MOST_HITS;
            $found{ $row->[1] } = 1;
        }
    }
    $found{$_} = 1 for grep { !$found{$_} } @{ $self->_unseen($record_type, \%wanted) };
    return { ids => [ sort { $a <=> $b } keys %found ], truncated => $truncated ? 1 : 0 };
}

sub _rows_with ($self, $record_type, @pairs) {
    my $table = $self->_table('identifiers');
    my $dbh = $self->{koha}->dbh;
    my $most = $MOST_HITS + 1;
    my $position = 0;
    my @selects = map {
        '(SELECT ' . $position++ . " AS position, record_id FROM $table WHERE record_type = "
            . $dbh->quote($record_type) . ' AND kind = ' . _quoted_kind($dbh, $_->[0])
            . ' AND value_hash = ' . _hash($_->[1]) . " ORDER BY record_id DESC LIMIT $most)"
    } @pairs;
    return $dbh->selectall_arrayref(join ' UNION ALL ', @selects);
}

sub _unseen ($self, $record_type, $wanted) {
    my $state = $self->state($record_type);
    return [] if !_is_complete($state) || !%{$wanted};
    my %range = $self->{koha}->finds_by_time($record_type)
        ? (since => $self->{koha}->database_time($state->{caught_up_to} - $OVERLAP))
        : (above => $state->{caught_up_to} - $NUMBERS);
    my $records = $self->_unlike($record_type, %range, most => $MOST_HITS);
    my $stored = $self->{koha}->stored_records($record_type, ids => [ map { $_->{id} } @{$records} ]);
    return [
        map { $_->{id} } grep {
            List::Util::any { $wanted->{ _key(@{$_}) } } @{ _entries($_) // [] }
        } @{$stored}
    ];
}

# ---------------------------------------------------------------- what our own imports write

# Within the transaction that wrote the record: what it is found by as it stands now. \%more are
# values by kind beside the identifiers; what was known of the record before is forgotten.
sub know ($self, $record_type, $record_id, $more, %options) {
    my ($record) = @{ $self->{koha}->stored_records($record_type, ids => [$record_id]) };
    return if !$record;
    my @more = map { my $kind = $_; map { [ $kind, $_ ] } @{ $more->{$kind} } } sort keys %{$more};
    # What was committed since this transaction began to read is there, too.
    my $before = $options{new} ? {} : $self->_rows_of($record_type, [$record_id], 'FOR UPDATE');
    $self->_write($record_type, [$record], $before, more => \@more);
    return;
}

# ---------------------------------------------------------------- rows

# By record: {"kind hash" => 1}. $which is a list of numbers, or [after, up to] for all between.
sub _rows_of ($self, $record_type, $which, $lock = '') {
    my $table = $self->_table('identifiers');
    my ($where, @values) = _which($which);
    my %rows;
    my $rows = $self->{koha}->dbh->selectall_arrayref(
        "SELECT record_id, kind, LOWER(HEX(value_hash)) FROM $table WHERE record_type = ? AND $where $lock",
        undef, $record_type, @values);
    $rows{ $_->[0] }{"$_->[2] $_->[1]"} = 1 for @{$rows};
    return \%rows;
}

sub _which ($which) {
    return ('record_id > ? AND record_id <= ?', @{$which}{qw(after up_to)}) if ref $which eq 'HASH';
    return ('record_id IN (' . join(',', ('?') x @{$which}) . ')', @{$which});
}

# Brings the rows of records to what they should be; those of `gone` records go. Rows are deleted by
# their whole primary key: a range would keep others from adding records.
sub _write ($self, $record_type, $records, $before, %options) {
    my (@new, @old, @indexed);
    for my $record (@{$records}) {
        my $entries = _entries($record);
        my %rows = map { _row(@{$_}) => 1 } @{ $entries // [] }, @{ $options{more} // [] };
        my $had = $before->{ $record->{id} } // {};
        push @new, map { [ $record->{id}, $_ ] } grep { !$had->{$_} } sort keys %rows;
        push @old, map { [ $record->{id}, $_ ] }
            grep { !$rows{$_} && ($options{more} || !_is_key($_)) } sort keys %{$had};
        push @indexed, [ $record, $entries ? 1 : 0 ];
    }
    for my $id (@{ $options{gone} // [] }) {
        push @old, map { [ $id, $_ ] } sort keys %{ $before->{$id} // {} };
    }
    $self->_delete_row($record_type, @{$_}) for @old;
    $self->_insert_rows($record_type, splice @new, 0, 1000) while @new;
    $self->_set_indexed($record_type, @indexed) if @indexed;
    $self->_forget($record_type, @{ $options{gone} }) if @{ $options{gone} // [] };
    return;
}

# What it is found by when the record is matched by a certain rule is known of our own imports alone.
sub _is_key ($row) { return $row =~ /\A\S+ key:/ }

# undef where the record can't be read.
sub _entries ($record) { return $RECORD->index_entries_of($record->{xml}, %READ) }

sub _row ($kind, $value) { return Digest::MD5::md5_hex(_octets($value)) . ' ' . substr _octets($kind), 0, 40 }

sub _key ($kind, $value) { return _octets($kind) . ' ' . _octets($value) }

sub _hash ($value) { return q{x'} . Digest::MD5::md5_hex(_octets($value)) . q{'} }

sub _octets ($text) {
    utf8::encode($text) if utf8::is_utf8($text);
    return $text;
}

sub _quoted_kind ($dbh, $kind) { return $dbh->quote(substr _octets($kind), 0, 40) }

sub _delete_row ($self, $record_type, $id, $row) {
    my ($hash, $kind) = split / /, $row, 2;
    $self->{koha}->dbh->do('DELETE FROM ' . $self->_table('identifiers')
            . " WHERE record_type = ? AND kind = ? AND value_hash = x'$hash' AND record_id = ?",
        undef, $record_type, $kind, $id);
    return;
}

sub _insert_rows ($self, $record_type, @rows) {
    my $dbh = $self->{koha}->dbh;
    my $type = $dbh->quote($record_type);
    my @tuples = map {
        my ($hash, $kind) = split / /, $_->[1], 2;
        "($type, " . $dbh->quote($kind) . ", x'$hash', " . int($_->[0]) . ')'
    } @rows;
    $dbh->do('INSERT IGNORE INTO ' . $self->_table('identifiers')
            . ' (record_type, kind, value_hash, record_id) VALUES ' . join ', ', @tuples);
    return;
}

sub _set_indexed ($self, $record_type, @records) {
    my $dbh = $self->{koha}->dbh;
    my $type = $dbh->quote($record_type);
    my @tuples = map {
        my ($record, $readable) = @{$_};
        "($type, " . join(', ', map { int $_ } @{$record}{qw(id stamp settled)}, $readable)
            . ", x'$record->{digest}')"
    } @records;
    my @columns = qw(stamp settled readable digest);
    $dbh->do('INSERT INTO ' . $self->_table('indexed_records') . ' (record_type, record_id, '
            . join(', ', @columns) . ') VALUES ' . join(', ', @tuples)
            . ' ON DUPLICATE KEY UPDATE ' . join ', ', map {"$_ = VALUES($_)"} @columns);
    return;
}

sub _forget ($self, $record_type, @ids) {
    my $dbh = $self->{koha}->dbh;
    my $table = $self->_table('indexed_records');
    $dbh->do("DELETE FROM $table WHERE record_type = ? AND record_id = ?", undef, $record_type, $_) for @ids;
    return;
}

# ---------------------------------------------------------------- indexing what Koha has

# A transaction of its own. The rows are locked before the records are read: an import that writes one
# of them at the same time comes either before, and is read, or after, and writes over this.
sub index_records ($self, $record_type, @ids) {
    return if !@ids;
    $self->_in_own_transaction(sub {
        $self->_lock($record_type, @ids);
        my $stored = $self->{koha}->stored_records($record_type, ids => \@ids);
        my %there = map { $_->{id} => 1 } @{$stored};
        $self->_write($record_type, $stored, $self->_rows_of($record_type, \@ids),
            gone => [ grep { !$there{$_} } @ids ]);
    });
    return;
}

sub _lock ($self, $record_type, @ids) {
    my $dbh = $self->{koha}->dbh;
    my $type = $dbh->quote($record_type);
    my @tuples = map { "($type, " . int($_) . q{, -1, 0, '')} } sort { $a <=> $b } @ids;
    $dbh->do('INSERT INTO ' . $self->_table('indexed_records')
            . ' (record_type, record_id, stamp, settled, digest) VALUES ' . join(', ', @tuples)
            . ' ON DUPLICATE KEY UPDATE record_id = VALUES(record_id)');
    return;
}

# Somebody else may be at the same records; it is short work, and done again.
sub _in_own_transaction ($self, $code) {
    my $error;
    for my $attempt (1 .. 5) {
        my $result = eval { [ $self->{koha}->transaction(sub ($dbh) { $code->() }) ] };
        return $result->[0] if $result;
        $error = $@;
        last if Koha::Plugin::ConnexionGateway::Error->code_of($error) ne 'database.retry';
        Time::HiRes::sleep(0.05 * $attempt);
    }
    die $error;
}

# ---------------------------------------------------------------- catching up with Koha

sub state ($self, $record_type) {    ## no critic (ProhibitBuiltinHomonyms)
    return $self->{koha}->dbh->selectrow_hashref(
        'SELECT * FROM ' . $self->_table('index_state') . ' WHERE record_type = ?', undef, $record_type) // {};
}

sub _set_state ($self, $record_type, %values) {
    my @columns = sort keys %values;
    $self->{koha}->dbh->do('UPDATE ' . $self->_table('index_state') . ' SET '
            . join(', ', map {"$_ = ?"} @columns) . ' WHERE record_type = ?',
        undef, @values{@columns}, $record_type);
    return;
}

# Every record was indexed, by the normal forms that numbers have now.
sub is_complete ($self, $record_type) { return _is_complete($self->state($record_type)) }

sub _is_complete ($state) { return ($state->{version} // 0) == $RECORD->index_version ? 1 : 0 }

# Never within a transaction. True where all that Koha had saved is indexed; `thorough` makes sure of
# it as far as can be, and takes longer.
sub catch_up ($self, $record_type, %how) {
    my $state = $self->state($record_type);
    return 0 if !_is_complete($state);
    my $until = Time::HiRes::time() + ($how{thorough} ? $THOROUGH_SECONDS : $SECONDS);
    my $done = eval {
        my $heard = $self->_take_changes($record_type, $until);
        my $seen = $self->{koha}->finds_by_time($record_type)
            ? $self->_catch_up_by_time($record_type, $state, $until, $how{thorough})
            : $self->_catch_up_by_number($record_type, $state, $until, $how{thorough});
        $heard && $seen ? 1 : 0;
    };
    return $self->_fell_behind($record_type, $state, $@) if !defined $done;
    $self->_forget_failure($record_type) if defined $state->{failed_at};
    return $done;
}

# The export goes on with what the search engine finds, but whoever runs the service must come to know.
sub _fell_behind ($self, $record_type, $state, $error) {
    my $now = time;
    return 0 if $now - List::Util::max($self->{told_at}{$record_type} // 0, $state->{failed_at} // 0) < $TELL_SECONDS;
    $self->{told_at}{$record_type} = $now;
    my $failure = substr Koha::Plugin::ConnexionGateway::Error->text_of($error), 0, $LONGEST_FAILURE;
    $self->{log}->warning(index_behind => record_type => $record_type, error => $failure);
    my $kept = eval { $self->_set_state($record_type, failed_at => $now, failure => $failure); 1 };
    $self->{log}->warning(index_behind => record_type => $record_type, error => "$@") if !$kept;
    return 0;
}

sub _forget_failure ($self, $record_type) {
    delete $self->{told_at}{$record_type};
    $self->_set_state($record_type, failed_at => undef, failure => undef);
    return;
}

sub _is_late ($until) { return Time::HiRes::time() > $until }

sub _unlike ($self, $record_type, %range) {
    my $koha = $self->{koha};
    $range{closely} //= $koha->database_time - $CLOSELY;
    return $koha->records_unlike($record_type, $self->_table('indexed_records'), %range);
}

# What hooks have noted. A number is taken away only once its record has been read.
sub _take_changes ($self, $record_type, $until) {
    my $table = $self->_table('changed_records');
    my $dbh = $self->{koha}->dbh;
    until (_is_late($until)) {
        my $rows = $dbh->selectall_arrayref(
            "SELECT number, record_id FROM $table WHERE record_type = ? ORDER BY number LIMIT $STEP",
            undef, $record_type);
        return 1 if !@{$rows};
        $self->index_records($record_type, List::Util::uniq(map { $_->[1] } @{$rows}));
        $dbh->do("DELETE FROM $table WHERE number IN (" . join(',', ('?') x @{$rows}) . ')',
            undef, map { $_->[0] } @{$rows});
    }
    return 0;
}

sub _catch_up_by_time ($self, $record_type, $state, $until, $thorough) {
    my $koha = $self->{koha};
    my $now = $koha->database_time;
    my $long = $thorough || $now - $state->{looked_closely_at} >= $OFTEN;
    my $caught_up_to = List::Util::min($state->{caught_up_to}, $now);
    my $since = $koha->database_time($caught_up_to - ($long ? $LONG_OVERLAP : $OVERLAP));
    my %closely = $long ? (closely => $since) : ();
    while (1) {
        my $records = $self->_unlike($record_type, since => $since, %closely, most => $STEP);
        $self->index_records($record_type, map { $_->{id} } @{$records});
        last if @{$records} < $STEP;
        my $last = $records->[-1]{stamp};
        $since = $koha->database_time($last);
        next if !_is_late($until);
        $self->_set_state($record_type, caught_up_to => $last) if $last > $state->{caught_up_to};
        return 0;
    }
    $self->_set_state($record_type, caught_up_to => $now, $long ? (looked_closely_at => $now) : ())
        if $long || $now - $state->{caught_up_to} >= $CLOSELY;
    return 1;
}

sub _catch_up_by_number ($self, $record_type, $state, $until, $thorough) {
    my $koha = $self->{koha};
    my $highest = $koha->highest_record($record_type);
    my $above = $state->{caught_up_to} - $NUMBERS;
    while (1) {
        my $records = $self->_unlike($record_type, above => $above, most => $STEP);
        $self->index_records($record_type, map { $_->{id} } @{$records});
        last if @{$records} < $STEP;
        $above = $records->[-1]{id};
        return 0 if _is_late($until);
    }
    my $swept_to = $state->{swept_to} < $highest ? $state->{swept_to} : 0;
    my $stop = $thorough ? $swept_to + $highest : $swept_to + $STRETCH;
    my $all = $self->_sweep($record_type, \$swept_to, $stop, $highest, $until);
    $self->_set_state($record_type, caught_up_to => List::Util::max($highest, $state->{caught_up_to}),
        swept_to => $swept_to);
    return $all;
}

# From where the last sweep ended, over the end to the beginning, as far as $stop.
sub _sweep ($self, $record_type, $swept_to, $stop, $highest, $until) {
    my $at = $$swept_to;
    while ($at < $stop) {
        return 0 if _is_late($until);
        my $above = $at >= $highest ? $at - $highest : $at;
        my $next = List::Util::min($at + $LONG_STRETCH, $stop);
        $next = $highest if $at < $highest && $next > $highest;
        my $up_to = $above + $next - $at;
        my $records = $self->_unlike($record_type, above => $above, up_to => $up_to, most => $STEP);
        $self->index_records($record_type, map { $_->{id} } @{$records});
        next if @{$records} == $STEP;
        $at = $next;
        $$swept_to = $up_to;
    }
    return 1;
}

# ---------------------------------------------------------------- rebuilding

# Gives the number after which to go on: an interrupted rebuild is taken up where it was.
sub begin_rebuild ($self, $record_type, %how) {
    my $state = $self->state($record_type);
    return $state->{rebuild_at} if !$how{restart} && $state->{rebuilding} == $RECORD->index_version;
    my $koha = $self->{koha};
    my $from = $koha->finds_by_time($record_type)
        ? $koha->database_time : $koha->highest_record($record_type);
    $self->_set_state($record_type, rebuilding => $RECORD->index_version, rebuild_at => 0,
        rebuild_from => $from);
    return 0;
}

# The next records after a number: {records, unreadable, last}; no `last` at the end. Short
# transactions: who saves a record meanwhile waits for one of them at most.
sub rebuild_chunk ($self, $record_type, $after, $most) {
    my $ids = $self->{koha}->record_ids($record_type, $after, $most);
    my $up_to = @{$ids} ? $ids->[-1] : 2_147_483_647;
    return $self->_in_own_transaction(sub {
        $self->_lock($record_type, @{$ids}) if @{$ids};
        my $stored = $self->{koha}->stored_records($record_type, ids => $ids);
        my %range = (after => $after, up_to => $up_to);
        my $before = $self->_rows_of($record_type, \%range);
        my @gone = $self->_gone($record_type, \%range, $before, $stored);
        $self->_write($record_type, $stored, $before, gone => \@gone);
        $self->_set_state($record_type, rebuild_at => $up_to) if @{$ids};
        return { records => scalar @{$stored}, gone => scalar @gone, last => @{$ids} ? $up_to : undef };
    });
}

# Records that are in the index, but no longer in Koha.
sub _gone ($self, $record_type, $range, $before, $stored) {
    my $table = $self->_table('indexed_records');
    my ($where, @values) = _which($range);
    my $indexed = $self->{koha}->dbh->selectcol_arrayref(
        "SELECT record_id FROM $table WHERE record_type = ? AND $where", undef, $record_type, @values);
    my %missing = map { $_ => 1 } @{$indexed}, keys %{$before};
    delete @missing{ map { $_->{id} } @{$stored} };
    my $there = $self->{koha}->stored_records($record_type, ids => [ sort { $a <=> $b } keys %missing ]);
    delete @missing{ map { $_->{id} } @{$there} };
    my @gone = sort { $a <=> $b } keys %missing;
    return @gone;
}

# What was changed since it began is caught up with from there.
sub finish_rebuild ($self, $record_type) {
    my $version = $RECORD->index_version;
    $self->{koha}->dbh->do('UPDATE ' . $self->_table('index_state')
            . ' SET caught_up_to = IF(version = ?, caught_up_to, rebuild_from), version = ?, rebuilding = 0,'
            . ' rebuild_at = 0, looked_closely_at = 0, rebuilt_at = UTC_TIMESTAMP() WHERE record_type = ?',
        undef, $version, $version, $record_type);
    return;
}

# One process at a time; true where it is this one.
sub lock_rebuild ($self, $record_type) { return $self->{koha}->name_lock("connexion_index_$record_type") }

sub unlock_rebuild ($self, $record_type) { return $self->{koha}->name_unlock("connexion_index_$record_type") }

# ---------------------------------------------------------------- verifying

# The next records after a number, compared with what is indexed of them: {records, last} and lists of
# numbers: wrong (the index should know better), behind (changed since they were indexed), gone, and
# unreadable. Nothing is written.
sub verify_chunk ($self, $record_type, $after, $most) {
    return $self->_in_own_transaction(sub {
        my $stored = $self->{koha}->stored_records($record_type, after => $after, most => $most);
        my $up_to = @{$stored} ? $stored->[-1]{id} : 2_147_483_647;
        my %range = (after => $after, up_to => $up_to);
        my $rows = $self->_rows_of($record_type, \%range);
        my $indexed = $self->_indexed($record_type, \%range);
        my %found = map { $_ => [] } qw(wrong behind unreadable);
        for my $record (@{$stored}) {
            my $what = _compare($record, $rows->{ $record->{id} } // {}, $indexed->{ $record->{id} });
            push @{ $found{$what} }, $record->{id} if $what;
        }
        return { %found, records => scalar @{$stored}, last => @{$stored} ? $up_to : undef,
            gone => [ $self->_gone($record_type, \%range, $rows, $stored) ] };
    });
}

sub _indexed ($self, $record_type, $range) {
    my $table = $self->_table('indexed_records');
    my ($where, @values) = _which($range);
    return $self->{koha}->dbh->selectall_hashref(
        "SELECT record_id, stamp, LOWER(HEX(digest)) AS digest FROM $table WHERE record_type = ? AND $where",
        'record_id', undef, $record_type, @values);
}

sub _compare ($record, $rows, $indexed) {
    my $entries = _entries($record);
    my %wanted = map { _row(@{$_}) => 1 } @{ $entries // [] };
    my @surplus = grep { !$wanted{$_} && !_is_key($_) } keys %{$rows};
    my @missing = grep { !$rows->{$_} } keys %wanted;
    return 'behind' if !$indexed || $indexed->{digest} ne $record->{digest};
    return 'wrong' if @surplus || @missing;
    return $entries ? '' : 'unreadable';
}

# ---------------------------------------------------------------- how it stands

sub counts ($self, $record_type) {
    my $dbh = $self->{koha}->dbh;
    my ($indexed, $unreadable) = $dbh->selectrow_array(
        'SELECT COUNT(*), SUM(readable = 0) FROM ' . $self->_table('indexed_records') . ' WHERE record_type = ?',
        undef, $record_type);
    my ($changed) = $dbh->selectrow_array(
        'SELECT COUNT(*) FROM ' . $self->_table('changed_records') . ' WHERE record_type = ?',
        undef, $record_type);
    return { indexed => $indexed, unreadable => $unreadable // 0, changed => $changed,
        records => $self->{koha}->record_count($record_type) };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Identifiers - the index of the identifiers that records carry

=head1 SYNOPSIS

    my $identifiers = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha);
    $identifiers->catch_up('biblio');
    my $found = $identifiers->find('biblio', [ isbn => '9780306406157' ], [ oclc => '12345' ]);
    print "@{$found->{ids}}";

=head1 DESCRIPTION

SQL on the plugin's own tables: which record has which identifier, whatever a search engine knows.
F<docs/identifier-index.md> says how it is filled and kept current. What is found is a candidate, to
be compared with the record itself; that nothing is found proves nothing.

=head1 METHODS

=head2 new(koha => $koha, log => $log)

=head2 find($record_type, @pairs)

C<{ids, truncated}> of the records that have any of the C<[kind, value]>; C<truncated> where one of
them has too many to be of use. OCLC's merged numbers count as the numbers they are.

=head2 know($record_type, $id, \%more, new => $bool)

Inside the transaction that wrote the record: indexes it as it stands. C<%more> has values by kind
beside its identifiers.

=head2 catch_up($record_type, thorough => $bool)

Indexes what Koha has saved since the last time, in transactions of its own: never call it within
one. True where the index is complete and nothing is left to do. What goes wrong is logged, once a minute at
most, and stands in the state as C<failed_at> and C<failure> until it goes well again.

=head2 is_complete($record_type), state($record_type), counts($record_type)

How it stands.

=head2 index_records($record_type, @ids)

Indexes these records as they are now, or forgets those that are gone.

=head2 begin_rebuild($record_type, restart => $bool), rebuild_chunk($record_type, $after, $most), finish_rebuild($record_type), lock_rebuild($record_type), unlock_rebuild($record_type)

Indexes all records, a stretch at a time.

=head2 verify_chunk($record_type, $after, $most)

Compares the next stretch with the records.

=cut
