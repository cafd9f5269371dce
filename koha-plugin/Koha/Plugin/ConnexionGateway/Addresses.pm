package Koha::Plugin::ConnexionGateway::Addresses;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Socket qw(AF_INET AF_INET6 inet_pton);

# Names that stand for networks: OCLC publishes the one that WorldShare Record Manager exports from.
our %PRESETS = (oclc => ['132.174.0.0/16']);

sub entries ($class, $list) { return ref $list ? @{$list} : grep { length } split /[\s,;]+/, $list // '' }

# The same with the networks that names stand for.
sub networks ($class, $list) { return map { @{ $PRESETS{ lc $_ } // [$_] } } $class->entries($list) }

sub unreadable ($class, $list) {
    return grep { !$PRESETS{ lc $_ } && !_network($_) } $class->entries($list);
}

sub allowed ($class, $address, $list) {
    my @entries = $class->entries($list);
    return 1 if !@entries;
    return $class->among($address, \@entries);
}

sub among ($class, $address, $list) {
    my $bits = _bits($address) // return 0;
    for my $entry ($class->networks($list)) {
        my ($network, $length) = @{ _network($entry) // next };
        next if length $network != length $bits;
        return 1 if substr($bits, 0, $length) eq substr $network, 0, $length;
    }
    return 0;
}

sub plain ($class, $address) {
    $address =~ s/\A::ffff:(?=[0-9.]+\z)//i if defined $address;
    return $address;
}

sub is_address ($class, $text) { return defined _bits($text) ? 1 : 0 }

sub _network ($entry) {
    my ($address, $length) = $entry =~ m{\A([0-9A-Fa-f:.]+)(?:/([0-9]{1,3}))?\z} or return;
    my $bits = _bits($address) // return;
    $length //= length $bits;
    return $length <= length $bits ? [ $bits, $length ] : undef;
}

sub _bits ($address) {
    my $octets = inet_pton($address =~ /:/ ? AF_INET6 : AF_INET, $address) // return;
    return unpack 'B*', $octets;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Addresses - lists of IP addresses and networks

=head1 SYNOPSIS

    my $list = '192.0.2.7, 198.51.100.0/24 2001:db8::/32 oclc';
    Koha::Plugin::ConnexionGateway::Addresses->allowed('192.0.2.7', $list);    # 1

=head1 DESCRIPTION

A list is an array or a text with spaces, commas or semicolons between its entries: addresses and
networks of IPv4 and IPv6 (CIDR), and C<oclc> for OCLC's own network. An entry that can't be read
holds no address.

=head1 METHODS

=head2 allowed($address, $list)

True when the list is empty or holds the address.

=head2 among($address, $list)

True when the list holds the address.

=head2 entries($list), networks($list), unreadable($list)

All entries; the same with what a name stands for; those that are no address, no network and no name.

=head2 plain($address)

C<::ffff:192.0.2.7> as C<192.0.2.7>, everything else as it is.

=head2 is_address($text)

True for one address of IPv4 or IPv6.

=cut
