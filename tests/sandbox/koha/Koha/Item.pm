package Koha::Item;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Object';

use Koha::Biblios;
use Sandbox::Strict qw(newer);

sub _type { return 'Item' }

sub biblio ($self) { return scalar Koha::Biblios->find($self->biblionumber) }

# Until 21.05 C4::Items::DelItemCheck did this.
sub safe_delete ($self, $params = {}) {
    Sandbox::Strict::wrong_call('Koha::Item->safe_delete') if !newer();
    require C4::Items;
    return C4::Items::delete_item($self, $params);
}

1;
