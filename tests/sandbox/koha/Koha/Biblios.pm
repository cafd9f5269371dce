package Koha::Biblios;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Objects';

use Koha::Biblio;

sub _type { return 'Biblio' }

sub object_class { return 'Koha::Biblio' }

1;
