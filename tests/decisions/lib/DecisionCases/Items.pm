package DecisionCases::Items;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Items as records bring them, with what Koha is found to hold: {name, fields, facts, rules}.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionCases::Records qw(field pick chance with_fields);

# Biblio 34 has the items 17 (barcode 3017) and 18 (3018), 36 (and 70) has others.
my %KNOWN = (
    barcodes => {
        3017 => { itemnumber => 17, biblionumber => 34 }, 3018 => { itemnumber => 18, biblionumber => 34 },
        3020 => { itemnumber => 20, biblionumber => 36 }, 3070 => { itemnumber => 70, biblionumber => 70 },
    },
    itemnumbers => {
        17 => { biblionumber => 34 }, 18 => { biblionumber => 34 }, 20 => { biblionumber => 36 }, 70 => { biblionumber => 70 },
    },
    libraries => [qw(CPL MPL)],
    itemtypes => [qw(BK CF)],
    itemtype_required => \0,
);

my %SOUND = (a => 'CPL', b => 'MPL', y => 'BK');

# _item(p => '3001', a => undef): a sound item but for what is said.
sub _item (%changes) {
    my %values = (%SOUND, %changes);
    return field('952', '  ', map { $_ => $values{$_} } grep { defined $values{$_} } sort keys %values);
}

sub _items ($name, @items) { return { name => $name, fields => [@items], facts => {%KNOWN} } }

my @ALL = (
    _items('none'),
    _items('one', _item(p => '3001')),
    _items('two', _item(p => '3001'), _item(p => '3002')),
    _items('without barcode', _item(), _item(p => ' ')),
    _items('barcode in use in another', _item(p => '3020')),
    _items('barcode in use in the match', _item(p => '3017')),
    _items('barcode twice', _item(p => '3001'), _item(p => '3001')),
    _items('barcode twice, the first held', _item(p => '3001', a => 'NOWHERE'), _item(p => '3001')),
    _items('barcode in use twice', _item(p => '3017'), _item(p => '3017')),
    _items('no home library', _item(p => '3001', a => undef), _item(p => '3002')),
    _items('a blank home library', _item(p => '3001', a => ' ')),
    _items('unknown home library', _item(p => '3001'), _item(p => '3002', a => 'NOWHERE')),
    _items('unknown home library, no holding library', _item(p => '3002', a => 'NOWHERE', b => undef)),
    _items('no holding library', _item(p => '3001', b => undef)),
    _items('unknown holding library', _item(p => '3001', b => 'NOWHERE')),
    _items('unknown item type', _item(p => '3001', y => 'XX'), _item(p => '3002', y => 'XX')),
    _items('no item type', _item(p => '3001', y => undef)),
    { %{ _items('no item type, and it is required', _item(p => '3001', y => undef), _item(p => '3002')) },
        facts => { %KNOWN, itemtype_required => \1 } },
    { %{ _items('nothing is checked', _item(p => '3001', a => 'NOWHERE', b => 'NOWHERE', y => 'XX')) },
        facts => { barcodes => $KNOWN{barcodes} } },
    _items('item number of the match', _item(p => '3001', 9 => '17')),
    _items('item number and barcode of one item', _item(p => '3017', 9 => '17')),
    _items('item number of one, barcode of another', _item(p => '3018', 9 => '17')),
    _items('item number of the match, barcode of another record', _item(p => '3020', 9 => '17')),
    _items('item number of another record', _item(p => '3001', 9 => '20')),
    _items('item number of another record, barcode of the match', _item(p => '3017', 9 => '20')),
    _items('item number unknown', _item(p => '3001', 9 => '999')),
    _items('item number unknown, barcode of the match', _item(p => '3017', 9 => '999')),
    _items('item number that is none', _item(p => '3017', 9 => 'abc')),
    _items('item number twice', _item(p => '3001', 9 => '17'), _item(p => '3002', 9 => '17')),
    _items('by number and by barcode', _item(p => '3001', 9 => '17'), _item(p => '3017')),
    _items('replaced with nothing but a barcode', _item(p => '3017', a => undef, b => undef, y => undef)),
    { %{ _items('replaced without an item type that is required', _item(p => '3017', y => undef)) },
        facts => { %KNOWN, itemtype_required => \1 } },
    _items('replaced with an unknown library', _item(p => '3017', b => 'NOWHERE')),
    _items('replaced with an unknown item type', _item(p => '3017', y => 'XX')),
    _items('everything at once', _item(p => '3001'), _item(p => '3020'), _item(p => '3017', 9 => '17'),
        _item(p => '3001'), _item(a => 'NOWHERE'), _item(y => undef)),
    _items('barcode twice, in other letters', _item(p => '3001a'), _item(p => '3001A'), _item(p => '3001A ')),
    _items('a library and an item type in small letters', _item(p => '3001', a => 'cpl', y => 'bk')),
    _items('item of the named record', _item(p => '3070'), _item(9 => '70')),
);

