# SPDX-License-Identifier: GPL-3.0-or-later
#
# The binding gives the reports that tests/golden/records expects of the core.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Mojo::JSON qw(decode_json);

use ConnexionTest qw(project_dir);
use Koha::Plugin::ConnexionGateway::Core::Record;

my $DIR = project_dir() . '/tests/golden/records';

my ($head, @index) = split /\n/, slurp('INDEX.tsv');
is $head, "number\tfrom\tshows", 'the index has its columns';
my @numbers = map { (split /\t/)[0] } @index;
is_deeply \@numbers, [map { m{/(\d+)[.]mrc\z} } sort glob "$DIR/*.mrc"], 'every record is in it';

for my $line (@index) {
    my ($number, undef, $shows) = split /\t/, $line;
    my $result = Koha::Plugin::ConnexionGateway::Core::Record->read(slurp("$number.mrc"));
    is_deeply report($result), decode_json(slurp("$number.report.json")), "$number: $shows";
    is slurp("$number.charset"), "$result->{encoding}\n", "$number: the encoding";
}
done_testing;

sub report ($result) {
    my @diagnostics;
    for my $found (@{ $result->{diagnostics} }) {
        my %kept = map { $_ => $found->{$_} } qw(code severity offset tag occurrence);
        push @diagnostics, \%kept;
    }
    my %report = map { $_ => $result->{$_} } qw(outcome encoding consumed);
    return { %report, diagnostics => \@diagnostics };
}

sub slurp ($name) {
    open my $in, '<:raw', "$DIR/$name" or die "$name: $!";
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}
