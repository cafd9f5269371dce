package Koha::Plugin::ConnexionGateway::Core::Error;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use overload
    '""'     => sub ($self, @) { return "$self->{message} ($self->{code})" },
    bool     => sub { return 1 },
    fallback => 1;

sub new ($class, $code, $message) {
    return bless { code => $code, message => $message }, $class;
}

sub throw ($class, $code, $message) { die $class->new($code, $message) }

sub code    ($self) { return $self->{code} }
sub message ($self) { return $self->{message} }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Error - what the core raises

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::Rules;

    my $rules = eval { Koha::Plugin::ConnexionGateway::Core::Rules->new('{') };
    print ref $@;                                   # Koha::Plugin::ConnexionGateway::Core::Error
    print $@->code =~ /\Arules[.]/ ? 'bad rules' : 'something else';    # bad rules

=head1 DESCRIPTION

A caller's mistake that no input can explain away. As a string it reads C<message (code)>, in Perl's
characters; it is always true.

=head1 METHODS

=head2 new($code, $message)

Makes one.

=head2 throw($code, $message)

Makes one and dies with it.

=head2 code

Stable, lower-case with dots, as in C<rules.unknown_value>.

=head2 message

A sentence that names the bad value.

=cut
