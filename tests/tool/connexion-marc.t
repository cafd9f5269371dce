#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

# connexion-marc.t BINARY DATA: runs the command-line tool on the test records.

use v5.26;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode     qw(decode_utf8);
use File::Temp qw(tempdir);
use JSON::PP   qw(decode_json);
use Test::More;

my ($BINARY, $DATA) = @ARGV;
plan skip_all => 'needs the binary and the folder of test records' if !$DATA;

my $FOLDER   = tempdir(CLEANUP => 1);
my $SOUND    = 'oclc_books_36.mrc';
my $REFUSED  = 'mutations/dir_len_not12.mrc';
my $REPAIRED = 'mutations/len_too_long.mrc';

sub slurp ($path) {
    open my $handle, '<:raw', $path or die "$path: $!";
    local $/ = undef;
    my $bytes = <$handle>;
    close $handle or die "$path: $!";
    return $bytes;
}

sub made ($bytes, $name = 'made.mrc') {
    my $path = "$FOLDER/$name";
    open my $handle, '>:raw', $path or die "$path: $!";
    print {$handle} $bytes;
    close $handle or die "$path: $!";
    return $path;
}

# { status, out, err } of one run; the first argument is what goes to standard input, or undef.
sub run ($input, @arguments) {
    my $from = made($input // '', 'input');
    my $pid  = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<', $from         or die "$from: $!";
        open STDOUT, '>', "$FOLDER/out" or die "out: $!";
        open STDERR, '>', "$FOLDER/err" or die "err: $!";
        exec $BINARY, @arguments or die "$BINARY: $!";
    }
    waitpid $pid, 0;
    is $? & 127, 0, "not killed: @arguments" if $? & 127;
    return { status => $? >> 8, out => slurp("$FOLDER/out"), err => slurp("$FOLDER/err") };
}

sub report_of ($run) {
    return map { decode_json($_) } split /\n/, $run->{err};
}

# The report must name every byte of the file once, but for blanks at its end.
sub tiles ($size, @lines) {
    my $at = 0;
    for my $i (0 .. $#lines) {
        return 0 if $lines[$i]{offset} != $at || $lines[$i]{index} != $i || $lines[$i]{length} < 1;
        $at += $lines[$i]{length};
    }
    return $at <= $size && $at > $size - 3;
}

sub data ($name) { return "$DATA/$name" }

subtest 'lines for people are the default' => sub {
    my $run = run(undef, data('pymarc_marc8.mrc'));
    is $run->{status}, 0;
    is $run->{err},    '';
    like $run->{out}, qr/\A\d{5}cam a2200\d{3} a 4500\n001 2\n/;
    like $run->{out}, qr/^245 10 \$a /m;
    like $run->{out}, qr/\n\n\z/;
    my $from_stdin = run(slurp(data('pymarc_marc8.mrc')));
    is $from_stdin->{out}, $run->{out}, 'from standard input';
    is run(slurp(data('pymarc_marc8.mrc')), '--as-is', '--', q{-})->{out}, $run->{out};
};

subtest 'formats' => sub {
    my $json    = run(undef, '--to', 'json', data($SOUND));
    my @records = map { decode_json($_) } split /\n/, $json->{out};
    is @records,                   36;
    is length $records[0]{leader}, 24;
    ok((grep { $_->{245} } @{ $records[35]{fields} }), 'the last one has its title');

    my $xml = run(undef, '--to=xml', data($SOUND), data($SOUND))->{out};
    is scalar(() = $xml =~ /<record /g),     72;
    is scalar(() = $xml =~ /<\?xml /g),      1, 'one document';
    is scalar(() = $xml =~ /<collection /g), 1;
    like $xml, qr{</record>\n</collection>\n\z};
    like run('', '--to', 'xml')->{out}, qr{\A<\?xml [^\n]*\n<collection [^\n]*\n</collection>\n\z},
        'a document even without records';

    is run(undef, '--to', 'none', data($SOUND))->{out}, '';

    my $iso = run(undef, '--to', 'iso2709', data('gpo_utf8_880_3.mrc'));
    is $iso->{out}, slurp(data('gpo_utf8_880_3.mrc')), 'sound UTF-8 comes out as it went in';
};

