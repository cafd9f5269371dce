package Koha::Plugin::ConnexionGateway::Pages::Log;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

sub scripts ($class) { return 'log' }

sub texts_of_scripts ($class) { return 'log' }

sub has_tables ($class) { return 1 }

sub queries ($class) { return { exports => 'exports' } }

sub show ($self) { return $self->render('log') }

sub exports ($self) {
    my @exports = map {
        {   number => $_->{number}, received => $self->koha->local_time($_->{received_at}),
            title => $_->{title}, outcome => $_->{outcome} // $_->{state},
        }
    } @{ $self->journal->latest(100) };
    return $self->json({ exports => \@exports });
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Log - what was exported, and what became of it

=head1 METHODS

=head2 show, exports

The page, and the exports for its table.

=cut
