# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use Koha::Cache::Memory::Lite;
use Koha::Caches;
use Test::More;

subtest 'configuration and preferences' => sub {
    ok(C4::Context->config('database'),   'the name of the database');
    ok(C4::Context->config('pluginsdir'), 'the folder of the plugins');
    is(C4::Context->config('enable_plugins'), 1,     'plugins are enabled in the configuration');
    is(C4::Context->config('no_such_key'),    undef, 'an unknown key has no value');
    like(C4::Context->preference('Version'),
        qr/\A\d\d\.\d{7}\z/, 'the version is a number with seven decimals');
    is(
        C4::Context->preference('MARCFLAVOUR'),
        C4::Context->preference('marcflavour'),
        'case does not matter'
    );
    is(C4::Context->preference('no_such_preference'), undef, 'an unknown preference has no value');
};

subtest 'changing a preference' => sub {
    my $before = C4::Context->preference('itemBarcodeInputFilter');
    later(sub { C4::Context->set_preference('itemBarcodeInputFilter', $before // '') });
    C4::Context->set_preference('itemBarcodeInputFilter', 'whitespace');
    is(C4::Context->preference('itemBarcodeInputFilter'),
        'whitespace', 'seen at once in this process');
    dbh()
        ->do(
        q{update systempreferences set value = 'cuecat' where variable = 'itemBarcodeInputFilter'});
    is(C4::Context->preference('itemBarcodeInputFilter'), 'whitespace', 'otherwise from the cache');
};

subtest 'caches of one request' => sub {
    can_ok('Koha::Caches', 'flush_L1_caches');
    ok(eval { Koha::Caches->flush_L1_caches; 1 }, 'flush_L1_caches is a class method');
    my $lite = Koha::Cache::Memory::Lite->get_instance;
    $lite->set_in_cache('contract', 1);
    Koha::Cache::Memory::Lite->flush;
    is($lite->get_from_cache('contract'), undef, 'flush empties the cache for all');
};

subtest 'the user environment' => sub {
    is(C4::Context->userenv, undef, 'none at first');
    {
        local $SIG{__WARN__} = sub { };
        ok(C4::Context->IsSuperLibrarian, 'without one everything is allowed')
    }
    my %patron = (
        number     => 7,
        userid     => 'u',
        cardnumber => 'c',
        firstname  => 'F',
        surname    => 'S',
        branchcode => 'CPL',
        flags      => 4
    );
    as_patron(
        \%patron,
        sub {
            my $userenv = C4::Context->userenv;
            is($userenv->{number}, 7,     'the number');
            is($userenv->{id},     'u',   'the userid is called id');
            is($userenv->{branch}, 'CPL', 'the library');
            is($userenv->{emailaddress},
                'contract@example.org', 'the address is called emailaddress');
            ok(!C4::Context->IsSuperLibrarian, 'flags without the first bit: no superlibrarian');
            $userenv->{branch} = 'MPL';
            is(C4::Context->userenv->{branch}, 'MPL', 'what is given is no copy');
        }
    );
    is(C4::Context->userenv, undef, 'none afterwards');
};

subtest 'ending the user environment' => sub {
    if (newer()) {
        ok(C4::Context->can('unset_userenv'),   'unset_userenv');
        ok(!C4::Context->can('_unset_userenv'), 'no _unset_userenv');
        return;
    }
    ok(!C4::Context->can('unset_userenv'), '19.06 has no unset_userenv');
    C4::Context->_new_userenv('one');
    C4::Context->set_userenv(1, 'u', 'c', 'f', 's', 'CPL', 'l', 0, 'e');
    C4::Context->_unset_userenv('one');
    is(C4::Context->userenv->{number}, 1, '_unset_userenv called as a method does nothing');
    C4::Context::_unset_userenv('one');
    is(C4::Context->userenv, undef, 'called as a function it does');
};

subtest 'interface' => sub {
    C4::Context->interface('intranet');
    is(C4::Context->interface, 'intranet', 'what was set');
    C4::Context->interface('commandline');
    is(C4::Context->interface, 'commandline', 'and set again');
};

done_testing;
