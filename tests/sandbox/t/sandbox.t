# SPDX-License-Identifier: GPL-3.0-or-later

# What the stand-in itself promises; what it says of Koha is in tests/contract.
use strict;
use warnings;
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use lib abs_path(dirname(__FILE__) . '/../lib');
use Sandbox;
use Test::More;
use Time::HiRes qw(sleep time);

sub gone {
    my ($pid) = @_;
    my $until = time + 10;
    while (time < $until) {
        return 1 if !kill 0, $pid;
        sleep 0.05;
    }
    return 0;
}

# Starts a sandbox in a child that says where it is and ends as the code wants.
sub in_a_child {
    my ($ending) = @_;
    pipe my $read, my $write or die "cannot make a pipe: $!";
    my $pid = fork // die "cannot fork: $!";
    if (!$pid) {
        my $sandbox = Sandbox->start;
        syswrite $write, join ' ', $sandbox->dir, $sandbox->{keeper}, $sandbox->{database_pid};
        close $write;
        $ending->($sandbox);
        exit 0;
    }
    close $write;
    my ($dir, $keeper, $database) = split / /, do { local $/ = undef; <$read> };
    waitpid $pid, 0;
    return ($dir, $keeper, $database);
}

for my $case (
    ['ends',                 sub { }],
    ['stops it',             sub { $_[0]->stop }],
    ['is killed',            sub { kill 'KILL', $$ }],
    ['is ended by a signal', sub { kill 'TERM', $$; sleep 1 }],
    ['dies',                 sub { close STDERR; die }],
) {
    my ($how, $ending) = @{$case};
    my ($dir, $keeper, $database) = in_a_child($ending);
    ok(gone($keeper),   "its owner $how: the keeper goes");
    ok(gone($database), 'with the database');
    ok(!-e $dir,        'and its folder');
}

my $sandbox = Sandbox->start;
$sandbox->use_here;
require C4::Biblio;
require C4::ImportBatch;
require C4::Items;
require Koha::SearchEngine::Search;

subtest 'the folder' => sub {
    is(sprintf('%o', (stat $sandbox->dir . '/mysql')[2] & oct 777),
        '700', 'the database is open to its owner alone');
    is(sprintf('%o', (stat $sandbox->conf)[2] & oct 777),
        '600', 'and so is the configuration, which has a password');
};

subtest 'wrong calls' => sub {
    my %wrong = (
        'AddImportBatch with an unknown key' =>
            sub { C4::ImportBatch::AddImportBatch({ overlay => 'replace' }) },
        'AddBiblio of 19.06 with a newer option' =>
            sub { C4::Biblio::AddBiblio(MARC::Record->new, '', { skip_record_index => 1 }) },
        'ModBiblio of 19.06 with options' =>
            sub { C4::Biblio::ModBiblio(MARC::Record->new, 1, '', {}) },
        'AddItemFromMarc of 19.06 with options' =>
            sub { C4::Items::AddItemFromMarc(MARC::Record->new, 1, {}) },
        'BatchCommitRecords of 19.06 with a hash' =>
            sub { C4::ImportBatch::BatchCommitRecords({ batch_id => 1, framework => '' }) },
        'AddBiblioToBatch with too few'      => sub { C4::ImportBatch::AddBiblioToBatch(1, 2) },
        'a search without an index'          => sub { Koha::SearchEngine::Search->new },
        'unset_userenv, which 19.06 has not' => sub { C4::Context->unset_userenv },
    );
    for my $what (sort keys %wrong) {
        ok(!eval { $wrong{$what}->(); 1 }, "$what dies");
    }
    ok(!eval { require Koha::SearchEngine::Indexer; 1 },
        '19.06 has no Koha::SearchEngine::Indexer');
};

subtest 'the search engine in other states' => sub {
    my $engine = Koha::SearchEngine::Search->new({ index => 'biblios' });
    my $ask    = sub {
        local $SIG{__WARN__} = sub { };
        return ($engine->simple_search_compat('isbn="1"', 0, 1, undef, skip_normalize => 1))[0];
    };
    is($ask->(), undef, 'ok: no error');
    $sandbox->engine('error');
    like($ask->(), qr/system error/, 'error: an error');
    $sandbox->engine('hang');
    is(
        eval {
            local $SIG{ALRM} = sub { die "no answer\n" };
            alarm 1;
            $ask->();
            1;
        },
        undef,
        'hang: no answer'
    );
    is($@, "no answer\n", 'until the asker gives up');
    $sandbox->engine('ok');
    is($ask->(), undef, 'and ok again');
    ok(!eval { $sandbox->engine('tired'); 1 }, 'there are no others');
};

ok(!eval { Sandbox->start(generation => '3.22'); 1 }, 'a generation that is not there');
ok(!eval { Sandbox->start(address    => '0.0.0.0', staff_port => 0); 1 }, 'not for other machines');
ok(!eval { Sandbox->start(colour     => 'red'); 1 }, 'an option that is not there');

done_testing;
