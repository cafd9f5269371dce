#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# connexion-gateway build-core: on a server for which the package holds no core. Most is tried with a cmake that
# compiles nothing; the last part builds the core.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config qw(%Config);
use File::Copy qw(copy);
use File::Find qw(find);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use FindBin ();
use JSON::PP ();
use POSIX qw(WNOHANG setuid);
use Test::More;
use Time::HiRes qw(sleep);

use lib "$FindBin::RealBin/lib";
use GatewayTest qw(content);
use Koha::Plugin::ConnexionGateway::Core;

my $CORE = 'Koha::Plugin::ConnexionGateway::Core';
my $PLUGIN = 'Koha/Plugin/ConnexionGateway';
my $ROOT = $INC{"$PLUGIN/Core.pm"} =~ s{/\Q$PLUGIN\E/Core[.]pm\z}{}r;
my $OWN = $CORE->build;
my $SAYS = "use $CORE; print $CORE->unavailable // $CORE->loaded->{file}";

# A server: the plugin without a core, and programs to build one with.
sub server () {
    my $server = File::Temp->newdir;
    system 'cp', '-r', $ROOT, "$server/plugins";
    remove_tree("$server/plugins/$PLUGIN/core");
    make_path("$server/plugins/$PLUGIN/core", "$server/bin");
    fake_cmake($server, "cp '$OWN->{file}'");
    return $server;
}

# HOW is a command that is given where the compiled core is expected.
sub fake_cmake ($server, $how) {
    return put("$server/bin/cmake", <<"SH");
#!/bin/sh
case \$1 in --build) mkdir -p "\$2/swig" && $how "\$2/swig/Core.so" ;; esac
SH
}

sub put ($file, $content) {
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $content;
    close $out or die "$file: $!\n";
    chmod oct 755, $file or die "$file: $!\n";
    return;
}

sub build_core ($server, @arguments) {
    local $ENV{PATH} = "$server/bin:$ENV{PATH}";
    return said($^X, "$server/plugins/$PLUGIN/bin/connexion-gateway", 'build-core', @arguments);
}

# (exit status, what it said on both its outputs)
sub said (@command) {
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or die $!;
        exec @command or die "$command[0]: $!\n";
    }
    my $text = do { local $/ = undef; <$out> } // '';
    close $out;    ## no critic (RequireCheckedClose)
    return ($? >> 8, $text);
}

# What a new process of that server says of the core.
sub core_of ($server) { return (said($^X, "-I$server/plugins", '-e', $SAYS))[1] }

sub built ($server) { return "$server/plugins/$PLUGIN/core/built" }

sub files_in ($folder) {
    my @files;
    find(sub { push @files, $File::Find::name =~ s{\A\Q$folder\E/}{}r if -f && $_ ne '.lock' }, $folder) if -d $folder;
    return join ' ', sort @files;
}

subtest 'it is built where the core says how' => sub {
    my $server = server();
    my $reason = core_of($server);
    like($reason, qr/no compiled core for perl [\d.]+ \(\Q$Config{archname}\E\).*none at all/, 'there is none, and it says so');
    my ($command) = $reason =~ /with: (.+)\z/;
    is($command, "$^X $server/plugins/$PLUGIN/bin/connexion-gateway build-core", 'with the command');
    my ($status, $text) = build_core($server);
    is($status, 0, 'which builds it') or diag $text;
    like($text, qr/koha-plack --restart.*systemctl restart connexion-gateway/s, 'and says what to do next');
    is(core_of($server), built($server) . "/$OWN->{path}", 'it is loaded from there');
    ($status, $text) = build_core($server);
    is($status, 0, 'a second time');
    like($text, qr/There is a core for this perl already.*--again/s, 'nothing is done');
    ($status) = build_core($server, '--again');
    is($status, 0, 'but when it is asked for');
    ($status) = build_core($server, '--into', "$server/elsewhere");
    is(files_in("$server/elsewhere"), "manifest.json $OWN->{path}", 'into another folder');
    is(JSON::PP::decode_json(content("$server/elsewhere/manifest.json"))->{source},
        JSON::PP::decode_json(content("$ROOT/$PLUGIN/core/manifest.json"))->{source}, 'for another server, or the package');
};

subtest 'what is missing is named' => sub {
    my $server = server();
    local $ENV{PATH} = '/nowhere';
    my ($status, $text) = said($^X, "$server/plugins/$PLUGIN/bin/connexion-gateway", 'build-core');
    is($status, 1, 'exit status 1');
    like($text, qr/lacks cmake, g\+\+, make, swig\b/, 'what');
    like($text, qr/^    apt-get install --no-install-recommends cmake g\+\+ make swig\b/m, 'and from which packages');
    ($status, $text) = said($^X, "$server/plugins/$PLUGIN/bin/connexion-gateway", 'build-core', '--packages');
    is($text, "cmake g++ make swig libperl-dev libicu-dev libexpat1-dev nlohmann-json3-dev\n", 'all of them');
    put("$server/bin/g++", "#!/bin/sh\ngrep -q expat && exit 1\nexit 0\n");
    $ENV{PATH} = "$server/bin";    ## no critic (RequireLocalizedPunctuationVars)
    symlink '/bin/grep', "$server/bin/grep" or die $!;
    ($status, $text) = said($^X, "$server/plugins/$PLUGIN/bin/connexion-gateway", 'build-core');
    like($text, qr/lacks make, swig, expat[.]h[.].*install --no-install-recommends make swig libexpat1-dev$/sm,
        'a header that the compiler does not find');
};

