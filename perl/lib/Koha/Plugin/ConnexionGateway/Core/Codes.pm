package Koha::Plugin::ConnexionGateway::Core::Codes;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Made by core/tables/make_errors_page.pl; not to be edited by hand.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my @TABLE = (
    ['record_empty', 'refused', q{There is no record: nothing, or a leader without fields.}],
    ['record_truncated', 'refused', q{The record ends before its record terminator: the end is missing.}],
    ['not_a_record', 'refused', q{What stands here does not begin with the leader of a MARC 21 record.}],
    ['leading_bytes', 'notice', q{Blanks, line ends, NULs, a byte order mark or record terminators before the record were skipped.}],
    ['trailing_bytes', 'notice', q{Bytes after the end of the record were not read.}],
    ['another_record_follows', 'notice', q{Another record follows; it was not read.}],
    ['record_length_wrong', 'repaired', q{The record length in the leader (00-04) is not the record's length; the record ends at its record terminator.}],
    ['record_length_unreadable', 'repaired', q{The record length in the leader (00-04) is not a number; the record ends at its record terminator.}],
    ['record_over_99999', 'repaired', q{The record is longer than 99,999 bytes; it was read by its terminators.}],
    ['record_terminator_missing', 'repaired', q{The record terminator is missing between this complete record and the next.}],
    ['record_terminator_early', 'refused', q{A record terminator stands inside the record's data.}],
    ['leader_bad_character', 'refused', q{The leader holds a byte that is not printable ASCII where it says what the record is.}],
    ['leader_blanked_character', 'repaired', q{The leader held a byte that is not printable ASCII; it was made a blank.}],
    ['leader_unusual_value', 'notice', q{The leader holds a value that MARC 21 does not define for this position.}],
    ['leader_counts', 'repaired', q{The leader's indicator count or subfield code count (10-11) is not 22.}],
    ['leader_entry_map', 'repaired', q{The leader's entry map (20-23) is not 4500.}],
    ['leader_encoding', 'repaired', q{The coding scheme in the leader (09) is not what the bytes are in.}],
    ['base_address_wrong', 'repaired', q{The base address in the leader (12-16) is not where the data begin.}],
    ['directory_unterminated', 'refused', q{The directory has no field terminator where it should end.}],
    ['directory_not_multiple_of_12', 'refused', q{The directory's length is not a multiple of 12: which entries are whole cannot be known.}],
    ['directory_bad_tag', 'refused', q{A directory entry has a tag that is not three letters or digits.}],
    ['directory_entry_unreadable', 'repaired', q{A directory entry has characters other than digits in its length or position; the field was found by its terminator.}],
    ['directory_entry_wrong', 'repaired', q{A directory entry has a wrong length or position; the field was found by its terminator.}],
    ['directory_out_of_range', 'refused', q{A directory entry points beyond the end of the data, and bytes may be missing.}],
    ['directory_overlapping', 'refused', q{Directory entries overlap.}],
    ['directory_does_not_fit', 'refused', q{The directory and the fields in the data do not fit each other, and it cannot be known which field is which.}],
    ['directory_unordered', 'notice', q{The directory does not list the fields in the order of the data; its own order was kept.}],
    ['data_not_in_directory', 'refused', q{The data hold a field that the directory does not list.}],
    ['field_terminator_missing', 'refused', q{The data hold fewer field terminators than the directory lists fields.}],
    ['field_over_9999', 'repaired', q{The field is longer than 9,999 bytes; it was read by its terminator.}],
    ['field_empty', 'repaired', q{The field has no content; it was left out.}],
    ['control_field_with_subfields', 'refused', q{A control field holds subfield delimiters.}],
    ['control_field_repeated', 'notice', q{A control field that may stand once is repeated.}],
    ['indicators_missing', 'refused', q{The data field does not begin with two indicators.}],
    ['indicator_bad', 'refused', q{An indicator is not a printable ASCII character.}],
    ['text_outside_subfields', 'refused', q{The data field has text that stands in no subfield.}],
    ['invisible_before_subfields', 'repaired', q{Blanks or invisible characters between the indicators and the first subfield were left out.}],
    ['subfield_code_missing', 'refused', q{A subfield delimiter is followed by text without a subfield code.}],
    ['subfield_delimiter_empty', 'repaired', q{A subfield delimiter has neither code nor content; it was left out.}],
    ['subfield_code_bad', 'refused', q{A subfield code is not a printable ASCII character.}],
    ['subfield_code_unusual', 'notice', q{A subfield code is neither a small letter nor a digit.}],
    ['line_break_in_data', 'repaired', q{Tabs or line ends in the data became spaces.}],
    ['control_character_in_data', 'repaired', q{Control characters in the data were left out.}],
    ['nul_in_data', 'refused', q{The data hold NULs, which stand where content was lost.}],
    ['control_character_kept', 'notice', q{The data hold a control character from U+0080 to U+009F, kept as it is.}],
    ['replacement_character', 'notice', q{The data hold U+FFFD: a character was lost before the record came here.}],
    ['double_encoded', 'notice', q{The text looks like UTF-8 that was encoded twice; it was kept as it is.}],
    ['noncharacter', 'refused', q{The data hold U+FFFE or U+FFFF, which are no characters.}],
    ['utf8_invalid', 'refused', q{The text is UTF-8 with bytes that are not, so characters are damaged.}],
    ['encoding_unknown', 'refused', q{The text is in no encoding that can be recognized.}],
    ['encodings_mixed', 'refused', q{The record mixes UTF-8 with MARC-8 escape sequences.}],
    ['read_as_latin1', 'repaired', q{The text is neither UTF-8 nor MARC-8; it was read as Latin-1.}],
    ['encoding_doubtful', 'notice', q{The text was read as MARC-8, as the leader says, but some of it would make more sense in Latin-1.}],
    ['marc8_undefined', 'refused', q{A code is not defined in its MARC-8 character set.}],
    ['marc8_truncated', 'refused', q{An East Asian character of three bytes is cut short.}],
    ['marc8_bad_escape', 'refused', q{An escape sequence designates no MARC-8 character set.}],
    ['marc8_combining_alone', 'refused', q{A combining character has no character to combine with.}],
    ['marc8_combining_odd', 'notice', q{A combining character stands before something that is no letter.}],
    ['marc8_set_left_open', 'notice', q{The text does not return to ASCII before the next subfield; that was read as ASCII again.}],
    ['escape_left_out', 'repaired', q{An escape sequence that designates nothing was left out.}],
    ['xml_malformed', 'refused', q{The document is not well-formed XML.}],
    ['xml_not_marcxml', 'refused', q{The document holds no MARCXML record, or elements in places where MARCXML has none.}],
    ['xml_several_records', 'refused', q{The document holds more than one record.}],
    ['xml_leader', 'repaired', q{The leader is absent or not 24 characters long; it was filled with blanks.}],
    ['xml_bad_field', 'refused', q{A field or subfield has a tag, an indicator or a code that MARC 21 does not allow there.}],
    ['xml_indicator_empty', 'repaired', q{An indicator is empty or absent; it was read as a blank.}],
    ['outgoing_type', 'refused', q{The leader (06) does not say that this is a record of the kind that is sent.}],
    ['outgoing_leader_value', 'refused', q{The leader holds a value that MARC 21 does not define for this kind of record.}],
    ['outgoing_008_missing', 'refused', q{Field 008 is missing.}],
    ['outgoing_008_repeated', 'refused', q{Field 008 may stand once and is repeated.}],
    ['outgoing_008_length', 'refused', q{Field 008 is not 40 characters long.}],
    ['outgoing_008_value', 'refused', q{Field 008 holds a value that MARC 21 does not define for this kind of record.}],
    ['outgoing_040_missing', 'refused', q{Field 040, the cataloging source, is missing.}],
    ['outgoing_040_incomplete', 'refused', q{Field 040 lacks $a or $c: who cataloged and who transcribed the record.}],
    ['outgoing_245_missing', 'refused', q{There is no title: field 245 is missing, or has neither $a nor $k.}],
    ['outgoing_245_repeated', 'refused', q{Field 245 may stand once and is repeated.}],
    ['outgoing_main_entry_repeated', 'refused', q{There is more than one main entry (1XX).}],
    ['outgoing_heading_missing', 'refused', q{The authority record has no heading (1XX).}],
    ['outgoing_heading_repeated', 'refused', q{The authority record has more than one heading (1XX).}],
    ['outgoing_record_too_long', 'refused', q{The record is longer than the 99,999 bytes that ISO 2709 can hold; it is not in the file.}],
    ['outgoing_field_too_long', 'refused', q{The field is longer than the 9,999 bytes that ISO 2709 can hold; the record is not in the file.}],
    ['outgoing_not_in_marc8', 'notice', q{The field has characters that MARC-8 does not have; they are written as numeric references.}],
);
my %OF = map { $_->[0] => $_ } @TABLE;

sub RECORD_EMPTY () { return 'record_empty' }
sub RECORD_TRUNCATED () { return 'record_truncated' }
sub NOT_A_RECORD () { return 'not_a_record' }
sub LEADING_BYTES () { return 'leading_bytes' }
sub TRAILING_BYTES () { return 'trailing_bytes' }
sub ANOTHER_RECORD_FOLLOWS () { return 'another_record_follows' }
sub RECORD_LENGTH_WRONG () { return 'record_length_wrong' }
sub RECORD_LENGTH_UNREADABLE () { return 'record_length_unreadable' }
sub RECORD_OVER_99999 () { return 'record_over_99999' }
sub RECORD_TERMINATOR_MISSING () { return 'record_terminator_missing' }
sub RECORD_TERMINATOR_EARLY () { return 'record_terminator_early' }
sub LEADER_BAD_CHARACTER () { return 'leader_bad_character' }
sub LEADER_BLANKED_CHARACTER () { return 'leader_blanked_character' }
sub LEADER_UNUSUAL_VALUE () { return 'leader_unusual_value' }
sub LEADER_COUNTS () { return 'leader_counts' }
sub LEADER_ENTRY_MAP () { return 'leader_entry_map' }
sub LEADER_ENCODING () { return 'leader_encoding' }
sub BASE_ADDRESS_WRONG () { return 'base_address_wrong' }
sub DIRECTORY_UNTERMINATED () { return 'directory_unterminated' }
sub DIRECTORY_NOT_MULTIPLE_OF_12 () { return 'directory_not_multiple_of_12' }
sub DIRECTORY_BAD_TAG () { return 'directory_bad_tag' }
sub DIRECTORY_ENTRY_UNREADABLE () { return 'directory_entry_unreadable' }
sub DIRECTORY_ENTRY_WRONG () { return 'directory_entry_wrong' }
sub DIRECTORY_OUT_OF_RANGE () { return 'directory_out_of_range' }
sub DIRECTORY_OVERLAPPING () { return 'directory_overlapping' }
sub DIRECTORY_DOES_NOT_FIT () { return 'directory_does_not_fit' }
sub DIRECTORY_UNORDERED () { return 'directory_unordered' }
sub DATA_NOT_IN_DIRECTORY () { return 'data_not_in_directory' }
sub FIELD_TERMINATOR_MISSING () { return 'field_terminator_missing' }
sub FIELD_OVER_9999 () { return 'field_over_9999' }
sub FIELD_EMPTY () { return 'field_empty' }
sub CONTROL_FIELD_WITH_SUBFIELDS () { return 'control_field_with_subfields' }
sub CONTROL_FIELD_REPEATED () { return 'control_field_repeated' }
sub INDICATORS_MISSING () { return 'indicators_missing' }
sub INDICATOR_BAD () { return 'indicator_bad' }
sub TEXT_OUTSIDE_SUBFIELDS () { return 'text_outside_subfields' }
sub INVISIBLE_BEFORE_SUBFIELDS () { return 'invisible_before_subfields' }
sub SUBFIELD_CODE_MISSING () { return 'subfield_code_missing' }
sub SUBFIELD_DELIMITER_EMPTY () { return 'subfield_delimiter_empty' }
sub SUBFIELD_CODE_BAD () { return 'subfield_code_bad' }
sub SUBFIELD_CODE_UNUSUAL () { return 'subfield_code_unusual' }
sub LINE_BREAK_IN_DATA () { return 'line_break_in_data' }
sub CONTROL_CHARACTER_IN_DATA () { return 'control_character_in_data' }
sub NUL_IN_DATA () { return 'nul_in_data' }
sub CONTROL_CHARACTER_KEPT () { return 'control_character_kept' }
sub REPLACEMENT_CHARACTER () { return 'replacement_character' }
sub DOUBLE_ENCODED () { return 'double_encoded' }
sub NONCHARACTER () { return 'noncharacter' }
sub UTF8_INVALID () { return 'utf8_invalid' }
sub ENCODING_UNKNOWN () { return 'encoding_unknown' }
sub ENCODINGS_MIXED () { return 'encodings_mixed' }
sub READ_AS_LATIN1 () { return 'read_as_latin1' }
sub ENCODING_DOUBTFUL () { return 'encoding_doubtful' }
sub MARC8_UNDEFINED () { return 'marc8_undefined' }
sub MARC8_TRUNCATED () { return 'marc8_truncated' }
sub MARC8_BAD_ESCAPE () { return 'marc8_bad_escape' }
sub MARC8_COMBINING_ALONE () { return 'marc8_combining_alone' }
sub MARC8_COMBINING_ODD () { return 'marc8_combining_odd' }
sub MARC8_SET_LEFT_OPEN () { return 'marc8_set_left_open' }
sub ESCAPE_LEFT_OUT () { return 'escape_left_out' }
sub XML_MALFORMED () { return 'xml_malformed' }
sub XML_NOT_MARCXML () { return 'xml_not_marcxml' }
sub XML_SEVERAL_RECORDS () { return 'xml_several_records' }
sub XML_LEADER () { return 'xml_leader' }
sub XML_BAD_FIELD () { return 'xml_bad_field' }
sub XML_INDICATOR_EMPTY () { return 'xml_indicator_empty' }
sub OUTGOING_TYPE () { return 'outgoing_type' }
sub OUTGOING_LEADER_VALUE () { return 'outgoing_leader_value' }
sub OUTGOING_008_MISSING () { return 'outgoing_008_missing' }
sub OUTGOING_008_REPEATED () { return 'outgoing_008_repeated' }
sub OUTGOING_008_LENGTH () { return 'outgoing_008_length' }
sub OUTGOING_008_VALUE () { return 'outgoing_008_value' }
sub OUTGOING_040_MISSING () { return 'outgoing_040_missing' }
sub OUTGOING_040_INCOMPLETE () { return 'outgoing_040_incomplete' }
sub OUTGOING_245_MISSING () { return 'outgoing_245_missing' }
sub OUTGOING_245_REPEATED () { return 'outgoing_245_repeated' }
sub OUTGOING_MAIN_ENTRY_REPEATED () { return 'outgoing_main_entry_repeated' }
sub OUTGOING_HEADING_MISSING () { return 'outgoing_heading_missing' }
sub OUTGOING_HEADING_REPEATED () { return 'outgoing_heading_repeated' }
sub OUTGOING_RECORD_TOO_LONG () { return 'outgoing_record_too_long' }
sub OUTGOING_FIELD_TOO_LONG () { return 'outgoing_field_too_long' }
sub OUTGOING_NOT_IN_MARC8 () { return 'outgoing_not_in_marc8' }

sub codes    ()      { return map { $_->[0] } @TABLE }
sub severity ($code) { return $OF{$code} && $OF{$code}[1] }
sub sentence ($code) { return $OF{$code} && $OF{$code}[2] }

1;

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Codes - the codes of diagnostics

=head1 FUNCTIONS

=over

=item codes

All codes, in the order of the table.

=item severity

C<severity($code)> is notice, repaired or refused: what a code has unless reading is strict. Undef
for a code that there is not.

=item sentence

C<sentence($code)> says what the code means wherever it occurs. Undef for a code that there is not.

=back

=head1 CONSTANTS

=over

=item RECORD_EMPTY

There is no record: nothing, or a leader without fields. (refused)

=item RECORD_TRUNCATED

The record ends before its record terminator: the end is missing. (refused)

=item NOT_A_RECORD

What stands here does not begin with the leader of a MARC 21 record. (refused)

=item LEADING_BYTES

Blanks, line ends, NULs, a byte order mark or record terminators before the record were skipped. (notice)

=item TRAILING_BYTES

Bytes after the end of the record were not read. (notice)

=item ANOTHER_RECORD_FOLLOWS

Another record follows; it was not read. (notice)

=item RECORD_LENGTH_WRONG

The record length in the leader (00-04) is not the record's length; the record ends at its record terminator. (repaired)

=item RECORD_LENGTH_UNREADABLE

The record length in the leader (00-04) is not a number; the record ends at its record terminator. (repaired)

=item RECORD_OVER_99999

The record is longer than 99,999 bytes; it was read by its terminators. (repaired)

=item RECORD_TERMINATOR_MISSING

The record terminator is missing between this complete record and the next. (repaired)

=item RECORD_TERMINATOR_EARLY

A record terminator stands inside the record's data. (refused)

=item LEADER_BAD_CHARACTER

The leader holds a byte that is not printable ASCII where it says what the record is. (refused)

=item LEADER_BLANKED_CHARACTER

The leader held a byte that is not printable ASCII; it was made a blank. (repaired)

=item LEADER_UNUSUAL_VALUE

The leader holds a value that MARC 21 does not define for this position. (notice)

=item LEADER_COUNTS

The leader's indicator count or subfield code count (10-11) is not 22. (repaired)

=item LEADER_ENTRY_MAP

The leader's entry map (20-23) is not 4500. (repaired)

=item LEADER_ENCODING

The coding scheme in the leader (09) is not what the bytes are in. (repaired)

=item BASE_ADDRESS_WRONG

The base address in the leader (12-16) is not where the data begin. (repaired)

=item DIRECTORY_UNTERMINATED

The directory has no field terminator where it should end. (refused)

=item DIRECTORY_NOT_MULTIPLE_OF_12

The directory's length is not a multiple of 12: which entries are whole cannot be known. (refused)

=item DIRECTORY_BAD_TAG

A directory entry has a tag that is not three letters or digits. (refused)

=item DIRECTORY_ENTRY_UNREADABLE

A directory entry has characters other than digits in its length or position; the field was found by its terminator. (repaired)

=item DIRECTORY_ENTRY_WRONG

A directory entry has a wrong length or position; the field was found by its terminator. (repaired)

=item DIRECTORY_OUT_OF_RANGE

A directory entry points beyond the end of the data, and bytes may be missing. (refused)

=item DIRECTORY_OVERLAPPING

Directory entries overlap. (refused)

=item DIRECTORY_DOES_NOT_FIT

The directory and the fields in the data do not fit each other, and it cannot be known which field is which. (refused)

=item DIRECTORY_UNORDERED

The directory does not list the fields in the order of the data; its own order was kept. (notice)

=item DATA_NOT_IN_DIRECTORY

The data hold a field that the directory does not list. (refused)

=item FIELD_TERMINATOR_MISSING

The data hold fewer field terminators than the directory lists fields. (refused)

=item FIELD_OVER_9999

The field is longer than 9,999 bytes; it was read by its terminator. (repaired)

=item FIELD_EMPTY

The field has no content; it was left out. (repaired)

=item CONTROL_FIELD_WITH_SUBFIELDS

A control field holds subfield delimiters. (refused)

=item CONTROL_FIELD_REPEATED

A control field that may stand once is repeated. (notice)

=item INDICATORS_MISSING

The data field does not begin with two indicators. (refused)

=item INDICATOR_BAD

An indicator is not a printable ASCII character. (refused)

=item TEXT_OUTSIDE_SUBFIELDS

The data field has text that stands in no subfield. (refused)

=item INVISIBLE_BEFORE_SUBFIELDS

Blanks or invisible characters between the indicators and the first subfield were left out. (repaired)

=item SUBFIELD_CODE_MISSING

A subfield delimiter is followed by text without a subfield code. (refused)

=item SUBFIELD_DELIMITER_EMPTY

A subfield delimiter has neither code nor content; it was left out. (repaired)

=item SUBFIELD_CODE_BAD

A subfield code is not a printable ASCII character. (refused)

=item SUBFIELD_CODE_UNUSUAL

A subfield code is neither a small letter nor a digit. (notice)

=item LINE_BREAK_IN_DATA

Tabs or line ends in the data became spaces. (repaired)

=item CONTROL_CHARACTER_IN_DATA

Control characters in the data were left out. (repaired)

=item NUL_IN_DATA

The data hold NULs, which stand where content was lost. (refused)

=item CONTROL_CHARACTER_KEPT

The data hold a control character from U+0080 to U+009F, kept as it is. (notice)

=item REPLACEMENT_CHARACTER

The data hold U+FFFD: a character was lost before the record came here. (notice)

=item DOUBLE_ENCODED

The text looks like UTF-8 that was encoded twice; it was kept as it is. (notice)

=item NONCHARACTER

The data hold U+FFFE or U+FFFF, which are no characters. (refused)

=item UTF8_INVALID

The text is UTF-8 with bytes that are not, so characters are damaged. (refused)

=item ENCODING_UNKNOWN

The text is in no encoding that can be recognized. (refused)

=item ENCODINGS_MIXED

The record mixes UTF-8 with MARC-8 escape sequences. (refused)

=item READ_AS_LATIN1

The text is neither UTF-8 nor MARC-8; it was read as Latin-1. (repaired)

=item ENCODING_DOUBTFUL

The text was read as MARC-8, as the leader says, but some of it would make more sense in Latin-1. (notice)

=item MARC8_UNDEFINED

A code is not defined in its MARC-8 character set. (refused)

=item MARC8_TRUNCATED

An East Asian character of three bytes is cut short. (refused)

=item MARC8_BAD_ESCAPE

An escape sequence designates no MARC-8 character set. (refused)

=item MARC8_COMBINING_ALONE

A combining character has no character to combine with. (refused)

=item MARC8_COMBINING_ODD

A combining character stands before something that is no letter. (notice)

=item MARC8_SET_LEFT_OPEN

The text does not return to ASCII before the next subfield; that was read as ASCII again. (notice)

=item ESCAPE_LEFT_OUT

An escape sequence that designates nothing was left out. (repaired)

=item XML_MALFORMED

The document is not well-formed XML. (refused)

=item XML_NOT_MARCXML

The document holds no MARCXML record, or elements in places where MARCXML has none. (refused)

=item XML_SEVERAL_RECORDS

The document holds more than one record. (refused)

=item XML_LEADER

The leader is absent or not 24 characters long; it was filled with blanks. (repaired)

=item XML_BAD_FIELD

A field or subfield has a tag, an indicator or a code that MARC 21 does not allow there. (refused)

=item XML_INDICATOR_EMPTY

An indicator is empty or absent; it was read as a blank. (repaired)

=item OUTGOING_TYPE

The leader (06) does not say that this is a record of the kind that is sent. (refused)

=item OUTGOING_LEADER_VALUE

The leader holds a value that MARC 21 does not define for this kind of record. (refused)

=item OUTGOING_008_MISSING

Field 008 is missing. (refused)

=item OUTGOING_008_REPEATED

Field 008 may stand once and is repeated. (refused)

=item OUTGOING_008_LENGTH

Field 008 is not 40 characters long. (refused)

=item OUTGOING_008_VALUE

Field 008 holds a value that MARC 21 does not define for this kind of record. (refused)

=item OUTGOING_040_MISSING

Field 040, the cataloging source, is missing. (refused)

=item OUTGOING_040_INCOMPLETE

Field 040 lacks $a or $c: who cataloged and who transcribed the record. (refused)

=item OUTGOING_245_MISSING

There is no title: field 245 is missing, or has neither $a nor $k. (refused)

=item OUTGOING_245_REPEATED

Field 245 may stand once and is repeated. (refused)

=item OUTGOING_MAIN_ENTRY_REPEATED

There is more than one main entry (1XX). (refused)

=item OUTGOING_HEADING_MISSING

The authority record has no heading (1XX). (refused)

=item OUTGOING_HEADING_REPEATED

The authority record has more than one heading (1XX). (refused)

=item OUTGOING_RECORD_TOO_LONG

The record is longer than the 99,999 bytes that ISO 2709 can hold; it is not in the file. (refused)

=item OUTGOING_FIELD_TOO_LONG

The field is longer than the 9,999 bytes that ISO 2709 can hold; the record is not in the file. (refused)

=item OUTGOING_NOT_IN_MARC8

The field has characters that MARC-8 does not have; they are written as numeric references. (notice)

=back

=cut
