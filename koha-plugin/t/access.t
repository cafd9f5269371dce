#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use IO::Socket::SSL ();
use IPC::Open3      ();
use Socket          qw(AF_INET AF_INET6 inet_pton);
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest qw(record wait_until);
use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::FailedLogins;
use Koha::Plugin::ConnexionGateway::ProxyProtocol;
use Koha::Plugin::ConnexionGateway::ServiceSettings;

my $ADDRESSES = 'Koha::Plugin::ConnexionGateway::Addresses';
my $SETTINGS  = 'Koha::Plugin::ConnexionGateway::ServiceSettings';

sub reply_on ($socket, $octets, $seconds = 5) {
    $socket->print($octets);
    $socket->blocking(0);
    my ($got, $until) = ('', time + $seconds);
    while (time < $until && $got !~ /\0/) {
        my $read = sysread $socket, $got, 65_536, length $got;
        last       if defined $read && !$read;
        sleep 0.01 if !defined $read;
    }
    return $got;
}

subtest 'addresses and networks' => sub {
    my $allowed = sub ($address, @list) { $ADDRESSES->allowed($address, join ' ', @list) };
    ok($allowed->('10.1.2.3'),                                   'an empty list');
    ok($allowed->('10.1.2.3', '192.0.2.1', '10.1.0.0/16'),       'a network');
    ok(!$allowed->('10.2.2.3', '192.0.2.1', '10.1.0.0/16'),      'another network');
    ok($allowed->('192.0.2.1', '192.0.2.1'),                     'an address');
    ok(!$allowed->('192.0.2.2', '192.0.2.1'),                    'another address');
    ok($allowed->('2001:db8::7', '2001:db8::/32'),               'IPv6');
    ok(!$allowed->('2001:db9::7', '2001:db8::/32', '0.0.0.0/0'), 'another IPv6');
    ok($allowed->('10.0.0.1',     '0.0.0.0/0'),                  'all of IPv4');
    ok($allowed->('132.174.9.9',  'oclc'),                       'the preset of OCLC');
    ok(!$allowed->('132.175.9.9', 'OCLC'),                       'and who is not of it');
    for my $wrong (qw(nonsense 10.1.2.300 10.1.2.0/33 10.1.2.0/x 2001:db8::/129 10.1 /8)) {
        ok(!$allowed->('10.1.2.3', $wrong), "$wrong allows nobody");
        is_deeply([$ADDRESSES->unreadable("10.0.0.0/8,$wrong;oclc")], [$wrong], 'and is told');
    }
    is($ADDRESSES->plain('::ffff:192.0.2.7'), '192.0.2.7', 'IPv4 in IPv6');
};

subtest 'settings of the service' => sub {
    my %values = $SETTINGS->defaults;
    for my $name ($SETTINGS->names) {
        is($SETTINGS->problem($name, $values{$name}), undef, "the default of $name is one");
        like($SETTINGS->help($name), qr/\w/, 'and it is explained');
    }
    my %wrong = (
        port          => [qw(0 65536 x -1 80.5)],
        bind          => [qw(localhost 300.1.1.1)],
        allow         => ['192.0.2.0/40'],
        max_importers => [qw(0 -1 many)],
        idle_timeout  => [qw(0 -1 soon 1e9)],
        log_format    => ['xml'],
        tls_key       => ['key.pem'],
        keep_data     => [2],
    );
    for my $name (sort keys %wrong) {
        like($SETTINGS->problem($name, $_), qr/\A$name: "\Q$_\E" is /, "$name $_")
            for @{ $wrong{$name} };
    }
    like($SETTINGS->problem(color => 1), qr/\Acolor: There is no such setting/, 'an unknown one');
    like(
        join(' ', $SETTINGS->contradictions({ %values, tls_port => 8000 })),
        qr/the port of the exports.*tls_certificate/,
        'contradictions'
    );
};

