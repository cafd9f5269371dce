#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest qw(record wait_until content);
use Koha::Plugin::ConnexionGateway::Listener;

my $BETWEEN = 4;

sub elapsed ($code) {
    my $start = time;
    $code->();
    return time - $start;
}

# What arrives until the server closes, or this many seconds have passed.
sub rest_of ($socket, $seconds = 5) {
    my $got = '';
    $socket->blocking(0);
    my $until = time + $seconds;
    while (time < $until) {
        my $read = sysread $socket, $got, 65_536, length $got;
        return ($got, 'closed') if defined $read  && !$read;
        return ($got, 'reset')  if !defined $read && !$!{EAGAIN};
        sleep 0.01;
    }
    return ($got, 'open');
}

sub reset_connection ($socket) {
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
    close $socket;
    return;
}

my $service =
    GatewayTest->new(between_bytes_timeout => $BETWEEN, idle_timeout => 3, max_importers => 3)
    ->start;
my $warm = $service->client->export(record('warm'));

subtest 'a reply comes as soon as the declared length is there' => sub {
    my $reply;
    my $with    = elapsed(sub { $service->client(send_nul => 1)->export(record('with NUL')) });
    my $without = elapsed(sub { $reply = $service->client->export(record('without NUL')) });
    like($reply, qr/\ASuccess[.]  Number/, 'the reply');
    cmp_ok($without, '<', $with + $BETWEEN / 4, 'without a NUL it takes no longer than with one');
    like($reply, qr{readings demo/secret/\n}, 'login and password as sent');
    like($reply, qr/^peer 127[.]0[.]0[.]1$/m, 'the address of the client');
};

subtest 'lengths' => sub {
    for my $length (qw(byte decimal)) {
        for my $password ('secret', '7secret', '42', '') {
            my $reply = $service->client(length => $length, password => $password, user => 'u1')
                ->export(record('x'));
            like($reply, qr{ demo/\Q$password\E/u1(?: |\n)}, "$length, password '$password'");
        }
    }
    my $bare = $service->client(login => undef, password => undef)->export(record('x'));
    like($bare, qr/^has_login 0$/m, 'no fields at all');
};

subtest 'several records and several requests' => sub {
    like(
        $service->client->export(record('one'), record('two')),
        qr/^records 2$/m,
        'two records in one request'
    );

    my $client = $service->client(keep => 1);
    like($client->export(record('first')), qr{ demo/secret/}, 'a first request');
    my $port = $client->{socket}->sockport;
    like(
        $client->exchange(record('second')),
        qr{ demo/secret/},
        'a second one on the same connection, by the same login'
    );
    $client->{login} = 'other';
    like($client->export(record('third')), qr{ other/secret/}, 'a third one by another');
    is($client->{socket}->sockport, $port, 'all on one connection');

    my $socket = $service->socket;
    syswrite $socket,
        $service->client->request(record('do:sleep_after=0.3'))
        . $service->client(login => 'b')->request(record('b'));
    shutdown $socket, 1;
    my ($replies, $how) = rest_of($socket);
    my @replies = split /\0/, $replies;
    is(scalar @replies, 2, 'two requests at once have two replies');
    like($replies[0], qr{ demo/}, 'in their order');
    like($replies[1], qr{ b/},    'in their order');
    is($how, 'closed', 'then the connection is closed');
};

subtest 'what follows a request and is none' => sub {
    for my $trailing ("\0", "\r\n", 'BYE', "\0\0QUIT\r\n") {
        my $socket = $service->socket;
        syswrite $socket, $service->client->request(record('x')) . $trailing;
        shutdown $socket, 1;
        my ($reply, $how) = rest_of($socket);
        like($reply, qr/\ASuccess[^\0]*\0\z/,
            'one reply, before ' . $trailing =~ s/([^ -~])/sprintf '<%02X>', ord $1/ger);
        is($how, 'closed', 'and the end');
    }
};

subtest 'a slow client delays nobody' => sub {
    my $slow  = $service->socket;
    my $bytes = $service->client->request(record('slow'));
    my $alone = elapsed(sub { $service->client->export(record('alone')) });
    my $worst = 0;
    for my $byte (split //, $bytes) {
        syswrite $slow, $byte;
        next if rand > 0.1;
        my $took = elapsed(sub { $service->client->export(record('beside')) });
        $worst = $took if $took > $worst;
    }
    cmp_ok($worst, '<', $alone + $BETWEEN / 4, 'others take no longer beside it');
    my ($reply) = rest_of($slow, 2);
    like($reply, qr/\ASuccess/, 'byte by byte it is a request all the same');
};

