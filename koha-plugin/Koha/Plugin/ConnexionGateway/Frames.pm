package Koha::Plugin::ConnexionGateway::Frames;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp     qw(croak);
use Errno    qw(EINTR);
use JSON::PP ();

my $PREFIX     = 8;                                # two 32-bit lengths
my $MAX_HEADER = 4_000_000;
my $MAX_BODY   = 256_000_000;
my $JSON       = JSON::PP->new->utf8->canonical;

sub new ($class) {
    return bless { buffer => '' }, $class;
}

sub encode ($class, $header, $body = '') {
    croak 'The body of a frame is octets, not text' unless utf8::downgrade($body, 1);
    my $json = $JSON->encode($header);
    return pack('NN', length $json, length $body) . $json . $body;
}

sub feed ($self, $octets) {
    $self->{buffer} .= $octets;
    return $self;
}

sub next ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    return if length $self->{buffer} < $PREFIX;
    my ($header, $body) = _lengths($self->{buffer});
    my $whole = $PREFIX + $header + $body;
    return if length $self->{buffer} < $whole;
    my $frame = substr $self->{buffer}, 0, $whole, '';
    return ($JSON->decode(substr $frame, $PREFIX, $header), substr $frame, $PREFIX + $header);
}

sub read_from ($class, $handle) {
    my $prefix = _read_exactly($handle, $PREFIX) // return;
    my ($header, $body) = _lengths($prefix);
    my $rest = _read_exactly($handle, $header + $body) // croak 'The other end left within a frame';
    return ($JSON->decode(substr $rest, 0, $header), substr $rest, $header);
}

sub write_to ($class, $handle, $header, $body = '') {
    my $octets = $class->encode($header, $body);
    my $done   = 0;
    while ($done < length $octets) {
        my $wrote = syswrite $handle, $octets, length($octets) - $done, $done;
        next if !defined $wrote && $! == EINTR;
        croak "The frame could not be written: $!" unless defined $wrote;
        $done += $wrote;
    }
    return;
}

sub _lengths ($prefix) {
    my ($header, $body) = unpack 'NN', $prefix;
    croak "A frame of $header + $body octets is none of ours"
        if $header > $MAX_HEADER || $body > $MAX_BODY;
    return ($header, $body);
}

sub _read_exactly ($handle, $wanted) {
    my $octets = '';
    while (length $octets < $wanted) {
        my $got = sysread $handle, $octets, $wanted - length $octets, length $octets;
        next if !defined $got && $! == EINTR;
        croak "The frame could not be read: $!" unless defined $got;
        next   if $got;
        return if $octets eq '';
        croak 'The other end left within a frame';
    }
    return $octets;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Frames - the messages between the listener and its importers

=head1 SYNOPSIS

    my $octets = Koha::Plugin::ConnexionGateway::Frames->encode({type => 'reply', id => 1}, $text);

    my $frames = Koha::Plugin::ConnexionGateway::Frames->new;
    $frames->feed($whatever_arrived);
    while (my ($header, $body) = $frames->next) { … }

=head1 DESCRIPTION

A frame is two 32-bit big-endian lengths, then a JSON object (the header) and a body of raw octets.
The event loop feeds what arrived; an importer, which does one thing at a time, reads and writes
whole frames.

=head1 METHODS

=head2 new

An empty buffer for one direction of one connection.

=head2 encode

    my $octets = $class->encode(\%header, $body_octets);

Dies when the body holds characters beyond octets.

=head2 feed

    $frames->feed($octets);

Takes what arrived, in pieces of any size.

=head2 next

    my ($header, $body) = $frames->next;

The next whole frame, or an empty list. Dies when the stream is none of ours: lengths beyond reason,
or a header that is not JSON.

=head2 read_from

    my ($header, $body) = $class->read_from($handle);

Waits for one frame. An empty list when the other end has closed between frames; dies when it did
within one.

=head2 write_to

    $class->write_to($handle, \%header, $body_octets);

Writes one frame; dies when that fails.

=cut
