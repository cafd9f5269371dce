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

done_testing;
