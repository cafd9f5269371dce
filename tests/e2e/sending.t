#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Files for the Client from the command line: which records, what goes out of them, what is told.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start(profiles => []);
my %profile = ($gateway->base_profile, item_source => [ '949 $i -> $p', '949 $l -> $a', '949 $c -> $o' ]);
$gateway->set_profile({ %profile, name => 'books', login => 'books' });
my ($one, $two) = map { TestGateway->unique } 1, 2;
my %number = map { $_ => added(TestGateway->make_record(oclc => $_, title => "For the Client $_",
    items => [ TestGateway->item("S$_", o => 'QA 76'), TestGateway->item("T$_") ])) } $one, $two;
my $poor = added(TestGateway->iso2709('nam a22     7i 4500', [ 245, "10\x1FaPoor" ], [ 500, "  \x1Fa\x{E6}\x{9D}\x{B1} \x{F0}\x{9F}\x{98}\x{80}" ]));

sub added ($record) {
    my $reply = $gateway->export('books', $record);
    my ($number) = $reply =~ /record number (\d+)/ or die "not added: $reply\n";
    return $number;
}

# (status, what it gives, what it tells); a real Koha may have other profiles, too.
sub export (@arguments) {
    push @arguments, '--profile', 'books' if !grep { $_ eq '--profile' } @arguments;
    my $program = "$gateway->{plugin_dir}/Koha/Plugin/ConnexionGateway/bin/connexion-gateway";
    local %ENV = (%ENV, %{ $gateway->{environment} });
    my $pid = open3(my $in, my $out, my $errors = gensym, $^X, $program, 'export', @arguments);
    close $in;
    my ($given, $told) = map { local $/ = undef; scalar <$_> // '' } $out, $errors;
    waitpid $pid, 0;
    return ($? >> 8, $given, $told);
}

sub records ($octets) { return split /(?<=\x1D)/, $octets }

sub slurp ($file) {
    open my $in, '<:raw', $file or return;
    local $/ = undef;
    return scalar <$in>;
}

subtest 'by number, to a file' => sub {
    my $file = "$gateway->{dir}/out.mrc";
    my ($status, $given, $told) = export('--biblionumbers', "$number{$two},$number{$one}", '-o', $file);
    is $status, 0, 'done';
    is $given, '', 'nothing on standard output';
    is $told =~ s/\n.*//rs, "2 records in $file.", 'how many';
    my @records = records(slurp($file));
    is scalar @records, 2, 'two records';
    like $records[0], qr/For the Client $two/, 'in the order given';
    like $records[0], qr/\x1Fa\(OCoLC\)$two\x1E/, 'the OCLC number';
    unlike $records[0], qr/S$two|\x1Fc$number{$two}\x1E/, 'neither an item nor a number of Koha';
    ok !-e "$file.part", 'nothing else';
};

subtest 'items, by the profile' => sub {
    $gateway->set_profile({ name => 'books', client_items => 'item_source' });
    my ($status, $given) = export('--biblionumbers', $number{$one});
    like $given, qr/\x1E  \x1FlCPL\x1FcQA 76\x1FiS$one\x1E  \x1FlCPL\x1FiT$one\x1E/, 'as 949, the other way round';
    like $given, qr/^.{24}(?:.{12})*949/s, 'with that tag';
    $gateway->set_profile({ name => 'books', client_items => 'leave_out' });
    open my $errors, '>&', \*STDERR or die $!;
    open STDERR, '>', '/dev/null' or die $!;
    my $saved = eval { $gateway->set_profile({ name => 'books', client_items => 'item_source', item_source => [] }); 1 };
    open STDERR, '>&', $errors or die $!;
    ok !$saved, 'there must be a field for them';
};

subtest 'encodings, and what would be refused' => sub {
    my ($status, $given, $told) = export('--biblionumbers', $poor, '--encoding', 'marc-8');
    is substr($given, 9, 1), ' ', 'MARC-8';
    like $given, qr/\e\$1.*\e\(B &#x1F600;/s, 'with its character sets, and references';
    is $status, 0, 'it is in the file all the same';
    like $told, qr/^ +1  Field 008 is missing\.\n +outgoing_008_missing: $poor$/m, 'what is missing';
    like $told, qr/outgoing_not_in_marc8: $poor$/m, 'and what MARC-8 does not have';
    (undef, $given, $told) = export('--biblionumbers', $poor);
    is substr($given, 9, 1), 'a', 'UTF-8';
    unlike $told, qr/marc8/, 'has all characters';
};

subtest 'what is not in the file' => sub {
    my ($status, $given, $told) = export('--biblionumbers', "$number{$one},99999999");
    is $status, 1, 'is told by the status';
    is scalar records($given), 1, 'the other is in it';
    like $told, qr/^1 records written\.\n1 left out/, 'how many';
    like $told, qr/There is no such record in Koha\.\n +gone: 99999999$/m, 'why';
    ($status, $given, $told) = export('--oclc-numbers', '--biblionumbers', "$number{$one},$poor,$number{$two}");
    is $given, "no:$one\r\nno:$two\r\n", 'OCLC numbers for a batch search';
    is $status, 1, 'one has none';
    like $told, qr/^ +no_number: $poor$/m, 'which';
};

subtest 'a list of Koha, and what was changed' => sub {
    my $dbh = $gateway->dbh;
    my $name = 'List ' . TestGateway->unique;
    $dbh->do('INSERT INTO virtualshelves (shelfname, created_on, category) VALUES (?, NOW(), 1)', undef, $name);
    my $list = $dbh->last_insert_id(undef, undef, 'virtualshelves', 'shelfnumber');
    $dbh->do('INSERT INTO virtualshelfcontents (shelfnumber, biblionumber) VALUES (?, ?)', undef, $list, $_)
        for $number{$two}, $poor;
    my ($status, $given) = export('--list', $list);
    is scalar records($given), 2, 'a list';
    (undef, $given) = export('--since', '2036-01-01');
    is $given, '', 'nothing was changed in the future';
    $dbh->do('UPDATE biblio_metadata SET timestamp = ? WHERE biblionumber = ?', undef, '2036-01-02 00:00:00', $number{$one})
        if !TestGateway->live;
    (undef, $given) = export('--since', TestGateway->live ? '2020-01-01' : '2036-01-01');
    like $given, qr/For the Client $one/, 'what was changed since';
    $dbh->do('DELETE FROM virtualshelves WHERE shelfnumber = ?', undef, $list);
    (my $again, undef, my $told) = export('--list', $list);
    is $again, 1, 'a list that is gone';
    like $told, qr/Koha has no list $list/, 'is told';
};

subtest 'misuse' => sub {
    my %misuse = (
        'one of --biblionumbers' => [],
        'takes one of' => [ '--list', 1, '--since', '2020-01-01' ],
        'is a list of numbers' => [ '--biblionumbers', '1,x' ],
        'not 9-5' => [ '--authorities', '9-5' ],
        '--encoding is utf-8 or marc-8' => [ '--biblionumbers', 1, '--encoding', 'latin-1' ],
        '--since is a day' => [ '--since', 'yesterday' ],
    );
    for my $text (sort keys %misuse) {
        my ($status, $given, $told) = export(@{ $misuse{$text} });
        is $status, 2, "$text: misuse";
        like $told, qr/\Q$text/, 'is told';
    }
    my ($status, undef, $told) = export('--biblionumbers', $number{$one}, '--profile', 'nonesuch');
    like $told, qr/There is no profile nonesuch/, 'a profile that is not there';
    ($status, undef, $told) = export('--biblionumbers', $number{$one}, '-o', "$gateway->{dir}/no/such/folder");
    like $told, qr/can't be written/, 'a file that can not be written';
    is $status, 1, 'failed';
};

$gateway->stop;
done_testing;
