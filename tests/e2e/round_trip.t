#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Records go out of Koha to the Client, are edited there, and come back: each overlays the record that it came from, and what
# is the library's own is as it was. In both encodings. CONNEXION_ROUND_TRIP names a folder with other
# files of records (*.mrc).

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use File::Basename qw(dirname);
use MARC::File::XML (BinaryEncoding => 'utf8', RecordFormat => 'MARC21');
use MARC::Record;
use Test::More;
use Unicode::Normalize qw(NFC);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $EDITED = 'Edited in the Client.';
my @OURS = ('590   $a Signed by the author.', '942   $c BK', '948   $a kept here');

my $gateway = TestGateway->start(profiles => []);
my %profile = ($gateway->base_profile, item_action => 'ignore', item_source => [ '949 $i -> $p', '949 $l -> $a' ],
    guard_other_title => 0);
$gateway->set_profile({ %profile, name => 'first', login => 'first', item_action => 'always_add' });
$gateway->set_profile({ %profile, name => 'usual', login => 'usual' });
# For records without an OCLC number: the record says itself where it belongs.
$gateway->set_profile({ %profile, name => 'named', login => 'named', target_field => '999 $c',
    client_local_fields => ['9XX except 999'] });

sub files {
    my $folder = $ENV{CONNEXION_ROUND_TRIP};
    return glob "$folder/*.mrc" if $folder;
    return map {"$TestGateway::ROOT/tests/data/$_"}
        qw(oclc_books_36.mrc gpo_marc8_001072543.mrc gpo_marc8_001075877.mrc gpo_utf8_880_3.mrc book_utf8_oclc1119720295.mrc
            pymarc_marc8.mrc yaz_marc7.mrc);
}

