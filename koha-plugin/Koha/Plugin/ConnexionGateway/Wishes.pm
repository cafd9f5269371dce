package Koha::Plugin::ConnexionGateway::Wishes;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Error;

my %STATES = map { $_ => 1 } qw(accept drain);

my @COLUMNS = qw(host address port pid version started_at paused);

sub new ($class, %args) { return bless { koha => $args{koha} }, $class }

sub _table ($self, $name) { return $self->{koha}->table($name) }

# ---------------------------------------------------------------- what is wished

sub wish_state ($self, $state) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'wishes.unknown',
        message => qq(There is no state "$state": accept or drain.))
        if !$STATES{$state};
    return $self->_wish(state => '?', $state);
}

sub wish_reload ($self) { return $self->_wish(reload => 'value + 1') }

sub _wish ($self, $name, $update, @values) {
    my $table = $self->_table('wishes');
    $self->{koha}->transaction(sub ($dbh) {
        $dbh->do("INSERT INTO $table (name, value, wished_at) VALUES (?, ?, UTC_TIMESTAMP())"
                . " ON DUPLICATE KEY UPDATE value = $update, wished_at = UTC_TIMESTAMP()",
            undef, $name, $values[0] // 1, @values);
        return;
    });
    return;
}

sub wished ($self) {
    my $rows = $self->{koha}->dbh->selectall_arrayref('SELECT name, value FROM ' . $self->_table('wishes'));
    return { state => 'accept', reload => 0, map { @{$_} } @{$rows} };
}

# ---------------------------------------------------------------- the services there are

sub here_is ($self, $service) {
    my @columns = grep { defined $service->{$_} } @COLUMNS;
    my @values = map { $_ eq 'started_at' ? 'FROM_UNIXTIME(?)' : '?' } @columns;
    my $table = $self->_table('services');
    $self->{koha}->dbh->do("REPLACE INTO $table (name, seen_at, " . join(', ', @columns) . ')'
            . ' VALUES (?, NOW(), ' . join(', ', @values) . ')',
        undef, "$service->{host} $service->{address} $service->{port}", @{$service}{@columns});
    return;
}

sub services ($self) {
    return $self->{koha}->dbh->selectall_arrayref('SELECT * FROM ' . $self->_table('services') . ' ORDER BY name',
        { Slice => {} });
}

sub forget ($self, $name) {
    $self->{koha}->dbh->do('DELETE FROM ' . $self->_table('services') . ' WHERE name = ?', undef, $name);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Wishes - what the services of the gateway are wished to do, as rows of a table

=head1 DESCRIPTION

Staff pages and commands never start or stop a process, and know nothing of other machines: they write
here what is wished. A service looks whenever an importer of its is idle, and at once when it is asked
for C</wishes> over HTTP. Each service leaves a row that says where it is.

=head1 METHODS

=head2 new(koha => $koha)

=head2 wish_state($state), wish_reload

C<accept> or C<drain> (finish what is under way, and refuse what comes); read the settings again.

=head2 wished

C<{state, reload}>: C<reload> is a number that grows with each such wish.

=head2 here_is(\%service), services, forget($name)

A service as C<{host, address, port, pid, version, started_at, paused}>; all of them, with C<name> and
C<seen_at>.

=cut
