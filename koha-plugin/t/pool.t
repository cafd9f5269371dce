#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use File::Temp ();
use Fcntl      qw(F_SETFD);
use Mojo::IOLoop;
use Scalar::Util qw(weaken);
use Test::More;
use Time::HiRes qw(time);

use GatewayTest qw(record standin_command content);
use Koha::Plugin::ConnexionGateway::ImporterPool;
use Koha::Plugin::ConnexionGateway::ServiceSettings;
use Koha::Plugin::ConnexionGateway::Log;

my $LOOP    = Mojo::IOLoop->singleton;
my @FOLDERS = (File::Temp->newdir);      # kept to the end, whoever else lets go of them

# What importers say when they are killed or throw is expected here.
open STDERR, '>', "$FOLDERS[0]/stderr" or die $!;

# Only the limits of interest; the rest as the listener has them.
sub pool (%limits) {
    my $folder = File::Temp->newdir;
    $ENV{STANDIN_FOLDER} = $folder;    ## no critic (RequireLocalizedPunctuationVars)
    push @FOLDERS, $folder;
    open my $log, '>', "$folder/log" or die $!;
    my $pool = Koha::Plugin::ConnexionGateway::ImporterPool->new(
        loop   => $LOOP,
        log    => Koha::Plugin::ConnexionGateway::Log->new(handle => $log),
        limits =>
            { Koha::Plugin::ConnexionGateway::ServiceSettings->defaults, max_importers => 1, %limits },
        command => [standin_command()],
    );
    return ($pool, $folder);
}

sub spin ($pool, $until, $seconds = 20) {
    my $end = time + $seconds;
    my $tick =
        $LOOP->recurring(0.05 => sub { $pool->tick; $LOOP->stop if $until->() || time > $end });
    $LOOP->start;
    $LOOP->remove($tick);
    return $until->();
}

# The replies in the order of the exports, and the order in which they came.
sub replies ($pool, @exports) {
    my (@replies, @order);
    for my $i (0 .. $#exports) {
        my ($peer, @records) = @{ $exports[$i] };
        $pool->submit(
            {
                peer     => $peer,
                readings => [{ login => "\xFF$i", has_login => 1 }],
                records  => \@records
            },
            reply => sub ($reply) { $replies[$i] = $reply->{text}; push @order, $i },
        );
    }
    spin($pool, sub { @order == @exports });
    return (\@replies, \@order);
}

sub export ($text, $peer = 'a') { return [$peer, record($text)] }

sub notes ($folder) { return [split /\n/, content("$folder/notes")] }

sub stop ($pool) {
    $pool->stop;
    return spin($pool, sub { !%{ $pool->{pids} } });
}

subtest 'an importer dies before the export is kept' => sub {
    my ($pool, $folder) = pool();
    my ($replies) = replies($pool, export('do:die_before=once do:name=x'));
    like($replies->[0], qr/\ASuccess[.]  Number 1\n/, 'another gets the whole export');
    is_deeply(notes($folder), ['handle x', 'handle x'], 'it was handled twice');
    ok(stop($pool), 'all importers end');
};

subtest 'an importer dies after the export is kept' => sub {
    my ($pool, $folder) = pool();
    my ($replies) = replies($pool, export('do:die_after=once do:name=x'));
    is($replies->[0], 'Success.  Answered by number 1', 'another answers by number');
    is_deeply(notes($folder), ['handle x', 'answer x'], 'nothing is sent a second time');
    stop($pool);
};

subtest 'an export that ends every importer' => sub {
    my ($pool, $folder) = pool();
    my $deadly = export('do:die_before=always do:name=x');
    my ($replies) = replies($pool, $deadly);
    like($replies->[0],
        qr/\AThis export stopped the import twice and is set aside[.] Nothing of it was imported/,
        'is set aside');
    is(scalar @{ notes($folder) }, 2, 'after two importers');
    ($replies) = replies($pool, $deadly, export('do:name=good'));
    like($replies->[0], qr/is set aside/, 'again: the same answer');
    like($replies->[1], qr/\ASuccess/,    'others are imported');
    is_deeply(
        notes($folder),
        ['handle x', 'handle x', 'handle good'],
        'and no third importer ended'
    );
    stop($pool);

    ($pool, $folder) = pool();
    ($replies) = replies($pool, export('do:die_after=always do:die_in_answer=always'));
    like(
        $replies->[0],
        qr/\AReceived under number 1, but the import stopped twice; it is set aside/,
        'kept: its number is told'
    );
    stop($pool);
};

