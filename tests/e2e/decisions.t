#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Held exports, and what a person decides about them: seen in Koha's own tables.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP       ();
use POSIX          ();
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;
my $exports = 'koha_plugin_connexiongateway_exports';
my $by = { $gateway->base_profile }->{write_as};

sub profile ($name, %settings) {
    $gateway->set_profile({ $gateway->base_profile, name => $name, login => $name, %settings });
    return;
}

sub row ($number) {
    return $gateway->dbh->selectrow_hashref("SELECT * FROM $exports WHERE number = ?", undef, $number);
}

sub last_number () { return $gateway->count("SELECT MAX(number) FROM $exports") }

sub number_in ($reply) {
    my ($number) = $reply =~ /record number (\d+)/ or BAIL_OUT("no number in: $reply");
    return $number;
}

sub held_list () { return @{ JSON::PP->new->utf8->decode(scalar $gateway->command('held', '--json')) } }

sub shown ($number) { return JSON::PP->new->utf8->decode(scalar $gateway->command('held', '--json', $number)) }

# What is printed on standard error, too.
sub decide ($number, @options) {
    open my $kept, '>&', \*STDERR or die $!;
    open STDERR, '>', "$gateway->{dir}/errors" or die $!;
    my ($output, $status) = $gateway->command('decide', $number, '--as', $by, @options);
    open STDERR, '>&', $kept or die $!;
    open my $errors, '<', "$gateway->{dir}/errors" or die $!;
    local $/ = undef;
    return ($output . <$errors>, $status);
}

sub items_of ($id) {
    return $gateway->dbh->selectcol_arrayref('SELECT barcode FROM items WHERE biblionumber = ? ORDER BY 1', undef, $id);
}

profile('twice', overlay_action => 'create_new');

