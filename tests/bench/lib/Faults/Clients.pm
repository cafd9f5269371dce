package Faults::Clients;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Clients that export at the same time, each one record after the other. Each behaves as the
# Connexion Client does: when the connection is lost it sends the same octets again, three times at most.
# Each export leaves a line of JSON with what was told of it.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Handle;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep);

my $RETRIES       = 3;
my $DELAY_SECONDS = 3;
my $REPLY_SECONDS = 90;

sub new ($class, %args) { return bless { gateway => $args{gateway}, dir => $args{dir}, pids => {} }, $class }

sub start ($self, @lists) {
    for my $number (0 .. $#lists) {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            my $done = eval { $self->_export_all("$self->{dir}/client.$number", @{ $lists[$number] }); 1 };
            warn $@ if !$done;
            POSIX::_exit($done ? 0 : 1);
        }
        $self->{pids}{$pid} = 1;
    }
    return;
}

sub running ($self) {
    for my $pid (keys %{ $self->{pids} }) {
        next if waitpid($pid, POSIX::WNOHANG()) != $pid;
        die "a client failed with $?\n" if $?;
        delete $self->{pids}{$pid};
    }
    return scalar keys %{ $self->{pids} };
}

sub _export_all ($self, $file, @exports) {
    local $SIG{PIPE} = 'IGNORE';
    open my $out, '>', $file or die "$file: $!\n";
    $out->autoflush;
    for my $export (@exports) {
        my $octets = TestGateway->frame($export->{login}, 'demo', $export->{record});
        my ($reply, $tries) = $self->_send($octets);
        print {$out} JSON::PP->new->canonical->encode({
            (map { $_ => $export->{$_} } qw(series version marker staged)),
            reply => $reply, tries => $tries,
        }), "\n";
    }
    close $out or die "$file: $!\n";
    return;
}

sub _send ($self, $octets) {
    for my $try (1 .. 1 + $RETRIES) {
        my $reply = eval { $self->{gateway}->raw($octets, timeout => $REPLY_SECONDS) };
        return ($reply, $try) if defined $reply;
        sleep $DELAY_SECONDS * (0.5 + rand);
    }
    return (undef, 1 + $RETRIES);
}

# How many exports have had their end so far, and all lines.
sub count ($self) { return scalar @{ $self->lines } }

sub lines ($self) {
    my @lines;
    for my $file (sort glob "$self->{dir}/client.*") {
        open my $in, '<', $file or die "$file: $!\n";
        push @lines, grep {/\n\z/} <$in>;
        close $in;
    }
    return \@lines;
}

1;
