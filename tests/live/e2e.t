#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The end-to-end tests on a real Koha: KOHA_CONF and PERL5LIB name it, CONNEXION_LIVE=1 allows it to
# be written to, and the built plugin is in its pluginsdir (or in CONNEXION_PLUGIN_DIR).

use strict;
use warnings;

use File::Basename qw(dirname);
use Test::More;

plan skip_all => 'no Koha is given (CONNEXION_LIVE, KOHA_CONF)' if !$ENV{CONNEXION_LIVE} || !$ENV{KOHA_CONF};

my $tests = dirname(__FILE__) . '/../e2e';
for my $file (sort glob "$tests/*.t") {
    my $name = $file =~ s{.*/}{}r;
    subtest $name => sub {
        my $output = qx{$^X \Q$file\E 2>&1};
        plan skip_all => $1 if $output =~ /\A1\.\.0 # SKIP (.*)/;
        is $?, 0, $name or diag $output;
        my @lines = grep {/\A(?:not )?ok\b/} split /\n/, $output;
        cmp_ok scalar @lines, '>', 0, scalar(@lines) . ' tests';
    };
}
done_testing;
