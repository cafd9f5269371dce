#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# perl -I PLUGIN tests/bench/from_perl.pl FILE ROUNDS: what one export costs before Koha is asked, by
# turns in the gateway's way and in Koha's, in one thread. One line of JSON: the processor's seconds of
# each round, and what both found.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Mojo::JSON qw(encode_json);
use Time::HiRes qw(clock);
use Unicode::Normalize qw(NFC);

use lib dirname(__FILE__) . '/lib';
use BenchData qw(records_of);
use KohaWay ();
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $RECORD = 'Koha::Plugin::ConnexionGateway::Core::Record';
my $FACTS  = 'Koha::Plugin::ConnexionGateway::Core::Facts';

my ($file, $rounds) = @ARGV;
die "usage: from_perl.pl FILE ROUNDS\n" if !defined $rounds || $rounds !~ /\A[1-9][0-9]*\z/a;
my @records = records_of($file);

my $rule = {
    code => 'BENCH', record_type => 'biblio', threshold => 1000, required_checks => [],
    matchpoints => [
        point('isbn', '020', 'a', 'ISBN'),
        point('other-control-number', '035', 'a'),
        point('title', '245', 'ab', 'legacy_default'),
    ],
};
my $rules = Koha::Plugin::ConnexionGateway::Core::Rules->new({
    schema_version => 1, record_type => 'biblio', mode => 'direct', matching_rule => $rule,
    on_match => 'replace', on_no_match => 'create_new', items => 'ignore', several_matches => 'hold',
    no_match_keys => 'add', item_conflict => 'item', item_tag => '952', item_subfields => { barcode => 'p' },
});

my %way = (
    decision => sub ($octets) { ours($octets, 'decide') },
    plan     => sub ($octets) { ours($octets, 'plan') },
    koha     => \&koha,
    visit    => sub ($octets) { KohaWay::visit(KohaWay::read_record($octets)) },
);
my %seconds;
for my $round (1 .. $rounds) {
    push @{ $seconds{$_} }, seconds_of($way{$_}) for sort keys %way;
}
print encode_json({
    records => scalar @records, seconds => \%seconds, subfields => subfields(),
    keys    => { ours => scalar keys_of(\&our_keys), koha => scalar keys_of(\&koha_keys) },
    records_with_same_keys => scalar grep { join("\0", our_keys($_)) eq join "\0", koha_keys($_) } @records,
}), "\n";

sub point ($index, $tag, $subfields, @norms) {
    return {
        index => $index, score => 1000,
        components => [ { tag => $tag, subfields => $subfields, offset => 0, length => 0, norms => \@norms } ],
    };
}

# As the gateway reads: normalized to NFC.
sub ours ($octets, $answer) {
    my $record = $RECORD->read($octets, nfc => 1)->{record} or return;
    my $keys = $rules->point_keys($record);
    return $rules->$answer($record, $FACTS->new);
}

sub koha ($octets) {
    my $record = KohaWay::read_record($octets);
    my $terms = KohaWay::search_terms(KohaWay::match_keys($record, $rule));
    return KohaWay::decision($rule, []);
}

sub seconds_of ($work) {
    my $begun = clock();
    $work->($_) for @records;
    return clock() - $begun;
}

# ---------------------------------------------------------------- that both do the same

sub subfields () {
    my $count = 0;
    $count += KohaWay::visit(KohaWay::read_record($_)) for @records;
    return $count;
}

sub our_keys ($octets) {
    my $read = $RECORD->read($octets, nfc => 1);
    return flat($rules->point_keys($read->{record}));
}

sub koha_keys ($octets) {
    return map { NFC($_) } flat(KohaWay::match_keys(KohaWay::read_record($octets), $rule));
}

sub flat ($points) {
    return map { my $point = $_; map {"$point->{index}=$_"} @{ $point->{keys} } } @{$points};
}

sub keys_of ($way) { return map { $way->($_) } @records }
