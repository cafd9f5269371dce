package C4::Log;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Exporter 'import';
use Sandbox::Strict qw(newer arguments);

our @EXPORT = qw(logaction);

sub logaction (@arguments) {
    arguments('logaction', scalar @arguments, 4, newer() ? 7 : 5);
    my ($module, $action, $object, $info, $interface) = @arguments;
    my $userenv = C4::Context->userenv;
    my $user    = ref $userenv eq 'HASH' ? $userenv->{number} || 0 : 0;
    C4::Context->dbh->do(
        'insert into action_logs (timestamp, user, module, action, object, info, interface)
            values (now(), ?, ?, ?, ?, ?, ?)',
        undef, $user, $module, $action, $object, $info, $interface // C4::Context->interface
    );
    return;
}

1;
