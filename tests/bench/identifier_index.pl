#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# How long the index of identifiers takes for many records:
#
#     perl tests/bench/identifier_index.pl 100000
#
# The records of tests/data, multiplied, each with numbers of its own, are put into the tables of a
# sandbox (a private MariaDB with 64 MB for pages). Then: --rebuild, --rebuild again, --verify, and
# what a look-up costs when nothing was changed and while others save records.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Time::HiRes qw(time);

use lib dirname(__FILE__) . '/../e2e/lib';
use TestGateway;

my $records = shift @ARGV // 10_000;
die "how many records?\n" if $records !~ /\A[1-9][0-9]*\z/;
my $root = $TestGateway::ROOT;
my $gateway = TestGateway->start(profiles => []);
my $dbh = $gateway->dbh;

unshift @INC, $gateway->{plugin_dir};
require Koha::Plugin::ConnexionGateway::Core::Record;

fill($records);
print "$records records: ", int($dbh->selectrow_array('SELECT AVG(LENGTH(metadata)) FROM biblio_metadata')),
    " bytes of MARCXML each\n";
command('index', '--rebuild', '--record-type', 'biblio') for 1, 2;
command('index', '--verify', '--record-type', 'biblio');
print "rows of identifiers: ", $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_identifiers'), "\n";
for my $table (qw(identifiers indexed_records)) {
    my ($bytes) = $dbh->selectrow_array('SELECT data_length + index_length FROM information_schema.tables'
            . ' WHERE table_schema = DATABASE() AND table_name = ?', undef, "koha_plugin_connexiongateway_$table");
    printf "%s: %.0f MB\n", $table, $bytes / 1e6;
}
$gateway->run_perl('-I', $gateway->{plugin_dir}, dirname(__FILE__) . '/look_ups.pl');
$gateway->stop;

sub command (@arguments) {
    my $begun = time;
    my ($output, $status) = $gateway->command(@arguments);
    printf "%s\n  (%.1f s in all, exit status %d)\n", $output =~ s/\n+\z//r, time - $begun, $status;
    return;
}

# Numbers of seven to ten digits become others of the same length, in each copy in the same way.
sub renumbered ($xml, $copy) {
    return $xml if !$copy;
    $xml =~ s{((?:tag="(?:001|019|035)"|code="[az]")[^>]*>[^<]*?)(\d{6,10})(?=[^<]*<)}
             { $1 . sprintf '%0*d', length $2, ($2 * 7 + $copy * 1_000_003) % 10**length $2 }ge;
    return $xml;
}

sub fill ($wanted) {
    my @xml = sample();
    $dbh->do('SET foreign_key_checks = 0');
    my $number = 0;
    while ($number < $wanted) {
        $dbh->begin_work;
        my @rows;
        for (1 .. 500) {
            last if $number >= $wanted;
            my $xml = renumbered($xml[ $number % @xml ], int $number / @xml);
            $number++;
            push @rows, $number, $xml;
            $dbh->do("INSERT INTO biblio (biblionumber, datecreated) VALUES ($number, NOW())");
        }
        $dbh->do('INSERT INTO biblio_metadata (biblionumber, format, `schema`, metadata, `timestamp`) VALUES '
                . join(', ', (q{(?, 'marcxml', 'MARC21', ?, NOW() - INTERVAL 1 DAY)}) x (@rows / 2)), undef, @rows);
        $dbh->commit;
    }
    return;
}

sub sample {
    my @xml;
    for my $name (qw(gpo_20.mrc oclc_books_36.mrc gpo_marc8_35.mrc mrrc_fidelity_test_100.mrc)) {
        for my $octets (TestGateway->records_of($name)) {
            my $read = Koha::Plugin::ConnexionGateway::Core::Record->read($octets, nfc => 1);
            next if !$read->{record};
            my $xml = $read->{record}->marcxml;
            utf8::decode($xml);
            push @xml, $xml;
        }
    }
    return @xml;
}
