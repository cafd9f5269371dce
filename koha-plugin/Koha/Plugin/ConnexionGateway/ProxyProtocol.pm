package Koha::Plugin::ConnexionGateway::ProxyProtocol;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Socket qw(AF_INET AF_INET6 inet_ntop);

use Koha::Plugin::ConnexionGateway::Addresses;

our $AT_MOST = 536;    # what the protocol lets a header of either version reach without options

my $LINE_AT_MOST = 107;
my $SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
my %FAMILY = (0x11 => [ AF_INET, 4 ], 0x12 => [ AF_INET, 4 ], 0x21 => [ AF_INET6, 16 ], 0x22 => [ AF_INET6, 16 ]);

sub read ($class, $octets) {    ## no critic (ProhibitBuiltinHomonyms)
    return { more => 1 } if !length $octets;
    return _version_2($octets) if _begins($octets, $SIGNATURE);
    return _version_1($octets) if _begins($octets, 'PROXY ');
    return { wrong => 'no header' };
}

sub _begins ($octets, $mark) {
    my $length = length $octets < length $mark ? length $octets : length $mark;
    return substr($octets, 0, $length) eq substr $mark, 0, $length;
}

sub _version_1 ($octets) {
    my $end = index $octets, "\r\n";
    return length $octets < $LINE_AT_MOST ? { more => 1 } : { wrong => 'a line without an end' } if $end < 0;
    return { wrong => 'a line that is too long' } if $end + 2 > $LINE_AT_MOST;
    my $line = substr $octets, 0, $end;
    return { length => $end + 2 } if $line =~ /\APROXY UNKNOWN(?: |\z)/;
    my ($version, $source) = $line =~ /\APROXY TCP([46]) (\S+) \S+ [0-9]{1,5} [0-9]{1,5}\z/;
    return { wrong => 'a line of another form' }
        if !defined $source || !Koha::Plugin::ConnexionGateway::Addresses->is_address($source);
    return { wrong => 'an address of another family' } if ($version == 6) != ($source =~ /:/);
    return { length => $end + 2, address => $source };
}

sub _version_2 ($octets) {
    return { more => 1 } if length $octets < 16;
    my ($command, $family, $length) = unpack 'x12 C C n', $octets;
    return { wrong => 'another version' } if $command >> 4 != 2 || ($command & 15) > 1;
    return { wrong => 'a header that is too long' } if 16 + $length > $AT_MOST;
    return { more => 1 } if length $octets < 16 + $length;
    my $whole = 16 + $length;
    my $kind = $FAMILY{$family};
    return { length => $whole } if ($command & 15) == 0 || !$kind;
    my ($af, $size) = @{$kind};
    return { wrong => 'a header that is too short' } if $length < 2 * $size + 4;
    return { length => $whole, address => inet_ntop($af, substr $octets, 16, $size) };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ProxyProtocol - who a balancer speaks for

=head1 DESCRIPTION

The header that a balancer (HAProxy and others) sends before the client's bytes, in its versions 1
(a line of text) and 2 (binary).

=head1 METHODS

=head2 read($octets)

What the first octets of a connection say: C<{more =E<gt> 1}> while the header isn't whole,
C<{length, address}> (without an address where the balancer speaks for itself or names none), or
C<{wrong}> with what is wrong with it. A header is of C<$AT_MOST> octets at most.

=cut
