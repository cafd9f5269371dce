package RuleMaker;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Matching rules of every shape that Koha's table of them can hold, the same ones for the same seed.
# A rule is what docs/plan-format.md calls a matching rule.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# Tags with the subfields that rules usually name. Dots are what MARC::Record takes for wildcards.
my %SUBFIELDS = (
    '001' => '', '003' => '', '005' => '', '006' => '', '007' => '', '008' => '', 'LDR' => '',
    '010' => 'az', '019' => 'a', '020' => 'acqz', '022' => 'alyz', '024' => 'a2', '028' => 'ab',
    '035' => 'az', '037' => 'ab', '040' => 'abcd', '050' => 'ab', '082' => 'a2', '086' => 'a',
    '100' => 'abcdq', '110' => 'ab', '111' => 'acdn', '130' => 'a', '150' => 'axyz', '151' => 'a',
    '245' => 'abcnp', '246' => 'ab', '250' => 'a', '260' => 'abc', '264' => 'abc', '300' => 'abc',
    '400' => 'ad', '490' => 'av', '500' => 'a', '505' => 'atr', '650' => 'avxyz2', '670' => 'ab',
    '700' => 'adt', '776' => 'itwz', '830' => 'av', '856' => 'uyz3', '880' => '6ab', '952' => 'abopy',
    '999' => 'cd', '00.' => '', '02.' => 'a', '1..' => 'ad', '6..' => 'ax', '..0' => 'a', '...' => 'ab0',
);
my @TAGS = sort keys %SUBFIELDS;
my @COMMON = qw(001 003 008 010 020 020 022 035 035 100 245 245 260 650 LDR 24. 02.);
$SUBFIELDS{'24.'} = 'ab';

my @NORMS = qw(remove_spaces upper_case lower_case legacy_default ISBN none nonsense);
my @INDEXES = qw(isbn issn lccn nb Control-number Other-control-number title author pubdate any);
my @SCORES = (0, 1, 9, 99, 100, 200, 500, 999, 1000, 1000, 1000, 2000, 10_000, -100);

sub new ($class, $seed) { return bless { state => $seed % 2_147_483_647 || 1 }, $class }

# Park and Miller's generator: Perl's own gives other numbers elsewhere.
sub number ($self, $below) {
    $self->{state} = $self->{state} * 16_807 % 2_147_483_647;
    return $self->{state} % $below;
}

sub one_of ($self, @list) { return $list[ $self->number(scalar @list) ] }

sub chance ($self, $percent) { return $self->number(100) < $percent }

sub rule ($self, $number) {
    my $type = $self->chance(20) ? 'authority' : 'biblio';
    my @points = map { $self->_matchpoint } 1 .. $self->one_of(1, 1, 1, 2, 2, 3, 5);
    my @checks = map { $self->_check } 1 .. $self->one_of(0, 0, 1, 1, 2, 3);
    return {
        code => "R$number", record_type => $type, matchpoints => \@points, required_checks => \@checks,
        threshold => $self->one_of(0, 1, 100, 200, 500, 1000, 1000, 1000, 1999, 10_000),
    };
}

sub _matchpoint ($self) {
    my @components = map { $self->_component } 1 .. $self->one_of(1, 1, 1, 2, 2, 3, 4);
    return {
        index => $self->one_of(@INDEXES), score => $self->one_of(@SCORES), components => \@components,
    };
}

# Both sides alike, as checks mostly are, or not.
sub _check ($self) {
    my @source = map { $self->_component } 1 .. $self->one_of(1, 1, 2);
    my @target = $self->chance(75) ? @source : map { $self->_component } 1 .. $self->one_of(1, 1, 2);
    return { source => { components => \@source }, target => { components => \@target } };
}

sub _component ($self) {
    my $tag = $self->chance(60) ? $self->one_of(@COMMON) : $self->one_of(@TAGS);
    return {
        tag => $tag, subfields => $self->_subfields($tag), offset => $self->_offset, length => $self->_length,
        norms => $self->_norms,
    };
}

sub _subfields ($self, $tag) {
    return '' if $self->chance(8);
    my @usual = split //, $SUBFIELDS{$tag} || 'a';
    my @codes = $self->chance(10) ? ('a' .. 'z', 0 .. 9) : @usual;
    my %some = map { $self->one_of(@codes) => 1 } 1 .. $self->one_of(1, 1, 1, 2, 3);
    return join '', sort keys %some;
}

sub _offset ($self) {
    return 0 if $self->chance(65);
    return $self->one_of(1, 2, 3, 4, 7, 10, 15, 35, 60, 500, -1, -2, -4, -10, -50);
}

sub _length ($self) {
    return $self->chance(65) ? 0 : $self->one_of(1, 2, 3, 4, 8, 10, 13, 20, 100);
}

sub _norms ($self) {
    return [] if $self->chance(30);
    return [ map { $self->one_of(@NORMS) } 1 .. $self->one_of(1, 1, 1, 2, 3) ];
}

1;