subtest 'encodings' => sub {
    my $marc8 = run(undef, qw(--to iso2709 --to-encoding marc-8), data('gpo_marc8_as_utf8.mrc'));
    is $marc8->{status}, 0;
    my @records = $marc8->{out} =~ /([^\x1D]+\x1D)/g;
    is @records,                                                                        35;
    is scalar(grep { substr($_, 9, 1) eq q{ } && length == substr $_, 0, 5 } @records), 35;

    my $back = run($marc8->{out}, qw(--to json --nfc));
    is fields_of($back->{out}),
        fields_of(run(undef, qw(--to json --nfc), data('gpo_marc8_as_utf8.mrc'))->{out}),
        'and back';

    my $text = made(sound_record("caf\xE9"), 'latin1.mrc');
    like run(undef, qw(--from latin-1), $text)->{out}, qr/caf\xC3\xA9/;
    is run(undef, qw(--from utf-8), $text)->{status}, 1;
    like run(sound_record("\xE2e"), qw(--from marc-8))->{out},       qr/ e\xCC\x81\n/;
    like run(sound_record("\xE2e"), qw(--from marc-8 --nfc))->{out}, qr/ \xC3\xA9\n/;
    my ($line) = report_of(run(sound_record("\xE2e"), qw(--report --from marc-8 --to none)));
    is $line->{encoding}, 'marc-8';
};

# A record whose one field has this title.
sub sound_record ($title) {
    my $field = "10\x1Fa$title\x1E";
    return sprintf '%05dnam  2200037   4500245%04d00000%s%s%s', 38 + length $field, length $field,
        "\x1E", $field, "\x1D";
}

# MARC-in-JSON but for the numbers in the leader, which count bytes.
sub fields_of ($json) { return $json =~ s/"leader":"\d{5}(.{7})\d{5}/"leader":"$1/gr }

subtest 'the report' => sub {
    my $run   = run(undef, '--report', data($SOUND));
    my @lines = report_of($run);
    is @lines, 36;
    ok tiles(-s data($SOUND), @lines), 'every byte belongs to one line';
    is_deeply [sort keys %{ $lines[0] }],
        [sort qw(file index offset length encoding outcome diagnostics)];
    is $lines[0]{file},    data($SOUND);
    is $lines[0]{outcome}, 'ok';
    is_deeply $lines[0]{diagnostics}, [];

    my ($refused) = report_of(run(undef, '--report', data($REFUSED)));
    is $refused->{outcome}, 'refused';
    my $found = $refused->{diagnostics}[0];
    is $found->{code},     'directory_not_multiple_of_12';
    is $found->{severity}, 'refused';
    like $found->{message}, qr/\A\p{Lu}.*\.\z/;
    is_deeply [sort keys %$found], [sort qw(code severity offset tag occurrence message)];

    my @twice = report_of(run(undef, '--report', '--to', 'none', data($SOUND), data($REFUSED)));
    is $twice[36]{index}, 0, 'counted in each file';
    is $twice[36]{offset}, 0;
};

