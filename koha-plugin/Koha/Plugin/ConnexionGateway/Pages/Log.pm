package Koha::Plugin::ConnexionGateway::Pages::Log;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Exports;

my $EXPORTS = 'Koha::Plugin::ConnexionGateway::Exports';

my ($ROWS, $ROWS_AT_MOST, $CSV_AT_MOST) = (20, 500, 100_000);

my @CSV = qw(number received_at login profile title became record_type record_id milliseconds);

sub scripts ($class) { return 'log' }

sub texts_of_scripts ($class) { return 'log' }

sub has_tables ($class) { return 1 }

sub queries ($class) { return { exports => 'exports', csv => 'csv' } }

sub show ($self) {
    my $exports = $self->_exports;
    return $self->render('log', outcomes => [ $EXPORTS->outcomes ], profiles => $exports->profiles,
        search => $self->param('search'), became => $self->param('became'));
}

sub _exports ($self) { return $EXPORTS->new(koha => $self->koha) }

sub _filters ($self) { return map { $_ => $self->param($_) } qw(search became profile from to) }

# As a table of DataTables asks for it.
sub exports ($self) {
    my $exports = $self->_exports;
    my %filters = $self->_filters;
    my $most = $self->number('length') || $ROWS;
    my $found = $exports->find(%filters, oldest_first => ($self->param('order') // '') eq 'asc',
        start => $self->number('start') // 0, most => $most > $ROWS_AT_MOST ? $ROWS_AT_MOST : $most);
    return $self->json({
        draw => $self->number('draw') // 0, recordsTotal => $exports->count, recordsFiltered => $exports->count(%filters),
        data => [ map { $self->_row($_) } @{$found} ],
    });
}

sub _row ($self, $export) {
    return {
        (map { $_ => $export->{$_} } qw(number login profile title became record_type record_id milliseconds)),
        received => $self->koha->local_time($export->{received_at}),
        outcome => $self->t("log.became.$export->{became}"),
        page => $self->url('tool', 'export', number => $export->{number}),
        record => defined $export->{record_id}
            ? $self->koha->record_path($export->{record_type}, $export->{record_id}) : undef,
    };
}

# What begins like a formula is kept from being one in a spreadsheet.
sub csv ($self) {
    my $rows = $self->_exports->find($self->_filters, most => $CSV_AT_MOST);
    my @lines = ([ map { $self->t("log.csv.$_") } @CSV ], map { [ @{$_}{@CSV} ] } @{$rows});
    my $text = join '', map { join(',', map { _cell($_) } @{$_}) . "\r\n" } @lines;
    utf8::encode($text);
    return $self->file("\xEF\xBB\xBF$text", 'text/csv; charset=utf-8', 'connexion-exports.csv');
}

sub _cell ($value) {
    my $text = $value // '';
    $text = "'$text" if $text =~ /\A[=+\-\@\t\r]/;
    return $text =~ /[",\r\n]/ ? '"' . $text =~ s/"/""/gr . '"' : $text;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Log - what was exported, and what became of it

=head1 METHODS

=head2 show, exports, csv

The page; rows for its table, as DataTables asks for them; the rows that the filters leave as CSV.

=cut
