package Koha::Items;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Objects';

use Koha::Item;

sub _type { return 'Item' }

sub object_class { return 'Koha::Item' }

1;
