package Koha::Database;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;

my $schema;

sub new ($class) { return bless {}, $class }

# As Koha connects: errors are printed and not raised, and DBIx::Class is told to leave it so.
sub _connect {
    require Koha::Schema;
    my $conf   = C4::Context->new->{config};
    my $strict = ($ENV{_} // '') =~ /prove/ || $conf->{strict_sql_modes};
    my $modes =
        $strict
        ? 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE'
        : 'IGNORE_SPACE,NO_ZERO_IN_DATE,NO_ZERO_DATE';
    my $connected = Koha::Schema->connect(
        {
            dsn      => "dbi:mysql:database=$conf->{database};mysql_socket=$conf->{socket}",
            user     => $conf->{user},
            password => $conf->{pass},
            mysql_enable_utf8 => 1,
            RaiseError        => 0,
            PrintError        => 1,
            unsafe            => 1,
            quote_names       => 1,
            on_connect_do     => [
                q{set names 'utf8mb4'},
                "set sql_mode = '$modes,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
            ],
        }
    );
    $connected->storage->dbh->{RaiseError} = 0;
    return $connected;
}

sub schema ($class = undef, $params = {}) {
    return $schema if $schema && !($params // {})->{new};
    return $schema = _connect();
}

sub new_schema ($class) { return _connect() }

sub get_schema_cached ($class) { return $schema }

sub flush_schema_cache ($class) {
    undef $schema;
    return 1;
}

1;
