package Koha::Plugin::ConnexionGateway::HandedSockets;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Fcntl          qw(F_SETFD FD_CLOEXEC);
use IO::Socket::IP ();

my $FIRST_FD = 3;

# By name. They are for this process alone: what it starts must not take them for its own.
sub take ($class) {
    my ($pid, $count, $names) = delete @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)};
    return {} if ($pid // '') ne $$ || ($count // '') !~ /\A[1-9][0-9]?\z/;
    my @names = split /:/, $names // '';
    my %sockets;
    for my $index (0 .. $count - 1) {
        my ($name) = ($names[$index] // '') =~ /(health|tls)/;
        $name //= 'plain';
        $sockets{$name} //= _socket($FIRST_FD + $index);
    }
    return \%sockets;
}

sub _socket ($fd) {
    my $socket = IO::Socket::IP->new_from_fd($fd, 'r+') or die "The socket that systemd hands over can't be used: $!\n";
    fcntl $socket, F_SETFD, FD_CLOEXEC or die "The socket that systemd hands over can't be used: $!\n";
    $socket->blocking(0);
    return $socket;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::HandedSockets - listening sockets that systemd opened

=head1 DESCRIPTION

With a socket unit systemd listens, and keeps what arrives while the service is started anew: no client
is refused. The protocol is that of sd_listen_fds(3).

=head1 METHODS

=head2 take

    my $socket = Koha::Plugin::ConnexionGateway::HandedSockets->take->{plain};

The sockets by what they are for: C<health> or C<tls> for one whose name (C<FileDescriptorName>) holds that
word, C<plain> for the first other one.

=cut
