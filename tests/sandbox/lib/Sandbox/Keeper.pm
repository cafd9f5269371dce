package Sandbox::Keeper;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Path     qw(remove_tree);
use IO::Select;
use JSON::PP ();
use POSIX    ();
use Sandbox::Conf;
use Sandbox::Database;
use Time::HiRes qw(sleep time);

my $ROOT = abs_path(dirname(__FILE__) . '/../..');

sub new ($class, $sandbox, $life, $news) {
    return bless { sandbox => $sandbox, life => $life, news => $news, children => {} }, $class;
}

sub run ($self) {
    my $status = eval { $self->_start } // { error => "the sandbox cannot start: $@" };
    if ($status->{error}) { $self->_end }
    $self->_tell($status);
    $self->_wait if !$status->{error};
    $self->_end;

    # No destructors or END blocks of the owner's program in here.
    POSIX::_exit($status->{error} ? 1 : 0);
}

sub _start ($self) {
    my $sandbox = $self->{sandbox};
    POSIX::setsid();

    # Who waits for the end of the owner's output must not wait for ours.
    open STDIN,  '<',  '/dev/null'                      or die "cannot silence the keeper: $!";
    open STDOUT, '>>', "$sandbox->{dir}/log/keeper.log" or die "cannot log the keeper: $!";
    open STDERR, '>&', \*STDOUT                         or die "cannot log the keeper: $!";
    $self->{ended} = 0;
    $SIG{$_} = sub { $self->{ended} = 1 }
        for qw(TERM INT HUP);
    $SIG{USR1} = sub { $self->{wish} = 'stop' };
    $SIG{USR2} = sub { $self->{wish} = 'start' };
    $SIG{CHLD} = 'DEFAULT';
    my $password = join '', map { sprintf '%02x', int rand 256 } 1 .. 8;
    my $database = $self->{database} =
        Sandbox::Database->new(dir => $sandbox->{dir}, password => $password);
    my $fresh = !-d "$sandbox->{dir}/mysql/data";
    $database->start;
    Sandbox::Conf->write(
        $sandbox->conf,
        database        => $Sandbox::Database::NAME,
        search_database => $Sandbox::Database::SEARCH_NAME,
        socket          => $database->socket,
        pass            => $fresh ? $password : $self->_known_password,
        generation      => $sandbox->{generation},
        pluginsdir      => $sandbox->{pluginsdir},
        logdir          => "$sandbox->{dir}/log"
    );
    $database->fill($sandbox->{generation}) if $fresh;
    my $status = {
        socket       => $database->socket,
        db_name      => $Sandbox::Database::NAME,
        database_pid => $database->pid
    };
    $self->_start_indexer                      if defined $sandbox->{indexer_delay};
    $status->{staff_url} = $self->_start_staff if defined $sandbox->{staff_port};
    return $status;
}

sub _known_password ($self) {
    return Sandbox::Conf->read($self->{sandbox}->conf)->{config}{pass};
}

sub _start_indexer ($self) {
    $self->_spawn('indexer', "$ROOT/bin/indexer", $self->{sandbox}{indexer_delay});
    return;
}

sub _start_staff ($self) {
    my $sandbox = $self->{sandbox};
    my $port    = $sandbox->{staff_port} || _free_port($sandbox->{address});
    my $url     = "http://$sandbox->{address}:$port";
    $self->{database}->root($Sandbox::Database::NAME)
        ->do(q{update systempreferences set value = ? where variable = 'staffClientBaseURL'},
        undef, $url);
    $self->_spawn('staff', "$ROOT/staff.pl", 'daemon', '-m', 'production', '-l', $url);
    _wait_for_port($sandbox->{address}, $port);
    return $url;
}

sub _free_port ($address) {
    require IO::Socket::INET;
    my $socket = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 0, Listen => 1)
        or die "no free port: $!\n";
    return $socket->sockport;
}

sub _wait_for_port ($address, $port) {
    require IO::Socket::INET;
    my $until = time + 20;
    while (time < $until) {
        return if IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Timeout => 1);
        sleep 0.05;
    }
    die "the staff pages did not start on port $port\n";
}

sub _spawn ($self, $name, @command) {
    my $pid = fork // die "cannot fork: $!\n";
    if (!$pid) {
        my %env = $self->{sandbox}->env;
        @ENV{ keys %env } = values %env;
        open STDIN,  '<',  '/dev/null'                           or die "cannot silence $name: $!";
        open STDOUT, '>>', "$self->{sandbox}{dir}/log/$name.log" or die "cannot log $name: $!";
        open STDERR, '>&', \*STDOUT                              or die "cannot log $name: $!";
        exec {$^X} $^X, @command or die "cannot run $name: $!";
    }
    $self->{children}{$pid} = $name;
    return;
}

sub _tell ($self, $status) {
    syswrite $self->{news}, JSON::PP::encode_json($status);
    close $self->{news};
    return;
}

sub _wait ($self) {
    my $select = IO::Select->new($self->{sandbox}{detach} ? () : $self->{life});
    while (!$self->{ended}) {
        if ($select->count) { last if $select->can_read(0.5) }
        else                { sleep 0.5 }
        $self->_stop_or_start_database if $self->{wish};
        my $pid = $self->{database}->pid // next;
        last if kill(0, $pid) == 0 || waitpid($pid, 1) != 0;
    }
    return;
}

sub _stop_or_start_database ($self) {
    my $wish = delete $self->{wish};
    my $database = $self->{database};
    if    ($wish eq 'stop')         { $database->stop }
    elsif (!defined $database->pid) { $database->start }
    return;
}

sub _end ($self) {
    my @children = keys %{ $self->{children} };
    kill 'TERM', @children;
    for my $pid (@children) {
        my $until = time + 3;
        while (waitpid($pid, 1) == 0) {
            if (time > $until) { kill 'KILL', $pid; waitpid $pid, 0; last }
            sleep 0.02;
        }
    }
    $self->{database}->stop if $self->{database};
    my $sandbox = $self->{sandbox};
    remove_tree($sandbox->{dir}) if !$sandbox->{keep};
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Keeper - the process that starts the sandbox's others and ends them

=head1 METHODS

=head2 new($sandbox, $life, $news), run

Runs in a child of the sandbox's owner and does not return. Writes one JSON document to C<$news> when
all is up, and ends everything when C<$life> closes, at SIGTERM, or with the database. SIGUSR1 stops the
database alone, SIGUSR2 starts it again.

=cut
