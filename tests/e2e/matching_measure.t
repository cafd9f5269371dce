#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The measure of matching (tests/bench/matching) on a part of its data: it passes, it fails where the
# gateway is broken, and it says in words what is wrong with what it is given.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Temp     qw(tempdir);
use JSON::PP       ();
use POSIX          ();
use Test::More;
use Time::HiRes    qw(sleep);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

plan skip_all => 'it is run on a real Koha by itself' if TestGateway->live;

my $program = "$TestGateway::ROOT/tests/bench/matching";
my $dir = tempdir(CLEANUP => 1);

# (exit status, standard output, the other output)
sub measure (@arguments) {
    my $words = join ' ', map {quotemeta} $^X, $program, @arguments;
    my $output = qx{$words 2>\Q$dir\E/errors};
    my $status = $? >> 8;
    open my $in, '<', "$dir/errors" or die "errors: $!\n";
    my $errors = do { local $/ = undef; <$in> };
    return ($status, $output, $errors);
}

sub file ($name, $content) {
    open my $out, '>:raw', "$dir/$name" or die "$name: $!\n";
    print {$out} $content;
    close $out or die "$name: $!\n";
    return "$dir/$name";
}

sub book ($n, %more) {
    return TestGateway->make_record(oclc => 1_980_000_000 + $n, title => "Voyage number $n", %more);
}

subtest 'a part of the records' => sub {
    my ($status, $output, $errors) = measure(qw(--json --list --rule OCLCISBN --limit 60));
    is $status, 0, 'the goals are reached' or diag $output, $errors;
    my $ours = JSON::PP::decode_json($output)->{ours};
    cmp_ok $ours->{exports}, '>=', 60, 'that many exports';
    is $ours->{wrong_overlays} + $ours->{duplicates}, 0, 'none wrong, none twice';
    is $ours->{exports}, $ours->{right_overlays} + $ours->{right_new} + $ours->{held}, 'each of them is counted';
    cmp_ok $ours->{catalogue}{biblios}, '>', $ours->{right_new}, 'the catalogue is there';
    is $ours->{catalogue}{local_field_kept}, $ours->{catalogue}{overlaid}, 'local fields are kept';
};

subtest 'stopped by a signal' => sub {
    # The database server may run as another user.
    chmod 0711, $dir or die $!;
    mkdir "$dir/stopped" or die $!;
    chmod 01777, "$dir/stopped" or die $!;
    local $ENV{TMPDIR} = "$dir/stopped";
    my $pid = fork // die $!;
    if (!$pid) {
        open STDERR, '>', "$dir/stopped-errors" or POSIX::_exit(9);
        exec $^X, $program, qw(--json --list --break matching --rule ISBN --limit 500) or POSIX::_exit(9);
    }
    # It lists what goes wrong, and here all does: from the first line on it is under way.
    for (1 .. 1200) { last if -s "$dir/stopped-errors"; sleep 0.1 }
    kill TERM => $pid;
    waitpid $pid, 0;
    is $? >> 8, 2, 'it could not be measured';
    is_deeply [ processes_of("$dir/stopped") ], [], 'no process is left';
    is_deeply [ glob "$dir/stopped/*" ], [], 'and no file';
};

sub processes_of ($folder) {
    my @found;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        open my $in, '<', $file or next;
        my $command = do { local $/ = undef; <$in> } // '';
        push @found, $command if index($command, $folder) >= 0;
    }
    return @found;
}

# A library's own records, in a form of its own.
my @base   = map { book($_) } 1 .. 3;
my @edited = (book(2), book(3, title => 'Voyage number three'), book(9), book(9, title => 'Voyage number nine'));
my @given  = (
    '--base' => file('base.mrc', join '', @base), '--edited' => file('edited.mrc', join "\n", @edited),
    '--rule' => 'OCLCISBN', '--truth',
);
my $truth = "# which is which\nbase\texport\tkind\n2\t1\tunchanged\n3\t2\ttitle\nnew\t3\tother\n\@3\t4\ttwice\n";

