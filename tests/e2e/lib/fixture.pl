#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the end-to-end tests need of a Koha before the gateway starts: the plugin's tables, and two
# matching rules: by OCLC number, then ISBN; and of authorities by their main heading.

use strict;
use warnings;

use C4::Context;
use C4::Matcher;

my ($plugin_dir) = @ARGV;
push @INC, $plugin_dir;
C4::Context->interface('commandline');

require Koha::Plugin::ConnexionGateway::Koha;
require Koha::Plugin::ConnexionGateway::Schema;
Koha::Plugin::ConnexionGateway::Schema->install(Koha::Plugin::ConnexionGateway::Koha->new);

sub rule {
    my ($type, $code, $description, @points) = @_;
    return if C4::Matcher::GetMatcherId($code);
    my $matcher = C4::Matcher->new($type);
    $matcher->code($code);
    $matcher->description($description);
    $matcher->threshold(1000);
    $matcher->add_simple_matchpoint(@{$_}, 0, 0, '') for @points;
    $matcher->store;
    return;
}

rule('biblio', 'OCLCISBN', 'OCLC number (001, 035), then ISBN', [ 'Control-number', 2000, '001', '' ],
    [ 'Other-control-number', 2000, '035', 'a' ], [ 'isbn', 1000, '020', 'a' ]);
rule('authority', 'AUTHHEAD', 'Authorities: main heading',
    map { [ 'Heading-Main', 1000, $_, 'a' ] } qw(100 110 111 130 150 151 155));
