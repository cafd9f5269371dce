package Koha;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;

sub version {
    my $version = C4::Context->preference('Version');
    return $version =~ s/\A(\d+)\.(\d\d)(\d\d)(\d+)\z/$1.$2.$3.$4/r;
}

1;