subtest 'records of one\'s own' => sub {
    my ($status, $output) = measure('--json', @given, file('truth.tsv', $truth));
    my $report = JSON::PP::decode_json($output);
    is_deeply [ @{ $report->{ours} }{qw(exports right_overlays right_new held)} ], [ 4, 3, 1, 0 ], 'all are right';
    is_deeply $report->{goals}{missed}, ['4 exports, fewer than 500'], 'but they are too few';
    is $status, 1, 'so the goals are missed';
    ($status, $output) = measure('--json', @given, file('wrong.tsv', $truth =~ s/^3\t2/1\t2/mr));
    is JSON::PP::decode_json($output)->{ours}{wrong_overlays}, 1, 'a wrong overlay is seen';
};

subtest 'records of one\'s own, edited here' => sub {
    my @books = map { book($_->[0], isbn => $_->[1]) } [ 1, "9780306406157" ], [ 2, "9780306401077" ];
    my ($status, $output) = measure('--json', '--rule', 'OCLCISBN', '--again', file('again.mrc', join '', @books));
    my $ours = JSON::PP::decode_json($output)->{ours};
    is_deeply { map { $_ => $ours->{kinds}{$_}{right_overlays} } keys %{ $ours->{kinds} } },
        { unchanged => 2, 'isbn-form/other' => 2, 'oclc-prefix/other' => 2 }, 'each of them, by its kind';
    ($status) = measure('--again', "$dir/again.mrc", @given, file('truth.tsv', $truth));
    is $status, 2, 'not together with a table';
};

subtest 'broken gateways' => sub {
    my ($status, $output) = measure(qw(--json --rule OCLCISBN --limit 20 --break matching));
    is $status, 1, 'one that finds nothing misses the goals';
    cmp_ok JSON::PP::decode_json($output)->{ours}{duplicates}, '>', 0, 'by its duplicates';
    my $volume = book(10, isbn => '9780306406157', title => 'Sources and index of the voyage');
    ($status, $output) = measure('--json', '--break', 'holding', '--base', file('set.mrc', book(1, isbn => '9780306406157')),
        '--edited', file('volume.mrc', $volume), '--rule', 'ISBN', '--truth', file('truth.tsv', "1\tvolume\tnew\n"));
    is $status, 1, 'one that never holds misses them, too';
    cmp_ok JSON::PP::decode_json($output)->{ours}{wrong_overlays}, '>', 0, 'by its wrong overlays';
};

subtest 'what is wrong with what it is given' => sub {
    my %wrong = (
        'line 4: export 1 stands there twice'    => $truth =~ s/^3\t2/3\t1/mr,
        "line 3: '7' names no record"            => $truth =~ s/^2\t1/7\t1/mr,
        "line 3: '0' is no export"               => $truth =~ s/^2\t1/2\t0/mr,
        "'\@4' names no record"                  => $truth =~ s/\@3/\@4/r,
        'says nothing of export 2'               => $truth =~ s/^3\t2.*\n//mr,
        'must be a word without blanks'          => $truth =~ s/other/an other/r,
        'says nothing of any export'             => "# nothing\n",
    );
    for my $words (sort keys %wrong) {
        my ($status, undef, $errors) = measure(@given, file('truth.tsv', $wrong{$words}));
        is $status, 2, 'not measured';
        like $errors, qr/$words/, $words;
    }
    my ($status, undef, $errors) = measure('--base', file('cut.mrc', substr $base[0], 0, -9), @given[ 2 .. 6 ],
        file('truth.tsv', $truth));
    is $status, 2, 'not measured';
    like $errors, qr/cut[.]mrc, record 1: it does not end as a record does/, 'a record that is cut off';
    ($status, undef, $errors) = measure('--base', 'x.mrc');
    is $status, 2, 'not measured';
    like $errors, qr/--base, --edited and --truth belong together/, 'one file without the others';
};

done_testing;
