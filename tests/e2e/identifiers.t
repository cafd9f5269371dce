#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The index of identifiers: filled from Koha, compared with it, and the one that answers when no search
# engine does.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

plan skip_all => 'no command for the search engine is given (CONNEXION_LIVE_ENGINE)' if !TestGateway->has_engine;

my $gateway = TestGateway->start;

sub record ($oclc, %record) { return TestGateway->make_record(oclc => $oclc, %record) }

# Saved by Koha itself, as a librarian would; the gateway hears nothing of it.
sub saved_by_koha ($oclc, $title) {
    is $gateway->run_perl('-MC4::Context', '-MC4::Biblio', '-MMARC::Record', '-MMARC::Field', '-e', <<'PERL', $oclc, $title), 0,
        C4::Context->interface('commandline');
        my ($oclc, $title) = @ARGV;
        my $record = MARC::Record->new;
        $record->leader('00000nam a2200000 a 4500');
        $record->append_fields(MARC::Field->new('035', ' ', ' ', a => "(OCoLC)$oclc"),
            MARC::Field->new('245', '1', '0', a => $title));
        my ($number) = C4::Biblio::AddBiblio($record, '');
        exit($number ? 0 : 1);
PERL
        'Koha saves a record';
    my ($number) = @{ $gateway->biblios_titled($title) };
    return $number;
}

my $identifiers = 'koha_plugin_connexiongateway_identifiers';
my @known = map { TestGateway->unique } 1, 2;
my $number = saved_by_koha($known[0], "Before the rebuild $known[0]");

subtest 'rebuilt and verified' => sub {
    is $gateway->count("SELECT COUNT(*) FROM $identifiers WHERE record_id = ?", $number), 0, 'not known yet';
    my (undef, $status) = $gateway->command(qw(index --rebuild));
    is $status, 0, 'rebuilt';
    cmp_ok $gateway->count("SELECT COUNT(*) FROM $identifiers WHERE record_id = ?", $number), '>', 0, 'known now';
    (undef, $status) = $gateway->command(qw(index --verify));
    is $status, 0, 'verified';
    $gateway->dbh->do("DELETE FROM $identifiers WHERE record_type = 'biblio' AND record_id = ? LIMIT 1", undef, $number);
    (undef, $status) = $gateway->command(qw(index --verify));
    is $status, 1, 'a row that is missing is found';
    $gateway->command(qw(index --rebuild --restart));
    (undef, $status) = $gateway->command(qw(index --verify));
    is $status, 0, 'and another rebuild mends it';
};

subtest 'when no search engine answers' => sub {
    my $later = saved_by_koha($known[1], "After the rebuild $known[1]");
    $gateway->engine('down');
    my $before = $gateway->biblios;
    like $gateway->export('demo', record($known[0])), qr/\ASuccess\..*record number $number overlaid/,
        'what the index knows is overlaid';
    like $gateway->export('demo', record($known[1])), qr/\ASuccess\..*record number $later overlaid/,
        'also what Koha saved since';
    like $gateway->export('demo', record(TestGateway->unique)), qr/\ANot imported\..*search engine/,
        'what it does not know is no new record';
    is $gateway->biblios, $before, 'nothing was added';
    $gateway->engine('ok');
    like $gateway->export('demo', record(TestGateway->unique)), qr/\ASuccess\..*added/, 'until the engine is back';
};

# Both forms of an ISBN, of nine digits that nothing else has.
sub isbns () {
    my $stem = substr TestGateway->unique, -9;
    my ($sum10, $sum13) = (0, 9 + 7 * 3 + 8);
    for my $place (0 .. 8) {
        my $digit = substr $stem, $place, 1;
        $sum10 += (10 - $place) * $digit;
        $sum13 += ($place % 2 ? 1 : 3) * $digit;
    }
    my $check = (11 - $sum10 % 11) % 11;
    return ("978$stem" . (10 - $sum13 % 10) % 10, $stem . ($check == 0 ? 1 : 0));
}

subtest 'an ISBN with a wrong check digit' => sub {
    for my $title (1, 0) {
        my ($right, $misprint) = isbns();
        my @sent = map { TestGateway->make_record(isbn => $_, title => "Misprint $right") } $misprint, $right;
        $sent[1] = TestGateway->make_record(isbn => $right, title => "Something else $right") if !$title;
        my ($id) = $gateway->export('demo', $sent[0]) =~ /record number (\d+) added/;
        ok $id, 'a record that has one';
        my $reply = $gateway->export('demo', $sent[1]);
        if ($title) {
            like $reply, qr/\ASuccess\..*record number $id overlaid.*wrong check digit/s, 'is overlaid by the right one, and it is told';
        } else {
            like $reply, qr/\ASuccess\..* added/, 'but not where the title is another';
            unlike $reply, qr/check digit/, 'of which nothing is told';
        }
    }
};

done_testing;
