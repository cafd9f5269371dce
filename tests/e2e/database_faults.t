#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A fault of the database at every statement of an export, and an exception in every function of
# Koha's that it calls: the outcome is complete or nothing, and the reply says which. In one process,
# without the service. FAULTS_ALL=1: every kind of fault at every statement of every way, which takes
# some minutes; otherwise some kinds at every third one. FAULTS_WAY=add (or overlay, stage): that way alone.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use StatementFaults;
use TestGateway;

my $EXPORTS = 'koha_plugin_connexiongateway_exports';
my $IMPORTER = 'Koha::Plugin::ConnexionGateway::Importer';
my $MOST_STATEMENTS = 2000;

my $gateway = TestGateway->start(serve => undef);
$gateway->use_here;
require Koha::Plugin::ConnexionGateway::Importer;
open my $log, '>', '/dev/null' or die $!;
my $importer = $IMPORTER->new(log => Koha::Plugin::ConnexionGateway::Log->new(handle => $log));
StatementFaults->install(Koha::Database->new->schema->storage, $gateway->dbh->clone);

# The pauses before the next try are for others to come to an end; here is nobody.
my $pauses = 0;
{
    no warnings qw(redefine prototype);    ## no critic (ProhibitNoWarnings)
    *Time::HiRes::sleep = sub { $pauses++; return 1 };
}
# What Koha warns of and what is lost on purpose.
local $SIG{__WARN__} = sub { };

sub record ($name, $version, $oclc) {
    return TestGateway->make_record(oclc => $oclc, title => "Fault $name $version",
        items => [ [ [ a => 'CPL' ], [ b => 'CPL' ], [ y => 'BK' ], [ o => "call $name $version" ] ] ]);
}

sub export ($login, $record) {
    my $numbers = [];
    my $reply = eval {
        $importer->handle({ peer => '192.0.2.1', readings => [ { login => $login, password => 'demo' } ],
            records => [$record] }, sub ($kept) { $numbers = $kept });
    };
    return { text => $reply ? $reply->{text} : "exception: $@", numbers => $numbers, error => $reply->{error} };
}

# Each way is prepared, exported and looked at. `there` gives "complete", "nothing" or what it found.
my $serial = 0;
my %WAY = (
    add => {
        login => 'demo', version => 1, prepare => sub ($case) { },
        there => sub ($case) { in_catalogue($case, [ 1, 1, 1 ], [ 0, 0, 0 ], 1) },
    },
    overlay => {
        login => 'demo', version => 2, prepare => sub ($case) { export('demo', record($case->{name}, 1, $case->{oclc})) },
        there => sub ($case) { in_catalogue($case, [ 1, 2, 2 ], [ 1, 1, 1 ], 2) },
    },
    stage => {
        login => 'demo-stage', version => 1, prepare => sub ($case) { },
        there => sub ($case) { in_catalogue($case, [ 0, 0, 1 ], [ 0, 0, 0 ], undef) },
    },
);

# Biblios, items and import records; and the version that the record has.
sub in_catalogue ($case, $complete, $nothing, $version) {
    my $name = $case->{name};
    my $numbers = $gateway->biblios_titled("Fault $name ");
    my @there = (scalar @{$numbers},
        $gateway->count('SELECT COUNT(*) FROM items WHERE itemcallnumber LIKE ?', "call $name %"),
        $gateway->count('SELECT COUNT(*) FROM import_biblios JOIN import_records USING (import_record_id)'
            . ' WHERE title LIKE ?', "Fault $name %"));
    my $has = @{$numbers} == 1 && $gateway->metadata($numbers->[0]) =~ /Fault $name (\d)/ ? $1 : 0;
    return 'complete' if "@there" eq "@{$complete}" && (!defined $version || $has == $version);
    return 'nothing' if "@there" eq "@{$nothing}" && $has == $there[0];
    return "(biblios, items, import records: @there; version $has)";
}

sub new_case ($way) {
    my $case = { name => sprintf('n%04d', ++$serial), oclc => sprintf '9%02d%06d%04d', $$ % 100, time % 1_000_000, $serial };
    $WAY{$way}{prepare}->($case);
    return $case;
}

# One fault at the n-th statement, or at all from there on.
sub faulted ($way, $kind, $n, %options) {
    my $case = new_case($way);
    StatementFaults->arm($kind, $n, %options);
    $case->{reply} = export($WAY{$way}{login}, record($case->{name}, $WAY{$way}{version}, $case->{oclc}));
    @{$case}{qw(hit statements)} = StatementFaults->disarm;
    $case->{there} = $WAY{$way}{there}->($case);
    return $case;
}

