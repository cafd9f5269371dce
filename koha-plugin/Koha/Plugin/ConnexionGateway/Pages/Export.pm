package Koha::Plugin::ConnexionGateway::Pages::Export;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Exports;
use Koha::Plugin::ConnexionGateway::Importer;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::Undo;

sub menu_entry ($self) { return '' }

sub scripts ($class) { return 'export' }

sub texts_of_scripts ($class) { return 'export' }

sub queries ($class) { return { download => 'download' } }

sub changes ($class) { return { again => 'again', undo => 'undo' } }

sub show ($self) {
    my $export = $self->_asked_for;
    my $plan = $export->{plan};
    return $self->render('export', title => $self->t('export.title', number => $export->{number}), export => $export,
        became => $self->t("log.became.$export->{became}"), patron => $self->_patron($export),
        undo => scalar $self->_undo($export), undone => scalar $self->_undone($export), undone_now => scalar $self->param('undone'),
        record_url => defined $export->{record_id}
            ? $self->koha->record_path($export->{record_type}, $export->{record_id}) : undef,
        reasons => [ $plan ? $self->words->reasons($plan) : () ],
        candidates => [ map { $self->_candidate($plan, $_) } @{ $plan ? $plan->{match}{candidates} : [] } ],
        items => [ map { $self->_item($_) } @{ $plan ? $plan->{items} : [] } ],
        fields => [ map { { %{$_}, word => $self->words->field($_) } } @{ $plan ? $plan->{fields} : [] } ], diagnostics => $plan ? $plan->{diagnostics} : [],
        lines => $self->_lines($export), has_record => length($export->{record} // '') ? 1 : 0);
}

sub _asked_for ($self) {
    my $number = $self->number('number') // $self->refuse('pages.bad_request');
    return Koha::Plugin::ConnexionGateway::Exports->new(koha => $self->koha)->one($number)
        // $self->refuse('export.no_such', 404, number => $number);
}

sub _patron ($self, $export) {
    my $number = $export->{borrowernumber} // return;
    my $patron = $self->koha->patron(borrowernumber => $number) // {};
    return { number => $number, userid => $patron->{userid} // $number };
}

sub _undoer ($self) {
    return $self->{undoer} //= Koha::Plugin::ConnexionGateway::Undo->new(
        koha => $self->koha, in_koha => 1, log => Koha::Plugin::ConnexionGateway::Log->silent);
}

# What the page says of it: what would be done, or why it can't be; nothing where nothing was imported.
sub _undo ($self, $export) {
    my $obstacle = $self->_undoer->obstacle($export);
    return { sure => $self->t("export.undo_sure.$export->{outcome}", id => $export->{record_id}),
        may => $self->_undoer->may($self->userid) ? 1 : 0 } if !$obstacle;
    my ($code, %values) = @{$obstacle};
    return if $code eq 'nothing' || $code eq 'undone';
    return { refused => $self->t("undo.refused.$code", %values) };
}

sub _undone ($self, $export) {
    return if $export->{became} ne 'undone';
    my $by = $export->{undone_by} // return $self->t('export.undone_in_koha');
    my $patron = $self->koha->patron(borrowernumber => $by) // {};
    return $self->t('export.undone_by', date => $self->koha->local_time($export->{undone_at}), userid => $patron->{userid} // $by);
}

sub _candidate ($self, $plan, $candidate) {
    return { %{$candidate}, url => $self->koha->record_path($plan->{record_type}, $candidate->{id}),
        word => $self->words->verdict($candidate) };
}

sub _item ($self, $item) {
    my ($word, $why) = $self->words->item($item);
    return { %{$item}, word => $word, why => $why };
}

# The record as people read it; undef where the core is missing or the bytes are no record.
sub _lines ($self, $export) {
    return if !length($export->{record} // '') || !Koha::Plugin::ConnexionGateway::Core->available;
    my $record = Koha::Plugin::ConnexionGateway::Core::Record->read($export->{record})->{record} or return;
    my $text = $record->line;
    utf8::decode($text);
    return $text;
}

sub download ($self) {
    my $export = $self->_asked_for;
    return $self->refuse('export.no_record', 404) if !length($export->{record} // '');
    return $self->file($export->{record}, 'application/marc', "export-$export->{number}.mrc");
}

# A new export of the same record under the same patron; who asks for it must be allowed to do it too.
sub again ($self) {
    my $export = $self->_asked_for;
    my $obstacle = $self->journal->replay_obstacle($export);
    $self->refuse("export.$obstacle", 409) if defined $obstacle;
    my $profile = $self->settings->profile($export->{profile} // '')
        // $self->refuse('profile.no_such', 404, name => $export->{profile} // '');
    $self->need(Koha::Plugin::ConnexionGateway::Profile->permissions($profile));
    my $answer = Koha::Plugin::ConnexionGateway::Importer->new(koha => $self->koha, in_koha => 1,
        log => Koha::Plugin::ConnexionGateway::Log->silent)->replay($export->{number});
    return $self->json({ number => $answer->{number}, reply => $answer->{text},
        page => $self->url('tool', 'export', number => $answer->{number}) });
}

sub undo ($self) {
    my $number = $self->number('number') // $self->refuse('pages.bad_request');
    my $done = eval { $self->_undoer->undo($number, $self->userid) } // $self->_undo_refused($@);
    return $self->json({ number => $done->{number}, page => $self->url('tool', 'export', number => $number, undone => 1) });
}

sub _undo_refused ($self, $error) {
    my ($code) = Koha::Plugin::ConnexionGateway::Error->code_of($error) =~ /\Aundo[.](\w+)\z/ or die $error;
    return $self->refuse("undo.refused.$code", $code eq 'permission' ? 403 : 409, %{ $error->values });
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Export - all about one export

=head1 METHODS

=head2 show, download, again, undo

The page of C<number>; its record as it came; the same record imported once more; what was imported taken back.

=cut
