package Koha::Plugin::ConnexionGateway::CleanUp;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# Rows in one transaction: an export that comes meanwhile doesn't wait for it.
my $CHUNK = 500;

# A service that left no word for so many days is gone.
my $SERVICE_DAYS = 7;

# What waits for a decision is not, however long it waits.
my $FINISHED = q{e.state NOT IN ('received', 'importing') AND (e.state <> 'held' OR e.repeat_of IS NOT NULL)};

# The last import of a record tells whether somebody has edited it since: its record stays, but nothing
# that tells of people.
my $LAST_IMPORT = 'e.written_digest IS NOT NULL AND e.record IS NOT NULL AND e.repeat_of IS NULL'
    . ' AND NOT EXISTS (SELECT 1 FROM %1$s n WHERE n.record_type = e.record_type AND n.record_id = e.record_id'
    . ' AND (n.finished_at, n.number) > (e.finished_at, e.number) AND n.written_digest IS NOT NULL AND n.record IS NOT NULL AND n.repeat_of IS NULL)';

sub new ($class, %args) { return bless { koha => $args{koha}, days => $args{days} // 0 }, $class }

sub run ($self) {
    my %done = (deleted => 0, stripped => 0);
    if ($self->{days}) {
        $done{deleted} = $self->_in_chunks(\&_delete);
        $done{stripped} = $self->_in_chunks(\&_strip);
    }
    $self->_forget_services;
    return \%done;
}

# What it would do, without doing it.
sub count ($self) {
    return { deleted => 0, stripped => 0 } if !$self->{days};
    my $table = $self->{koha}->table('exports');
    my $last = sprintf $LAST_IMPORT, $table;
    return {
        deleted => $self->_count("$FINISHED AND NOT ($last)"),
        stripped => $self->_count(qq{$FINISHED AND e.login <> '' AND $last}),
    };
}

sub _count ($self, $where) {
    my $table = $self->{koha}->table('exports');
    return scalar $self->{koha}->dbh->selectrow_array(
        "SELECT COUNT(*) FROM $table e WHERE e.received_at < UTC_TIMESTAMP() - INTERVAL ? DAY AND $where",
        undef, $self->{days});
}

sub _in_chunks ($self, $code) {
    my $all = 0;
    while (my $some = $self->$code) { $all += $some }
    return $all;
}

sub _delete ($self) {
    my $table = $self->{koha}->table('exports');
    my $numbers = $self->_numbers(sprintf "$FINISHED AND NOT ($LAST_IMPORT)", $table);
    return $self->_do("DELETE FROM $table WHERE number", @{$numbers});
}

sub _strip ($self) {
    my $table = $self->{koha}->table('exports');
    my $numbers = $self->_numbers(sprintf qq{$FINISHED AND e.login <> '' AND $LAST_IMPORT}, $table);
    return $self->_do("UPDATE $table SET peer = '', login = '', borrowernumber = NULL, reply = NULL, plan = NULL,"
            . ' error = NULL WHERE number', @{$numbers});
}

sub _numbers ($self, $where) {
    my $table = $self->{koha}->table('exports');
    return $self->{koha}->dbh->selectcol_arrayref(
        "SELECT e.number FROM $table e WHERE e.received_at < UTC_TIMESTAMP() - INTERVAL ? DAY AND $where"
            . " ORDER BY e.number LIMIT $CHUNK",
        undef, $self->{days});
}

sub _do ($self, $statement, @numbers) {
    return 0 if !@numbers;
    $self->{koha}->transaction(
        sub ($dbh) { return $dbh->do("$statement IN (" . join(',', ('?') x @numbers) . ')', undef, @numbers) });
    return scalar @numbers;
}

sub _forget_services ($self) {
    $self->{koha}->dbh->do('DELETE FROM ' . $self->{koha}->table('services')
            . " WHERE seen_at < NOW() - INTERVAL $SERVICE_DAYS DAY AND started_at < NOW() - INTERVAL $SERVICE_DAYS DAY");
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::CleanUp - forgets exports that are older than the setting keep_exports says

=head1 DESCRIPTION

Called every night by Koha's own cron job for plugins, and by C<connexion-gateway clean-up>. What is
not finished stays whatever its age.

=head1 METHODS

=head2 new(koha => $koha, days => $days)

With 0 days exports are kept for ever.

=head2 run, count

Cleans up, or only says what it would do: C<{deleted, stripped}>. Of the last import of a record only what
tells of people goes: by the rest the next export knows whether the record was edited since.

=cut
