# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Biblio;
use C4::Matcher;
use Test::More;

my @cases = (
    [
        ['100', '1', ' ', a => 'One', d => 'two'],
        { tag => '100', subfields => 'da' },
        'One two',
        'subfields in the order of the record'
    ],
    [
        ['008', '0123456789'],
        { tag => '008', subfields => '', offset => 2, length => 3 },
        '234', 'offset and length'
    ],
    [
        ['008', '0123456789'],
        { tag => '008', subfields => '', offset => 7 },
        '789', 'an offset without a length'
    ],
    [
        ['100', '1', ' ', a => ' a B '],
        { tag => '100', subfields => 'a', norms => ['remove_spaces'] },
        'aB', 'remove_spaces'
    ],
    [
        ['100', '1', ' ', a => 'a B'],
        { tag => '100', subfields => 'a', norms => ['upper_case'] },
        'A B', 'upper_case'
    ],
    [
        ['100', '1', ' ', a => 'a B'],
        { tag => '100', subfields => 'a', norms => ['lower_case'] },
        'a b', 'lower_case'
    ],
    [
        ['100', '1', ' ', a => q{ a.b;c:d,e] [f) (g/h'i"j   k }],
        { tag => '100', subfields => 'a', norms => ['legacy_default'] },
        q{ABCDE F GHIJ K},
        'legacy_default'
    ],
    [
        ['100', '1', ' ', a => 'a B'],
        { tag => '100', subfields => 'a', norms => ['none'] },
        'a B', 'none'
    ],
    [
        ['100', '1', ' ', a => 'a B'],
        { tag => '100', subfields => 'a', norms => [qw(upper_case remove_spaces)] },
        'AB', 'several, in order'
    ],
);

subtest 'storing and fetching' => sub {
    my $matcher = matcher(
        threshold => 500,
        points    => [
            ['isbn', 300, { tag => '020', subfields => 'za', norms => ['upper_case'] }],
            [
                'title', 200,
                { tag => '245', subfields => 'a', offset => 1, length => 9 },
                { tag => '100', subfields => 'a' }
            ],
        ],
        checks => [[{ tag => '245', subfields => 'a' }, { tag => '245', subfields => 'b' }]]
    );
    my $id = $matcher->store;
    later(sub { C4::Matcher->delete($id) });
    is(C4::Matcher::GetMatcherId($matcher->code), $id, 'found by its code');
    my $fetched = C4::Matcher->fetch($id);
    is($fetched->{threshold}, 500, 'the threshold');
    my $dump = $fetched->dump;
    is($dump->{record_type}, 'biblio',       'the record type');
    is($dump->{code},        $matcher->code, 'the code');
    is_deeply(
        $dump->{matchpoints}[0],
        {
            index      => 'isbn',
            score      => 300,
            components => [
                {
                    tag       => '020',
                    subfields => { a => 1, z => 1 },
                    offset    => 0,
                    length    => 0,
                    norms     => ['upper_case']
                }
            ]
        },
        'a matchpoint'
    );
    is(scalar @{ $dump->{matchpoints}[1]{components} }, 2, 'one with two components');
    is($dump->{matchchecks}[0]{target_matchpoint}{components}[0]{tag}, '245', 'the required check');
    is(C4::Matcher->fetch(2**31 - 1), undef, 'none with that number');
    ok((grep { $_->{matcher_id} == $id } C4::Matcher::GetMatcherList()), 'GetMatcherList has it');
};

# All records first, then one wait for the indexer.
my $isbn   = mark('i');
my @same   = map { scalar stored(biblio(['035', ' ', ' ', a => $isbn], ['001', "$isbn-$_"])) } 1, 2;
my $strong = stored(biblio(['035', ' ', ' ', a => "s$isbn"], ['001', "s$isbn"]));
my $weak   = stored(biblio(['035', ' ', ' ', a => "s$isbn"]));
my $last   = mark('last');
stored(biblio(['035', ' ', ' ', a => $last]));
ok(search_settled(qq{Other-control-number="$last"}), 'the records can be found');

subtest 'keys' => sub {
    for my $case (@cases) {
        my ($field, $component, $expected, $name) = @{$case};
        is_deeply(keys_of(biblio($field), $component), [$expected], $name);
    }
};

subtest 'no subfields' => sub {
    my $keys = eval {
        keys_of(biblio(['100', '1', ' ', a => 'One', d => 'two']),
            { tag => '100', subfields => '' });
    };
    my $error = $@;
    if (newer()) { is_deeply($keys, ['One two'], 'the whole field') }
    else         { like($error, qr/Unmatched \[/, 'of a data field: matching dies') }
};

sub _component {
    my ($component) = @_;
    return {
        offset => 0,
        length => 0,
        norms  => [],
        %{$component},
        subfields => { map { $_ => 1 } split //, $component->{subfields} }
    };
}

sub keys_of {
    my ($record, @components) = @_;
    my $code = C4::Matcher->can('_get_match_keys') // C4::Matcher->can('_keys');
    return [
        quietly(
            sub {
                $code->($record, { components => [map { _component($_) } @components] });
            }
        )
    ];
}

subtest 'several fields and components' => sub {
    my $record = biblio(
        ['020', ' ', ' ', a => 'one'],
        ['020', ' ', ' ', a => 'two'],
        ['022', ' ', ' ', a => 'A'],
        ['022', ' ', ' ', a => 'B'],
        ['022', ' ', ' ', a => 'C']
    );
    my ($isbn_part, $issn_part) = map { { tag => $_, subfields => 'a' } } qw(020 022);
    is_deeply(keys_of($record, $isbn_part), [qw(one two)], 'a key for each repeated field');
    is_deeply(
        keys_of($record, $isbn_part, $issn_part),
        ['one A', 'two B'],
        'a later component is appended, and adds no key'
    );
    is_deeply(
        keys_of($record, $issn_part, $isbn_part),
        ['A one', 'B two', 'C'],
        'even if it has fewer'
    );
    is_deeply(keys_of(biblio(['020', ' ', ' ', z => 'x']), $isbn_part), [], 'an empty key is none');
    is_deeply(keys_of(biblio(['020', ' ', ' ', a => '0']), $isbn_part), [], 'and so is 0');
};

subtest 'a normalizer that is not there' => sub {
    my @warnings;
    my $keys;
    {
        local $SIG{__WARN__} = sub { push @warnings, @_ };
        my $code = C4::Matcher->can('_get_match_keys') // C4::Matcher->can('_keys');
        $keys = [
            $code->(
                biblio(['020', ' ', ' ', a => 'x']),
                {
                    components =>
                        [_component({ tag => '020', subfields => 'a', norms => ['nonsense'] })]
                }
            )
        ];
    }
    is_deeply($keys, ['x'], 'is left out');
    like("@warnings", qr/nonsense/, 'with a warning');
};

subtest 'scores' => sub {
    my $source = biblio(['035', ' ', ' ', a => "s$isbn"], ['001', "s$isbn"]);
    my @points = (
        ['Other-control-number', 200, { tag => '035', subfields => 'a' }],
        ['Control-number',       800, { tag => '001', subfields => '' }]
    );
    my @matches = matcher(threshold => 100, points => \@points)->get_matches($source, 10);
    is_deeply(
        { map { $_->{record_id} => $_->{score} } @matches },
        { $strong => 1000, $weak => 200 },
        'the scores of all matchpoints are added'
    );
    is($matches[0]{record_id}, $weak, 'and sorted as STRINGS: 200 comes before 1000');
    is(scalar matcher(threshold => 1000, points => \@points)->get_matches($source, 10),
        1, 'those below the threshold are none');
    my @one = matcher(threshold => 100, points => \@points)->get_matches($source, 1);
    is(scalar @one, 1, 'no more than are asked for');
};

subtest 'required checks' => sub {
    my @points   = (['Other-control-number', 1000, { tag => '035', subfields => 'a' }]);
    my ($target) = @same;
    my $title    = MARC::Record->new_from_xml(GetXmlBiblio($target), 'UTF-8')->subfield('245', 'a');
    my $source   = biblio(['035', ' ', ' ', a => $isbn], ['245', '1', '0', a => $title]);
    my $check    = [map { { tag => '245', subfields => 'a' } } 1, 2];
    my @matches =
        quietly(sub { matcher(points => \@points, checks => [$check])->get_matches($source, 10) });
    if (newer()) {
        is_deeply([map { $_->{record_id} } @matches], [$target], 'the one with the same title');
    } else {
        is_deeply(\@matches, [], 'of 19.06 compare with nothing: what has a key fails');
    }
    my $empty = [map { { tag => '505', subfields => 'a' } } 1, 2];
    is(
        scalar(
            my @all = quietly(
                sub { matcher(points => \@points, checks => [$empty])->get_matches($source, 10) }
            )
        ),
        2,
        'empty on both sides: equal'
    );
};

subtest 'equal scores' => sub {
    my @matches =
        matcher(points => [['Other-control-number', 1000, { tag => '035', subfields => 'a' }]])
        ->get_matches(biblio(['035', ' ', ' ', a => $isbn]), 10);
    is_deeply(
        [map { $_->{record_id} } @matches],
        [sort { $b cmp $a } @same],
        'the higher number first, compared as strings'
    );
};

subtest 'nothing to match on' => sub {
    is_deeply(
        [
            matcher(points => [['isbn', 1000, { tag => '020', subfields => 'a' }]])
                ->get_matches(biblio(), 10)
        ],
        [],
        'no match'
    );
};

subtest 'an error of the search engine' => sub {
    my @warnings;
    my @matches;
    {
        local $SIG{__WARN__} = sub { push @warnings, @_ };
        @matches = matcher(points => [['no-such-index', 1000, { tag => '035', subfields => 'a' }]])
            ->get_matches(biblio(['035', ' ', ' ', a => $isbn]), 10)
    }
    is_deeply(\@matches, [], 'LOOKS LIKE no match');
    like("@warnings", qr/search failed/, 'there is only a warning');
};

done_testing;