subtest 'nothing is half there' => sub {
    my $server = server();
    build_core($server);
    my ($before, $manifest) = (files_in(built($server)), content(built($server) . '/manifest.json'));
    my $as_before = sub ($what) {
        is(files_in(built($server)), $before, "$what: no other file");
        is(content(built($server) . '/manifest.json'), $manifest, "$what: the list is as it was");
        is(core_of($server), built($server) . "/$OWN->{path}", "$what: the core loads");
    };
    fake_cmake($server, 'echo the compiler is broken; exit 1;');
    my ($status, $text) = build_core($server, '--again');
    is($status, 1, 'a build that fails');
    like($text, qr/can't be built here.*^the compiler is broken$/sm, 'says why');
    $as_before->('failed');

    fake_cmake($server, 'echo no shared object >');
    ($status, $text) = build_core($server, '--again');
    is($status, 1, 'one that gives something else');
    like($text, qr/can't be used.*nothing has changed/, 'says so');
    $as_before->('unusable');

    fake_cmake($server, 'kill -KILL $PPID; exit 1;');
    build_core($server, '--again');
    $as_before->('killed');

    fake_cmake($server, "touch '$server/began'; for i in \$(seq 100); do [ -e '$server/go' ] && break; sleep 0.1; done; cp '$OWN->{file}'");
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', '/dev/null' or die $!;
        my ($done) = build_core($server, '--again');
        POSIX::_exit($done);
    }
    for (1 .. 200) { last if -e "$server/began"; sleep 0.1 }
    ($status, $text) = build_core($server, '--again');
    is($status, 1, 'two at a time');
    like($text, qr/is being built in .* already/, 'the second one says so');
    put("$server/go", '');
    waitpid $pid, 0;
    is($?, 0, 'the first one ends');
    $as_before->('after it');
};

subtest 'what is there already' => sub {
    my $server = server();
    build_core($server);
    my $file = built($server) . '/manifest.json';
    my $manifest = JSON::PP::decode_json(content($file));
    my %old = (%{ $manifest->{builds}[0] }, path => 'old/0123/Core.so');
    my %other = (%old, perl => '5.10', path => 'other/0123/Core.so');
    for my $build (\%old, \%other) {
        make_path(built($server) . '/' . $build->{path} =~ s{/Core[.]so\z}{}r);
        copy($OWN->{file}, built($server) . "/$build->{path}") or die $!;
    }
    put($file, JSON::PP::encode_json({ %{$manifest}, builds => [ \%old, \%other ] }));
    build_core($server, '--again');
    is(files_in(built($server)), "manifest.json $other{path} $OWN->{path}", 'an older one for this perl goes, that for another stays');
    is_deeply([ map { $_->{path} } @{ JSON::PP::decode_json(content($file))->{builds} } ], [ $other{path}, $OWN->{path} ],
        'in the list too');

    open my $source, '>>', "$server/plugins/$PLUGIN/source.tar" or die $!;
    print {$source} "\0" x 512;
    close $source or die $!;
    like(core_of($server), qr/no compiled core.* of another version/, 'after an upload of another version it is not taken');
    my ($status) = build_core($server);
    is($status, 0, 'and built again');
    is(files_in(built($server)), "manifest.json $OWN->{path}", 'for this perl alone');
    is(core_of($server), built($server) . "/$OWN->{path}", 'it loads');
};

subtest 'a folder that can only be read' => sub {
    plan skip_all => 'only root can become somebody else' if $> != 0;
    my $server = server();
    chmod oct 755, $server or die $!;
    mkdir "$server/cores" or die $!;
    chown 65_534, 65_534, "$server/cores" or die $!;
    my $as_nobody = sub {
        my $pid = open my $out, '-|' // die "fork: $!\n";
        if (!$pid) {
            setuid(65_534);
            print join "\n", build_core($server);
            POSIX::_exit(close STDOUT ? 0 : 1);
        }
        my ($status, @lines) = <$out>;
        close $out;    ## no critic (RequireCheckedClose)
        return (0 + $status, join '', @lines);
    };
    my ($status, $text) = $as_nobody->();
    is($status, 1, 'exit status 1');
    like($text, qr/can't be written to by this user.*root.*<connexion_gateway_core>/s, 'says what to do');
    put("$server/koha-conf.xml", "<config><connexion_gateway_core>$server/cores</connexion_gateway_core></config>");
    local $ENV{KOHA_CONF} = "$server/koha-conf.xml";
    ($status, $text) = $as_nobody->();
    is($status, 0, 'koha-conf.xml names another folder') or diag $text;
    is(core_of($server), "$server/cores/$OWN->{path}", 'from which it is loaded');
};

subtest 'the files belong to whom the plugin belongs' => sub {
    plan skip_all => 'only root can give files away' if $> != 0;
    my $server = server();
    chown 65_534, 65_534, "$server/plugins/$PLUGIN/core" or die $!;
    build_core($server);
    my @others = grep { (stat built($server) . "/$_")[4] != 65_534 } '', split / /, files_in(built($server));
    is_deeply(\@others, [], 'so that Koha can delete them');
};

subtest 'built' => sub {
    my $server = server();
    unlink "$server/bin/cmake";
    my ($status, $text) = build_core($server);
    is($status, 0, 'with the compiler of this machine') or diag $text;
    my ($build) = @{ JSON::PP::decode_json(content(built($server) . '/manifest.json'))->{builds} };
    is($build->{sha256}, $OWN->{sha256}, 'in another folder, and by another program, it is the same bytes');
    is(core_of($server), built($server) . "/$build->{path}", 'and it loads');
};

done_testing;
