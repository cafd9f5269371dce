package Sandbox::Strict;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp ();
use Exporter 'import';

our @EXPORT_OK = qw(newer arguments options wrong_call one_of);

# Asked of the configuration each time: a process can change from one instance to another.
sub newer { return (C4::Context->config('generation') // '19.06') eq 'newer' }

sub wrong_call ($what) { Carp::confess("Koha would not understand this call: $what") }

sub arguments ($name, $given, $least, $most) {
    return if $given >= $least && $given <= $most;
    wrong_call("$name with $given arguments");
    return;
}

sub options ($name, $options, @known) {
    return {}                                                     if !defined $options;
    wrong_call("$name with options that are no hash: '$options'") if ref $options ne 'HASH';
    my %known   = map       { $_ => 1 } @known;
    my @unknown = sort grep { !$known{$_} } keys %{$options};
    wrong_call("$name with the options '@unknown'") if @unknown;
    return $options;
}

sub one_of ($name, $value, @known) {
    return $value if defined $value && grep { $_ eq $value } @known;
    wrong_call("$name with '" . ($value // 'undef') . "'");
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Strict - refuses calls that Koha would not understand

=head1 DESCRIPTION

Koha ignores an option that it does not know, and a surplus argument. Here that is an error of the
caller's, who meant something by it.

=head1 FUNCTIONS

=head2 newer

Whether this instance stands for a newer version than 19.06.

=head2 arguments($name, $given, $least, $most), options($name, $options, @known), one_of($name, $value, @known), wrong_call($what)

Die with a stack trace unless the call is one that Koha understands.

=cut
