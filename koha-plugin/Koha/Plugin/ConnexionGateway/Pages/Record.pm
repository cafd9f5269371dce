package Koha::Plugin::ConnexionGateway::Pages::Record;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Exports;

sub menu_entry ($self) { return '' }

sub show ($self) {
    my ($type, $id) = ($self->param('type') // '', $self->number('id'));
    $self->refuse('pages.bad_request') if $type !~ /\A(?:biblio|authority)\z/ || !defined $id;
    my $exports = Koha::Plugin::ConnexionGateway::Exports->new(koha => $self->koha)->of_record($type, $id);
    return $self->render('record', title => $self->t("record.title.$type", number => $id),
        record_url => $self->koha->record_path($type, $id),
        exports => [ map { { %{$_}, word => $self->t("log.became.$_->{became}") } } @{$exports} ]);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Record - the exports that touched a record of Koha's

=head1 METHODS

=head2 show

The page of the record C<type> and C<id>.

=cut
