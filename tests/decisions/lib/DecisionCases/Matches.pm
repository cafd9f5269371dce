package DecisionCases::Matches;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The ways in which a search can end, and those in which a cataloguer names the target:
# {name, rules, record, facts}.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionCases::Records qw(biblio authority field matching_rule);

my $ISBN    = '9780142437247';
my $ISBN10  = '0142437247';
my $ANOTHER = '9780306406157';

sub all () {
    my $by_isbn = matching_rule(1000, isbn => 1000);
    my $record  = biblio(isbn => ["$ISBN (pbk.)"]);
    my $same    = biblio(isbn => [$ISBN], title => 'Voyage out');
    my $other   = biblio(isbn => [$ANOTHER], title => 'Voyage out');
    my $match   = sub ($name, $rule, $incoming, $hits, $candidates) {
        return {
            name => $name, rules => { matching_rule => $rule }, record => $incoming,
            facts => { hits => $hits, candidates => $candidates },
        };
    };
    return (
        $match->('no rule', undef, $record, [], {}),
        $match->('no keys', $by_isbn, biblio(), [], {}),
        $match->('no number', $by_isbn, biblio(isbn => ['hbk.']), [], {}),
        $match->('no number, though known by ourselves', $by_isbn, biblio(isbn => ['hbk.']),
            [ [ 0, 34, 'identifiers' ] ], { 34 => biblio(isbn => ['hbk.']) }),
        $match->('none', $by_isbn, $record, [], {}),
        $match->('one', $by_isbn, $record, [ [ 0, 34, 'search' ] ], { 34 => $same }),
        $match->('one, by its ISBN-10', $by_isbn, $record, [ [ 0, 34, 'search' ] ],
            { 34 => biblio(isbn => [$ISBN10]) }),
        $match->('one, known by ourselves', $by_isbn, $record, [ [ 0, 34, 'identifiers' ] ], { 34 => $same }),
        $match->('not verified', $by_isbn, $record, [ [ 0, 34, 'search' ] ], { 34 => $other }),
        $match->('gone', $by_isbn, $record, [ [ 0, 34, 'search' ] ], {}),
        $match->('gone, and one', $by_isbn, $record, [ [ 0, 99, 'search' ], [ 0, 34, 'search' ] ], { 34 => $same }),
        $match->('two equal', $by_isbn, $record, [ map { [ 0, $_, 'search' ] } 34, 35 ],
            { 34 => $same, 35 => $same }),
        $match->('three equal, and one that is not verified', $by_isbn, $record,
            [ map { [ 0, $_, 'search' ] } 36, 9, 34, 100 ], { (map { $_ => $same } 9, 34, 36), 100 => $other }),
        _by_scores($match, $record, $same, $other),
        _by_control_numbers($match),
    );
}

sub _by_scores ($match, $record, $same, $other) {
    my $both = matching_rule(1000, isbn => 600, title => 500);
    my $checked = {
        %{$both},
        required_checks => [
            {   map { $_ => { components => [ { tag => '008', subfields => '', offset => 35, length => 3, norms => [] } ] } }
                    qw(source target)
            }
        ],
    };
    my $german = biblio(isbn => [$ISBN], text_language => 'ger');
    my $text   = matching_rule(100, isbn => 200, title => 1000);
    return (
        $match->('below the threshold', $both, $record, [ [ 0, 34, 'search' ] ], { 34 => $same }),
        $match->('below though found twice', $both, $record,
            [ [ 0, 34, 'search' ], [ 0, 34, 'identifiers' ] ], { 34 => $same }),
        $match->('by two together', $both, $record, [ [ 0, 34, 'search' ], [ 1, 34, 'search' ] ], { 34 => $same }),
        $match->('by words that the tables know, and share', $text, $record, [ [ 1, 34, 'identifiers' ] ],
            { 34 => biblio() }),
        $match->('by words that the tables know, and do not share', $text, $record, [ [ 1, 34, 'identifiers' ] ],
            { 34 => biblio(title => 'Orlando') }),
        $match->('scores are numbers', $text, $record, [ [ 0, 35, 'search' ], [ 1, 34, 'search' ] ],
            { 34 => $other, 35 => $same }),
        $match->('a required check fails', $checked, $record, [ [ 0, 34, 'search' ], [ 1, 34, 'search' ] ],
            { 34 => $german }),
        $match->('a required check fails for one', $checked, $record,
            [ map { ([ 0, $_, 'search' ], [ 1, $_, 'search' ]) } 34, 35 ], { 34 => $same, 35 => $german }),
    );
}

