#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;

use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Test::More;

use Koha::Plugin::ConnexionGateway::Frames;

my $FRAMES = 'Koha::Plugin::ConnexionGateway::Frames';

subtest 'any chunking gives the same frames' => sub {
    my @sent = (
        [{ type => 'export', id => 1 },        "\0\x1D\xFF" x 20],
        [{ type => 'ready' },                  ''],
        [{ type => 'reply', n => "\x{4E2D}" }, 'x']
    );
    my $octets = join '', map { $FRAMES->encode(@$_) } @sent;
    for my $size (1 .. 30, length $octets) {
        my $frames = $FRAMES->new;
        my @got;
        for (my $at = 0; $at < length $octets; $at += $size) {
            $frames->feed(substr $octets, $at, $size);
            while (my ($header, $body) = $frames->next) { push @got, [$header, $body] }
        }
        is_deeply(\@got, \@sent, "pieces of $size");
    }
};

subtest 'whole frames through a socket pair' => sub {
    socketpair my $here, my $there, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
    $FRAMES->write_to($here, { type => 'one' }, 'body');
    $FRAMES->write_to($here, { type => 'two' });
    is_deeply([$FRAMES->read_from($there)], [{ type => 'one' }, 'body'], 'with a body');
    is_deeply([$FRAMES->read_from($there)], [{ type => 'two' }, ''],     'without');
    close $here;
    is_deeply([$FRAMES->read_from($there)], [], 'nothing after the end');

    socketpair $here, $there, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die $!;
    syswrite $here, substr $FRAMES->encode({ type => 'one' }, 'body'), 0, -1;
    close $here;
    ok(!eval { $FRAMES->read_from($there); 1 }, 'an end within a frame is an error');
    like($@, qr/within a frame/, 'and says so');
};

subtest 'what is none of ours' => sub {
    ok(!eval { $FRAMES->new->feed("GET / HTTP/1.1\r\n")->next; 1 }, 'lengths beyond reason');
    like($@, qr/none of ours/, 'are named');
    ok(!eval { $FRAMES->new->feed(pack('NN', 3, 0) . 'abc')->next; 1 }, 'a header that is no JSON');
    ok(!eval { $FRAMES->encode({}, "\x{4E2D}");                    1 }, 'a body that is no octets');
    like($@, qr/octets, not text/, 'is named');
};

done_testing;