sub records ($file) {
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/ = "\x1D";
    my @records = grep { /\A[0-9]{5}/ && /\x1D\z/ } map {s/\A[\s\0]+//r} <$in>;
    close $in or die "$file: $!\n";
    return @records;
}

# The record with more fields at its end, whatever its encoding.
sub with_fields ($octets, @fields) {
    my $base = 0 + substr $octets, 12, 5;
    my $directory = substr $octets, 24, $base - 25;
    my $data = substr $octets, $base, -1;
    for my $field (@fields) {
        my ($tag, $content) = $field =~ /\A(...)(.*)\z/s;
        $content =~ s/ \$(.) /\x1F$1/g;
        $content .= "\x1E";
        $directory .= sprintf '%s%04d%05d', $tag, length $content, length $data;
        $data .= $content;
    }
    my $leader = substr $octets, 0, 24;
    substr $leader, 12, 5, sprintf '%05d', 25 + length $directory;
    substr $leader, 0, 5, sprintf '%05d', 26 + length($directory) + length $data;
    return "$leader$directory\x1E$data\x1D";
}

# ISO 2709 keeps its numbers in five digits, and a broken directory is not for this test.
sub is_sound ($octets) {
    return length $octets < 99_000 && substr($octets, 12, 5) =~ /\A[0-9]{5}\z/ && length $octets == substr $octets, 0, 5;
}

# Of a record in Koha, what should be the same afterwards; the OCLC number may come to 035 and goes from 001. Koha itself takes away
# a field with nothing but $9 when it saves a record again.
sub content ($number) {
    my $xml = $gateway->metadata($number);
    $xml = Encode::decode('UTF-8', $xml) if !utf8::is_utf8($xml);
    my $record = MARC::Record->new_from_xml($xml, 'UTF-8');
    my @fields;
    for my $field (grep { $_->tag !~ /\A(?:001|003|005)\z/ } $record->fields) {
        next if !$field->is_control_field && !grep { $_->[0] ne '9' } $field->subfields;
        push @fields, $field->is_control_field ? $field->tag . $field->data
            : join ' ', $field->tag, $field->indicator(1) . $field->indicator(2),
            map {"\$$_->[0]$_->[1]"} grep { $_->[0] ne '9' || $field->tag !~ /\A[14678]/ } $field->subfields;
    }
    return map { NFC($_) } @fields;
}

sub items ($number) {
    return $gateway->dbh->selectall_arrayref(
        'SELECT itemnumber, barcode, homebranch, holdingbranch, itype, itemcallnumber FROM items WHERE biblionumber = ? ORDER BY 1',
        undef, $number);
}

# ---------------------------------------------------------------- into Koha

my (%first, $left_out);
for my $file (files()) {
    for my $octets (grep { is_sound($_) } records($file)) {
        next if substr($octets, 6, 1) !~ /\A[acdefgijkmoprt]\z/;
        my $item = '952   $p ' . TestGateway->unique . ' $a CPL $b CPL $y BK $o QA 76';
        my $reply = $gateway->export('first', with_fields($octets, @OURS, $item)) // '';
        my ($number) = $reply =~ /\ASuccess[.].*record number (\d+)/;
        $number ? $first{$number}++ : $left_out++;
    }
}
my @numbers = sort { $a <=> $b } keys %first;
cmp_ok scalar @numbers, '>=', 30, 'records in Koha: ' . @numbers . ', left out: ' . ($left_out // 0) if !$ENV{CONNEXION_ROUND_TRIP};
note scalar(@numbers), ' records in Koha, ', $left_out // 0, ' were not taken';

# ---------------------------------------------------------------- out and back

sub sent ($profile, $encoding, @ids) {
    return if !@ids;
    my $file = "$gateway->{dir}/sent.mrc";
    my @command = ('export', '--biblionumbers', join(',', @ids), '--profile', $profile, '--encoding', $encoding, '-o', $file);
    my $status = quietly(sub { ($gateway->command(@command))[1] });
    is $status, 0, "$profile, $encoding: all of them are in the file";
    return records($file);
}

sub quietly ($code) {
    open my $errors, '>&', \*STDERR or die $!;
    open STDERR, '>', '/dev/null' or die $!;
    my $result = $code->();
    open STDERR, '>&', $errors or die $!;
    return $result;
}

sub has_oclc_number ($number) { return $gateway->metadata($number) =~ /\(OCoLC\)\d|<controlfield tag="003">OCoLC/ }

sub comes_back ($profile, $number, $octets, $encoding) {
    my @before = content($number);
    my $items = items($number);
    unlike $octets, qr/Koha|\x1Fp9/, "$number: no item goes out" if $profile eq 'usual';
    my $reply = $gateway->export($profile, with_fields($octets, "500   \$a $EDITED $encoding")) // '';
    like $reply, qr/\ASuccess[.].*record number $number overlaid/, "$number: comes back to itself ($profile, $encoding)" or return;
    my @after = grep { $_ ne "500    \$a$EDITED $encoding" } content($number);
    my %before = map { $_ => 1 } @before;
    is_deeply [ sort grep { $before{$_} || !/\A035    \$a\(OCoLC\)/ } @after ], [ sort @before ], "$number: all else is as it was";
    is scalar(content($number)) - @after, 1, "$number: with the edit";
    is_deeply items($number), $items, "$number: its items are as they were";
    return;
}

for my $encoding (qw(utf-8 marc-8)) {
    my @usual = grep { has_oclc_number($_) } @numbers;
    my @named = grep { !has_oclc_number($_) } @numbers;
    for my $group ([ usual => @usual ], [ named => @named ]) {
        my ($profile, @ids) = @{$group};
        my @records = sent($profile, $encoding, @ids);
        is scalar @records, scalar @ids, "$profile, $encoding: the records";
        my @scheme = grep { substr($_, 9, 1) ne ($encoding eq 'utf-8' ? 'a' : ' ') } @records;
        is scalar @scheme, 0, "$profile, $encoding: leader/09 is right";
        comes_back($profile, $ids[$_], $records[$_], $encoding) for 0 .. $#ids;
    }
}
is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber > ?', $numbers[-1]), 0, 'no other record was made';

$gateway->stop;
done_testing;