sub _by_control_numbers ($match) {
    my $rule = matching_rule(1000, '001' => 2000, '035' => 2000, isbn => 1000);
    my $record = biblio(oclc => 'ocn123456789', isbn => [$ISBN], '035' => [ [ a => '(OCoLC)123456789' ] ]);
    my $by_035 = biblio('035' => [ [ a => '(OCoLC)ocn123456789' ] ]);
    my $merged = biblio(oclc => 'ocm00000777', '035' => [ [ a => '(OCoLC)777', z => '(OCoLC)123456789' ] ]);
    my $plain  = biblio(oclc => 'b1234', from => 'XyZ');
    return (
        $match->('a better one', $rule, $record, [ [ 1, 34, 'search' ], [ 2, 35, 'search' ] ],
            { 34 => $by_035, 35 => biblio(isbn => [$ISBN]) }),
        $match->('merged into another', $rule, $record, [ [ 0, 34, 'identifiers' ] ], { 34 => $merged }),
        $match->('a number of another', $rule, $record, [ [ 0, 34, 'search' ] ],
            { 34 => biblio(oclc => 'ocn987654321') }),
        $match->('two equal, one with the OCLC number', matching_rule(1000, isbn => 1000), $record,
            [ map { [ 0, $_, 'search' ] } 34, 35 ], { 34 => biblio(isbn => [$ISBN], oclc => 'ocn123456789'), 35 => biblio(isbn => [$ISBN]) }),
        $match->('three equal, one with another OCLC number', matching_rule(1000, isbn => 1000), $record,
            [ map { [ 0, $_, 'search' ] } 34, 35, 36 ],
            { (map { $_ => biblio(isbn => [$ISBN]) } 34, 35), 36 => biblio(isbn => [$ISBN], oclc => 'ocm00000777') }),
        $match->('two equal, both with another OCLC number', matching_rule(1000, isbn => 1000), $record,
            [ map { [ 0, $_, 'search' ] } 34, 35 ], { map { $_ => biblio(isbn => [$ISBN], oclc => "ocm000007$_") } 34, 35 }),
        $match->('no OCLC number, the same source', $rule, $plain, [ [ 0, 34, 'search' ] ], { 34 => $plain }),
        $match->('no OCLC number, another source', $rule, $plain, [ [ 0, 34, 'search' ] ],
            { 34 => biblio(oclc => 'b1234', from => 'AbC') }),
    );
}

# ---------------------------------------------------------------- named targets