# Two records of one number in Koha, and an export that matches both.
sub held_by_several (%more) {
    my $oclc = TestGateway->unique;
    my @ids = map { number_in($gateway->export('twice', TestGateway->make_record(oclc => $oclc, title => "Old $_ $oclc",
        items => [ $_ == 1 && $more{with_item} ? TestGateway->item("H$oclc", o => '823 WOO') : () ]))) } 1, 2;
    my $record = TestGateway->make_record(oclc => $oclc, title => "New $oclc", items => $more{items} // []);
    my $reply = $gateway->export($more{login} // 'demo', $record);
    like $reply, qr/\AHeld for review\..*Several records match/s, 'held';
    return { oclc => $oclc, ids => \@ids, record => $record, reply => $reply, number => last_number(),
        login => $more{login} // 'demo' };
}

subtest 'several candidates: one is overlaid' => sub {
    my $held = held_by_several(with_item => 1);
    my ($number, @ids) = ($held->{number}, @{ $held->{ids} });
    is $gateway->export('demo', $held->{record}), $held->{reply}, 'a repeat gets the same answer';
    my $repeat = last_number();
    my ($listed) = grep { $_->{number} == $number } held_list();
    ok $listed, 'listed';
    ok !(grep { $_->{number} == $repeat } held_list()), 'once';
    is_deeply [ sort { $a <=> $b } @{ $listed->{candidates} } ], \@ids, 'with its candidates';
    like "@{ $listed->{why} }", qr/Several records match equally well/, 'and why';
    my ($first) = grep { $_->{id} == $ids[0] } @{ shown($number)->{candidates} };
    is $first->{title}, "Old 1 $held->{oclc}", 'a candidate and its title';
    is_deeply [ map { [ @{$_}{qw(barcode homebranch callnumber)} ] } @{ $first->{existing_items} } ],
        [ [ "H$held->{oclc}", 'CPL', '823 WOO' ] ], 'and its item';
    is_deeply [ map {"$_->{tag} $_->{action}"} grep { $_->{tag} eq '245' } @{ $first->{overlay}{fields} } ],
        [ '245 comes', '245 goes' ], 'field by field';
    my ($text, $status) = decide($number, '--overlay', $ids[0], '--seen', $first->{overlay}{seen});
    is $status, 0, 'decided';
    like $text, qr/\ASuccess\.  Batch number \d+ - biblio record number $ids[0] overlaid by import\..*Decided in Koha by \Q$by\E/s,
        'the reply says what was done, and by whom';
    like $gateway->metadata($ids[0]), qr/New $held->{oclc}/, 'that one is overlaid';
    like $gateway->metadata($ids[1]), qr/Old 2 $held->{oclc}/, 'the other is not';
    my $row = row($number);
    is_deeply [ @{$row}{qw(state outcome record_id)} ], [ 'done', 'overlay', $ids[0] ], 'done';
    is $row->{decided_by}, $gateway->count('SELECT borrowernumber FROM borrowers WHERE userid = ?', $by), 'and who decided';
    ok $row->{decided_at}, 'and when';
    is_deeply(JSON::PP->new->decode($row->{decision}), { record => 'overlay', target => $ids[0] }, 'and what');
    is row($repeat)->{state}, 'done', 'the repeat is no longer held';
    is $gateway->export('demo', $held->{record}) . "\n", $text, 'a later repeat gets the answer of the decision';
    ($text, $status) = decide($number, '--add');
    is $status, 1, 'it can not be decided twice';
    like $text, qr/decided already, by \Q$by\E at .*biblio record $ids[0] overlaid/, 'and it says who did';
    is $gateway->undo_batch($row->{import_batch_id}), 0, q{Koha's undo};
    like $gateway->metadata($ids[0]), qr/Old 1 $held->{oclc}/, 'brings the record back';
};

subtest 'added as new, discarded' => sub {
    my $held = held_by_several();
    my ($text, $status) = decide($held->{number}, '--add');
    like $text, qr/\ASuccess\..*added to Koha/, 'added';
    my $id = number_in($text);
    ok !(grep { $_ == $id } @{ $held->{ids} }), 'a new one';
    is $gateway->undo_batch(row($held->{number})->{import_batch_id}), 0, q{Koha's undo};
    is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber = ?', $id), 0, 'takes it away';
    like $gateway->metadata($_), qr/Old/, 'and no other' for @{ $held->{ids} };

    $held = held_by_several();
    my $before = $gateway->biblios;
    ($text, $status) = decide($held->{number}, '--discard');
    is $status, 0, 'discarded';
    like $text, qr/\ANot imported\.  Decided in Koha by \Q$by\E: the export is discarded/, 'the reply says so';
    is row($held->{number})->{state}, 'refused', 'refused';
    is $gateway->export('demo', $held->{record}) . "\n", $text, 'a repeat gets that answer';
    is $gateway->biblios, $before, 'nothing was written';
};

subtest 'what a guard held' => sub {
    my %guard = (
        guard_briefer_level => { leader => 'nam a22     8i 4500' }, guard_other_kind => { leader => 'nem a22     7i 4500' },
        guard_other_title => { title => 'Of quite another matter altogether' },
        guard_edited => {},
    );
    for my $name (sort keys %guard) {
        (my $login = $name) =~ tr/_/-/;
        profile($login, guard_other_kind => 0, $name => 1);
        my %numbers = $name eq 'guard_other_title' ? (isbn => '978' . substr TestGateway->unique . '000000', 0, 10) : (oclc => TestGateway->unique);
        $numbers{isbn} = isbn13($numbers{isbn}) if $numbers{isbn};
        my $id = number_in($gateway->export($login, TestGateway->make_record(%numbers, title => "Known thing $name")));
        edit($id) if $name eq 'guard_edited';
        my $reply = $gateway->export($login, TestGateway->make_record(%numbers, title => "Known thing $name, again", %{ $guard{$name} }));
        like $reply, qr/\AHeld for review\./, "$name: held";
        my $number = last_number();
        my ($candidate) = @{ shown($number)->{candidates} };
        is $candidate->{id}, $id, 'the candidate is shown';
        like "@{ $candidate->{overlay}{warnings} }", qr/The record in Koha/, 'with what the guard found';
        my ($text, $status) = decide($number, '--overlay', $id);
        like $text, qr/\ASuccess\..*record number $id overlaid.*The record in Koha/s, 'overlaid, and it is told';
        my $title = $guard{$name}{title} // "Known thing $name, again";
        like $gateway->metadata($id), qr/\Q$title\E/, 'written';
        next if $name ne 'guard_edited';
        like $gateway->export($login, TestGateway->make_record(%numbers, title => 'Known thing once more')), qr/\ASuccess\..*overlaid/,
            'and what was decided on counts as its last import';
    }
};

sub isbn13 ($text) {
    my @digits = split //, substr $text, 0, 12;
    my $sum = 0;
    $sum += $digits[$_] * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return join '', @digits, (10 - $sum % 10) % 10;
}

sub edit ($id) {
    return $gateway->run_perl('-MC4::Context', '-MC4::Biblio', '-MMARC::Field', '-e',
        'C4::Context->interface("commandline"); my $n = shift;'
            . ' my $r = C4::Biblio->can("GetMarcBiblio") ? C4::Biblio::GetMarcBiblio({ biblionumber => $n })'
            . ' : do { require Koha::Biblios; Koha::Biblios->find($n)->metadata->record };'
            . ' $r->insert_fields_ordered(MARC::Field->new("500", " ", " ", a => "Corrected here"));'
            . ' C4::Biblio::ModBiblio($r, $n, "")', $id);
}

subtest 'items one by one' => sub {
    my $stamp = TestGateway->unique;
    $gateway->export('twice', TestGateway->make_record(oclc => TestGateway->unique, items => [ TestGateway->item("T$stamp") ]));
    my $held = held_by_several(items => [ map { TestGateway->item($_) } "A$stamp", "T$stamp", "L$stamp" ]);
    my $number = $held->{number};
    my $id = $held->{ids}[1];
    my ($candidate) = grep { $_->{id} == $id } @{ shown($number)->{candidates} };
    my ($taken) = grep { $_->{barcode} eq "T$stamp" } @{ $candidate->{overlay}{items} };
    is $taken->{told}{reason}{code}, 'duplicate_barcode', 'the barcode in use is told';
    is $taken->{wishes}{replace}{action}, 'hold', 'and that there is nothing to replace';
    my $before = $gateway->metadata($id);
    my ($text, $status) = decide($number, '--overlay', $id, '--item', "T$stamp=add");
    is $status, 1, 'what is asked for and can not be is refused';
    like $text, qr/Item T$stamp: its barcode is in use/, 'with the reason';
    is $gateway->metadata($id), $before, 'nothing was written';
    is row($number)->{state}, 'held', 'and it is held still';
    ($text, $status) = decide($number, '--overlay', $id, '--item', "L$stamp=leave", '--item', "X$stamp=leave");
    is $status, 1, 'an item that is not in the record is refused';
    ($text, $status) = decide($number, '--overlay', $id, '--item', "T$stamp=leave", '--item', 'no. 3=leave');
    is $status, 0, 'left out';
    like $text, qr/Item T$stamp: ignored, by a person's decision/, 'and told';
    is_deeply items_of($id), ["A$stamp"], 'the other is added';

    my $again = $gateway->export('demo', TestGateway->make_record(oclc => $held->{oclc}, title => 'Third',
        items => [ TestGateway->item("A$stamp", o => 'NEW CALL') ]));
    like $again, qr/\AHeld/, 'held once more';
    ($text, $status) = decide(last_number(), '--items-to', $id, '--item', "A$stamp=replace");
    is $status, 0, 'the item alone';
    like $gateway->metadata($id), qr/New $held->{oclc}/, 'the record stays';
    is $gateway->count('SELECT itemcallnumber FROM items WHERE barcode = ?', "A$stamp"), 'NEW CALL', 'the item is replaced';
};

subtest 'two decide at once' => sub {
    for my $round (1 .. 3) {
        my $held = held_by_several();
        my @choices = map { [ '--overlay', $_ ] } @{ $held->{ids} };
        my @children = map {
            my $choice = $_;
            my $pid = fork // die $!;
            if (!$pid) {
                open STDERR, '>', "$gateway->{dir}/decider-$choice->[1]" or POSIX::_exit(9);
                my ($text, $status) = $gateway->command('decide', $held->{number}, @{$choice}, '--as', $by);
                POSIX::_exit($status);
            }
            $pid;
        } @choices;
        my @status = map { waitpid $_, 0; $? >> 8 } @children;
        is_deeply [ sort @status ], [ 0, 1 ], 'one of them does';
        my ($winner) = grep { !$status[$_] } 0, 1;
        like $gateway->metadata($held->{ids}[$winner]), qr/New/, 'what it decided';
        like $gateway->metadata($held->{ids}[ 1 - $winner ]), qr/Old/, 'and not what the other did';
        open my $errors, '<', "$gateway->{dir}/decider-$held->{ids}[ 1 - $winner ]" or die $!;
        my $said = do { local $/ = undef; <$errors> };
        like $said, qr/decided already, by \Q$by\E.*biblio record $held->{ids}[$winner] overlaid/, 'who is told so';
    }
};

subtest 'changed or gone meanwhile' => sub {
    my $held = held_by_several();
    my ($number, @ids) = ($held->{number}, @{ $held->{ids} });
    my ($candidate) = grep { $_->{id} == $ids[0] } @{ shown($number)->{candidates} };
    edit($ids[0]);
    my ($text, $status) = decide($number, '--overlay', $ids[0], '--seen', $candidate->{overlay}{seen});
    is $status, 1, 'a candidate that was changed since it was shown';
    like $text, qr/changed since this was shown/, 'is told';
    like $gateway->metadata($ids[0]), qr/Corrected here/, 'and not overlaid';
    $gateway->run_perl('-MC4::Context', '-MC4::Biblio', '-e', 'C4::Context->interface("commandline"); C4::Biblio::DelBiblio(shift)', $ids[0]);
    ($text, $status) = decide($number, '--overlay', $ids[0]);
    is $status, 1, 'one that is gone';
    like $text, qr/Record number $ids[0] is no longer in Koha/, 'is told';
    ($candidate) = grep { $_->{id} == $ids[0] } @{ shown($number)->{candidates} };
    is $candidate->{verdict}, 'gone', 'and shown so';
    my $stranger = $gateway->count('SELECT MIN(biblionumber) FROM biblio');
    ($text, $status) = decide($number, '--overlay', $stranger) if !grep { $_ == $stranger } @ids;
    is $status, 1, 'a record that it does not match is refused';
    is row($number)->{state}, 'held', 'it is held still';
};

subtest 'who may' => sub {
    my $held = held_by_several();
    for my $userid ('stager', 'nobody', 'no-such-patron') {
        next if TestGateway->live && $userid ne 'no-such-patron';
        my ($text, $status) = decide($held->{number}, '--add', '--as', $userid);
        is $status, 1, "$userid may not";
        is row($held->{number})->{state}, 'held', 'and nothing is done';
    }
    my (undef, $status) = decide($held->{number}, '--add', '--discard');
    is $status, 2, 'two decisions are misuse';
    ($status) = (decide(last_number() + 1000, '--add'))[1];
    is $status, 1, 'no such export';
};

subtest 'a profile that stages by now, or only previews' => sub {
    my $stamp = TestGateway->unique;
    profile('later', mode => 'direct');
    my $held = held_by_several(login => 'later', items => [ map { TestGateway->item($_) } "S$stamp", "R$stamp" ]);
    profile('later', preview => 1);
    is((decide($held->{number}, '--add'))[1], 1, 'a profile that only previews decides nothing');
    profile('later', preview => 0, mode => 'stage', overlay_action => 'ignore', nomatch_action => 'ignore', item_action => 'ignore');
    my ($text, $status) = decide($held->{number}, '--overlay', $held->{ids}[0], '--item', "S$stamp=add");
    is $status, 0, 'decided';
    like $text, qr/\ASuccess\..*staged, matches biblio record number $held->{ids}[0]/, 'staged';
    my $batch = row($held->{number})->{import_batch_id};
    is_deeply $gateway->dbh->selectrow_arrayref('SELECT import_status, overlay_action, item_action, num_items FROM import_batches'
            . ' WHERE import_batch_id = ?', undef, $batch), [ 'staged', 'replace', 'always_add', 1 ], 'as decided';
    is $gateway->run_perl('-MC4::Context', '-MC4::ImportBatch', '-e',
        'C4::Context->interface("commandline"); C4::ImportBatch::BatchCommitRecords(shift, "")', $batch), 0, 'Koha imports it';
    like $gateway->metadata($held->{ids}[0]), qr/New $held->{oclc}/, 'the record is overlaid';
    is_deeply items_of($held->{ids}[0]), ["S$stamp"], 'and has the item that was wanted';
};

subtest 'an authority' => sub {
    profile('auth', record_types => [qw(biblio authority)], authority_matching_rule => 'AUTHHEAD', guard_briefer_level => 1);
    my ($authority) = TestGateway->records_of('authority_lc_n2022029274.mrc');
    my $id = number_in($gateway->export('auth', $authority));
    my $briefer = $authority;
    substr($briefer, 17, 1) = 'o';
    like $gateway->export('auth', $briefer), qr/\AHeld for review\./, 'held';
    my ($text, $status) = decide(last_number(), '--overlay', $id);
    like $text, qr/\ASuccess\..*authority record number $id overlaid/, 'overlaid';
};

done_testing;