subtest 'wrong logins' => sub {
    my ($now, %limits) = (1000, $SETTINGS->defaults, wrong_logins => 3, wrong_logins_per_address => 6);
    my $logins = Koha::Plugin::ConnexionGateway::FailedLogins->new(
        limits => \%limits,
        now    => sub { $now }
    );
    $logins->succeeded('192.0.2.1', 'known');
    is($logins->pause('192.0.2.1', 'a'), 0, 'at first');
    is_deeply([map { $logins->failed('192.0.2.1', 'a') } 1 .. 3], [1, 2, 4], 'longer each time');
    cmp_ok($logins->pause('192.0.2.1', 'a'), '>', 299, 'then a pause');
    is($logins->pause('192.0.2.2', 'a'), 0, 'not from elsewhere');
    is($logins->pause('192.0.2.1', 'b'), 0, 'nor with another login');
    is($logins->failed('192.0.2.2', 'a'), 8, 'guesses from many addresses wait as long');
    is($logins->failed('192.0.2.2', 'a'), 8, 'the most');
    $logins->failed('192.0.2.1', "x$_") for 1 .. 3;
    cmp_ok($logins->pause('192.0.2.1', 'b'), '>', 0, 'many logins from one address: all of it');
    is($logins->pause('192.0.2.1', 'known'), 0, 'but not who was right from there before');
    $now += 301;
    is($logins->pause('192.0.2.1', 'b'), 0, 'until the time is over');
    is($logins->pause('192.0.2.1', 'a'), 0, 'for that login too');
    $logins->failed('192.0.2.1', 'c') for 1 .. 2;
    $logins->succeeded('192.0.2.1', 'c');
    is($logins->failed('192.0.2.3', 'd'), 1, 'a fresh one');
    $logins->failed('192.0.2.1', 'c');
    is($logins->pause('192.0.2.1', 'c'), 0, 'a right one begins anew');
    $logins->failed('192.0.2.9', "other$_", 'meant') for 1 .. 3;
    cmp_ok($logins->pause('192.0.2.9', 'another', 'meant'), '>', 0, 'a login that is one reading of several counts');
    is($logins->pause('192.0.2.9', 'another'), 0, 'and only that');
    $logins->failed("10.$_.0.1", "y$_") for 1 .. 10_000;
    cmp_ok(keys %{ $logins->{failures} }, '<=', 5_000, 'inventions do not fill the memory');
    $logins->succeeded("10.$_.0.1", "y$_") for 1 .. 10_000;
    cmp_ok(keys %{ $logins->{known} }, '<=', 5_000, 'nor do logins that were right');
    $logins->failed('192.0.2.1', 'x' x 500_000);
    my ($longest) = sort { $b <=> $a } map { length $_ } keys %{ $logins->{failures} };
    is($longest, 16, 'however long they are');
    cmp_ok($logins->failed('192.0.2.1', 'x' x 500_000), '>', 1, 'and each is known again');
};

sub version_2 ($command, $family, $body) {
    return "\r\n\r\n\0\r\nQUIT\n" . pack('CCn', 0x20 | $command, $family, length $body) . $body;
}

my $IPV4 = inet_pton(AF_INET, '203.0.113.9') . inet_pton(AF_INET, '192.0.2.1') . pack 'nn', 1, 2;
my $IPV6 = inet_pton(AF_INET6, '2001:db8::9') . inet_pton(AF_INET6, '::1') . pack 'nn', 1, 2;

subtest 'PROXY headers' => sub {
    my %good = (
        "PROXY TCP4 203.0.113.9 192.0.2.1 5000 80\r\n" => '203.0.113.9',
        "PROXY TCP6 2001:db8::9 ::1 5000 80\r\n"       => '2001:db8::9',
        "PROXY UNKNOWN\r\n"                            => undef,
        "PROXY UNKNOWN ff 1 2 3\r\n"                   => undef,
        version_2(1, 0x11, $IPV4)                      => '203.0.113.9',
        version_2(1, 0x21, "$IPV6\x04\0\1x")           => '2001:db8::9',
        version_2(0, 0x00, '')                         => undef,
    );
    for my $header (sort keys %good) {
        my $read = Koha::Plugin::ConnexionGateway::ProxyProtocol->read("${header}PROXY TCP4");
        is_deeply([@$read{qw(length address)}], [length $header, $good{$header}],
            'whole: ' . $header =~ s/[^ -~]/./gr);
        my @less = map { Koha::Plugin::ConnexionGateway::ProxyProtocol->read(substr $header, 0, $_) }
            0 .. length($header) - 1;
        is(scalar(grep { !$_->{more} } @less), 0, 'and nothing is made of less');
    }
    for my $wrong ('AEdemo', "GET / HTTP/1.0\r\n", "PROXY TCP4 x y 1 2\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
        'PROXY ' . 'x' x 200, version_2(2, 0x11, $IPV4), version_2(1, 0x11, 'short'), version_2(1, 0x11, 'x' x 900)) {
        ok(Koha::Plugin::ConnexionGateway::ProxyProtocol->read($wrong)->{wrong},
            'wrong: ' . substr $wrong =~ s/[^ -~]/./gr, 0, 40);
    }
};

