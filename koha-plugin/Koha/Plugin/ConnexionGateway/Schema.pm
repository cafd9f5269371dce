package Koha::Plugin::ConnexionGateway::Schema;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

our $SLOTS = 251;

# Each step is safe to run again: a step that was cut off is simply repeated.
my @STEPS = (\&_step_1, \&_step_written_digest, \&_step_index, \&_step_preview, \&_step_wishes,
    \&_step_decisions, \&_step_index_failure, \&_step_test_tickets, \&_step_undo);

sub version ($class) { return scalar @STEPS }

sub install ($class, $koha) {
    my $dbh = $koha->dbh;
    local $dbh->{RaiseError} = 1;
    local $dbh->{PrintError} = 0;
    $_->($dbh, $koha) for @STEPS;
    return 1;
}

sub installed ($class, $koha) { return $class->has_table($koha, 'exports') }

sub has_table ($class, $koha, $name) {
    my $found = $koha->dbh->selectcol_arrayref('SHOW TABLES LIKE ?', undef, $koha->table($name));
    return @{$found} ? 1 : 0;
}

# Those of another version too: Koha's page may be answered by a process that has not seen the last upload.
sub uninstall ($class, $koha) {
    my $dbh = $koha->dbh;
    local $dbh->{RaiseError} = 1;
    my $pattern = $koha->table('') =~ s/_/\\_/gr . '%';
    $dbh->do("DROP TABLE `$_`") for @{ $dbh->selectcol_arrayref('SHOW TABLES LIKE ?', undef, $pattern) };
    return 1;
}

sub tables ($class) {
    return qw(exports slots identifiers profiles settings open_batches indexed_records index_state
        changed_records wishes services test_tickets);
}

sub _step_1 ($dbh, $koha) {
    my $charset = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';
    my %table = map { $_ => $koha->table($_) } __PACKAGE__->tables;
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{exports} (
  number INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  received_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  peer VARCHAR(64) NOT NULL DEFAULT '',
  login VARCHAR(190) NOT NULL DEFAULT '',
  profile VARCHAR(64) NULL,
  profile_revision INT UNSIGNED NULL,
  borrowernumber INT NULL,
  digest CHAR(64) NULL,
  record LONGBLOB NULL,
  state ENUM('received','importing','done','held','refused','failed') NOT NULL,
  lease_until DATETIME(3) NULL,
  attempts INT UNSIGNED NOT NULL DEFAULT 0,
  outcome VARCHAR(16) NULL,
  title VARCHAR(255) NULL,
  plan LONGTEXT NULL,
  reply TEXT NULL,
  record_type VARCHAR(10) NULL,
  record_id INT NULL,
  import_batch_id INT NULL,
  import_record_id INT NULL,
  repeat_of INT UNSIGNED NULL,
  index_pending TINYINT NOT NULL DEFAULT 0,
  milliseconds INT UNSIGNED NULL,
  error TEXT NULL,
  KEY login_digest (login, digest),
  KEY state (state, lease_until),
  KEY received_at (received_at),
  KEY record (record_type, record_id)
) $charset
SQL
    $dbh->do("CREATE TABLE IF NOT EXISTS $table{slots} (slot SMALLINT UNSIGNED NOT NULL PRIMARY KEY) $charset");
    $dbh->do("INSERT IGNORE INTO $table{slots} (slot) VALUES "
            . join ',', map {"($_)"} 0 .. $SLOTS - 1);
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{identifiers} (
  record_type VARCHAR(10) NOT NULL,
  kind VARCHAR(40) NOT NULL,
  value_hash BINARY(16) NOT NULL,
  record_id INT NOT NULL,
  PRIMARY KEY (record_type, kind, value_hash, record_id),
  KEY record (record_type, record_id)
) $charset
SQL
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{profiles} (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  login VARCHAR(190) NULL,
  password_hash VARCHAR(255) NULL,
  enabled TINYINT NOT NULL DEFAULT 1,
  revision INT UNSIGNED NOT NULL DEFAULT 1,
  body LONGTEXT NOT NULL,
  UNIQUE KEY login (login)
) $charset
SQL
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{settings} (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) $charset
SQL
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{open_batches} (
  profile VARCHAR(64) NOT NULL,
  revision INT UNSIGNED NOT NULL,
  record_type VARCHAR(10) NOT NULL,
  import_batch_id INT NOT NULL,
  PRIMARY KEY (profile, revision, record_type)
) $charset
SQL
    return;
}

# What a record held when it was written, to tell whether somebody edited it since.
sub _step_written_digest ($dbh, $koha) {
    _add_column($dbh, $koha->table('exports'), written_digest => 'CHAR(64) NULL');
    return;
}

