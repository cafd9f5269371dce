package Koha::Patron;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'Koha::Object';

use C4::Context;
use POSIX           ();
use Sandbox::Strict qw(newer);

sub _type { return 'Borrower' }

sub is_expired ($self) {
    my $expiry = $self->dateexpiry // return 0;
    return 0 if $expiry =~ /\A9999/;
    return $expiry lt POSIX::strftime('%Y-%m-%d', localtime) ? 1 : 0;
}

sub account_locked ($self) {
    my $most     = C4::Context->preference('FailedLoginAttempts');
    my $attempts = $self->login_attempts || 0;
    return 1 if $most && $attempts && $attempts >= $most;
    return $attempts < 0 ? 1 : 0;
}

sub library ($self) {
    require Koha::Libraries;
    return scalar Koha::Libraries->find($self->branchcode);
}

sub has_permission ($self, $wanted) {
    Sandbox::Strict::wrong_call('Koha::Patron->has_permission') if !newer();
    require C4::Auth;
    return C4::Auth::haspermission($self->userid, $wanted);
}

1;
