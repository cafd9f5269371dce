# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::Biblio;
use Koha::Database;
use Test::More;

my $schema  = Koha::Database->new->schema;
my $storage = $schema->storage;

sub other_handle { return Koha::Database->new->new_schema->storage->dbh }

subtest 'errors are not raised' => sub {
    is(dbh(), $storage->dbh, "the context's handle is the schema's");
    ok(!dbh()->{RaiseError}, 'RaiseError is off');
    ok(dbh()->{AutoCommit},  'AutoCommit is on');
    my $result = quietly(sub { dbh()->do('select nonsense from nowhere') });
    is($result, undef, 'a failed statement returns nothing');
    like(dbh()->errstr, qr/nowhere/, 'and its error must be asked for');
};

subtest 'a transaction of the schema' => sub {
    my $record = biblio();
    $storage->txn_begin;
    my $number = stored($record);
    ok(!dbh()->{AutoCommit}, "what Koha's functions write is in it");
    $storage->txn_rollback;
    is($schema->resultset('Biblio')->find($number), undef, 'rolled back');
    ok(dbh()->{AutoCommit}, 'AutoCommit is on again');
    $storage->txn_begin;
    my $kept = stored(biblio());
    $storage->txn_commit;
    ok(
        other_handle()
            ->selectrow_array('select 1 from biblio where biblionumber = ?', undef, $kept),
        'committed: others see it'
    );
};

subtest "the handle's own transaction does not mix with the schema's" => sub {
    plan skip_all => "known of 19.06 only" if newer();
    dbh()->begin_work;
    my $number = stored(biblio());
    ok(
        eval {
            quietly(
                sub {
                    $schema->txn_do(sub { 1 });
                }
            );
            1;
        },
        "txn_do inside begin_work does not die"
    );
    ok(dbh()->{AutoCommit},                         "but ends the transaction around it");
    ok($schema->resultset("Biblio")->find($number), "by a commit");
};

subtest 'RaiseError inside a transaction' => sub {
    local dbh()->{RaiseError} = 1;
    local dbh()->{PrintError} = 0;
    ok(!eval { dbh()->do('select nonsense from nowhere'); 1 }, 'set on the handle it works');
};

subtest 'a lock that is not had in time' => sub {
    my $other = other_handle();
    $other->{RaiseError} = 1;
    $other->begin_work;
    $other->do('lock tables biblioitems read');
    dbh()->do('set session lock_wait_timeout = 1');
    dbh()->do('set session innodb_lock_wait_timeout = 1');
    my ($number) = quietly(sub { C4::Biblio::AddBiblio(biblio(), '') });
    $other->do('unlock tables');
    $other->rollback;
    dbh()->do('set session lock_wait_timeout = default');
    dbh()->do('set session innodb_lock_wait_timeout = default');
    if (newer()) { is($number, undef, 'AddBiblio gives no number') }
    else         { ok($number, 'AddBiblio gives a number all the same') }
    my ($rows) = dbh()->selectrow_array('select count(*) from biblioitems where biblionumber = ?',
        undef, $number // 0);
    is($rows, 0, 'and has written no biblioitems row');
    dbh()->do("delete from $_ where biblionumber = ?", undef, $number // 0)
        for qw(biblio_metadata biblio);
};

subtest 'a lost connection' => sub {
    my $handle = dbh();
    $storage->txn_begin;
    my ($connection) = $handle->selectrow_array('select connection_id()');
    quietly(sub { other_handle()->do("kill $connection") });
    my ($next) = quietly(sub { C4::Context->dbh->selectrow_array('select connection_id()') });
    if (!defined $next) {
        ($next) = quietly(sub { C4::Context->dbh->selectrow_array('select connection_id()') });
    }
    isnt($next, $connection, 'is replaced by a new one in silence');
    ok(C4::Context->dbh->{AutoCommit}, 'whose AutoCommit is on: the transaction is gone');
    eval { $storage->txn_rollback };
    $storage->disconnect;
};

subtest 'a hook can forbid that' => sub {
    my $forbidden = 1;
    my $calls     = $storage->on_connect_call;
    $storage->on_connect_call(
        [
            ref $calls eq 'ARRAY' ? @{$calls} : $calls // (),
            sub { die "no reconnecting\n" if $forbidden }
        ]
    );
    later(sub { $storage->on_connect_call($calls) });
    $forbidden = 0;
    $storage->dbh->do('select 1');
    $forbidden = 1;
    my ($connection) = $storage->dbh->selectrow_array('select connection_id()');
    $storage->txn_begin;
    quietly(sub { other_handle()->do("kill $connection") });
    my $result = eval {
        quietly(sub { C4::Context->dbh->selectrow_array('select connection_id()') });
    };
    is($result, undef, 'no answer on a new connection');
    $forbidden = 0;
    eval { $storage->txn_rollback };
    $storage->disconnect;
    ok(C4::Context->dbh->selectrow_array('select connection_id()'),
        'a new one when it is allowed again');
};

done_testing;
