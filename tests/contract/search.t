# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use utf8;
use Contract;
use C4::Biblio;
use C4::Search;
use Koha::SearchEngine;
use Koha::SearchEngine::Search;
use Test::More;

my $number = mark('n');
my $oclc   = mark('o');
my $isbn   = '978-' . join '-', map { 1000 + int rand 9000 } 1 .. 3;
my $word   = mark('wórd');
my $record = biblio(
    ['001', $number],
    ['010', ' ', ' ', a => " $oclc-12 "],
    ['020', ' ', ' ', a => "$isbn (pbk.)", z => mark('z')],
    ['035', ' ', ' ', a => "(OCoLC)$oclc"],
    ['245', '1', '0', a => "${word}'s First-title :", b => 'second part']
);
my $biblio = stored($record);

sub hits {
    my ($query, $most) = @_;
    my ($error, $results, $total) = find_biblios($query, $most // 20);
    return defined $error ? "error: $error" : $total;
}

is(hits(qq{Control-number="$number"}), 0, 'a record is not found at once');
my ($waiting) =
    dbh()
    ->selectrow_array(
    q{select count(*) from zebraqueue where biblio_auth_number = ? and server = 'biblioserver'},
    undef, $biblio);
ok($waiting,                                     'it is in the queue of the indexer');
ok(search_settled(qq{Control-number="$number"}), 'later it is');

subtest 'what is found' => sub {
    my @queries = (
        [
            qq{control-number="\U$number"}, 1,
            'no case: neither in the name of the index nor in the word'
        ],
        [qq{Other-control-number="(OCoLC)$oclc"},                 1, '035 with its prefix'],
        [qq{Other-control-number="$oclc"},                        1, '035 without it'],
        [qq{Other-control-number="} . substr($oclc, 0, -1) . '"', 0, 'no part of a word'],
        [qq{isbn="$isbn"},                                        1, 'an ISBN with its hyphens'],
        [qq{ISBN="$isbn"},                                        1, 'isbn and ISBN are one'],
        [qq{nb="$isbn"},                                          1, 'and nb'],
        [qq{isbn,phr="$isbn"},                                    1, 'as a phrase'],
        ['isbn="' . $isbn =~ s/-//gr . '"',                       0, 'not without them'],
        ['isbn="' . join(' ', reverse split /-/, $isbn) . '"',    0, 'words in their order'],
        [qq{isbn="$isbn (pbk.)"},                                 1, 'and what follows it'],
        [qq{LC-card-number="$oclc 12"},                           1, 'punctuation is a space'],
        [qq{title="${word} s first title second"}, 1, 'words across subfields of one field'],
        ['title="' . $word =~ s/ó/o/r . '"',       1, 'without diacritics'],
        [qq{Local-Number="$biblio"},               1, "Koha's own number"],
        [qq{Control-number="nothing" OR Control-number="$number"}, 1, 'one or the other'],
        ['Control-number=""',                                      0, 'nothing'],
    );
    is(hits($_->[0]), $_->[1], "$_->[2]: $_->[0]") for @queries;
};

subtest 'what is an error' => sub {
    like(hits('no-such-index="x"'), qr/10014/, 'an index that is not there');
    like(hits(qq{Control-number="$number" OR no-such-index="x"}),
        qr/10014/, 'even beside one that is');
    is(hits(''), 'error: No query entered', 'no query');
    my ($error, $results, $total) = find_biblios('no-such-index="x"');
    is($results, undef, 'there are no results then');
    is($total,   undef, 'and no number of them');
};

subtest 'an engine that is not there' => sub {
    my $context = $C4::Context::context;
    my $listen  = real() ? $context->{listen}{biblioserver}{content} : undef;
    if (real()) { $context->{listen}{biblioserver}{content} = 'unix:/nonexistent/socket' }
    else        { Contract::sandbox()->engine('down') }
    delete $context->{Zconn};
    is(hits(qq{Control-number="$number"}),            0,     'LOOKS LIKE one that finds nothing');
    is($context->{Zconn}{'biblioserver::1'}->errcode, 10000, 'only the connection tells');
    if (real()) { $context->{listen}{biblioserver}{content} = $listen }
    else        { Contract::sandbox()->engine('ok') }
    is(hits(qq{Control-number="$number"}),            1, 'when it is there again all is well');
    is($context->{Zconn}{'biblioserver::1'}->errcode, 0, 'and the connection says so');
};

subtest 'results' => sub {
    my ($error, $results, $total) = find_biblios(qq{Control-number="$number"});
    my $hit = C4::Search::new_record_from_zebra('biblioserver', $results->[0]);
    isa_ok($hit, 'MARC::Record');
    is($hit->subfield('999', 'c'), $biblio, 'it has its number');
    is($hit->field('001')->data,   $number, 'and is the record');
};

subtest 'how many' => sub {
    my $common = mark('common');
    stored(biblio(['035', ' ', ' ', a => $common])) for 1 .. 3;
    ok(search_settled(qq{Other-control-number="$common"}, 3), 'three records');
    my ($error, $results, $total) = find_biblios(qq{Other-control-number="$common"}, 2);
    is(scalar @{$results}, 2, 'two are given when two are asked for');
    is($total,             3, 'the number of all is told');
};

subtest 'changed and deleted' => sub {
    my $new     = mark('n');
    my $changed = biblio(['001', $new]);
    ModBiblio($changed, $biblio, '');
    ok(search_settled(qq{Control-number="$new"}), 'found by what is new');
    is(hits(qq{Control-number="$number"}), 0, 'not by what was');
    DelBiblio($biblio);
    ok(search_settled(qq{Control-number="$new"}, 0), 'deleted: no longer found');
};

done_testing;