subtest 'statuses' => sub {
    my $run = run(undef, data($SOUND), data($REFUSED));
    is $run->{status}, 1;
    like $run->{err}, qr/\A\S*dir_len_not12\.mrc: record 0 at byte 0 is refused: .*\n\z/;
    is $run->{out}, run(undef, data($SOUND))->{out}, 'what is refused is not output';

    my $repaired = run(undef, data($REPAIRED));
    is $repaired->{status}, 0;
    my $strict = run(undef, '--strict', '--report', data($REPAIRED));
    is $strict->{status}, 1;
    is $strict->{out},    '';
    is((report_of($strict))[0]{outcome}, 'refused');
    is run('')->{status}, 0, 'no records, none refused';

    for my $misuse (
        ['--to', 'html'],
        ['--to'],
        ['--from',        'utf-16'],
        ['--to-encoding', 'latin-1', '--to', 'iso2709'],
        ['--to-encoding', 'marc-8'],
        ['--jobs',        '0'],
        ['--jobs',        'two'],
        ['--fast'],
        ["$FOLDER/none.mrc"],
        [$FOLDER],
        [data($SOUND), "$FOLDER/none.mrc"]
    ) {
        my $wrong = run(undef, @$misuse);
        is $wrong->{status}, 2, "misuse: @$misuse";
        is $wrong->{out}, '';
        like $wrong->{err}, qr/\Aconnexion-marc: \S/;
        my $told = run(undef, '--report', @$misuse);
        is $told->{status}, 2;
        ok((report_of($told))[0]{error}, 'JSON lines only with --report') if $misuse->[0] ne '--to';
    }
    my $help = run(undef, '--help');
    is $help->{status}, 0;
    like $help->{out}, qr/\Ausage: connexion-marc /;
    is run(undef, '--to', 'none', '/dev/null')->{status}, 0;
};

subtest 'output that cannot be written' => sub {
    plan skip_all => 'no /dev/full' if !-e '/dev/full';
    is system("'$BINARY' '${\ data($SOUND) }' >/dev/full 2>'$FOLDER/err'") >> 8, 2;
    like slurp("$FOLDER/err"), qr/standard output: No space left/;
};

subtest 'a record that is cut' => sub {
    my $record = (slurp(data('gpo_20.mrc')) =~ /\A([^\x1D]+\x1D)/)[0];
    my @wrong;
    my $whole = length $record;
    for my $size (1 .. 30, (map { 197 * $_ } 1 .. $whole / 197 - 1), $whole - 10 .. $whole - 1) {
        my $run   = run(substr($record, 0, $size), '--report');
        my @lines = report_of($run);
        push @wrong, $size
            if $run->{status} != 1
            || $run->{out} ne ''
            || @lines != 1
            || $lines[0]{outcome} ne 'refused'
            || $lines[0]{length} != $size;
    }
    is_deeply \@wrong, [], 'one refused record, nothing put out';
};

subtest 'damage stays where it is' => sub {
    my @lines = report_of(run(undef, qw(--report --to none), data('mutations/_resync_all.mrc')));
    is @lines, 38, 'nineteen damaged records, a sound one behind each';
    is scalar(
        grep { $lines[$_]{outcome} eq 'ok' && $lines[$_]{length} == 1595 }
        map  { 2 * $_ + 1 } 0 .. 18
        ),
        19;
    ok tiles(-s data('mutations/_resync_all.mrc'), @lines);

    my $sound = (slurp(data('gpo_20.mrc')) =~ /\A([^\x1D]+\x1D)/)[0];
    for my $garbage (
        'x',
        'garbage' x 50,
        "\xFF" x 5000,
        "a\x1Db\x1E\x1D",
        'x' x 200_000,
        substr($sound, 0, 12),
        substr($sound, 0, 30),
        substr($sound, 0, 400)
    ) {
        for my $job (1, 2) {
            my @parts = report_of(run("$sound$garbage$sound", qw(--report --to none --jobs), $job));
            is scalar(grep { $_->{outcome} eq 'ok' } @parts), 2, 'both sound ones are read';
            ok @parts > 2, 'and the rest is reported';
            ok tiles(length "$sound$garbage$sound", @parts);
        }
    }
    my @apart = report_of(run("\n$sound\r\n$sound\n\x1A", qw(--report --to none)));
    is @apart, 2, 'line ends belong to the file';
    is $apart[1]{diagnostics}[0]{code}, 'leading_bytes';
    for my $job (1, 2) {
        my $input = "\x1D$sound\x1D$sound\x1D\r\n\x1D$sound\x1D\x1D";
        my @ends  = report_of(run($input, qw(--report --to none --jobs), $job));
        is_deeply [map { $_->{outcome} } @ends], [qw(ok ok ok)],
            'so do record terminators that end nothing';
        ok tiles(length($input) - 2, @ends);
    }
};

