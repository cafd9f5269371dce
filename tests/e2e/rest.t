#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The REST API, as a program uses it: each call, its errors and its permissions. Every answer is held against the
# description in openapi.json, and none may have a secret in it.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Crypt::Eksblowfish::Bcrypt qw(bcrypt_hash en_base64);
use File::Basename  qw(dirname);
use JSON::PP        ();
use JSON::Validator ();
use MIME::Base64    qw(decode_base64 encode_base64);
use Mojo::UserAgent;
use Test::More;
use Time::HiRes qw(sleep);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

my $gateway = TestGateway->start;
$gateway->{sandbox}->install_plugins if $gateway->{sandbox};
my $dbh = $gateway->dbh;
my ($by, $exports) = ({ $gateway->base_profile }->{write_as}, 'koha_plugin_connexiongateway_exports');

# ---------------------------------------------------------------- who asks

my ($PASSWORD, %ID) = ('Rest1234');
my %BIT = (catalogue => 2, editcatalogue => 9, tools => 13, plugins => 19);

sub patron ($userid, $flags, @permissions) {
    my $salt = 'a saltof16octets';
    my $hash = '$2a$04$' . en_base64($salt) . en_base64(bcrypt_hash({ key_nul => 1, cost => 4, salt => $salt }, $PASSWORD));
    $dbh->do('INSERT INTO borrowers (userid, cardnumber, surname, firstname, branchcode, categorycode, flags, dateexpiry, password)'
            . q{ SELECT ?, ?, 'Rest', 'Test', branchcode, categorycode, ?, '2099-12-31', ? FROM borrowers WHERE userid = ?},
        undef, $userid, $userid, $flags, $hash, $by);
    $ID{$userid} = $dbh->last_insert_id(undef, undef, 'borrowers', 'borrowernumber');
    $dbh->do('INSERT INTO user_permissions (borrowernumber, module_bit, code) VALUES (?, ?, ?)', undef, $ID{$userid},
        $BIT{ $_->[0] }, $_->[1]) for @permissions;
    return;
}

sub preference ($name, $value) {
    return $gateway->run_perl('-MC4::Context', '-e',
        'C4::Context->interface("commandline"); C4::Context->set_preference(@ARGV)', $name, $value);
}

my $basic_before = $gateway->count('SELECT value FROM systempreferences WHERE variable = ?', 'RESTBasicAuth') // 0;
my $unique = TestGateway->unique;
my ($admin, $tool, $nobody) = map {"rest-$_-$unique"} qw(admin tool nobody);
patron($admin, 1);
patron($tool, 4, [ plugins => 'tool' ], [ tools => 'stage_marc_import' ]);
patron($nobody, 4);
preference(RESTBasicAuth => 1);

# ---------------------------------------------------------------- the API

my $port = TestGateway::free_port();
my $server = $gateway->start_perl("$TestGateway::ROOT/tests/e2e/lib/rest_server.pl", $port);
END { done() if $server }

sub done {
    kill TERM => $server;
    preference(RESTBasicAuth => $basic_before);
    $dbh->do('DELETE FROM borrowers WHERE borrowernumber = ?', undef, $_) for values %ID;
    $server = 0;
    return;
}

my $agent = Mojo::UserAgent->new(inactivity_timeout => 60);
my $base = "127.0.0.1:$port/api/v1/contrib/connexiongateway";
my $routes = do {
    open my $in, '<:raw', "$gateway->{plugin_dir}/Koha/Plugin/ConnexionGateway/openapi.json" or die "openapi.json: $!\n";
    local $/ = undef;
    JSON::PP->new->utf8->decode(scalar <$in>);
};

