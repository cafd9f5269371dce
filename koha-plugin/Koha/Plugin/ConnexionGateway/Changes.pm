package Koha::Plugin::ConnexionGateway::Changes;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Koha;

my $KOHA = 'Koha::Plugin::ConnexionGateway::Koha';

# Whoever saves a record must not notice: nothing is raised, nothing is printed, nothing is waited
# for. What the gateway itself writes it indexes itself.
sub note ($class, $record_type, $arguments) {
    return if $Koha::Plugin::ConnexionGateway::Koha::in_transaction;
    local ($@, $!);
    my $noted = eval { _note($record_type, _number($record_type, $arguments)) };
    return $noted ? 1 : 0;
}

# Newer versions of Koha give the number in a payload.
sub _number ($record_type, $arguments) {
    my $name = $record_type eq 'authority' ? 'authority_id' : 'biblio_id';
    my $number = $arguments->{$name} // ($arguments->{payload} // {})->{$name} // '';
    return $number =~ /\A[1-9][0-9]{0,9}\z/ ? $number : undef;
}

sub _note ($record_type, $number) {
    return if !defined $number;
    my $dbh = $KOHA->hook_handle;
    local $dbh->{RaiseError} = 1;
    local $dbh->{PrintError} = 0;
    local $dbh->{HandleError} = undef;
    my ($wanted) = $dbh->selectrow_array('SELECT version > 0 OR rebuilding > 0 FROM '
            . $KOHA->table('index_state') . ' WHERE record_type = ?', undef, $record_type);
    return if !$wanted;
    return $dbh->do('INSERT INTO ' . $KOHA->table('changed_records') . ' (record_type, record_id) VALUES (?, ?)',
        undef, $record_type, $number);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Changes - Koha's hooks note that a record was changed

=head1 DESCRIPTION

A row for the index of identifiers (L<Koha::Plugin::ConnexionGateway::Identifiers>), which reads the
record later. Runs in whatever process saves a record: it loads neither the core nor more of Koha,
and belongs to the transaction in which the record is saved.

=head1 METHODS

=head2 note($record_type, \%arguments)

Called on the class with what Koha gives to C<after_biblio_action> or C<after_authority_action>.
Never raises. True where a change was noted: not before the index has been built, and not for what
the gateway writes itself.

=cut