subtest 'an importer that hangs' => sub {
    my ($pool, $folder) = pool(import_timeout => 1);
    my ($replies) = replies($pool, export('do:sleep_after=60 do:name=x'));
    is($replies->[0], 'Success.  Answered by number 1', 'is killed, and another answers');
    stop($pool);
};

subtest 'an exception that escapes' => sub {
    my ($pool, $folder) = pool();
    my ($replies) = replies($pool, export('do:throw'), export('after'));
    like(
        $replies->[0],
        qr/\AThe gateway had an internal error with this export/,
        'has a general answer'
    );
    like($replies->[1], qr/\ASuccess/, 'the next export a fresh importer');
    stop($pool);
};

subtest 'peers take turns' => sub {
    my ($pool) = pool();
    my @batch = map { export("batch $_", 'big') } 1 .. 6;
    my ($replies, $order) = replies($pool, @batch, export('one', 'small'), export('two', 'other'));
    is(scalar(grep { /\ASuccess/ } @$replies), 8, 'all are imported');
    my %place;
    @place{@$order} = 0 .. $#$order;
    cmp_ok($place{6}, '<=', 2, 'one of another peer does not wait for the batch');
    cmp_ok($place{7}, '<=', 3, 'nor that of a third');
    is_deeply([grep { $_ < 6 } @$order], [0 .. 5], 'the exports of one peer keep their order');
    stop($pool);
};

subtest 'the queue' => sub {
    my ($pool)    = pool(max_queue => 2);
    my $slow      = export('do:sleep_before=1');
    my ($replies) = replies($pool, $slow, $slow, $slow, $slow);
    is(scalar(grep { /\ASuccess/ } @$replies), 2, 'two wait') or diag explain $replies;
    is(scalar(grep { /\AThe gateway is busy: 2 exports are waiting[.] Nothing/ } @$replies),
        2, 'more are turned away');
    stop($pool);

    ($pool) = pool(queue_timeout => 1);
    $pool->warm;
    spin($pool, sub { scalar grep { $_->{ready} } values %{ $pool->{importers} } });
    ($replies) = replies($pool, export('do:sleep_before=3'), export('x'));
    like($replies->[0], qr/\ASuccess/, 'one that is under way');
    like(
        $replies->[1],
        qr/\AThe gateway is busy: this export waited 1 seconds[.] Nothing/,
        'one that waits too long'
    );
    stop($pool);

    ($pool) = pool();
    my $called = 0;
    my ($first, $second) =
        map {
        my $job = {};
        $job->{pooled} = $pool->submit({ peer => 'a', readings => [], records => [record($_)] },
            received => sub ($numbers) { $job->{numbers} = $numbers }, reply => sub { $called++ })
        } 1, 2;
    ok($pool->forget($second), 'a waiting one can be forgotten');
    weaken($second);
    is($second, undef, 'and with it what it holds, though its callbacks know it');
    spin($pool, sub { !$pool->busy });
    is($called, 1, 'and is not answered');
    ok(!$pool->forget($first), 'one that has run can not');
    stop($pool);
};

subtest 'how many importers, and how long' => sub {
    my ($pool) = pool(max_importers => 3);
    is(scalar keys %{ $pool->{importers} }, 0, 'none without work');
    $pool->warm;
    $pool->warm;
    is(scalar keys %{ $pool->{importers} }, 1, 'one when work is expected');
    my ($replies) = replies($pool, map { export("do:sleep_before=0.5 $_") } 1 .. 9);
    my %importers = map { /^importer (\d+)/m ? ($1 => 1) : () } @$replies;
    is(scalar keys %importers, 3, 'as many as allowed');
    stop($pool);

    ($pool)    = pool(importer_exports => 2);
    ($replies) = replies($pool, map { export($_) } 1 .. 5);
    my @importers = map { /^importer (\d+)/m } @$replies;
    is($importers[0], $importers[1], 'one importer for two exports');
    isnt($importers[1], $importers[2], 'then another');
    isnt($importers[3], $importers[4], 'and another');
    stop($pool);

    ($pool) = pool();
    replies($pool, export('x'));
    my ($importer) = values %{ $pool->{importers} };
    my $stream = $importer->{stream};
    weaken($_) for $importer, $stream;
    ok($importer && $stream, 'an importer, and what it is spoken to with');
    stop($pool);
    ok(!$importer && !$stream, 'are gone from the memory when it has ended');

    ($pool) = pool(importer_idle => 0.5);
    replies($pool, export('x'));
    ok(spin($pool, sub { !%{ $pool->{pids} } }), 'one without work ends');
    ($replies) = replies($pool, export('y'));
    like($replies->[0], qr/\ASuccess/, 'and is replaced when there is some');
    my ($pid) = $replies->[0] =~ /^importer (\d+)/m;
    stop($pool);
};

