package Koha::Plugin::ConnexionGateway::Arrival;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Errno        qw(EAGAIN EINTR EWOULDBLOCK);
use Scalar::Util qw(weaken);
use Socket       qw(MSG_PEEK);
use Time::HiRes  qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::ProxyProtocol;

my $LOOK_AGAIN_SECONDS = 0.05;

sub new ($class, %args) {
    my $self = bless { %args, since => clock_gettime(CLOCK_MONOTONIC) }, $class;
    $self->{handle}->blocking(0);
    return $self;
}

# Apart from `new`, because it may be over before this returns.
sub begin ($self) {
    return $self->{proxied} ? $self->_wait_for_header : $self->_greet;
}

sub tick ($self, $now) {
    return if $now - $self->{since} <= $self->{seconds};
    return $self->_gone($self->{proxied} ? 'no PROXY header' : 'no TLS handshake');
}

sub abandon ($self) { return $self->_gone('the service stops') }

# ------------------------------------------------------------------ the balancer's header

sub _wait_for_header ($self) {
    return if !$self->{handle};
    weaken(my $weak = $self);
    $self->{loop}->reactor->io($self->{handle} => sub ($reactor, $writable) { $weak->_look if $weak })
        ->watch($self->{handle}, 1, 0);
    return;
}

# What follows the header belongs to the client, or to TLS: it is left where it is.
sub _look ($self) {
    my $octets = '';
    my $got    = recv $self->{handle}, $octets, $Koha::Plugin::ConnexionGateway::ProxyProtocol::AT_MOST,
        MSG_PEEK;
    return if !defined $got && ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR);
    return $self->_gone('closed before a PROXY header') if !defined $got || !length $octets;
    my $header = Koha::Plugin::ConnexionGateway::ProxyProtocol->read($octets);
    return $self->_gone("a PROXY header was expected: $header->{wrong}") if $header->{wrong};
    $self->{loop}->reactor->remove($self->{handle});
    return $self->_look_again if $header->{more};
    sysread $self->{handle}, $octets, $header->{length};
    $self->{peer} = Koha::Plugin::ConnexionGateway::Addresses->plain($header->{address})
        if defined $header->{address};
    $self->{proxied} = 0;
    return $self->_greet;
}

# Octets that are left to lie keep the socket readable: not all the time, then.
sub _look_again ($self) {
    weaken(my $weak = $self);
    $self->{loop}->timer($LOOK_AGAIN_SECONDS => sub ($loop) { $weak->_wait_for_header if $weak });
    return;
}

# ------------------------------------------------------------------ TLS

sub _greet ($self) {
    return $self->_ready($self->{handle}) if !$self->{tls};
    require Mojo::IOLoop::TLS;
    my $tls = $self->{negotiation} = Mojo::IOLoop::TLS->new($self->{handle})->reactor($self->{loop}->reactor);
    weaken(my $weak = $self);
    $tls->on(upgrade => sub ($tls, $handle) { $weak->_ready($handle) if $weak });
    $tls->on(error => sub ($tls, $error) { $weak->_gone("TLS: $error") if $weak });
    $tls->negotiate(
        server      => 1,
        tls_cert    => $self->{tls}{certificate},
        tls_key     => $self->{tls}{key},
        tls_options => { SSL_version => 'SSLv23:!SSLv2:!SSLv3:!TLSv1:!TLSv1_1' },
    );
    return;
}

# ------------------------------------------------------------------ ends

sub _ready ($self, $handle) {
    return if !delete $self->{handle};
    delete $self->{negotiation};
    $self->{loop}->reactor->remove($handle);
    return $self->{on_ready}->($self, $handle, $self->{peer});
}

sub _gone ($self, $why) {
    my $handle = delete $self->{handle} // return;
    delete $self->{negotiation};
    $self->{loop}->reactor->remove($handle);
    close $handle;    ## no critic (RequireCheckedClose): the other end may be gone already
    $self->{log}->info(no_arrival => peer => $self->{peer}, reason => $why);
    return $self->{on_gone}->($self);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Arrival - what comes before the first byte of an export

=head1 DESCRIPTION

A connection from a balancer begins with a PROXY header, which names the client; one on the TLS port
with a handshake. Both are waited for in the event loop, at no cost to others.

=head1 METHODS

=head2 new

Takes C<handle>, C<peer> (the address that connected), C<loop>, C<log>, C<seconds> (how long it may
take), C<proxied> (true where a PROXY header must come), C<tls> (C<{certificate, key}>, paths, or
undef), C<on_ready>, called with this object, the handle and the client's address, and C<on_gone>,
called with this object.

=head2 begin

Starts it.

=head2 tick($now)

To be called several times a second with the monotonic time.

=head2 abandon

Closes.

=cut
