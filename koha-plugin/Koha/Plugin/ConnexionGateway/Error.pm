package Koha::Plugin::ConnexionGateway::Error;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use overload '""' => sub ($self, @) { return "$self->{message} ($self->{code})" }, bool => sub { 1 },
    fallback => 1;

sub new ($class, %args) {
    return bless { code => $args{code}, message => $args{message}, values => $args{values} // {} },
        $class;
}

sub throw ($class, %args) { die $class->new(%args) }

sub code ($self) { return $self->{code} }

sub message ($self) { return $self->{message} }

sub values ($self) { return $self->{values} }    ## no critic (ProhibitBuiltinHomonyms)

sub code_of ($class, $error) {
    return ref $error && eval { $error->can('code') } ? $error->code : '';
}

# What any error says, without the place in the program.
sub text_of ($class, $error) {
    return $error->message if ref $error && eval { $error->can('message') };
    return "$error" =~ s/ at \S+ line \d+.*//rs =~ s/\s+\z//r;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Error - an error of the plugin, with a stable code

=head1 SYNOPSIS

    Koha::Plugin::ConnexionGateway::Error->throw(code => 'search.failed', message => '...');
    my $code = Koha::Plugin::ConnexionGateway::Error->code_of($@);

=head1 METHODS

=head2 new(code => $code, message => $sentence, values => \%values), throw(...)

Makes an error, or raises it.

=head2 code, message, values

Its parts. As a string an error reads C<message (code)>.

=head2 code_of($error)

The code of any error object that has one, otherwise the empty string.

=head2 text_of($error)

What any error says, without the place in the program.

=cut