subtest 'an importer that is killed without work' => sub {
    my ($pool)    = pool();
    my ($replies) = replies($pool, export('x'));
    my ($pid)     = $replies->[0] =~ /^importer (\d+)/m;
    kill KILL => $pid;
    spin($pool, sub { !$pool->{pids}{$pid} });
    ($replies) = replies($pool, export('y'));
    like($replies->[0], qr/\ASuccess/, 'is replaced');
    stop($pool);
};

subtest 'importers that do not start' => sub {
    my ($pool, $folder) = pool();
    open my $mark, '>', "$folder/no_start" or die $!;
    close $mark;
    my ($replies) = replies($pool, export('x'), export('y'));
    like(
        $_,
        qr/\AThe gateway cannot reach Koha at the moment[.] Nothing was imported/,
        'a clear answer'
    ) for @$replies;
    ok(!$pool->healthy, 'which the health check knows');
    my $took = time;
    ($replies) = replies($pool, export('z'));
    like($replies->[0], qr/cannot reach Koha/, 'the next one');
    cmp_ok(time - $took, '<', 1, 'does not wait');
    unlink "$folder/no_start";
    $pool->{failed_at} -= 10;
    ($replies) = replies($pool, export('later'));
    like($replies->[0], qr/\ASuccess/, 'later it is tried again');
    ok($pool->healthy, 'and well');
    stop($pool);
};

subtest 'exports that were left behind' => sub {
    my ($pool, $folder) = pool();
    _write("$folder/left_behind", '');
    $pool->warm;
    ok(spin($pool, sub { !-e "$folder/left_behind" }), 'are finished by an idle importer');
    stop($pool);

    ($pool, $folder) = pool();
    _write("$folder/left_behind", 'deadly');
    $pool->warm;
    spin($pool, sub { content("$folder/log") =~ /recovery_failed/ });
    $pool->warm;
    spin($pool, sub { 0 }, 1);
    is(scalar(grep { /recover/ } @{ notes($folder) }),
        1, 'one that ends the importer is tried once');
    my ($replies) = replies($pool, export('x'));
    like($replies->[0], qr/\ASuccess/, 'and keeps nobody from exporting');
    stop($pool);
};

sub _write ($file, $content) {
    open my $out, '>', $file or die $!;
    print {$out} $content;
    close $out or die $!;
    return;
}

subtest 'what an importer inherits' => sub {
    my ($pool) = pool();
    pipe my $read, my $write or die $!;
    fcntl $_, F_SETFD, 0
        or die $!
        for $read, $write;    # inheritable, as one from a careless parent would be
    my ($replies) = replies($pool, export('x'));
    my ($pid)     = $replies->[0] =~ /^importer (\d+)/m;
    opendir my $directory, "/proc/$pid/fd" or plan skip_all => 'no /proc here';
    my %open = map { $_ => readlink "/proc/$pid/fd/$_" } grep { /\d/ } readdir $directory;
    is(scalar(grep { $_ > 2 && $open{$_} =~ /socket/ } keys %open), 1, 'one socket');
    is(scalar(grep { $_ > 2 && $open{$_} !~ /socket|importer-standin/ } keys %open),
        0, 'and nothing else')
        or diag explain \%open;
    is($open{0}, '/dev/null', 'no standard input');
    stop($pool);
};

subtest 'told to stop' => sub {
    my ($pool, $folder) = pool();
    my @replies;
    $pool->submit(
        { peer => 'a', readings => [], records => [record($_)] },
        reply => sub ($reply) { push @replies, $reply->{text} }
    ) for 'do:sleep_after=1 do:name=x', 'y';
    spin($pool, sub { scalar grep { $_->{job} && $_->{job}{numbers} } values %{ $pool->{importers} } });
    ok(stop($pool), 'all importers end');
    is_deeply(notes($folder), ['handle x', 'done x'], 'the one under way at its own end');
    is(scalar @replies, 2, 'all are answered');
    like($replies[0], qr/\AThe gateway is being stopped[.] Nothing was imported/,
        'one that waited');
    like($replies[1], qr/\AReceived under number 1, but not yet imported/, 'one that is kept')
        or diag explain \@replies;
    $pool->submit(
        { peer => 'a', readings => [], records => [record('z')] },
        reply => sub ($reply) { push @replies, $reply->{text} }
    );
    like($replies[2], qr/being stopped/, 'and one that comes later');
};

done_testing;
