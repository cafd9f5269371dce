#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What an overlay keeps, what holds it back, and what items get; seen in Koha's own tables.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP       ();
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;

sub profile ($name, %settings) {
    $gateway->set_profile({ $gateway->base_profile, name => $name, login => $name, %settings });
    return;
}

# Fields as [tag, '10$a Title']; the leader and control fields that are asked for.
sub record ($oclc, $fields, %more) {
    my $leader = $more{leader} // 'nam a22     7i 4500';
    my @control = ([ '001', "on$oclc" ], [ '003', 'OCoLC' ]);
    push @control, [ '005', $more{dated} ] if $more{dated};
    push @control, [ '008', $more{fixed} ] if $more{fixed};
    return TestGateway->iso2709($leader, @control, map { [ $_->[0], _content($_->[1]) ] } @{$fields});
}

# "10$a Title $b rest", an underscore for a blank indicator.
sub _content ($text) {
    my $indicators = substr($text, 0, 2) =~ tr/_/ /r;
    return $indicators . join '', map { "\x1F" . substr($_, 0, 1) . substr($_, 2) } split / ?\$(?=[a-z] )/, substr($text, 3);
}

sub number_in ($reply) {
    my ($number) = $reply =~ /record number (\d+)/ or BAIL_OUT("no number in: $reply");
    return $number;
}

# The text of a record's fields, as it is stored.
sub fields_of ($number, @tags) {
    my $xml = $gateway->metadata($number);
    my %wanted = map { $_ => 1 } @tags;
    my @found;
    while ($xml =~ m{<datafield tag="(\d+)"[^>]*>(.*?)</datafield>}gs) {
        my ($tag, $content) = ($1, $2);
        push @found, "$tag " . join ' ', $content =~ m{<subfield code="\w">([^<]*)}g if $wanted{$tag};
    }
    return \@found;
}

subtest 'local fields are kept' => sub {
    profile('local', local_fields => [ '590: keep_existing', '69X: add_incoming', '9XX except 952: prefer_incoming' ]);
    my $oclc = TestGateway->unique;
    my $number = number_in($gateway->export('demo', record($oclc, [
        [ '245', '10$a Before' ], [ '500', '__$a General' ], [ '590', '__$a Signed' ], [ '690', '__$a Ours' ],
        [ '942', '__$c BK' ],
    ])));
    my $reply = $gateway->export('local', record($oclc, [
        [ '245', '10$a After' ], [ '590', '__$a Theirs' ], [ '690', '__$a Ours' ], [ '690', '__$a More' ],
    ]));
    like $reply, qr/\ASuccess\..*record number $number overlaid/, 'overlaid';
    is_deeply fields_of($number, qw(245 500 590 690 942)),
        [ '245 After', '590 Signed', '690 More', '690 Ours', '942 BK' ], 'what is local stays';
    is_deeply fields_of($number, '999'), ["999 $number $number"], "and Koha's numbers are right";
};

subtest 'guards hold an overlay' => sub {
    my %case = (
        guard_briefer_level => [ {}, { leader => 'nam a22     8i 4500' } ],
        guard_older => [ { dated => '20250101000000.0' }, { dated => '20240101000000.0' } ],
        guard_other_kind => [ {}, { leader => 'nem a22     7i 4500' } ],
    );
    for my $guard (sort keys %case) {
        (my $name = $guard) =~ tr/_/-/;
        profile($name, guard_other_kind => 0, $guard => 1);
        my $oclc = TestGateway->unique;
        my ($before, $after) = @{ $case{$guard} };
        my $number = number_in($gateway->export($name, record($oclc, [ [ '245', '10$a First' ] ], %{$before})));
        my $reply = $gateway->export($name, record($oclc, [ [ '245', '10$a Second' ] ], %{$after}));
        like $reply, qr/\AHeld for review\./, "$guard: held";
        unlike $reply, qr/^Success/m, 'and no success';
        like $gateway->metadata($number), qr/First/, 'nothing was written';
        like $gateway->export($name, record($oclc, [ [ '245', '10$a Third' ] ], %{$before})),
            qr/\ASuccess\..*overlaid/, 'and what is no worse is taken';
    }
};

