package C4::Auth;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Crypt::Eksblowfish::Bcrypt ();
use Digest::MD5                ();
use Exporter 'import';
use Koha::Patrons;
use Sandbox::Strict qw(newer arguments one_of wrong_call);

our @EXPORT =
    qw(checkauth get_template_and_user haspermission checkpw checkpw_hash check_cookie_auth);

# ---------------------------------------------------------------- passwords

sub checkpw (@arguments) {
    if (newer()) {
        wrong_call('checkpw with a handle, which it had until 22.05') if ref $arguments[0];
    } else {
        my $dbh = shift @arguments;
        wrong_call('checkpw of 19.06 without a handle') if !ref $dbh || !$dbh->isa('DBI::db');
    }
    arguments('checkpw', scalar @arguments, 2, 5);
    my ($login, $password, $query, $type, $no_set_userenv) = @arguments;
    my $patron = Koha::Patrons->find({ userid => $login });
    $patron = Koha::Patrons->find({ cardnumber => $login }) if !$patron;
    return if $patron && $patron->account_locked;
    my $right = $patron && defined $password && checkpw_hash($password, $patron->password // '!');
    return (0) if !$patron;
    $patron->update({ login_attempts => $right ? 0 : ($patron->login_attempts || 0) + 1 });
    return (0)            if !$right;
    _set_userenv($patron) if !$no_set_userenv;
    return (1, $patron->cardnumber, $patron->userid, newer() ? $patron : ());
}

sub _set_userenv ($patron) {
    my $library = $patron->library;
    C4::Context->set_userenv(
        (map { $patron->$_ } qw(borrowernumber userid cardnumber firstname surname branchcode)),
        $library ? $library->branchname : '',
        $patron->flags, $patron->email
    );
    return;
}

sub checkpw_hash ($password, $hash) {
    return                  if $hash eq '!';
    utf8::encode($password) if utf8::is_utf8($password);
    my $given =
        $hash =~ /\A\$2/
        ? Crypt::Eksblowfish::Bcrypt::bcrypt($password, $hash)
        : Digest::MD5::md5_base64($password);
    return $given eq $hash;
}

# ---------------------------------------------------------------- permissions

sub haspermission (@arguments) {
    arguments('haspermission', scalar @arguments, 1, 2);
    my ($userid, $wanted) = @arguments;
    my $flags = _flags($userid);
    return $flags if !defined $wanted || $flags->{superlibrarian};
    return _allows($wanted, $flags) ? $flags : 0;
}

# Each module: 1 for all of it, or its single permissions.
sub _flags ($userid) {
    my $dbh = C4::Context->dbh;
    my ($sum) =
        $dbh->selectrow_array('select flags from borrowers where userid = ?', undef, $userid);
    my $modules = $dbh->selectall_arrayref('select bit, flag, defaulton from userflags');
    my %flags   = map { $_->[1] => ($sum || 0) & 2**$_->[0] || $_->[2] ? 1 : 0 } @{$modules};
    my $single  = $dbh->selectall_arrayref(
        'select flag, p.code from user_permissions p join userflags on module_bit = bit
            join borrowers using (borrowernumber) where userid = ?', undef, $userid
    );
    for my $permission (@{$single}) {
        my ($module, $code) = @{$permission};
        next if $flags{$module} && !ref $flags{$module};
        $flags{$module} = { ref $flags{$module} ? %{ $flags{$module} } : (), $code => 1 };
    }
    return \%flags;
}

sub _allows ($wanted, $flags) {
    return $wanted eq '*' ? !!$flags : $flags && (!ref $flags || $flags->{$wanted}) if !ref $wanted;
    wrong_call("haspermission with '$wanted'") if ref $wanted ne 'HASH';
    for my $module (keys %{$wanted}) {
        return 0 if !_allows($wanted->{$module}, ref $flags ? $flags->{$module} : $flags);
    }
    return 1;
}

# ---------------------------------------------------------------- the staff interface

# The staff pages keep sessions themselves and say here whose request it is.
our $session_patron;

sub check_cookie_auth (@arguments) {
    arguments('check_cookie_auth', scalar @arguments, 1, 3);
    my ($cookie, $wanted) = @arguments;
    return ('failed', undef) if !defined $cookie || $cookie eq '';
    require Sandbox::Sessions;
    my $userid = Sandbox::Sessions->userid($cookie) // return ('expired', undef);
    my $patron = Koha::Patrons->find({ userid => $userid });
    return ('expired', undef)          if !$patron;
    C4::Context->_new_userenv($cookie) if C4::Context->can('_new_userenv');
    _set_userenv($patron);
    return ('failed', undef) if defined $wanted && !haspermission($userid, $wanted);
    return ('ok',     $cookie);
}

# (template, borrowernumber, cookie, flags)
sub get_template_and_user (@arguments) {
    arguments('get_template_and_user', scalar @arguments, 1, 1);
    my $params = Sandbox::Strict::options('get_template_and_user', $arguments[0],
        qw(template_name query type authnotrequired flagsrequired debug is_plugin));
    one_of('get_template_and_user type', $params->{type}, 'intranet');
    require C4::Templates;
    my $template = C4::Templates->new(file => $params->{template_name});
    my $userenv  = C4::Context->userenv;
    $template->param(
        loggedinusername => $userenv ? $userenv->{id}                                 : undef,
        LoginSurname     => $userenv ? $userenv->{surname}                            : undef,
        logged_in_user   => $userenv ? scalar Koha::Patrons->find($userenv->{number}) : undef,
    );
    return ($template, $userenv ? $userenv->{number} : undef, undef, undef);
}

1;
