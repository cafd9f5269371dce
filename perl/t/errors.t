# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Mojo::JSON qw(encode_json);

use ConnexionTest qw(moby_dick rules);
use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Core::Error;
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::RequestParser;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $Core   = 'Koha::Plugin::ConnexionGateway::Core';
my $record = "${Core}::Record"->read(moby_dick())->{record};
my $rules  = "${Core}::Rules"->new(rules());
my $facts  = "${Core}::Facts"->new;

subtest 'objects' => sub {
    my $error = error(sub { "${Core}::Rules"->new(rules(on_match => "m\x{fc}rge \x{4e2d}")) });
    isa_ok $error, "${Core}::Error";
    like $error->code,    qr/\Arules[.][a-z_]+\z/, 'code';
    like $error->message, qr/on_match/,            'the member is named';
    like $error->message, qr/m\x{fc}rge \x{4e2d}/, 'and the value, in characters';
    is "$error", $error->message . ' (' . $error->code . ')', 'as a string';
    ok $error,             'it is true';
    ok $error eq "$error", 'it compares as its string';

    like error(sub { "${Core}::Rules"->new('{') })->code, qr/\Arules[.]/, 'rules that are no JSON';
    like error(sub { $facts->items('[]') })->code,        qr/\Afacts[.]/, 'facts of the wrong kind';
    is error(sub { "${Core}::Record"->read('x', encoding => 'ebcdic') })->code,
        'binding.bad_argument',
        'an unknown encoding';
    like error(sub { $facts->hit(0, 1, 'guess') })->message, qr/'guess'/, 'an unknown source';
    is error(sub { $Core->ascii(undef) })->code, 'binding.bad_argument', 'undef is no text';
    is error(sub { $Core->ascii([]) })->code,    'binding.bad_argument', 'a reference is no text';

    my $outer = eval {
        eval { "${Core}::Rules"->new('{') };
        'went on';
    };
    is $outer, 'went on', 'an error is caught where it is raised';
};

subtest 'too long to write' => sub {
    my $long = "${Core}::Record"->read_marcxml(
        '<record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000cam a2200000 a 4500</leader>'
            . '<datafield tag="520" ind1=" " ind2=" "><subfield code="a">'
            . ('x' x 12_000)
            . '</subfield></datafield></record>')->{record};
    my $error = error(sub { $long->iso2709 });
    is $error->code, 'marc.too_long', 'is an error';
    like $error->message, qr/520/, 'that names the field';
    ok length $long->marcxml > 12_000, 'the object is still of use';
};

subtest 'misuse is a croak at the line of the caller' => sub {
    my %misuse = (
        'record: octets are needed, not undef'        => sub { "${Core}::Record"->read(undef) },
        'record: octets are needed, not \'ARRAY'      => sub { "${Core}::Record"->read([]) },
        'record: octets are needed, not \'\x{4e2d}\'' =>
            sub { "${Core}::Record"->read("\x{4e2d}") },
        q('nfd' is not one of encoding, nfc)     => sub { "${Core}::Record"->read('', nfd => 1) },
        'rules: octets are needed, not undef'    => sub { "${Core}::Rules"->new(undef) },
        "a ${Core}::Record is needed, not undef" => sub { $rules->point_keys(undef) },
        "a ${Core}::Record is needed, not '${Core}::Facts" => sub { $rules->identifiers($facts) },
        "a ${Core}::Facts is needed, not '7'"              => sub { $rules->plan($record, 7) },
        q(id: a whole number is needed, not 'x') => sub { $facts->candidate('x', $record) },
        q(matchpoint: a whole number is needed, not '-1') => sub { $facts->hit(-1, 1, 'search') },
        'items: octets are needed, not undef'             => sub { $facts->items(undef) },
    );
    for my $expected (sort keys %misuse) {
        my $error = error($misuse{$expected});
        ok !ref $error, 'no object';
        like $error, qr/\A\Q$expected\E.* at \Q$0\E line \d+/s, $expected;
    }
};

subtest 'what SWIG itself refuses' => sub {
    my $feed   = $Core->can('RequestParser_feed');
    my $parser = "${Core}::RequestParser"->new;
    like error(sub { $feed->($facts->raw, 'x') }), qr/TypeError.*RequestParser/, 'the wrong handle';
    like error(sub { $feed->() }),                 qr/Usage/, 'too few arguments';
    is error(sub { $feed->($parser->raw, "\x{4e2d}") })->code, 'binding.bad_argument', 'characters';
    is error(sub { $feed->($parser->raw, undef) })->code,      'binding.bad_argument', 'undef';
    is error(sub { $feed->(undef,        'x') })->code,        'binding.bad_argument', 'no handle';
    like error(sub { $Core->can('point_keys')->(undef, $rules->raw) }), qr/null reference/,
        'nor here';
};

subtest 'text' => sub {
    is $Core->ascii("Dvo\x{159}\x{e1}k"), 'Dvorak', 'characters';
    is $Core->ascii("\xe9t\xe9"),         'ete',    'characters that fit a byte, unflagged';
    my $flagged = "\xe9t\xe9";
    utf8::upgrade($flagged);
    is $Core->ascii($flagged), 'ete',  'the same, flagged';
    is $Core->ascii(12.5),     '12.5', 'numbers';
    is $Core->ascii(''),       '',     'nothing';
    my $number = 12;
    $Core->ascii($number);
    is encode_json([$number]), '[12]', 'a number stays a number';
};

done_testing;

sub error ($code) {
    my $lived = eval { $code->(); 1 };
    return $lived ? 'no error' : $@;
}
