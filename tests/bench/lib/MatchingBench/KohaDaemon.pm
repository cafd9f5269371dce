package MatchingBench::KohaDaemon;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Koha's own Connexion daemon, started with a configuration made here, on the Koha of KOHA_CONF.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent -norequire, 'TestGateway';

use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX       ();
use Time::HiRes qw(sleep);

use TestGateway;

# Options: script, url, user, password, rule, prepare => sub ($daemon) {...}.
sub start ($class, %options) {
    my $self = bless { owner => $$, dir => tempdir(CLEANUP => 1) }, $class;
    local $ENV{CONNEXION_LIVE_PATRON} = $options{user};
    $self->_use_koha;
    $options{prepare}->($self);
    my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no port: $@\n";
    $self->{port} = $probe->sockport;
    close $probe;
    $self->_configure(%options);
    $self->_run($options{script});
    return $self;
}

sub live ($class) { return 1 }

sub _configure ($self, %options) {
    my %lines = (
        host => '127.0.0.1', port => $self->{port}, log => "$self->{dir}/daemon.log", koha => $options{url},
        user => $options{user}, password => $options{password}, match => $options{rule},
        overlay_action => 'replace', nomatch_action => 'create_new', item_action => 'ignore', import_mode => 'direct',
    );
    my $file = "$self->{dir}/daemon.conf";
    open my $out, '>', $file or die "$file: $!\n";
    chmod 0600, $file or die "$file: $!\n";
    print {$out} map {"$_: $lines{$_}\n"} sort keys %lines;
    close $out or die "$file: $!\n";
    return;
}

sub _run ($self, $script) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setpgid(0, 0);
        local %ENV = (%ENV, $self->_environment);
        open STDOUT, '>>', "$self->{dir}/output.log" or die "output.log: $!\n";
        open STDERR, '>&', \*STDOUT or die "output.log: $!\n";
        exec $^X, $script, '--config', "$self->{dir}/daemon.conf" or die "exec: $!\n";
    }
    $self->{pid} = $pid;
    for (1 .. 200) {
        return if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
        die "Koha's daemon $script has ended at once.\n" if waitpid($pid, POSIX::WNOHANG()) == $pid;
        sleep 0.1;
    }
    die "Koha's daemon $script does not listen.\n";
}

# Without the NUL it would wait five seconds for more of each record.
sub export ($self, $login, @records) { return $self->raw(join('', @records) . "\0") }

sub command ($self, @arguments) { return ('', 0) }

1;
