# SPDX-License-Identifier: GPL-3.0-or-later
#
# The test of the connection: a ticket lets one export through in preview, and each part that fails is named.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Test::More;
use TestGateway;

plan skip_all => 'it changes patrons and rules that the stand-in has' if TestGateway->live;

my %base = TestGateway::base_profile({ write_as => 'cataloguer' });
my %own = (%base, name => 'own', authentication => 'koha');
delete @own{qw(password write_as)};
my $gateway = TestGateway->start(profiles => [
    { %base, name => 'demo', login => 'demo' }, { %base, name => 'other', login => 'other' }, \%own,
    { %base, name => 'authorities', login => 'authorities', record_types => ['authority'], write_as => 'admin',
        item_action => 'ignore' },
]);
$gateway->change_settings('wrong_login_delay=0', 'wrong_logins=1000', 'client_host=127.0.0.1');
$gateway->use_here;
require Koha::Plugin::ConnexionGateway::ClientSheet;
require Koha::Plugin::ConnexionGateway::ClientTest;
require Koha::Plugin::ConnexionGateway::Importer;
require Koha::Plugin::ConnexionGateway::Koha;
require Koha::Plugin::ConnexionGateway::Settings;

my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
my $settings = Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha);
my $tickets = Koha::Plugin::ConnexionGateway::TestTickets->new(koha => $koha);
my $tester = $koha->patron(userid => 'admin')->{number};
my ($exports, $kept_tickets) = map { $koha->table($_) } qw(exports test_tickets);
my $number = 0;

sub record { return TestGateway->make_record(oclc => TestGateway->unique) }

sub counts { return join ' ', map { $gateway->count("SELECT COUNT(*) FROM $_") } qw(biblio items import_batches import_records) }

sub send_with ($ticket, $login, $password, $record = record()) {
    return $gateway->raw(join '', TestGateway->bytes_field('U', $login), TestGateway->bytes_field('A', $ticket),
        (defined $password ? TestGateway->bytes_field('P', $password) : ()), $record);
}

subtest 'a ticket is good for one export, which writes nothing' => sub {
    my ($before, $record) = (counts(), record());
    my $profile = $settings->profile('demo');
    my $ticket = $tickets->issue('demo', $tester);
    like send_with($ticket, 'demo', 'demo', $record), qr/\APreview[.].*this was a test/s, 'the plan, and no more';
    is counts(), $before, 'nothing was written';
    my $export = $tickets->told($ticket)->{export};
    is $gateway->count("SELECT CONCAT(state, preview, test) FROM $exports WHERE number = ?", $export), 'done11', 'kept as a test';
    is_deeply $settings->profile('demo'), $profile, 'the profile is what it was';
    like send_with($ticket, 'demo', 'demo', $record), qr/\ANot imported.*test is over/s, 'no second time';
    is counts(), $before, 'with nothing written';
    like $gateway->export('demo', $record), qr/\ASuccess/, 'the same record exported in earnest is no repeat of the test';
    my $imported = counts();
    isnt $imported, $before, 'it is imported';
    $gateway->command('replay', '--again', $export);
    is counts(), $imported, 'a test can not be imported afterwards';
};

subtest 'a ticket that is none' => sub {
    my $before = counts();
    my $made_up = 'connexion-gateway-test:' . '0' x 32;
    like send_with($made_up, 'demo', 'demo'), qr/\ANot imported.*test is over/s, 'made up, beside a login that is right';
    my $old = $tickets->issue('demo', $tester);
    $gateway->dbh->do("UPDATE $kept_tickets SET issued_at = issued_at - INTERVAL 61 SECOND");
    like send_with($old, 'demo', 'demo'), qr/\ANot imported.*test is over/s, 'too old';
    is $tickets->told($old), undef, 'of which nothing is told';
    like send_with($tickets->issue('demo', $tester), 'other', 'demo'), qr/\ANot imported.*"other" is not one/s,
        'of another profile';
    like send_with($tickets->issue('demo', $tester), 'demo', 'wrong'), qr/\ANot imported.*password is wrong/s,
        'with a wrong password';
    is counts(), $before, 'nothing was written';
    is $gateway->count("SELECT COUNT(*) FROM $kept_tickets WHERE digest LIKE 'connexion%'"), 0, 'no ticket is kept as it is';
};

subtest 'a test whose importer is gone stays one' => sub {
    my $before = counts();
    $gateway->export('demo', record());
    my $imported = counts();
    my $row = $gateway->dbh->selectrow_hashref("SELECT * FROM $exports WHERE profile = 'demo' AND test = 0 ORDER BY number DESC LIMIT 1");
    $gateway->dbh->do("INSERT INTO $exports (received_at, login, profile, profile_revision, borrowernumber, digest, record, state, test)"
            . q{ VALUES (UTC_TIMESTAMP() - INTERVAL 1 DAY, 'demo', 'demo', ?, ?, ?, ?, 'received', 1)},
        undef, $row->{profile_revision}, $row->{borrowernumber}, 'x', record());
    my $left = $gateway->dbh->last_insert_id(undef, undef, $exports, 'number');
    Koha::Plugin::ConnexionGateway::Importer->new(koha => $koha)->recover;
    is $gateway->count("SELECT CONCAT(state, preview) FROM $exports WHERE number = ?", $left), 'done1', 'finished as a preview';
    is counts(), $imported, 'with nothing written';
    isnt $imported, $before, 'which an export does';
};

