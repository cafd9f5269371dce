package Koha::Objects;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use Koha::Database;

sub new ($class) { return bless {}, $class }

sub _resultset ($self) {
    return $self->{_resultset} if ref $self && $self->{_resultset};
    return Koha::Database->new->schema->resultset($self->_type);
}

sub _wrap ($self, $row) { return $self->object_class->_new_from_dbic($row) }

sub find ($self, @key) {
    croak 'Cannot use "->find" in list context' if wantarray;
    return                                      if !grep { defined } @key;
    my $row = $self->_resultset->find(@key) // return;
    return $self->_wrap($row);
}

sub search ($self, $params = {}, $attributes = {}) {
    my $resultset = $self->_resultset->search($params, $attributes);
    return map { $self->_wrap($_) } $resultset->all if wantarray;
    return bless { _resultset => $resultset }, ref $self || $self;
}

sub count ($self) { return $self->_resultset->count }

sub next ($self) {
    my $row = $self->_resultset->next // return;
    return $self->_wrap($row);
}

sub as_list ($self) {
    return map { $self->_wrap($_) } $self->_resultset->all;
}

sub delete ($self) { return $self->_resultset->delete }

1;
