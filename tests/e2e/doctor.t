#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# connexion-gateway doctor: nothing wrong is no problem, and each thing that is broken on purpose is one.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

use lib dirname(__FILE__) . '/lib';
use TestGateway;

plan skip_all => 'a real Koha is not ours to break' if TestGateway->live;

my $gateway = TestGateway->start;
my $other = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1');
my $dbh = $gateway->dbh;

sub doctor (@arguments) {
    my ($output, $status) = $gateway->command('doctor', '--json', @arguments);
    my $found = eval { JSON::PP->new->utf8->decode($output) } // BAIL_OUT("no JSON: $output");
    return ($found, $status);
}

# The findings of a check that are no 'ok', as text.
sub findings ($found, $check) {
    return join "\n", map {"$_->{state}: $_->{text} -> $_->{remedy}"}
        grep { $_->{check} eq $check && $_->{state} ne 'ok' } @{ $found->{checks} };
}

sub setting ($name, $value) {
    $dbh->do('REPLACE INTO koha_plugin_connexiongateway_settings (name, value) VALUES (?, ?)', undef, $name, $value);
    return;
}

setting(port => $gateway->{port});
my @enabled = ('Koha::Plugin::ConnexionGateway', '__ENABLED__');
$dbh->do('REPLACE INTO plugin_data (plugin_class, plugin_key, plugin_value) VALUES (?, ?, 1)', undef, @enabled);
$gateway->command(qw(index --rebuild));
$gateway->export('demo', TestGateway->make_record(oclc => TestGateway->unique));

subtest 'all is well' => sub {
    my ($found, $status) = doctor();
    is $status, 0, 'exit status 0';
    is $found->{problems}, 0, 'no problem'
        or diag join "\n", map {"$_->{check}: $_->{text}"} grep { $_->{state} eq 'problem' } @{ $found->{checks} };
    my %seen = map { $_->{check} => 1 } @{ $found->{checks} };
    ok $seen{$_}, "$_ was looked at"
        for qw(core koha database plugin tables profiles port firewall identifiers exports search_engine index_queue
        clock disk);
    my ($text) = $gateway->command('doctor');
    like $text, qr/^ok       The service answers on 127\.0\.0\.1 port $gateway->{port}\.$/m, 'in words';
    like $text, qr/^No problem, \d+ warnings?\.$/m, 'with a sum';
};

subtest q{Koha's Z39.50 server} => sub {
    my $file = $gateway->{environment}{KOHA_CONF};
    open my $in, '<', $file or die $!;
    my $conf = do { local $/ = undef; <$in> };
    my $with = sub ($text) {
        open my $out, '>', $file or die $!;
        print {$out} $conf =~ s{</yazgfs>}{$text</yazgfs>}r;
        close $out or die $!;
        my ($output) = $gateway->command('doctor', '--json');
        my ($found) = grep { $_->{check} eq 'z3950' } @{ JSON::PP->new->utf8->decode($output)->{checks} };
        return "$found->{state}: $found->{text}";
    };
    my $port = TestGateway->free_port;
    my $open = qq{<listen id="publicserver">tcp:\@:$port</listen>};
    like $with->("<!-- $open -->"), qr/^ok: .* not open to others/, 'is in a comment';
    like $with->($open), qr/^warning: .*127\.0\.0\.1:$port does not answer: /, 'does not run';
    my $pid = fork // die $!;
    exec $^X, dirname(__FILE__) . '/lib/z3950_server.pl', "tcp:127.0.0.1:$port" if !$pid;
    for (1 .. 100) {
        last if IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
        sleep 0.1;
    }
    like $with->($open), qr/^ok: .*answers on 127\.0\.0\.1:$port/, 'runs';
    kill TERM => $pid;
    waitpid $pid, 0;
    $with->('');
};

