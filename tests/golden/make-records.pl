#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# make-records.pl [--check]: writes the made and the damaged records of tests/golden/records and what
# is expected of them, or compares them with what is there. It knows nothing of the core: what a
# record is expected to come to follows from docs/decoding.md and from what was done to it here.
use v5.26;
use strict;
use warnings;
use utf8;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     qw(encode_utf8);
use FindBin    qw($Bin);
use List::Util qw(first);

my $CHECK  = grep { $_ eq '--check' } @ARGV;
my $FOLDER = "$Bin/records";

my $DELIMITER = "\x1F";
my $FIELD_END = "\x1E";
my $END       = "\x1D";

my %severity = severities();
my @made;    # number, from, shows, bytes, options, as, report, text, xml

# --- records of ISO 2709 -------------------------------------------------------------------------

# One field's content: "10", a => 'Title'.
sub content ($indicators, @subfields) {
    my $content = $indicators;
    while (my ($code, $value) = splice @subfields, 0, 2) { $content .= "$DELIMITER$code$value" }
    return $content;
}

# A record of [tag, content] with every number right. A third member of a field is its directory
# entry without the tag, or with it where it has 12 characters.
sub record ($leader, @fields) {
    my ($directory, $data) = ('', '');
    for my $field (@fields) {
        my ($tag, $content, $entry) = @$field;
        $entry //= sprintf '%04d%05d', 1 + length $content, length $data;
        $directory .= length $entry == 12 ? $entry : "$tag$entry";
        $data      .= "$content$FIELD_END";
    }
    my $base  = 25 + length $directory;
    my $bytes = "$leader$directory$FIELD_END$data$END";
    return with($bytes, 0 => digits($base + 1 + length $data), 12 => digits($base));
}

sub digits ($number) { return substr sprintf('%05d', $number), -5 }

# The bytes with others put over them at some offsets.
sub with ($bytes, %changes) {
    substr $bytes, $_, length $changes{$_}, $changes{$_} for keys %changes;
    return $bytes;
}

# A small record: 001, what is given, and 300.
sub small ($leader, @fields) {
    return record($leader, ['001', '1'], @fields, ['300', content('  ', a => 'III')]);
}

my $UTF8  = '00000nam a2200000 a 4500';
my $MARC8 = '00000nam  2200000 a 4500';
my $TITLE = ['245', content('10', a => 'Title')];

sub title ($value, @more) { return ['245', content('10', a => $value, @more)] }

# The offset of a text that the bytes have once, and of the N-th byte behind it.
sub at ($bytes, $text, $plus = 0) {
    my $offset = index $bytes, $text;
    die "not there once: $text\n" if $offset < 0 || index($bytes, $text, $offset + 1) >= 0;
    return $offset + $plus;
}

# --- what is expected ----------------------------------------------------------------------------

# [code, offset, tag, occurrence]; the leader has no occurrence.
sub found ($code, $offset, $tag = q(), $occurrence = undef) {
    $occurrence //= $tag eq q() || $tag eq 'LDR' ? 0 : 1;
    return { code => $code, offset => $offset, tag => $tag, occurrence => $occurrence };
}

sub leader_found ($code, $offset) { return found($code, $offset, 'LDR') }

# The lines for people that the small record comes to.
sub lines ($bytes, @fields) {
    return (leader_line($bytes), '001 1', @fields, '300    $a III');
}

# What becomes of a leader without damage but in what the reader always sets.
sub leader_line ($bytes) {
    return with(substr($bytes, 0, 24), 9 => 'a22', 20 => '4500');
}

