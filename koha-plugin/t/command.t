#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use Cwd        qw(realpath);
use File::Temp ();
use IPC::Open3 qw(open3);
use Symbol     qw(gensym);
use Test::More;

use GatewayTest qw(record content wait_until);
use Koha::Plugin::ConnexionGateway::Command;

my $SCRIPT = realpath($INC{'Koha/Plugin/ConnexionGateway/Command.pm'} =~ s/Command[.]pm\z//r)
    . '/bin/connexion-gateway';
my $FOLDER = File::Temp->newdir;

sub file ($name, $content) {
    open my $out, '>:raw', "$FOLDER/$name" or die $!;
    print {$out} $content;
    close $out or die $!;
    return "$FOLDER/$name";
}

# (status, output, errors) of the real script; the environment says nothing of our modules.
sub command ($input, @arguments) {
    delete local @ENV{qw(PERL5LIB KOHA_CONF)};
    my $pid = open3(my $in, my $out, my $err = gensym, $^X, $SCRIPT, @arguments);
    print {$in} $input;
    close $in;
    my ($output, $errors) = map { local $/ = undef; scalar <$_> // '' } $out, $err;
    waitpid $pid, 0;
    return ($? >> 8, $output, $errors);
}

subtest 'records of a file' => sub {
    my @records = map { record($_) } 'one', 'two', 'three';
    my $split   = \&Koha::Plugin::ConnexionGateway::Command::records_in;
    is_deeply([$split->(join '', @records)],             \@records, 'one after another');
    is_deeply([$split->(join("\r\n", @records) . "\n")], \@records, 'with line breaks between');
    my $within = record("a\x1Db");
    is_deeply(
        [$split->($within . $records[0])],
        [$within, $records[0]],
        'a terminator within a record of the declared length'
    );
    my $wrong = $records[0] =~ s/\A\d{5}/00100/r;
    is_deeply([$split->($wrong . $records[1])], [$wrong, $records[1]], 'a wrong length');
    my $cut = substr $records[2], 0, 40;
    is_deeply([$split->($records[0] . $cut)], [$records[0], $cut], 'a rest without a terminator');
    is_deeply([$split->("\n \n")],            [],                  'nothing');
};

subtest 'misuse' => sub {
    my $file   = file('one.mrc', record('x'));
    my %misuse = (
        'Which command'                 => [],
        'no command "sned"'             => ['sned'],
        'Unknown option: prot'          => [qw(send --prot 1), $file],
        '--port is missing'             => ['send',            $file],
        'Arguments are missing'         => [qw(send --port 1)],
        '--length is byte or decimal'   => [qw(send --port 1 --length words),             $file],
        '--records-per-connection is 1' => [qw(send --port 1 --records-per-connection 0), $file],
        '70000 is no port'              => [qw(serve --port 70000)],
        '--log-format is text or json'  => [qw(serve --log-format xml)],
        'What is stray for'             => [qw(serve stray)],
        'There are set, list and show'  => [qw(profile frobnicate)],
        'profile set takes 1 argument'  => [qw(profile set)],
        'for the service itself'        => ['importer'],
    );
    for my $words (sort keys %misuse) {
        my ($status, $output, $errors) = command('', @{ $misuse{$words} });
        is($status, 2, "@{$misuse{$words}}: exit status 2");
        like($errors, qr/\Aconnexion-gateway: .*\Q$words\E.*\nUsage:/, 'the reason, and the usage');
    }
};

subtest 'help' => sub {
    my ($status, $output) = command('', '--help');
    is($status, 0, 'exit status 0');
    my @names = grep { $_ ne 'importer' } Koha::Plugin::ConnexionGateway::Command->names;
    cmp_ok(scalar @names, '>=', 14, 'commands');
    like($output, qr/connexion-gateway (?:\w+ \| )*\Q$_\E/, "names $_") for @names;
    for my $name (@names) {
        ($status, $output) = command('', $name, '--help');
        is($status, 0, "$name: exit status 0");
        like($output, qr/\A\s*$name:?\n\s+connexion-gateway $name/, 'its own part');
    }
};

subtest 'what fails' => sub {
    my ($status, undef, $errors) = command('', qw(send --port 1), "$FOLDER/nowhere.mrc");
    is($status, 1, 'a file that is not there');
    like($errors, qr/nowhere[.]mrc can't be read/, 'is named');
    ($status, undef, $errors) = command('', qw(send --port 1), file('empty.mrc', "\n"));
    is($status, 1, 'a file without records');
    like($errors, qr/no record/, 'is told');
    ($status, undef, $errors) = command('', qw(profile set), file('bad.json', '{"name":'));
    is($status, 1, 'a profile that is no JSON');
    like($errors, qr/bad[.]json holds no JSON/, 'is named');
    ($status, undef, $errors) = command('', qw(profile set), file('list.json', '[]'));
    like($errors, qr/no JSON object/, 'nor a list');
};

my $service = GatewayTest->new->start('--log-format', 'text', '--pid-file', "$FOLDER/pid");

subtest 'send' => sub {
    my $pid = content("$FOLDER/pid");
    is($pid, $service->pid . "\n", 'the service wrote its process id');
    my @to   = ('send', '--port', $service->port);
    my $good = file('good.mrc', join '', map { record($_) } 1 .. 3);
    my $pass = file('password', "7secret\n");

    my ($status, $output, $errors) =
        command('', @to, '--login', 'demo', '--password-file', $pass, $good);
    is($status,                                 0, 'all imported: exit status 0') or diag $errors;
    is(scalar(() = $output =~ /^Success[.]/mg), 3, 'each reply is printed');
    like($output, qr{ demo/7secret/\n}, 'login and password');
    my @peers = $output =~ /^--- (\d of 3)$/mg;
    is_deeply(\@peers, ['1 of 3', '2 of 3', '3 of 3'], 'and numbered');

    ($status, $output) =
        command("typed\n", @to,
        qw(--login demo --user u --length decimal --records-per-connection 2 --password-file -),
        $good);
    is($status,                                           0, 'other ways to send it');
    is(scalar(() = $output =~ m{ demo/typed/u(?: |\n)}g), 3, 'the password from standard input');

    my $bad = file('bad.mrc', record('x') . record('do:wrong_login=1') . record('y'));
    ($status, $output) = command('', @to, $bad);
    is($status,                                 1, 'one not imported: exit status 1');
    is(scalar(() = $output =~ /^Success[.]/mg), 2, 'the others are sent all the same');
};

is($service->stop, '0 but ended', 'SIGTERM ends the service');
ok(!-e "$FOLDER/pid", 'and its process id is gone');

subtest 'no service' => sub {
    my ($status, undef, $errors) =
        command('', 'send', '--port', $service->port, "$FOLDER/good.mrc");
    is($status, 1, 'exit status 1');
    like($errors, qr/No connection to 127[.]0[.]0[.]1 port/, 'and the reason');
};

subtest 'a log in JSON' => sub {
    my $json = GatewayTest->new->begin(qw(--port 0 --log-format json));
    ok(
        wait_until(
            sub {
                $json->log =~
                    /^\{"time":"[^"]+","level":"info","event":"listening","address":"127.0.0.1","port":\d+,/m;
            }
        ),
        'is JSON'
    );
    is($json->stop, '0 but ended', 'to its end');
    unlike($json->log, qr/^[^{]/m, 'with every line');
};

done_testing;
