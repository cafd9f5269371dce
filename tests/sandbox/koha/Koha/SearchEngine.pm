package Koha::SearchEngine;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

our $BIBLIOS_INDEX     = 'biblios';
our $AUTHORITIES_INDEX = 'authorities';

1;