# Options: shows, and of encoding (utf-8), consumed (all), found ([]), as, text, options, from.
sub made ($number, $bytes, %of) {
    my @found   = @{ $of{found} // [] };
    my %has     = map { severity($_, $of{options}) => 1 } @found;
    my $outcome = first { $has{$_} } qw(refused repaired);
    my $report  = report(
        $outcome      // 'ok',
        $of{encoding} // 'utf-8',
        $of{consumed} // length $bytes,
        $of{options}, @found
    );
    push @made,
        {
        number  => $number,
        from    => 'made',
        options => q(),
        as      => q(),
        %of,
        bytes    => $bytes,
        report   => $report,
        encoding => $of{encoding} // 'utf-8',
        };
    return;
}

sub damaged ($number, $bytes, %of) {
    return made($number, $bytes, from => '001, damaged', %of);
}

sub severity ($found, $options) {
    my $severity = $severity{ $found->{code} } // die "no code $found->{code}\n";
    return ($options // q()) =~ /strict/ && $severity eq 'repaired' ? 'refused' : $severity;
}

sub report ($outcome, $encoding, $consumed, $options, @found) {
    my @lines = map {
        sprintf '    {"code": "%s", "severity": "%s", "offset": %d, "tag": "%s", "occurrence": %d}',
            $_->{code}, severity($_, $options), @$_{qw(offset tag occurrence)}
    } @found;
    my $list = @lines ? "[\n" . join(",\n", @lines) . "\n  ]" : '[]';
    return <<"JSON";
{
  "outcome": "$outcome",
  "encoding": "$encoding",
  "consumed": $consumed,
  "diagnostics": $list
}
JSON
}

# The severities of the codes, from the table that defines them.
sub severities () {
    my $table = slurp("$Bin/../../core/include/connexion/diagnostics.def");
    return $table =~ /^CONNEXION_DIAGNOSTIC\((\w+), (\w+),/gm;
}

sub slurp ($path) {
    open my $in, '<:raw', $path or die "$path: $!\n";
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}

# --- damage to the record and its leader ----------------------------------------------------------

my $book  = slurp("$FOLDER/001.mrc");
my $size  = length $book;
my $whole = substr $book, 0, $size - 1;    # without its record terminator

for (
    ['029', with($book, 0 => '01400'), 'record length too long',     'record_length_wrong'],
    ['030', with($book, 0 => '01000'), 'record length too short',    'record_length_wrong'],
    ['031', with($book, 0 => '0l322'), 'record length with letters', 'record_length_unreadable'],
    ['032', with($book, 0 => '     '), 'record length blank',        'record_length_unreadable'],
) {
    my ($number, $bytes, $shows, $code) = @$_;
    damaged($number, $bytes, shows => $shows, as => '001', found => [leader_found($code, 0)]);
}

for (
    ['033', '00000', 'base address zero'],
    ['034', '00348', 'base address one too low'],
    ['124', '     ', 'base address blank'],
    ['125', '99999', 'base address beyond the record'],
) {
    my ($number, $digits, $shows) = @$_;
    damaged(
        $number, with($book, 12 => $digits),
        shows => $shows,
        as    => '001',
        found => [leader_found('base_address_wrong', 12)]
    );
}

for (
    ['035', 10 => '3',    'indicator count not 2',     'leader_counts'],
    ['126', 11 => '0',    'subfield code count not 2', 'leader_counts', 10],
    ['036', 20 => '0000', 'entry map of zeros',        'leader_entry_map'],
    ['130', 20 => '45  ', 'entry map half blank',      'leader_entry_map'],
) {
    my ($number, $offset, $value, $shows, $code, $told) = @$_;
    damaged(
        $number, with($book, $offset => $value),
        shows => $shows,
        as    => '001',
        found => [leader_found($code, $told // $offset)]
    );
}

damaged(
    '037', with($book, 6 => "\x01"),
    shows => 'type of record a control character',
    found => [leader_found('leader_bad_character', 6)]
);
damaged(
    '038', with($book, 17 => "\x01"),
    shows => 'a control character as encoding level',
    as    => '001',
    found => [leader_found('leader_blanked_character', 17)]
);
damaged(
    '039', with($book, 6 => '9'),
    shows => 'type of record that MARC 21 does not define',
    found => [leader_found('leader_unusual_value', 6)]
);

my @POSITIONS = (5, 7, 8, 17, 18, 19);
{
    my $bytes = with(small($UTF8, $TITLE), map { $_ => 'y' } @POSITIONS);
    made(
        '127', $bytes,
        shows => 'values that MARC 21 does not define, in every other position of the leader',
        text  => [lines($bytes, '245 10 $a Title')],
        found => [map { leader_found('leader_unusual_value', $_) } @POSITIONS]
    );
    $bytes = with($bytes, map { $_ => "\x02" } @POSITIONS);
    substr $bytes, 17, 1, "\xE9";
    made(
        '128', $bytes,
        shows => 'bytes that are not printable, in every other position of the leader',
        text  => [lines(with($bytes, map { $_ => q( ) } @POSITIONS), '245 10 $a Title')],
        found => [map { leader_found('leader_blanked_character', $_) } @POSITIONS]
    );
}
damaged(
    '129', with($book, 9 => '#'),
    shows    => 'a coding scheme that there is not, and ASCII',
    as       => '001',
    encoding => 'marc-8',
    found    => [leader_found('leader_encoding', 9)]
);

for (
    ['040', " \r\n",        'blanks and a line end before the record'],
    ['041', "\0\0",         'NULs before the record'],
    ['116', "\xEF\xBB\xBF", 'a byte order mark before the record'],
    ['388', "\x1D\x1D",     'record terminators before the record'],
) {
    my ($number, $before, $shows) = @$_;
    damaged(
        $number, "$before$book",
        shows => $shows,
        as    => '001',
        found => [found('leading_bytes', 0)]
    );
}
damaged(
    '042', "$book\r\n",
    shows    => 'a line end after the record',
    as       => '001',
    consumed => $size,
    found    => [found('trailing_bytes', $size)]
);
damaged(
    '043', "${book}hello",
    shows    => 'other bytes after the record',
    as       => '001',
    consumed => $size,
    found    => [found('trailing_bytes', $size)]
);
damaged(
    '044', $book . $book,
    shows    => 'another record after this one',
    as       => '001',
    consumed => $size,
    found    => [found('another_record_follows', $size)]
);
made('045', q(),        shows => 'nothing at all',            found => [found('record_empty', 0)]);
made('117', "\r\n  \n", shows => 'blanks and line ends only', found => [found('record_empty', 5)]);
made('118', '00123',    shows => 'five digits',      found => [found('record_truncated', 5)]);
made('119', '<record>', shows => 'eight characters', found => [found('not_a_record',     8)]);
made(
    '046', '<html><body>Not found</body></html>',
    shows => 'text that is no record',
    found => [found('not_a_record', 0)]
);
damaged(
    '047', substr($book, 0, 24),
    shows => 'a leader and nothing else',
    found => [found('record_truncated', 24)]
);
made(
    '048', "00026nam a2200025 a 4500$FIELD_END$END",
    shows => 'leader and end of directory without fields',
    found => [found('record_empty', 24)]
);

# Cut, in ways that a connection or a program may cut.
for (['049', 100, 'cut in the directory'], ['050', $size - 1, 'cut before the record terminator']) {
    my ($number, $length, $shows) = @$_;
    damaged(
        $number, substr($book, 0, $length),
        shows => $shows,
        found => [found('record_truncated', $length)]
    );
}
damaged(
    '051', substr($book, 0, 900) . $END,
    shows => 'cut in the data with a record terminator put behind the cut',
    found => [found('record_truncated', 900)]
);
damaged(
    '122', substr($book, 0, 900) . $book,
    shows    => 'cut in the data with the next record following',
    consumed => 900,
    found    => [found('record_truncated', 900), found('another_record_follows', 900)]
);
damaged(
    '123', substr($book, 0, 1310) . "$FIELD_END$END",
    shows => 'cut in the last field with both terminators put behind the cut',
    found => [found('directory_out_of_range', 24 + 26 * 12, '911')]
);
damaged(
    '052', $whole . $book,
    shows    => 'record terminator missing, the next record following',
    as       => '001',
    consumed => $size - 1,
    found    =>
        [found('record_terminator_missing', $size - 1), found('another_record_follows', $size - 1)]
);
damaged(
    '131', with($whole, 0 => digits($size - 1)),
    shows => 'no record terminator, and a record length that counts none',
    as    => '001',
    found => [found('record_terminator_missing', $size - 1)]
);
damaged(
    '120', "$whole\n",
    shows => 'a line end in place of the record terminator',
    as    => '001',
    found => [found('record_terminator_missing', $size - 1)]
);
damaged(
    '053', with($book, 649 => $END),
    shows => 'a record terminator inside the data',
    found => [found('record_terminator_early', 649)]
);
damaged(
    '121', with($book . $book, 0 => digits(2 * $size)),
    shows    => 'two records glued together by the length of the first',
    as       => '001',
    consumed => $size,
    found    => [leader_found('record_length_wrong', 0), found('another_record_follows', $size)]
);
{
    my @notes = map { ['520', content('  ', a => chr(ord('a') + $_) x 9200)] } 0 .. 10;
    made(
        '132', record($UTF8, ['001', '1'], $TITLE, @notes),
        shows => 'a record over 99,999 bytes',
        found => [leader_found('record_over_99999', 0)]
    );
}

# --- damage to the directory ----------------------------------------------------------------------

my $DIRECTORY_END = index $book, $FIELD_END;
my $ENTRY_245     = at($book, '245004100290');
my $DATA_245      = at($book, '14' . $DELIMITER . 'aThe distant');

damaged(
    '133', substr($book, 0, $DIRECTORY_END) . ('x' x 20) . $END,
    shows => 'no field terminator at all',
    found => [found('directory_unterminated', 24)]
);
for (
    [
        '054',
        substr($book, 0, $DIRECTORY_END) . '0' . substr($book, $DIRECTORY_END),
        'directory longer by one byte'
    ],
    [
        '055',
        with($book, $DIRECTORY_END => q( )),
        'directory terminator overwritten: the next terminator ends a directory that is no '
            . 'multiple of 12'
    ],
    ['134', substr($book, 0, 40) . substr($book, 41), 'directory shorter by one byte'],
) {
    my ($number, $bytes, $shows) = @$_;
    damaged(
        $number, $bytes,
        shows => $shows,
        found => [found('directory_not_multiple_of_12', 24)]
    );
}
damaged(
    '056', with($book, 37 => ' 5'),
    shows => 'a directory entry with a blank in its tag',
    found => [found('directory_bad_tag', 36)]
);

for (
    ['057', 3 => 'O',     'letters in a field length',            'directory_entry_unreadable'],
    ['135', 7 => 'OO',    'letters in a starting position',       'directory_entry_unreadable'],
    ['136', 3 => '    ',  'a field length of blanks',             'directory_entry_unreadable'],
    ['058', 7 => '99999', 'a starting position beyond the data',  'directory_entry_wrong'],
    ['059', 6 => '2',     'a field length one too long',          'directory_entry_wrong'],
    ['137', 6 => '0',     'a field length one too short',         'directory_entry_wrong'],
    ['138', 3 => '0000',  'a field length of zero',               'directory_entry_wrong'],
    ['139', 7 => '00331', 'a starting position of another field', 'directory_entry_wrong'],
) {
    my ($number, $offset, $value, $shows, $code) = @$_;
    damaged(
        $number, with($book, $ENTRY_245 + $offset => $value),
        shows => $shows,
        as    => '001',
        found => [found($code, $ENTRY_245, '245')]
    );
}
damaged(
    '060', with($book, $ENTRY_245 + 12 + 3 => '004100290'),
    shows => 'two entries for one field',
    found => [found('directory_overlapping', $ENTRY_245 + 12, '264')]
);
damaged(
    '061',
    with(
        substr($book, 0, $ENTRY_245) . substr($book, $ENTRY_245 + 12), 0 => digits($size - 12)
    ),
    shows => 'a field that the directory does not list',
    found =>
        [leader_found('base_address_wrong', 12), found('data_not_in_directory', $DATA_245 - 12)]
);
{
    my ($first, $second) = map { substr $book, $ENTRY_245 + $_, 12 } 0, 12;
    damaged(
        '062', with($book, $ENTRY_245 => "$second$first"),
        shows => 'two entries exchanged',
        found => [found('directory_unordered', 24)]
    );
}

{
    # 001 at 0 with 2 bytes, 245 at 2 with 10, 300 at 12 with 8.
    my $right = small($UTF8, $TITLE);
    my $like  = [lines($right, '245 10 $a Title')];

    made(
        '140',
        record(
            $UTF8,
            ['001', '1', '000200061'],
            ['245', content('10', a => 'Title'), '001000063'],
            ['300', content('  ', a => 'III'),   '000800073']
        ),
        shows => 'starting positions counted from the beginning of the record',
        text  => $like,
        found => [
            found('directory_entry_wrong', 24, '001'),
            found('directory_entry_wrong', 36, '245'),
            found('directory_entry_wrong', 48, '300')
        ]
    );
    made(
        '141', with($right, 0 => '00200', 48 => '300009900012'),
        shows => 'a field length beyond the data, and a record length that is no help',
        found => [found('directory_out_of_range', 48, '300')]
    );
    made(
        '142', with($right, 0 => '00200', 36 => '245001500002300000700012'),
        shows => 'entries that overlap, and nothing that vouches for the data',
        found => [found('directory_overlapping', 36, '245')]
    );
}
{
    my $lost = small($UTF8, title('Title of a book'));
    substr $lost, at($lost, ' of a book'), 5, q();
    made(
        '143', $lost,
        shows => 'five bytes lost from the middle of a field',
        found => [found('directory_does_not_fit', 36, '245')]
    );
}
{
    my $bytes = small($UTF8, $TITLE, ['500', content('  ', a => 'Note')]);
    my $like  = [lines($bytes, '500    $a Note', '245 10 $a Title')];
    made(
        '145', with($bytes, 36 => '500000800012245001000002'),
        shows => 'one length wrong, and entries in another order than the fields',
        text  => $like,
        found => [found('directory_entry_wrong', 36, '500'), found('directory_unordered', 24)]
    );

    # 500 is at 12 with 9 bytes, 300 at 21 with 8.
    made(
        '144',
        with($bytes, 24 => '300000800021' . '245000800002' . '500000800012' . '001000200000'),
        shows => 'two lengths wrong, and entries in another order than the fields',
        found => [found('directory_does_not_fit', 36, '245')]
    );
}
made(
    '146',
    record(
        $UTF8,
        ['245', '1', '000100000'],
        ['001', content('10', a => 'Title'), '000900002'],
        ['300', content('  ', a => 'III')]
    ),
    shows => 'lengths wrong, and in their order a control field would have subfields',
    found => [found('directory_does_not_fit', 24, '245')]
);
{
    my $more = small($UTF8, $TITLE);
    my $base = 24 + 4 * 12 + 1;
    $more = substr($more, 0, 60) . '500001000020' . substr $more, 60;
    made(
        '147', with($more, 0 => digits(length $more), 12 => digits($base)),
        shows => 'an entry for a field that the data do not have',
        found => [found('directory_out_of_range', 60, '500')]
    );
}
{
    my $bytes = small($UTF8, $TITLE);
    substr $bytes, -1, 0, content('  ', a => 'More') . $FIELD_END;
    made(
        '148', with($bytes, 0 => digits(length $bytes)),
        shows => 'a field behind the last one that the directory lists',
        found => [found('data_not_in_directory', at($bytes, "  ${DELIMITER}aMore"))]
    );
}
{
    # Two bytes for é: 245 has 12, 500 has 11, but they were counted as 10 and 9.
    my $e     = encode_utf8('é');
    my $title = content('10', a => "${e}t$e");
    my $note  = content('  ', a => "d${e}f");
    my $bytes = record(
        $UTF8,
        ['001', '1'],
        ['245', $title,                    '000800002'],
        ['500', $note,                     '000800010'],
        ['300', content('  ', a => 'III'), '000800018']
    );
    my $counted = digits(length($bytes) - 3);
    made(
        '149',
        with($bytes, 0 => $counted),
        shows => 'every number counted in characters instead of bytes',
        text  => [lines(with($bytes, 0 => $counted), '245 10 $a été', '500    $a déf')],
        found => [
            leader_found('record_length_wrong', 0),
            found('directory_entry_wrong', 36, '245'),
            found('directory_entry_wrong', 48, '500'),
            found('directory_entry_wrong', 60, '300')
        ]
    );
}
made(
    '105',
    record(
        $UTF8, ['001', '1'], $TITLE, ['520', content('  ', a => 'Words. ' x 1500), '999900012']
    ),
    shows => 'a field over 9,999 bytes',
    found => [found('field_over_9999', 48, '520')]
);

# --- damage to fields and subfields ---------------------------------------------------------------

damaged(
    '063', with($book, 679 => q( )),
    shows => 'a field terminator overwritten',
    found => [found('field_terminator_missing', $ENTRY_245, '245')]
);
damaged(
    '150', with(substr($book, 0, $size - 2) . $END, 0 => digits($size - 1)),
    shows => 'the last field terminator missing, not counted in the record length',
    found => [found('field_terminator_missing', $size - 2)]
);

# [number, what it shows, the field, codes with their offset from the field's content]
for (
    ['068', 'a field with nothing in it',   ['500', q()],    [field_empty => 0]],
    ['069', 'a field with indicators only', ['500', '  '],   [field_empty => 0]],
    ['151', 'a field of blanks only',       ['500', '    '], [field_empty => 0]],
    [
        '152',
        'a field of subfield delimiters only',
        ['500', "  $DELIMITER$DELIMITER"],
        [subfield_delimiter_empty => 2],
        [subfield_delimiter_empty => 3],
        [field_empty              => 0]
    ],
    ['153', 'a control field with nothing in it', ['005', q()], [field_empty => undef]],
    [
        '070',
        'a control field with subfields',
        ['005', content('  ', a => 'x')],
        [control_field_with_subfields => 0]
    ],
    [
        '072',
        'a data field without indicators',
        ['245', content(q(), a => 'Title')],
        [indicators_missing => 0]
    ],
    [
        '073',
        'a data field with one indicator',
        ['245', content('1', a => 'Title')],
        [indicators_missing => 0]
    ],
    [
        '155',
        'a letter beyond ASCII as indicators',
        ['245', content(encode_utf8('é'), a => 'Title')],
        [indicator_bad => 0]
    ],
    [
        '156',
        'a third indicator',
        ['245', content('100', a => 'Title')],
        [text_outside_subfields => 0]
    ],
    [
        '074',
        'text before the first subfield',
        ['245', content('10Title', b => 'rest')],
        [text_outside_subfields => 0]
    ],
    [
        '075',
        'a data field without any subfield',
        ['500', '  Text alone'],
        [text_outside_subfields => 0]
    ],
    [
        '077',
        'a delimiter followed by a blank',
        ['245', content('10', q( ) => 'Title')],
        [subfield_code_missing => 3]
    ],
    [
        '078',
        'a control character as subfield code',
        ['245', content('10', "\x01" => 'Title')],
        [subfield_code_bad => 3]
    ],
    [
        '158',
        'a letter beyond ASCII as subfield code',
        ['245', content('10', encode_utf8('é') => 'Title')],
        [subfield_code_bad => 3]
    ],
) {
    my ($number, $shows, $field, @codes) = @$_;
    my $bytes = small($UTF8, $field);

    # Content starts behind leader, three entries, a terminator and the field 001; a control field
    # without any is told of by its entry.
    my @found = map   { found($_->[0], defined $_->[1] ? 63 + $_->[1] : 36, $field->[0]) } @codes;
    my $kept  = !grep { $severity{ $_->{code} } eq 'refused' } @found;
    made(
        $number, $bytes,
        shows => $shows,
        found => \@found,
        $kept ? (text => [lines($bytes)]) : ()
    );
}

for (
    [
        '076',
        'a delimiter without code and content',
        title("Title$DELIMITER"),
        '245 10 $a Title',
        [subfield_delimiter_empty => 9]
    ],
    [
        '157',
        'two delimiters in a row',
        title("One$DELIMITER", b => 'two'),
        '245 10 $a One $b two',
        [subfield_delimiter_empty => 7]
    ],
    [
        '079',
        'a capital letter as subfield code',
        ['245', content('10', A => 'Title')],
        '245 10 $A Title',
        [subfield_code_unusual => 3]
    ],
    [
        '159',
        'a sign as subfield code',
        ['245', content('10', q(%) => 'Title')],
        '245 10 $% Title',
        [subfield_code_unusual => 3]
    ],
    [
        '080',
        'an empty subfield, which is no damage',
        title('Title', b => q(), c => 'Me'),
        '245 10 $a Title $b  $c Me'
    ],
    ['160', 'a tag of letters', ['FMT', content('  ', a => 'BK')], 'FMT    $a BK'],
    [
        '161',
        'a backslash and signs as indicators',
        ['245', content(q(\\#), a => 'Title')],
        '245 \\# $a Title'
    ],
) {
    my ($number, $shows, $field, $line, @codes) = @$_;
    my $bytes = small($UTF8, $field);
    made(
        $number, $bytes,
        shows => $shows,
        text  => [lines($bytes, $line)],
        found => [map { found($_->[0], 63 + $_->[1], $field->[0]) } @codes]
    );
}
{
    my $bytes = small($UTF8, ['001', '2'], $TITLE);
    made(
        '071', $bytes,
        shows => '001 twice',
        text  => [lines($bytes, '001 2', '245 10 $a Title')],
        found => [found('control_field_repeated', 75, '001', 2)]
    );
    $bytes = small(
        $UTF8,
        ['003', 'A'],
        ['003', 'B'],
        ['005', 'C'],
        ['005', 'D'],
        ['006', 'E'],
        ['006', 'F'],
        ['007', 'ta'],
        ['007', 'tb'],
        ['008', 'G'],
        ['008', 'H']
    );
    my $base = 24 + 12 * 12 + 1;
    made(
        '154', $bytes,
        shows =>
            '003, 005 and 008 twice, which may stand once, and 006 and 007, which may stand again',
        text => [
            lines(
                $bytes,  '003 A',  '003 B',  '005 C', '005 D', '006 E',
                '006 F', '007 ta', '007 tb', '008 G', '008 H'
            )
        ],
        found => [
            found('control_field_repeated', $base + 4,  '003', 2),
            found('control_field_repeated', $base + 8,  '005', 2),
            found('control_field_repeated', $base + 22, '008', 2)
        ]
    );
}

# --- characters -----------------------------------------------------------------------------------

damaged(
    '064', with($book, 645 => "\0"),
    shows => 'a NUL in the data',
    found => [found('nul_in_data', 645, '245')]
);
damaged(
    '065', with($book, 645 => "\x07"),
    shows => 'a control character in the data',
    found => [found('control_character_in_data', 645, '245')]
);
damaged(
    '066', with($book, 645 => "\t"),
    shows => 'a tab in the data',
    found => [found('line_break_in_data', 645, '245')]
);
damaged(
    '067', with($book, 639 => "\x02"),
    shows => 'an indicator that is a control character',
    found => [found('indicator_bad', 639, '245')]
);

{
    my $bytes = small($UTF8, ['005', "\x07\x08"], $TITLE);
    made(
        '213', $bytes,
        shows => 'a control field of control characters only',
        text  => [lines($bytes, '245 10 $a Title')],
        found => [found('control_character_in_data', 75, '005'), found('field_empty', 75, '005')]
    );
}

# A title in UTF-8. What is found counts from the title's first byte.
sub utf8_title ($number, $shows, $octets, $text, $found = [], %more) {
    my $bytes = small($more{leader} // $UTF8, title($octets));
    made(
        $number, $bytes,
        shows => $shows,
        found => [
            @{ $more{leader_found} // [] },
            map { found($_->[0], 67 + $_->[1], '245') } @$found
        ],
        defined $text ? (text => [lines($bytes, "245 10 \$a $text")]) : (),
        map { $_ => $more{$_} } grep { exists $more{$_} } qw(options encoding from)
    );
    return;
}

utf8_title('162', 'carriage return and line feed in the data',
    "Two\r\nlines", 'Two  lines', [[line_break_in_data => 3]]);
utf8_title('163', 'DEL in the data', "Ti\x7Ftle", 'Title', [[control_character_in_data => 2]]);
utf8_title(
    '164',       'an escape character at the end of ASCII text, under a leader that says UTF-8',
    "Title\x1B", 'Title',
    [[escape_left_out => 5]],
    encoding     => 'marc-8',
    leader_found => [leader_found('leader_encoding', 9)]
);
utf8_title('081', 'U+0085 in UTF-8 text', "A\xC2\x85B", "A\x{85}B",
    [[control_character_kept => 1]]);
utf8_title(
    '082',
    'the non-sorting marks U+0098 and U+009C',
    "\xC2\x98The \xC2\x9CTitle",
    "\x{98}The \x{9C}Title"
);
utf8_title('083', 'U+FFFD in UTF-8 text',
    "Caf\xEF\xBF\xBD", "Caf\x{FFFD}", [[replacement_character => 3]]);
utf8_title('389', 'UTF-8 that was encoded twice',
    "Caf\xC3\x83\xC2\xA9", "Caf\x{C3}\x{A9}", [[double_encoded => 3]]);
utf8_title('084', 'U+FFFF in UTF-8 text', "A\xEF\xBF\xBFB", undef, [[noncharacter => 1]]);
utf8_title('165', 'U+FFFE in UTF-8 text', "A\xEF\xBF\xBEB", undef, [[noncharacter => 1]]);

# --- which encoding -------------------------------------------------------------------------------

my $MIDDLE = encode_utf8('Café 中');

utf8_title('166', 'every length of a character in UTF-8', encode_utf8('Aé中😀 𠀀'), 'Aé中😀 𠀀');
utf8_title(
    '167', 'UTF-8 under a leader that says MARC-8', encode_utf8('Les misérables'), 'Les misérables',
    [],
    leader       => $MARC8,
    leader_found => [leader_found('leader_encoding', 9)]
);
utf8_title(
    '085',
    'an overlong form among valid UTF-8',
    encode_utf8('Café 中文 ') . "\xC0\xAF",
    undef, [[utf8_invalid => 13]]
);
utf8_title(
    '086',
    'a surrogate among valid UTF-8',
    encode_utf8('Café 中文 ') . "\xED\xA0\x80",
    undef, [[utf8_invalid => 13]]
);
utf8_title(
    '168', 'one sequence cut short among valid UTF-8, under a leader that says MARC-8',
    "$MIDDLE caf\xC3 " . encode_utf8('文'), undef, [[utf8_invalid => 13]],
    leader       => $MARC8,
    leader_found => [leader_found('leader_encoding', 9)]
);
utf8_title(
    '090',
    'bytes that are no encoding',
    "A \x80\x81\x8F\xFF B",
    undef, [[utf8_invalid => 2]]
);

my $LATIN1 = "Caf\xE9 fran\xE7ais \xE0 Gen\xE8ve";
utf8_title(
    '087', 'Latin-1 under a leader that says UTF-8', $LATIN1, 'Café français à Genève', [],
    encoding     => 'latin-1',
    leader_found => [leader_found('read_as_latin1', 9), leader_found('leader_encoding', 9)]
);

# As MARC-8, E9 E7 E0 E8 are caron, dot above, hook above and umlaut over what follows: a blank, a,
# a blank, v. None of them makes sense.
my @LATIN1_SAID_MARC8 = (
    encoding     => 'latin-1',
    leader       => $MARC8,
    leader_found => [leader_found('read_as_latin1', 9)]
);
utf8_title(
    '088',   'Latin-1 that could be read as MARC-8, as its leader says, but makes no sense so',
    $LATIN1, 'Café français à Genève',
    [],      @LATIN1_SAID_MARC8
);
my $letters = 0;
for my $text (
    'Información',
    'Montaña',
    'Jesús',
    'La Ciudad de México, año',
    'Café au lait',
    'corps à corps',
    'Übung macht den Meister',
    'Ça ira',
    'Citroën',
    '©2015',
    'Price £5',
    'Århus på dansk, 20 øre',
    '«Le Monde»',
    'Hvad er kærlighed? Blåbær og fløde',
    'De la producción a la educación',
    "d'août à décembre"
) {
    my $octets = $text =~ s/([^\x00-\x7F])/chr ord $1/egr;
    utf8_title(
        360 + $letters++,
        'Latin-1 under a leader that says MARC-8: ' . encode_utf8($text),
        $octets, $text, [], @LATIN1_SAID_MARC8
    );
}
utf8_title(
    '097', 'Latin-1 in one word under a leader that says MARC-8', "Le caf\xE9", 'Le café', [],
    encoding     => 'latin-1',
    leader       => $MARC8,
    leader_found => [leader_found('read_as_latin1', 9)]
);
utf8_title(
    '169', 'Windows-1252 quotation marks and Latin-1: no encoding that the reader knows',
    "\x93quoted\x94 M\xFCnchen", undef, [[marc8_undefined => 0]],
    encoding => 'marc-8',
    leader   => $MARC8
);
{
    my $bytes =
        small($UTF8, title("Caf\xE2e fran\xF0cais"), ['500', content('  ', a => "\xE8uber")]);
    made(
        '089', $bytes,
        shows    => 'MARC-8 under a leader that says UTF-8',
        encoding => 'marc-8',
        text => [lines($bytes, "245 10 \$a Cafe\x{301} franc\x{327}ais", "500    \$a u\x{308}ber")],
        found => [leader_found('leader_encoding', 9)]
    );
}
utf8_title(
    '103',
    'escape sequences of MARC-8 in UTF-8 text',
    "$MIDDLE \x1B(Nmoskwa\x1B(B",
    undef, [[encodings_mixed => 10], [escape_left_out => 19]]
);
utf8_title('104', 'an escape back to ASCII in UTF-8 text, which changes nothing',
    "$MIDDLE\x1B(B", 'Café 中', [[escape_left_out => 9]]);

# Between the indicators and the first subfield.
for my $surplus (
    ['383', "\x{202A}\x{202A}",   'marks of direction'],
    ['384', q( ),                 'a blank'],
    ['385', " \x{FEFF}\x{AD} ",   'blanks and characters without width'],
    ['386', "\x{202A}.",          'a mark of direction and a full stop'],
    ['387', "\xA0",               'a blank that does not break']
) {
    my ($number, $text, $shows) = @$surplus;
    my $bytes   = small($UTF8, ['245', content('10' . encode_utf8($text), a => 'Title')]);
    my $visible = $text =~ /[.\xA0]/;
    made(
        $number, $bytes,
        shows => "$shows between indicators and first subfield",
        $visible
        ? (found => [found('text_outside_subfields', 63, '245')])
        : (
            found => [found('invisible_before_subfields', 65, '245')],
            text  => [lines($bytes, '245 10 $a Title')]
        )
    );
}

# What the caller asks for.
my $REFERENCES = 'a&#x4E2D;b &#20013; <U+4E2D> &#xD800; <U+1> &amp;';
utf8_title('170', 'numeric references and bracketed hex, not asked for: text like other text',
    $REFERENCES, $REFERENCES);
utf8_title(
    '171',       'numeric references asked for; what is none stays',
    $REFERENCES, 'a中b 中 <U+4E2D> &#xD800; <U+1> &amp;',
    [],          options => 'numeric_references'
);
utf8_title(
    '172',       'bracketed hex asked for; what is none stays',
    $REFERENCES, 'a&#x4E2D;b &#20013; 中 &#xD800; <U+1> &amp;',
    [],          options => 'bracketed_hex'
);
utf8_title(
    '173',
    'normal form C asked for',
    encode_utf8("cafe\x{301} \x{1100}\x{1161} \x{212B}"),
    'café 가 Å', [], options => 'nfc'
);
damaged(
    '174', with($book, 0 => '01400'),
    shows   => 'a record length that is wrong, and repairs not wanted',
    options => 'strict',
    found   => [leader_found('record_length_wrong', 0)]
);
utf8_title(
    '175', 'UTF-8 said by the caller to be Latin-1', encode_utf8('Café'), 'CafÃ©', [],
    options      => 'encoding=latin-1',
    encoding     => 'latin-1',
    leader_found => [leader_found('leader_encoding', 9)]
);
utf8_title(
    '176', 'UTF-8 said by the caller to be MARC-8', encode_utf8('Café'), 'Caf©♭', [],
    options      => 'encoding=marc-8',
    encoding     => 'marc-8',
    leader_found => [leader_found('leader_encoding', 9)]
);

# --- MARC-8 ---------------------------------------------------------------------------------------

# A title, or an 880, in MARC-8. What is found counts from its first byte.
sub marc8 ($number, $shows, $octets, $text, $found = [], %more) {
    my $tag   = $more{tag} // '245';
    my $bytes = small($MARC8, [$tag, content('10', a => $octets)]);
    made(
        $number, $bytes,
        shows    => $shows,
        encoding => 'marc-8',
        found    =>
            [@{ $more{leader_found} // [] }, map { found($_->[0], 67 + $_->[1], $tag) } @$found],
        options => $more{options} // q(),
        defined $text ? (text => [lines($bytes, "$tag 10 \$a $text")]) : ()
    );
    return;
}

my @DOUBTFUL = (leader_found => [leader_found('encoding_doubtful', 9)]);
marc8(
    '177',
    'the letters and signs of ANSEL',
    "\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA8\xA9\xAA\xAB\xAC\xAD\xAE\xB0\xB1\xB2\xB3\xB4\xB5\xB6\xB7\xB8"
        . "\xB9\xBA\xBC\xBD\xC0\xC1\xC2\xC3\xC4\xC5\xC6\xC7\xC8",
    'ŁØĐÞÆŒʹ·♭®±ƠƯʼʻłøđþæœʺı£ðơư°ℓ℗©♯¿¡ß€'
);
marc8(
    '178',
    'every combining character of ANSEL that stands over one letter',
    join(q(), map { chr($_) . 'a' } 0xE0 .. 0xEA, 0xED .. 0xF9, 0xFE),
    (
        join q(), map { 'a' . chr } 0x309, 0x300, 0x301,
        0x302,    0x303,                   0x304, 0x306,
        0x307,    0x308,                   0x30C, 0x30A,
        0x315,    0x30B,                   0x310, 0x327,
        0x328,    0x323,                   0x324, 0x325,
        0x333,    0x332,                   0x326, 0x31C,
        0x32E,    0x313
    ),
    [],
    @DOUBTFUL
);
marc8(
    '094',
    'ligature and double tilde in two halves',
    "Pervaia\xEBI\xECA \xFAn\xFBg",
    "PervaiaI\x{361}A n\x{360}g"
);
marc8(
    '179',
    'second halves of a ligature and a double tilde without their first',
    "a\xECs \xFBg, caf\xE2e na\xE8ive",
    "as\x{FE21} g\x{FE23}, cafe\x{301} nai\x{308}ve",
    [], @DOUBTFUL
);
marc8(
    '180',
    'several combining characters over one letter keep their order',
    "Vi\xF2\xE3et \xE5\xE8u",
    "Vie\x{323}\x{302}t u\x{304}\x{308}"
);
marc8(
    '181',
    'a combining character over a letter of ANSEL',
    "\xE2\xB2 \xE8\xC7",
    "ø\x{301} ß\x{308}"
);
marc8(
    '182',
    'non-sorting marks, joiner and non-joiner',
    "\x88The \x89Title \x8Da\x8E",
    "\x{98}The \x{9C}Title \x{200D}a\x{200C}"
);
marc8('183', 'Greek symbols', "\x1Bgabc\x1Bs rays",                     'αβγ rays');
marc8('184', 'subscripts',    "H\x1Bb2\x1BsO \x1Bb0123456789()+-\x1Bs", 'H₂O ₀₁₂₃₄₅₆₇₈₉₍₎₊₋');
marc8('185', 'superscripts',  "m\x1Bp2\x1Bs \x1Bp0123456789()+-\x1Bs",  'm² ⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻');
marc8(
    '186',
    'Basic Hebrew with points',
    "\x1B(2\x4D\x41yl\x45em\x1B(B",
    "ש\x{5C1}\x{5B8}לו\x{5B9}ם", [], tag => '880'
);
marc8(
    '187',
    'Basic Cyrillic',
    "\x1B(NmOSKWA i peterburg\x1B(B.",
    'Москва И ПЕТЕРБУРГ.',
    [], tag => '880'
);
marc8(
    '188',
    'Extended Cyrillic: small letters',
    "\x1B(Q\@ABCDEFGHIJKLMNPQRS\x1B(B",
    'ґђѓєёѕіїјљњћќўџѣѳѵѫ', [], tag => '880'
);
marc8('189', 'Basic Arabic with a vowel sign', "\x1B(3GdkHj\x1B(B", "الب\x{64B}ي", [],
    tag => '880');
marc8('190', 'Extended Arabic',          "\x1B(4\$)1\x1B(B",     'ٹپچ',           [], tag => '880');
marc8('191', 'Basic Greek with accents', "\x1B(Sn\"rdrw\x1B(B.", "λο\x{301}γος.", [], tag => '880');
marc8(
    '192',
    'East Asian characters: Chinese, Japanese and Korean',
    "\x1B\$1!HW!:R !Bs!Xl i\$\"i%\" o\\e\x1B(B.",
    '漢字 日語 あア 한.', [], tag => '880'
);
marc8('193', 'an East Asian character that has only a private code in Unicode',
    "\x1B\$1ov\$\x1B(B", "\x{E8B0}", [], tag => '880');
marc8(
    '194',
    'Cyrillic as G1, and ASCII beside it',
    "\x1B)N\xED\xCF\xD3\xCB\xD7\xC1\x1B)!E end \xE2e",
    "Москва end e\x{301}",
    [], tag => '880'
);
marc8(
    '195',
    'Cyrillic as G0 and Extended Cyrillic as G1, by the other intermediate characters',
    "\x1B,N\x1B-QK\xC6W A\xC0\x1B(B",
    'ків аґ', [], tag => '880'
);
marc8(
    '196',
    'East Asian characters as G1, and ASCII beside them',
    "\x1B\$)1\xA1\xC8\xD7\xA1\xBA\xD2 kanji",
    '漢字 kanji', [], tag => '880'
);
marc8(
    '197',
    'East Asian characters by the other intermediate characters',
    "\x1B\$,1!HW\x1B(B \x1B\$-1\xA1\xBA\xD2",
    '漢 字', [], tag => '880'
);
marc8('198', 'ANSEL as G0', "\x1B(!E!b\x1B(Be", "Łe\x{301}", [], tag => '880');
marc8(
    '199',
    'a set stays in effect over blanks and signs',
    "\x1B(Nda, NET. da\x1B(B",
    'ДА, нет. ДА', [], tag => '880'
);
marc8(
    '200',
    'numeric references in MARC-8, asked for',
    "\xE2e &#x4E2D;&#x96EA;",
    "e\x{301} 中雪", [], options => 'numeric_references'
);
marc8('201', 'MARC-8 in normal form C', "Caf\xE2e \xF2\xE3e", 'Café ệ', [], options => 'nfc');
marc8(
    '091',
    'Hebrew, Cyrillic and Greek in MARC-8',
    "\x1B(2ytwx\x1B(B \x1B(Nmoskwa\x1B(B \x1B(Sabdef\x1B(B",
    'שפקר МОСКВА αβγδε',
    [], tag => '880'
);
marc8('092', 'East Asian characters in MARC-8',
    "\x1B\$1!0!!0#!0\$\x1B(B.", '一七三.', [], tag => '880');
marc8(
    '093',
    'a set designated as G1',
    "\x1B)N\xCD\xCF\xD3\xCB\xD7\xC1\x1B)!E end",
    'москва end', [], tag => '880'
);

marc8(
    '095',
    'a combining character before a blank, and a sound one',
    "Caf\xE2e a\xE2 b",
    "Cafe\x{301} a \x{301}b",
    [[marc8_combining_odd => 7]], @DOUBTFUL
);
marc8(
    '202',
    'a combining character before a digit and a sign, and sound ones',
    "Caf\xE2e \xE82 na\xE8ive \xE2-",
    "Cafe\x{301} 2\x{308} nai\x{308}ve -\x{301}",
    [[marc8_combining_odd => 6]],
    @DOUBTFUL
);
marc8('380', 'a caron, or e acute in Latin-1, and nothing that tells which',
    "Dvo\xE9r", "Dvor\x{30C}", [], @DOUBTFUL);
marc8(
    '381',
    'a Czech name with carons, and acutes that tell that they are',
    "Dvo\xE9r\xE2ak, Bed\xE9rich Smetana",
    "Dvor\x{30C}a\x{301}k, Bedr\x{30C}ich Smetana"
);
marc8(
    '382',
    'the sign for a recording amid a word, which neither encoding explains',
    "R\xC2e, Judith",
    'R℗e, Judith', [], @DOUBTFUL
);
{
    my $bytes = small($MARC8, title("a\xE2 b"));
    made(
        '096', $bytes,
        shows =>
            'a combining character before a blank and none that is sound: neither MARC-8 nor Latin-1',
        encoding => 'marc-8',
        found    => [leader_found('encoding_unknown', 9)]
    );
}
{
    my $bytes =
        small($MARC8, title("Caf\xE2e \xE8uber na\xE8ive"),
        ['500', content('  ', a => "Titl\xE2")]);
    made(
        '098', $bytes,
        shows    => 'a combining character at the end',
        encoding => 'marc-8',
        found    => [found('marc8_combining_alone', at($bytes, "Titl\xE2", 4), '500')]
    );
}
marc8(
    '099',
    'a code that ANSEL does not define',
    "Caf\xE2e \xE8uber na\xE8ive \xD5",
    undef, [[marc8_undefined => 19]]
);
marc8(
    '203',              'a code that EACC does not define',
    "\x1B\$1~~~\x1B(B", undef,
    [[marc8_undefined => 3]],
    tag => '880'
);
marc8(
    '100',          'an East Asian character cut short',
    "\x1B\$1!0!!0", undef,
    [[marc8_truncated => 6]],
    tag => '880'
);
marc8(
    '204',                 'an East Asian character cut short by an escape sequence',
    "\x1B\$1!0!!0\x1B(Bx", undef,
    [[marc8_truncated => 6]],
    tag => '880'
);
marc8('205', 'an escape sequence for no known set', "a \x1B(\"Sb", undef,
    [[marc8_bad_escape => 2]]);
marc8('206', 'an escape sequence for a multi-byte set other than EACC',
    "a \x1B\$Bb", undef, [[marc8_bad_escape => 2]]);
{
    my $bytes = small($MARC8, ['880', content('10', a => "\x1B(Nmoskwa", b => 'Title')]);
    made(
        '101', $bytes,
        shows    => 'a subfield that ends in Cyrillic, the next in ASCII',
        encoding => 'marc-8',
        text     => [lines($bytes, '880 10 $a МОСКВА $b Title')],
        found    => [found('marc8_set_left_open', at($bytes, 'bTitle', 1), '880')]
    );
    $bytes = small($MARC8, ['880', content('10', a => "\x1B(Nmoskwa", b => "\x1B(Nkiew")]);
    made(
        '207', $bytes,
        shows    => 'a subfield that ends in Cyrillic, the next beginning with an escape sequence',
        encoding => 'marc-8',
        text     => [lines($bytes, '880 10 $a МОСКВА $b КИЕВ')]
    );
}
marc8('102', 'an escape sequence cut by the end of the subfield',
    "Title\x1B", 'Title', [[escape_left_out => 5]]);
marc8('208', 'an escape sequence cut behind its second character',
    "Title\x1B(", 'Title', [[escape_left_out => 5]]);
marc8('209', 'an escape sequence cut behind its third character',
    "Title\x1B\$)", 'Title', [[escape_left_out => 5]]);

# --- items and authorities ------------------------------------------------------------------------

sub item (@subfields) { return ['952', content('  ', @subfields)] }
my @ISBN =
    (['020', content('  ', a => '9780306406157')], ['035', content('  ', a => '(OCoLC)12345')]);
{
    my $bytes = small(
        $UTF8,
        @ISBN,
        title(encode_utf8('Caf' . 'é')),
        item(a => 'CPL', b => 'CPL', p => '3001',   y => 'BK'),
        item(a => 'MPL', b => 'CPL', c => 'STACKS', p => '3002', y => 'BK', 9 => '17'),
        item(a => 'CPL', p => '3001')
    );
    made(
        '210', $bytes,
        shows => 'a biblio with items in 952, two of them with one barcode',
        text  => [
            lines(
                $bytes,
                '020    $a 9780306406157',
                '035    $a (OCoLC)12345',
                '245 10 $a Café',
                '952    $a CPL $b CPL $p 3001 $y BK',
                '952    $a MPL $b CPL $c STACKS $p 3002 $y BK $9 17',
                '952    $a CPL $p 3001'
            )
        ]
    );
    $bytes = small(
        $MARC8, @ISBN, title("Caf\xE2e"),
        item(a => 'CPL',  b => 'CPL', o => "\xE8A 12", p => '3003'),
        item(p => '3004', y => 'XX'),
        item(a => 'ZZZ',  p => q(), z => 'no barcode')
    );
    made(
        '211', $bytes,
        shows =>
            'a biblio with items in MARC-8, one without a library, one with one that there is not',
        encoding => 'marc-8',
        text     => [
            lines(
                $bytes,
                '020    $a 9780306406157',
                '035    $a (OCoLC)12345',
                "245 10 \$a Cafe\x{301}",
                "952    \$a CPL \$b CPL \$o A\x{308} 12 \$p 3003",
                '952    $p 3004 $y XX',
                '952    $a ZZZ $p  $z no barcode'
            )
        ]
    );
}
{
    my $bytes = record(
        '00000nz   2200000n  4500',
        ['001', 'n  79000001'],
        ['003', 'DLC'],
        ['010', content('  ', a => 'n  79000001 ')],
        ['100', content('1 ', a => "Dvo\xE9r\xE2ak, Anton\xE2in,", d => '1841-1904')],
        ['400', content('1 ', a => "\x1B(NdWORVAK\x1B(B, A.")],
    );
    made(
        '212', $bytes,
        shows    => 'an authority in MARC-8',
        encoding => 'marc-8',
        text     => [
            leader_line($bytes), '001 n  79000001',
            '003 DLC',
            '010    $a n  79000001 ',
            "100 1  \$a Dvor\x{30C}a\x{301}k, Antoni\x{301}n, \$d 1841-1904",
            '400 1  $a Дворжак, A.'
        ]
    );
}

# --- MARCXML --------------------------------------------------------------------------------------

my $XML_LEADER = '00000nam a2200000 a 4500';
my $XML_TITLE =
    '<datafield tag="245" ind1="1" ind2="0"><subfield code="a">Title</subfield></datafield>';

sub xml ($number, $shows, $document, $text, @found) {
    made(
        $number, encode_utf8($document),
        shows => $shows,
        xml   => 1,
        found => \@found,
        $text ? (text => $text) : ()
    );
    return;
}

# One record element with the leader, a control field and what is given.
sub xml_record ($content, $leader = "<leader>$XML_LEADER</leader>") {
    return qq(<record xmlns="http://www.loc.gov/MARC21/slim">$leader)
        . qq(<controlfield tag="001">1</controlfield>$content</record>);
}

sub xml_at ($content, $needle, $leader = undef) {
    return at(encode_utf8(xml_record($content, defined $leader ? $leader : ())),
        encode_utf8($needle));
}

my @XML_LINES = ($XML_LEADER, '001 1', '245 10 $a Title');

xml('221', 'a record as Koha stores it', <<"XML", [@XML_LINES[0, 1], '245 10 $a A & B <C> é $b ']);
<?xml version="1.0" encoding="UTF-8"?>
<record
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.loc.gov/MARC21/slim http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd"
    xmlns="http://www.loc.gov/MARC21/slim">

  <leader>$XML_LEADER</leader>
  <controlfield tag="001">1</controlfield>
  <datafield tag="245" ind1="1" ind2="0">
    <subfield code="a">A &amp; B &lt;C&gt; &#233;</subfield>
    <subfield code="b"></subfield>
  </datafield>
</record>
XML
xml('222', 'a collection with one record, and a prefix for the namespace', <<"XML", \@XML_LINES);
<m:collection xmlns:m="http://www.loc.gov/MARC21/slim"><m:record><m:leader>$XML_LEADER</m:leader>
<m:controlfield tag="001">1</m:controlfield>
<m:datafield tag="245" ind1="1" ind2="0"><m:subfield code="a">Title</m:subfield></m:datafield>
</m:record></m:collection>
XML
xml('223', 'a record in no namespace', xml_record($XML_TITLE) =~ s/ xmlns="[^"]*"//r, \@XML_LINES);
{
    my $cut = substr xml_record($XML_TITLE), 0, -9;
    xml('224', 'cut before the end of the record', $cut, undef,
        found('xml_malformed', length $cut));
}
{
    my $other = xml_record("<note>x</note>$XML_TITLE");
    xml('226', 'an element that MARCXML does not have',
        $other, undef, found('xml_not_marcxml', at($other, '<note>')));
    my $text = xml_record("text$XML_TITLE");
    xml('227', 'text between elements', $text, undef, found('xml_not_marcxml', at($text, 'text<')));

    # The parser tells of a document type where its declarations begin.
    my $type = '<!DOCTYPE record [<!ENTITY a "x">]><record/>';
    xml('228', 'a document type', $type, undef, found('xml_not_marcxml', at($type, '[')));
    my $two =
        '<collection>' . (xml_record($XML_TITLE) =~ s/ xmlns="[^"]*"//r) x 2 . '</collection>';
    xml('229', 'two records', $two, undef, found('xml_several_records', rindex $two, '<record>'));
    xml('230', 'a document of another kind',
        '<html><body/></html>', undef, found('xml_not_marcxml', 0));
    xml('231', 'a collection without a record', '<collection/>', undef,
        found('xml_not_marcxml', 0));
}
for (
    [
        '232',
        'a tag of two characters',
        '<datafield tag="24" ind1=" " ind2=" ">',
        'xml_bad_field', q(), 0
    ],
    [
        '233',
        'an indicator of two characters',
        '<datafield tag="500" ind1="12" ind2=" ">',
        'xml_bad_field', q(), 0
    ],
    [
        '234',
        'a control field with the tag of a data field',
        '<controlfield tag="500">',
        'xml_bad_field', q(), 0
    ],
) {
    my ($number, $shows, $start, $code, @where) = @$_;
    my $element  = $start =~ /^<(\w+)/ ? $1 : die;
    my $document = xml_record("$XML_TITLE$start</$element>");
    xml($number, $shows, $document, undef, found($code, at($document, $start), @where));
}
{
    my $code = '<subfield code="ab">';
    my $document =
        xml_record(qq(<datafield tag="500" ind1=" " ind2=" ">${code}x</subfield></datafield>));
    xml('235', 'a subfield code of two characters',
        $document, undef, found('xml_bad_field', at($document, $code)));
}
{
    my $start    = '<datafield tag="500" ind1="">';
    my $document = xml_record(qq($XML_TITLE$start<subfield code="a">x</subfield></datafield>));
    my $offset   = at($document, $start);
    xml(
        '236', 'an indicator empty and one absent',
        $document,
        [@XML_LINES, '500    $a x'],
        (found('xml_indicator_empty', $offset, '500')) x 2
    );
}
{
    my $document = xml_record($XML_TITLE, q());
    xml(
        '237', 'no leader', $document,
        ['00000nam a2200000   4500', @XML_LINES[1, 2]],
        found('xml_leader', at($document, '</record>'))
    );
    $document = xml_record($XML_TITLE, '<leader>00000nam a22</leader>');
    my $offset = at($document, '</leader>');
    xml(
        '238', 'a leader cut short',
        $document,
        ['00000nam a22' . (q( ) x 8) . '4500', @XML_LINES[1, 2]],
        found('xml_leader', $offset),
        leader_found('leader_entry_map', $offset)
    );
    $document = xml_record($XML_TITLE, '<leader>00000nam  2200000 a 4500</leader>');
    xml('239', 'a leader that says MARC-8, which XML is not',
        $document, \@XML_LINES, leader_found('leader_encoding', at($document, '</leader>')));
}
{
    my $start    = '<datafield tag="500" ind1=" " ind2=" ">';
    my $document = xml_record("$XML_TITLE$start</datafield>");
    xml('240', 'a data field without subfields',
        $document, \@XML_LINES, found('field_empty', at($document, $start, length $start), '500'));
    $document = xml_record("$XML_TITLE<controlfield tag=\"005\"></controlfield>");
    xml('241', 'a control field without content',
        $document, \@XML_LINES, found('field_empty', at($document, 'tag="005">', 10), '005'));
    $document = xml_record("$XML_TITLE<controlfield tag=\"005\">\x7F</controlfield>");
    my $behind = at($document, "\x7F", 1);
    xml(
        '244',     'a control field of a control character only',
        $document, \@XML_LINES,
        found('control_character_in_data', $behind, '005'),
        found('field_empty',               $behind, '005')
    );
    $document = xml_record($XML_TITLE =~ s/Title/Two\nlines and a lost \x{FFFD}/r);
    my $end = at(encode_utf8($document), '</subfield>');
    xml(
        '242',
        'a line end and U+FFFD in a subfield',
        $document,
        [@XML_LINES[0, 1], "245 10 \$a Two lines and a lost \x{FFFD}"],
        found('line_break_in_data',    $end, '245'),
        found('replacement_character', $end, '245')
    );
    $document = xml_record($XML_TITLE =~ s/code="a"/code="A"/r);
    xml(
        '243', 'a capital letter as subfield code',
        $document,
        [@XML_LINES[0, 1], '245 10 $A Title'],
        found('subfield_code_unusual', at($document, '<subfield'), '245')
    );
}
{
    # The bytes that are no UTF-8 can't come from a string of characters.
    my $latin1 = xml_record($XML_TITLE =~ s/Title/Caf%/r) =~ s/%/\xE9/r;
    made(
        '225', $latin1,
        shows => 'bytes that are no UTF-8',
        xml   => 1,
        found => [found('xml_malformed', at($latin1, "\xE9"))]
    );
}

# --- out ------------------------------------------------------------------------------------------

my $differences = 0;
for my $record (sort { $a->{number} cmp $b->{number} } @made) {
    my $path = "$FOLDER/$record->{number}";
    put("$path." . ($record->{xml} ? 'xml' : 'mrc'), $record->{bytes});
    put("$path.charset",                             "$record->{encoding}\n");
    put("$path.report.json",                         $record->{report});
    put("$path.txt", encode_utf8(join q(), map { "$_\n" } @{ $record->{text} })) if $record->{text};
}
put("$FOLDER/INDEX.tsv", index_of(@made));
exit($differences ? 1 : 0);

# The rows of the real records stay as they are.
sub index_of (@records) {
    my ($head, @rows) = split /\n/, slurp("$FOLDER/INDEX.tsv");
    my %row = map { /^(\d+)/ ? ($1 => $_) : () } @rows;
    $row{ $_->{number} } = join "\t", @$_{qw(number from options as shows)} for @records;
    return join q(), map { "$_\n" } $head, map { $row{$_} } sort keys %row;
}

sub put ($path, $content) {
    return if -e $path && slurp($path) eq $content;
    if ($CHECK) {
        print "differs: $path\n";
        $differences = 1;
        return;
    }
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $content;
    close $out or die "$path: $!\n";
    print "written: $path\n";
    return;
}