sub described ($method, $path, $status) {
    my ($of) = grep { my $like = quotemeta($_) =~ s/\\\{\w+\\\}/[^\/]+/gr; $path =~ s/[?].*//r =~ /\A$like\z/ } keys %{$routes};
    return $routes->{$of}{ lc $method }{responses}{$status};
}

# The answer, after a look at it.
sub call ($who, $method, $path, $body = undef, %headers) {
    my $login = length $who ? "$who:$PASSWORD\@" : '';
    my @json = defined $body ? (json => $body) : ();
    my $answer = $agent->start($agent->build_tx($method => "http://$login$base$path", \%headers, @json))->res;
    my $status = $answer->code // BAIL_OUT("no answer to $method $path");
    my $response = described($method, $path, $status);
    ok $response, "$method $path: $status is described" or diag $answer->body;
    my $data = ($answer->headers->content_type // '') =~ /json/ ? $answer->json : $answer->body;
    my @errors = $response->{schema} ? JSON::Validator->new->schema($response->{schema})->validate($data) : ();
    is "@errors", '', 'and is as described' or diag $answer->body;
    unlike $answer->body, qr/\$2a\$|password_hash|hush-hush/, 'without a secret';
    return ($status, $data, $answer);
}

# The data of an answer with that status.
sub gets ($status, @call) {
    my ($got, $data, $answer) = call(@call);
    is $got, $status, "$call[1] $call[2]: $status" or diag $answer->body;
    return $data;
}

for (1 .. 300) {
    last if $agent->get("http://$base/status")->res->code;
    sleep 0.1;
}

# ---------------------------------------------------------------- tests

subtest 'who may' => sub {
    like +(call('', GET => '/exports'))[0], qr/\A401\z/, 'nobody without a login';
    like +(call("$nobody:x", GET => '/exports'))[0], qr/\A40[13]\z/, 'nor with a wrong password';
    gets(403, $nobody, GET => $_) for qw(/profiles /exports /held /status /metrics);
    gets(403, $tool, GET => $_) for qw(/profiles /profiles/demo);
    gets(403, $tool, PUT => '/profiles/demo', { description => 'mine' });
    gets(403, $tool, DELETE => '/profiles/demo');
    gets(200, $tool, GET => $_) for qw(/exports /held /status /metrics);
};

subtest 'profiles' => sub {
    my $name = "rest-$unique";
    gets(404, $admin, GET => "/profiles/$name");
    my $refused = gets(400, $admin, PUT => "/profiles/$name", { login => $name, overlay_action => 'sometimes' });
    is $refused->{error_code}, 'settings.bad_profile', 'what is wrong with it';
    is_deeply [ sort map { $_->{field} } @{ $refused->{problems} } ], [qw(overlay_action password write_as)], 'is told by field';
    my %profile = ($gateway->base_profile, login => $name, password => 'hush-hush');
    my $made = gets(201, $admin, PUT => "/profiles/$name", \%profile);
    is $made->{login}, $name, 'made';
    ok $made->{has_password} && $made->{enabled}, 'with a password';
    my $changed = gets(200, $admin, PUT => "/profiles/$name", { description => "\x{17d}luk\x{fd} k\x{16f}\x{148}", enabled => JSON::PP::false });
    is $changed->{description}, "\x{17d}luk\x{fd} k\x{16f}\x{148}", 'changed';
    ok !$changed->{enabled} && $changed->{has_password} && $changed->{login} eq $name, 'the other members stay';
    is_deeply gets(200, $admin, GET => "/profiles/$name"), $changed, 'read';
    ok +(grep { $_->{name} eq $name } @{ gets(200, $admin, GET => '/profiles') }), 'among all';
    gets(204, $admin, DELETE => "/profiles/$name");
    gets(404, $admin, DELETE => "/profiles/$name");
};

sub record_number ($reply) { return $reply =~ /record number (\d+)/ ? $1 : BAIL_OUT("no number in: $reply") }

sub last_export { return 0 + $gateway->count("SELECT MAX(number) FROM $exports") }

my $title = "Rest $unique";
my $octets = TestGateway->make_record(oclc => TestGateway->unique, title => $title);
my $id = record_number($gateway->export('demo', $octets));
my $number = last_export();

subtest 'exports' => sub {
    $gateway->export('demo-stage', TestGateway->make_record(oclc => TestGateway->unique, title => $title)) for 1 .. 2;
    my ($status, $all, $answer) = call($tool, GET => "/exports?search=Rest%20$unique&_per_page=2");
    is_deeply [ map { $_->{became} } @{$all} ], [qw(staged staged)], 'the newest first';
    is $answer->headers->header('X-Total-Count'), 3, 'of three';
    my $rest = gets(200, $tool, GET => "/exports?search=Rest%20$unique&_per_page=2&_page=2");
    is_deeply [ map { $_->{number} } @{$rest} ], [$number], 'the second page';
    is scalar @{ gets(200, $tool, GET => "/exports?search=Rest%20$unique&became=added&profile=demo") }, 1, 'filters';
    gets(400, $tool, GET => '/exports?became=added&color=red');
    gets(400, $tool, GET => '/exports?_page=0');
    my $one = gets(200, $tool, GET => "/exports/$number");
    is $one->{record_id}, $id, 'one';
    is decode_base64($one->{record}), $octets, 'its record';
    is $one->{plan}{outcome}, 'add', 'its plan';
    like $one->{received_at}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z\z/, 'when';
    ok $one->{undo}{possible}, 'it can be undone';
    is gets(404, $tool, GET => '/exports/999999999')->{error_code}, 'export.no_such', 'one that there is not';
};

subtest 'a plan' => sub {
    my $before = $gateway->biblios;
    my $planned = gets(200, $tool, POST => '/plan', { profile => 'demo', iso2709 => encode_base64($octets) });
    is $planned->{title}, $title, 'the record';
    is $planned->{plan}{outcome}, 'overlay', 'what would become of it';
    is $planned->{plan}{target}, $id, 'and of which';
    my $xml = '<record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000nam a2200000 a 4500</leader>'
        . "<datafield tag=\"245\" ind1=\"0\" ind2=\"0\"><subfield code=\"a\">\x{17d}lu\x{165}</subfield></datafield></record>";
    is gets(200, $tool, POST => '/plan', { profile => 'demo', marcxml => $xml })->{title}, "\x{17d}lu\x{165}", 'MARCXML';
    my $damaged = gets(200, $tool, POST => '/plan', { profile => 'demo', iso2709 => encode_base64('00042no record at all') });
    is $damaged->{plan}, undef, 'none of what is no record';
    ok +(grep { $_->{severity} eq 'refused' } @{ $damaged->{diagnostics} }), 'and why';
    is gets(400, $tool, POST => '/plan', { profile => 'demo', iso2709 => encode_base64("$octets$octets") })->{error_code},
        'api.not_one_record', 'one at a time';
    is gets(404, $tool, POST => '/plan', { profile => 'none such' })->{error_code}, 'profile.no_such', 'an unknown profile';
    is $gateway->biblios, $before, 'nothing is written';
    is last_export(), $number + 2, 'nothing is kept';
};

subtest 'undo' => sub {
    is gets(403, $tool, POST => "/exports/$number/undo", {})->{error_code}, 'undo.permission', 'not without the permission for it';
    my $done = gets(200, $admin, POST => "/exports/$number/undo", {});
    is_deeply $done, { number => $number, record_type => 'biblio', record_id => 0 + $id, deleted => JSON::PP::true }, 'undone';
    is $gateway->count('SELECT COUNT(*) FROM biblio WHERE biblionumber = ?', $id), 0, 'the record is gone';
    is gets(409, $admin, POST => "/exports/$number/undo", {})->{error_code}, 'undo.undone', 'once';
    is gets(404, $admin, POST => '/exports/999999999/undo', {})->{error_code}, 'undo.no_export', 'one that there is not';
    my $told = gets(200, $tool, GET => "/exports/$number");
    is $told->{became}, 'undone', 'it says so';
    is $told->{undone_by}, $ID{$admin}, 'and who';
    is $told->{undo}{error_code}, 'undo.undone', 'and that it can not be once more';
};

subtest 'decisions' => sub {
    $gateway->set_profile({ $gateway->base_profile, name => 'rest-hold', login => 'rest-hold', several_matches => 'hold' });
    $gateway->set_profile({ $gateway->base_profile, name => 'rest-twice', login => 'rest-twice', overlay_action => 'create_new' });
    my $oclc = TestGateway->unique;
    my @ids = map { record_number($gateway->export('rest-twice', TestGateway->make_record(oclc => $oclc, title => "Twin $_"))) } 1, 2;
    like $gateway->export('rest-hold', TestGateway->make_record(oclc => $oclc, title => 'Twin 3')), qr/held/i, 'held';
    my $held = last_export();
    my ($listed) = grep { $_->{number} == $held } @{ gets(200, $tool, GET => '/held') };
    is $listed->{profile}, 'rest-hold', 'in the list';
    my $shown = gets(200, $tool, GET => "/held/$held");
    is_deeply [ sort { $a <=> $b } map { $_->{id} } @{ $shown->{candidates} } ], [ sort { $a <=> $b } @ids ], 'the candidates';
    my ($first) = grep { $_->{id} == $ids[0] } @{ $shown->{candidates} };
    gets(400, $admin, POST => "/held/$held/decision", { record => 'perhaps' });
    is gets(403, $tool, POST => "/held/$held/decision", { record => 'add' })->{error_code}, 'decision.permission', 'not by anybody';
    is gets(409, $admin, POST => "/held/$held/decision", { record => 'overlay', target => 0 + $ids[0], seen => 'something else' })
        ->{error_code}, 'decision.changed', 'not what has changed';
    my $done = gets(200, $admin, POST => "/held/$held/decision",
        { record => 'overlay', target => 0 + $ids[0], seen => $first->{overlay}{seen} });
    is $done->{record_id}, $ids[0], 'decided';
    like $gateway->metadata($ids[0]), qr/Twin 3/, 'and done';
    is gets(409, $admin, POST => "/held/$held/decision", { record => 'add' })->{error_code}, 'decision.already', 'once';
    is gets(404, $tool, GET => '/held/999999999')->{error_code}, 'decision.no_export', 'one that there is not';
};

subtest 'status and metrics' => sub {
    my $status = gets(200, $tool, GET => '/status');
    my ($service) = grep { $_->{port} == $gateway->{port} } @{ $status->{services} };
    is $service->{state}, 'running', 'the service runs';
    cmp_ok $status->{exports}{done}, '>', 0, 'exports are counted';
    my $metrics = gets(200, $tool, GET => '/metrics');
    like $metrics, qr/^connexion_service_up\{host="[^"]+",port="$gateway->{port}"\} 1$/m, 'the service is up';
    like $metrics, qr/^connexion_journal_exports\{state="done"\} [1-9]/m, 'the journal';
    is_deeply [ grep { !/\A(?:#|[a-z_]+(?:\{[^}]*\})? [0-9.]+\z)/ } split /\n/, $metrics ], [], 'every line is one of Prometheus';
};

done();
$gateway->stop;
done_testing;
