# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use ConnexionTest qw(modules plugin_dir perl_says);

my $root = plugin_dir();
my $core = 'Koha::Plugin::ConnexionGateway::Core';
my $maps = 'open my $m, "<", "/proc/self/maps"; print scalar grep {/Core[.]so/} <$m>;';

for my $module (modules()) {
    is perl_says($root, "require $module; $maps"), '0', "$module compiles and loads nothing";
}

# Koha compiles every file below Koha/Plugin/ by its path, in any order.
my $all = join '', map { "require $_;" } reverse(modules());
is perl_says($root, "use warnings FATAL => 'all'; $all print 'fine'"), 'fine',
    'in the other order too';

like perl_says($root, "use $core; print $core->ascii('x'); $maps"), qr/\Ax[1-9]/,
    'the first call loads the compiled core';
like perl_says($root, "use $core; $core->load for 1, 2; print $core->available; $maps"),
    qr/\A1[1-9]/,
    'loading twice does no harm';
is perl_says($root, "use $core; print $core->available; print \$@ // 'undef'"), '1',
    '$@ is left alone';

done_testing;
