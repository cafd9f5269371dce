package DecisionModel::Items;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The items of a record: where they come from, what each lacks, what becomes of each.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DecisionModel::Record qw(trimmed);

sub _tag ($rules) { return $rules->{item_tag} // '952' }

sub _code ($rules, $column) {
    my $codes = $rules->{item_subfields}
        // { barcode => 'p', itemnumber => '9', homebranch => 'a', holdingbranch => 'b', itype => 'y', ccode => '8' };
    return $codes->{$column};
}

sub fields ($class, $rules, $record) { return grep { $_->{tag} eq _tag($rules) } @{ $record->{fields} } }

# ---------------------------------------------------------------- fields of another kind that hold items

sub prepared ($class, $rules, $record) {
    my $source = $rules->{item_source} or return $record;
    my (@stay, @made);
    for my $field (@{ $record->{fields} }) {
        my @mapped = $field->{tag} eq $source->{tag}
            ? map { [ $source->{subfields}{ $_->[0] }, $_->[1] ] }
            grep { exists $source->{subfields}{ $_->[0] } } @{ $field->{subfields} // [] } : ();
        if (@mapped) { push @made, { tag => _tag($rules), ind1 => ' ', ind2 => ' ', subfields => \@mapped } }
        else         { push @stay, $field }
    }
    my ($last) = grep { $stay[$_]{tag} eq _tag($rules) } reverse 0 .. $#stay;
    ($last) = grep { $stay[$_]{tag} lt _tag($rules) } reverse 0 .. $#stay if !defined $last;
    splice @stay, defined $last ? $last + 1 : 0, 0, @made;
    return { leader => $record->{leader}, fields => \@stay };
}

# ---------------------------------------------------------------- one item

my @COLUMNS = qw(barcode itemnumber homebranch holdingbranch itype ccode);

# What the field says, by Koha's column; a blank value says nothing.
sub _said ($rules, $field) {
    my %said;
    for my $column (@COLUMNS) {
        my $code = _code($rules, $column) // next;
        my ($value) = grep {/\S/} map { $_->[1] } grep { $_->[0] eq $code } @{ $field->{subfields} };
        # The barcode as it stands: so it is stored.
        $said{$column} = $column eq 'barcode' ? $value : trimmed($value) if defined $value;
    }
    return \%said;
}

sub _with_defaults ($rules, $said) {
    my %filled;
    for my $column (qw(homebranch itype ccode holdingbranch)) {
        next if defined $said->{$column} || !defined _code($rules, $column);
        my $value = $rules->{item_defaults}{$column}
            // ($column eq 'holdingbranch' ? $said->{homebranch} // $filled{homebranch} : undef);
        $filled{$column} = $value if defined $value && length $value;
    }
    return \%filled;
}

# Only what is to be created gets defaults.
sub _item ($rules, $occurrence, $field, $action, $reason, %more) {
    my $said = _said($rules, $field);
    return {
        occurrence => $occurrence, action => $action, reason => $reason, barcode => $said->{barcode},
        itemnumber => undef, defaults => {}, %more,
    };
}

sub all_alike ($class, $rules, $record, $action, $code) {
    my $occurrence = 0;
    return [ map { _item($rules, ++$occurrence, $_, $action, { code => $code }) } $class->fields($rules, $record) ];
}

# ---------------------------------------------------------------- all of them

# Which item action makes items for a record that has, or hasn't, a match.
my %MAKES = (
    always_add => { match => 1, none => 1 }, add_only_for_matches => { match => 1 },
    add_only_for_new => { none => 1 }, ignore => {}, replace => { match => 1 },
);

sub decided ($class, $rules, $record, $decision, $facts) {
    my %taken = (barcode => {}, itemnumber => {});
    my $occurrence = 0;
    my @items;
    for my $field ($class->fields($rules, $record)) {
        my $item = _decide($rules, ++$occurrence, $field, $decision, $facts, \%taken);
        push @items, $item;
        next if $item->{action} !~ /\A(?:add|replace)\z/;
        $taken{barcode}{ _folded($item->{barcode}) } = 1 if defined $item->{barcode};
        $taken{itemnumber}{ $item->{itemnumber} } = 1 if defined $item->{itemnumber};
    }
    return \@items;
}

sub _decide ($rules, $occurrence, $field, $decision, $facts, $taken) {
    my $end = sub ($action, $code, %more) {
        my $values = delete $more{values};
        return _item($rules, $occurrence, $field, $action, { code => $code, $values ? (values => $values) : () }, %more);
    };
    my $choice = $decision->{choices}{$occurrence};
    return $end->('ignore', 'decided') if $choice && $choice eq 'ignore';
    my $action = $choice // $rules->{items};
    if (!$choice) {
        return $end->('ignore', "items_$action") if !$MAKES{$action}{ $decision->{matched} ? 'match' : 'none' };
        return $end->('ignore', 'no_target_record') if $decision->{outcome} eq 'ignore' && !$decision->{matched};
    }
    my $said = _said($rules, $field);
    my $found = $action eq 'replace' ? _to_replace($said, $decision->{target}, $facts) : {};
    my $conflict = _conflict($rules, $said, $found, $facts, $taken);
    # What points to an item that is there, wherever, is under replace none that is to be created.
    my $is_there = $found->{itemnumber} || $found->{other}
        || $action eq 'replace' && defined $said->{barcode} && $facts->{barcodes}{ $said->{barcode} };
    return $end->('hold', 'no_such_item') if $choice && $action eq 'replace' && !$is_there;
    my @defaults = $is_there ? () : (defaults => _with_defaults($rules, $said));
    return $end->('hold', $conflict->{code}, values => $conflict->{values}, @defaults) if $conflict;
    return $end->('replace', $found->{by}, itemnumber => $found->{itemnumber}) if $found->{itemnumber};
    return $end->('add', $action eq 'replace' ? 'no_such_item' : $choice ? 'decided' : "items_$action", @defaults);
}

# {itemnumber, by}: the item that is replaced; {other}: whose item number it is instead.
sub _to_replace ($said, $target, $facts) {
    my $number = $said->{itemnumber};
    if (defined $number && $number =~ /\A\d+\z/ && (my $item = $facts->{itemnumbers}{$number})) {
        return { itemnumber => 0 + $number, by => 'same_itemnumber' }
            if defined $target && $item->{biblionumber} == $target;
        return { other => { biblionumber => $item->{biblionumber}, itemnumber => 0 + $number } };
    }
    my $item = defined $said->{barcode} ? $facts->{barcodes}{ $said->{barcode} } : undef;
    return { itemnumber => $item->{itemnumber}, by => 'same_barcode' }
        if $item && defined $target && $item->{biblionumber} == $target;
    return {};
}

# As Koha's database compares barcodes and codes: neither case nor blanks at the end tell them apart.
sub _folded ($text) { return lc trimmed($text) }

# The first that holds, or nothing.
sub _conflict ($rules, $said, $found, $facts, $taken) {
    return { code => 'itemnumber_of_other_biblio', values => $found->{other} } if $found->{other};
    my $barcode = $said->{barcode};
    my $owner = defined $barcode ? $facts->{barcodes}{$barcode} : undef;
    return {
        code => 'duplicate_barcode',
        values => { map { $_ => $owner->{$_} } qw(biblionumber itemnumber) },
    } if $owner && ($found->{itemnumber} // 0) != $owner->{itemnumber};
    return { code => 'barcode_twice' } if defined $barcode && $taken->{barcode}{ _folded($barcode) };
    return { code => 'itemnumber_twice', values => { itemnumber => $found->{itemnumber} } }
        if $found->{itemnumber} && $taken->{itemnumber}{ $found->{itemnumber} };
    return _unknown($rules, $said, $found, $facts);
}

sub _unknown ($rules, $said, $found, $facts) {
    my $new = !$found->{itemnumber};
    my %has = (%{$said}, $new ? %{ _with_defaults($rules, $said) } : ());
    return { code => 'missing_homebranch' }
        if $new && defined _code($rules, 'homebranch') && !defined $has{homebranch};
    for my $test ([ homebranch => 'libraries' ], [ holdingbranch => 'libraries' ], [ itype => 'itemtypes' ]) {
        my ($column, $list) = @{$test};
        next if !defined $has{$column} || !$facts->{$list} || grep { _folded($_) eq _folded($has{$column}) } @{ $facts->{$list} };
        my $code = $column eq 'itype' ? 'unknown_itemtype' : "unknown_$column";
        return { code => $code, values => { $column => $has{$column} } };
    }
    return { code => 'missing_itemtype' } if $new && $facts->{itemtype_required} && !defined $has{itype};
    return;
}

1;
