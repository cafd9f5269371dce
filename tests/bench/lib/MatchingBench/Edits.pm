package MatchingBench::Edits;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes, of real records, a catalogue and exports of known kinds, and the table that says which export
# must end in which record of the catalogue. The same each time.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 qw(md5_hex);

use MatchingBench::Octets qw(parse build fields subfields data_field without copy);

# Numbers that nobody has given to anything yet.
my $FREE_OCLC = 1_990_000_000;

# What is done to a record in the catalogue and to its export; of books and documents in turn.
my %PAIRS = (
    'unchanged'             => sub { },
    'isbn-form/10-as-13'    => sub ($base, $export, $) { isbns($base, \&isbn10); isbns($export, \&isbn13) },
    'isbn-form/13-as-10'    => sub ($base, $export, $) { isbns($base, \&isbn13); isbns($export, \&isbn10) },
    'isbn-form/hyphens'     => sub ($base, $export, $n) {
        isbns($base, \&isbn13);
        isbns($export, sub ($isbn) { hyphenated($n % 2 ? isbn13($isbn) : isbn10($isbn)) });
    },
    'isbn-form/no-hyphens'  => sub ($base, $export, $) { isbns($base, \&hyphenated) },
    'isbn-qualifier/added'  => sub ($base, $export, $) { qualified($base, ''); qualified($export, ' (hbk.)') },
    'isbn-qualifier/dropped' => sub ($base, $export, $) { qualified($base, ' (pbk. : alk. paper)'); qualified($export, '') },
    'oclc-prefix/added'     => sub ($base, $export, $) {
        in_035($base, oclc($base));
        in_035($export, prefixed(oclc($export)));
    },
    'oclc-prefix/dropped'   => sub ($base, $export, $) {
        in_035($base, prefixed(oclc($base)));
        in_035($export, oclc($export));
    },
    'oclc-prefix/bare'      => sub ($base, $export, $) {
        my $number = oclc($base);
        no_oclc($base);
        add_field($base, data_field('035', '  ', [ a => prefixed($number) ]));
        in_035($export, $number);
    },
    'oclc-prefix/zeros'     => sub ($base, $export, $n) {
        my $number = oclc($base);
        in_035($base, $n % 2 ? $number : "000$number");
        in_035($export, $n % 2 ? "000$number" : $number);
    },
    'oclc-place/001-to-035' => sub ($base, $export, $) {
        my $number = oclc($base);
        in_001($base, $number);
        in_035($export, $number);
    },
    'oclc-place/035-to-001' => sub ($base, $export, $) {
        my $number = oclc($base);
        in_035($base, $number);
        in_001($export, $number);
    },
    'oclc-merged/019'       => sub ($base, $export, $n) {
        my $number = oclc($base);
        in_035($base, $number);
        in_035($export, $FREE_OCLC + $n);
        add_field($export, data_field('019', '  ', [ a => $number ]));
    },
    'oclc-merged/035z'      => sub ($base, $export, $n) {
        my $number = oclc($base);
        in_035($base, $number);
        in_035($export, $FREE_OCLC + $n, [ z => "(OCoLC)$number" ]);
    },
    'oclc-merged/earlier'   => sub ($base, $export, $n) {
        my $number = oclc($base);
        in_035($base, $FREE_OCLC + $n);
        add_field($base, data_field('019', '  ', [ a => $number ]));
        in_035($export, $number);
    },
    'title-edited'          => sub ($base, $export, $n) { edit_title($export, $n) },
    'new-fields'            => sub ($base, $export, $) {
        add_field($export, data_field('520', '  ', [ a => 'Summary that the record did not have before.' ]));
        add_field($export, data_field('650', ' 0', [ a => 'Cataloging' ], [ v => 'Handbooks, manuals, etc.' ]));
        add_field($export, data_field('856', '40', [ u => 'https://www.example.org/summary' ]));
    },
);

my @OF_BOOKS = (
    qw(isbn-form/10-as-13 isbn-form/13-as-10 isbn-form/hyphens unchanged isbn-form/10-as-13 isbn-form/13-as-10),
    qw(isbn-form/no-hyphens isbn-qualifier/added isbn-qualifier/dropped title-edited new-fields),
);
my @OF_DOCUMENTS = (
    qw(unchanged oclc-prefix/added unchanged oclc-prefix/dropped unchanged oclc-prefix/bare oclc-prefix/zeros),
    qw(unchanged oclc-place/001-to-035 oclc-place/035-to-001 oclc-merged/019 oclc-merged/035z oclc-merged/earlier),
    qw(title-edited new-fields oclc-prefix/added oclc-prefix/dropped),
);

