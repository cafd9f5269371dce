package Koha::Plugin::ConnexionGateway::Listener;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp         qw(croak);
use POSIX        ();
use Scalar::Util qw(weaken);
use Time::HiRes  qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::Arrival;
use Koha::Plugin::ConnexionGateway::Connection;
use Koha::Plugin::ConnexionGateway::Door;
use Koha::Plugin::ConnexionGateway::FailedLogins;
use Koha::Plugin::ConnexionGateway::HandedSockets;
use Koha::Plugin::ConnexionGateway::HealthDoor;
use Koha::Plugin::ConnexionGateway::ImporterPool;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Metrics;
use Koha::Plugin::ConnexionGateway::Operations;
use Koha::Plugin::ConnexionGateway::ServiceSettings;
use Koha::Plugin::ConnexionGateway::Version;

my $TICK_SECONDS    = 0.2;
my $REFUSED_AT_MOST = 100;    # connections that are kept only to hear why they are refused
my $OTHER_FILES     = 64;     # descriptors besides those of connections

my %DEFAULTS  = Koha::Plugin::ConnexionGateway::ServiceSettings->defaults;
my $ADDRESSES = 'Koha::Plugin::ConnexionGateway::Addresses';

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
        doors       => {},
        arrivals    => {},
        connections => {},
        by_address  => {},
        refused     => 0,
        status      => 0,
    }, $class;
    require Koha::Plugin::ConnexionGateway::Core::RequestParser;
    require Mojo::IOLoop;
    $self->{loop} = Mojo::IOLoop->singleton;
    $self->_take_settings({});
    $self->{metrics} = Koha::Plugin::ConnexionGateway::Metrics->new(
        version => $Koha::Plugin::ConnexionGateway::Version::VERSION);
    $self->{pool} = Koha::Plugin::ConnexionGateway::ImporterPool->new(
        loop    => $self->{loop},
        log     => $self->{log},
        command => $self->{command},
        limits  => $self->{limits},
        metrics => $self->{metrics},
    );
    $self->{failed_logins} =
        Koha::Plugin::ConnexionGateway::FailedLogins->new(limits => $self->{limits});
    $self->{operations} = $self->_operations;
    $self->{handed} = Koha::Plugin::ConnexionGateway::HandedSockets->take;
    $self->{health_door} = Koha::Plugin::ConnexionGateway::HealthDoor->new(
        map { $_ => $self->{$_} } qw(loop operations log));
    return $self;
}

sub _operations ($self) {
    weaken(my $weak = $self);
    return Koha::Plugin::ConnexionGateway::Operations->new(
        pool        => $self->{pool},
        metrics     => $self->{metrics},
        log         => $self->{log},
        limits      => $self->{limits},
        where       => sub { map { $weak->{doors}{plain}->$_ } qw(address port) },
        connections => sub { scalar keys %{ $weak->{connections} } },
        reload      => sub ($done) { $weak->_reload($done) },
    );
}

