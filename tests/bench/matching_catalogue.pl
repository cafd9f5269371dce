#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What tests/bench/matching does in the catalogue, through Koha's own modules:
#
#     matching_catalogue.pl load FILE      records of an existing catalogue
#     matching_catalogue.pl clear NUMBER   deletes the biblios above that number
#     matching_catalogue.pl rules          makes the matching rules that are missing

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Biblio;
use C4::Context;
use C4::Matcher;
use Encode ();
use MARC::Charset ();
use MARC::Field;
use MARC::Record;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use MatchingBench::Octets qw(read_records);

my %COMMANDS = (load => \&load, clear => \&clear, rules => \&rules);

C4::Context->interface('commandline');
my ($command, @arguments) = @ARGV;
my $run = $COMMANDS{ $command // '' } or die "load FILE, clear NUMBER or rules\n";
$run->(@arguments);

sub load ($file) {
    my $position = 0;
    for my $octets (read_records($file)) {
        $position++;
        my $record = eval { decoded($octets) } or die "base record $position: $@";
        my ($number) = C4::Biblio::AddBiblio($record, '');
        die "base record $position: Koha did not add it.\n" if !$number;
    }
    return;
}

# Items and Koha's own numbers belong to the catalogue that the record is from.
sub decoded ($octets) {
    my $record = MARC::Record->new_from_usmarc($octets) or die "it can not be read.\n";
    $record->delete_fields($record->field($_)) for qw(952 999);
    to_utf8($record) if $record->encoding ne 'UTF-8';
    return $record;
}

sub to_utf8 ($record) {
    for my $field (grep { !$_->is_control_field } $record->fields) {
        my @subfields = map { $_->[0] => text($_->[1]) } $field->subfields;
        $field->replace_with(MARC::Field->new($field->tag, $field->indicator(1), $field->indicator(2), @subfields))
            if @subfields;
    }
    $record->encoding('UTF-8');
    return;
}

sub text ($octets) {
    return $octets if $octets !~ /[^\x00-\x1A\x1C-\x7F]/;
    my $utf8 = eval { Encode::decode('UTF-8', "$octets", Encode::FB_CROAK) };
    return $utf8 // MARC::Charset::marc8_to_utf8($octets) // die "its characters are neither UTF-8 nor MARC-8.\n";
}

sub clear ($highest) {
    my $numbers = C4::Context->dbh->selectcol_arrayref(
        'SELECT biblionumber FROM biblio WHERE biblionumber > ? ORDER BY 1', undef, $highest);
    for my $number (@{$numbers}) {
        my $error = C4::Biblio::DelBiblio($number);
        die "biblio $number: $error\n" if $error;
    }
    return;
}

# As a librarian would set them up; a Koha that has them by these codes keeps its own.
sub rules () {
    rule('ISBN', 'ISBN', [ 'isbn', 1000, '020', 'a' ]);
    rule('OCLC', 'OCLC number in 035', [ 'Other-control-number', 1000, '035', 'a' ]);
    rule('OCLCISBN', 'OCLC number (001, 035), then ISBN', [ 'Control-number', 2000, '001', '' ],
        [ 'Other-control-number', 2000, '035', 'a' ], [ 'isbn', 1000, '020', 'a' ]);
    return;
}

sub rule ($code, $description, @points) {
    return if C4::Matcher::GetMatcherId($code);
    my $matcher = C4::Matcher->new('biblio');
    $matcher->code($code);
    $matcher->description($description);
    $matcher->threshold(1000);
    $matcher->add_simple_matchpoint(@{$_}, 0, 0, '') for @points;
    $matcher->store;
    return;
}
