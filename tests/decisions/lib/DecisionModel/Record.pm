package DecisionModel::Record;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the model needs to know of a record: its kind, its numbers, its title.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';
use utf8;

use Exporter qw(import);
use Unicode::Normalize qw(NFD);

our @EXPORT_OK = qw(record_type fields values_of control numbers oclc_number oclc_of_001 isbn13 comparable_title
    leader_at trimmed oclc_numbers oclc_fit words title_parts shown_title);

# leader/06.
my %TYPE = (
    (map { $_ => 'biblio' } split //, 'abcdefghijkmnoprt'),    # b, h, n: of old
    (map { $_ => 'holdings' } split //, 'uvxy'),
    z => 'authority', q => 'community', w => 'classification',
);

sub record_type ($record) { return $TYPE{ leader_at($record, 6) } // 'unknown' }

sub leader_at ($record, $position) { return substr $record->{leader}, $position, 1 }

sub fields ($record, $tag) { return grep { $_->{tag} =~ /\A$tag\z/ } @{ $record->{fields} } }

# All values of one subfield code in the fields with a tag.
sub values_of ($record, $tag, $code) {
    return map { $_->[1] } grep { $_->[0] eq $code } map { @{ $_->{subfields} // [] } } fields($record, $tag);
}

sub control ($record, $tag) {
    my ($field) = fields($record, $tag);
    return $field ? $field->{data} : undef;
}

sub trimmed ($text) { return $text =~ s/\A\s+|\s+\z//gr }

# ---------------------------------------------------------------- numbers

# 'kind:value' => 1, with oclc and oclc_merged as the plan lists them.
sub numbers ($record) {
    my %found;
    my $from = sub ($kind, @values) { $found{"$kind:$_"} = 1 for grep { defined && length } @values };
    $from->(oclc => scalar oclc_of_001($record), map { oclc_number($_) } values_of($record, '035', 'a'));
    $from->(oclc_merged => map { s/\D//gr =~ s/\A0+//r } values_of($record, '019', 'a'));
    $from->(oclc_merged => map { oclc_number($_) } values_of($record, '035', 'z'));
    $from->(isbn => map { isbn13($_) } values_of($record, '020', 'a'));
    $from->(issn => map { /\A\s*(\d{4})-?(\d{3}[\dXx])/ ? uc "$1-$2" : undef } values_of($record, '022', 'a'));
    $from->(lccn => map { s/\s//gr } values_of($record, '010', 'a'));
    return \%found if record_type($record) ne 'authority';
    my ($number, $agency) = map { control($record, $_) } '001', '003';
    $from->(control => lc "($agency)$number" =~ s/\s//gr)
        if defined $number && length($agency // '') && $number !~ /\A\d+\z/;
    my ($heading) = fields($record, '1..');
    $from->(heading => "$heading->{tag} " . comparable_title($record)) if $heading;
    return \%found;
}

sub oclc_of_001 ($record) {
    my $number = control($record, '001') // return;
    return $1 if $number =~ /\A\s*(?:ocm|ocn|on)0*(\d+)/;
    return if (control($record, '003') // '') ne 'OCoLC';
    return $number =~ /\A\s*0*(\d+)/ ? $1 : undef;
}

# Of 035: '(OCoLC)ocm00012345' is 12345.
sub oclc_number ($text) { return $text =~ /\A\s*\(OCoLC\)\s*(?:ocm|ocn|on)?0*(\d+)/ ? $1 : undef }

sub isbn13 ($text) {
    my ($number) = $text =~ /\A\s*([\d-]+[Xx]?)/ or return;
    $number =~ tr/-//d;
    return $number if $number =~ /\A97[89]\d{10}\z/;
    return if $number !~ /\A\d{9}[\dXx]\z/;
    my $body = '978' . substr $number, 0, 9;
    my $sum = 0;
    $sum += substr($body, $_, 1) * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return $body . (10 - $sum % 10) % 10;
}

# In the order of the record: 001, 035 $a, then the merged ones.
sub oclc_numbers ($record) {
    my @own = grep { defined && length } oclc_of_001($record), map { oclc_number($_) } values_of($record, '035', 'a');
    my @merged = grep { defined && length } (map { s/\D//gr =~ s/\A0+//r } values_of($record, '019', 'a')),
        map { oclc_number($_) } values_of($record, '035', 'z');
    return (@own, @merged);
}

# differ, unknown, shared
sub oclc_fit ($one, $other) {
    my ($ours, $theirs) = map { { map { $_ => 1 } oclc_numbers($_) } } $one, $other;
    return 'unknown' if !%{$ours} || !%{$theirs};
    return( (grep { $theirs->{$_} } keys %{$ours}) ? 'shared' : 'differ');
}

# ---------------------------------------------------------------- titles

sub words ($text) { return grep {length} split /[^\p{L}\p{N}]+/, NFD(lc $text) =~ s/\p{M}//gr }

# The words of 245: {title, part}.
sub title_parts ($record) {
    my ($field) = fields($record, '245');
    my @subfields = $field ? @{ $field->{subfields} } : ();
    my $of = sub ($codes) { return [ words(join ' ', map { $_->[1] } grep { $_->[0] =~ $codes } @subfields) ] };
    return { title => $of->(qr/[ab]/), part => $of->(qr/[np]/) };
}

sub shown_title ($record) {
    my ($field) = fields($record, '245');
    return join(' ', map { $_->[1] } grep { $_->[0] =~ /[abnp]/ } @{ $field->{subfields} }) =~ s{[\s/:;,=]+\z}{}r;
}

# Without case, diacritics, punctuation and multiple blanks.
sub comparable_title ($record) {
    my ($field) = record_type($record) eq 'authority' ? fields($record, '1..') : fields($record, '245');
    return '' if !$field;
    my $wanted = $field->{tag} eq '245' ? qr/[abnp]/ : qr/[a-z]/;
    my $text = NFD(lc join ' ', map { $_->[1] } grep { $_->[0] =~ $wanted } @{ $field->{subfields} });
    $text =~ s/\p{M}//g;
    $text =~ s/[\p{P}\p{S}]/ /g;
    return trimmed($text =~ s/\s+/ /gr);
}

1;
