package Sandbox::Sessions;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;

my $SECONDS = 24 * 3600;

sub begin ($class, $userid = '') {
    open my $random, '<:raw', '/dev/urandom' or die "no random numbers: $!";
    read $random, my $octets, 16;
    my $id  = unpack 'H*', $octets;
    my $dbh = C4::Context->dbh;
    $dbh->do('insert into sessions (id, a_session) values (?, ?)',
        undef, $id, join "\t", time, $userid);
    return $id;
}

sub userid ($class, $id) {
    my ($time, $userid) = _read($id);
    return defined $time && $time > time - $SECONDS && length $userid ? $userid : undef;
}

sub exists ($class, $id) { return defined((_read($id))[0]) ? 1 : 0 }

sub _read ($id) {
    return if ($id // '') !~ /\A[0-9a-f]{32}\z/;
    my ($session) =
        C4::Context->dbh->selectrow_array('select a_session from sessions where id = ?', undef,
        $id);
    return split /\t/, $session // '', 2;
}

sub end ($class, $id) {
    C4::Context->dbh->do('delete from sessions where id = ?', undef, $id);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Sessions - who is logged in to the sandbox's staff pages

=head1 METHODS

=head2 begin($userid), userid($id), exists($id), end($id)

A session begins with the number that goes into the cookie; C<userid> is undefined when nobody is logged in with it.

=cut
