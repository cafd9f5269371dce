# SPDX-License-Identifier: GPL-3.0-or-later
#
# What nobody means well by: mutated requests, other protocols, endless and trickling bodies, scans.
# The service stays, its memory stays, and Koha holds what was acknowledged and nothing else.
# CONNEXION_HOSTILE is the number of mutated requests, CONNEXION_SEED repeats a run.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use IO::Select;
use Test::More;
use TestGateway;
use Time::HiRes qw(sleep time);

local $SIG{PIPE} = 'IGNORE';

my $requests = $ENV{CONNEXION_HOSTILE} || 400;
my $seed = $ENV{CONNEXION_SEED} || time % 1_000_000;
srand $seed;
note "CONNEXION_SEED=$seed";

my $gateway = TestGateway->start;
my @settings = ('wrong_login_delay=0', 'wrong_logins=1000000', 'wrong_logins_per_address=1000000',
    'between_bytes_timeout=2', 'first_byte_timeout=3', 'request_timeout=6', 'answer_within=8', 'max_connections_per_address=600');
$gateway->change_settings(@settings);
my $exports = 'koha_plugin_connexiongateway_exports';

my @real = map { TestGateway->records_of($_) }
    qw(book_ascii_ocn893210272.mrc gpo_utf8_ocm01768407.mrc gpo_marc8_001072543.mrc authority_lc_n2022029274.mrc);

sub memory { return $gateway->private_memory }

sub any (@of) { return $of[ rand @of ] }

# ---------------------------------------------------------------- mutations

my @MUTATIONS = (
    sub ($octets) { substr $octets, rand length $octets, 1, chr int rand 256; $octets },
    sub ($octets) { substr $octets, rand length $octets, 1 + rand 8, ''; $octets },
    sub ($octets) { substr $octets, rand length $octets, 0, join '', map { chr int rand 256 } 1 .. 1 + rand 20; $octets },
    sub ($octets) { substr $octets, 0, rand length $octets },
    sub ($octets) { substr $octets, rand length $octets },
    sub ($octets) { $octets . $octets },
    sub ($octets) { substr $octets, rand length $octets, 5, any('99999', '00000', '-0001', '     ', "\0\0\0\0\0", '1e999'); $octets },
    sub ($octets) { $octets =~ s/\x1E/any("\x1D", "\x1F", '', "\0")/e; $octets },
    sub ($octets) { $octets =~ s/\A(.)./$1 . chr(any(0 .. 255))/es; $octets },
    sub ($octets) { any('A', 'P', 'U') . any(999, 1000, '0', "\xFF", "\x40", "\x00") . $octets },
    sub ($octets) { join '', map { chr int rand 256 } 1 .. rand 3000 },
    sub ($octets) { any(qw(U A P)) x (1 + rand 500) },
);

# What it is, whether its login is right, and its octets.
sub request {
    my $record = any(@real);
    my $right = rand() < 0.3;
    my $head = TestGateway->bytes_field('A', $right ? 'demo' : any('demo', 'admin', "' OR 1=1 --", "\xFF\xFE"));
    $head .= TestGateway->bytes_field('P', $right ? 'demo' : 'guess' . int rand 1e9);
    # The head is left whole where the login is right, so that what is taken is known.
    if ($right) {
        my $octets = $record;
        $octets = any(@MUTATIONS)->($octets) for 1 .. 1 + rand 3;
        return (1, $head . $octets);
    }
    my $octets = $head . $record;
    $octets = any(@MUTATIONS)->($octets) for 1 .. 1 + rand 3;
    return (0, $octets);
}

# Sends many at the same time; each is given up after some seconds, as an attacker would.
sub send_all ($count) {
    my (%open, @answers);
    my $sent = 0;
    while ($sent < $count || %open) {
        while ($sent < $count && keys %open < 24) {
            my ($right, $octets) = request();
            my $socket = eval { $gateway->connection } or next;
            $sent++;
            $socket->print($octets);
            $socket->flush;
            shutdown $socket, 1 if rand() < 0.7;
            close $socket, next if rand() < 0.05;
            $open{$socket} = { socket => $socket, right => $right, reply => '', until => time + 30 };
        }
        for my $socket (IO::Select->new(map { $_->{socket} } values %open)->can_read(0.2)) {
            my $one = $open{$socket};
            my $read = sysread $socket, $one->{reply}, 65_536, length $one->{reply};
            push @answers, delete $open{$socket} if !$read;
            # The Client would close now; some wait for the other side to do it.
            push @answers, delete $open{$socket} if $read && $one->{reply} =~ /\0\z/ && rand() < 0.9;
        }
        push @answers, delete $open{$_} for grep { $open{$_}{until} < time } keys %open;
    }
    return @answers;
}

# ---------------------------------------------------------------- tests

like $gateway->export('demo', $real[0]), qr/\ASuccess/, 'a sound export';

