package Koha::Token;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Digest::SHA     ();
use Sandbox::Strict qw(options);

my $HOURS = 8;

sub new ($class) { return bless {}, $class }

sub generate_csrf ($self, $params) {
    options('generate_csrf', $params, 'session_id');
    return if !$params->{session_id};
    return _token($params->{session_id}, time);
}

sub check_csrf ($self, $params) {
    options('check_csrf', $params, qw(session_id token));
    return if !$params->{session_id};
    my ($time) = ($params->{token} // '') =~ /\A[0-9a-f]+,(\d+)\z/ or return;
    return if $time < time - $HOURS * 3600;
    return $params->{token} eq _token($params->{session_id}, $time);
}

sub _token ($session, $time) {
    return Digest::SHA::hmac_sha256_hex("$session,$time", C4::Context->config('pass')) . ",$time";
}

1;