subtest 'edited in Koha since' => sub {
    profile('edited', guard_edited => 1);
    my $oclc = TestGateway->unique;
    my @export = map { record($oclc, [ [ '245', "10\$a Version $_" ] ]) } 1 .. 4;
    my $number = number_in($gateway->export('edited', $export[0]));
    like $gateway->export('edited', $export[1]), qr/\ASuccess\..*overlaid/, 'not edited: taken';
    is $gateway->run_perl('-MC4::Context', '-MC4::Biblio', '-MMARC::Field', '-e',
        'C4::Context->interface("commandline"); my $n = shift;'
            . ' my $r = C4::Biblio->can("GetMarcBiblio") ? C4::Biblio::GetMarcBiblio({ biblionumber => $n })'
            . ' : do { require Koha::Biblios; Koha::Biblios->find($n)->metadata->record };'
            . ' $r->insert_fields_ordered(MARC::Field->new("500", " ", " ", a => "Corrected here"));'
            . ' C4::Biblio::ModBiblio($r, $n, "")', $number), 0, 'somebody edits it';
    like $gateway->export('edited', $export[2]), qr/\AHeld for review\..*edited/si, 'held, and it says why';
    like $gateway->metadata($number), qr/Corrected here/, 'the edit is still there';
};

subtest 'the cataloguer names the record' => sub {
    profile('named', target_field => '999 $c');
    my ($one, $other) = map { TestGateway->unique } 1, 2;
    my $number = number_in($gateway->export('demo', record($one, [ [ '245', '10$a A shared title' ] ])));
    my $reply = $gateway->export('named',
        record($other, [ [ '245', '10$a A SHARED title /' ], [ '999', "__\$c $number" ] ]));
    like $reply, qr/\ASuccess\..*record number $number overlaid/, 'the one that is named';
    my $stranger = TestGateway->unique;
    like $gateway->export('named', record($stranger, [ [ '245', '10$a Something else' ], [ '999', "__\$c $number" ] ])),
        qr/\AHeld for review\./, 'held where it shares nothing with the record';
    like $gateway->export('named', record($stranger, [ [ '245', '10$a Something else' ], [ '999', '__$c 999999999' ] ])),
        qr/\AHeld for review\./, 'or where there is no such record';
    like $gateway->export('demo', record($stranger, [ [ '245', '10$a Something else' ], [ '999', "__\$c $number" ] ])),
        qr/\ASuccess\..*added/, 'and not looked at where the profile has no such field';
};

subtest 'items from 949, with defaults' => sub {
    profile('from-949', item_source => [ '949 $i -> $p', '949 $l -> $a' ], default_homebranch => '@patron',
        default_itype => 'BK');
    my $oclc = TestGateway->unique;
    my $reply = $gateway->export('from-949', record($oclc, [
        [ '245', '10$a With items' ], [ '949', '__$a *recs=b;' ], [ '949', "__\$i P$oclc-1 \$l CPL" ],
        [ '949', "__\$i P$oclc-2" ],
    ]));
    my $number = number_in($reply);
    my $items = $gateway->dbh->selectall_arrayref(
        'SELECT barcode, homebranch, holdingbranch, itype FROM items WHERE biblionumber = ? ORDER BY barcode',
        undef, $number);
    my $library = $gateway->count('SELECT branchcode FROM borrowers WHERE userid = ?', $gateway->{write_as});
    is_deeply $items, [ [ "P$oclc-1", 'CPL', 'CPL', 'BK' ], [ "P$oclc-2", ($library) x 2, 'BK' ] ], 'two items';
    is_deeply fields_of($number, '949'), ['949 *recs=b;'], 'a 949 that is no item stays';
    like $reply, qr/^Item P$oclc-1: added/m, 'each has its line in the reply';
    like $reply, qr/^Item P$oclc-2: added/m, 'the other too';
};

