package Koha::Plugin::ConnexionGateway::TestTickets;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Password;

# It stands where the login of an export does: a service that knows of no tickets refuses it.
my $PREFIX = 'connexion-gateway-test:';

# From the press of the button to the arrival of the export; what was told is fetched soon after.
my $VALID_SECONDS = 60;
my $KEPT_SECONDS = 3600;

sub new ($class, %args) { return bless { koha => $args{koha} }, $class }

sub _table ($self) { return $self->{koha}->table('test_tickets') }

sub is_ticket ($class, $login) { return index($login // '', $PREFIX) == 0 ? 1 : 0 }

# The ticket itself is known to nobody else: what is kept is a digest.
sub issue ($self, $profile, $borrowernumber) {
    my $ticket = $PREFIX . unpack 'H*', Koha::Plugin::ConnexionGateway::Password->random(16);
    my $table = $self->_table;
    $self->{koha}->transaction(sub ($dbh) {
        $dbh->do("DELETE FROM $table WHERE issued_at < UTC_TIMESTAMP() - INTERVAL ? SECOND", undef, $KEPT_SECONDS);
        $dbh->do("INSERT INTO $table (digest, profile, borrowernumber, issued_at) VALUES (?, ?, ?, UTC_TIMESTAMP())",
            undef, _digest($ticket), $profile, $borrowernumber);
        return;
    });
    return $ticket;
}

# Once, and soon: {digest, profile, borrowernumber}, or undef.
sub redeem ($self, $ticket) {
    my ($table, $digest) = ($self->_table, _digest($ticket));
    return $self->{koha}->transaction(sub ($dbh) {
        my $taken = $dbh->do("UPDATE $table SET used_at = UTC_TIMESTAMP() WHERE digest = ? AND used_at IS NULL"
                . ' AND issued_at >= UTC_TIMESTAMP() - INTERVAL ? SECOND', undef, $digest, $VALID_SECONDS);
        return $taken > 0 ? $self->_row($dbh, $digest) : undef;
    });
}

# What became of the export: {export} or {reason, values}.
sub note ($self, $row, %told) {
    my $table = $self->_table;
    $self->{koha}->transaction(sub ($dbh) {
        $dbh->do("UPDATE $table SET told = ? WHERE digest = ?", undef,
            JSON::PP->new->ascii->canonical->encode(\%told), $row->{digest});
        return;
    });
    return;
}

# What the service has told; undef as long as it has not seen the ticket.
sub told ($self, $ticket) {
    my $row = $self->_row($self->{koha}->dbh, _digest($ticket));
    return if !$row || !defined $row->{told};
    return JSON::PP->new->ascii->decode($row->{told});
}

sub _row ($self, $dbh, $digest) {
    return $dbh->selectrow_hashref('SELECT * FROM ' . $self->_table . ' WHERE digest = ?', undef, $digest);
}

sub _digest ($ticket) { return Digest::SHA::sha256_hex($ticket) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::TestTickets - what lets one export through as a test

=head1 DESCRIPTION

Who may use the plugin gets a ticket for a profile on a page of the staff interface. An export whose login is
that ticket is planned by the profile, and nothing is written, whatever the profile says. A ticket
is good for one request, for a minute; nobody else can make one, and it changes nothing of the profile.

=head1 METHODS

=head2 new(koha => $koha)

=head2 is_ticket($login)

Whether the login of an export means to be one.

=head2 issue($profile, $borrowernumber)

A new ticket for the profile of that name.

=head2 redeem($ticket)

Takes it: its row, or undef where it is unknown, used or too old.

=head2 note(\%row, %told), told($ticket)

What the service tells whoever has sent the ticket.

=cut
