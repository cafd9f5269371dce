package StatementFaults;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Faults of the database at the n-th statement of Koha's own handle, in this process. What the
# server would do is done: a deadlock has rolled back, a killed connection is killed by another one.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DBI;

my @METHODS = qw(do selectrow_array selectrow_arrayref selectrow_hashref selectall_arrayref
    selectcol_arrayref begin_work commit);

# Numbers and words of the server.
my %ERROR = (
    deadlock => [ 1213, 'Deadlock found when trying to get lock; try restarting transaction' ],
    timeout => [ 1205, 'Lock wait timeout exceeded; try restarting transaction' ],
    full => [ 1030, 'Got error 28 "No space left on device" from storage engine InnoDB' ],
);

my ($count, $wanted, $kind, $lasting, $hit) = (0, 0, '', 0, 0);
my $killer;
our $busy = 0;

# $other: a connection of its own, which may kill.
sub install ($class, $storage, $other) {
    $killer = $other;
    my $calls = $storage->on_connect_call;
    $storage->on_connect_call([
        ref $calls eq 'ARRAY' ? @{$calls} : $calls // (),
        sub ($connected) { _watch($connected->_dbh); return },
    ]);
    $storage->disconnect;
    return;
}

sub _watch ($dbh) {
    $dbh->{Callbacks} = {
        (map { my $method = $_; $method => sub { _statement($_[0], $method) } } @METHODS),
        ChildCallbacks => { execute => sub { _statement($_[0], 'execute') } },
    };
    return;
}

# At the n-th statement from now on; with `lasting` at all after it, too.
sub arm ($class, $new_kind, $n, %options) {
    ($count, $wanted, $kind, $lasting, $hit) = (0, $n, $new_kind, $options{lasting} ? 1 : 0, 0);
    return;
}

# How many faults there were, and statements.
sub disarm ($class) {
    $wanted = 0;
    return ($hit, $count);
}

sub _statement ($handle, $method) {
    return if $busy || !$wanted;
    $count++;
    return if $lasting ? $count < $wanted : $count != $wanted;
    $hit++;
    local $busy = 1;
    my $dbh = $handle->{Type} eq 'st' ? $handle->{Database} : $handle;
    return _kill($dbh, $method) if $kind eq 'kill' || $kind eq 'kill_after_commit';
    $dbh->do('ROLLBACK') if $kind eq 'deadlock' && !$dbh->{AutoCommit};
    $handle->set_err(@{ $ERROR{$kind} });
    undef $_;    # the statement itself is not run
    return;
}

sub _kill ($dbh, $method) {
    $dbh->do('COMMIT') if $kind eq 'kill_after_commit' && $method eq 'commit';
    return if eval { $killer->do("KILL $dbh->{mysql_thread_id}"); 1 };
    die "no kill: $@" if $@ !~ /Unknown thread/;    # it is dead already
    return;
}

1;
