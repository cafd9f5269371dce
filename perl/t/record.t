# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Encode     qw(encode_utf8 decode_utf8);
use Mojo::JSON qw(decode_json);

use ConnexionTest qw(iso2709 moby_dick data_file);
use Koha::Plugin::ConnexionGateway::Core::Record;

my $Record = 'Koha::Plugin::ConnexionGateway::Core::Record';

subtest 'a sound record' => sub {
    my $octets = moby_dick();
    my $read   = $Record->read($octets);
    is_deeply { %$read, record => ref $read->{record} },
        {
        record      => $Record,
        outcome     => 'ok',
        encoding    => 'utf-8',
        consumed    => length $octets,
        diagnostics => [],
        },
        'shape of the answer';
    my $record = $read->{record};
    is $record->type,          'biblio',                   'type';
    is $record->size,          5,                          'size';
    is length $record->leader, 24,                         'leader';
    is $record->title,         'Moby Dick, or, The whale', 'title';
    is $record->ascii_title,   'Moby Dick, or, The whale', 'ASCII title';
    is $record->iso2709,       $octets,                    'writes what it read';
    like $record->line, qr/Moby Dick, or, The whale/, 'line format';
    is_deeply $record->fields->[0], { tag => '001', data => 'ocm00012345' }, 'a control field';
    is_deeply $record->fields->[4],
        {
        tag       => '245',
        ind1      => '1',
        ind2      => '0',
        subfields => [['a', 'Moby Dick, or, The whale /'], ['c', 'Herman Melville.']],
        },
        'a data field';
    is decode_json($record->json)->{leader}, $record->leader, 'MARC-in-JSON';
    my $again = $Record->read_marcxml($record->marcxml);
    is $again->{outcome},         'ok',    'MARCXML is read again';
    is $again->{record}->iso2709, $octets, 'and gives the same record';
};

subtest 'text and octets' => sub {
    my $title  = "Pr\x{e6}l\x{16b}di\x{16b} \x{4e2d}";
    my $record = $Record->read(moby_dick(['246', '1 ', a => encode_utf8($title)]))->{record};
    is $record->fields->[-1]{subfields}[0][1], $title, 'fields are text';
    ok index($record->line, $title) >= 0, 'the line format is text';
    for my $method (qw(iso2709 marcxml json)) {
        my $octets = $record->$method;
        ok !utf8::is_utf8($octets),                  "$method is octets";
        ok index($octets, encode_utf8($title)) >= 0, "$method is UTF-8";
    }
    my $octets = $record->iso2709;
    is $Record->read($octets)->{record}->iso2709, $octets, 'there and back';

    my $flagged = $octets;
    utf8::upgrade($flagged);
    ok utf8::is_utf8($flagged), 'the same octets in a flagged string';
    is $Record->read($flagged)->{record}->iso2709, $octets, 'are the same record';
    ok utf8::is_utf8($flagged), 'and the string is as it was';
};

subtest 'an authority' => sub {
    my $record = $Record->read(
        iso2709(
            '00000cz  a2200000n  4500',
            ['001', '5'],
            ['100', '1 ', a => encode_utf8("Capek, Kar\x{e9}l"), d => '1890-1938']
        )
    )->{record};
    is $record->type, 'authority', 'type';
    like $record->title,       qr/Capek, Kar\x{e9}l/, 'the heading is its title';
    like $record->ascii_title, qr/Capek, Karel/,      'in ASCII';
};

subtest 'diagnostics' => sub {
    my $octets = moby_dick();
    my $read   = $Record->read(substr $octets, 0, 150);
    is $read->{outcome}, 'refused', 'a truncated record is refused';
    is $read->{record},  undef,     'there is no record';
    my ($diagnostic) = @{ $read->{diagnostics} };
    is_deeply [sort keys %$diagnostic], [qw(code message occurrence offset severity tag)],
        'members';
    is $diagnostic->{severity}, 'refused', 'severity';
    like $diagnostic->{code},    qr/\A[a-z_0-9]+\z/, 'code';
    like $diagnostic->{message}, qr/\w.*[.]\z/,      'a sentence';
    is $Record->read('')->{outcome},                 'refused', 'nothing is refused too';
    is $Record->read_marcxml('<record/')->{outcome}, 'refused', 'broken XML is refused';
};

subtest 'options' => sub {
    my $latin1 = moby_dick(['246', '1 ', a => "Caf\xe9"]);
    my $read   = $Record->read($latin1, encoding => 'latin-1');
    is $read->{encoding},                              'latin-1',   'the encoding asked for';
    is $read->{record}->fields->[-1]{subfields}[0][1], "Caf\x{e9}", 'was used';

    my $marc8 = moby_dick(['246', '1 ', a => "Caf\xe2e"]);
    my $plain = $Record->read($marc8, encoding => 'marc-8')->{record};
    my $nfc   = $Record->read($marc8, encoding => 'marc-8', nfc => 1)->{record};
    is $plain->fields->[-1]{subfields}[0][1], "Cafe\x{301}", 'MARC-8 gives combining characters';
    is $nfc->fields->[-1]{subfields}[0][1],   "Caf\x{e9}",   'nfc composes them';

    my $hex = moby_dick(['246', '1 ', a => '<U+4E2D> &#x4E2D;']);
    my @as  = map { $Record->read($hex, $_ => 1)->{record}->fields->[-1]{subfields}[0][1] }
        qw(bracketed_hex numeric_references);
    is_deeply \@as, ["\x{4e2d} &#x4E2D;", "<U+4E2D> \x{4e2d}"], 'the two notations';

    my $wrong_length = moby_dick() =~ s/\A\d{5}/00999/r;
    is $Record->read($wrong_length)->{outcome}, 'repaired', 'a wrong record length is repaired';
    is $Record->read($wrong_length, strict => 1)->{outcome}, 'refused',  'and refused if strict';
    is $Record->read($wrong_length, strict => 0)->{outcome}, 'repaired', 'off is off';
};

subtest 'real records' => sub {
    my $read = $Record->read(data_file('gpo_marc8_001072543.mrc'));
    is $read->{encoding}, 'marc-8', 'MARC-8 is recognised';
    my $octets = $read->{record}->iso2709;
    my $again  = $Record->read($octets);
    is $again->{encoding},        'utf-8', 'what is written is UTF-8';
    is $again->{record}->iso2709, $octets, 'and stays as it is';
    is_deeply $again->{record}->fields, $read->{record}->fields, 'with the same fields';
};

done_testing;
