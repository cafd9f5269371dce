#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The configuration of Koha's own daemon: what it becomes, what is wrong with one, and that nothing at all makes
# the reader die. CONNEXION_SEED repeats a run.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use Koha::Plugin::ConnexionGateway::DaemonConfig;
use Koha::Plugin::ConnexionGateway::Profile;

my $CONFIG = 'Koha::Plugin::ConnexionGateway::DaemonConfig';
my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

my $whole = <<'FILE';
# Connexion
host: 192.0.2.10
port: 8001   # as ever
log: /var/log/koha/connexion.log
koha: http://staff.example.org:8080
user: jdoe
password: se:cret
connexion_user: cat
connexion_password: two words#kept
match: ISBN
overlay_action: Replace
nomatch_action: ignore
item_action: add_only_for_new
import_mode: direct
framework: FA
overlay_framework: _USE_ORIG_
FILE

sub becomes ($text) { return $CONFIG->profile($CONFIG->parse($text)) }

sub codes ($list) { return join ' ', map { $_->{code} . ($_->{line} ? ":$_->{line}" : '') } @{$list} }

subtest 'a whole file' => sub {
    my $file = $CONFIG->parse($whole);
    is codes($file->{problems}), '', 'nothing is wrong';
    is codes($file->{notes}), 'comment_in_password:9', 'what the daemon reads otherwise than it is written';
    my $became = $CONFIG->profile($file);
    my %profile = %{ $became->{profile} };
    is_deeply [ @profile{qw(matching_rule overlay_action nomatch_action item_action mode framework overlay_framework login write_as)} ],
        [ 'ISBN', 'replace', 'ignore', 'add_only_for_new', 'direct', 'FA', undef, 'cat', 'jdoe' ], 'the profile';
    is $profile{several_matches}, 'best', 'of equal matches the best, as Koha does it';
    is_deeply [ grep { $profile{$_} } grep {/\Aguard_/} keys %profile ], [], 'nothing is held back';
    is scalar(grep {/\Aguard_/} keys %profile), scalar(grep {/\Aguard_/} $PROFILE->members), 'by none of the guards there are';
    is $became->{password}, 'two words', 'the password ends where a comment begins';
    is_deeply $became->{service}, { bind => '192.0.2.10', port => 8001 }, 'address and port of the service';
    is_deeply $became->{from}{matching_rule}, 'match', 'where it is from';
    my %known = map { $_ => 1 } $PROFILE->members, qw(login);
    is_deeply [ grep { !$known{$_} } keys %profile ], [], 'only what a profile has';
};

subtest 'where the file is silent' => sub {
    my $became = becomes("port: 8000\n");
    is_deeply [ @{ $became->{profile} }{qw(overlay_action nomatch_action item_action mode)} ],
        [qw(create_new create_new always_add stage)], q{the defaults are Koha's};
    is_deeply $became->{service}, { bind => '0.0.0.0', port => 8000 }, 'and it listens everywhere';
    like codes($became->{changes}), qr/login_new.*no_rule/, 'which is told';
    is becomes("overlay_action: replace\n")->{profile}{overlay_action}, 'create_new', 'nothing is replaced without a rule';
    is becomes("import_mode: DIRECT")->{profile}{mode}, 'direct', 'in capitals too';
    is_deeply becomes("host: koha.example.org\nport: 8000")->{service}, { port => 8000 }, 'a name is nothing to listen on';
    is_deeply becomes("match: ISBN")->{service}, {}, 'nothing of a service';
    is becomes("\x{FEFF}match: ISBN\r\nimport_mode: direct\r\n")->{profile}{mode}, 'direct', 'lines of Windows';
};

subtest 'what is wrong' => sub {
    my @wrong = (
        [ '' => 'empty' ], [ "  \n# nothing\n" => 'empty' ], [ "PK\x03\x04\x00" => 'no_text' ], [ 'x' x 70_000 => 'too_long' ],
        [ "match ISBN" => 'bad_line:1' ], [ "\nmatches: ISBN" => 'unknown_key:2' ],
        [ "overlay_action: merge" => 'bad_value:1' ], [ "overlay_action: use_template" => 'bad_value:1' ],
        [ "nomatch_action: replace" => 'bad_value:1' ], [ "item_action: all" => 'bad_value:1' ],
        [ "import_mode: later" => 'bad_value:1' ], [ "port: 0" => 'bad_port:1' ], [ "port: 65536\nuser" => 'bad_port:1 bad_line:2' ],
    );
    is codes($CONFIG->parse($_->[0])->{problems}), $_->[1], 'as ' . substr($_->[0], 0, 30) =~ s/[^ -~]/./gr for @wrong;
    is $CONFIG->parse(undef)->{problems}[0]{code}, 'empty', 'nothing at all';
    is codes($CONFIG->parse("port: 1\nport: 2")->{notes}), 'twice:2', 'a key that stands twice is told';
    is $CONFIG->parse("port: 1\nport: 2")->{values}{port}, 2, 'and the last counts';
};

subtest 'whatever it is given' => sub {
    my $seed = $ENV{CONNEXION_SEED} // int rand 1_000_000;
    note "CONNEXION_SEED=$seed";
    srand $seed;
    my @warnings;
    local $SIG{__WARN__} = sub ($warning) { push @warnings, $warning };
    my ($died, $lost) = (0, 0);
    for my $round (1 .. 3000) {
        my $text = $round % 3 ? _broken($whole) : join '', map { chr int rand($round % 2 ? 256 : 0x3000) } 1 .. rand 400;
        my $file = eval { $CONFIG->parse($text) } // do { $died++; next };
        $lost++ if !@{ $file->{problems} } && !%{ $file->{values} };
        my $became = eval { $CONFIG->profile($file) } // do { $died++; next };
        my %choices = %{ $PROFILE->choices };
        $lost++ for grep { my $member = $_; !grep { $_ eq $became->{profile}{$member} } @{ $choices{$member} } }
            grep { $choices{$_} } keys %{ $became->{profile} };
    }
    is $died, 0, 'it never dies';
    is $lost, 0, 'a file without problems says something, and what it says is allowed in a profile';
    is_deeply \@warnings, [], 'nor warns';
};

sub _broken ($text) {
    for (1 .. 1 + rand 6) {
        my $at = int rand length $text;
        my $way = int rand 4;
        substr($text, $at, 1) = chr int rand 256 if $way == 0;
        substr($text, $at, rand 20) = '' if $way == 1;
        substr($text, $at, 0) = substr $text, rand length $text, rand 40 if $way == 2;
        substr($text, $at, 0) = ("\n", ':', '#', "\r", "\0")[ rand 5 ] if $way == 3;
    }
    return $text;
}

done_testing;
