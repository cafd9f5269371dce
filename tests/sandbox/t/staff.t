# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use lib abs_path(dirname(__FILE__) . '/../lib');
use Mojo::UserAgent;
use Sandbox;
use Test::More;

my $BATCHES = '/cgi-bin/koha/tools/manage-marc-import.pl';

sub browser {
    my ($sandbox, $user) = @_;
    my $browser = Mojo::UserAgent->new;
    my $home    = $sandbox->staff_url . '/cgi-bin/koha/mainpage.pl';
    my $form    = $browser->get($home)->result->dom->at('form');
    my %values  = map { $_->{name} => $_->{value} } grep { $_->{name} } $form->find('input')->each;
    $browser->post($home, form => { %values, userid => $user, password => $user });
    return $browser;
}

sub imported {
    my ($sandbox) = @_;
    my $program = <<'PERL';
use C4::Context; use C4::ImportBatch; use MARC::Record;
my $record = MARC::Record->new;
$record->leader('00000nam a22000007a 4500');
$record->append_fields(MARC::Field->new('245', '1', '0', a => 'Undo <me>'),
    MARC::Field->new('952', ' ', ' ', a => 'CPL', b => 'CPL', p => 'barcode', y => 'BK'));
my $batch = AddImportBatch({ batch_type => 'batch', import_status => 'staged', file_name => 'f', overlay_action => 'create_new' });
my $id = AddBiblioToBatch($batch, 1, $record, 'utf8', 0);
AddItemsToImportBiblio($batch, $id, $record, 0);
my $newer = C4::Context->preference('Version') !~ /^19/;
BatchCommitRecords($newer ? { batch_id => $batch, framework => '' } : ($batch, ''));
print $batch;
PERL
    local %ENV = (%ENV, $sandbox->env);
    open my $out, '-|', $^X, '-e', $program or die "cannot run perl: $!";
    return scalar <$out>;
}

for my $generation ('19.06', 'newer') {
    subtest $generation => sub {
        my $sandbox = Sandbox->start(generation => $generation, staff_port => 0);
        my $url     = $sandbox->staff_url;
        my $batch   = imported($sandbox);

        my $stranger = Mojo::UserAgent->new->get("$url$BATCHES")->result;
        ok($stranger->dom->at('#password'), 'who is not logged in is asked to');
        like($stranger->body, qr/not Koha/, 'every page says what it is');
        unlike($stranger->headers->content_security_policy, qr/unsafe/,
            'nothing inline is allowed');

        my $nobody = browser($sandbox, 'nobody');
        is($nobody->get("$url$BATCHES")->result->code, 403, 'no permission, no page');

        my $browser = browser($sandbox, 'cataloguer');
        my $page    = $browser->get("$url$BATCHES?import_batch_id=$batch")->result->dom;
        like($page->at('#records')->all_text, qr/Undo <me>/, 'the records of a batch');
        my $record = $browser->get($url . $page->at('#records a')->{href})->result->dom;
        is($record->at('h1')->text, 'Undo <me>', 'a record, its title escaped');
        like($record->at('#items')->all_text, qr/barcode/, 'with its items');

        my %form = map { $_->{name} => $_->{value} }
            grep { $_->{name} } $page->at('main form')->find('input')->each;
        if ($generation eq 'newer') {
            is($browser->post("$url$BATCHES", form => { %form, csrf_token => '' })->result->code,
                403, 'no token, no change');
            is(
                $browser->post("$url$BATCHES", form => { %form, op => 'revert-batch' })
                    ->result->code,
                403,
                'nor without cud-'
            );
            is($browser->get("$url$BATCHES", form => {%form})->result->code, 403, 'nor by GET');
        }
        my $undone = $browser->post("$url$BATCHES", form => {%form})->result->dom;
        like($undone->at('[role=status]')->text, qr/1 records deleted.*1 items deleted/, 'undone');
        is($browser->get($url . $page->at('#records a')->{href})->result->code,
            404, 'the record is gone');

        is($browser->get("$url/plugin/Koha/Plugin/../../staff.pl")->result->code,
            404, 'no way out of the plugins');
        $browser->get("$url/cgi-bin/koha/mainpage.pl?logout.x=1");
        ok($browser->get("$url$BATCHES")->result->dom->at('#password'), 'logged out');
        $sandbox->stop;
    };
}

done_testing;
