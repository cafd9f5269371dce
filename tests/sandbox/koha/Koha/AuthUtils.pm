package Koha::AuthUtils;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Crypt::Eksblowfish::Bcrypt ();
use Exporter 'import';
use Sandbox::Seeds;

our @EXPORT_OK = qw(hash_password);

sub hash_password ($password, $settings = undef) {
    return Sandbox::Seeds::hash_password($password) if !defined $settings;
    utf8::encode($password)                         if utf8::is_utf8($password);
    return Crypt::Eksblowfish::Bcrypt::bcrypt($password, $settings);
}

1;