# What is broken, how it is mended, and by check what must be told of it. Several at a time: a run
# of the doctor loads Koha twice.
my @BROKEN = (
    {   what => 'the plugin, its tables, the rule, what is kept, the indexer, the port',
        break => [
            'UPDATE plugin_data SET plugin_value = 0 WHERE plugin_key = "__ENABLED__"',
            'RENAME TABLE koha_plugin_connexiongateway_slots TO away',
            'UPDATE marc_matchers SET threshold = 99999 WHERE code = "OCLCISBN"',
            'INSERT INTO matchpoint_component_norms (matchpoint_component_id, sequence, norm_routine)'
                . ' SELECT matchpoint_component_id, 9, "shouting" FROM matchpoint_components',
            'INSERT INTO koha_plugin_connexiongateway_exports (received_at, state, attempts)'
                . ' VALUES (NOW() - INTERVAL 2 DAY, "importing", 10), (NOW() - INTERVAL 2 DAY, "received", 0)',
            'UPDATE koha_plugin_connexiongateway_index_state SET version = version - 1',
            'UPDATE biblio_metadata SET timestamp = NOW() - INTERVAL 1 DAY',
            'UPDATE zebraqueue SET time = NOW() - INTERVAL 1 DAY',
        ],
        mend => [
            'UPDATE plugin_data SET plugin_value = 1 WHERE plugin_key = "__ENABLED__"',
            'RENAME TABLE away TO koha_plugin_connexiongateway_slots',
            'UPDATE marc_matchers SET threshold = 1000 WHERE code = "OCLCISBN"',
            'DELETE FROM matchpoint_component_norms WHERE norm_routine = "shouting"',
            'DELETE FROM koha_plugin_connexiongateway_exports WHERE record IS NULL',
            'UPDATE koha_plugin_connexiongateway_index_state SET version = version + 1',
        ],
        settings => { port => 6001 },
        told => {
            plugin => [qr/^problem: The plugin is disabled/],
            tables => [qr/^problem: .*slots/],
            profiles => [
                qr/^problem: Profile demo: the matching rule OCLCISBN can never match.* 99999 are needed/m,
                qr/^problem: Profile demo: .*normalizer that Koha doesn't know: shouting/m,
            ],
            exports => [
                qr/^problem: Exports \d+ stopped the import again/,
                qr/^problem: Exports \d+ were kept, but not imported/m,
            ],
            identifiers => [qr/^warning: The index of identifiers of biblio records isn't built/],
            index_queue => [qr/^warning: \d+ records wait to be indexed, the oldest for 24 hours/],
            search_engine => [qr/^warning: Zebra answers, but doesn't find the newest record \(record \d+, saved 24 hours/],
            port => [qr/^problem: Port 6001 belongs to SIP2/],
        },
    },
    {   what => 'the type of the rule, a permission, the search engine, the address',
        break => [
            'UPDATE marc_matchers SET record_type = "authority" WHERE code = "OCLCISBN"',
            'UPDATE borrowers SET userid = "kept" WHERE userid = "cataloguer"',
            'UPDATE borrowers SET userid = "cataloguer" WHERE userid = "stager"',
        ],
        mend => [
            'UPDATE marc_matchers SET record_type = "biblio" WHERE code = "OCLCISBN"',
            'UPDATE borrowers SET userid = "stager" WHERE userid = "cataloguer"',
            'UPDATE borrowers SET userid = "cataloguer" WHERE userid = "kept"',
        ],
        engine => 'down', settings => { bind => '192.0.2.77', allow => 'everybody', tls_port => 115,
            tls_certificate => '/nowhere/certificate.pem', tls_key => '/nowhere/key.pem' },
        told => {
            profiles => [
                qr/^problem: Profile demo: .*another type of record/m,
                qr/^problem: Profile demo: .*lacks the permission tools\/manage_staged_marc/m,
            ],
            search_engine => [qr/^problem: Zebra does not answer/],
            port => [qr/^problem: This machine has no address 192\.0\.2\.77/],
            firewall => [qr/^problem: The setting allow holds what is no address: everybody/],
            tls => [qr/^problem: Port 115 belongs to SFTP/, qr/^problem: This user can't read \/nowhere\/key\.pem/m],
        },
    },
    {   what => 'the rule, the patron and another error of the search engine; open to all',
        break => [
            'UPDATE marc_matchers SET code = "AWAY" WHERE code = "OCLCISBN"',
            'UPDATE borrowers SET userid = "kept" WHERE userid = "cataloguer"',
        ],
        mend => [
            'UPDATE marc_matchers SET code = "OCLCISBN" WHERE code = "AWAY"',
            'UPDATE borrowers SET userid = "cataloguer" WHERE userid = "kept"',
        ],
        engine => 'error', settings => { bind => '0.0.0.0', port => 1 + $gateway->{port} },
        told => {
            profiles => [
                qr/^problem: Profile demo: .*no matching rule "OCLCISBN"/m,
                qr/^problem: Profile demo: .*no patron "cataloguer"/m,
            ],
            search_engine => [qr/^problem: Koha's search engine answered: Temporary system error/],
            firewall => [qr/every address that reaches it may try.*ufw allow .* port \d/],
            port => [qr/^warning: Nothing listens .*the service doesn't run/],
        },
    },
    {   what => 'an expired patron, a search engine that hangs, a port of another program',
        break => ['UPDATE borrowers SET dateexpiry = "2001-01-01" WHERE userid = "cataloguer"'],
        mend => ['UPDATE borrowers SET dateexpiry = "2099-01-01" WHERE userid = "cataloguer"'],
        engine => 'hang', settings => { port => $other->sockport },
        told => {
            profiles => [qr/^problem: Profile demo: .*expired/m],
            search_engine => [qr/^problem: Koha's search engine doesn't answer within 6 seconds/],
            port => [qr/^problem: Another program has 127\.0\.0\.1 port/],
        },
    },
);

for my $case (@BROKEN) {
    subtest $case->{what} => sub {
        $dbh->do($_) for @{ $case->{break} };
        $gateway->{sandbox}->engine($case->{engine} // 'ok');
        setting($_ => $case->{settings}{$_}) for keys %{ $case->{settings} };
        my ($found, $status) = doctor('--timeout', 6);
        $gateway->{sandbox}->engine('ok');
        $dbh->do($_) for @{ $case->{mend} };
        setting(port => $gateway->{port});
        setting(bind => '127.0.0.1');
        setting($_->[0] => $_->[1]) for [ allow => '' ], [ tls_port => 0 ];
        for my $check (sort keys %{ $case->{told} }) {
            my $text = findings($found, $check);
            like $text, $_, "$check tells" for @{ $case->{told}{$check} };
            unlike $text, qr/ -> *$/m, 'and what to do';
        }
        is $status, 1, 'exit status 1';
    };
}

subtest 'open to some, and mended' => sub {
    $gateway->{sandbox}->index_now;
    setting(bind => '0.0.0.0');
    setting(allow => '192.0.2.0/24 2001:db8::/32 oclc');
    my ($found, $status) = doctor();
    is $found->{problems}, 0, 'no problem any more';
    my $text = join "\n", map { $_->{text} } grep { $_->{check} eq 'firewall' && $_->{state} eq 'ok' } @{ $found->{checks} };
    like $text, qr/nft add rule .* ip saddr 192\.0\.2\.0\/24 tcp dport $gateway->{port}/, 'the command for the firewall';
    like $text, qr/from 132\.174\.0\.0\/16 /, 'of a network with a name';
    like $text, qr/ip6 saddr 2001:db8::\/32/, 'for IPv6 too';
};

subtest 'without a database' => sub {
    $gateway->{sandbox}->stop;
    my ($found, $status) = doctor();
    is $status, 1, 'exit status 1';
    like findings($found, 'koha'), qr/^problem: Koha can't be used: .+ -> .*koha-shell/, 'it says so';
};

done_testing;
