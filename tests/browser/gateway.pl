#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A gateway with its staff pages for the browser tests: starts it, then does what it is told, one JSON
# object a line, answered by one each. It ends with its input.
#
#     {"do":"start"}                              {"staff": URL, "port": N, "users": {...}}
#     {"do":"export","login":L,"record":BASE64}   {"reply": TEXT}; with "password" where it is not "demo"
#     {"do":"profile","profile":{...}}            {}
#     {"do":"sql","sql":"SELECT ...","values":[]} {"rows": [[...]]}
#     {"do":"command","arguments":[...]}          {"output": TEXT, "status": N}
#     {"do":"serve"}, {"do":"halt"}               {}: the service, not the staff pages

use strict;
use warnings;
use feature qw(signatures state);
no warnings 'experimental::signatures';

use FindBin ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);

use lib "$FindBin::Bin/../e2e/lib";
use TestGateway;

my $JSON = JSON::PP->new->ascii->canonical;
my $gateway;

STDOUT->autoflush(1);
while (defined(my $line = <>)) {
    my $told = $JSON->decode($line);
    my $answer = eval { main->can("do_$told->{do}")->($told) } // { error => "$@" };
    print $JSON->encode($answer), "\n";
}
if ($gateway) {
    _may_use_tools(0);
    $gateway->stop;
}

sub do_start ($told) {
    $gateway = TestGateway->start(
        sandbox => { staff_port => 0, indexer_delay => 1 },
        profiles => $told->{profiles} // [],
    );
    _may_use_tools(1);
    return { staff => _staff(), port => $gateway->{port}, users => _users(), live => TestGateway->live };
}

# On a real Koha the cataloguer may use the plugin's tools for as long as the tests last. Nobody may configure it by this.
sub _may_use_tools ($may) {
    return if !TestGateway->live;
    state $given = 0;
    my $dbh = $gateway->dbh;
    my @row = (_users()->{cataloguer}[0], 'plugins', 'tool');
    my $who = 'FROM borrowers b JOIN userflags f WHERE b.userid = ? AND f.flag = ?';
    $given = $dbh->do("INSERT IGNORE INTO user_permissions (borrowernumber, module_bit, code) SELECT b.borrowernumber, f.bit, ? $who",
        undef, @row[ 2, 0, 1 ]) if $may;
    $dbh->do("DELETE p FROM user_permissions p JOIN borrowers b USING (borrowernumber) JOIN userflags f ON f.bit = p.module_bit"
            . ' WHERE b.userid = ? AND f.flag = ? AND p.code = ?', undef, @row) if !$may && $given > 0;
    return;
}

sub _staff {
    return $ENV{CONNEXION_LIVE_STAFF} // die "CONNEXION_LIVE_STAFF must name the staff interface\n" if TestGateway->live;
    $gateway->{sandbox}->install_plugins;
    return $gateway->{sandbox}->staff_url;
}

# By what they may: everything, cataloguing and the plugin's tools, nothing.
sub _users {
    return $JSON->decode($ENV{CONNEXION_LIVE_USERS} // die "CONNEXION_LIVE_USERS must name the patrons\n")
        if TestGateway->live;
    return { map { $_ => [ $_, $_ ] } qw(admin cataloguer nobody) };
}

sub do_export ($told) {
    my $frame = $gateway->frame($told->{login}, $told->{password} // 'demo', decode_base64($told->{record}));
    return { reply => $gateway->raw($frame) };
}

sub do_profile ($told) {
    $gateway->set_profile({ $gateway->base_profile, %{ $told->{profile} } });
    return {};
}

sub do_sql ($told) {
    my $dbh = $gateway->dbh;
    my @values = @{ $told->{values} // [] };
    return { rows => $dbh->selectall_arrayref($told->{sql}, undef, @values) } if $told->{sql} =~ /\A\s*SELECT/i;
    return { rows => 0 + $dbh->do($told->{sql}, undef, @values) };
}

sub do_command ($told) {
    my ($output, $status) = $gateway->command(@{ $told->{arguments} });
    return { output => $output, status => $status };
}

sub do_serve ($) {
    $gateway->serve;
    return {};
}

sub do_halt ($) {
    kill 'TERM', $gateway->{pid};
    waitpid $gateway->{pid}, 0;
    return {};
}
