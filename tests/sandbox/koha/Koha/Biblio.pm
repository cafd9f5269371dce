package Koha::Biblio;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Object';

use Koha::Items;

sub _type { return 'Biblio' }

sub items ($self) { return Koha::Items->search({ biblionumber => $self->biblionumber }) }

1;