# Beside whatever the rule finds: 70 shares a number, 71 the title, 72 neither, 73 is gone.
sub named () {
    my %candidates = (
        70 => biblio(isbn => [$ISBN10], oclc => 'ocn123456789', title => 'Something else'),
        71 => biblio(title => "The  Voyage, \x{d3}ut!"),
        72 => biblio(isbn => [$ANOTHER], title => 'Orlando'),
    );
    my $where = { tag => '999', subfield => 'c' };
    my $named = sub ($name, @fields) {
        return {
            name => $name, target_field => $where, candidates => \%candidates,
            fields => [ map { field('999', '  ', @{$_}) } @fields ],
        };
    };
    return (
        { name => 'not asked for', target_field => undef, fields => [ field('999', '  ', c => '70') ] },
        $named->('no field'),
        $named->('no such subfield', [ d => '70' ]),
        $named->('blank', [ c => ' ' ]),
        $named->('the same number', [ c => '70' ]),
        $named->('the same number, with blanks', [ c => ' 70 ' ]),
        $named->('the same title', [ c => '71' ]),
        $named->('said twice', [ c => '70', d => '70' ], [ c => '70' ]),
        $named->('two of them', [ c => '70' ], [ c => '71' ]),
        $named->('two in one field', [ c => '71', c => '70' ]),
        $named->('no number', [ c => 'abc' ]),
        $named->('nought', [ c => '0' ]),
        $named->('negative', [ c => '-70' ]),
        $named->('too long a number', [ c => '99999999999999999999999' ]),
        $named->('another work', [ c => '72' ]),
        $named->('a record that is gone', [ c => '73' ]),
        $named->('one that may be found as well', [ c => '34' ]),
    );
}

# ---------------------------------------------------------------- authorities

sub authorities () {
    my $by_number = matching_rule(1000, lccn => 1000);
    my $by_name   = matching_rule(1000, name => 1000);
    my $record = authority(lccn => 'n  79041870 ', number => 'n79041870', from => 'DLC');
    my $same   = authority(lccn => 'n79041870');
    my $other  = authority(lccn => 'n79041871');
    my $match = sub ($name, $rule, $incoming, $hits, $candidates, %more) {
        return {
            name => "authority, $name", rules => { record_type => 'authority', matching_rule => $rule, %more },
            record => $incoming, facts => { hits => $hits, candidates => $candidates },
        };
    };
    my $named = sub ($name, $id, $candidates) {
        my $incoming = { %{$record}, fields => [ @{ $record->{fields} }, field('999', '  ', c => $id) ] };
        return $match->("named, $name", $by_number, $incoming, [ [ 0, 34, 'search' ] ], { 34 => $same, %{$candidates} },
            target_field => { tag => '999', subfield => 'c' });
    };
    return (
        $match->('no rule', undef, $record, [], {}),
        $match->('no keys', $by_number, authority(), [], {}),
        $match->('none', $by_number, $record, [], {}),
        $match->('one', $by_number, $record, [ [ 0, 34, 'search' ] ], { 34 => $same }),
        $match->('not verified', $by_number, $record, [ [ 0, 34, 'search' ] ], { 34 => $other }),
        $match->('two equal', $by_number, $record, [ map { [ 0, $_, 'search' ] } 34, 35 ], { 34 => $same, 35 => $same }),
        $match->('by heading', $by_name, $record, [ [ 0, 34, 'search' ] ], { 34 => $other }),
        $match->('with an item field', $by_name,
            { %{$record}, fields => [ @{ $record->{fields} }, field('952', '  ', p => '3001', a => 'CPL') ] },
            [ [ 0, 34, 'search' ] ], { 34 => $other }),
        $match->('a heading of another kind', $by_number, $record, [ [ 0, 34, 'search' ] ],
            { 34 => authority(lccn => 'n79041870', heading => [ '110', 'Woolf' ]) }, guards => { other_kind => \1 }),
        $match->('a briefer one', $by_number, authority(lccn => 'n79041870', encoding => 'o'), [ [ 0, 34, 'search' ] ],
            { 34 => $same }, guards => { briefer_level => \1 }),
        $match->('levels of biblios', $by_number, authority(lccn => 'n79041870', encoding => '8'), [ [ 0, 34, 'search' ] ],
            { 34 => authority(lccn => 'n79041870', encoding => ' ') }, guards => { briefer_level => \1 }),
        $named->('the same heading', '35', { 35 => authority(heading => [ '100', 'WOOLF, Virginia.' ]) }),
        $named->('another', '35', { 35 => authority(heading => [ '100', 'Joyce, James' ]) }),
    );
}

1;
