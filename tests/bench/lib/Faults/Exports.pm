package Faults::Exports;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the clients of a run export: real records, each a series of versions (first new, then edited),
# each version with a marker of its own in a note (500) and in the call number of its item.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use TestGateway;

my @FILES = qw(oclc_books_36.mrc gpo_20.mrc gpo_marc8_35.mrc);

# What says which record it is comes from the run; items and local fields of others stay out.
my $LEFT_OUT = qr/\A(?:00[135]|01[0-9]|02[0-9]|035|9..)\z/;

my $MOST_VERSIONS    = 4;
my $STAGED_ONE_IN    = 8;

sub new ($class, %args) {
    my @records = map { _parsed($_) } map { TestGateway->records_of($_) } @FILES;
    return bless { run => $args{run}, records => \@records }, $class;
}

# One list of exports for each client, in their order.
sub for_clients ($self, $exports, $clients) {
    my @lists = map { [] } 1 .. $clients;
    my ($series, $made) = (0, 0);
    while ($made < $exports) {
        my $list = $lists[ $series % $clients ];
        my $staged = int(rand $STAGED_ONE_IN) == 0;
        my $versions = $staged ? 1 : 1 + int rand $MOST_VERSIONS;
        for my $version (1 .. $versions) {
            last if $made++ >= $exports;
            push @{$list}, $self->_export($series, $version, $staged);
        }
        $series++;
    }
    return @lists;
}

sub _export ($self, $series, $version, $staged) {
    my $marker = sprintf '%sq%05dv%02dz', $self->{run}, $series, $version;
    return {
        series => $series, version => $version, marker => $marker, staged => $staged ? 1 : 0,
        login => $staged ? 'demo-stage' : 'demo', record => $self->_record($series, $marker),
    };
}

sub _record ($self, $series, $marker) {
    my $base = $self->{records}[ $series % @{ $self->{records} } ];
    my $number = sprintf '9%s%05d', $self->{run} =~ /(\d+)/, $series;
    my @fields = (
        [ '001', "on$number" ], [ '003', 'OCoLC' ], @{ $base->{fields} },
        [ '035', "  \x1Fa(OCoLC)$number" ], [ '500', "  \x1FaMarker $marker" ],
        [ '952', "  \x1FaCPL\x1FbCPL\x1FyBK\x1Fo$marker" ],
    );
    return TestGateway->iso2709($base->{leader}, sort { $a->[0] cmp $b->[0] } @fields);
}

sub _parsed ($octets) {
    my $base = substr $octets, 12, 5;
    my $directory = substr $octets, 24, $base - 25;
    my @fields;
    while ($directory =~ /\G(...)([0-9]{4})([0-9]{5})/gs) {
        my ($tag, $length, $offset) = ($1, $2, $3);
        push @fields, [ $tag, substr $octets, $base + $offset, $length - 1 ] if $tag !~ $LEFT_OUT;
    }
    return { leader => substr($octets, 5, 19), fields => \@fields };
}

1;
