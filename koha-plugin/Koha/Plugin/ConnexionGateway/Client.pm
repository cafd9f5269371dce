package Koha::Plugin::ConnexionGateway::Client;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Errno          qw(ECONNREFUSED EINTR);
use IO::Select     ();
use IO::Socket::IP ();
use Socket         qw(getaddrinfo SOCK_STREAM);
use Time::HiRes    qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Error;

my $LONGEST_BYTE_FORM = 0xFF - 0x40;
my $CONNECT_SECONDS   = 10;
my $REPLY_AT_MOST     = 1_000_000;
my %FIELD             = (user => 'U', login => 'A', password => 'P');

sub new ($class, %args) {
    my $length = $args{length} // 'byte';
    croak qq(Unknown form of length "$length": use byte or decimal)
        if $length !~ /\A(?:byte|decimal)\z/;
    croak 'A client needs a port' if !$args{port};
    return bless {
        host    => '127.0.0.1',
        timeout => 100,
        %args,
        length => $length,
    }, $class;
}

sub export ($self, @records) {
    return $self->exchange($self->request(@records));
}

sub request ($self, @records) {
    my $fields = join '',
        map { $self->_field($_) } grep { defined $self->{$_} } qw(user login password);
    return $fields . join('', @records) . ($self->{send_nul} ? "\0" : '');
}

sub exchange ($self, $octets) {
    my $deadline = _now() + $self->{timeout};
    $self->connect if !$self->{socket};
    $self->_write($octets, $deadline);
    shutdown $self->{socket}, 1 if $self->{half_close};
    my $reply = $self->_reply($deadline);
    $self->close if !$self->{keep} || $self->{half_close};
    return $reply;
}

sub connect ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    my ($host, $port) = @$self{qw(host port)};
    $self->{socket} = IO::Socket::IP->new(
        PeerHost => $host,
        PeerPort => $port,
        Timeout  => $self->{timeout} < $CONNECT_SECONDS ? $self->{timeout} : $CONNECT_SECONDS,
    ) // $self->_no_connection($! + 0, $@ || "$!");
    $self->{socket}->blocking(0);
    return $self;
}

sub _no_connection ($self, $errno, $why) {
    my ($host, $port) = @$self{qw(host port)};
    my ($unknown) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
    my $code = $unknown ? 'unknown_host' : $errno == ECONNREFUSED ? 'refused' : 'unreachable';
    return $self->_throw($code, "No connection to $host port $port: $why");
}

sub close ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    my $socket = delete $self->{socket} // return;
    CORE::close $socket or return;
    return;
}

sub _field ($self, $name) {
    my $value = $self->{$name};
    croak "The $name is octets, not text"          if !utf8::downgrade($value, 1);
    return $FIELD{$name} . length($value) . $value if $self->{length} eq 'decimal';
    croak "The $name is longer than $LONGEST_BYTE_FORM octets: only decimal lengths can say that"
        if length $value > $LONGEST_BYTE_FORM;
    return $FIELD{$name} . chr(0x40 + length $value) . $value;
}

# The server may answer, and even refuse, before all is sent.
sub _write ($self, $octets, $deadline) {
    local $SIG{PIPE} = 'IGNORE';
    my $socket = $self->{socket};
    while (length $octets) {
        $self->_wait(can_write => $deadline);
        my $wrote = syswrite $socket, $octets;
        next                               if !defined $wrote && ($!{EAGAIN} || $! == EINTR);
        return                             if !defined $wrote && $!{EPIPE};
        $self->_fail(broken => "sending failed: $!") if !defined $wrote;
        substr $octets, 0, $wrote, '';
    }
    return;
}

sub _reply ($self, $deadline) {
    my $reply = '';
    while (index($reply, "\0") < 0) {
        $self->_wait(can_read => $deadline);
        my $got = sysread $self->{socket}, $reply, 65_536, length $reply;
        next                                 if !defined $got && ($!{EAGAIN} || $! == EINTR);
        $self->_fail(broken => "receiving failed: $!") if !defined $got;
        $self->_fail(no_reply => 'the connection was closed without a reply') if !$got && $reply eq '';
        $self->_fail(cut => 'the connection was closed within the reply "' . "$reply\"") if !$got;
        $self->_fail(endless => 'the reply has no end') if length $reply > $REPLY_AT_MOST;
    }
    return substr $reply, 0, index $reply, "\0";
}

sub _wait ($self, $for, $deadline) {
    my $seconds = $deadline - _now();
    return if $seconds > 0 && IO::Select->new($self->{socket})->$for($seconds);
    return $self->_fail(timeout => "no reply within $self->{timeout} seconds");
}

sub _fail ($self, $code, $what) {
    $self->close;
    return $self->_throw($code, "$self->{host} port $self->{port}: $what");
}

sub _throw ($self, $code, $message) {
    return Koha::Plugin::ConnexionGateway::Error->throw(code => "client.$code", message => $message,
        values => { host => $self->{host}, port => $self->{port} });
}

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Client - acts as the OCLC Connexion Client

=head1 SYNOPSIS

    my $client = Koha::Plugin::ConnexionGateway::Client->new(
        host => '127.0.0.1', port => 9876, login => 'demo', password => 'demo');
    print $client->export($iso2709);

=head1 METHODS

=head2 new

C<host> (127.0.0.1), C<port>, C<login>, C<password> and C<user> (octets; those not given are not sent),
C<length> (C<byte>, as the desktop client writes lengths, or C<decimal>), C<timeout> (100 seconds for
one exchange), C<keep> (the connection, for more exports), C<send_nul> (after the records, which
the real client does not), C<half_close> (the sending side, after the records).

=head2 export

    my $text = $client->export(@records);

Sends the records (ISO 2709 octets) in one request and returns the reply up to its NUL. Raises a
L<Koha::Plugin::ConnexionGateway::Error>: without a connection C<client.unknown_host>, C<client.refused> (nothing
listens there) or C<client.unreachable>; without a whole reply C<client.no_reply>, C<client.cut>, C<client.endless>,
C<client.timeout> (none in time) or C<client.broken>.

=head2 request

    my $octets = $client->request(@records);

What C<export> would send.

=head2 exchange

    my $text = $client->exchange($octets);

Sends these octets, whatever they are, and returns the reply.

=head2 connect, close

Opens or closes the connection.

=cut
