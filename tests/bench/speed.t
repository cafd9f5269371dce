# SPDX-License-Identifier: GPL-3.0-or-later
#
# That tests/bench/speed runs, has every row, and compares what is the same work. How fast anything
# is, is not asked.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use File::Basename qw(dirname);
use File::Spec     ();
use JSON::PP       ();

my $BENCH = File::Spec->rel2abs(dirname(__FILE__));

my $told = told_by(qw(--json --rounds 1 --corpus), "$BENCH/../data");
is_deeply [ map { $_->{name} } @{ $told->{rows} } ],
    [qw(memory_libyaz memory_marc_record memory_walk process_none process_xml perl_decision perl_plan jobs_2)],
    'every row';
for my $row (@{ $told->{rows} }) {
    is $row->{counts}{ours}, $row->{counts}{others}, "$row->{name}: both found the same";
    ok $row->{same_work}, 'and that is told';
    cmp_ok $row->{ratio}, '>', 0, 'there is a ratio';
}
cmp_ok $told->{corpus}{$_}{records}, '>', 0, "records: $_" for qw(all marc8 few);
cmp_ok $told->{left_out}, '>', 0, 'what is damaged is left out';

done_testing;

sub told_by (@arguments) {
    open my $out, '-|', "$BENCH/speed", @arguments or die "$BENCH/speed: $!\n";
    my $json = do { local $/ = undef; <$out> };
    close $out;
    is $?, 0, 'exit status 0';
    return JSON::PP::decode_json($json);
}
