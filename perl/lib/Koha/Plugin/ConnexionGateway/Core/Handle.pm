package Koha::Plugin::ConnexionGateway::Core::Handle;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp         qw(croak);
use Scalar::Util qw(blessed);

use Koha::Plugin::ConnexionGateway::Core;

our @CARP_NOT =
    map { "Koha::Plugin::ConnexionGateway::Core::$_" } qw(ClientRules Facts Record RequestParser Rules);

my $CORE    = 'Koha::Plugin::ConnexionGateway::Core';
my %PACKAGE = map { $_ => "${CORE}::$_" } qw(Facts Record Rules);

# No Perl stands between the caller and the core. Until the first call a method is a stub, which
# loads the core and makes room.
sub compiled ($class, %function) {
    for my $method (keys %function) {
        _install("${class}::$method", _stub("${class}::$method", $function{$method}));
    }
    return;
}

sub _stub ($method, $name) {
    return sub {
        goto &{ _install($method, _function($name)) };
    };
}

sub _install ($method, $code) {
    no strict 'refs';            ## no critic (ProhibitNoStrict) a method by its name
    no warnings 'redefine';      ## no critic (ProhibitNoWarnings) of the stub
    *{$method} = $code;
    return $code;
}

# The compiled functions by name, as they are first called.
my %FUNCTION;

sub function ($class, $name, @arguments) {
    return ($FUNCTION{$name} // _function($name))->(@arguments);
}

sub _function ($name) {
    $CORE->load;
    return $FUNCTION{$name} = $CORE->can($name);
}

# A thread's copy would free the same memory a second time.
sub CLONE_SKIP ($class) { return 1 }

sub need_octets ($class, $value, $what) {
    return $value
        if defined $value
        && !ref $value
        && (!utf8::is_utf8($value) || utf8::downgrade(my $copy = $value, 1));
    croak "$what: octets are needed, not " . quoted($value);
}

sub need_object ($class, $value, $kind) {
    my $package = $PACKAGE{$kind};
    croak "a $package is needed, not " . quoted($value) if !blessed $value || !$value->isa($package);
    return $value;
}

sub need_count ($class, $value, $what) {
    return $value if defined $value && !ref $value && $value =~ /\A(?:0|[1-9][0-9]{0,17})\z/a;
    croak "$what: a whole number is needed, not " . quoted($value);
}

sub need_known ($class, $options, @known) {
    return if keys %$options == grep { exists $options->{$_} } @known;
    my %is_known = map { $_ => 1 } @known;
    for my $name (sort keys %$options) {
        croak quoted($name) . ' is not one of ' . join ', ', @known if !$is_known{$name};
    }
    return;
}

# A value as it can stand in a message: short, printable, in quotes unless it is undef.
sub quoted ($value) {
    return 'undef' if !defined $value;
    my $short = length $value > 60 ? substr($value, 0, 57) . '...' : "$value";
    $short =~ s/([^\x20-\x7e])/sprintf '\\x{%x}', ord $1/ge;
    return "'$short'";
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Handle - owns one object of the core

=head1 DESCRIPTION

What the classes of the facade are made of: an object is a handle of the core itself, a reference to a
pointer, made and freed by compiled functions. It is of use to them alone; programs use
L<Koha::Plugin::ConnexionGateway::Core::Record> and the others.

=head1 METHODS

=head2 compiled($method => $function, ...)

Called on a class: its methods of these names are the core's functions as they are. The first call of one
loads the core.

=head2 function($name, @arguments)

Called on a class: loads the core and calls one of its functions.

=head2 need_octets($value, $what), need_object($value, $class_name), need_count($value, $what)

Called on a class: return the value, or croak with the value in quotes.

=head2 need_known(\%options, @names)

Called on a class: croaks at the first option that has none of the names.

=head2 quoted($value)

A function: the value as it can stand in a message.

=cut