# What is wrong with it, in words.
sub problem ($case, @may_be) {
    my $text = $case->{reply}{text};
    my $error = $case->{reply}{error} // $gateway->count("SELECT error FROM $EXPORTS ORDER BY number DESC LIMIT 1");
    my $said = $text =~ /\ASuccess[.]/ ? 'complete' : $text =~ /\A(?:Not imported|Received under number)/ ? 'nothing' : $text;
    return "is $case->{there}, but the reply is: $text" if $said ne $case->{there};
    return "is $case->{there}; the reply is: $text; the error: " . ($error // '') if !grep { $_ eq $case->{there} } @may_be;
    return 'a transaction is open' if !Koha::Database->new->schema->storage->dbh->{AutoCommit};
    return;
}

my %AT_EVERY = map { $_ => 1 } 'add kill', 'add timeout', 'overlay kill', 'stage kill';

sub every_statement ($way, $kind, @may_be) {
    my $step = $ENV{FAULTS_ALL} || $AT_EVERY{"$way $kind"} ? 1 : 3;
    my ($n, $cases, @problems) = (1 + int rand $step, 0);
    while ($n < $MOST_STATEMENTS) {
        my $case = faulted($way, $kind, $n);
        last if !$case->{hit};
        my $problem = problem($case, @may_be);
        push @problems, "$kind at statement $n of $way: $problem" if $problem;
        $cases++;
        $n += $step;
    }
    is_deeply \@problems, [], "$way: $kind at $cases statements";
    cmp_ok $cases, '>', 20, 'which were some';
    return;
}

for my $way ($ENV{FAULTS_WAY} || sort keys %WAY) {
    # It is tried again.
    subtest "one fault, $way" => sub {
        every_statement($way, $_, 'complete') for qw(kill timeout deadlock kill_after_commit);
    };
    subtest "an error that stays, $way" => sub { every_statement($way, 'full', qw(complete nothing)) };
}

subtest 'no end to the faults' => sub {
    for my $kind (qw(kill timeout)) {
        my $statements = faulted('add', $kind, $MOST_STATEMENTS)->{statements};
        my @problems;
        for my $n (map { 1 + 7 * $_ } 0 .. $statements / 7) {
            $pauses = 0;
            my $case = faulted('add', $kind, $n, lasting => 1);
            my $problem = problem($case, qw(nothing complete));
            push @problems, "$kind from statement $n on: $problem" if $problem;
            push @problems, "$kind from statement $n on: $pauses pauses" if $pauses > 12;
            next if $case->{there} eq 'complete' || !@{ $case->{reply}{numbers} };
            my $row = $gateway->dbh->selectrow_hashref("SELECT * FROM $EXPORTS WHERE number = ?", undef,
                $case->{reply}{numbers}[0]);
            push @problems, "$kind from statement $n on: $row->{state} as " . ($row->{reply} // 'nothing')
                if $row->{state} eq 'done';
            next if $row->{state} eq 'failed';
            $importer->answer($case->{reply}{numbers});
            my $there = $WAY{add}{there}->($case);
            push @problems, "$kind from statement $n on: $there once it is over" if $there ne 'complete';
        }
        is_deeply \@problems, [], "$kind: given up after some tries, and what was kept is finished once it is over";
    }
};

my @FUNCTIONS = (
    (map {"C4::ImportBatch::$_"} qw(AddImportBatch AddBiblioToBatch AddItemsToImportBiblio SetImportRecordMatches
            SetImportRecordOverlayStatus SetImportRecordStatus SetImportBatchStatus)),
    (map {"C4::Biblio::$_"} qw(AddBiblio ModBiblio GetMarcFromKohaField)), 'C4::Items::AddItemFromMarc',
    'C4::Context::preference', 'C4::Context::set_userenv', 'C4::Matcher::fetch', 'C4::Matcher::GetMatcherId',
    'Koha::SearchEngine::Search::simple_search_compat',
);

# What the export gets while the function dies, before or after it has done its work.
sub with_exception ($function, $when, $code) {
    my $original = defined &{$function} ? \&{$function} : die "there is no $function\n";
    my $called = 0;
    no strict 'refs';    ## no critic (ProhibitNoStrict, ProhibitProlongedStrictureOverride)
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    local *{$function} = sub {
        my @result = $when eq 'after' ? $original->(@_) : ();
        $called++;
        die "an exception in $function\n";
    };
    my $result = $code->();
    return ($result, $called);
}

subtest 'an exception in a function of Koha' => sub {
    for my $function (@FUNCTIONS) {
        my $way = $function =~ /ModBiblio/ ? 'overlay' : 'add';
        for my $when (qw(before after)) {
            my $case = new_case($way);
            my ($reply, $called) = with_exception($function, $when,
                sub { export($WAY{$way}{login}, record($case->{name}, $WAY{$way}{version}, $case->{oclc})) });
            ok $called, "$function is called";
            is $WAY{$way}{there}->($case), 'nothing', "$when: nothing is written";
            unlike $reply->{text}, qr/Success/, 'and the reply does not say so';
        }
    }
};

$gateway->stop;
done_testing;
