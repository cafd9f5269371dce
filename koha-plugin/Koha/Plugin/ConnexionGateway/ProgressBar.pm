package Koha::Plugin::ConnexionGateway::ProgressBar;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Handle  ();
use Time::HiRes ();

# On standard error, so that what a command gives stands alone.
sub on_terminal ($class, $size) {
    my $terminal = -t STDERR;    ## no critic (ProhibitInteractiveTest)
    return sub { }
        if !$terminal || !$size;
    STDERR->autoflush(1);
    my $last = 0;
    return sub ($done) {
        my $now = Time::HiRes::time();
        return print {*STDERR} "\r", ' ' x 40, "\r" if !defined $done;
        return if $now - $last < 0.2;
        $last = $now;
        my $full = int 24 * $done / $size;
        printf {*STDERR} "\r[%s%s] %3d%% ", '#' x $full, '-' x (24 - $full), 100 * $done / $size;
        return;
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ProgressBar - how far a command is, on a terminal

=head1 METHODS

=head2 on_terminal($size)

A sub that is called with how much is done, and with undef at the end. Where standard error is no terminal it shows
nothing.

=cut
