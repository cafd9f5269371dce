package Koha::Plugin::ConnexionGateway::Journal;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 ();
use Digest::SHA ();

use Koha::Plugin::ConnexionGateway::Schema;

my $NOW = 'UTC_TIMESTAMP(3)';

# An export that ended so many importers is set aside; and so is the same record for so many seconds.
my $MOST_ATTEMPTS = 2;
my $SET_ASIDE_SECONDS = 3600;

sub new ($class, %args) { return bless { koha => $args{koha}, lease => $args{lease} // 180 }, $class }

sub lease ($self, $seconds) {
    $self->{lease} = $seconds;
    return;
}

sub digest ($class, $record) { return Digest::SHA::sha256_hex($record) }

sub _table ($self, $name) { return $self->{koha}->table($name) }

# ---------------------------------------------------------------- exports

# All of them or none.
sub receive ($self, @exports) {
    return $self->{koha}->transaction(sub ($dbh) {
        return [ map { $self->_insert($dbh, 'received', %{$_}, digest => $self->digest($_->{record})) } @exports ];
    });
}

# A refused login leaves a trace, but none of its bytes.
sub refuse_login ($self, %export) {
    return $self->{koha}->transaction(
        sub ($dbh) { return $self->_insert($dbh, 'refused', %export, outcome => 'refuse') });
}

sub _insert ($self, $dbh, $state, %values) {
    my @columns = sort keys %values;
    my $table = $self->_table('exports');
    $dbh->do(
        "INSERT INTO $table (state, received_at" . join('', map {", $_"} @columns) . ')'
            . " VALUES (?, $NOW" . (', ?' x @columns) . ')',
        undef, $state, @values{@columns});
    return $dbh->last_insert_id(undef, undef, $table, 'number');
}

# The lease only tells others that somebody is at work; it proves nothing about the outcome. Attempts
# are counted before anything is done: who dies of an export has counted.
sub begin ($self, $number) {
    my $table = $self->_table('exports');
    return $self->{koha}->transaction(sub ($dbh) {
        return $dbh->do(
            "UPDATE $table SET state = 'importing', attempts = attempts + 1,"
                . " lease_until = $NOW + INTERVAL ? SECOND"
                . " WHERE number = ? AND state IN ('received', 'importing') AND attempts < ?",
            undef, $self->{lease}, $number, $MOST_ATTEMPTS) > 0;
    });
}

sub find ($self, $number) {
    return $self->{koha}->dbh->selectrow_hashref(
        'SELECT * FROM ' . $self->_table('exports') . ' WHERE number = ?', undef, $number);
}

sub lock ($self, $number) {    ## no critic (ProhibitBuiltinHomonyms)
    return $self->{koha}->dbh->selectrow_hashref(
        'SELECT * FROM ' . $self->_table('exports') . ' WHERE number = ? FOR UPDATE', undef, $number);
}

sub finish ($self, $number, %values) {
    my @columns = sort keys %values;
    my $table = $self->_table('exports');
    $self->{koha}->dbh->do(
        "UPDATE $table SET finished_at = $NOW, lease_until = NULL,"
            # A decision may come weeks later: how long the import took was told when it was held.
            . " milliseconds = COALESCE(milliseconds, LEAST(TIMESTAMPDIFF(MICROSECOND, received_at, $NOW) DIV 1000, 4294967295))"
            . join('', map {", $_ = ?"} @columns) . ' WHERE number = ?',
        undef, @values{@columns}, $number);
    return;
}

sub set_error ($self, $number, $error) {
    my $table = $self->_table('exports');
    $self->{koha}->dbh->do("UPDATE $table SET error = ? WHERE number = ?", undef, $error, $number);
    return;
}

# The same bytes by the same login within the window, answered already, and not as a test. One that was kept later and is
# done has done what this one was kept for, whatever has held this one up.
sub answered ($self, $export, $window) {
    my $table = $self->_table('exports');
    return $self->{koha}->dbh->selectrow_hashref(
        "SELECT * FROM $table WHERE login = ? AND digest = ? AND number <> ? AND repeat_of IS NULL AND test = 0"
            . " AND (state IN ('done', 'held') OR decided_at IS NOT NULL) AND profile = ?"
            . ' AND (number > ? OR (profile_revision = ? AND received_at >= ? - INTERVAL ? SECOND))'
            . ' ORDER BY number DESC LIMIT 1',
        undef, @{$export}{qw(login digest number profile number profile_revision received_at)}, $window);
}

# A client exports one record after the other: one that has exported another version of the record
# since is not repeating the first one because it had no answer.
sub moved_on ($self, $first, $export) {
    my $table = $self->_table('exports');
    return scalar $self->{koha}->dbh->selectrow_array(
        "SELECT number FROM $table WHERE record_type = ? AND record_id = ? AND number > ? AND number < ?"
            . ' AND peer = ? AND login = ? AND written_digest IS NOT NULL AND repeat_of IS NULL LIMIT 1',
        undef, @{$first}{qw(record_type record_id number)}, @{$export}{qw(number peer login)});
}

# An export that was kept after this one and has written the record already.
sub overtaken ($self, $number, $record_type, $record_id) {
    my $table = $self->_table('exports');
    return scalar $self->{koha}->dbh->selectrow_array(
        "SELECT MAX(number) FROM $table WHERE record_type = ? AND record_id = ? AND number > ?"
            . ' AND written_digest IS NOT NULL AND repeat_of IS NULL',
        undef, $record_type, $record_id, $number);
}

# The same record was set aside not long ago.
sub set_aside ($self, $export) {
    my $table = $self->_table('exports');
    return scalar $self->{koha}->dbh->selectrow_array(
        "SELECT number FROM $table WHERE login = ? AND digest = ? AND state = 'failed' AND outcome = 'set_aside'"
            . " AND finished_at >= $NOW - INTERVAL ? SECOND LIMIT 1",
        undef, @{$export}{qw(login digest)}, $SET_ASIDE_SECONDS);
}

sub abandoned ($self, $most = 20) {
    my $table = $self->_table('exports');
    return $self->{koha}->dbh->selectcol_arrayref(
        "SELECT number FROM $table WHERE (state = 'importing' AND lease_until < $NOW)"
            . " OR (state = 'received' AND received_at < $NOW - INTERVAL ? SECOND)"
            . ' ORDER BY number LIMIT ?',
        undef, $self->{lease}, $most);
}

# Held exports that nobody has decided on, the oldest first.
sub undecided ($self, $most = 1000) {
    my $table = $self->_table('exports');
    return $self->{koha}->dbh->selectall_arrayref(
        'SELECT number, received_at, peer, login, profile, borrowernumber, title, record_type, plan'
            . " FROM $table WHERE state = 'held' AND repeat_of IS NULL ORDER BY number LIMIT ?",
        { Slice => {} }, $most);
}

# What repeats of it were told stands for them no longer.
sub decide ($self, $export, %values) {
    my $number = $export->{number};
    my $table = $self->_table('exports');
    my $dbh = $self->{koha}->dbh;
    $self->finish($number, %values);
    $dbh->do("UPDATE $table SET decided_at = $NOW WHERE number = ?", undef, $number);
    my %same = map { $_ => $values{$_} } grep { exists $values{$_} }
        qw(state outcome plan reply record_type record_id import_batch_id import_record_id);
    my $repeats = $dbh->selectcol_arrayref(
        "SELECT number FROM $table WHERE login = ? AND digest = ? AND repeat_of = ? AND state = 'held' FOR UPDATE",
        undef, @{$export}{qw(login digest number)});
    $self->finish($_, %same) for @{$repeats};
    return;
}

# The export that last wrote a record and was not undone since. One that was held may have been written
# after one with a higher number.
sub last_import ($self, $record_type, $record_id) {
    my $table = $self->_table('exports');
    my $exports = $self->{koha}->dbh->selectall_arrayref(
        "SELECT * FROM $table WHERE record_type = ? AND record_id = ? AND written_digest IS NOT NULL"
            . ' AND record IS NOT NULL AND repeat_of IS NULL ORDER BY finished_at DESC, number DESC LIMIT 5',
        { Slice => {} }, $record_type, $record_id);
    for my $export (@{$exports}) {
        return $export if $self->{koha}->import_stands($export->{import_record_id} // 0);
    }
    return;
}

sub set_undone ($self, $number, $borrowernumber) {
    my $table = $self->_table('exports');
    $self->{koha}->dbh->do("UPDATE $table SET undone_by = ?, undone_at = $NOW WHERE number = ?", undef,
        $borrowernumber, $number);
    return;
}

sub set_indexed ($self, $number) {
    my $table = $self->_table('exports');
    $self->{koha}->dbh->do("UPDATE $table SET index_pending = 0 WHERE number = ?", undef, $number);
    return;
}

# Nobody takes it up any more.
# Why an export can't be imported once more: test, no_record, under_way, or undef.
sub replay_obstacle ($self, $export) {
    return 'test' if $export->{test};
    return 'no_record' if !length($export->{record} // '');
    return 'under_way' if $export->{state} =~ /\A(?:received|importing)\z/ && !$self->is_given_up($export);
    return;
}

sub is_given_up ($self, $export) {
    return $export->{state} =~ /\A(?:received|importing)\z/ && $export->{attempts} >= $MOST_ATTEMPTS;
}

# Numbers of exports that need somebody to look: given up after too many attempts (unless the same
# record came through later), kept but not imported for so many seconds, imported but not handed to the indexer.
sub stuck ($self, $seconds, $most = 100) {
    my $table = $self->_table('exports');
    my $unfinished = q{state IN ('received', 'importing')};
    my %where = (
        given_up => "(($unfinished AND attempts >= $MOST_ATTEMPTS)"
            . q{ OR (state = 'failed' AND outcome = 'set_aside'))}
            . " AND NOT EXISTS (SELECT 1 FROM $table d WHERE d.login = e.login AND d.digest = e.digest"
            . q{ AND d.number > e.number AND d.state = 'done')},
        waiting => "$unfinished AND attempts < $MOST_ATTEMPTS AND received_at < $NOW - INTERVAL " . int($seconds) . ' SECOND',
        unindexed => "index_pending = 1 AND state = 'done' AND finished_at < $NOW - INTERVAL " . int($seconds) . ' SECOND',
    );
    return {
        map {
            $_ => $self->{koha}->dbh->selectcol_arrayref(
                "SELECT number FROM $table e WHERE $where{$_} ORDER BY number LIMIT ?", undef, $most)
        } keys %where
    };
}

# What became of the exports since midnight.
sub outcomes_today ($self) {
    my $table = $self->_table('exports');
    my $rows = $self->{koha}->dbh->selectall_arrayref(
        'SELECT IF(state IN (\'done\', \'refused\') AND outcome IS NOT NULL, outcome, state), COUNT(*)'
            . " FROM $table WHERE received_at >= $NOW - INTERVAL TIME_TO_SEC(CURTIME()) SECOND GROUP BY 1");
    my %word = (add => 'added', overlay => 'overlaid', ignore => 'ignored', refuse => 'refused', hold => 'held');
    my %counts;
    $counts{ $word{ $_->[0] } // $_->[0] } += $_->[1] for @{$rows};
    return \%counts;
}

sub counts ($self) {
    my $table = $self->_table('exports');
    my $rows = $self->{koha}->dbh->selectall_arrayref(
        "SELECT state, COUNT(*) FROM $table WHERE test = 0 GROUP BY state");
    return { map { $_->[0] => 0 + $_->[1] } @{$rows} };
}

sub last_failure ($self) {
    return $self->{koha}->dbh->selectrow_hashref(
        'SELECT number, received_at, reply, error FROM ' . $self->_table('exports')
            . " WHERE state = 'failed' ORDER BY number DESC LIMIT 1");
}

sub latest ($self, $most = 20) {
    my $table = $self->_table('exports');
    return $self->{koha}->dbh->selectall_arrayref(
        'SELECT number, received_at, finished_at, peer, login, profile, borrowernumber, state, outcome, preview,'
            . ' title, record_type, record_id, import_batch_id, repeat_of, milliseconds, reply, error'
            . " FROM $table ORDER BY number DESC LIMIT ?",
        { Slice => {} }, $most);
}

# ---------------------------------------------------------------- slots

# Rows are locked instead of names: a fixed number of them, in sorted order, so that two gateways
# on two machines exclude each other and nobody waits in a circle.
sub lock_slots ($self, @names) {
    my %slots = map { _slot($_) => 1 } @names;
    my @slots = sort { $a <=> $b } keys %slots;
    return 0 if !@slots;
    my $table = $self->_table('slots');
    my $locked = $self->{koha}->dbh->selectcol_arrayref(
        "SELECT slot FROM $table WHERE slot IN (" . join(',', ('?') x @slots)
            . ') ORDER BY slot FOR UPDATE',
        undef, @slots);
    return scalar @{$locked};
}

sub _slot ($name) {
    utf8::encode($name) if utf8::is_utf8($name);
    return unpack('N', Digest::MD5::md5($name)) % $Koha::Plugin::ConnexionGateway::Schema::SLOTS;
}

# ---------------------------------------------------------------- batches that collect staged exports

sub open_batch ($self, $profile, $revision, $record_type) {
    my $table = $self->_table('open_batches');
    my ($batch) = $self->{koha}->dbh->selectrow_array(
        "SELECT import_batch_id FROM $table WHERE profile = ? AND revision = ? AND record_type = ?",
        undef, $profile, $revision, $record_type);
    return $batch;
}

sub set_open_batch ($self, $profile, $revision, $record_type, $batch_id) {
    my $table = $self->_table('open_batches');
    $self->{koha}->dbh->do(
        "REPLACE INTO $table (profile, revision, record_type, import_batch_id) VALUES (?, ?, ?, ?)",
        undef, $profile, $revision, $record_type, $batch_id);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Journal - the table of exports, and the rows that exclude

=head1 DESCRIPTION

SQL on the plugin's own tables only. C<receive>, C<refuse_login> and C<begin> are transactions of
their own; C<lock>, C<lock_slots>, C<answered>, C<finish> and the batches belong inside the caller's. All times are UTC.

=head1 METHODS

=head2 new(koha => $koha, lease => $seconds)

=head2 digest($record)

SHA-256 of the record's octets in hexadecimal.

=head2 lease($seconds)

How long an export is left to whoever has begun it.

=head2 receive(\%columns, ...)

Adds the rows of one request and returns their numbers.

=head2 refuse_login(%columns)

Adds a row and returns its number.

=head2 begin($number)

Takes the lease and counts; false where the export is finished already, or has ended too many importers.

=head2 find($number), lock($number), finish($number, %columns), set_error($number, $text), set_indexed($number), set_undone($number, $borrowernumber)

One row, as a hash.

=head2 answered(\%export, $seconds)

The finished export of the same bytes by the same login that a repeat is answered from.

=head2 moved_on(\%first, \%export)

Whether the same client has exported another version between the two.

=head2 overtaken($number, $record_type, $record_id)

The number of an export that was kept later and has written the record already.

=head2 set_aside(\%export)

Whether the same record by the same login was set aside within the last hour.

=head2 abandoned($most)

Numbers of exports whose importer is gone.

=head2 undecided($most)

Held exports that nobody has decided on.

=head2 decide(\%export, %columns)

Finishes a held export that was decided on, and its repeats with it.

=head2 last_import($record_type, $record_id)

The export that last wrote a record, if it was not undone.

=head2 replay_obstacle(\%export)

Why it can't be imported once more, as C<test>, C<no_record> or C<under_way>; otherwise undef.

=head2 is_given_up(\%export)

Whether it was tried too often, and nobody takes it up any more.

=head2 stuck($seconds, $most)

Numbers of exports that nobody will finish by himself: C<{given_up, waiting, unindexed}>.

=head2 counts, outcomes_today, last_failure, latest($most)

For the status and the log.

=head2 lock_slots(@names)

Locks the slots that the names hash to until the transaction ends.

=head2 open_batch(...), set_open_batch(...)

The import batch that collects a profile's staged exports.

=cut
