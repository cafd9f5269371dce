package DecisionCases::Guards;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Pairs of records of which one may be worse than the other, by each guard.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionCases::Records qw(biblio authority control field rules matching_rule pick chance without);

my @GUARDS = qw(briefer_level fewer_fields older edited other_kind other_language other_number other_title);

# What each takes to strike, and what not to: values of the incoming and of the existing record.
my %STRIKES = (
    briefer_level  => [ [ '7', ' ' ], [ '8', '7' ], [ '3', '1' ], [ 'K', 'I' ], [ 'M', '5' ] ],
    fewer_fields   => [ [ 1, 9 ], [ 0, 5 ] ],
    older          => [ [ '20200101000000.0', '20200101000001.0' ], [ '19991231235959.0', '20200101000000.0' ] ],
    edited         => [ [ 0, 1 ] ],
    other_kind     => [ [ 'am ', 'amo' ], [ 'gm ', 'am ' ], [ 'as ', 'am ' ], [ 'amb', 'am ' ], [ 'em ', 'emo' ] ],
    other_language => [ [ 'ger', 'eng' ], [ 'fre ', 'ENG' ] ],
    other_number   => [ [ 'ocn123456789', 'ocn123456780' ] ],
    other_title    => [ [ 'The voyage out', 'Orlando' ], [ 'The voyage out', 'The return home' ] ],
);
my %DOES_NOT = (
    briefer_level  => [ [ 'I', ' ' ], [ '7', '7' ], [ '1', '8' ], [ 'u', ' ' ], [ '7', 'z' ] ],
    fewer_fields   => [ [ 5, 5 ], [ 9, 1 ] ],
    older          => [ [ '20200101000000.0', '20200101000000.5' ], [ undef, '20200101000000.0' ],
        [ '20200101000000.0', 'unknown' ], [ '20210101000000.0', '20200101000000.0' ] ],
    edited         => [ [ 0, 0 ] ],
    other_kind     => [ [ 'am ', 'amr' ], [ 'ams', 'amo' ], [ 'am|', 'amo' ] ],
    other_language => [ [ 'eng', ' ENG' ], [ undef, 'eng' ], [ 'ger', undef ] ],
    other_number   => [ [ undef, undef ], [ 'ocn123456789', undef ], [ undef, 'ocm00000777' ], [ 'ocm00000777', 'ocm00000777' ] ],
    other_title    => [ [ 'The voyage out', 'Voyage (out)' ], [ 'Orlando', 'ORLANDO :' ] ],
);

# Every guard on or off, with some that would strike and some that would not.
sub masks () {
    my @cases;
    my $most = 2**@GUARDS - 1;
    for my $on (0 .. $most) {
        push @cases, map { _masked($on, int rand $most + 1) } 1 .. 16;
    }
    return @cases;
}

sub _masked ($on, $strikes) {
    my (%guards, %values);
    for my $i (0 .. $#GUARDS) {
        my $name = $GUARDS[$i];
        $guards{$name} = $on & (1 << $i) ? \1 : \0;
        $values{$name} = pick(@{ $strikes & (1 << $i) ? $STRIKES{$name} : $DOES_NOT{$name} });
    }
    $guards{fewer_fields} = ${ $guards{fewer_fields} } ? pick(50, 70, 75) : 0;
    my ($incoming, $existing) = map { _record(\%values, $_) } 0, 1;
    return _case("guards $on, striking $strikes", \%guards, $incoming, $existing,
        edited => $values{edited}[1], last_005 => chance(0.3) ? pick('20200615120000.0', 'unknown') : undef);
}

sub _record ($values, $side) {
    my ($type, $level, $form) = split //, $values->{other_kind}[$side];
    my ($time, $language) = map { $values->{$_}[$side] } qw(older other_language);
    return biblio(
        isbn => ['9780142437247'], type => $type, level => $level, form => $form,
        encoding => $values->{briefer_level}[$side], notes => $values->{fewer_fields}[$side],
        time => $time, cataloguing => $language,
        oclc => $values->{other_number}[$side], title => $values->{other_title}[$side],
    );
}

sub _case ($name, $guards, $incoming, $existing, %known) {
    return {
        name  => $name,
        rules => rules(matching_rule => matching_rule(1000, isbn => 1000), guards => $guards),
        record => $incoming,
        facts => {
            hits => [ [ 0, 34, 'search' ] ], candidates => { 34 => $existing },
            edited => $known{edited} ? { 34 => 1 } : {},
            last_005 => defined $known{last_005} ? { 34 => $known{last_005} } : {},
        },
    };
}

# ---------------------------------------------------------------- one guard, all of its values

