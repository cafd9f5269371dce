package Koha::Authorities;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Search      ();
use Sandbox::Strict qw(options);

sub get_usage_count ($class, @arguments) {
    my $params = options('get_usage_count', $arguments[0], qw(authid));
    my $authid = $params->{authid} || return;
    my ($error, $hits) = C4::Search::sandbox_engine()->biblios(qq{an="$authid"}, 0, undef);
    if ($error) {
        warn "Error: $error from search for $authid\n";
        return;
    }
    return scalar @{$hits};
}

1;
