# SPDX-License-Identifier: GPL-3.0-or-later
#
# Who gets in: profiles with their own login and cataloguers with their Koha login, Koha's lockout,
# permissions taken away, guesses. The patrons are those of the stand-in.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Test::More;
use TestGateway;

plan skip_all => 'it changes patrons that the stand-in has' if TestGateway->live;

my $gateway;
my %base = TestGateway::base_profile({ write_as => 'cataloguer' });
my %own = (%base, name => 'own', authentication => 'koha');
delete @own{qw(password write_as)};
$gateway = TestGateway->start(profiles => [
    { %base, name => 'demo', login => 'demo' }, \%own,
    { %base, name => 'off', login => 'off', enabled => 0 },
]);
$gateway->change_settings('wrong_login_delay=0', 'wrong_logins=1000', 'wrong_logins_per_address=1000');

sub set ($column, $value, $userid = 'cataloguer') {
    $gateway->dbh->do("UPDATE borrowers SET $column = ? WHERE userid = ?", undef, $value, $userid);
    return;
}

sub attempts { return $gateway->count('SELECT login_attempts FROM borrowers WHERE userid = ?', 'cataloguer') }

sub record { return TestGateway->make_record(oclc => TestGateway->unique) }

sub export_as ($login, $password) {
    return $gateway->raw($gateway->frame($login, $password, record()));
}

subtest 'a login of the gateway' => sub {
    like export_as('demo', 'demo'), qr/\ASuccess/, 'right';
    like export_as('demo', 'wrong'), qr/\ANot imported.*login or the password is wrong/s, 'a wrong password';
    like export_as('demo', ''), qr/\ANot imported.*login or the password is wrong/s, 'no password';
    like export_as('x' x 100, 'y' x 100), qr/\ANot imported/, 'a long one';
    like export_as("de'mo\xff", "\x01\xfe"), qr/\ANot imported/, 'octets that are no text';
    like export_as('off', 'demo'), qr/\ANot imported.*switched off/s, 'switched off';
    like export_as('off', 'wrong'), qr/\ANot imported.*login or the password is wrong/s, 'which only who knows the password hears';
};

subtest 'a Koha login' => sub {
    like export_as('cataloguer', 'cataloguer'), qr/\ASuccess/, 'right';
    my $hash = $gateway->count('SELECT password FROM borrowers WHERE userid = ?', 'cataloguer');
    like export_as('cataloguer', 'cataloguer'), qr/\ASuccess/, 'again';
    set(password => $gateway->count('SELECT password FROM borrowers WHERE userid = ?', 'stager'));
    like export_as('cataloguer', 'cataloguer'), qr/\ANot imported.*wrong/s, 'not after the password was changed';
    set(password => $hash);
    like export_as('nobody', 'nobody'), qr/\ANot imported.*"nobody" lacks the permission/s, 'without permissions';
    like export_as('stager', 'stager'), qr/\ANot imported.*"stager" lacks the permission tools\/manage_staged_marc/s,
        'with some of them';
    like export_as('expired', 'expired'), qr/\ANot imported.*"expired" has expired/s, 'expired';
};

subtest 'the lockout of Koha' => sub {
    $gateway->dbh->do("UPDATE systempreferences SET value = '3' WHERE variable = 'FailedLoginAttempts'");
    set(login_attempts => 0);
    export_as('cataloguer', 'wrong') for 1 .. 3;
    is attempts(), 3, 'wrong passwords count';
    like export_as('cataloguer', 'cataloguer'), qr/\ANot imported.*"cataloguer" is locked/s,
        'locked, also for the password that was right a moment ago';
    is attempts(), 3, 'and nothing more is counted';
    like export_as('demo', 'demo'), qr/\ASuccess/, 'who guesses stops no profile that writes as that patron';
    set(login_attempts => 0);
    like export_as('cataloguer', 'cataloguer'), qr/\ASuccess/, 'unlocked';
    set(login_attempts => -1);
    like export_as('cataloguer', 'cataloguer'), qr/\ANot imported.*locked/s, 'locked by staff';
    like export_as('demo', 'demo'), qr/\ANot imported.*"cataloguer" is locked/s, 'a profile that writes as that patron too';
    set(login_attempts => 0);
    $gateway->dbh->do("UPDATE systempreferences SET value = '' WHERE variable = 'FailedLoginAttempts'");
};

subtest 'permissions at each export' => sub {
    my $number = $gateway->count('SELECT borrowernumber FROM borrowers WHERE userid = ?', 'cataloguer');
    my $kept = $gateway->dbh->selectall_arrayref('SELECT module_bit, code FROM user_permissions WHERE borrowernumber = ?',
        undef, $number);
    my ($flags) = $gateway->dbh->selectrow_array('SELECT flags FROM borrowers WHERE userid = ?', undef, 'cataloguer');
    $gateway->dbh->do('DELETE FROM user_permissions WHERE borrowernumber = ?', undef, $number);
    set(flags => 4);
    my $before = $gateway->biblios;
    like export_as('demo', 'demo'), qr/\ANot imported.*lacks the permission/s, 'taken away: refused at once';
    is $gateway->biblios, $before, 'and nothing was written';
    set(flags => $flags);
    $gateway->dbh->do('INSERT INTO user_permissions (borrowernumber, module_bit, code) VALUES (?, ?, ?)', undef, $number, @{$_})
        for @{$kept};
    like export_as('demo', 'demo'), qr/\ASuccess/, 'given back';
};

subtest 'settings' => sub {
    my ($output, $status) = $gateway->command('settings', 'allow=192.0.2.0/24 oclc', 'wrong_logins=2', 'wrong_login_pause=60');
    is $status, 0, 'saved';
    like scalar $gateway->command('settings'), qr/^allow=192[.]0[.]2[.]0\/24 oclc$/m, 'and shown';
    (undef, $status) = $gateway->command('settings', 'port=8001', 'allow=300.1.2.3');
    is $status, 1, 'a wrong one is refused';
    like scalar $gateway->command('settings'), qr/^port=8000$/m, 'with all that came with it';
    $gateway->command('settings', 'allow=');
};

subtest 'what is kept of all this' => sub {
    my $table = $gateway->count("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
            . " AND TABLE_NAME LIKE '%connexiongateway%exports'");
    is $gateway->count("SELECT COUNT(*) FROM $table WHERE error IN ('wrong_login', 'locked', 'missing_permission')"
            . ' AND record IS NOT NULL'), 0, 'no record of a refused login';
    is $gateway->count("SELECT COUNT(*) FROM $table WHERE record LIKE '%demo%' OR record LIKE 'A%'"), 0,
        'no login in the records that are kept';
    unlike $gateway->log_text, qr/demodemo|P.demo|wrong\b(?!_)/, 'no password in the log';
};

done_testing;
