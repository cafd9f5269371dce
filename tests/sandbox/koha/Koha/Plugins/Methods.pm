package Koha::Plugins::Methods;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Objects';

use Koha::Plugins::Method;

sub _type { return 'PluginMethod' }

sub object_class { return 'Koha::Plugins::Method' }

1;
