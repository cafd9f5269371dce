#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the end-to-end tests need of a Koha before the gateway starts: the plugin's tables, and a
# matching rule by OCLC number, then ISBN.

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

exit 0 if C4::Matcher::GetMatcherId('OCLCISBN');
my $matcher = C4::Matcher->new('biblio');
$matcher->code('OCLCISBN');
$matcher->description('OCLC number (001, 035), then ISBN');
$matcher->threshold(1000);
$matcher->add_simple_matchpoint('Control-number', 2000, '001', '', 0, 0, '');
$matcher->add_simple_matchpoint('Other-control-number', 2000, '035', 'a', 0, 0, '');
$matcher->add_simple_matchpoint('isbn', 1000, '020', 'a', 0, 0, '');
$matcher->store;
