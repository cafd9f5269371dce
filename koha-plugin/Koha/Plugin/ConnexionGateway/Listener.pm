package Koha::Plugin::ConnexionGateway::Listener;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Errno          qw(EAGAIN ECONNABORTED EINTR EWOULDBLOCK);
use IO::Socket::IP ();
use POSIX          ();
use Socket         qw(AF_INET AF_INET6 SOMAXCONN inet_pton);
use Time::HiRes    qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Connection;
use Koha::Plugin::ConnexionGateway::ImporterPool;
use Koha::Plugin::ConnexionGateway::Log;

my $TICK_SECONDS    = 0.2;
my $PAUSE_SECONDS   = 1;      # without accepting, when the system has no descriptor left
my $REFUSED_AT_MOST = 100;    # connections that are kept only to hear why they are refused
my $OTHER_FILES     = 64;     # descriptors besides those of connections

our %DEFAULTS = (
    bind                        => '127.0.0.1',
    port                        => 8000,
    allow                       => [],
    max_connections             => 600,
    max_connections_per_address => 120,
    max_request_bytes           => 2_000_000,
    max_request_records         => 100,
    first_byte_timeout          => 60,
    between_bytes_timeout       => 8,
    request_timeout             => 120,
    idle_timeout                => 10,
    answer_within               => 8,
    max_importers               => 4,
    importer_idle               => 300,
    importer_exports            => 500,
    import_timeout              => 120,
    max_queue                   => 500,
    queue_timeout               => 60,
    drain_timeout               => 30,
);

my %TEXT = (
    not_allowed => 'This address (%s) may not export to this gateway. Nothing was imported. '
        . 'The administrator of Koha can add it to the addresses that may.',
    crowded =>
        'The gateway has too many connections (%d). Nothing was imported; export it again later.',
    one_address => 'The gateway has too many connections from %s (%d). Nothing was imported; '
        . 'close some, or export it again later.',
);

sub new ($class, %args) {
    my $self = bless {
        command => $args{command} // croak('A listener needs the command that starts an importer'),
        overrides   => $args{overrides} // {},
        log         => $args{log}       // Koha::Plugin::ConnexionGateway::Log->new,
        on_ready    => $args{on_ready}  // sub { },
        limits      => {},
        connections => {},
        by_address  => {},
        refused     => 0,
        status      => 0,
    }, $class;
    require Koha::Plugin::ConnexionGateway::Core::RequestParser;
    require Mojo::IOLoop;
    $self->{loop} = Mojo::IOLoop->singleton;
    $self->_take_settings({});
    $self->{pool} = Koha::Plugin::ConnexionGateway::ImporterPool->new(
        loop    => $self->{loop},
        log     => $self->{log},
        command => $self->{command},
        limits  => $self->{limits},
    );
    return $self;
}

sub run ($self) {
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{HUP}  = sub { $self->_reload };
    local $SIG{TERM} = my $stop = sub { $self->_drain };
    local $SIG{INT}  = $stop;
    my $loop = $self->{loop};
    $loop->reactor->unsubscribe('error')
        ->on(error => sub ($reactor, $error) { $self->{log}->error(exception => error => $error) });
    my $tick = $loop->recurring($TICK_SECONDS => sub ($loop) { $self->_tick });
    $self->{pool}->settings(sub ($settings, $problem) { $self->_begin($settings, $problem) });
    $loop->start;
    $loop->remove($tick);
    return $self->{status};
}

sub _begin ($self, $settings, $problem) {
    return $self->_fail('no_settings', error => $problem) if !$settings;
    return                                                if $self->{draining};
    $self->_take_settings($settings);
    my $socket = $self->_listen // return $self->_fail(
        'cannot_listen',
        address => $self->{limits}{bind},
        port    => $self->{limits}{port},
        error   => $self->{listen_error}
    );
    $self->_accept_from($socket);
    return;
}

sub _fail ($self, $event, @pairs) {
    $self->{log}->error($event => @pairs);
    $self->{status} = 1;
    $self->{pool}->stop;
    $self->{loop}->stop;
    return;
}

# ------------------------------------------------------------------ settings

# The hash stays the same one: connections and the pool hold it.
sub _take_settings ($self, $settings) {
    my $limits = $self->{limits};
    for my $name (keys %DEFAULTS) {
        $limits->{$name} = $self->{overrides}{$name} // $settings->{$name} // $DEFAULTS{$name};
    }
    $limits->{allow} = [grep { length } split /[\s,;]+/, $limits->{allow}] if !ref $limits->{allow};
    $self->{log}->format($settings->{log_format})->export_format
        if $settings->{log_format} && !$self->{overrides}{log_format};
    $self->_respect_open_files;
    return;
}

