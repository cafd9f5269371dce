# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use Koha::Plugins;
use Koha::Plugins::Base;
use Koha::Plugins::Handler;
use Koha::Plugins::Methods;
use Test::More;

our @calls;

{

    package Koha::Plugin::ContractTest;

    use parent -norequire, 'Koha::Plugins::Base';

    our $version = '1.0';

    sub new {
        my ($class, $args) = @_;
        $args->{metadata} = { name => 'Contract', version => $version };
        return $class->SUPER::new($args);
    }

    sub install { push @main::calls, 'install'; return 1 }
    sub upgrade { push @main::calls, 'upgrade'; return 1 }
    sub tool    { push @main::calls, 'tool';    return 'answer' }
}

my $class = 'Koha::Plugin::ContractTest';
$INC{'Koha/Plugin/ContractTest.pm'} = __FILE__;
later(
    sub {
        dbh()->do("delete from $_ where plugin_class = ?", undef, $class)
            for qw(plugin_data plugin_methods);
    }
);

subtest 'new installs and upgrades' => sub {
    $class->new({});
    is_deeply(\@calls, ['install'], 'the first time install is called');
    $class->new({});
    is_deeply(\@calls, ['install'], 'and only then');
    $Koha::Plugin::ContractTest::version = '1.10';
    my $plugin = $class->new({});
    is_deeply(\@calls, [qw(install upgrade)], 'with a higher version: upgrade');
    is($plugin->retrieve_data('__INSTALLED_VERSION__'), '1.10', 'which is kept');
    $Koha::Plugin::ContractTest::version = '1.9';
    $class->new({});
    is_deeply(\@calls, [qw(install upgrade)], 'versions are compared part by part, as numbers');
};

my $plugin = $class->new({});

subtest 'data' => sub {
    $plugin->store_data({ key => 'value', other => 2 });
    is($plugin->retrieve_data('key'), 'value', 'what was stored');
    $plugin->store_data({ key => 'changed' });
    is($plugin->retrieve_data('key'),     'changed', 'is replaced');
    is($plugin->retrieve_data('nothing'), undef,     'an unknown key has none');
    ok($plugin->is_enabled, 'installed means enabled');
    my ($enabled) = dbh()->selectrow_array(
        q{select plugin_value from plugin_data where plugin_class = ? and plugin_key = '__ENABLED__'},
        undef, ref $plugin);
    is($enabled, 1, 'which is a row under the name of its class');
};

subtest 'names' => sub {
    is(
        $plugin->get_qualified_table_name('Exports'),
        'koha_plugin_contracttest_exports',
        'of tables'
    );
    is($plugin->get_plugin_http_path, '/plugin/Koha/Plugin/ContractTest', 'of files');
    is($plugin->get_metadata->{name}, 'Contract',                         'and its own');
    can_ok($plugin, qw(get_template output_html mbf_path bundle_path go_home output));
};

subtest 'methods' => sub {
    my @no = quietly(
        sub { Koha::Plugins::Handler->run({ class => $class, method => 'tool', cgi => undef }) });
    is_deeply(\@no, [], 'a method that is not in plugin_methods is not run');
    Koha::Plugins::Method->new({ plugin_class => $class, plugin_method => 'tool' })->store;
    is(Koha::Plugins::Handler->run({ class => $class, method => 'tool', cgi => undef }),
        'answer', 'one that is, is');
    my @plugins = Koha::Plugins->new({})->GetPlugins({ method => 'tool' });
    ok((grep { ref eq $class } @plugins), 'and GetPlugins finds it');
};

subtest 'hooks' => sub {
    require C4::Biblio;
    no warnings 'once';
    local *Koha::Plugin::ContractTest::after_biblio_action =
        sub { push @main::calls, $_[1]{action}; die "ignored\n" };
    Koha::Plugins::Method->new({ plugin_class => $class, plugin_method => 'after_biblio_action' })
        ->store;
    @calls                               = ();
    $Koha::Plugin::ContractTest::version = '2.0';
    my $number = quietly(sub { scalar stored(biblio()) });
    is_deeply(\@calls, [qw(upgrade create)],
        'AddBiblio MAKES the plugin, which upgrades it, and calls its hook');
    ok($number, 'whose death does not matter');
};

subtest 'what the hooks are told' => sub {
    require C4::AuthoritiesMarc;
    no warnings 'once';
    my @told;
    local *Koha::Plugin::ContractTest::after_biblio_action = sub { push @told, [ $_[1]{action}, $_[1]{biblio_id} ] };
    my $number = stored(biblio());
    C4::Biblio::ModBiblio(biblio(), $number, '');
    C4::Biblio::DelBiblio($number);
    is_deeply(\@told, [ map { [ $_, $number ] } qw(create modify delete) ], 'the number of the biblio record');

    my @authorities;
    local *Koha::Plugin::ContractTest::after_authority_action =
        sub { push @authorities, [ $_[1]{action}, $_[1]{authority_id} ] };
    Koha::Plugins::Method->new({ plugin_class => $class, plugin_method => 'after_authority_action' })->store;
    my $authid = C4::AuthoritiesMarc::AddAuthority(authority('150', a => mark('t')), undef, 'TOPIC_TERM');
    C4::AuthoritiesMarc::ModAuthority($authid, authority('150', a => mark('t')), 'TOPIC_TERM');
    C4::AuthoritiesMarc::DelAuthority({ authid => $authid });
    my @expected = newer() ? map { [ $_, $authid ] } qw(create modify delete) : ();
    is_deeply(\@authorities, \@expected, 'that of the authority, or nothing in 19.06');
};

subtest 'a hook belongs to the transaction of the save' => sub {
    require Koha::Database;
    no warnings 'once';
    local *Koha::Plugin::ContractTest::after_biblio_action =
        sub { $_[0]->store_data({ last_biblio => $_[1]{biblio_id} }) };
    my $storage = Koha::Database->new->schema->storage;
    $storage->txn_begin;
    my ($number) = C4::Biblio::AddBiblio(biblio(), '');
    is($plugin->retrieve_data('last_biblio'), $number, 'what it writes is there');
    $storage->txn_rollback;
    is($plugin->retrieve_data('last_biblio'), undef, 'and gone with the record');
};

done_testing;
