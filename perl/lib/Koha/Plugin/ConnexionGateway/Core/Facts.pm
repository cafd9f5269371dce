package Koha::Plugin::ConnexionGateway::Core::Facts;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Core::Handle';

use Mojo::JSON ();

__PACKAGE__->compiled(new => 'new_Facts', DESTROY => 'delete_Facts');

sub hit ($self, $matchpoint, $id, $source) {
    $self->need_count($matchpoint, 'matchpoint');
    $self->need_count($id,         'id');
    $self->function('Facts_hit', $self, $matchpoint, $id, $source);
    return $self;
}

sub candidate ($self, $id, $record) {
    $self->need_count($id, 'id');
    $self->function('Facts_candidate', $self, $id, $self->need_object($record, 'Record'));
    return $self;
}

sub edited ($self, $id) {
    $self->function('Facts_edited', $self, $self->need_count($id, 'id'));
    return $self;
}

sub last_imported_005 ($self, $id, $text) {
    $self->function('Facts_last_imported_005', $self, $self->need_count($id, 'id'), $text);
    return $self;
}

sub items ($self, $facts) {
    my $json = ref $facts eq 'HASH' ? Mojo::JSON::encode_json($facts) : $facts;
    $self->function('Facts_items_json', $self, $self->need_octets($json, 'items'));
    return $self;
}

sub decided ($self, $decision) {
    my $json = ref $decision eq 'HASH' ? Mojo::JSON::encode_json($decision) : $decision;
    $self->function('Facts_decided_json', $self, $self->need_octets($json, 'decided'));
    return $self;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Facts - what Koha was found to hold

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::Facts;

    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    $facts->hit(0, 34, 'search')->candidate(34, $record);
    $facts->items({
        barcodes    => {3001 => {itemnumber => 17, biblionumber => 34}},
        itemnumbers => {17 => {biblionumber => 34}},
        libraries   => ['CPL'],
        itemtypes   => ['BK'],
    });

=head1 DESCRIPTION

Collected for one incoming record and handed to C<plan> of
L<Koha::Plugin::ConnexionGateway::Core::Rules>. Every method but C<new> returns the object.

=head1 METHODS

=head2 new

No facts yet.

=head2 hit($matchpoint, $id, $source)

The search for a matchpoint (its position in the rule) found the record C<$id>. C<$source> is C<search>
for Koha's own, C<identifiers> for the plugin's tables.

=head2 candidate($id, $record)

The record C<$id> as it stands in the database, an object of
L<Koha::Plugin::ConnexionGateway::Core::Record>.

=head2 edited($id)

The candidate was edited in Koha since it was last imported.

=head2 last_imported_005($id, $text)

Field 005 of the record that was last imported over the candidate, compared in place of the
candidate's own: Koha stamps that at every save.

=head2 items($facts)

Facts about items, as a reference to a hash or as JSON in octets. Raises C<facts.*>.

=head2 decided($decision)

What a person decided about a held export, likewise; a later call takes the place of an earlier one.

    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    $facts->decided({record => 'overlay', target => 34, items => {1 => 'ignore'}});

=cut
