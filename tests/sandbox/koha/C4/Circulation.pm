package C4::Circulation;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;

sub barcodedecode ($barcode, $filter = undef) {
    $filter ||= C4::Context->preference('itemBarcodeInputFilter') // '';
    return $barcode =~ s/\s//gr if $filter eq 'whitespace';
    return $barcode;
}

1;