sub _respect_open_files ($self) {
    my $limits = $self->{limits};
    my $most   = (POSIX::sysconf(POSIX::_SC_OPEN_MAX()) // 1024) - $REFUSED_AT_MOST - $OTHER_FILES;
    return if $limits->{max_connections} <= $most || $most < 1;
    $self->{log}->warning(
        fewer_connections => wanted => $limits->{max_connections},
        possible          => $most,
        reason            => 'limit of open files'
    );
    $limits->{max_connections} = $most;
    return;
}

sub _reload ($self) {
    return if $self->{draining} || $self->{reloading}++;
    $self->{log}->info('reloading');
    $self->{pool}->settings(
        sub ($settings, $problem) {
            delete $self->{reloading};
            return $self->{log}->error(not_reloaded => error => $problem) if !$settings;
            $self->_take_settings($settings);
            $self->_move if !$self->{draining};
            return $self->{log}->info('reloaded');
        }
    );
    return;
}

# Another address or port: the old one is let go only when the new one is had.
sub _move ($self) {
    my $wanted = join ' ', @{ $self->{limits} }{qw(bind port)};
    return if $self->{listens_on} eq $wanted;
    my $socket = $self->_listen;
    return $self->{log}->error(cannot_listen => address => $wanted, error => $self->{listen_error})
        if !$socket;
    $self->_stop_accepting;
    return $self->_accept_from($socket);
}

# ------------------------------------------------------------------ accepting

sub _listen ($self) {
    my $limits = $self->{limits};
    my $socket = IO::Socket::IP->new(
        LocalHost => $limits->{bind},
        LocalPort => $limits->{port},
        Listen    => SOMAXCONN,
        ReuseAddr => 1,
    );
    $self->{listen_error} = $socket ? '' : $@ || "$!";
    $socket->blocking(0) if $socket;
    return $socket;
}

sub _accept_from ($self, $socket) {
    $self->{socket}     = $socket;
    $self->{listens_on} = join ' ', @{ $self->{limits} }{qw(bind port)};
    $self->_watch($socket);
    $self->{log}
        ->info(listening => address => $socket->sockhost, port => $socket->sockport, pid => $$);
    $self->{on_ready}->($socket->sockhost, $socket->sockport);
    return;
}

sub _watch ($self, $socket) {
    $self->{loop}->reactor->io($socket => sub ($reactor, $writable) { $self->_accept })
        ->watch($socket, 1, 0);
    return;
}

sub _stop_accepting ($self) {
    my $socket = delete $self->{socket} // return;
    $self->{loop}->reactor->remove($socket);
    close $socket or $self->{log}->warning(close => error => "$!");
    return;
}

sub _accept ($self) {
    for (1 .. 50) {
        my $socket = $self->{socket} // return;
        if (my $handle = $socket->accept) {
            $self->_take($handle);
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
    my $socket = $self->{socket};
    $self->{loop}->reactor->remove($socket);
    $self->{loop}->timer($PAUSE_SECONDS =>
            sub ($loop) { $self->_watch($socket) if $self->{socket} && $self->{socket} == $socket }
    );
    return;
}

sub _take ($self, $handle) {
    my $peer    = _plain_address($handle->peerhost) // return;    # it is gone already
    my $refusal = $self->_refusal($peer);
    if ($refusal && $self->{refused} >= $REFUSED_AT_MOST) {
        $self->{log}->warning(dropped => peer => $peer);
        return;
    }
    $handle->blocking(0);
    my $connection = $self->_connection($handle, $peer);
    $self->{connections}{$connection} = $connection;
    return $self->_count($peer, 1) if !$refusal;
    $self->{refused}++;
    $connection->{counted_as_refused} = 1;
    $self->{log}->warning(refused => peer => $peer, reason => $refusal);
    return $connection->refuse($refusal);
}

sub _connection ($self, $handle, $peer) {
    return Koha::Plugin::ConnexionGateway::Connection->new(
        handle => $handle,
        peer   => $peer,
        loop   => $self->{loop},
        pool   => $self->{pool},
        limits => $self->{limits},
        log    => $self->{log},
        parser => Koha::Plugin::ConnexionGateway::Core::RequestParser->new(
            max_bytes   => $self->{limits}{max_request_bytes},
            max_records => $self->{limits}{max_request_records},
        ),
        on_close => sub ($connection) { $self->_closed($connection) },
    );
}

sub _closed ($self, $connection) {
    delete $self->{connections}{$connection};
    if   ($connection->{counted_as_refused}) { $self->{refused}-- }
    else                                     { $self->_count($connection->peer, -1) }
    return;
}

sub _count ($self, $peer, $more) {
    my $by_address = $self->{by_address};
    delete $by_address->{$peer} if !($by_address->{$peer} += $more);
    return;
}

sub _refusal ($self, $peer) {
    my $limits = $self->{limits};
    return sprintf $TEXT{not_allowed}, $peer if !allowed($peer, @{ $limits->{allow} });
    my $all = keys(%{ $self->{connections} }) - $self->{refused};
    return sprintf $TEXT{crowded}, $all if $all >= $limits->{max_connections};
    my $one = $self->{by_address}{$peer} // 0;
    return sprintf $TEXT{one_address}, $peer, $one
        if $one >= $limits->{max_connections_per_address};
    return;
}

sub _plain_address ($address) {
    $address =~ s/\A::ffff:(?=[0-9.]+\z)//i if defined $address;
    return $address;
}

sub allowed ($address, @list) {
    return 1 if !@list;
    my $bits = _bits($address) // return 0;
    for my $entry (@list) {
        my ($network, $length) = split m{/}, $entry, 2;
        my $wanted = _bits($network) // next;
        next if length $wanted != length $bits;
        $length = length $wanted
            if !defined $length || $length !~ /\A[0-9]{1,3}\z/ || $length > length $wanted;
        return 1 if substr($bits, 0, $length) eq substr $wanted, 0, $length;
    }
    return 0;
}

sub _bits ($address) {
    my $octets = inet_pton($address =~ /:/ ? AF_INET6 : AF_INET, $address) // return;
    return unpack 'B*', $octets;
}

# ------------------------------------------------------------------ time, and the end

sub _tick ($self) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    $self->{pool}->tick;
    $_->tick($now) for values %{ $self->{connections} };
    return if !$self->{draining};
    my $busy = $self->{pool}->busy || keys %{ $self->{connections} };
    $self->_finish if !$busy       || $now > $self->{draining};
    return;
}

sub _drain ($self) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    return $self->{draining} = $now if $self->{draining};    # asked twice: no more patience
    $self->{draining} = $now + $self->{limits}{drain_timeout};
    $self->{log}->info(
        stopping    => exports => $self->{pool}->busy,
        connections => scalar keys %{ $self->{connections} }
    );
    $self->_stop_accepting;
    $_->drain for values %{ $self->{connections} };
    return;
}

sub _finish ($self) {
    $_->abandon for values %{ $self->{connections} };
    $self->{pool}->stop;
    $self->{log}->info('stopped');
    $self->{loop}->stop;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Listener - the socket that the Connexion Client exports to

=head1 SYNOPSIS

    my $listener = Koha::Plugin::ConnexionGateway::Listener->new(
        command   => [$^X, 'bin/connexion-gateway', 'importer', '--fd'],
        overrides => {port => 9876},
    );
    exit $listener->run;

=head1 DESCRIPTION

One event loop. It loads the core, for the framing of requests, but neither Koha nor a database:
those are in the importers, which L<Koha::Plugin::ConnexionGateway::ImporterPool> keeps. Any number
of slow clients cost the others nothing.

Settings come from the first importer, and again with SIGHUP. SIGTERM and SIGINT stop accepting, let
what is under way end, and end the service.

A request for C</health> over HTTP on the same port is answered with C<ok>.

=head1 SETTINGS

Times are in seconds.

=over

=item bind, port

Where to listen (127.0.0.1, 8000).

=item allow

Addresses and networks (C<192.0.2.7>, C<192.0.2.0/24>, C<2001:db8::/32>) that may export: an array, or
a string with spaces or commas. Empty: all.

=item max_connections, max_connections_per_address

600 and 120.

=item max_request_bytes, max_request_records

2,000,000 and 100.

=item first_byte_timeout, between_bytes_timeout, request_timeout

How long a client may take: to its first byte (60), between two bytes of a request (8), and for a whole
request (120).

=item idle_timeout

How long a connection is kept after a reply (10); closing is the client's part.

=item answer_within

After this time an export that is kept, but not yet done, is answered by its number (8).

=item max_importers, importer_idle, importer_exports, import_timeout, max_queue, queue_timeout

See L<Koha::Plugin::ConnexionGateway::ImporterPool> (4, 300, 500, 120, 500, 60).

=item drain_timeout

How long SIGTERM waits for what is under way (30).

=item log_format

C<text> or C<json>.

=back

=head1 METHODS

=head2 new

Takes C<command>, which starts an importer when the number of a file descriptor is added to it;
C<overrides>, settings that win over the importer's; C<log>; and C<on_ready>, called with address and
port when it listens.

=head2 run

Serves until it is told to stop. Returns the exit status: 0, or 1 when it could not begin.

=head1 FUNCTIONS

=head2 allowed

    Koha::Plugin::ConnexionGateway::Listener::allowed($address, @addresses_and_networks)

True when the list is empty or holds the address.

=cut
