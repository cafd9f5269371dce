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
use Encode ();
use MARC::Charset ();
use MARC::Field;
use MARC::Record;

use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib', dirname(__FILE__) . '/../e2e/lib';
use KohaRules;
use MatchingBench::Octets qw(read_records);

my %COMMANDS = (load => \&load, clear => \&clear, rules => sub { KohaRules->add(qw(ISBN OCLC OCLCISBN)) });

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
