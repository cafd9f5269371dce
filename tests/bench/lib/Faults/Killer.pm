package Faults::Killer;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Kills the listener and importers of a gateway at random moments, and starts the listener again at
# once, as systemd would. Only processes of the groups that it started itself are killed.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use POSIX ();
use Time::HiRes qw(sleep time);

my $LISTENER_ONE_IN = 3;
my $WORK_SECONDS    = 0.8;    # the kill comes at a random moment within them
my $STALLED_SECONDS = 90;

sub new ($class, %args) {
    return bless {
        gateway => $args{gateway}, clients => $args{clients}, kills => $args{kills}, exports => $args{exports},
        killed => { listener => 0, importer => 0 }, groups => { $args{gateway}{pid} => 1 },
    }, $class;
}

sub killed ($self) { return $self->{killed}{listener} + $self->{killed}{importer} }

# The kills are spread over the exports; the rest of the exports runs to its end undisturbed.
sub run ($self) {
    while ($self->{clients}->running) {
        $self->_keep_alive;
        $self->_kill_one if $self->killed < $self->{kills} && $self->_is_time;
        sleep 0.01;
    }
    return $self->{killed};
}

sub _keep_alive ($self) {
    my $gateway = $self->{gateway};
    return if $gateway->{pid} && waitpid($gateway->{pid}, POSIX::WNOHANG()) == 0;
    $self->{groups}{ $gateway->launch } = 1;
    return;
}

sub _is_time ($self) {
    my $now = time;
    $self->{next_at} = undef if !defined $self->{wanted};
    $self->{wanted} //= int($self->{exports} * ($self->killed + rand) / ($self->{kills} + 1));
    $self->{asked} //= $now;
    return $now >= $self->{next_at} if defined $self->{next_at};
    return 0 if $self->{clients}->count < $self->{wanted} && $now - $self->{asked} < $STALLED_SECONDS;
    $self->{next_at} = $now + rand $WORK_SECONDS;
    return 0;
}

sub _kill_one ($self) {
    my @importers = $self->_importers;
    my $listener = !@importers || int(rand $LISTENER_ONE_IN) == 0;
    my $pid = $listener ? $self->{gateway}{pid} : $importers[ rand @importers ];
    return if kill('KILL', $pid) != 1;
    $self->{killed}{ $listener ? 'listener' : 'importer' }++;
    delete @{$self}{qw(wanted asked next_at)};
    return;
}

# Those of listeners that were killed are among them.
sub _importers ($self) {
    my @pids;
    for my $directory (glob '/proc/[0-9]*') {
        my $group = _process_group($directory) // next;
        next if !$self->{groups}{$group};
        my $pid = $directory =~ s{.*/}{}r;
        push @pids, $pid if _command_line($directory) =~ /\0importer\0/;
    }
    return @pids;
}

sub _process_group ($directory) {
    my $stat = _content("$directory/stat") // return;
    return $stat =~ /\) \S \d+ (\d+) / ? $1 : undef;
}

sub _command_line ($directory) { return _content("$directory/cmdline") // '' }

sub _content ($file) {
    open my $in, '<', $file or return;
    local $/ = undef;
    return scalar <$in>;
}

1;
