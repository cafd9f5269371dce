package Koha::Plugin::ConnexionGateway::Health;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Select     ();
use IO::Socket::IP ();
use JSON::PP       ();
use Time::HiRes    qw(time);

use Koha::Plugin::ConnexionGateway::Core;

my $SECONDS    = 5;
my $MOST_BYTES = 1_000_000;

# Where a service that listens on all addresses is reached from its own machine.
sub address ($class, $bind) {
    return $bind eq '::' ? '::1' : $bind =~ /\A(?:0[.]0[.]0[.]0|[*]|)\z/ ? '127.0.0.1' : $bind;
}

sub ask ($class, $bind, $port, $seconds = $SECONDS) {
    my ($status, $text) = $class->get($bind, $port, '/health', $seconds);
    return { state => 'none', text => $text } if !defined $status;
    $text =~ s/\s+\z//;
    return { state => 'ok', text => 'it answers' } if $status == 200 && $text =~ /\Aok\b/;
    return { state => 'unwell', text => $text } if $status == 503;
    return { state => 'other', text => 'it answers something else' };
}

# What a service tells its own machine of itself, with whether it has to be restarted; undef where it tells nothing.
sub told ($class, $bind, $port, $seconds = $SECONDS) {
    my ($status, $text) = $class->get($bind, $port, '/status', $seconds);
    my $told = ($status // 0) == 200 ? eval { JSON::PP->new->utf8->decode($text) } : undef;
    return if ref $told ne 'HASH';
    my $due = Koha::Plugin::ConnexionGateway::Core->restart_due(map { $_ => $told->{$_} } qw(version core));
    return { %{$told}, restart_due => $due };
}

# (status, text), or without a status what went wrong.
sub get ($class, $bind, $port, $path, $seconds = $SECONDS) {
    my $host = $class->address($bind);
    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Timeout => $seconds)
        // return (undef, "no connection: $@");
    local $SIG{PIPE} = 'IGNORE';
    my $name = $host =~ /:/ ? "[$host]" : $host;
    syswrite $socket, "GET $path HTTP/1.1\r\nHost: $name\r\nConnection: close\r\n\r\n";
    my $answer = _read_all($socket, time + $seconds);
    return (undef, 'no answer') if !length $answer;
    my ($status, $text) = $answer =~ m{\AHTTP/1[.][01] ([0-9]{3})[^\n]*\n(?:.+\n)*\r?\n(.*)\z}s
        or return (undef, 'no answer over HTTP');
    return ($status, $text);
}

sub _read_all ($socket, $until) {
    my $select = IO::Select->new($socket);
    my $answer = '';
    while (length $answer < $MOST_BYTES) {
        my $left = $until - time;
        last if $left <= 0 || !$select->can_read($left);
        last if !sysread $socket, $answer, 65_536, length $answer;
    }
    return $answer;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Health - asks a running service how it is

=head1 METHODS

All are called on the class.

=head2 ask($bind, $port, $seconds)

C<{state, text}>: C<ok>, C<unwell> (the service is there, but takes no exports), C<other> (another
program answers), C<none> (nobody does).

=head2 told($bind, $port, $seconds)

What the service tells of itself, with C<restart_due> as of L<Koha::Plugin::ConnexionGateway::Core>; undef from another machine.

=head2 get($bind, $port, $path, $seconds)

Status and text of an answer over HTTP; without a status the text says what went wrong.

=head2 address($bind)

The address to reach a service at that listens on C<$bind>.

=cut