sub run ($self) {
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{HUP}  = sub { $self->{log}->reopen; $self->_reload };
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
    $self->{operations}->has_settings($settings->{wished} // {});
    my $closed = $self->_open_doors;
    return $self->_fail(cannot_listen => @{$closed}) if $closed;
    $self->_open_health_door;
    $self->{on_ready}->($self->{doors}{plain}->address, $self->{doors}{plain}->port);
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
    $limits->{$_} = [$ADDRESSES->entries($limits->{$_})] for qw(allow proxy_from wishes_from);
    $self->_say_what_is_unreadable;
    $self->{log}->file($limits->{log_file}) if ($self->{log_file} //= '') ne $limits->{log_file};
    $self->{log_file} = $limits->{log_file};
    $self->{log}->export_format;
    $self->{log}->format($settings->{log_format})->export_format
        if $settings->{log_format} && !$self->{overrides}{log_format};
    $self->_respect_open_files;
    return;
}

# Such an entry lets nobody in; a list of nothing else would let nobody in at all.
sub _say_what_is_unreadable ($self) {
    for my $name (qw(allow proxy_from wishes_from)) {
        my @wrong = $ADDRESSES->unreadable($self->{limits}{$name}) or next;
        $self->{log}->error(unreadable_addresses => setting => $name, entries => join ' ', @wrong);
    }
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

sub _reload ($self, $done = undef) {
    push @{ $self->{reloading} }, $done // ();
    return $self->_reloaded(0) if $self->{draining};
    return if $self->{is_reloading}++;
    $self->{log}->info('reloading');
    $self->{pool}->settings(
        sub ($settings, $problem) {
            delete $self->{is_reloading};
            return $self->_reloaded(0, $problem) if !$settings;
            $self->_take_settings($settings);
            $self->{operations}->has_settings($settings->{wished} // {});
            $self->_move if !$self->{draining};
            return $self->_reloaded(1);
        }
    );
    return;
}

sub _reloaded ($self, $done, $problem = 'the service is stopping') {
    $done ? $self->{log}->info('reloaded') : $self->{log}->error(not_reloaded => error => $problem);
    $_->($done) for splice @{ $self->{reloading} // [] };
    return;
}

sub _move ($self) {
    $self->_open_health_door;
    my $problem = $self->_open_doors;
    $self->{log}->error(cannot_listen => @{$problem}) if $problem;
    return;
}

# ------------------------------------------------------------------ doors

# Those that the settings want, and no others; an old one is let go only when the new one is had.
# Gives what went wrong, as the log takes it.
sub _open_doors ($self) {
    my $limits = $self->{limits};
    my %wanted = (plain => $limits->{port}, $limits->{tls_port} ? (tls => $limits->{tls_port}) : ());
    my $problem;
    for my $kind (sort keys %wanted) {
        my ($address, $port) = ($limits->{bind}, $wanted{$kind});
        my $door = $self->{doors}{$kind};
        next if $door && ($self->{handed}{$kind} || $door->opened_for eq "$address $port");
        my $new = $self->_open_door($kind, $address, $port);
        $problem //= [address => $address, port => $port, error => $@] if !$new;
        next if !$new;
        $door->close if $door;
        $self->{doors}{$kind} = $new;
    }
    for my $kind (grep { !exists $wanted{$_} } keys %{ $self->{doors} }) {
        delete($self->{doors}{$kind})->close;
    }
    return $problem;
}

sub _open_door ($self, $kind, $address, $port) {
    my $door = Koha::Plugin::ConnexionGateway::Door->open(
        loop      => $self->{loop},
        log       => $self->{log},
        address   => $address,
        port      => $port,
        socket    => $self->{handed}{$kind},
        on_accept => sub ($door, $handle) { $self->_arrive($kind, $handle) },
    ) // return;
    $self->{log}->info(
        listening => address => $door->address,
        port      => $door->port,
        pid       => $$,
        $kind eq 'tls' ? (tls => 1) : ()
    );
    return $door;
}

sub _open_health_door ($self) {
    return $self->{health_door}->listen(@{ $self->{limits} }{qw(health_bind health_port)}, $self->{handed}{health});
}

sub _stop_accepting ($self) {
    $_->close for values %{ $self->{doors} };
    $self->{doors} = {};
    return;
}

# ------------------------------------------------------------------ who comes

sub _arrive ($self, $kind, $handle) {
    my $limits = $self->{limits};
    my $peer   = $ADDRESSES->plain($handle->peerhost) // return;    # it is gone already
    my $proxied = $ADDRESSES->among($peer, $limits->{proxy_from});
    return $self->_take($handle, $peer) if $kind eq 'plain' && !$proxied;
    my $refusal = $proxied ? undef : $self->_refusal($peer);
    return $self->{log}->warning(dropped => peer => $peer, reason => $refusal // 'too many')
        if $refusal || keys(%{ $self->{arrivals} }) >= $limits->{max_connections};
    my $arrival = Koha::Plugin::ConnexionGateway::Arrival->new(
        handle   => $handle,
        peer     => $peer,
        loop     => $self->{loop},
        log      => $self->{log},
        seconds  => $limits->{first_byte_timeout},
        proxied  => $proxied,
        tls      => $kind eq 'tls'
            ? { certificate => $limits->{tls_certificate}, key => $limits->{tls_key} }
            : undef,
        on_ready => sub ($arrival, $ready, $client) {
            delete $self->{arrivals}{$arrival};
            $self->_take($ready, $client);
        },
        on_gone => sub ($arrival) { delete $self->{arrivals}{$arrival} },
    );
    $self->{arrivals}{$arrival} = $arrival;
    return $arrival->begin;
}

sub _take ($self, $handle, $peer) {
    my $refusal = $self->_refusal($peer);
    if ($refusal && $self->{refused} >= $REFUSED_AT_MOST) {
        $self->{log}->warning(dropped => peer => $peer);
        return;
    }
    $handle->blocking(0);
    my $connection = $self->_connection($handle, $peer);
    $self->{connections}{$connection} = $connection;
    $self->{metrics}->count($refusal ? 'connections_refused' : 'connections');
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
        failed_logins => $self->{failed_logins},
        operations    => $self->{operations},
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
    return sprintf $TEXT{not_allowed}, $peer if !$ADDRESSES->allowed($peer, $limits->{allow});
    my $all = keys(%{ $self->{connections} }) - $self->{refused};
    return sprintf $TEXT{crowded}, $all if $all >= $limits->{max_connections};
    my $one = $self->{by_address}{$peer} // 0;
    return sprintf $TEXT{one_address}, $peer, $one
        if $one >= $limits->{max_connections_per_address};
    return;
}

# ------------------------------------------------------------------ time, and the end

sub _tick ($self) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    $self->{pool}->tick;
    $self->{operations}->tick($now) if $self->{doors}{plain};
    $_->tick($now) for values %{ $self->{arrivals} }, values %{ $self->{connections} };
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
    $_->abandon for values %{ $self->{arrivals} };
    $_->drain for values %{ $self->{connections} };
    return;
}

sub _finish ($self) {
    $_->abandon for values %{ $self->{connections} };
    $self->{pool}->stop;
    $self->{health_door}->close;
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

The settings and their defaults are those of L<Koha::Plugin::ConnexionGateway::ServiceSettings>.

=head1 METHODS

=head2 new

Takes C<command>, which starts an importer when the number of a file descriptor is added to it;
C<overrides>, settings that win over the importer's; C<log>; and C<on_ready>, called with address and
port when it listens.

=head2 run

Serves until it is told to stop. Returns the exit status: 0, or 1 when it could not begin.

=cut