sub pairs ($each) {
    my %isbn = (isbn => ['9780142437247']);
    my $all = sub ($guard, $name, @records) {
        for my $one (@records) {
            $each->(_case("$guard, $name", { $guard => $guard eq 'fewer_fields' ? 80 : \1 }, $one, $_)) for @records;
        }
    };
    $all->(briefer_level => 'every level', map { biblio(%isbn, encoding => $_) } split //, ' 1234578uzIJKLMEno');
    $all->(other_kind => 'every type', map { biblio(%isbn, type => $_) } split //, 'acdefgijkmoprt');
    $all->(other_kind => 'every level', map { biblio(%isbn, level => $_) } split //, 'abcdimsx ');
    $all->(other_kind => 'every form', map { biblio(%isbn, form => $_) } split //, ' abcdfoqrs|');
    $all->(other_kind => 'every form of maps', map { biblio(%isbn, type => 'e', form => $_) } split //, ' bosr|');
    $all->(other_kind => 'form where there is none', biblio(%isbn, no_fixed => 1), biblio(%isbn, short_fixed => 1),
        biblio(%isbn, form => 'o'));
    $all->(other_kind => 'type and form', map { my $type = $_; map { biblio(%isbn, type => $type, form => $_) } qw(o b) } qw(a g));
    $all->(fewer_fields => 'every number', map { biblio(%isbn, notes => $_) } 0 .. 14);
    $all->(fewer_fields => 'what counts', _that_count(biblio(%isbn)));
    $all->(older => 'every form', map { biblio(%isbn, time => $_) } undef, '20200101000000.0', '20200101000000',
        '20200101000000.9', '20200102000000.0', '2020', '2020010100000x.0', '00000000000000.0');
    $all->(other_language => 'every form', map { biblio(%isbn, cataloguing => $_) } undef, qw(eng ENG ger), ' ger ', ' ');
    $all->(other_language => 'the first of several', _languages(biblio(%isbn, no_040 => 1)));
    $all->(other_number => 'every form', map { biblio(%isbn, %{$_}) } {}, { oclc => 'ocn123456789' }, { oclc => '0123456789' },
        { oclc => 'b123456789', from => 'XyZ' }, { '035' => [ [ a => '(OCoLC)ocn123456789' ] ] },
        { '035' => [ [ a => '(OCoLC)777', z => '(OCoLC)123456789' ] ] }, { '035' => [ [ a => '(OCoLC)777' ] ] });
    $all->(other_title => 'every form', _titles(%isbn), map { biblio(%isbn, oclc => 'ocm00000777', title => $_) } qw(Orlando Flush));
    _last_imported($each, %isbn);
    return;
}

sub _that_count ($record) {
    my $add = sub (@fields) { return { %{$record}, fields => [ @{ $record->{fields} }, @fields ] } };
    return ($record, map { my @one = @{$_}; $add->((@one) x 4) }
            [ control('007', 'ta') ], [ field('010', '  ', z => 'x') ], [ field('899', '  ', a => 'x') ],
            [ field('900', '  ', a => 'x') ], [ field('952', '  ', p => '3001', a => 'CPL') ]);
}

sub _titles (%isbn) {
    my @titles = ([ a => 'The voyage out' ], [ a => 'The voyage out :', b => 'a novel' ], [ a => 'The return home' ],
        [ a => 'A voyage to the lighthouse' ], [ a => 'Voyage home' ], [ a => 'It' ], [ a => 'He' ], [ a => '...' ], [ c => 'Woolf' ],
        [ a => 'The voyage out.', n => 'Volume 1,', p => 'Sources' ], [ a => 'The voyage out.', n => 'v. 2' ],
        [ a => 'The voyage out 1 sources' ], [ a => 'The voyage out', n => 'Part' ], [ a => "Voyag\x{e9}", b => 'out' ],
        [ a => "\x{4e2d}\x{6587} \x{66f8}" ], [ a => "\x{4e2d}\x{6587}" ]);
    return map { my $title = $_; _titled(biblio(%isbn), $title) } @titles;
}

sub _titled ($record, $title) {
    return { %{$record}, fields => [ map { $_->{tag} eq '245' ? field('245', '10', @{$title}) : $_ } @{ $record->{fields} } ] };
}

sub _languages ($record) {
    my $add = sub (@fields) { return { %{$record}, fields => [ @{ $record->{fields} }, @fields ] } };
    return ($record, $add->(field('040', '  ', a => 'X', b => 'ger', b => 'eng')),
        $add->(field('040', '  ', a => 'X'), field('040', '  ', b => 'eng')),
        $add->(field('040', '  ', b => 'eng'), field('040', '  ', b => 'ger')));
}

# Koha stamps its own 005, so that of the last import is what is compared.
sub _last_imported ($each, %isbn) {
    my @times = (undef, '20200101000000.0', '20210101000000.0', 'unknown');
    for my $incoming (@times) {
        for my $existing (@times) {
            for my $last (@times) {
                $each->(_case('the 005 that was imported last', { older => \1 }, biblio(%isbn, time => $incoming),
                    biblio(%isbn, time => $existing), last_005 => $last));
            }
        }
    }
    return;
}

sub throw_in ($case) {
    my %guards = map { $_ => chance(0.3) ? \1 : \0 } @GUARDS;
    $guards{fewer_fields} = pick(0, 0, 50, 100);
    $case->{rules}{guards} = \%guards if chance(0.5);
    for my $record ($case->{record}, values %{ $case->{facts}{candidates} // {} }) {
        $record = { %{$record}, leader => $record->{leader} };
        substr $record->{leader}, 17, 1, pick(split //, ' 178uIKM') if chance(0.5);
    }
    for my $id (keys %{ $case->{facts}{candidates} // {} }) {
        $case->{facts}{edited}{$id} = 1 if chance(0.3);
        $case->{facts}{last_005}{$id} = pick('20200101000000.0', '20300101000000.0') if chance(0.3);
    }
    return;
}

1;
