package Koha::Plugin::ConnexionGateway::Undo;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Importer';

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Exports;
use Koha::Plugin::ConnexionGateway::Texts;

# What Koha asks for on its own page of staged records.
my @PERMISSION = (tools => 'manage_staged_marc');

my %WRITES = map { $_ => 1 } qw(add overlay);

sub may ($self, $userid) { return !$self->{koha}->missing_permissions($userid, \@PERMISSION) }

# Under the name of who asks for it, in one transaction: all of it or nothing.
sub undo ($self, $number, $userid) {
    my $koha = $self->{koha};
    $koha->forget_caches;
    my $patron = $koha->patron(userid => $userid);
    _refuse('permission', userid => $userid, permission => join '/', @PERMISSION) if !$patron || !$self->may($userid);
    my $done = $self->_persistently(sub {
        return $koha->as_patron($patron, sub {
            return $koha->transaction(sub ($dbh) { return $self->_attempt_undo($number, $patron) });
        });
    });
    $self->{log}->info(undo => export => $number, patron => $userid, map { $_ => $done->{$_} } qw(record_type record_id batch));
    $self->_index($done) if !$done->{deleted};
    return $done;
}

sub _attempt_undo ($self, $number, $patron) {
    my $koha = $self->{koha};
    my $export = $self->{journal}->lock($number) // _refuse('no_export', number => $number);
    $koha->lock_record(@{$export}{qw(record_type record_id)}) if defined $export->{record_id};
    my $obstacle = $self->obstacle($export);
    _refuse(@{$obstacle}) if $obstacle;
    $koha->revert_batch($export->{import_batch_id});
    $self->_refuse_half_done($export);
    $koha->restore_item($_) for _replaced_items($export);
    $self->{journal}->set_undone($number, $patron->{number});
    return {
        number => $number, deleted => $export->{outcome} eq 'add' ? 1 : 0, batch => $export->{import_batch_id},
        map { $_ => $export->{$_} } qw(record_type record_id),
    };
}

# Koha leaves what it won't delete, and the rest of it undone: then nothing is.
sub _refuse_half_done ($self, $export) {
    my $koha = $self->{koha};
    my $left = join ', ', map { $_->{barcode} // $_->{itemnumber} } @{ $koha->added_items($export->{import_record_id}) };
    _refuse('items', items => $left) if length $left;
    my $imported = $koha->imported($export->{import_record_id});
    my $deleted = !$koha->record_exists(@{$export}{qw(record_type record_id)});
    _refuse('not_done', number => $export->{number})
        if $imported->{status} ne 'reverted' || $deleted != ($export->{outcome} eq 'add');
    return;
}

sub _index ($self, $done) {
    eval { $self->{koha}->index_record(@{$done}{qw(record_type record_id)}); 1 }
        or warn "export $done->{number} is undone, but its record is not indexed: $@";
    return;
}

# ---------------------------------------------------------------- what stands in its way

# As [code, %values], or undef.
sub obstacle ($self, $export) {
    return $self->_never_imported($export) // $self->_not_there($export) // $self->_changed($export)
        // $self->_items_changed($export) // $self->_used($export);
}

sub _never_imported ($self, $export) {
    my %number = (number => $export->{number});
    return [ repeat => %number, first => $export->{repeat_of} ] if defined $export->{repeat_of};
    return [ nothing => %number ] if $export->{state} ne 'done' || $export->{preview} || !defined $export->{import_record_id};
    return [ staged => %number, batch => $export->{import_batch_id} ] if !defined $export->{record_id};
    return;
}

# What Koha keeps of the import, and the record.
sub _not_there ($self, $export) {
    my $imported = $self->{koha}->imported($export->{import_record_id});
    return [ undone => number => $export->{number} ]
        if defined $export->{undone_at} || ($imported && $imported->{status} eq 'reverted');
    return [ cleaned => batch => $export->{import_batch_id} ] if !$imported;
    return [ shared => batch => $export->{import_batch_id} ] if $imported->{in_batch} != 1;
    return [ gone => id => $export->{record_id} ] if !$self->{koha}->record_exists(@{$export}{qw(record_type record_id)});
    return;
}

sub _changed ($self, $export) {
    return if !$WRITES{ $export->{outcome} };
    my @record = @{$export}{qw(record_type record_id)};
    my $last = $self->{journal}->last_import(@record);
    return [ later => number => $last->{number} ] if $last && $last->{number} != $export->{number};
    return if ($export->{written_digest} // '') eq ($self->{koha}->content_digest(@record) // '');
    return [ changed => id => $export->{record_id} ];
}

sub _items_changed ($self, $export) {
    my @numbers = map { $_->{itemnumber} } @{ $self->{koha}->added_items($export->{import_record_id}) }, _replaced_items($export);
    my @changed = $self->{koha}->items_changed_since($export->{finished_at}, @numbers);
    return @changed ? [ items_changed => items => join ', ', @changed ] : undef;
}

sub _replaced_items ($export) {
    my $plan = Koha::Plugin::ConnexionGateway::Exports->plan_of($export) // {};
    return @{ ($plan->{undo} // {})->{items} // [] };
}

# To delete an authority takes it out of every record that uses it.
sub _used ($self, $export) {
    return if $export->{record_type} ne 'authority' || $export->{outcome} ne 'add';
    my $count = $self->{koha}->linked_biblios($export->{record_id});
    return defined $count && $count == 0 ? undef : [ used => id => $export->{record_id} ];
}

sub _refuse ($code, %values) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => "undo.$code", values => \%values,
        message => Koha::Plugin::ConnexionGateway::Texts->new->text("undo.refused.$code", \%values));
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Undo - takes one export back

=head1 SYNOPSIS

    my $undo = Koha::Plugin::ConnexionGateway::Undo->new(koha => $koha, in_koha => 1);
    my $done = $undo->undo(17, 'jdoe');

=head1 DESCRIPTION

By Koha's own undo of the import batch, which an export that was imported has for itself; and the items that it
replaced, which Koha's undo leaves as they are, get their values back. Whatever is not as the export left it is an
obstacle, and nothing is undone then.

=head1 METHODS

=head2 may($userid)

Whether somebody may undo imports in Koha.

=head2 obstacle(\%export)

Why the export of that row of the journal can't be undone, as C<[code, %values]>, or undef.

=head2 undo($number, $userid)

Gives C<{number, record_type, record_id, batch, deleted}>. Raises C<undo.CODE> with a sentence: C<permission, no_export, nothing,
repeat, staged, undone, cleaned, shared, gone, later, changed, items_changed, items, used, not_done>.

=cut
