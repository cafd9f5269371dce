package Koha::Plugin::ConnexionGateway::Storage;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use mro 'c3';

# What the storage was before; that depends on the database.
our @ISA;    ## no critic (ProhibitExplicitISA)

our $known_to_be_connected = 0;

sub take ($class, $storage) {
    my $before = ref $storage;
    return if $before eq $class;
    @ISA = ($before);
    bless $storage, $class;
    return;
}

sub connected ($self) {
    my $handle = $known_to_be_connected ? $self->_dbh : undef;
    return 1 if $handle && $handle->FETCH('Active');
    return $self->next::method;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Storage - Koha's connection to the database, asked once an export whether it is there

=head1 DESCRIPTION

DBIx::Class asks the database whether it is still there whenever somebody wants the handle, and Koha wants it for almost
every statement. An importer asks once, before its work: a connection that is lost later fails with the next
statement, and the whole work is done again.

=head1 METHODS

=head2 take($storage)

Makes a storage of DBIx::Class one of these; for processes of our own alone.

=head2 connected

Without asking where C<$known_to_be_connected> is set.

=cut