sub isbn {
    my $twelve = '978' . substr TestGateway->unique, -9;
    my $sum = 0;
    $sum += substr($twelve, $_, 1) * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return $twelve . (10 - $sum % 10) % 10;
}

# Found by different numbers, they do not wait for each other until both want the same record.
subtest 'two overlays of one record at once lose nothing' => sub {
    # Their OCLC numbers tell them from each other, which is not the question here.
    profile('append', guard_other_number => 0, local_fields => [ '590: add_incoming', '020: add_incoming' ]);
    my @isbn = (isbn(), isbn());
    my $number = number_in($gateway->export('append', record(TestGateway->unique,
        [ (map { [ '020', "__\$a $_" ] } @isbn), [ '245', '10$a Both' ] ])));
    my @sockets = map { $gateway->connection } 1 .. 8;
    for my $n (0 .. $#sockets) {
        my $octets = record(TestGateway->unique,
            [ [ '020', "__\$a $isbn[$n % 2]" ], [ '245', '10$a Both' ], [ '590', "__\$a Note $n" ] ]);
        $sockets[$n]->syswrite(TestGateway->frame('append', 'demo', $octets));
    }
    my @replies = map { $gateway->reply($_) } @sockets;
    is scalar(grep {/\ASuccess\..*record number $number overlaid/} @replies), 8, 'each overlaid it'
        or diag join "\n", @replies;
    is scalar(grep {/Note/} @{ fields_of($number, '590') }), 8, 'and left its note';
};

subtest 'preview writes nothing' => sub {
    profile('preview', preview => 1);
    my $before = $gateway->biblios;
    my $batches = $gateway->count('SELECT COUNT(*) FROM import_batches');
    my $reply = $gateway->export('preview', record(TestGateway->unique, [ [ '245', '10$a Would be' ] ]));
    like $reply, qr/\APreview\..*added/, 'it says what would happen';
    unlike $reply, qr/^Success/m, 'and claims no success';
    is $gateway->biblios, $before, 'no biblio';
    is $gateway->count('SELECT COUNT(*) FROM import_batches'), $batches, 'no batch';
};

subtest 'a file of records is planned, and nothing is written' => sub {
    my ($known, $new) = map { TestGateway->unique } 1, 2;
    my $number = number_in($gateway->export('demo', record($known, [ [ '245', '10$a Known' ] ])));
    my $file = "$gateway->{dir}/plan.mrc";
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} record($known, [ [ '245', '10$a Known again' ] ]), record($new, [ [ '245', '10$a Unknown' ] ]),
        record($new, [ [ '245', '10$a Unknown twice' ] ]);
    close $out or die "$file: $!";
    my $before = $gateway->biblios;
    my $exports = $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_exports');
    my ($text, $status) = $gateway->command('plan', '--profile', 'demo', $file);
    is $status, 0, 'status 0';
    like $text, qr/^ +0  overlaid +$number  Known again$/m, 'an overlay, of which record';
    like $text, qr/^ +1  added +Unknown$/m, 'a new one';
    like $text, qr/^ +2 added$/m, 'the summary counts';
    like $text, qr/record 2 has numbers of .*record 1$/m, 'what is twice in the file is told';
    my ($json) = $gateway->command('plan', '--profile', 'demo', '--json', $file);
    my @plans = map { JSON::PP::decode_json($_) } split /\n/, $json;
    is_deeply [ map { $_->{plan}{outcome} } @plans ], [qw(overlay add add)], 'or a plan a line';
    is $gateway->biblios, $before, 'no biblio';
    is $gateway->count('SELECT COUNT(*) FROM koha_plugin_connexiongateway_exports'), $exports, 'and no export';
    ($text, $status) = $gateway->command('plan', '--profile', 'nosuch', $file);
    is $status, 1, 'a profile that is not there';
};

done_testing;
