# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use ConnexionTest qw(moby_dick);
use Koha::Plugin::ConnexionGateway::Core::RequestParser;

my $Parser = 'Koha::Plugin::ConnexionGateway::Core::RequestParser';
my $marc   = moby_dick();

subtest 'a request' => sub {
    my $parser = $Parser->new;
    is $parser->state,                           'idle',    'idle at first';
    is $parser->next,                            undef,     'nothing to take';
    is $parser->problem,                         undef,     'no problem';
    is $parser->buffered,                        0,         'nothing held';
    is $parser->feed("U\x45abcdeA\x42fgP\x43h"), $parser,   'feed returns the parser';
    is $parser->state,                           'reading', 'reading';
    ok $parser->buffered > 0, 'something is held';
    $parser->feed("ij$marc");
    is_deeply $parser->next,
        {
        length_form => 'byte',
        records     => [$marc],
        readings    => [
            {
                user         => 'abcde',
                login        => 'fg',
                password     => 'hij',
                has_user     => 1,
                has_login    => 1,
                has_password => 1
            }
        ]
        },
        'one request';
    is $parser->next, undef, 'and no other';
};

subtest 'forms' => sub {
    my $bare = $Parser->new->feed($marc)->next;
    is $bare->{length_form}, 'none', 'bare MARC';
    ok !$bare->{readings}[0]{$_}, "no $_" for qw(has_user has_login has_password);
    is $bare->{readings}[0]{login}, '', 'an absent login is empty';
    my $decimal = $Parser->new->feed("A4demoP72secret$marc")->next;
    is $decimal->{length_form},           'decimal', 'decimal lengths';
    is $decimal->{readings}[0]{password}, '2secret', 'a password that starts with a digit';
};

subtest 'any chunking' => sub {
    my $bytes  = "A\x44demoP\x46secret$marc";
    my $parser = $Parser->new;
    my @requests;
    for my $byte (split //, $bytes) {
        $parser->feed($byte);
        while (my $request = $parser->next) { push @requests, $request }
    }
    is_deeply \@requests, [$Parser->new->feed($bytes)->next], 'byte by byte is the same as at once';
};

subtest 'octets' => sub {
    my $password = "\xe9\xff\x00\x41";
    my $request  = $Parser->new->feed("P\x44$password$marc")->next;
    is $request->{readings}[0]{password}, $password, 'credentials are octets';
    ok !utf8::is_utf8($_), 'not flagged'
        for $request->{readings}[0]{password}, $request->{records}[0];
    eval { $Parser->new->feed("\x{4e2d}") };
    like $@, qr/\Afeed: octets are needed, not '\\x\{4e2d\}' at \Q$0\E/, 'characters are refused';
};

subtest 'problems' => sub {
    my $parser = $Parser->new->feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    is $parser->state,           'failed', 'failed';
    is $parser->problem->{code}, 'http',   'HTTP is named';
    like $parser->problem->{message}, qr/\w/,      'in a sentence';
    like $parser->problem->{offset},  qr/\A\d+\z/, 'with its place';
    my $cut = $Parser->new->feed("A\x44de");
    is $cut->problem,         undef,       'a part is no problem';
    is $cut->finish,          $cut,        'finish returns the parser';
    is $cut->problem->{code}, 'truncated', 'unless nothing follows';
};

subtest 'limits' => sub {
    is $Parser->new(max_bytes => 100)->feed($marc)->problem->{code}, 'too_large', 'max_bytes';
    my $two = $marc x 2;
    is $Parser->new(max_records => 1)->feed($two)->problem->{code}, 'too_many_records',
        'max_records';
    is scalar @{ $Parser->new(max_records => 2)->feed($two)->next->{records} }, 2,
        'not one too few';
    for my $bad ('x', -1, 1.5, '', [], "7\n") {
        eval { $Parser->new(max_bytes => $bad) };
        like $@, qr/\Amax_bytes: a whole number is needed, not '.*' at \Q$0\E/s, 'not a number';
    }
    eval { $Parser->new(max_octets => 1) };
    like $@, qr/\A'max_octets' is not one of max_bytes, max_records at \Q$0\E/, 'unknown limit';
};

done_testing;
