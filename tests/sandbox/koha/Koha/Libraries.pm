package Koha::Libraries;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Objects';

use Koha::Library;

sub _type { return 'Branch' }

sub object_class { return 'Koha::Library' }

1;
