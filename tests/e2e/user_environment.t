# SPDX-License-Identifier: GPL-3.0-or-later
#
# Koha writes as whom its user environment names. What is done as a patron leaves it as it was before.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use TestGateway;
use Test::More;

my $gateway = TestGateway->start(serve => undef);
$gateway->use_here;
require Koha::Plugin::ConnexionGateway::Koha;
my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
my $patron = $koha->patron(userid => $gateway->{write_as});

sub environment { return scalar C4::Context->userenv }

subtest 'a process that has none' => sub {
    my @given = $koha->as_patron($patron, sub { return ($koha->current_userid, wantarray) });
    is_deeply(\@given, [ $patron->{userid}, 1 ], 'the patron, and what was returned');
    is(environment(), undef, 'none afterwards');
    ok(!eval { $koha->as_patron($patron, sub { die "on purpose\n" }); 1 }, 'an exception goes on');
    is($@, "on purpose\n", 'as it was');
    is(environment(), undef, 'and leaves none');
};

subtest 'an exception while it is set' => sub {
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    my $original = \&C4::Context::set_userenv;
    local *C4::Context::set_userenv = sub { $original->(@_); die "on purpose\n" };
    ok(!eval { $koha->as_patron($patron, sub { fail('it is not gone on') }); 1 }, 'goes on');
    is(environment(), undef, 'and leaves none');
};

subtest 'on a page of the staff interface' => sub {
    C4::Context->_new_userenv('session') if C4::Context->can('_new_userenv');
    C4::Context->set_userenv(51, 'librarian', 'card', 'First', 'Last', 'MPL', 'Midway', 1, 'librarian@example.org');
    environment()->{register_name} = 'desk';    # as newer versions have
    my %before = %{ environment() };
    is($koha->as_patron($patron, sub { $koha->current_userid }), $patron->{userid}, 'another patron');
    is_deeply(environment(), \%before, 'then the one of the page again, whole');
    my $inner = $koha->as_patron($patron, sub {
        my $same = $koha->as_patron($patron, sub { $koha->current_userid });
        return "$same, " . $koha->current_userid;
    });
    is($inner, "$patron->{userid}, $patron->{userid}", 'one within another');
    ok(!eval { $koha->as_patron($patron, sub { die "on purpose\n" }); 1 }, 'an exception');
    is_deeply(environment(), \%before, 'changes nothing of it');
};

done_testing;
