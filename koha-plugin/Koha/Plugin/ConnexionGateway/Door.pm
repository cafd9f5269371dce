package Koha::Plugin::ConnexionGateway::Door;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Errno          qw(EAGAIN ECONNABORTED EINTR EWOULDBLOCK);
use IO::Socket::IP ();
use Scalar::Util   qw(weaken);
use Socket         qw(SOMAXCONN);

my $PAUSE_SECONDS = 1;     # without accepting, when the system has no descriptor left
my $AT_A_TIME     = 50;    # so that those who are in have their turn too

# The error is left in $@.
sub open ($class, %args) {    ## no critic (ProhibitBuiltinHomonyms)
    my $socket = delete $args{socket} // IO::Socket::IP->new(
        LocalHost => $args{address},
        LocalPort => $args{port},
        Listen    => SOMAXCONN,
        ReuseAddr => 1,
    );
    if (!$socket) {
        $@ ||= "$!";    ## no critic (RequireLocalizedPunctuationVars)
        return;
    }
    $socket->blocking(0);
    my $self = bless { %args, socket => $socket }, $class;
    $self->_watch;
    return $self;
}

sub address ($self) { return $self->{socket}->sockhost }

sub port ($self) { return $self->{socket}->sockport }

# What it was opened for: a port of 0 is another one afterwards.
sub opened_for ($self) { return "$self->{address} $self->{port}" }

sub close ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    my $socket = delete $self->{socket} // return;
    $self->{loop}->reactor->remove($socket);
    CORE::close $socket or $self->{log}->warning(close => error => "$!");
    return;
}

sub _watch ($self) {
    my $socket = $self->{socket};
    weaken(my $weak = $self);
    $self->{loop}->reactor->io($socket => sub ($reactor, $writable) { $weak->_accept if $weak })
        ->watch($socket, 1, 0);
    return;
}

sub _accept ($self) {
    for (1 .. $AT_A_TIME) {
        my $socket = $self->{socket} // return;
        if (my $handle = $socket->accept) {
            $self->{on_accept}->($self, $handle);
            next;
        }
        return if $! == EAGAIN || $! == EWOULDBLOCK;
        next   if $! == EINTR  || $! == ECONNABORTED;
        return $self->_pause("$!");
    }
    return;
}

# Without a free descriptor the socket stays readable: looking again at once would only burn time.
sub _pause ($self, $error) {
    $self->{log}->error(cannot_accept => error => $error);
    $self->{loop}->reactor->remove($self->{socket});
    weaken(my $weak = $self);
    $self->{loop}
        ->timer($PAUSE_SECONDS => sub ($loop) { $weak->_watch if $weak && $weak->{socket} });
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Door - one listening socket in the event loop

=head1 METHODS

=head2 open

    my $door = Koha::Plugin::ConnexionGateway::Door->open(
        loop => $loop, log => $log, address => '127.0.0.1', port => 8000,
        on_accept => sub ($door, $handle) { … },
    ) // die $@;

Listens and accepts from then on; where a C<socket> that listens already is given, on that one.

=head2 address, port, opened_for

Where it listens; the address and port that were asked for.

=head2 close

No more connections.

=cut
