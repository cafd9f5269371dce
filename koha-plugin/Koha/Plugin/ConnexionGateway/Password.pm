package Koha::Plugin::ConnexionGateway::Password;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $COST = 8;

# bcrypt takes longer than the rest of an import, so what fitted is remembered for some minutes: as
# a digest under a key that only this process has, bound to the hash that it fitted.
my $REMEMBER_SECONDS = 300;
my $REMEMBER_AT_MOST = 1000;
my (%remembered, $key);

sub hash ($class, $password) {
    require Crypt::Eksblowfish::Bcrypt;
    my $salt = $class->random(16);
    return Crypt::Eksblowfish::Bcrypt::bcrypt(_octets($password),
        sprintf('$2a$%02d$', $COST) . Crypt::Eksblowfish::Bcrypt::en_base64($salt));
}

sub matches ($class, $password, $hash) {
    return 0 if !defined $password || !defined $hash || !length $hash;
    return 1 if $class->remembers($password, $hash);
    require Crypt::Eksblowfish::Bcrypt;
    my $again = Crypt::Eksblowfish::Bcrypt::bcrypt(_octets($password), $hash);
    return 0 if !_same($again, $hash);
    $class->remember($password, $hash);
    return 1;
}

sub remember ($class, $password, $hash) {
    return if !length($hash // '');
    %remembered = () if keys %remembered >= $REMEMBER_AT_MOST;
    $remembered{ _digest(_octets($password), $hash) } = time + $REMEMBER_SECONDS;
    return;
}

sub remembers ($class, $password, $hash) {
    return 0 if !defined $password || !length($hash // '');
    return ($remembered{ _digest(_octets($password), $hash) } // 0) > time ? 1 : 0;
}

sub _digest ($password, $hash) {
    require Digest::SHA;
    $key //= __PACKAGE__->random(32);
    return Digest::SHA::hmac_sha256($hash . "\0" . $password, $key);
}

# Takes the same time wherever the first difference is.
sub _same ($one, $other) {
    return 0 if length $one != length $other;
    my $difference = 0;
    $difference |= ord(substr $one, $_, 1) ^ ord(substr $other, $_, 1) for 0 .. length($one) - 1;
    return $difference == 0 ? 1 : 0;
}

sub _octets ($text) {
    utf8::encode($text) if utf8::is_utf8($text);
    return $text;
}

sub random ($class, $bytes) {
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";
    read($random, my $salt, $bytes) == $bytes or die "/dev/urandom gave too little\n";
    close $random or die "/dev/urandom: $!\n";
    return $salt;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Password - passwords of profiles, hashed

=head1 DESCRIPTION

bcrypt from Crypt::Eksblowfish, which Koha itself uses for its patrons.

=head1 METHODS

=head2 hash($password), matches($password, $hash)

=head2 random($bytes)

That many octets which nobody can guess.

=head2 remember($password, $hash), remembers($password, $hash)

A password that fitted is known again for five minutes, as a keyed digest in this process's memory,
as long as the hash stays the same.
Passwords are octets as the Client sent them, or text (taken as UTF-8), of up to 72 octets.

=cut
