package Koha::Plugin::ConnexionGateway::Core::Record;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Core::Handle';

use Mojo::JSON ();

__PACKAGE__->compiled(
    read          => 'read_iso2709',
    read_marcxml  => 'read_marcxml',
    index_version => 'index_version',
    DESTROY       => 'delete_Record',
    map { $_ => "Record_$_" } qw(leader type size iso2709 marcxml json line title ascii_title)
);

sub index_entries_of ($class, $marcxml, %options) {
    $class->need_octets($marcxml, 'record');
    my $lines = $class->function('index_entries_of', $class, $marcxml, %options);
    return if $lines eq 'refused';
    return [map { [split / /, $_, 2] } split /\n/, $lines];
}

sub fields ($self) {
    return [map { _field(%$_) } @{ Mojo::JSON::decode_json($self->json)->{fields} }];
}

sub field_lines ($self) {
    return [map { { tag => $_->{tag}, text => _field_text($_) } } @{ $self->fields }];
}

sub _field_text ($field) {
    return $field->{data} if exists $field->{data};
    return join ' ', "$field->{ind1}$field->{ind2}", map {"\$$_->[0] $_->[1]"} @{ $field->{subfields} };
}

# MARC-in-JSON has a hash of one pair per field and per subfield.
sub _field ($tag, $content) {
    return { tag => $tag, data => $content } if !ref $content;
    my @subfields = map { [%$_] } @{ $content->{subfields} };
    return {
        tag       => $tag,
        ind1      => $content->{ind1},
        ind2      => $content->{ind2},
        subfields => \@subfields
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Record - one MARC 21 record

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::Record;

    my $read = Koha::Plugin::ConnexionGateway::Core::Record->read($octets, nfc => 1);
    my $record = $read->{record}
        or die join "\n", map { $_->{message} } @{$read->{diagnostics}};
    print $record->type;                          # biblio
    print $record->fields->[0]{data};             # ocm00012345
    my $marcxml = $record->marcxml;

=head1 DESCRIPTION

A record is read and then never changes. Its content is always valid Unicode; leader/09 is always
C<a>, because that is how it is written.

=head1 READING

Never raises because of what the octets are. Both methods return a reference to a hash:

=over

=item C<record>: an object of this class, undef where the record is refused

=item C<outcome>: C<ok>, C<repaired> (all content is there, something was put right) or C<refused>
(content may have been lost)

=item C<encoding>: what the octets were in: C<utf-8>, C<marc-8> or C<latin-1>

=item C<consumed>: how many octets the record took

=item C<diagnostics>: a reference to an array of hashes, each with C<code>, C<severity> (C<notice>,
C<repaired>, C<refused>), C<offset> (octets from the record's start), C<tag> (empty where no field is
concerned, C<LDR> for the leader), C<occurrence> (1 for the first field with that tag, 0 for none) and
C<message> (a sentence)

=back

    my $read = Koha::Plugin::ConnexionGateway::Core::Record->read(substr $octets, 0, 100);
    print $read->{outcome};                       # refused
    print $read->{diagnostics}[0]{severity};      # refused
    print defined $read->{record} ? 1 : 0;        # 0

Options: C<< encoding => 'auto' >> (or C<utf-8>, C<marc-8>, C<latin-1>; C<auto> decides by the octets,
not by leader/09) and, each false unless given, C<nfc> (normalise to NFC), C<strict> (refuse what would
be repaired), C<bracketed_hex> (take C<< <U+4E2D> >> for the character) and C<numeric_references> (the
same for C<&#x4E2D;>).

=head2 read($octets, %options)

Reads the one ISO 2709 record at the start of the octets.

=head2 read_marcxml($octets, %options)

Reads one MARCXML C<record>, or a C<collection> that holds exactly one, in UTF-8.

    my $again = Koha::Plugin::ConnexionGateway::Core::Record->read_marcxml($record->marcxml);
    print $again->{record}->iso2709 eq $record->iso2709;    # 1

=head1 METHODS

=head2 index_entries_of($marcxml, %options)

Called on the class: reads MARCXML and gives what the record is found by in an index of identifiers,
as a reference to an array of C<[kind, value]>, both octets in UTF-8; undef where it can't be read. It
is C<index_entries> of L<Koha::Plugin::ConnexionGateway::Core::Rules> in one step, for many records.

    my $entries = Koha::Plugin::ConnexionGateway::Core::Record->index_entries_of($record->marcxml);
    print "@{$entries->[0]}";                     # oclc 12345

=head2 index_version

Called on the class: a number that is another one when the entries of the same record are others.

=head2 leader

The 24 characters of the leader.

=head2 type

By leader/06: C<biblio>, C<authority>, C<holdings>, C<community>, C<classification> or C<unknown>.

=head2 size

How many fields there are.

=head2 fields

The fields in the record's order, as a reference to an array of C<< {tag, data} >> for control fields
and C<< {tag, ind1, ind2, subfields => [[code, value], ...]} >> for the others; text throughout.

    my ($title) = grep { $_->{tag} eq '245' } @{$record->fields};
    print $title->{ind1};                         # 1
    print join '|', @{$title->{subfields}[0]};    # a|Moby Dick, or, The whale /

=head2 field_lines

The fields as C<{tag, text}>, the text as in a plan: C<10 $a Title>.

=head2 iso2709, marcxml, json

The record as octets: ISO 2709 in UTF-8 (raises C<marc.too_long> over its 99,999 bytes, or 9,999 in one
field), MARCXML, MARC-in-JSON.

=head2 line

The record as text for people, a line per field.

=head2 title

What to call the record, as text: 245 $a, $b, $n, $p, or an authority's heading, without the punctuation
at the end; empty if it has none.

=head2 ascii_title

The same in printable ASCII.

=cut
