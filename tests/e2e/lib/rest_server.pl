#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Koha's REST API with the routes of the plugins, on 127.0.0.1: perl rest_server.pl PORT

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::RealBin/../../sandbox/lib";

use C4::Context;
use Koha::Plugins;
use Mojo::Server::Daemon;
use Sandbox::RestApi;

Mojo::Server::Daemon->new(app => Sandbox::RestApi->new, listen => ["http://127.0.0.1:$ARGV[0]"], silent => 1)->run;
