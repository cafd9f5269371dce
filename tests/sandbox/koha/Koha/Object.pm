package Koha::Object;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use Koha::Database;

our $AUTOLOAD;

sub new ($class, $values = {}) {
    my $row = Koha::Database->new->schema->resultset($class->_type)->new($values);
    return $class->_new_from_dbic($row);
}

sub _new_from_dbic ($class, $row) { return bless { _result => $row }, $class }

sub _result ($self) { return $self->{_result} }

sub set ($self, $values) {
    $self->_result->set_columns($values);
    return $self;
}

sub store ($self) {
    $self->_result->update_or_insert;
    $self->_result->discard_changes;
    return $self;
}

sub update ($self, $values = {}) { return $self->set($values)->store }

sub delete ($self) { return $self->_result->delete ? 1 : 0 }

sub in_storage ($self) { return $self->_result->in_storage }

sub unblessed ($self) { return { $self->_result->get_columns } }

sub id ($self) { return ($self->_result->id)[0] }

sub AUTOLOAD {
    my ($self, @value) = @_;
    my ($column) = $AUTOLOAD =~ /(\w+)\z/;
    croak qq{Can't locate object method "$column" via package "} . (ref $self || $self) . '"'
        if !ref $self || !$self->_result->result_source->has_column($column);
    return $self->_result->get_column($column) if !@value;
    $self->_result->set_column($column, $value[0]);
    return $self;
}

sub DESTROY { return }

1;
