#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use utf8;

use File::Temp ();
use JSON::PP   ();
use Test::More;

use Koha::Plugin::ConnexionGateway::Log;

my $TIME = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z/;

sub logged {
    my ($format, $level, @event) = @_;
    my $file = File::Temp->new;
    Koha::Plugin::ConnexionGateway::Log->new(
        format  => $format,
        handle  => $file,
        context => [importer => 7]
    )->$level(@event);
    open my $in, '<', $file->filename or die $!;
    local $/ = undef;
    return <$in>;
}

like(logged('text', 'info', listening => address => '127.0.0.1', port => 9876),
    qr/\A$TIME info event=listening importer=7 address=127[.]0[.]0[.]1 port=9876\n\z/, 'text');
like(
    logged(
        'text', 'warning', refused => why => "two\nlines \"and\" é",
        none    => undef,
        numbers => [1, 2]
    ),
    qr/ why="two\\u000alines \\"and\\" \\u00e9" none="" numbers=1,2\n\z/,
    'one line, whatever the values are'
);

my $event = JSON::PP->new->utf8->decode(
    logged('json', 'error', failed => error => "a\tb 𝄞\\", port => 9876, login => '007'));
is($event->{event}, 'failed',   'JSON: event');
is($event->{level}, 'error',    'JSON: level');
is($event->{error}, "a\tb 𝄞\\", 'JSON: any text');
is($event->{port},  9876,       'JSON: a number');
is($event->{login}, '007',      'JSON: digits that are no number stay a string');

for my $format (qw(text json)) {
    my $line = logged(
        $format, 'info', login => password => 'hush',
        client_secret => 'hush',
        readings      => 'hush'
    );
    unlike($line, qr/hush/, "$format: no secrets");
}

ok(!eval { Koha::Plugin::ConnexionGateway::Log->new(format => 'xml'); 1 }, 'an unknown format');
like($@, qr/"xml"/, 'is named');

sub content_of {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/ = undef;
    return <$in>;
}

my $folder = File::Temp->newdir;

subtest 'a file' => sub {
    my $log = Koha::Plugin::ConnexionGateway::Log->new(file => "$folder/log");
    $log->info('first');
    rename "$folder/log", "$folder/log.1" or die $!;
    $log->info('second');
    $log->reopen->info('third');
    like(content_of("$folder/log.1"), qr/event=first\n.*event=second\n\z/s, 'the old one, until it is opened anew');
    like(content_of("$folder/log"), qr/\A$TIME info event=third\n\z/, 'then the new one');
    local %ENV = %ENV;
    $log->export_format;
    Koha::Plugin::ConnexionGateway::Log->new(context => [importer => 7])->info('fourth');
    like(content_of("$folder/log"), qr/event=fourth importer=7\n\z/, 'other processes write to it too');
};

subtest 'a file that cannot be opened' => sub {
    open my $stderr, '>&', \*STDERR or die $!;
    open STDERR, '>', "$folder/stderr" or die $!;
    Koha::Plugin::ConnexionGateway::Log->new(file => "$folder/no/such/folder")->info('all the same');
    open STDERR, '>&', $stderr or die $!;
    like(content_of("$folder/stderr"), qr/event=log_file path=\S+ error="No such file.*event="all/s,
        'standard error has the reason, and the lines');
};

subtest 'a full disk' => sub {
    plan skip_all => 'no /dev/full here' if !-c '/dev/full';
    my $log = Koha::Plugin::ConnexionGateway::Log->new(file => '/dev/full');
    ok(eval { $log->info('lost') for 1 .. 3; 1 }, 'stops nothing');
    is($log->lost, 3, 'the lines are counted');
    $log->file("$folder/room")->info('again');
    like(content_of("$folder/room"), qr/event=again\n.*warning event=log_lines_lost lines=3\n\z/,
        'and told when there is room');
    $log->info('more');
    is(scalar(() = content_of("$folder/room") =~ /lines_lost/g), 1, 'once');
};

done_testing;
