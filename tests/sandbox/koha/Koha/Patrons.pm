package Koha::Patrons;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Objects';

use Koha::Patron;

sub _type { return 'Borrower' }

sub object_class { return 'Koha::Patron' }

1;
