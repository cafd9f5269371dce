# SPDX-License-Identifier: GPL-3.0-or-later
#
# The log is filtered by days of the library, whose clock is not that of the tables.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use TestGateway;
use Test::More;

BEGIN { $ENV{TZ} = 'America/Denver' }    ## no critic (RequireLocalizedPunctuationVars)

my $gateway = TestGateway->start(serve => undef);
$gateway->use_here;
require Koha::Plugin::ConnexionGateway::Exports;
require Koha::Plugin::ConnexionGateway::Koha;
plan skip_all => 'this Koha has a time zone of its own' if C4::Context->tz->name ne $ENV{TZ};

my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
my $exports = Koha::Plugin::ConnexionGateway::Exports->new(koha => $koha);
my $table = $koha->table('exports');
$koha->dbh->do("INSERT INTO $table (received_at, login, title, state, outcome, record_type, record_id) VALUES (?, 'days', ?, 'done', 'add', 'biblio', 1)",
    undef, @{$_})
    for [ '2026-07-02 05:59:59', 'first of July, late' ], [ '2026-07-02 06:00:00', 'second of July, early' ],
    [ '2026-07-03 05:59:59', 'second of July, late' ];

sub titles {
    my (%wanted) = @_;
    return [ map { $_->{title} } @{ $exports->find(search => 'July', oldest_first => 1, %wanted) } ];
}

is_deeply(titles(from => '2026-07-02', to => '2026-07-02'), [ 'second of July, early', 'second of July, late' ], 'one day');
is_deeply(titles(to => '2026-07-01'), ['first of July, late'], 'until a day, that day too');
is_deeply(titles(from => '2026-07-03'), [], 'from a day on');
is(scalar @{ titles(from => '2026-02-31', to => 'soon') }, 3, 'what is no day is no filter');
is($exports->count(from => '2026-07-02', search => 'July'), 2, 'counted as found');
is($koha->beginning_of_day('2026-03-08', 1), '2026-03-09 06:00:00', 'a day of 23 hours');

done_testing;
