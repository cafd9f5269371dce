#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The documents name what there is.

use strict;
use warnings;

use FindBin ();
use Test::More;

use Koha::Plugin::ConnexionGateway::Profile;

sub document {
    my ($name) = @_;
    open my $in, '<', "$FindBin::RealBin/../../docs/$name" or die "$name: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

my $profiles = document('profiles.md');
like($profiles, qr/^[|][^|]*`\Q$_\E`/m, "profiles.md has $_") for sort Koha::Plugin::ConnexionGateway::Profile->members;

done_testing;