# In this order; each says whether it has changed what it is about.
my %AGAIN = (
    'unchanged'         => [ 1, sub ($export) { isbn_values($export) || oclc_in_035($export) ? 1 : 0 } ],
    'isbn-form/other'   => [ 2, sub ($export) { other_isbns($export) } ],
    'oclc-prefix/other' => [ 3, sub ($export) { other_prefix($export) } ],
);

# Of so many, one is not in the catalogue.
my $EACH_NOT_HELD = 14;

# {base, exports, truth}: records as octets, and the lines of the table.
sub make ($class, $books, $documents) {
    my $self = bless { base => [], units => [] }, $class;
    $self->_pairs($books,     1, @OF_BOOKS);
    $self->_pairs($documents, 0, @OF_DOCUMENTS);
    $self->_not_of_this_catalogue(map { [ $_, parse($books->[$_]) ] } grep { isbn_values(parse($books->[$_])) } 0 .. $#{$books});
    my (@exports, @truth);
    for my $unit (sort { $a->{order} cmp $b->{order} } @{ $self->{units} }) {
        for my $export (@{ $unit->{exports} }) {
            push @exports, build($export->{record});
            my $base = $export->{base} eq '@' ? '@' . (@exports - 1) : $export->{base};
            push @truth, { export => scalar @exports, kind => $export->{kind}, base => $base };
        }
    }
    return { base => [ map { build($_) } @{ $self->{base} } ], exports => \@exports, truth => \@truth };
}

# Of any records that have one of these numbers, and say in leader/06 what they are: each exported as it is, with its ISBNs in the other form, and with its OCLC number in 035 with or
# without the prefix that it has not; first all of one kind, then all of the next.
sub each_of ($class, @records) {
    my (@exports, @truth);
    for my $kind (sort { $AGAIN{$a}[0] <=> $AGAIN{$b}[0] } keys %AGAIN) {
        for my $n (0 .. $#records) {
            my $export = parse($records[$n]);
            next if substr($export->{leader}, 6, 1) !~ /[acdefgijkmoprt]/ || !$AGAIN{$kind}[1]->($export);
            push @exports, build($export);
            push @truth, { export => scalar @exports, kind => $kind, base => $n + 1 };
        }
    }
    return { base => \@records, exports => \@exports, truth => \@truth };
}

# What belongs together is sent one after another; the rest in no order that means anything.
sub _send ($self, @exports) {
    push @{ $self->{units} }, { order => md5_hex('unit ' . @{ $self->{units} }), exports => \@exports };
    return;
}

sub _pairs ($self, $records, $is_book, @kinds) {
    my $turn = 0;
    for my $n (0 .. $#{$records}) {
        my $record = parse($records->[$n]);
        if ($n % $EACH_NOT_HELD == $EACH_NOT_HELD - 1) {
            $self->_not_held($record, $n);
            next;
        }
        my $kind = $kinds[ $turn++ % @kinds ];
        my ($base, $export) = (copy($record), copy($record));
        # Alone by the number that is written otherwise they must be found.
        without($export, '001', '003') if $kind =~ /\Aoclc-/;
        $PAIRS{$kind}->($base, $export, $n + ($is_book ? 5000 : 0));
        # As a vendor or an older system has left them.
        no_oclc($base) if $is_book && $turn % 2;
        push @{ $self->{base} }, $base;
        $self->_send({ record => $export, kind => $kind, base => scalar @{ $self->{base} } });
    }
    return;
}

sub _not_held ($self, $record, $n) {
    return $self->_send({ record => $record, kind => 'new/other-record', base => 'new' }) if int($n / $EACH_NOT_HELD) % 4;
    return $self->_send(
        { record => $record, kind => 'new/other-record', base => 'new' },
        { record => copy($record), kind => 'sent-twice', base => '@' },
    );
}

# Books that share much with one of the catalogue and are none of it.
sub _not_of_this_catalogue ($self, @books) {
    my @makers = (\&edition, \&volume, \&electronic, \&word_for_number, \&source_alone);
    for my $i (0 .. $#books) {
        next if $i % 2;
        my ($n, $book) = @{ $books[$i] };
        # Not the numbers that the book has in the system that it is from.
        without($book, '001', '003', '035');
        my ($kind, $record) = $makers[ ($i / 2) % @makers ]->($book, $FREE_OCLC + 10_000 + $n);
        $self->_send({ record => $record, kind => "new/$kind", base => 'new' }) if $record;
    }
    # Which records have words where numbers belong.
    add_field($self->{base}[ $_ * 9 ], data_field('020', '  ', [ a => 'hbk.' ])) for 1 .. 3;
    return;
}

sub edition ($record, $number) {
    without($record, '020', '010', '250');
    in_035($record, $number);
    add_field($record, data_field('020', '  ', [ a => made_isbn($number) ]));
    add_field($record, data_field('250', '  ', [ a => 'Second, revised edition.' ]));
    return ('other-edition', $record);
}

# Another volume, whose record has the number of the set, too.
sub volume ($record, $number) {
    my ($shared) = isbn_values($record);
    without($record, '020', '010');
    in_035($record, $number);
    add_field($record, data_field('020', '  ', [ a => made_isbn($number) . ' (volume 7)' ]));
    add_field($record, data_field('020', '  ', [ a => "$shared (set)" ]));
    my ($title) = fields($record, '245');
    my @parts = grep { $_->[0] !~ /[np]/ } subfields($title->[1]);
    splice @parts, 1, 0, [ n => 'Volume 7,' ], [ p => 'Sources and index' ];
    $title->[1] = data_field('245', substr($title->[1], 0, 2), @parts)->[1];
    return ('other-volume', $record);
}

# The e-book's record, with the number of the printed book beside its own.
sub electronic ($record, $number) {
    my ($fixed) = fields($record, '008');
    return if !$fixed || length $fixed->[1] != 40 || substr($fixed->[1], 23, 1) ne ' ' || substr($record->{leader}, 6, 1) ne 'a';
    substr $fixed->[1], 23, 1, 'o';
    my ($shared) = isbn_values($record);
    without($record, '020', '010', '300');
    in_035($record, $number);
    add_field($record, data_field('020', '  ', [ a => made_isbn($number) . ' (ebook)' ]));
    add_field($record, data_field('020', '  ', [ a => "$shared (print)" ]));
    add_field($record, data_field('300', '  ', [ a => '1 online resource' ]));
    return ('electronic', $record);
}

sub word_for_number ($record, $number) {
    without($record, '020', '010');
    no_oclc($record);
    add_field($record, data_field('020', '  ', [ a => 'hbk.' ]));
    return ('word-for-number', $record);
}

sub source_alone ($record, $number) {
    without($record, '020', '010');
    no_oclc($record);
    add_field($record, data_field('035', '  ', [ a => '(OCoLC)' ]));
    return ('source-alone', $record);
}

# ---------------------------------------------------------------- OCLC numbers

sub oclc ($record) {
    for my $field (fields($record, '035')) {
        for my $subfield (subfields($field->[1])) {
            return $1 if $subfield->[0] eq 'a' && $subfield->[1] =~ /\A\(OCoLC\)(?:oc[mn]|on)?0*([1-9][0-9]*)\z/;
        }
    }
    my ($number) = map { $_->[1] =~ /\A(?:oc[mn]|on)0*([1-9][0-9]*)\s*\z/ } fields($record, '001');
    return $number // die "a record has no OCLC number\n";
}

sub prefixed ($number) {
    return sprintf 'ocm%08d', $number if length $number <= 8;
    return (length $number == 9 ? 'ocn' : 'on') . $number;
}

# A local number takes the place of OCLC's in 001.
sub no_oclc ($record) {
    my ($number) = map { $_->[1] } fields($record, '001');
    my ($source) = map { $_->[1] } fields($record, '003');
    $record->{fields} = [ grep { !($_->[0] eq '035' && $_->[1] =~ /OCoLC|\x1Fa(?:oc[mn]|on)\d/) } @{ $record->{fields} } ];
    without($record, '019');
    return if ($source // '') ne 'OCoLC' && ($number // '') !~ /\A(?:oc[mn]|on)\d/;
    without($record, '001', '003');
    add_field($record, [ '001', 'local' . substr md5_hex($number // ''), 0, 10 ]);
    return;
}

sub in_035 ($record, $number, @more) {
    no_oclc($record);
    add_field($record, data_field('035', '  ', [ a => "(OCoLC)$number" ], @more));
    return;
}

sub in_001 ($record, $number) {
    no_oclc($record);
    without($record, '001', '003');
    add_field($record, [ '001', prefixed($number) ]);
    add_field($record, [ '003', 'OCoLC' ]);
    return;
}

# ---------------------------------------------------------------- ISBN

# The numbers as they begin the subfields, without hyphens.
sub isbn_values ($record) {
    return map { isbn_in($_->[1]) // () } grep { $_->[0] eq 'a' } map { subfields($_->[1]) } fields($record, '020');
}

sub isbn_in ($text) {
    my ($run) = $text =~ /\A([0-9Xx-]+)/ or return;
    $run =~ tr/-//d;
    return $run =~ /\A(?:97[89][0-9]{10}|[0-9]{9}[0-9Xx])\z/ ? uc $run : undef;
}

sub isbns ($record, $change) {
    my %seen;
    for my $field (fields($record, '020')) {
        my @subfields = subfields($field->[1]);
        my ($isbn) = map { isbn_in($_->[1]) // () } grep { $_->[0] eq 'a' } @subfields or next;
        my $changed = $change->($isbn);
        $field->[1] = $seen{ isbn13($isbn) }++ ? '' : with_number($field->[1], $changed);
    }
    $record->{fields} = [ grep { $_->[0] ne '020' || length $_->[1] } @{ $record->{fields} } ];
    return;
}

sub with_number ($data, $number) { return $data =~ s/\x1Fa[0-9Xx-]+/\x1Fa$number/r }

sub qualified ($record, $qualifier) {
    for my $field (fields($record, '020')) {
        $field->[1] =~ s/(\x1Fa[0-9Xx-]{10,})[^\x1F]*/$1$qualifier/;
        $field->[1] =~ s/\x1Fq[^\x1F]*//g;
    }
    return;
}

sub isbn13 ($isbn) {
    return $isbn if length $isbn == 13;
    my $twelve = '978' . substr $isbn, 0, 9;
    return $twelve . check13($twelve);
}

sub check13 ($twelve) {
    my $sum = 0;
    $sum += substr($twelve, $_, 1) * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return (10 - $sum % 10) % 10;
}

sub isbn10 ($isbn) {
    return $isbn if length $isbn == 10 || $isbn !~ /\A978/;
    my $nine = substr $isbn, 3, 9;
    my $sum = 0;
    $sum += substr($nine, $_, 1) * (10 - $_) for 0 .. 8;
    my $check = (11 - $sum % 11) % 11;
    return $nine . ($check == 10 ? 'X' : $check);
}

# Where the hyphens stand depends on the publisher; nobody must rely on it.
sub hyphenated ($isbn) {
    my ($front, $rest) = length $isbn == 13 ? (substr($isbn, 0, 3) . '-', substr $isbn, 3) : ('', $isbn);
    return $front . join '-', substr($rest, 0, 1), substr($rest, 1, 4), substr($rest, 5, 4), substr $rest, 9;
}

sub made_isbn ($number) {
    my $twelve = sprintf '9798%08d', $number % 100_000_000;
    return $twelve . check13($twelve);
}

sub other_isbns ($record) {
    my @before = isbn_values($record) or return 0;
    isbns($record, sub ($isbn) { length $isbn == 10 ? isbn13($isbn) : isbn10($isbn) });
    return join(' ', isbn_values($record)) ne "@before";
}

# Its prefix, or undef, and the number.
sub oclc_in_035 ($record) {
    my @found = map { $_->[1] =~ /\x1Fa\(OCoLC\)\s*(oc[mn]|on)?0*([1-9]\d*)/ } fields($record, '035');
    return @found[ 0, 1 ] if @found;
    return;
}

sub other_prefix ($record) {
    my ($prefix, $number) = oclc_in_035($record) or return 0;
    in_035($record, defined $prefix ? $number : prefixed($number));
    return 1;
}

# ---------------------------------------------------------------- fields

# In its place by tag.
sub add_field ($record, $field) {
    my $fields = $record->{fields};
    my ($at) = grep { $fields->[$_][0] gt $field->[0] } 0 .. $#{$fields};
    splice @{$fields}, $at // scalar @{$fields}, 0, $field;
    return;
}

# Without its remainder, or with one, or with a word written otherwise.
sub edit_title ($record, $n) {
    my ($field) = fields($record, '245') or return;
    my @subfields = subfields($field->[1]);
    my @kept = grep { $_->[0] ne 'b' } @subfields;
    if    ($n % 3 == 0)      { $_->[1] =~ s/\band\b/&/ for grep { $_->[0] eq 'a' } @kept }
    elsif (@kept == @subfields) { splice @kept, 1, 0, [ b => 'a practical guide' ] }
    $field->[1] = data_field('245', substr($field->[1], 0, 2), @kept)->[1];
    return;
}

1;