subtest 'other protocols and scans' => sub {
    my @hellos = ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /svc/import_bib HTTP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . 'x' x 500, "SSH-2.0-OpenSSH_9.2\r\n", "EHLO x\r\n",
        "9300CNadmin|COadmin|CPCPL|\r", "\0" x 5000, "\xFF" x 5000, "' OR '1'='1", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>');
    for my $hello (@hellos) {
        my $socket = $gateway->connection;
        $socket->print($hello);
        shutdown $socket, 1;
        my $reply = '';
        my $until = time + 8;
        my $select = IO::Select->new($socket);
        while (time < $until && $select->can_read(1)) { sysread $socket, $reply, 65_536, length $reply or last }
        unlike $reply, qr/Success|root:/, 'not taken: ' . substr $hello =~ s/[^ -~]/./gr, 0, 30;
    }
    for (1 .. 200) { $gateway->reset_connection }
    like $gateway->export('demo', $real[1]), qr/\ASuccess/, 'after a scan an export is taken';
};

subtest 'bodies without end' => sub {
    my $endless = $gateway->connection;
    my $sent = 0;
    my $chunk = TestGateway->bytes_field('A', 'demo') . '99999nam a2200000 a 4500' . 'x' x 60_000;
    my $until = time + 20;
    $endless->blocking(0);
    while (time < $until && $sent < 10_000_000) {
        my $wrote = syswrite $endless, $chunk;
        last if !defined $wrote && !$!{EAGAIN};
        $sent += $wrote // 0;
        sleep 0.02 if !defined $wrote;
    }
    my $reply = $gateway->reply($endless, 5) // '';
    like $reply, qr/too large|larger than|reset|^$/i, 'one that is too large is told so';
    my @trickling = map { my $socket = $gateway->connection; $socket->print('A'); $socket->flush; $socket } 1 .. 200;
    like $gateway->export('demo', $real[2]), qr/\ASuccess|Ignored/, 'beside two hundred that trickle';
    sleep 4;
    my $answered = grep { ($gateway->reply($_, 1) // '') =~ /\w/ } @trickling;
    is $answered, 200, 'which are answered when their time is over';
};

# The first thousand and many connections at once show how much memory the service needs; from there it must stay.
send_all($requests < 1_000 ? 100 : 1_000);
my $before = memory();
my $biblios = $gateway->biblios;
my $authorities = $gateway->count('SELECT COUNT(*) FROM auth_header');
my $last = $gateway->count("SELECT MAX(number) FROM $exports");

subtest "$requests mutated requests" => sub {
    my @answers = send_all($requests);
    cmp_ok scalar @answers, '>', $requests * 0.8, 'sent';
    my @unanswered = grep { $_->{reply} eq '' && $_->{until} < time } @answers;
    is scalar @unanswered, 0, 'each is answered or closed in time';
    my @taken = grep { $_->{reply} =~ /Success/ } @answers;
    cmp_ok scalar @taken, '>', 0, 'records whose mutation did no harm are taken';
    is scalar(grep { !$_->{right} } @taken), 0, 'no wrong login gets in'
        or diag explain [ map { $_->{reply} } grep { !$_->{right} } @taken ];
    my @bad = grep { $_->{reply} =~ /[^\x20-\x7E\n\0]/ || $_->{reply} =~ / at \S+ line / } @answers;
    is scalar @bad, 0, 'every answer is words';
    diag explain [ map { $_->{reply} } @bad ] if @bad;
};

subtest 'what is in Koha' => sub {
    for (1 .. 300) {
        last if !$gateway->count("SELECT COUNT(*) FROM $exports WHERE state IN ('received', 'importing')");
        sleep 0.1;
    }
    is $gateway->count("SELECT COUNT(*) FROM $exports WHERE state IN ('received', 'importing')"), 0, 'nothing is under way';
    my $added = sub ($type) {
        return $gateway->count("SELECT COUNT(DISTINCT record_id) FROM $exports WHERE number > ? AND outcome = 'add'"
                . " AND state = 'done' AND record_type = ? AND repeat_of IS NULL", $last, $type) };
    is $gateway->biblios - $biblios, $added->('biblio'), 'each biblio was added by an export that the log knows';
    is $gateway->count('SELECT COUNT(*) FROM auth_header') - $authorities, $added->('authority'), 'each authority too';
    is $gateway->count("SELECT COUNT(*) FROM $exports WHERE number > ? AND state = 'done' AND login NOT LIKE 'demo%'", $last),
        0, 'by logins that exist';
    is $gateway->count('SELECT COUNT(*) FROM biblio_metadata WHERE metadata LIKE ?', '%guess%'), 0,
        'and no password ended in a record';
};

my $after = memory();
note "private memory of the listener: $before kB before, $after kB after";
cmp_ok $after - $before, '<', $requests < 1_000 ? 4_000 : 1_000, 'the memory of the listener (kB) did not grow with it';
unlike $gateway->log_text, qr/event=exception/, 'no internal error in its log';
unlike $gateway->log_text, qr/guess\d/, 'and no password';

$gateway->stop;
done_testing;
