#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the end-to-end tests need of a Koha before the gateway starts: the plugin's tables, and two
# matching rules: by OCLC number, then ISBN; and of authorities by their main heading.

use strict;
use warnings;

use C4::Context;
use File::Basename qw(dirname);
use lib dirname(__FILE__);
use KohaRules;

my ($plugin_dir) = @ARGV;
unshift @INC, $plugin_dir;
C4::Context->interface('commandline');

require Koha::Plugin::ConnexionGateway::Koha;
require Koha::Plugin::ConnexionGateway::Schema;
Koha::Plugin::ConnexionGateway::Schema->install(Koha::Plugin::ConnexionGateway::Koha->new);

KohaRules->add(qw(OCLCISBN AUTHHEAD));
