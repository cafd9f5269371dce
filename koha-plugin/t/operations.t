#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What a running service tells over HTTP, and how it follows what is wished.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use IO::Socket::IP ();
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest qw(record content wait_until);
use Koha::Plugin::ConnexionGateway::Health;
use Koha::Plugin::ConnexionGateway::Http;
use Koha::Plugin::ConnexionGateway::Operations;

sub get ($service, $path) {
    return Koha::Plugin::ConnexionGateway::Health->get('127.0.0.1', $service->port, $path, 30);
}

sub raw ($service, $octets) {
    my $socket = $service->socket;
    syswrite $socket, $octets;
    shutdown $socket, 1;
    my $answer = '';
    1 while sysread $socket, $answer, 65_536, length $answer;
    return $answer;
}

subtest 'request lines' => sub {
    my $http = 'Koha::Plugin::ConnexionGateway::Http';
    is_deeply($http->parse("GET /health HTTP/1.1\r\nHost: x\r\n"), { method => 'GET', path => '/health' }, 'a whole one');
    is_deeply($http->parse("GET /health?x=1 HTTP/1.0\n"), { method => 'GET', path => '/health' }, 'with a query');
    is($http->parse('GET /hea'), undef, 'not yet whole');
    is($http->parse('GET /hea', 1), 0, 'never to be whole');
    is($http->parse("GET  HTTP/1.1\r\n"), 0, 'no path');
    is($http->parse('GET /' . 'x' x 2000), 0, 'too long');
};

my $service = GatewayTest->new(max_importers => 2)->start;
$service->client->export(record($_)) for 1 .. 3;

