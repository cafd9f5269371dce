# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use File::Spec      ();
use JSON::Validator ();
use Mojo::JSON      qw(decode_json encode_json);

use ConnexionTest qw(iso2709 moby_dick rules project_dir);
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $Facts  = 'Koha::Plugin::ConnexionGateway::Core::Facts';
my $Record = 'Koha::Plugin::ConnexionGateway::Core::Record';
my $Rules  = 'Koha::Plugin::ConnexionGateway::Core::Rules';

my $golden = project_dir() . '/tests/golden';
my $schema = JSON::Validator->new->schema("$golden/plan.schema.json");
my $record = $Record->read(moby_dick())->{record};

subtest 'keys' => sub {
    my $rules = $Rules->new(rules());
    is $rules->has_matching, 1, 'there is a matching rule';
    is_deeply $rules->point_keys($record),
        [{
            matchpoint => 0,
            index      => 'isbn',
            keys       => ['9780142437247'],
            searched   => [qw(9780142437247 0142437247)]
        }],
        'as the rule makes them, and what is searched for';
    is_deeply $rules->plan($record, $Facts->new)->{match}{keys}, $rules->point_keys($record),
        'as the plan has them';
    is_deeply [sort map { "$_->{kind}:$_->{value}" } @{ $rules->identifiers($record) }],
        ['isbn:9780142437247', 'oclc:12345'], 'identifiers';

    my $none = $Rules->new(encode_json(rules(matching_rule => undef)));
    is $none->has_matching, 0, 'rules without matching, from JSON';
    is_deeply $none->point_keys($record), [], 'make no keys';
};

subtest 'plans' => sub {
    my $rules = $Rules->new(rules());
    my $new   = checked($rules, $record, $Facts->new);
    is $new->{outcome},       'add',                      'nothing found: add';
    is $new->{target},        undef,                      'without a target';
    is $new->{record}{title}, 'Moby Dick, or, The whale', 'the title';

    my $found = $Facts->new->hit(0, 34, 'search')->candidate(34, $record);
    my $plan  = checked($rules, $record, $found);
    is $plan->{outcome}, 'overlay', 'found: overlay';
    is $plan->{target},  34,        'the target';
    is_deeply [map { [$_->{id}, $_->{score}, $_->{verdict}] } @{ $plan->{match}{candidates} }],
        [[34, 1000, 'chosen']], 'the candidate';

    my $both = $Facts->new->hit(0, 34, 'search')->hit(0, 35, 'identifiers');
    $both->candidate($_, $record) for 34, 35;
    is checked($rules, $record, $both)->{outcome}, 'hold', 'two equal ones: hold';

    is $rules->plan_json($record, $found), $rules->plan_json($record, $found),
        'always the same octets';
};

subtest 'all of the combinations follow the schema' => sub {
    my $with_items = $Record->read(
        moby_dick(
            ['952', '  ', a => 'CPL', b => 'CPL', p => '3001', y => 'BK'],
            ['952', '  ', a => 'CPL', b => 'CPL', p => '3002', y => 'BK']
        )
    )->{record};
    for my $on_match (qw(replace create_new ignore)) {
        for my $items (qw(always_add add_only_for_matches add_only_for_new ignore replace)) {
            for my $mode (qw(direct stage)) {
                my $rules =
                    $Rules->new(rules(on_match => $on_match, items => $items, mode => $mode));
                is_deeply [sort @{ $rules->item_questions($with_items)->{barcodes} }],
                    ['3001', '3002'], 'the barcodes to ask about'
                    if $items ne 'ignore';
                for my $found (0, 1) {
                    my $facts = $Facts->new;
                    $facts->hit(0, 34, 'search')->candidate(34, $record) if $found;
                    $facts->items(
                        {
                            barcodes    => { 3001 => { itemnumber   => 17, biblionumber => 34 } },
                            itemnumbers => { 17   => { biblionumber => 34 } },
                            libraries   => ['CPL'],
                            itemtypes   => ['BK']
                        }
                    );
                    checked($rules, $with_items, $facts);
                }
            }
        }
    }
};

subtest 'text in plans' => sub {
    my $title = "\x{160}vejk \x{4e2d}";
    utf8::encode(my $octets = $title);
    my $svejk =
        $Record->read(iso2709('00000cam a2200000 a 4500', ['245', '10', a => $octets]))->{record};
    my $rules = $Rules->new(rules());
    is $rules->plan($svejk, $Facts->new)->{record}{title}, $title, 'decoded it is text';
    ok !utf8::is_utf8($rules->plan_json($svejk, $Facts->new)), 'as JSON it is octets';
    my $text = rules(item_tag => '952');
    $text->{matching_rule}{code} = $title;
    is $Rules->new($text)->plan($svejk, $Facts->new)->{match}{rule}, $title, 'text in rules';
};

done_testing;

sub checked ($rules, $incoming, $facts) {
    my $plan   = decode_json($rules->plan_json($incoming, $facts));
    my @errors = $schema->validate($plan);
    is "@errors", '', "$plan->{outcome}: follows the schema";
    is_deeply $rules->plan($incoming, $facts), $plan, 'plan is plan_json decoded';
    my %decided = map { $_ => $plan->{$_} } qw(outcome target reasons items);
    $decided{candidates} = $plan->{match}{candidates};
    is_deeply $rules->decide($incoming, $facts), \%decided, 'decide says the same';
    return $plan;
}
