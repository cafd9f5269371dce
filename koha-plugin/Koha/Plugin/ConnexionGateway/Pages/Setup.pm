package Koha::Plugin::ConnexionGateway::Pages::Setup;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

sub show ($self) {
    return $self->render('setup', profiles => $self->settings->profiles);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Setup - the way from the upload to the first record

=head1 METHODS

=head2 show

The page.

=cut