subtest 'pages' => sub {
    my ($status, $text) = get($service, '/health');
    is("$status $text", "200 ok\n", 'health');
    ($status, $text) = get($service, '/metrics');
    is($status, 200, 'metrics');
    like($text, qr/^connexion_exports_total\{outcome="added"\} 3$/m, 'exports by outcome');
    like($text, qr/^connexion_export_duration_seconds_count 3$/m, 'how long they took');
    like($text, qr/^connexion_up 1$/m, 'up');
    my @lines = grep { !/\A(?:# (?:HELP|TYPE) [a-z_]+ \S.*|[a-z_]+(?:\{[a-z]+="[^"]*"\})? [0-9.e+-]+)\z/ } split /\n/, $text;
    is_deeply(\@lines, [], 'every line is in the format of Prometheus');
    my @buckets = $text =~ /^connexion_export_duration_seconds_bucket\{le="[^"]+"\} (\d+)$/mg;
    is_deeply(\@buckets, [ sort { $a <=> $b } @buckets ], 'the buckets of the histogram only grow');
    is($buckets[-1], 3, 'to all of them');
    ($status, $text) = get($service, '/status');
    my $told = JSON::PP->new->decode($text);
    is($told->{pid}, $service->pid, 'status: the process');
    is($told->{exports}{added}, 3, 'and its exports');
    like(raw($service, "GET /nowhere HTTP/1.1\r\n\r\n"), qr{\AHTTP/1\.1 400 .*Connexion Client.*\n\z}s, 'another page');
    like(raw($service, "POST /health HTTP/1.1\r\n\r\n"), qr{\AHTTP/1\.1 405 }, 'another method');
    unlike(raw($service, "HEAD /health HTTP/1.1\r\n\r\n"), qr/ok\n/, 'HEAD has no body');
    like(raw($service, $service->client->request(record('GET /health HTTP/1.1'))), qr/\ASuccess/,
        'an export that holds a request line is an export');
};

subtest 'from elsewhere' => sub {
    my %told;
    my $other = bless { asked => 0 }, 'Elsewhere';
    my $ask = sub ($path, %who) {
        Koha::Plugin::ConnexionGateway::Http->answer({ method => 'GET', path => $path }, \%who, $other,
            sub ($octets) { $told{$path} = $octets });
    };
    $ask->($_) for qw(/health /metrics /status /wishes);
    like($told{'/health'}, qr{\AHTTP/1\.1 200 }, 'health is for all');
    like($told{$_}, qr{\AHTTP/1\.1 403 }, "$_ is not") for qw(/metrics /status /wishes);
    like($told{'/wishes'}, qr/wishes_from/, 'with the setting that lets them');
    is($other->{asked}, 0, 'and nothing was looked for');
    $ask->('/wishes', wishes => 1);
    like($told{'/wishes'}, qr{\AHTTP/1\.1 200 .*done\n\z}s, 'those who may are answered');
};

sub Elsewhere::problem {return}

sub Elsewhere::follow_wishes ($self, $done) {
    $self->{asked}++;
    return $done->('done');
}

subtest 'who may ask for what' => sub {
    my $limits = { wishes_from => [ '192.0.2.0/24', '2001:db8::/32' ] };
    my $operations = Koha::Plugin::ConnexionGateway::Operations->new(limits => $limits);
    my $may = sub ($peer) { my $rights = $operations->rights($peer, '10.0.0.1'); "$rights->{inside} $rights->{wishes}" };
    is($may->($_), '1 1', "$_: this machine") for qw(127.0.0.1 127.3.2.1 ::1 10.0.0.1);
    is($may->($_), '0 1', "$_: named by the setting") for qw(192.0.2.7 2001:db8::5);
    is($may->($_), '0 0', "$_: another one") for qw(192.0.3.7 10.0.0.2 2001:db9::5 1270.0.0.1);
    $limits->{wishes_from} = [];
    is($may->('192.0.2.7'), '0 0', 'by default no other');
};

# A balancer tells the addresses, as if they had come from there.
sub proxied ($service, $from, $request) {
    my $family = $from =~ /:/ ? 'TCP6' : 'TCP4';
    my $to = $from =~ /:/ ? '2001:db8:1::1' : '198.51.100.1';
    return raw($service, "PROXY $family $from $to 1234 8000\r\n$request HTTP/1.1\r\nHost: x\r\n\r\n");
}

subtest 'wishes over the network' => sub {
    my $far = GatewayTest->new(proxy_from => '127.0.0.1', wishes_from => '192.0.2.0/24')->start;
    like(proxied($far, '192.0.2.9', 'GET /wishes'), qr{\AHTTP/1\.1 200 .*accepting\n}s, 'from an address that may');
    like(proxied($far, '192.0.3.9', "$_ /wishes"), qr{\AHTTP/1\.1 40[35] }, "$_ from another one is refused") for qw(GET POST HEAD);
    like(proxied($far, '192.0.3.9', 'GET /health'), qr{\AHTTP/1\.1 200 }, 'which may ask for its health');
    like(proxied($far, '192.0.2.9', "GET $_"), qr{\AHTTP/1\.1 403 }, "$_ is for this machine") for qw(/status /metrics);
    $far->settings(proxy_from => '127.0.0.1')->signal('HUP');
    ok(wait_until(sub { $far->log =~ /event=reloaded/ }), 'without the setting');
    like(proxied($far, '192.0.2.9', 'GET /wishes'), qr{\AHTTP/1\.1 403 }, 'none but this machine may');
};

subtest 'what is wished' => sub {
    ok(wait_until(sub { -e $service->folder . '/service.json' }), 'it looks by itself');
    my $left = JSON::PP->new->decode(content($service->folder . '/service.json'));
    is($left->{port}, $service->port, 'and says where it is');
    $service->wishes(state => 'drain');
    is(join(' ', get($service, '/wishes')), "200 paused\n", 'told to refuse exports');
    like($service->client->export(record('x')), qr/\AThe gateway is paused by the administrator/, 'it refuses them');
    is(join(' ', get($service, '/health')), "503 paused\n", 'and says so to balancers');
    $service->wishes(state => 'accept');
    is(join(' ', get($service, '/wishes')), "200 accepting\n", 'told to take them');
    like($service->client->export(record('x')), qr/\ASuccess/, 'it takes them');
    $service->settings(max_request_records => 1)->wishes(reload => 1);
    is(join(' ', get($service, '/wishes')), "200 reloaded\n", 'told to read its settings');
    like($service->client->export(record('x'), record('y')), qr/1 records/, 'they hold');
    is(join(' ', get($service, '/wishes')), "200 accepting\n", 'once');
    $service->wishes(reload => 1, state => 'drain');
    ok(wait_until(sub { $service->client->export(record('x')) =~ /paused/ }), 'without being told to look it sees it, too');
    $service->wishes(reload => 1);
    get($service, '/wishes');
};

subtest 'a reload drops and refuses nothing' => sub {
    my $busy = GatewayTest->new(max_importers => 2)->start;
    $busy->client->export(record('warm'));
    my @children = map { exports_in_a_process($busy, 12) } 1 .. 2;
    for my $round (1 .. 3) {
        $round == 2 ? $busy->signal('HUP') : $busy->wishes(reload => $round);
        is((get($busy, '/wishes'))[0], 200, 'reloaded') if $round != 2;
        ok(wait_until(sub { (() = $busy->log =~ /event=reloaded/g) >= $round }), "reload $round while exports run");
    }
    for my $child (@children) {
        my $answers = do { local $/ = undef; readline $child };
        is($answers, "Success\n" x 12, 'every export was answered with success');
    }
    is(scalar(() = glob $busy->folder . '/kept.*'), 25, 'and kept once');
    unlike($busy->log, qr/event=export_interrupted/, 'and none had to be begun again');
};

sub exports_in_a_process ($busy, $count) {
    my $pid = open(my $out, '-|') // die $!;
    return $out if $pid;
    for (1 .. $count) {
        my $reply = eval { $busy->client->export(record('do:sleep_after=0.2')) } // "no answer: $@";
        print $reply =~ /\A(Success)/ ? "$1\n" : $reply;
    }
    STDOUT->flush;
    return POSIX::_exit(0);
}

subtest 'wished before it began' => sub {
    my $late = GatewayTest->new->wishes(state => 'drain', reload => 5)->start;
    like($late->client->export(record('x')), qr/paused/, 'it refuses exports from the first one on');
    is(join(' ', get($late, '/wishes')), "200 paused\n", 'and has no settings to read again');
    $late->wishes(state => 'accept', reload => 5);
    is(join(' ', get($late, '/wishes')), "200 accepting\n", 'until it is told');
};

subtest 'idle importers end, though they are asked' => sub {
    my $idle = GatewayTest->new(importer_idle => 6)->start;
    $idle->client->export(record('x'));
    ok(wait_until(sub { JSON::PP->new->decode((get($idle, '/status'))[1])->{importers} == 0 }, 20), 'none is left');
    is(join(' ', get($idle, '/wishes')), "200 accepting\n", 'one is started to look when it is told to');
};

subtest 'log file' => sub {
    my $folder = File::Temp->newdir;
    my $logging = GatewayTest->new(log_file => "$folder/log")->start_quietly("$folder/log");
    $logging->client->export(record('x'));
    rename "$folder/log", "$folder/log.1" or die $!;
    $logging->signal('HUP');
    ok(wait_until(sub { content("$folder/log") =~ /event=reloaded/ }), 'SIGHUP opens it anew');
    like(content("$folder/log.1"), qr/event=listening/, 'the old one has what was before');
};

subtest 'a full disk for the log' => sub {
    plan skip_all => 'no /dev/full here' if !-c '/dev/full';
    my $port = free_port();
    my $full = GatewayTest->new(log_file => '/dev/full')->begin('--port', $port);
    $full->{port} = $port;
    ok(wait_until(sub { ((get($full, '/health'))[0] // 0) == 200 }, 30), 'the service is there');
    like($full->client->export(record($_)), qr/\ASuccess/, 'an export') for 1 .. 3;
    my ($lost) = (get($full, '/metrics'))[1] =~ /^connexion_log_lines_lost_total (\d+)$/m;
    cmp_ok($lost, '>=', 1, 'lines that are lost are counted');
    is($full->stop, '0 but ended', 'it ends when it is told to');
};

subtest 'a port for monitors' => sub {
    my $monitored = GatewayTest->new(health_port => free_port())->start;
    my $port = wait_until(sub { $monitored->log =~ /event=listening_for_health .*port=(\d+)/ ? $1 : 0 });
    my $ask = sub ($path) { Koha::Plugin::ConnexionGateway::Health->get('127.0.0.1', $port, $path) };
    is(join(' ', $ask->('/health')), "200 ok\n", 'health');
    is(($ask->('/metrics'))[0], 200, 'metrics');
    is(($ask->('/nothing'))[0], 400, 'and no more');
    $monitored->settings(health_port => 0)->signal('HUP');
    ok(wait_until(sub { !defined(($ask->('/health'))[0]) }), 'closed when it is no longer wished');
};

sub free_port {
    my $socket = IO::Socket::IP->new(Listen => 1, LocalHost => '127.0.0.1') or die $@;
    return $socket->sockport;
}

# As systemd does: it listens, and keeps what arrives while the service is started anew.
subtest 'a socket that is handed over' => sub {
    my $socket = IO::Socket::IP->new(Listen => 128, LocalHost => '127.0.0.1') or die $@;
    my $first = GatewayTest->new->begin_with_socket($socket);
    my @exports = map { exports_in_a_process($first, 8) } 1 .. 2;
    ok(wait_until(sub { $first->notes =~ /(?:handle.*){4}/s }), 'exports are under way');
    $first->signal('TERM');
    is(wait_until(sub { $first->ended }, 30), '0 but ended', 'the service ends');
    my $second = GatewayTest->new->begin_with_socket($socket);
    for my $child (@exports) {
        my $answers = do { local $/ = undef; readline $child };
        is($answers, "Success\n" x 8, 'no connection was refused, and no export lost');
    }
    like($second->notes, qr/handle/, 'the second one took some');
    $second->settings(port => 1)->signal('HUP');
    ok(wait_until(sub { $second->log =~ /event=reloaded/ }), 'reloaded');
    like($second->client->export(record('x')), qr/\ASuccess/, 'it stays on the socket it was given');
};

# systemd's own tool, which does what a socket unit does.
subtest 'activated by systemd' => sub {
    my $activate = '/usr/bin/systemd-socket-activate';
    plan skip_all => "no $activate here" if !-x $activate;
    my ($port, $monitors) = map { free_port() } 1, 2;
    my $active = GatewayTest->new->begin_by($activate, '-l', "127.0.0.1:$port", '-l', "127.0.0.1:$monitors",
        '--fdname=exports:health', (map { ('-E', $_) } qw(STANDIN_FOLDER PERL5LIB)));
    $active->{port} = $port;
    my $reply;
    ok(wait_until(sub { $reply //= eval { $active->client->export(record('first')) } }, 30), 'the first connection starts it');
    like($reply, qr/\ASuccess/, 'and is answered');
    like($active->client->export(record('second')), qr/\ASuccess/, 'so is the next');
    my ($status) = Koha::Plugin::ConnexionGateway::Health->get('127.0.0.1', $monitors, '/metrics', 20);
    is($status, 200, 'the socket for monitors is known by its name');
    is($active->stop, '0 but ended', 'it ends when it is told to');
};

done_testing;