subtest 'half-closed' => sub {
    like($service->client(half_close => 1)->export(record('x')),
        qr/\ASuccess/, 'after a whole request');
    my $took = elapsed(
        sub {
            my $cut = $service->client(half_close => 1)->export(substr record('y' x 500), 0, 300);
            like($cut, qr/^octets 300$/m, 'a record that is cut goes to the importer as it is');
        }
    );
    cmp_ok($took, '<', $BETWEEN / 2, 'at once');
    my $socket = $service->socket;
    syswrite $socket, 'ADdemo';
    shutdown $socket, 1;
    my ($reply, $how) = rest_of($socket);
    like($reply, qr/\A[\x20-\x7E\n]+\0\z/, 'fields without a record are answered');
    unlike($reply, qr/\ASuccess/, 'but not with success');
    is($how, 'closed', 'and closed');
};

subtest 'a client that stops sending' => sub {
    my $reply;
    my $took = elapsed(
        sub {
            $reply = $service->client->exchange(substr $service->client->request(record('y' x 500)),
                0, 300);
        }
    );
    like($reply, qr/^octets 2\d\d$/m, 'what there is goes to the importer');
    cmp_ok($took, '>=', $BETWEEN, 'after the time between two bytes');
};

subtest 'connect and reset' => sub {
    for my $round (1 .. 50) {
        for my $sent ('', 'ADdemo', $service->client->request(record('reset')), "\0") {
            my $socket = $service->socket;
            syswrite $socket, $sent if length $sent;
            reset_connection($socket);
        }
    }
    like($service->client->export(record('after')), qr/\ASuccess/, 'the service is there');
};

subtest 'the server does not close first' => sub {
    my $socket = $service->socket;
    syswrite $socket, $service->client->request(record('x'));
    my ($reply, $how) = rest_of($socket, 1);
    like($reply, qr/\0\z/, 'the reply is whole');
    is($how, 'open', 'and the connection is open');
    ($reply, $how) = rest_of($socket, 6);
    is($how, 'closed', 'but not for ever');
};

subtest 'others than the Client' => sub {
    my %wanted = (
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n" => qr{\AHTTP/1[.]1 200 OK\r\n.*\r\n\r\nok\n\z}s,
        "GET / HTTP/1.0\r\n\r\n"                  => qr{\AHTTP/1[.]1 400 .*Connexion Client}s,
        "<?xml version=\"1.0\"?><record xmlns=\"http://www.loc.gov/MARC21/slim\"><leader/></record>"
            => qr/\A[^\0]*MARC[^\0]*\0\z/,
        "\x16\x03\x01\x02\x00\x01\x00\x01" => qr/\A[^\0]*TLS[^\0]*\0/,
        "hello, is anybody there?\n"       => qr/\A[\x20-\x7E]+\0\z/,
    );
    for my $sent (sort keys %wanted) {
        my $socket = $service->socket;
        syswrite $socket, $sent;
        my ($reply) = rest_of($socket, 1);
        like($reply, $wanted{$sent}, substr $sent =~ s/[^ -~]/./gr, 0, 25);
    }
    my $socket = $service->socket;
    syswrite $socket, 'GET /hea';
    sleep 0.3;
    syswrite $socket, "lth HTTP/1.1\r\n\r\n";
    my ($reply) = rest_of($socket, 1);
    like($reply, qr{\AHTTP/1[.]1 200 }, 'HTTP in pieces');
};

subtest 'many at a time' => sub {
    my @clients = map { $service->socket } 1 .. 100;
    my $request = $service->client->request(record('many'));
    syswrite $_, $request for @clients;
    my $answered = grep { my ($reply) = read_reply($_); $reply =~ /\ASuccess/ } @clients;
    is($answered, 100, '100 connections of one address');
};

sub read_reply ($socket) {
    my $reply = '';
    while ($reply !~ /\0/) { sysread $socket, $reply, 65_536, length $reply or last }
    return $reply;
}

