#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Which records are meant by what somebody types.

use strict;
use warnings;

use Test::More;

use Koha::Plugin::ConnexionGateway::Outgoing;

sub numbers {
    my ($text, $most) = @_;
    return scalar Koha::Plugin::ConnexionGateway::Outgoing->numbers($text, $most);
}

is_deeply(numbers('1,2,5-9', 10), [1, 2, 5 .. 9], 'numbers and ranges');
is_deeply(numbers(' 7 , 7 - 8 ', 10), [7, 7, 8], 'with blanks, and as they are given');
is(numbers($_, 10), undef, "'$_' is none") for '', ',', '1,', '0', '-3', '9-5', '1-2-3', 'twelve', "1\n;2", '12345678901';
is_deeply(numbers('1-9999999999', 3), [1 .. 4], 'of too many no more than tell that they are');
is_deeply(numbers('1-3,5-9999999999,1-9999999999', 3), [1 .. 3, 5], 'wherever the most is passed');

done_testing;
