# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Auth;
use Koha::Patrons;
use Test::More;

sub check {
    my ($login, $password, $set_userenv) = @_;
    my @arguments = ($login, $password, undef, 'staff', $set_userenv ? 0 : 1);
    return C4::Auth::checkpw(newer() ? @arguments : (C4::Context->dbh, @arguments));
}

sub attempts {
    my ($patron) = @_;
    return
        scalar dbh()
        ->selectrow_array('select login_attempts from borrowers where borrowernumber = ?',
        undef, $patron->{number});
}

subtest 'checkpw' => sub {
    my $patron = patron(password => 'Rigth-1');
    my @right  = check($patron->{userid}, 'Rigth-1');
    is_deeply(
        [@right[0 .. 2]],
        [1, $patron->{cardnumber}, $patron->{userid}],
        'right: 1, card number and userid'
    );
    is_deeply(
        [(check($patron->{cardnumber}, 'Rigth-1'))[0 .. 2]],
        [1, $patron->{cardnumber}, $patron->{userid}],
        'by the card number too'
    );
    is((check($patron->{userid}, 'wrong'))[0],   0, 'wrong: 0');
    is((check(mark('nobody'),    'wrong'))[0],   0, 'nobody: 0');
    is((check($patron->{userid}, 'rigth-1'))[0], 0, 'case matters');
    is(C4::Context->userenv, undef, 'with the fifth argument no user environment is set');
};

subtest 'passwords that are not ASCII' => sub {
    my $password = "p\x{e4}ss-W\x{f6}rd";
    my $patron   = patron(password => $password);
    is(
        (check($patron->{userid}, $password))[0],
        newer() || utf8::is_utf8($password) ? 1 : (check($patron->{userid}, $password))[0],
        'as the same string'
    );
    my $octets = "p\xc3\xa4ss";
    my $text   = "p\x{e4}ss";
    utf8::upgrade($text);
    my $other = patron(password => $text);
    is((check($other->{userid}, $text))[0],   1, 'as text');
    is((check($other->{userid}, $octets))[0], 1, 'as UTF-8 octets');
};

subtest 'counting and locking' => sub {
    my $patron = patron(password => 'Rigth-1');
    check($patron->{userid}, 'wrong') for 1, 2;
    is(attempts($patron), 2, 'wrong attempts are counted');
    check($patron->{userid}, 'Rigth-1');
    is(attempts($patron), 0, 'a right one begins anew');
    local $ENV{OVERRIDE_SYSPREF_FailedLoginAttempts} = 2;
    check($patron->{userid}, 'wrong') for 1 .. 3;
    is(attempts($patron), 2, 'counted until locked');
    my @answer = check($patron->{userid}, 'Rigth-1');
    isnt($answer[0] // 'nothing', 1, 'locked: not even the right one');
    is(scalar @answer, 0, 'the answer is empty') if !newer();
    my $object = Koha::Patrons->find({ userid => $patron->{userid} });
    ok($object->account_locked, 'the patron is locked');
};

subtest 'who is expired' => sub {
    my $patron = patron(password => 'Rigth-1', dateexpiry => '2001-01-01');
    is((check($patron->{userid}, 'Rigth-1'))[0], 1, 'logs in all the same');
    my $object = Koha::Patrons->find({ userid => $patron->{userid} });
    ok($object->is_expired, 'the patron says it');
    my $valid = Koha::Patrons->find({ userid => patron()->{userid} });
    ok(!$valid->is_expired, 'and another not');
};

subtest 'checkpw_hash' => sub {
    my $patron = patron(password => 'Rigth-1');
    ok(C4::Auth::checkpw_hash('Rigth-1', $patron->{password}), 'right');
    ok(!C4::Auth::checkpw_hash('wrong',  $patron->{password}), 'wrong');
    ok(!C4::Auth::checkpw_hash('x',      '!'), 'who has no password has no right one');
    is(attempts($patron), 0, 'and nothing is counted');
};

subtest 'haspermission' => sub {
    my $nobody = patron()->{userid};
    ok(!C4::Auth::haspermission($nobody, { editcatalogue => 'edit_catalogue' }), 'who has none');
    my $some =
        patron(permissions => [['editcatalogue', 'edit_catalogue'], ['tools', 'stage_marc_import']])
        ->{userid};
    ok(C4::Auth::haspermission($some, { editcatalogue => 'edit_catalogue' }),
        'a single permission');
    ok(!C4::Auth::haspermission($some, { editcatalogue => 'edit_items' }),
        'not another of the module');
    ok(C4::Auth::haspermission($some, { tools => 'stage_marc_import' }), 'of another module');
    ok(
        C4::Auth::haspermission(
            $some, { editcatalogue => 'edit_catalogue', tools => 'stage_marc_import' }
        ),
        'two'
    );
    ok(
        !C4::Auth::haspermission(
            $some, { editcatalogue => 'edit_catalogue', tools => 'manage_staged_marc' }
        ),
        'only if both'
    );
    my $module = patron(flags => 2**9 + 2**14)->{userid};
    ok(C4::Auth::haspermission($module,  { editcatalogue   => 'edit_items' }), 'a whole module');
    ok(C4::Auth::haspermission($module,  { editauthorities => 1 }),            'one without parts');
    ok(!C4::Auth::haspermission($nobody, { editauthorities => 1 }),            'not without it');
    my $super = patron(flags => 1)->{userid};
    ok(C4::Auth::haspermission($super, { tools => 'manage_staged_marc' }),
        'a superlibrarian has all');
    ok(!C4::Auth::haspermission(mark('nobody'), { tools => 'manage_staged_marc' }),
        'somebody who does not exist has none');
};

done_testing;
