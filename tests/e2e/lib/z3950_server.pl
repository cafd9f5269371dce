#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# z3950_server.pl ADDRESS: a Z39.50 server whose database "biblios" has one record for any number.

use strict;
use warnings;

use Net::Z3950::SimpleServer;

sub search {
    my ($asked) = @_;
    return $asked->{HITS} = 1 if $asked->{DATABASES}[0] eq 'biblios';
    return $asked->{ERR_CODE} = 109;
}

Net::Z3950::SimpleServer->new(SEARCH => 'main::search', FETCH => sub { })
    ->launch_server('z3950_server.pl', '-S', '-v', 'none', $ARGV[0]);