# With defaults, and items that come in a field of another kind.
my %DEFAULTS = (homebranch => 'CPL', holdingbranch => 'MPL', itype => 'CF', ccode => 'REF');
my @MORE = (
    { %{ _items('defaults for what is missing', _item(p => '3001', a => undef, b => undef, y => undef),
            _item(p => '3002'), _item(p => '3003', a => ' ', b => 'CPL')) },
        rules => { item_defaults => \%DEFAULTS } },
    { %{ _items('a default that Koha does not know', _item(p => '3001', a => undef)) },
        rules => { item_defaults => { homebranch => 'NOWHERE' } } },
    { %{ _items('no default for what is replaced', _item(p => '3017', a => undef, b => undef, y => undef),
            _item(p => '3001', a => undef, b => undef)) },
        rules => { item_defaults => \%DEFAULTS } },
    { %{ _items('the home library for the holding library', _item(p => '3001', a => undef, b => undef)) },
        rules => { item_defaults => { homebranch => 'MPL' } } },
    { %{ _items('a default item type where one is required', _item(p => '3001', y => undef)) },
        rules => { item_defaults => { itype => 'BK' } }, facts => { %KNOWN, itemtype_required => \1 } },
    { %{ _items('defaults for columns that are not mapped', _item(p => '3001', b => undef, y => undef)) },
        rules => {
            item_defaults => \%DEFAULTS,
            item_subfields => { barcode => 'p', itemnumber => '9', homebranch => 'a', itype => undef },
        } },
    _from('from another field', [], field('949', '  ', i => '3001', l => 'CPL', t => 'BK', x => 'no')),
    _from('from two, beside one', [ _item(p => '3001') ], field('949', '1 ', i => '3002', l => 'CPL'),
        field('949', '  ', l => 'MPL', i => '3001')),
    _from('a field that holds none', [], field('949', '  ', x => 'no'), field('949', '  ', i => '3001', l => 'CPL')),
    _from('from another field, in conflict', [ _item(p => '3001') ], field('949', '  ', i => '3020', l => 'NOWHERE')),
);

sub _from ($name, $items, @fields) {
    return {
        %{ _items($name, @{$items}, @fields) },
        rules => { item_source => { tag => '949', subfields => { i => 'p', l => 'a', t => 'y', n => '9' } } },
    };
}

sub all () { return (@ALL, @MORE) }

sub throw_in ($case) {
    my %defaults = map { chance(0.5) ? ($_ => $DEFAULTS{$_}) : () } sort keys %DEFAULTS;
    $case->{rules}{item_defaults} = \%defaults if chance(0.3);
    return if $case->{rules}{item_source} || !chance(0.2);
    $case->{rules}{item_source} = { tag => '949', subfields => { i => 'p', l => 'a', t => 'y', n => '9' } };
    $case->{record} = with_fields($case->{record},
        map { field('949', '  ', i => pick(qw(3001 3017 3020)), chance(0.7) ? (l => pick(qw(CPL NOWHERE))) : ()) } 1 .. 2);
    return;
}

1;
