#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A fault of the database at every statement of a decision: it is carried out, or the export is held as before and
# nothing is written. In one process. FAULTS_ALL=1: at every statement instead of every fourth.

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
my $MOST_STATEMENTS = 2000;

my $gateway = TestGateway->start(serve => undef);
my $by = { $gateway->base_profile }->{write_as};
$gateway->use_here;
require Koha::Plugin::ConnexionGateway::Decisions;
open my $log, '>', '/dev/null' or die $!;
my $decisions = Koha::Plugin::ConnexionGateway::Decisions->new(
    koha => Koha::Plugin::ConnexionGateway::Koha->new, log => Koha::Plugin::ConnexionGateway::Log->new(handle => $log));
StatementFaults->install(Koha::Database->new->schema->storage, $gateway->dbh->clone);

# The pauses before the next try are for others to come to an end; here is nobody.
{
    no warnings qw(redefine prototype);    ## no critic (ProhibitNoWarnings)
    *Time::HiRes::sleep = sub { return 1 };
}
# What Koha warns of and what is lost on purpose.
local $SIG{__WARN__} = sub { };

$gateway->set_profile({ $gateway->base_profile, name => 'twice', login => 'twice', overlay_action => 'create_new' });

sub export ($login, $record) {
    my $reply = $decisions->handle({ peer => '192.0.2.1', readings => [ { login => $login, password => 'demo' } ],
        records => [$record] }, sub ($kept) { });
    return $reply->{text};
}

sub held_export () {
    my $oclc = TestGateway->unique;
    my @ids = map { export('twice', TestGateway->make_record(oclc => $oclc, title => "Old $_ $oclc")) =~ /record number (\d+)/ } 1, 2;
    export('demo', TestGateway->make_record(oclc => $oclc, title => "New $oclc", items => [ TestGateway->item("F$oclc") ]));
    return { oclc => $oclc, id => $ids[0], number => $gateway->count("SELECT MAX(number) FROM $EXPORTS") };
}

# "complete", "nothing", or what is there.
sub there ($held) {
    my $row = $gateway->dbh->selectrow_hashref("SELECT * FROM $EXPORTS WHERE number = ?", undef, $held->{number});
    my $overlaid = $gateway->metadata($held->{id}) =~ /New $held->{oclc}/ ? 1 : 0;
    my $items = $gateway->count('SELECT COUNT(*) FROM items WHERE barcode = ?', "F$held->{oclc}");
    my $batches = $gateway->count('SELECT COUNT(*) FROM import_records JOIN import_biblios USING (import_record_id) WHERE title = ?',
        "New $held->{oclc}");
    my $told = join ' ', $row->{state}, $overlaid, $items, $batches, defined $row->{decided_by} ? 'decided' : 'open';
    return $told eq 'done 1 1 1 decided' ? 'complete' : $told eq 'held 0 0 0 open' ? 'nothing' : $told;
}

sub faulted ($kind, $n) {
    my $held = held_export();
    StatementFaults->arm($kind, $n);
    my $done = eval { $decisions->decide($held->{number}, $by, { record => 'overlay', target => $held->{id} }) };
    my $error = $@;
    my ($hit, $statements) = StatementFaults->disarm;
    return { hit => $hit, said => $done ? 'complete' : 'nothing', error => $error, there => there($held) };
}

my $step = $ENV{FAULTS_ALL} ? 1 : 4;
for my $kind (qw(kill kill_after_commit deadlock full)) {
    my ($n, $cases, @problems) = (1 + int rand $step, 0);
    while ($n < $MOST_STATEMENTS) {
        my $case = faulted($kind, $n);
        last if !$case->{hit};
        push @problems, "$kind at statement $n: is $case->{there}, said $case->{said}: $case->{error}"
            if $case->{there} ne $case->{said} || $kind ne 'full' && $case->{there} ne 'complete';
        $cases++;
        $n += $step;
    }
    is_deeply \@problems, [], "$kind at $cases statements";
    cmp_ok $cases, '>', 15, 'which were some';
}

$gateway->stop;
done_testing;
