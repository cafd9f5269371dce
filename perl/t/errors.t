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
        'octets are needed, not undef'        => sub { "${Core}::Record"->read(undef) },
        'octets are needed, not \'ARRAY'      => sub { "${Core}::Record"->read([]) },
        'octets are needed, not \'\x{4e2d}\'' => sub { "${Core}::Record"->read("\x{4e2d}") },
        'octets are needed, not \'' . ('x' x 56) . '\x{4e2d}...\'' =>
            sub { "${Core}::Record"->read(('x' x 56) . ("\x{4e2d}" x 5)) },
        q('nfd' is not one of encoding, nfc)     => sub { "${Core}::Record"->read('', nfd => 1) },
        'rules: octets are needed, not undef'    => sub { "${Core}::Rules"->new(undef) },
        "a ${Core}::Record is needed, not undef" => sub { $rules->point_keys(undef) },
        "a ${Core}::Record is needed, not '${Core}::Facts" => sub { $rules->identifiers($facts) },
        "a ${Core}::Facts is needed, not '7'"              => sub { $rules->plan($record, 7) },
        "a ${Core}::Facts is needed, not '8'"              => sub { $rules->decide($record, 8) },
        "a ${Core}::Rules is needed, not '${Core}::Rules'" => sub { "${Core}::Rules"->has_matching },
        "a ${Core}::Record is needed, not 'HASH"           => sub { $rules->point_keys({}) },
        "a ${Core}::Record is needed, not 'Other=SCALAR"   =>
            sub { $rules->point_keys(bless \my $no_record, 'Other') },
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

subtest 'what the compiled functions refuse' => sub {
    my $feed   = $Core->can('RequestParser_feed');
    my $parser = "${Core}::RequestParser"->new;
    like error(sub { $feed->($facts, 'x') }), qr/\Aa ${Core}::RequestParser is needed/, 'the wrong object';
    like error(sub { $feed->() }),            qr/Usage/, 'too few arguments';
    like error(sub { $feed->($parser, "\x{4e2d}") }), qr/\Aoctets are needed/, 'characters';
    like error(sub { $feed->($parser, undef) }),      qr/\Aoctets are needed/, 'undef';
    like error(sub { $feed->(undef,   'x') }),        qr/is needed, not undef/, 'no object';
    is "${Core}::Record"->read(moby_dick(), nfc => 0, encoding => undef)->{outcome}, 'ok', 'undef is no option';
};

subtest 'objects of a class below' => sub {
    @Below::ISA = ("${Core}::Record");
    my $below = "${Core}::Record"->read(moby_dick())->{record};
    my $title = $below->title;
    bless $below, 'Below';
    is $below->title, $title, 'are objects of the class';
    is_deeply $rules->point_keys($below), $rules->point_keys($record), 'as arguments too';
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
