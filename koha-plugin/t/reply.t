#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use Test::More;

use Koha::Plugin::ConnexionGateway::Reply;

my $REPLY = 'Koha::Plugin::ConnexionGateway::Reply';

sub plan_of (%plan) {
    return {
        record_type => 'biblio',
        mode        => 'direct',
        outcome     => 'overlay',
        target      => 34,
        reasons     => [{ code => 'matched' }],
        record      => { title      => 'Moby Dick' },
        match       => { candidates => [] },
        items       => [],
        %plan
    };
}

sub reply (%plan) {
    my $done = delete $plan{done} // { number => 17, batch => 12, record_id => 34 };
    return $REPLY->outcome(plan => plan_of(%plan), done => $done, read => { diagnostics => [] });
}

sub item ($n, $action, $code, %more) {
    return {
        occurrence => $n,
        barcode    => "300$n",
        itemnumber => undef,
        action     => $action,
        reason     => { code => $code, %{ delete $more{reason} // {} } },
        defaults   => {},
        %more
    };
}

# The codes in the tables of docs/plan-format.md, by the heading of the part they stand in.
sub codes_of_the_plan_format () {
    open my $in, '<', "$FindBin::RealBin/../../docs/plan-format.md" or die $!;
    my (%codes, $part, $table);
    while (my $line = <$in>) {
        $part  = $1                        if $line =~ /\A## (.*)/;
        $table = $line =~ /\A\| reason \|/ if $line =~ /\A\|/ && !defined $table;
        $table = undef                     if $line !~ /\A\|/;
        next                               if !$table;
        my ($cell) = $line =~ /\A\|([^|]*)\|/;
        push @{ $codes{$part} }, $cell =~ /`(\w+)`/g;
    }
    close $in;
    return \%codes;
}

my %VALUES = (
    ids      => [34, 35],
    id       => 34,
    value    => '34 | 35',
    incoming => '7',
    existing => ' ',
    map { $_ => 'XX' } qw(record_type homebranch holdingbranch itype)
);

subtest 'every reason that the core has is said in words' => sub {
    my $codes     = codes_of_the_plan_format();
    my @of_record = @{ $codes->{'How the record is decided'} // [] };
    my @of_items  = @{ $codes->{'How the items are decided'} // [] };
    cmp_ok(scalar @of_record, '>=', 21, 'reasons of the record are listed');
    cmp_ok(scalar @of_items,  '>=', 19, 'reasons of the items are listed');
    for my $code (@of_record, 'not_imported_type') {
        my $said = $REPLY->reason({ code => $code, values => \%VALUES });
        like($said, qr/\A[A-Z].*[.]\z/, "$code: a sentence");
        unlike($said, qr/\Q$code\E|[{}]|Reason:/, "$code: in words");
        my $reply =
            reply(outcome => 'hold', reasons => [{ code => $code, values => \%VALUES }]);
        like($reply, qr/\Q$said\E/, "$code: in the reply")
            if $code !~ /\A(?:matched|no_match|no_matching_rule)\z/;
    }
    for my $code (@of_items) {
        my $said = $REPLY->item_reason({ code => $code, values => \%VALUES });
        like($said, qr/\A[a-z].*[^.]\z/, "$code: a part of a sentence");
        unlike($said, qr/\Q$code\E|[{}]|Reason:/, "$code: in words");
    }
    is($REPLY->reason({ code => 'other_code' }),
        'Reason: other_code.', 'a reason that is not known is not kept silent');
};

subtest 'what became of the record' => sub {
    is((split /\n/, reply())[0],
        'Success.  Batch number 12 - biblio record number 34 overlaid by import.', 'overlaid');
    is((split /\n/, reply(outcome => 'add', target => undef))[0],
        'Success.  Batch number 12 - biblio record number 34 added to Koha.', 'added');
    is(
        reply(outcome => 'ignore'),
        "Ignored.  It matches biblio record number 34, which was left as it is.\nTitle: Moby Dick",
        'left alone'
    );
    is((split /\n/, reply(outcome => 'ignore', target => undef))[0],
        'Ignored.  No record matches, and this profile adds no new ones.', 'left out');
    like(
        reply(outcome => 'add', reasons => [{ code => 'no_match_keys' }]),
        qr/\ASuccess.*^The record has nothing to match on/ms,
        'nothing to match on is said of a record that is added'
    );
    like(
        reply(koha_overlay_rules => 1),
        qr/^Koha's own MARC overlay rules decide/m,
        'overlay rules of Koha'
    );
    unlike(reply(outcome => 'add', koha_overlay_rules => 1),
        qr/overlay rules/, 'not where a record is added');
    my %authority = (record_type => 'authority');
    like(reply(%authority, done => { number => 1, batch => 2, record_id => 34, linked_biblios => 12 }),
        qr/^12 linked biblio records will be updated by Koha[.]$/m, 'linked records');
    like(reply(%authority, done => { number => 1, batch => 2, record_id => 34, linked_biblios => 1 }),
        qr/^1 linked biblio record will be/m, 'one');
    unlike(reply(%authority, done => { number => 1, batch => 2, record_id => 34, linked_biblios => 0 }),
        qr/linked/, 'none');
    my $named = reply(reasons => [{ code => 'named_target', values => { id => 34 } }]);
    like($named, qr/\ASuccess.*^The exported record itself names/ms, 'a named target');
};

subtest 'guards' => sub {
    my %said = (
        'The record in Koha is fuller: encoding level 7 (minimal) would replace blank (full).' =>
            [briefer_level => '7', ' '],
        'a record with 4 fields would replace one with 20.' => [fewer_fields => 4, 20],
        'a version of 2020-01-01 12:30 would replace one of 2024-02-03 04:05.' =>
            [older => '20200101123000.0', '20240203040506.0'],
        'text, monograph (am) would replace text, monograph, online (am o).' =>
            [other_kind => 'am', 'am o'],
        'text, serial (as) would replace text, monograph (am).' => [other_kind => 'as', 'am'],
        'text, monograph, print (am ) would replace text, monograph, braille (am f).' =>
            [other_kind => 'am  ', 'am f'],
        'personal name (100) would replace corporate name (110).' => [other_kind => '100', '110'],
        'ger would replace eng (040 $b).' => [other_language => 'ger', 'eng'],
        'has another OCLC number: 123 would replace 456.' => [other_number => '123', '456'],
        'another work or volume: its title is "Orlando".' => [other_title => 'Flush', 'Orlando'],
    );
    for my $sentence (sort keys %said) {
        my ($guard, $incoming, $existing) = @{ $said{$sentence} };
        my $reason = {
            code   => "guard_$guard",
            values => { incoming => $incoming, existing => $existing }
        };
        my $reply = reply(outcome => 'hold', reasons => [{ code => 'matched' }, $reason]);
        like($reply =~ s/\(am  \)/(am )/r, qr/\AHeld for review[.]  .*\Q$sentence\E/, $sentence);
    }
    my $reply = reply(
        outcome => 'hold',
        reasons => [{ code => 'matched' }, { code => 'guard_edited' }],
        items   => [map { item($_, 'hold', 'record_held') } 1 .. 3]
    );
    is($reply, <<'REPLY' =~ s/\n\z//r, 'a whole one');
Held for review.  The record in Koha was edited since it was last imported. Nothing was imported yet.
Title: Moby Dick
It matches biblio record number 34.
Its 3 items wait with it.
Held as export 17; the log of Connexion Gateway in Koha lists it.
REPLY
    like(reply(mode => 'stage', reasons => [{ code => 'matched' }, { code => 'guard_edited' }]),
        qr/\ASuccess.*staged.*^The record in Koha was edited/ms, 'told where the record is staged');
};

subtest 'items' => sub {
    my @items = (
        item(1, 'add', 'items_always_add', defaults => { homebranch => 'CPL', itype => 'BK' }),
        item(2, 'replace', 'same_barcode'),
        item(3, 'ignore',  'items_add_only_for_new'),
        item(4, 'hold', 'duplicate_barcode',
            reason => { values => { biblionumber => 12, itemnumber => 99 } }),
        item(5, 'hold', 'unknown_homebranch', reason => { values => { homebranch => 'ZZ' } }),
        item(6, 'add', 'items_always_add', barcode => undef),
    );
    my $reply = reply(items => \@items);
    my @lines = grep {/\AItem/} split /\n/, $reply;
    is_deeply(
        \@lines,
        [
            'Item 3001: added (home library CPL, item type BK filled in).',
            'Item 3002: replaced.',
            'Item 3003: ignored, this profile adds items to new records only.',
            'Item 3004: not added, its barcode is in use by another item (biblio record number 12).',
            'Item 3005: not added, its home library ZZ is not in Koha.',
            'Item no. 6: added.',
        ],
        'a line each'
    );
    like(
        reply(
            outcome => 'hold',
            reasons => [{ code => 'matched' }, { code => 'item_conflict' }],
            items   => [item(1, 'hold', 'barcode_twice'), item(2, 'hold', 'record_held')]
        ),
        qr/^Item 3001: not added, its barcode is twice.*^Item 3002: not added, the record is held[.]$/ms,
        'items that hold the record'
    );
    unlike(reply(outcome => 'refuse', items => [item(1, 'ignore', 'record_refused')]),
        qr/^Item/m, 'none of a record that is refused');
    like(reply(mode => 'stage', items => [@items[0, 3]]),
        qr/^Item 3001: would be added .*^Item 3004: would not be added,/ms, 'staged');
};

subtest 'as many as there is room for' => sub {
    my $url = 'http://staff.example.org/cgi-bin/koha/catalogue/detail.pl?biblionumber=34';
    for my $number (1 .. 80) {
        my @items = map { item($_, $_ % 3 ? 'add' : 'ignore', 'items_add_only_for_new') } 1 .. $number;
        $items[-1] = item($number, 'hold', 'barcode_twice');
        my $reply = reply(
            items => \@items,
            done  => { number => 17, batch => 12, record_id => 34, url => $url }
        );
        my $told = () = $reply =~ /^Item /mg;
        my ($more) = $reply =~ /^[.]{3} and (\d+) more items?: /m;
        my ($counted) = $reply =~ /^[.]{3} and \d+ more items?: (.*)[.]$/m;
        my $sum = 0;
        $sum += $_ for ($counted // '') =~ /(\d+)/g;
        my @faults = (
            length $reply >= 990                 ? 'too long'           : (),
            $told + ($more // 0) == $number      ? ()                   : 'items are missing',
            $sum == ($more // 0)                 ? ()                   : 'the sum is wrong',
            $reply =~ /\n\n\Q$url\E\z/           ? ()                   : 'no address',
            $reply =~ /^Item 300$number: not/m   ? ()                   : 'what was not added is not said',
        );
        is("@faults", '', "$number items");
    }
};

subtest 'previews' => sub {
    my %done = (number => 17, preview => 1);
    my %said = (
        'Preview.  A biblio record would be added.' => { outcome => 'add', target => undef },
        'Preview.  A biblio record would be overlaid (biblio record number 34).' => {},
        'Preview.  A biblio record would be overlaid when the staged batch is imported (biblio record'
            . ' number 34).' => { mode => 'stage' },
        'Preview.  The export would be held: Several records match equally well.' =>
            { outcome => 'hold', target => undef, reasons => [{ code => 'several_matches' }] },
        'Preview.  The export would not be imported: Holdings records are not taken: export the'
            . ' bibliographic record.' => { outcome => 'refuse', reasons => [{ code => 'holdings_record' }] },
        'Preview.  The record would not be imported: it matches biblio record number 34, which would be'
            . ' left as it is.' => { outcome => 'ignore' },
    );
    for my $line (sort keys %said) {
        my $reply = reply(%{ $said{$line} }, done => {%done}, items => [item(1, 'add', 'items_always_add')]);
        is((split /\n/, $reply)[0], $line, $line);
        like($reply, qr/^Nothing was written to Koha/m, 'nothing was written');
        unlike($reply, qr/^(?:Success|Item \d+: added)|Held as/m, 'and nothing says so');
    }
    my $damaged = { diagnostics => [{ severity => 'refused', message => 'Cut off.' }] };
    like($REPLY->decoding_refused($damaged, 1), qr/\APreview[.]  .*damaged.*^Cut off[.]$/ms, 'damaged');
    like($REPLY->decoding_refused($damaged), qr/\ANot imported[.]  .*Export the record again/s, 'for real');
};

subtest 'plain ASCII' => sub {
    my $reply = reply(record => { title => "\x{160}vejk \x{4e2d}" x 200 });
    like($reply, qr/\A[\n\x20-\x7E]+\z/, 'whatever the title is');
    cmp_ok(length $reply, '<', 990, 'and not too long');
};

done_testing;
