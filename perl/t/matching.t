# SPDX-License-Identifier: GPL-3.0-or-later
#
# The binding makes the keys and chooses the records that Koha's own code does (tests/golden/matching).
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Mojo::JSON qw(decode_json);

use ConnexionTest qw(data_file project_dir);
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $CORE    = 'Koha::Plugin::ConnexionGateway::Core';
my $golden  = decode_json(slurp(project_dir() . '/tests/golden/matching/koha-19.06.json'));
my @records = map { record_of(@$_) } @{ $golden->{records} };

my ($keys, $matches) = (0, 0);
for my $case (@{ $golden->{cases} }) {
    my $rules = rules_of($case->{rule});
    my ($expected, $made) = ({}, {});
    for my $of (@{ $case->{keys} }) {
        my ($record, $point, $list) = @$of;
        $expected->{"$record $point"} = [once(@$list)] if @$list;
        my ($found) =
            grep { $_->{matchpoint} == $point } @{ $rules->point_keys($records[$record]) };
        $made->{"$record $point"} = $found->{keys} if $found;
        $keys += @$list;
    }
    is_deeply $made, $expected, "$case->{rule}{code}: keys";
    is_deeply [map { kept($rules, $_) } @{ $case->{matches} }],
        [map { $_->{found} } @{ $case->{matches} }], "$case->{rule}{code}: records and scores";
    $matches += @{ $_->{found} } for @{ $case->{matches} };
}
cmp_ok $keys,    '>', 1000, "$keys keys";
cmp_ok $matches, '>', 200,  "$matches matches";
done_testing;

sub slurp ($file) {
    open my $handle, '<:raw', $file or die "$file: $!\n";
    local $/ = undef;
    return scalar <$handle>;
}

sub record_of ($file, $number) {
    my @octets = split /(?<=\x1D)/, data_file($file);
    return "${CORE}::Record"->read($octets[$number], nfc => 1)->{record};
}

sub rules_of ($rule) {
    return "${CORE}::Rules"->new({
        schema_version  => 1,
        record_type     => $rule->{record_type},
        mode            => 'direct',
        matching_rule   => $rule,
        on_match        => 'replace',
        on_no_match     => 'create_new',
        several_matches => 'best',
        items           => 'ignore',
    });
}

# The core searches once for a key that Koha repeats.
sub once (@list) {
    my %seen;
    return grep { !$seen{$_}++ } @list;
}

sub kept ($rules, $case) {
    my $facts = "${CORE}::Facts"->new;
    for my $point (sort keys %{ $case->{hits} }) {
        $facts->hit($point, $_, 'search') for @{ $case->{hits}{$point} };
    }
    $facts->candidate($_, $records[$case->{candidates}{$_}]) for keys %{ $case->{candidates} };
    my $found = $rules->plan($records[$case->{source}], $facts)->{match}{candidates};
    # That OCLC numbers tell equal ones apart is ours alone.
    return [map { [$_->{id}, $_->{score}] } sort { $b->{score} <=> $a->{score} || $b->{id} <=> $a->{id} }
            grep { $_->{verdict} =~ /\A(?:chosen|equal|other_number|lower_score)\z/ } @$found];
}
