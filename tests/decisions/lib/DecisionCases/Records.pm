package DecisionCases::Records;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Records and rules that the combinations are made of, in plain data.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter qw(import);

our @EXPORT_OK = qw(biblio authority field control rules matching_rule pick chance with_fields without);

sub pick (@choices) { return $choices[ int rand @choices ] }

sub chance ($share) { return rand() < $share }

sub control ($tag, $data) { return { tag => $tag, data => $data } }

sub field ($tag, $indicators, @subfields) {
    my @pairs;
    while (my ($code, $value) = splice @subfields, 0, 2) { push @pairs, [ $code, $value ] }
    return { tag => $tag, ind1 => substr($indicators, 0, 1), ind2 => substr($indicators, 1, 1), subfields => \@pairs };
}

# type, level: leader/06-07; encoding: leader/17; form: 008/23 or 29.
sub biblio (%with) {
    my %is = (type => 'a', level => 'm', encoding => 'I', form => ' ', language => 'eng',
        title => 'The voyage out', %with);
    my $fixed = '200101s2020    xxu           000 0 eng d';
    substr $fixed, $is{type} =~ /[efgkor]/ ? 29 : 23, 1, $is{form} if defined $is{form};
    substr $fixed, 35, 3, $is{text_language} if $is{text_language};
    my @fields = (
        (defined $is{oclc} ? (control('001', $is{oclc}), control('003', $is{from} // 'OCoLC')) : ()),
        (defined $is{time} ? control('005', $is{time}) : ()),
        ($is{no_fixed} ? () : control('008', $is{short_fixed} ? substr $fixed, 0, 20 : $fixed)),
        (map { field('020', '  ', a => $_) } @{ $is{isbn} // [] }),
        (map { field('035', '  ', @{$_}) } @{ $is{'035'} // [] }),
        ($is{no_040} ? () : field('040', '  ', a => 'DLC', defined $is{cataloguing} ? (b => $is{cataloguing}) : ())),
        field('100', '1 ', a => 'Woolf, Virginia'),
        (length $is{title} ? field('245', '10', a => $is{title}) : ()),
        (map { field('500', '  ', a => "Note $_") } 1 .. $is{notes} // 1),
        field('650', ' 0', a => 'Voyages'),
        (map { field('952', '  ', @{$_}) } @{ $is{items} // [] }),
    );
    return { leader => _leader($is{type}, $is{level}, $is{encoding}), fields => \@fields };
}

sub authority (%with) {
    my %is = (encoding => 'n', heading => [ '100', 'Woolf, Virginia' ], %with);
    my @fields = (
        (defined $is{number} ? control('001', $is{number}) : ()),
        (defined $is{from} ? control('003', $is{from}) : ()),
        (defined $is{time} ? control('005', $is{time}) : ()),
        (defined $is{lccn} ? field('010', '  ', a => $is{lccn}) : ()),
        field('040', '  ', a => 'DLC', defined $is{cataloguing} ? (b => $is{cataloguing}) : ()),
        field($is{heading}[0], '1 ', a => $is{heading}[1]),
        (map { field('670', '  ', a => "Source $_") } 1 .. $is{notes} // 1),
    );
    return { leader => '00000nz  a2200000' . $is{encoding} . '  4500', fields => \@fields };
}

sub _leader ($type, $level, $encoding) { return "00000n$type$level a2200000$encoding  4500" }

# Fields of more tags, after those that are there.
sub with_fields ($record, @fields) {
    return @fields ? { leader => $record->{leader}, fields => [ @{ $record->{fields} }, @fields ] } : $record;
}

sub without ($record, $tag) {
    return { leader => $record->{leader}, fields => [ grep { $_->{tag} ne $tag } @{ $record->{fields} } ] };
}

# ---------------------------------------------------------------- rules

my %POINT = (
    isbn  => { index => 'isbn', tag => '020', subfields => 'a', norms => ['ISBN'] },
    title => { index => 'Title', tag => '245', subfields => 'a', norms => ['legacy_default'] },
    '001' => { index => 'Control-number', tag => '001', subfields => '', norms => [] },
    '035' => { index => 'Other-control-number', tag => '035', subfields => 'a', norms => [] },
    lccn  => { index => 'LC-card-number', tag => '010', subfields => 'a', norms => ['remove_spaces'] },
    name  => { index => 'Heading-main', tag => '100', subfields => 'a', norms => [] },
);

# matching_rule(1000, isbn => 1000): threshold, and score by matchpoint.
sub matching_rule ($threshold, @points) {
    my @matchpoints;
    while (my ($name, $score) = splice @points, 0, 2) {
        my %point = %{ $POINT{$name} };
        my $index = delete $point{index};
        push @matchpoints, { index => $index, score => $score, components => [ { %point, offset => 0, length => 0 } ] };
    }
    return {
        code => 'RULE', record_type => 'biblio', threshold => $threshold, matchpoints => \@matchpoints,
        required_checks => [],
    };
}

sub rules (%changes) {
    my $type = $changes{record_type} // 'biblio';
    my %rules = (
        schema_version => 1, record_type => $type, mode => 'direct', matching_rule => undef,
        on_match => 'replace', on_no_match => 'create_new', items => 'always_add', item_tag => '952',
        item_subfields => {
            barcode => 'p', itemnumber => '9', homebranch => 'a', holdingbranch => 'b', itype => 'y', ccode => '8',
        },
        %changes,
    );
    $rules{matching_rule} = { %{ $rules{matching_rule} }, record_type => $type } if $rules{matching_rule};
    return \%rules;
}

1;