subtest 'a wrong password is answered late, a right one is not' => sub {
    my @wrong = map { $service->socket } 1 .. 5;
    my $request = $service->client->request(record('do:wrong_login=1'));
    my $start   = time;
    syswrite $_, $request for @wrong;
    my $right = elapsed(sub { $service->client->export(record('right')) });
    cmp_ok($right, '<', 1, 'the right one');
    like(read_reply($_), qr/\ANot imported[.]/, 'a wrong one') for @wrong;
    cmp_ok(time - $start, '>=', 1 + 0.9,           'all wrong ones waited, each longer');
    cmp_ok(time - $start, '<',  1 + 2 + 4 + 8 + 8, 'at the same time');
};

is($service->stop, '0 but ended', 'the service ends when told to');
like($service->log, qr/event=stopped/, 'and says so');
unlike($service->log, qr/secret/,                        'the log holds no password');
unlike($service->log, qr/event=exception| at \S+ line /, 'nor an internal error');

subtest 'limits' => sub {
    my $small = GatewayTest->new(
        max_connections_per_address => 3,
        max_request_bytes           => 5000,
        max_request_records         => 2,
        first_byte_timeout          => 1,
        request_timeout             => 2,
        idle_timeout                => 2,
    )->start;
    like($small->client->export(record('x' x 6000)),        qr/\A[^\0]*5000 bytes/, 'octets');
    like($small->client->export(map { record($_) } 1 .. 3), qr/\A[^\0]*2 records/,  'records');

    sleep 0.3;
    my @silent = map { $small->socket } 1 .. 3;
    my $error  = $small->client->export(record('one too many'));
    like($error, qr/too many connections from 127[.]0[.]0[.]1 \(3\)/, 'connections of an address');
    like(read_reply($_), qr/\ANo export arrived within 1 seconds/, 'the first byte') for @silent;
    close $_ for @silent;
    sleep 0.3;
    like($small->client->export(record('room again')),
        qr/\ASuccess/, 'closed connections make room');

    my $trickle = $small->socket;
    my $octets  = $small->client->request(record('t' x 200));
    my $start   = time;
    for my $byte (split //, substr $octets, 0, 100) { syswrite $trickle, $byte; sleep 0.03 }
    like(read_reply($trickle), qr/^octets \d\d$/m, 'the whole request');
    cmp_ok(time - $start, '<', 4, 'in time');
    is($small->stop, '0 but ended', 'the end');
};

subtest 'all connections' => sub {
    my $small  = GatewayTest->new(max_connections => 5)->start;
    my @silent = map { $small->socket } 1 .. 5;
    like(
        $small->client->export(record('one too many')),
        qr/too many connections \(5\)/,
        'are counted'
    );
    close shift @silent;
    ok(wait_until(sub { $small->client->export(record('x')) =~ /\ASuccess/ }),
        'one less makes room');
    my @many = map { $small->socket } 1 .. 200;
    close $_ for @many, @silent;
    ok(
        wait_until(
            sub {
                eval { $small->client->export(record('x')) =~ /\ASuccess/ }
            }
        ),
        'a storm of them passes'
    );
};

subtest 'who may export' => sub {
    my $closed = GatewayTest->new(allow => '192.0.2.0/24 2001:db8::/32')->start;
    like(
        $closed->client->export(record('x')),
        qr/\AThis address \(127[.]0[.]0[.]1\) may not export/,
        'an address that is not on the list'
    );
    $closed->stop;
};

subtest 'told to stop' => sub {
    my $stopping = GatewayTest->new->start;
    $stopping->client->export(record('warm'));
    my ($busy, $silent, $kept) = map { $stopping->socket } 1 .. 3;
    syswrite $kept, $stopping->client->request(record('kept'));
    read_reply($kept);
    syswrite $busy, $stopping->client->request(record('do:sleep_after=1.5 do:name=last'));
    ok(wait_until(sub { $stopping->notes =~ /last/ }), 'an export is under way');
    $stopping->signal('TERM');
    my (undef, $how) = rest_of($silent, 1);
    is($how, 'closed', 'a connection without work is closed');
    ok(!eval { $stopping->client->export(record('late')) }, 'no new one is accepted');
    like(read_reply($busy), qr/\ASuccess/, 'the export ends and is answered');
    close $busy;
    is($stopping->stop, '0 but ended', 'exit status 0');
};

subtest 'told to stop, and no end' => sub {
    my $stopping = GatewayTest->new(drain_timeout => 1)->start;
    my ($kept, $other) = map { $stopping->socket } 1 .. 2;
    syswrite $kept,  $stopping->client->request(record('do:sleep_after=6 do:name=kept'));
    syswrite $other, 'ADde';
    ok(wait_until(sub { -e $stopping->folder . '/kept.1' }), 'an export is kept');
    my $start = time;
    $stopping->signal('TERM');
    is(wait_until(sub { $stopping->ended }), '0 but ended', 'exit status 0');
    cmp_ok(time - $start, '<', 5, 'in time');
    like(
        read_reply($kept),
        qr/\AReceived under number 1;/,
        'what was kept is answered by its number'
    );
    like(
        read_reply($other),
        qr/\AThe gateway is being stopped[.] Nothing was imported/,
        'what was not, too'
    );
};

subtest 'told to read its settings again' => sub {
    my $reloaded = GatewayTest->new(max_request_records => 5)->start;
    my $client   = $reloaded->client(keep => 1);
    my ($before) = $client->export(record('x')) =~ /^importer (\d+)/m;
    my $busy     = $reloaded->socket;
    syswrite $busy, $reloaded->client->request(record('do:sleep_after=1 do:name=busy'));
    ok(wait_until(sub { $reloaded->notes =~ /busy/ }), 'an export is under way');
    $reloaded->settings(max_request_records => 1)->signal('HUP');
    ok(wait_until(sub { $reloaded->log =~ /event=reloaded/ }), 'the log says so');
    my ($after) = $client->export(record('x')) =~ /^importer (\d+)/m;
    isnt($after, $before, 'a fresh importer on the old connection');
    like(read_reply($busy), qr/\ASuccess/, 'the export under way ended well');
    like($reloaded->client->export(record('x'), record('y')),
        qr/1 records/, 'the new setting holds');
    ok(wait_until(sub { !kill 0, $before }), 'the old importer is gone');

    $reloaded->settings(port => $reloaded->port);
    open my $mark, '>', $reloaded->folder . '/no_start' or die $!;
    close $mark;
    $reloaded->signal('HUP');
    ok(wait_until(sub { $reloaded->log =~ /event=not_reloaded/ }),
        'settings that cannot be had are logged');
    like($reloaded->client->export(record('x')), qr/\ASuccess/, 'and the service goes on');
};

subtest 'answered by its number when it takes long' => sub {
    my $service = GatewayTest->new(answer_within => 0.5)->start;
    my $client  = $service->client(keep => 1);
    my $took    = elapsed(
        sub {
            like(
                $client->export(record('do:sleep_after=3')),
                qr/\AReceived under number 1; the import goes on/,
                'a first answer'
            );
        }
    );
    cmp_ok($took, '<', 2.5, 'before the import ends');
    like(
        $client->export(record('next')),
        qr/\ASuccess[.]  Number 2/,
        'the next export has its own answer'
    );
    ok(wait_until(sub { $service->log =~ /event=late_reply/ }), 'the late reply is in the log');
};

subtest 'it cannot begin' => sub {
    my $first  = GatewayTest->new->start;
    my $second = GatewayTest->new->begin('--port', $first->port);
    is(wait_until(sub { $second->ended }), 1, 'a port in use: exit status 1');
    like($second->log, qr/event=cannot_listen .*port=\d+ error=.*in use/i, 'and the reason');

    my $broken = GatewayTest->new;
    open my $mark, '>', $broken->folder . '/no_start' or die $!;
    close $mark;
    $broken->begin('--port', 0);
    is(wait_until(sub { $broken->ended }), 1, 'no importer: exit status 1');
    like($broken->log, qr/told not to start/, 'with its words');
    like($broken->log, qr/event=no_settings/, 'and ours');
};

subtest 'nothing of Koha or a database in it' => sub {
    my $service = GatewayTest->new->start;
    $service->client->export(record('x'));
    my $maps = content('/proc/' . $service->pid . '/maps');
    plan skip_all => 'no /proc here' if !$maps;
    unlike($maps, qr{/DBI/|libmariadb|libmysql}, 'no database driver is mapped');
    my ($private) =
        content('/proc/' . $service->pid . '/smaps_rollup') =~ /^Private_Dirty:\s+(\d+)/m;
    cmp_ok($private, '<', 40_000, "private memory ($private kB)");
};

done_testing;