subtest 'behind a balancer' => sub {
    my $service = GatewayTest->new(proxy_from => '127.0.0.0/8', allow => '203.0.113.0/24', first_byte_timeout => 2)->start;
    my $export  = $service->client->request(record('x'));
    my $header  = "PROXY TCP4 203.0.113.9 192.0.2.1 5000 80\r\n";
    like(reply_on($service->socket, $header . $export), qr/^peer 203[.]0[.]113[.]9$/m, 'the client is who counts');
    like(reply_on($service->socket, version_2(1, 0x11, $IPV4) . $export), qr/^peer 203[.]0[.]113[.]9$/m, 'version 2');
    my $slow = $service->socket;
    for my $byte (split //, $header) { syswrite $slow, $byte; sleep 0.01 }
    like(reply_on($slow, $export), qr/^peer 203[.]0[.]113[.]9$/m, 'byte by byte');
    like(reply_on($service->socket, "PROXY TCP4 198.51.100.1 192.0.2.1 1 2\r\n$export"),
        qr/\AThis address \(198[.]51[.]100[.]1\) may not export/, 'and who is let in or not');
    is(reply_on($service->socket, $export), '', 'without a header nothing is taken');
    is(reply_on($service->socket, '', 4), '', 'nor waited for without end');
    is(scalar(() = $service->log =~ /event=no_arrival/g), 2, 'both are in the log');
    $service->stop;

    my $direct = GatewayTest->new(proxy_from => '192.0.2.0/24')->start;
    unlike(reply_on($direct->socket, $header . $export), qr/Success/, 'others cannot say who they are');
    $direct->stop;
};

sub certificate ($folder) {
    my $pid = IPC::Open3::open3(my $in, my $out, undef, qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2),
        '-subj', '/CN=localhost', '-keyout', "$folder/key.pem", '-out', "$folder/certificate.pem");
    my @said = <$out>;
    waitpid $pid, 0;
    return $? ? die @said : ("$folder/certificate.pem", "$folder/key.pem");
}

subtest 'TLS' => sub {
    my $service = GatewayTest->new(first_byte_timeout => 2, allow => '127.0.0.0/8');
    my ($certificate, $key) = certificate($service->folder);
    my $free = IO::Socket::IP->new(Listen => 1, LocalHost => '127.0.0.1')->sockport;
    $service->settings(tls_port => $free, tls_certificate => $certificate, tls_key => $key,
        first_byte_timeout => 2)->start;
    my $export  = $service->client->request(record('x', 60_000));
    my $connect = sub { IO::Socket::SSL->new(PeerHost => '127.0.0.1', PeerPort => $free,
            SSL_ca_file => $certificate, SSL_verifycn_scheme => 'none') };
    my $idle = IO::Socket::IP->new(PeerHost => "127.0.0.1", PeerPort => $free);
    my $tls  = $connect->();
    ok($tls, 'a handshake, beside one that never begins it') or diag $IO::Socket::SSL::SSL_ERROR . $service->log;
    like(reply_on($tls, $export), qr/\ASuccess.*octets 60\d\d\d$/ms, 'an export over TLS');
    like(reply_on($service->socket, $export), qr/\ASuccess/, 'and one without, on the other port');
    my $plain = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $free);
    unlike(reply_on($plain, $export), qr/Success/, 'what is no TLS is not taken there');
    ok(wait_until(sub { $service->log =~ /event=no_arrival .*reason="?TLS/ }), 'and told in the log');
    like(reply_on($connect->(), $export), qr/\ASuccess/, 'the port is still there');
    is($service->stop, '0 but ended', 'the service ends as ever');
    unlike($service->log, qr/event=exception/, 'without an internal error');
};

subtest 'guessing over the socket' => sub {
    my $service = GatewayTest->new(wrong_logins => 3, wrong_login_delay => 0.1, wrong_login_pause => 2)->start;
    my $wrong = record('do:wrong_login=1 name');
    like($service->client->export($wrong), qr/\ANot imported[.]  Wrong login/, 'a wrong login') for 1 .. 3;
    my $refused = $service->client->export(record('y'));
    like($refused, qr/\ANot imported: too many wrong logins from this address \(127[.]0[.]0[.]1\) for now[.] Try again in \d seconds/,
        'after three not even looked at');
    is(scalar(() = $service->notes =~ /handle/g), 3, 'by any importer');
    like($service->client(login => 'other')->export(record('y')), qr/\ASuccess/, 'another login is');
    ok(wait_until(sub { $service->client->export(record('z')) =~ /\ASuccess/ }, 5), 'after the pause it is again');
    unlike($service->log, qr/secret/, 'no password in the log');
    $service->stop;
};

done_testing;
