package Differential::Readers;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The readers that are compared. Each takes the octets of one record and gives
# { leader, fields => [[tag, data], [tag, indicators, [code, value], ...], ...] } with characters in
# normal form C, or { error }. Ours tells what it found, too.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     ();
use FindBin    ();
use IPC::Open2 qw(open2);

use MARC::Charset      ();
use MARC::Record       ();
use Mojo::JSON         qw(decode_json);
use Unicode::Normalize qw(NFC);

use Koha::Plugin::ConnexionGateway::Core::Record;

my $RECORD = 'Koha::Plugin::ConnexionGateway::Core::Record';

=head1 FUNCTIONS

=head2 ours

The core, all encodings by the bytes.

=cut

sub ours ($octets) {
    my $read  = $RECORD->read($octets, nfc => 1);
    my @found = map { $_->{code} } @{ $read->{diagnostics} };
    my %about = (found => \@found, encoding => $read->{encoding}, outcome => $read->{outcome});
    return { %about, error => refusal($read) } if !$read->{record};
    return { %about, %{ from_json($read->{record}->json) } };
}

sub refusal ($read) {
    my ($first) = grep { $_->{severity} eq 'refused' } @{ $read->{diagnostics} };
    return $first->{code};
}

=head2 yaz($program)

libyaz, through the program of that name; MARC-8 where leader/09 isn't C<a>.

=cut

sub yaz ($program) {
    my $ask = asking($program);
    return sub ($octets) {
        my $json = $ask->($octets);
        return { error => 'not read' } if !length $json;

        # Its JSON has the octets of a record that says UTF-8 as they are.
        my $check = Encode::FB_CROAK | Encode::LEAVE_SRC;
        return { error => 'invalid UTF-8' } if !eval { Encode::decode('UTF-8', $json, $check) };
        return eval { from_json($json) } // { error => 'invalid JSON' };
    };
}

=head2 pymarc

pymarc, where Python has it; nothing where it hasn't.

=cut

sub pymarc () {
    return if system 'python3 -c "import pymarc" 2>/dev/null';
    my $ask = asking('python3', "$FindBin::Bin/pymarc_reader.py");
    return sub ($octets) {
        my $answer = decode_json($ask->($octets));
        return defined $answer->{error} ? $answer : normal($answer);
    };
}

=head2 marc_record

MARC::Record, and MARC::Charset for its subfields where leader/09 isn't C<a>.

=cut

sub marc_record ($octets) {
    local $SIG{__WARN__} = sub { };
    my $record = eval { MARC::Record->new_from_usmarc($octets) };
    return { error => 'dies' } if !$record;
    my @warnings = $record->warnings;
    my $utf8     = substr($record->leader, 9, 1) eq 'a';
    my $text     = $utf8 ? sub ($value) { $value } : \&from_marc8;
    my @fields   = map { marc_record_field($_, $text) } $record->fields;
    my $read     = normal({ leader => $record->leader, fields => \@fields });
    $read->{warned} = 1 if @warnings;
    return $read;
}

sub marc_record_field ($field, $text) {
    return [$field->tag, $text->($field->data)] if $field->is_control_field;
    my @subfields = map { [$_->[0], $text->($_->[1])] } $field->subfields;
    return [$field->tag, $field->indicator(1) . $field->indicator(2), @subfields];
}

sub from_marc8 ($value) {
    return $value if $value !~ /[^\x20-\x7E]/;
    return MARC::Charset::marc8_to_utf8($value) // q();
}

# --- helpers --------------------------------------------------------------------------------------

# A program that answers each framed message with one.
sub asking (@command) {
    open2(my $out, my $in, @command);
    binmode $_, ':raw' for $out, $in;
    return sub ($octets) {
        print {$in} pack('N', length $octets), $octets;
        $in->flush;
        return taken($out, unpack 'N', taken($out, 4));
    };
}

sub taken ($from, $size) {
    my $octets = q();
    while (length $octets < $size) {
        read $from, $octets, $size - length $octets, length $octets
            or die "a reader ended\n";
    }
    return $octets;
}

# MARC-in-JSON.
sub from_json ($json) {
    my $record = decode_json($json);
    return normal(
        {
            leader => $record->{leader},
            fields => [map { json_field(%$_) } @{ $record->{fields} }]
        }
    );
}

sub json_field ($tag, $content) {
    return [$tag, $content] if !ref $content;
    return [
        $tag,
        join(q(), map { $content->{$_} // q() } qw(ind1 ind2)),
        map { [%$_] } @{ $content->{subfields} }
    ];
}

# Lengths and what follows from the output's encoding say nothing about the reading.
sub normal ($record) {
    my $leader = $record->{leader} // q();
    substr $leader, $_->[0], $_->[1], q(#) x $_->[1]
        for grep { length $leader >= $_->[0] + $_->[1] } [0, 5], [9, 8], [20, 4];
    for my $field (@{ $record->{fields} }) {
        $_ = NFC($_ // q()) for @$field[1 .. (ref $field->[2] ? 1 : $#$field)];
        $_->[1] = NFC($_->[1] // q()) for grep { ref } @$field;
    }
    return { leader => $leader, fields => $record->{fields} };
}

1;