# The index of identifiers: each record as it was when it was indexed, how far a rebuild and the
# catching up have come, and what Koha's hooks have told of. The last is only added to: an insert
# that has to wait, or loses a deadlock, would hurt the transaction of whoever saves a record.
sub _step_index ($dbh, $koha) {
    my $charset = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';
    my %table = map { $_ => $koha->table($_) } __PACKAGE__->tables;
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{indexed_records} (
  record_type VARCHAR(10) NOT NULL,
  record_id INT NOT NULL,
  stamp BIGINT NOT NULL,
  settled TINYINT NOT NULL DEFAULT 1,
  readable TINYINT NOT NULL DEFAULT 1,
  digest BINARY(16) NOT NULL,
  PRIMARY KEY (record_type, record_id)
) $charset
SQL
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{index_state} (
  record_type VARCHAR(10) NOT NULL PRIMARY KEY,
  version INT NOT NULL DEFAULT 0,
  rebuilt_at DATETIME NULL,
  rebuilding INT NOT NULL DEFAULT 0,
  rebuild_from BIGINT NOT NULL DEFAULT 0,
  rebuild_at INT NOT NULL DEFAULT 0,
  caught_up_to BIGINT NOT NULL DEFAULT 0,
  looked_closely_at BIGINT NOT NULL DEFAULT 0,
  swept_to INT NOT NULL DEFAULT 0
) $charset
SQL
    $dbh->do("INSERT IGNORE INTO $table{index_state} (record_type) VALUES ('biblio'), ('authority')");
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{changed_records} (
  number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  record_type VARCHAR(10) NOT NULL,
  record_id INT NOT NULL
) $charset
SQL
    return;
}

# An export of which only the plan was made.
sub _step_preview ($dbh, $koha) {
    _add_column($dbh, $koha->table('exports'), preview => 'TINYINT NOT NULL DEFAULT 0');
    return;
}

# What the services are wished to do, and where they are.
sub _step_wishes ($dbh, $koha) {
    my $charset = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';
    my %table = map { $_ => $koha->table($_) } __PACKAGE__->tables;
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{wishes} (
  name VARCHAR(20) NOT NULL PRIMARY KEY,
  value VARCHAR(20) NOT NULL,
  wished_at DATETIME NOT NULL
) $charset
SQL
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table{services} (
  name VARCHAR(190) NOT NULL PRIMARY KEY,
  host VARCHAR(100) NOT NULL,
  address VARCHAR(64) NOT NULL,
  port INT NOT NULL,
  pid INT NOT NULL,
  version VARCHAR(40) NOT NULL,
  started_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  paused TINYINT NOT NULL DEFAULT 0
) $charset
SQL
    return;
}

# Who decided what about a held export.
sub _step_decisions ($dbh, $koha) {
    my $table = $koha->table('exports');
    _add_column($dbh, $table, decided_by => 'INT NULL');
    _add_column($dbh, $table, decided_at => 'DATETIME(3) NULL');
    _add_column($dbh, $table, decision => 'TEXT NULL');
    return;
}

# Why the index of identifiers could not be brought up to date the last time.
sub _step_index_failure ($dbh, $koha) {
    my $table = $koha->table('index_state');
    _add_column($dbh, $table, failed_at => 'BIGINT NULL');
    _add_column($dbh, $table, failure => 'TEXT NULL');
    return;
}

# Exports that test a profile, and what lets them in.
sub _step_test_tickets ($dbh, $koha) {
    my $charset = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin';
    my $table = $koha->table('test_tickets');
    $dbh->do(<<"SQL");
CREATE TABLE IF NOT EXISTS $table (
  digest CHAR(64) NOT NULL PRIMARY KEY,
  profile VARCHAR(64) NOT NULL,
  borrowernumber INT NOT NULL,
  issued_at DATETIME NOT NULL,
  used_at DATETIME NULL,
  told TEXT NULL
) $charset
SQL
    _add_column($dbh, $koha->table('exports'), test => 'TINYINT NOT NULL DEFAULT 0');
    return;
}

# Who took an export back.
sub _step_undo ($dbh, $koha) {
    my $table = $koha->table('exports');
    _add_column($dbh, $table, undone_by => 'INT NULL');
    _add_column($dbh, $table, undone_at => 'DATETIME(3) NULL');
    return;
}

# MySQL has no IF NOT EXISTS for columns.
sub _add_column ($dbh, $table, $column, $definition) {
    my $there = $dbh->selectcol_arrayref("SHOW COLUMNS FROM $table LIKE ?", undef, $column);
    $dbh->do("ALTER TABLE $table ADD COLUMN $column $definition") if !@{$there};
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Schema - the plugin's own tables

=head1 DESCRIPTION

Makes and upgrades the tables; DDL commits, so never within a transaction.

=head1 METHODS

=head2 install($koha), installed($koha), uninstall($koha)

Each may be called again at any time. C<$koha> is a L<Koha::Plugin::ConnexionGateway::Koha>.

=head2 has_table($koha, $name)

Whether there is one of them, by its short name.

=head2 tables, version

Short names of the tables; the number of steps.

=cut
