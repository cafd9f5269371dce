package DecisionCases::Fields;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Records that are merged by the lines of local_fields, and the notation of those lines.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionCases::Records qw(control field rules matching_rule pick chance);

my @POLICIES = qw(keep_existing add_incoming prefer_incoming);

my @PATTERNS = (
    qw(590 59X 59x 9xx 69X 9XX 6XX XX0 590-599 500-690 001 003 035 XXX 00X 856),
    '650 _7', '650 #7', '650 *7', '650 _* $2 local', '$5', '$5 = DLC', '$5 XyZ', '$2 local', '650 $2 = "local"',
    '65X except 650', '6XX except 650, 690-699', '5XX $5 DLC except 500', '650 $2 local $5 = DLC',
    '590 $a "Local note"', '590 $a a local NOTE', 'XXX except 00X', '9XX $a = kept',
    '5XX $a "US $5.00"',
);

sub patterns () { return @PATTERNS }

sub wrong_patterns () {
    return ('', ' ', '59', '5900', '590 _', '590 _7_', '590 _7 7', '590 $', '590 except', '590 except 5',
        '590 except 590,', 'except', '590-', '-590', '590-59', '590 a $5', '590 & 591', '590,591',
        '12', '_7', '_7 $2 local', '*', 'ABC');
}

# ---------------------------------------------------------------- two records

my %VALUES = (
    a => [ 'kept', 'Local note', 'a  local note', 'A local note', 'one', 'two', 'US $5.00', "na\x{ef}ve" ],
    2 => [qw(local Local fast), ' local'], 5 => [ 'DLC', 'XyZ', 'dlc ' ], 9 => [ 'x', 'y' ],
);

sub _field ($tag) {
    my @subfields = (a => pick(@{ $VALUES{a} }));
    push @subfields, $_ => pick(@{ $VALUES{$_} }) for grep { chance(0.35) } 2, 5;
    push @subfields, a => pick(@{ $VALUES{a} }) if chance(0.1);
    return field($tag, pick('  ', ' 7', ' 0', '1 ', '17'), @subfields);
}

my @TAGS = qw(035 100 245 500 500 590 590 599 650 650 650 651 690 690 856 901 999);

sub _control_fields () {
    return (
        (chance(0.7) ? control('001', pick(qw(ocn123456789 ocm00000777 b1234))) : ()),
        (chance(0.6) ? control('003', pick(qw(OCoLC XyZ))) : ()),
        (chance(0.5) ? control('007', pick(qw(ta cr))) : ()),
        control('008', '200101s2020    xxu           000 0 eng d'),
    );
}

sub _record ($few) {
    my @tags = sort map { pick(@TAGS) } 1 .. 1 + int rand $few;
    @tags = reverse @tags if chance(0.1);
    my @fields = (_control_fields(), field('020', '  ', a => '9780142437247'),
        (chance(0.4) ? field('035', '  ', a => pick('(OCoLC)123456789', '(OCoLC)ocn123456789', '(OCoLC)777', '(DLC)5')) : ()),
        map { _field($_) } @tags);
    push @fields, field('952', '  ', p => pick(qw(3001 3002)), a => 'CPL') if chance(0.3);
    return { leader => '00000nam a2200000I  4500', fields => \@fields };
}

# Some fields of one record in the other, so that there is something that stays the same.
sub _related ($record) {
    my $other = _record(8);
    my @shared = grep { $_->{tag} gt '020' && $_->{tag} ne '952' && chance(0.5) } @{ $record->{fields} };
    my @fields = (@{ $other->{fields} }, @shared);
    my @sorted = sort { $a->{tag} cmp $b->{tag} } @fields;
    return { %{$other}, fields => chance(0.85) ? \@sorted : \@fields };
}

sub lines () { return [ map { { fields => pick(@PATTERNS), policy => pick(@POLICIES) } } 1 .. int rand 5 ] }

sub random ($number) {
    my $incoming = _record(10);
    return {
        name  => "local fields $number",
        rules => rules(
            matching_rule => matching_rule(1000, isbn => 1000), local_fields => lines(),
            chance(0.2) ? (koha_numbers_tag => pick(undef, '901')) : (), oclc_into_035 => chance(0.4) ? \1 : \0, items => pick(qw(ignore always_add)),
            on_match => chance(0.85) ? 'replace' : pick(qw(create_new ignore)),
        ),
        record => $incoming,
        facts  => { hits => chance(0.95) ? [ [ 0, 34, 'search' ] ] : [], candidates => { 34 => _related($incoming) } },
    };
}

sub throw_in ($case) {
    $case->{rules}{local_fields} = lines() if chance(0.4);
    $case->{rules}{oclc_into_035} = \1 if chance(0.2);
    $case->{rules}{koha_overlay_rules} = \1 if chance(0.1);
    return;
}

1;