subtest 'long files: every block and every number of threads gives the same' => sub {
    my $one =
        slurp(data('mutations/_resync_all.mrc')) . "\x1D\x1D\n" . slurp(data('gpo_20.mrc')) . "\x1D";
    my $long = made($one x 25, 'long.mrc');
    cmp_ok -s $long, '>', 4_000_000;
    my $single = run(undef, qw(--report --to json), $long);
    is $single->{status}, 1;
    my @lines = report_of($single);
    is @lines, 25 * 58;
    ok tiles(-s $long, @lines);

    for my $jobs (2, 3, 8) {
        my $run = run(undef, qw(--report --to json --jobs), $jobs, $long);
        ok $run->{out} eq $single->{out} && $run->{err} eq $single->{err}, "--jobs $jobs";
    }
    is run(slurp($long), qw(--report --to json))->{out}, $single->{out}, 'from standard input';
};

subtest 'memory does not grow with the file' => sub {
    plan skip_all => 'needs /proc' if !-r '/proc/self/limits';
    plan skip_all => 'the sanitizers reserve memory of their own'
        if slurp($BINARY) =~ /__asan_init/;
    my $long = made(slurp(data('gpo_20.mrc')) x 1000, 'long.mrc');
    cmp_ok -s $long, '>', 25_000_000;
    for my $garbage ($long, made('no record here ' x 2_000_000, 'garbage.mrc')) {
        my $status = system 'sh', '-c',
            'ulimit -v 100000; exec "$0" --to none --report "$1" 2>/dev/null',
            $BINARY, $garbage;
        is $status >> 8, $garbage eq $long ? 0 : 1;
    }
    # More than the limit leaves, once the threads have what the system reserves for each.
    my $endless = 'yes no record here | head -c 300000000';
    my $status  = system 'sh', '-c',
        "$endless | (ulimit -v 300000; exec \"\$0\" --to none --jobs 2 --report 2>/dev/null)",
        $BINARY;
    is $status >> 8, 1, 'nor with threads';
};

subtest 'what ISO 2709 cannot hold is refused with the reason' => sub {
    my $path = data('mutations/field_gt9999.mrc');
    is run(undef, qw(--to line), $path)->{status}, 0;
    my $run = run(undef, qw(--to iso2709 --report), $path);
    is $run->{status}, 1;
    is $run->{out},    '';
    my ($line) = report_of($run);
    is $line->{outcome}, 'refused';
    like $line->{diagnostics}[-1]{message}, qr/Field 505 has \d+ bytes/;
};

subtest 'reports name encodings and files as they are' => sub {
    my ($latin1) = report_of(run(undef, '--report', data('../golden/records/087.mrc')));
    is $latin1->{encoding}, 'latin-1', 'an encoding that was not said';
    is $latin1->{outcome},  'repaired';
    my $odd = made(slurp(data('pymarc_marc8.mrc')), qq{a "file"\twith\xFF.mrc});
    my ($named) = report_of(run(undef, '--report', $odd));
    is $named->{file}, qq{$FOLDER/a "file"\twith\x{FFFD}.mrc}, 'a name that is no UTF-8';
};

subtest 'progress' => sub {
    plan skip_all => 'needs script(1)' if system('command -v script >/dev/null 2>&1') != 0;
    my $record = made(slurp(data('gpo_20.mrc')), 'part.mrc');
    my $feed   = "for i in 1 2 3 4 5 6 7 8; do cat $record; sleep 0.2; done";
    my $shown  = qx{script -qec "($feed) | $BINARY --to none" /dev/null </dev/null};
    like $shown, qr/\r\e\[K\d+ records, 0 refused/, 'drawn when it takes long';
    like $shown, qr/\r\e\[K\z/,                     'and taken away';
    unlike qx{script -qec "($feed) | $BINARY --to none --report" /dev/null </dev/null},
        qr/\e/, 'not among JSON lines';
    is qx{script -qec "$BINARY --to none $record" /dev/null </dev/null}, '', 'nor for short files';
};

done_testing;
