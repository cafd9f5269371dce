package Koha::Plugin::ConnexionGateway::Core::RequestParser;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Core::Handle';

my @LIMITS = qw(max_bytes max_records);
my $USUAL  = -1;

__PACKAGE__->compiled(
    DESTROY => 'delete_RequestParser',
    next    => 'RequestParser_take',
    map { $_ => "RequestParser_$_" } qw(state buffered)
);

sub new ($class, %limits) {
    $class->need_known(\%limits, @LIMITS);
    my @limits = map { defined $limits{$_} ? $class->need_count($limits{$_}, $_) : $USUAL } @LIMITS;
    return $class->function('new_RequestParser', @limits);
}

sub feed ($self, $octets) {
    $self->function('RequestParser_feed', $self, $self->need_octets($octets, 'feed'));
    return $self;
}

sub finish ($self) {
    $self->function('RequestParser_finish', $self);
    return $self;
}

sub problem ($self) {
    my $failed = $self->state eq 'failed';
    return $failed ? { map { $_ => $self->function("RequestParser_problem_$_", $self) } qw(code message offset) } : undef;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::RequestParser - bytes of a connection to requests

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::RequestParser;

    my $parser = Koha::Plugin::ConnexionGateway::Core::RequestParser->new(max_bytes => 500_000);
    $parser->feed('A4demoP6secret');
    $parser->feed($octets);
    while (my $request = $parser->next) {
        print $request->{readings}[0]{login};     # demo
        print scalar @{$request->{records}};      # 1
    }
    print $parser->state;                         # idle

=head1 DESCRIPTION

The Connexion Client sends login, password and records, and then waits without a terminator. A
request is complete as soon as its last record is, by the record's own leader. Bytes can be fed in
pieces of any size; the pieces never change what comes out.

=head1 METHODS

=head2 new(max_bytes => $octets, max_records => $count)

One parser serves one connection. Both limits are for one request and have defaults (2,000,000 octets,
100 records).

=head2 feed($octets)

Takes what has arrived. Returns the parser.

=head2 finish

No more will come: what is complete comes out of C<next>, what is not becomes the problem
C<truncated>. Returns the parser.

=head2 next

The next complete request, or undef: C<records>, a reference to an array of octets; C<length_form>,
how the Client wrote lengths: C<none>, C<byte> or C<decimal>; C<readings>, a reference to an array
of the ways in which login and password can be read, the best first, each a hash with C<user>, C<login>
and C<password> (octets as sent) and C<has_user>, C<has_login> and C<has_password>. There is more than
one where a decimal length is followed by a digit of the value.

    my $parser = Koha::Plugin::ConnexionGateway::Core::RequestParser->new;
    my $request = $parser->feed("AD$login")->feed("P72secret$octets")->next;
    print $request->{length_form};                # decimal
    print $request->{readings}[0]{password};      # 2secret

=head2 state

C<idle> (nothing of a new request has arrived), C<reading>, or, for good, C<failed>.

=head2 problem

Where C<state> is C<failed>, a hash with C<code> (C<http>, C<tls>, C<marcxml>, C<too_large>,
C<truncated> and others), C<message> (a sentence for the cataloguer) and C<offset>; otherwise undef.

    my $parser = Koha::Plugin::ConnexionGateway::Core::RequestParser->new;
    print $parser->feed("GET / HTTP/1.1\r\n\r\n")->problem->{code};    # http

=head2 buffered

How many octets are held for a request that is not complete.

=cut
