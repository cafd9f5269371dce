# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use Contract;
use C4::AuthoritiesMarc;
use Koha::SearchEngine;
use Koha::SearchEngine::QueryBuilder;
use Koha::SearchEngine::Search;
use Test::More;

sub added {
    my ($record, $type) = @_;
    my $authid = AddAuthority($record, undef, $type // GuessAuthTypeCode($record));
    later(
        sub {
            DelAuthority({ authid => $authid });
            dbh()->do(q{delete from action_logs where module = 'AUTHORITIES' and object = ?},
                undef, $authid);
        }
    );
    return $authid;
}

# With skipmetadata, unless told.
sub found {
    my ($index, @values) = @_;
    return found_with(1, $index, @values);
}

sub found_with {
    my ($skip_metadata, $index, @values) = @_;
    my %index = (index => $Koha::SearchEngine::AUTHORITIES_INDEX);
    my $query = Koha::SearchEngine::QueryBuilder->new({%index})->build_authorities_query_compat(
        [map { $index } @values],
        [map { 'or' } @values],
        [], [map { 'exact' } @values],
        [@values], undef, 'AuthidAsc'
    );
    return quietly(
        sub { Koha::SearchEngine::Search->new({%index})->search_auth_compat($query, 0, 20, $skip_metadata) });
}

sub ids {
    my ($results) = @_;
    return [map { 0 + $_->{authid} } @{ $results // [] }];
}

subtest 'GuessAuthTypeCode' => sub {
    my %type = (
        100 => 'PERSO_NAME',
        110 => 'CORPO_NAME',
        111 => 'MEETI_NAME',
        130 => 'UNIF_TITLE',
        148 => 'CHRON_TERM',
        150 => 'TOPIC_TERM',
        151 => 'GEOGR_NAME',
        155 => 'GENRE/FORM'
    );
    is(GuessAuthTypeCode(authority($_, a => 'x')), $type{$_}, "$_: $type{$_}") for sort keys %type;
    is(scalar GuessAuthTypeCode(authority('245', a => 'x')), undef, 'otherwise none');
};

my $lccn    = mark('l');
my $heading = mark('heading');
my $record  = authority('100', a => "$heading, A.", d => '1900-');
$record->insert_fields_ordered(
    MARC::Field->new('001', 'foreign'),
    MARC::Field->new('003', 'DLC'),
    MARC::Field->new('005', '20010101000000.0'),
    MARC::Field->new('010', ' ', ' ', a => $lccn)
);
my $authid = added($record);
my $other  = added(authority('100', a => "$heading, B."));

subtest 'AddAuthority' => sub {
    like($authid, qr/\A\d+\z/, 'gives the number');
    is($record->field('001')->data, $authid, '001 is that number');
    is($record->field('003')->data, 'DLC',   'a foreign 003 stays');
    isnt($record->field('005')->data, '20010101000000.0', '005 is now');
    my $row =
        dbh()->selectrow_hashref('select * from auth_header where authid = ?', undef, $authid);
    is($row->{authtypecode}, 'PERSO_NAME', 'the type');
    like($row->{marcxml}, qr/\Q$heading/, 'MARCXML');
    is(GetAuthority($authid)->subfield('100', 'd'), '1900-', 'GetAuthority gives a record');
    my $bare = GetAuthority($other);
    ok($bare->field($_), "$_ is added where there is none") for qw(003 005 008 040);
};

subtest 'searching' => sub {
    ok(until_found(sub { @{ ids(found('Local-Number', $other)) } }),
        'found after a while by its number');
    is_deeply(ids(found('Heading-Main', "$heading, A.")), [$authid], 'by its heading');
    my ($hits) = found('Heading-Main', "$heading, A.");
    is_deeply([ sort keys %{ $hits->[0] } ], ['authid'], 'with skipmetadata just its number');
    my ($whole) = found_with(0, 'Heading-Main', "$heading, A.");
    is_deeply([ grep { exists $whole->[0]{$_} } qw(authid summary used) ], [qw(authid summary used)],
        'otherwise what is shown of it, and how many use it');
    is_deeply(ids(found('Heading-Main', uc "$heading a")),
        [$authid], 'without case and punctuation');
    is_deeply(ids(found('Heading-Main',   $heading)), [],        'not by a part of it');
    is_deeply(ids(found('LC-card-number', $lccn)),    [$authid], 'by 010');
    my ($results, $total) = found('no-such-index', 'x');
    is_deeply($results, [], 'an index that is not there: no results');
    is($total, undef, 'but no number of them either: only that tells it from no match');
};

subtest 'an index that no record has an entry in' => sub {
    my ($title) = dbh()->selectrow_array(q{select count(*) from auth_header where authtypecode = 'UNIF_TITLE'});
    plan skip_all => 'this Koha has uniform titles' if $title;
    my ($results, $total) = found('Title-uniform', 'x');
    is($total, undef, 'answers as one that is not there');
    my $connections = $C4::Context::context->{Zconn};
    my ($connection) = grep { defined } map { $connections->{"authorityserver::$_"} } 0, 1;
    is($connection->errcode, 114, 'and the connection says 114');
};

subtest 'several values' => sub {
    my ($results) = eval { found('Heading-Main', "$heading, A.", "$heading, B.") };
    my $error     = $@;
    if (newer()) { is_deeply(ids($results), [$authid, $other], 'one or the other') }
    else         { isa_ok($error, 'ZOOM::Exception', 'in 19.06') }
};

subtest 'diacritics' => sub {
    my $decomposed = added(authority('100', a => "$heading, e\x{301}"));
    is(
        GetAuthority($decomposed)->subfield('100', 'a'),
        "$heading, \x{e9}",
        'are composed when the record is stored'
    );
};

subtest 'ModAuthority' => sub {
    my $changed = authority('100', a => "$heading, C.");
    is(ModAuthority($authid, $changed, 'PERSO_NAME'), $authid,        'gives the number');
    is(GetAuthority($authid)->subfield('100', 'a'),   "$heading, C.", 'the record is replaced');
    is(GetAuthority($authid)->field('001')->data,     $authid,        '001 is its number again');
};

subtest 'linked biblio records' => sub {
    require Koha::Authorities;
    my $linked = added(authority('100', a => "$heading, L."));
    later(sub { dbh()->do('delete from need_merge_authorities where authid = ?', undef, $linked) });
    my $number = stored(biblio([ '100', '1', ' ', a => "$heading, L.", 9 => $linked ]));
    my $usage  = sub { return Koha::Authorities->get_usage_count({ authid => $linked }) };
    ok(until_found(sub { $usage->() }), 'get_usage_count counts those that are indexed');
    is($usage->(), 1, 'one');
    is(Koha::Authorities->get_usage_count({ authid => 2_000_000_000 }), 0, 'none of another');

    my $waiting = sub {
        return scalar dbh()->selectrow_array(
            'select count(*) from need_merge_authorities where authid = ? and done = 0', undef, $linked);
    };
    {
        local $ENV{OVERRIDE_SYSPREF_AuthorityMergeLimit} = 0;
        is(C4::Context->preference('AuthorityMergeLimit'), 0, 'a preference can be set for a while');
        ModAuthority($linked, authority('100', a => "$heading, M."), 'PERSO_NAME');
    }
    is($waiting->(), 1, 'with a limit of 0 the cron job is to change the linked records');
    my ($xml) = dbh()->selectrow_array('select metadata from biblio_metadata where biblionumber = ?',
        undef, $number);
    like($xml, qr/\Q$heading, L./, 'and they are as they were');
};

subtest 'DelAuthority' => sub {
    my $gone = added(authority('150', a => mark('t')));
    DelAuthority({ authid => $gone });
    is(scalar GetAuthority($gone), undef, 'it is gone');
};

done_testing;
