#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin ();
use lib "$FindBin::RealBin/lib";

use File::Temp ();
use Test::More;

use GatewayTest qw(content);
use Koha::Plugin::ConnexionGateway::Command;

my $SCRIPT = $INC{'Koha/Plugin/ConnexionGateway/Command.pm'} =~ s{Command[.]pm\z}{bin/connexion-gateway}r;
my $FOLDER = File::Temp->newdir;
my @UNITS = map {"connexion-gateway\@$_"} '.service', '.socket', 'library.socket.d/address.conf';

sub install (@arguments) {
    open my $out, '-|', "$^X \Q$SCRIPT\E install-service @arguments </dev/null 2>&1" or die $!;
    local $/ = undef;
    my $text = <$out>;
    close $out;
    return ($? >> 8, $text);
}

my ($status, $text) = install('--directory', $FOLDER, 'library');
is($status, 1, 'nobody to ask: exit status 1');
like($text, qr/^# $FOLDER\/connexion-gateway\@\.service\n.*^User=%i-koha\n/ms, 'the units are shown');
like($text, qr/Nothing is written\. .*--yes$/m, 'and what to do');
is_deeply([ glob "$FOLDER/*" ], [], 'nothing is written');

($status, $text) = install('--yes', '--directory', $FOLDER, '--port', 8123, '--bind', '192.0.2.7',
    '--koha-conf', '/srv/koha/library/etc/koha-conf.xml', 'library');
is($status, 0, 'written: exit status 0');
ok(-s "$FOLDER/$_", $_) for @UNITS;
my $service = content("$FOLDER/$UNITS[0]");
like($service, qr{^Environment=KOHA_CONF=/srv/koha/%i/etc/koha-conf\.xml$}m, 'the name of the instance gives way to %i');
like($service, qr{^ExecStart=/usr/bin/perl \S+/bin/connexion-gateway serve$}m, 'the path of the program');
unlike($service, qr/\{\{/, 'no place is left open');
like(content("$FOLDER/$UNITS[2]"), qr/^ListenStream=192\.0\.2\.7:8123$/m, 'the address');
like($text, qr/systemctl enable --now connexion-gateway\@library\.socket connexion-gateway\@library\.service/, 'what next');

($status, $text) = install('--yes', '--directory', $FOLDER, '--port', 8123, '--bind', '2001:db8::7', 'other');
like(content("$FOLDER/connexion-gateway\@other.socket.d/address.conf"), qr/^ListenStream=\[2001:db8::7\]:8123$/m,
    'IPv6, for another instance');
for my $bad ([ '../x' ], [ '--port', 0, 'library' ], [], [ "--koha-conf '/a b' library" ]) {
    ($status, $text) = install('--yes', '--directory', $FOLDER, @{$bad});
    ok($status, "@{$bad}: refused");
}

subtest 'what systemd says of them' => sub {
    my ($analyze) = grep {-x} '/usr/bin/systemd-analyze', '/bin/systemd-analyze';
    plan skip_all => 'no systemd-analyze here' if !$analyze;
    for my $name (qw(service socket)) { rename_for_an_instance($name) }
    my $unit = "$FOLDER/connexion-gateway\@library.service";
    is_deeply([ complaints("$analyze verify --man=no", $unit) ], [], 'it understands every line');
    my $broken = "$FOLDER/broken-connexion-gateway.service";
    open my $out, '>', $broken or die $!;
    print {$out} content($unit) =~ s/^UMask=/UMusk=/mr;
    close $out or die $!;
    isnt(scalar complaints("$analyze verify --man=no", $broken), 0, 'and would say so where it did not');
    my $score = `$analyze security --offline=true --no-pager \Q$unit\E 2>&1`;
    my ($exposure) = $score =~ /Overall exposure level.*?: ([0-9.]+)/;
    plan skip_all => "systemd-analyze can't tell the exposure here" if !defined $exposure;
    cmp_ok($exposure, '<=', 2, "exposure level $exposure");
};

# Not that this machine has neither the user nor the folders.
sub complaints ($verify, $unit) {
    my $said = `$verify \Q$unit\E 2>&1`;
    my @said = grep { /connexion-gateway/ && !/koha.*not.*exist|is not executable|No such/i } split /\n/, $said;
    return @said;
}

sub rename_for_an_instance ($name) {
    open my $out, '>', "$FOLDER/connexion-gateway\@library.$name" or die $!;
    print {$out} content("$FOLDER/connexion-gateway\@.$name") =~ s/%i/library/gr;
    close $out or die $!;
    return;
}

done_testing;
