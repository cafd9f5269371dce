package Koha::Plugin::ConnexionGateway::HealthDoor;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::Http;

my $SECONDS = 60;

sub new ($class, %args) { return bless {%args}, $class }    # loop, operations, log

# Listens there, or with a port of 0 not at all; a socket may be given that listens already.
sub listen ($self, $address, $port, $socket = undef) {    ## no critic (ProhibitBuiltinHomonyms)
    my $wanted = $port || $socket ? "$address $port" : '';
    return if $wanted eq ($self->{listens_on} // '');
    $self->{loop}->remove(delete $self->{id}) if $self->{id};
    $self->{listens_on} = '';
    return if $wanted eq '';
    my %where = $socket ? (fd => fileno $socket) : (address => $address, port => $port);
    my $id = eval { $self->{loop}->server(\%where => sub ($loop, $stream, $id) { $self->_serve($stream) }) };
    return $self->{log}->error(cannot_listen => address => $address, port => $port, error => $@) if !$id;
    @{$self}{qw(id listens_on socket)} = ($id, $wanted, $socket);
    my $handle = $self->{loop}->acceptor($id)->handle;
    $self->{log}->info(listening_for_health => address => $handle->sockhost, port => $handle->sockport);
    return;
}

sub close ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    return $self->listen('', 0);
}

sub _serve ($self, $stream) {
    my ($head, $answered) = ('', 0);
    $stream->timeout($SECONDS);
    $stream->on(read => sub ($stream, $octets) {
        return if $answered;
        $head = substr $head . $octets, 0, $Koha::Plugin::ConnexionGateway::Http::HEAD_AT_MOST;
        my $request = Koha::Plugin::ConnexionGateway::Http->parse($head);
        return if !defined $request;
        $answered = 1;
        Koha::Plugin::ConnexionGateway::Http->answer($request, $self->_rights($stream->handle), $self->{operations},
            sub ($answer) { $stream->write($answer => sub ($stream) { $stream->close_gracefully }) });
    });
    return;
}

# Who reaches this port may see all of it, but not make the service work.
sub _rights ($self, $handle) {
    my $peer = Koha::Plugin::ConnexionGateway::Addresses->plain($handle->peerhost) // '';
    return { %{ $self->{operations}->rights($peer, $handle->sockhost) }, inside => 1 };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::HealthDoor - a port for monitors alone

=head1 METHODS

=head2 new

Takes C<loop> (a Mojo::IOLoop), C<operations> (L<Koha::Plugin::ConnexionGateway::Operations>) and C<log>.

=head2 listen($address, $port, $socket)

Answers what L<Koha::Plugin::ConnexionGateway::Http> has, on this port and no other; on none where it is
0. A port that can't be had is logged. With a socket it is that one.

=head2 close

Listens no more.

=cut