# ---------------------------------------------------------------- the sheet

sub sheet { return Koha::Plugin::ConnexionGateway::ClientSheet->new(koha => $koha) }

subtest 'the name of the host' => sub {
    $settings->save_service({ client_host => '' });
    my %host = ('https://staff.example.org:8443/x' => 'staff.example.org', 'staff.example.org' => 'staff.example.org',
        'http://[2001:db8::1]:8080' => '2001:db8::1');
    for my $url (sort keys %host) {
        $gateway->dbh->do(q{UPDATE systempreferences SET value = ? WHERE variable = 'staffClientBaseURL'}, undef, $url);
        $koha->forget_caches;
        is sheet()->address->{host}, $host{$url}, "of $url";
    }
    ok !eval { $settings->save_service({ client_host => $_ }); 1 }, "$_ is none"
        for 'http://koha.example.org', 'koha.example.org:8000', 'abc.de:8000', 'koha.example.org/', 'a b';
    $settings->save_service({ client_host => '127.0.0.1' });
    is_deeply sheet()->address, { host => '127.0.0.1', port => $gateway->{port}, only_here => 1 }, 'the setting goes first';
};

subtest 'what is typed' => sub {
    my %typed = map { $_->{name} => $_->{value} } map { @{ $_->{fields} } } @{ sheet()->groups($settings->profile('demo'))->{client} };
    is_deeply [ @typed{qw(type host timeout retries delay login biblio_format biblio_characters)} ],
        [ 'OCLC Gateway Export', '127.0.0.1', 100, 3, 0, 'demo', 'MARC 21', 'UTF-8 Unicode' ], 'for a profile';
    ok !exists $typed{authority_characters}, 'and nothing of what it does not take';
    unlike join(' ', map { $_ // '' } values %typed), qr/\$2a\$/, 'no password';
};

# ---------------------------------------------------------------- step by step

sub tested ($name, %with) {
    my $profile = $settings->profile($name);
    my $address = { %{ Koha::Plugin::ConnexionGateway::ClientSheet->new(koha => $koha)->address }, %{ delete $with{address} // {} } };
    return Koha::Plugin::ConnexionGateway::ClientTest->new(koha => $koha, address => $address)
        ->run({ profile => $profile, login => $profile->{login}, borrowernumber => $tester, %with });
}

sub steps ($ran) { return join ' ', map {"$_->{step}:$_->{state}:$_->{code}"} @{ $ran->{steps} } }

subtest 'what works' => sub {
    my $before = counts();
    my $ran = tested('demo', password => 'demo');
    is steps($ran), 'service:good:running port:good:open login:good:right permission:good:given rule:good:works', 'all of it';
    is $ran->{steps}[4]{plan}{outcome}, 'add', 'with the plan';
    like steps(tested('demo')), qr/login:wait:not_checked permission:good:given rule:good/, 'without a password';
    like steps(tested('own', login => 'cataloguer', password => 'cataloguer')), qr/login:good:right permission:good/, 'a Koha login';
    like steps(tested('own', login => 'admin')), qr/login:wait:not_checked permission:good/, 'that of who tests';
    like steps(tested('authorities', password => 'demo')), qr/permission:good:given rule:wait:no_matching_rule/, 'authorities';
    is counts(), $before, 'nothing was written';
};

subtest 'what fails' => sub {
    like steps(tested('demo', password => 'wrong')), qr/port:good:open login:bad:wrong_login permission:skipped/, 'the password';
    like steps(tested('own', login => 'nobody', password => 'nobody')),
        qr/login:good:right permission:bad:missing_permission rule:skipped/, 'a permission';
    $gateway->set_profile({ name => 'other', enabled => 0 });
    like steps(tested('other')), qr/login:bad:profile_disabled/, 'a profile that is switched off';
    like steps(tested('demo', address => { host => 'nowhere.invalid', only_here => 0 })),
        qr/port:wait:not_by_name_unknown_host .*rule:good/, 'the name of the host';
    like steps(tested('demo', address => { host => 'nowhere.invalid', only_here => 1 })), qr/port:wait:only_here .*rule:good/,
        'a service for its own machine';
    $gateway->engine('down');
    like steps(tested('demo')), qr/permission:good:given rule:bad:search_failed/, 'the search engine';
    $gateway->engine('ok');
    $gateway->dbh->do(q{UPDATE marc_matchers SET code = 'GONE' WHERE code = 'OCLCISBN'});
    like steps(tested('demo')), qr/rule:bad:rule_gone/, 'the rule';
    $gateway->dbh->do(q{UPDATE marc_matchers SET code = 'OCLCISBN' WHERE code = 'GONE'});
    $gateway->change_settings('allow=192.0.2.1');
    my $ran = tested('demo');
    like steps($ran), qr/\Aservice:wait:silent port:good:open login:bad:refused/, 'an address that may not export';
    like $ran->{steps}[2]{values}{reply}, qr/may not export/, 'with what the service says';
    $gateway->change_settings('allow=');
    $gateway->stop_service;
    $ran = tested('demo');
    like steps($ran), qr/\Aservice:bad:stopped port:skipped/, 'the service';
    like $ran->{steps}[0]{commands}[0], qr/connexion-gateway serve/, 'with the command that starts it';
};

done_testing;
