#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Socket::IP ();
use POSIX          ();
use Test::More;
use Time::HiRes qw(sleep time);

use Koha::Plugin::ConnexionGateway::Client;

my $CLIENT = 'Koha::Plugin::ConnexionGateway::Client';

subtest 'what it sends' => sub {
    my %login = (port => 1, login => 'demo', password => '72secret');
    is($CLIENT->new(%login)->request('REC'), 'ADdemoPH72secretREC', 'lengths in one byte');
    is($CLIENT->new(%login, length => 'decimal')->request('REC'),
        'A4demoP872secretREC', 'decimal lengths');
    is($CLIENT->new(%login, user => 'u', password => '')->request('1', '2'),
        'UAuADdemoP@12', 'user, empty password, two records');
    is($CLIENT->new(port => 1)->request('REC'),                'REC',   'records alone');
    is($CLIENT->new(port => 1, send_nul => 1)->request('REC'), "REC\0", 'a NUL when asked for');
    is(
        $CLIENT->new(port => 1, login => 'x' x 191)->request(''),
        "A\xFF" . 'x' x 191,
        'the longest login'
    );
    ok(!eval { $CLIENT->new(port => 1, login => 'x' x 192)->request(''); 1 },
        'one byte cannot say more');
    like($@, qr/only decimal lengths/, 'and that is said');
    ok(!eval { $CLIENT->new(port => 1, password => "\x{4E2D}")->request(''); 1 },
        'text instead of octets');
    like($@, qr/password is octets/, 'is named');
    ok(!eval { $CLIENT->new(port => 1, length => 'words'); 1 }, 'an unknown form of lengths');
};

# A server for one connection, which does what the code says.
sub server ($code) {
    my $server = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 5) or die $@;
    my $pid    = fork // die $!;
    if (!$pid) {
        my $socket = $server->accept;
        $code->($socket);
        POSIX::_exit(0);
    }
    return ($server->sockport, $pid);
}

sub reply_of ($code, %args) {
    my ($port, $pid) = server($code);
    my $reply = eval { $CLIENT->new(port => $port, timeout => 3, %args)->exchange('request') };
    my $error = $@;
    kill KILL => $pid;
    waitpid $pid, 0;
    return ($reply, $error);
}

subtest 'what it hears' => sub {
    my ($reply, $error) = reply_of(
        sub ($socket) {
            for my $part ('Succ', "ess.\nMore", "\0rest") { syswrite $socket, $part; sleep 0.05 }
            sleep 5;
        }
    );
    is($reply, "Success.\nMore", 'a reply in pieces, up to its NUL, without waiting for the end');
    ($reply, $error) =
        reply_of(sub ($socket) { sysread $socket, my $got, 7; syswrite $socket, 'Succ' });
    like($error, qr/closed within the reply "Succ"/, 'a reply without its end');
    is($error->code, 'client.cut', 'by its code');
    ($reply, $error) = reply_of(sub ($socket) { sysread $socket, my $got, 7 });
    like($error, qr/closed without a reply/, 'no reply');
    is($error->code, 'client.no_reply', 'by its code');
    ($reply, $error) = reply_of(sub ($socket) { sleep 5 }, timeout => 0.5);
    like($error, qr/no reply within 0.5 seconds/, 'a server that is silent');
    is($error->code, 'client.timeout', 'by its code');
};

subtest 'no server' => sub {
    my $server = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1) or die $@;
    my $port   = $server->sockport;
    close $server;
    ok(!eval { $CLIENT->new(port => $port)->export('x'); 1 }, 'is an error');
    like($@, qr/\ANo connection to 127[.]0[.]0[.]1 port $port: /, 'that names it');
    is($@->code, 'client.refused', 'by its code');
    is_deeply($@->values, { host => '127.0.0.1', port => $port }, 'with where');
    ok(!eval { $CLIENT->new(host => 'nowhere.invalid', port => 1)->export('x'); 1 }, 'nor with a host that is none');
    is($@->code, 'client.unknown_host', 'by its code');
};

subtest 'a kept connection' => sub {
    my ($port, $pid) = server(
        sub ($socket) {
            for my $i (1 .. 2) {
                sysread $socket, my $got, 100;
                syswrite $socket, "reply $i to $got\0";
            }
        }
    );
    my $client = $CLIENT->new(port => $port, keep => 1, timeout => 5);
    is($client->export('one'), 'reply 1 to one', 'a first export');
    is($client->export('two'), 'reply 2 to two', 'a second on the same connection');
    $client->close;
    waitpid $pid, 0;
    is($?, 0, 'then it is closed');
};

done_testing;
