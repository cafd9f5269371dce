package Sandbox::Database;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use DBI;
use File::Path qw(make_path remove_tree);
use Sandbox::Seeds;
use Sandbox::Tables;
use Time::HiRes qw(sleep time);

our $NAME        = 'koha_sandbox';
our $SEARCH_NAME = 'koha_sandbox_search';

my $START_SECONDS = 20;
my $STOP_SECONDS  = 10;

sub new ($class, %args) {
    my $dir = $args{dir} // croak 'a database needs a dir';
    return bless {
        dir      => "$dir/mysql",
        password => $args{password} // croak 'a database needs a password'
        },
        $class;
}

sub socket ($self) { return "$self->{dir}/socket" }

sub pid ($self) { return $self->{pid} }

# Called in the process that will wait for the server: it is that process's child.
sub start ($self) {
    $self->_install if !-d "$self->{dir}/data";
    $self->{pid} = fork // croak "cannot fork: $!";
    if (!$self->{pid}) { $self->_exec_server }
    $self->_wait_until_up;
    return $self;
}

sub _install ($self) {
    make_path($self->{dir});
    chmod 0700, $self->{dir} or croak "cannot protect '$self->{dir}': $!";
    if ($> == 0) {
        my ($uid, $gid) = (getpwnam 'mysql')[2, 3];
        croak 'there is no user mysql: is mariadb-server installed?' if !defined $uid;
        chown $uid, $gid, $self->{dir} or croak "cannot give '$self->{dir}' to mysql: $!";
    }

    # Two that begin at the same moment may disturb each other.
    my $problem;
    for my $try (1 .. 3) {
        remove_tree("$self->{dir}/data");
        return if eval { $self->_install_data; 1 };
        $problem = $@;
    }
    croak $problem;
}

sub _install_data ($self) {
    $self->_run(
        'mariadb-install-db',                       '--no-defaults',
        "--datadir=$self->{dir}/data",              $self->_user,
        '--auth-root-authentication-method=normal', '--skip-test-db',
        '--innodb-log-file-size=4M',                '--innodb-buffer-pool-size=32M'
    );
    return;
}

# mariadbd refuses to run as root.
sub _user ($self) { return $> == 0 ? '--user=mysql' : () }

sub _run ($self, @command) {
    my $pid = fork // croak "cannot fork: $!";
    if (!$pid) {
        open STDOUT, '>',  "$self->{dir}/output" or die "cannot keep what $command[0] says: $!";
        open STDERR, '>&', \*STDOUT              or die "cannot keep what $command[0] says: $!";
        exec { $command[0] } @command or die "cannot run $command[0]: $!";
    }
    waitpid $pid, 0;
    croak "$command[0] failed with $?:\n" . $self->_output if $?;
    return;
}

sub _output ($self) {
    open my $handle, '<', "$self->{dir}/output" or return '';
    local $/ = undef;
    return scalar <$handle>;
}

sub _exec_server ($self) {
    my $dir    = $self->{dir};
    my $server = -x '/usr/sbin/mariadbd' ? '/usr/sbin/mariadbd' : 'mariadbd';
    open STDIN,  '<', '/dev/null'      or die "cannot silence $server: $!";
    open STDOUT, '>', '/dev/null'      or die "cannot silence $server: $!";
    open STDERR, '>', "$dir/error.log" or die "cannot write $dir/error.log: $!";

    # What is lost with the machine may be lost: no flush at each commit.
    exec {$server} $server, '--no-defaults', "--datadir=$dir/data", $self->_user,
        '--socket=' . $self->socket, "--pid-file=$dir/pid", '--skip-networking', '--skip-log-bin',
        '--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=4M',
        '--innodb-buffer-pool-size=64M', '--innodb-doublewrite=0', '--performance-schema=OFF'
        or die "cannot run $server: $!";
}

sub _wait_until_up ($self) {
    my $until = time + $START_SECONDS;
    while (time < $until) {
        croak "MariaDB ended at once: see $self->{dir}/error.log" if waitpid($self->{pid}, 1) > 0;
        return if -S $self->socket && eval { $self->root->disconnect; 1 };
        sleep 0.02;
    }
    $self->stop;
    croak "MariaDB did not start within $START_SECONDS seconds";
}

sub root ($self, $database = '') {
    return DBI->connect('dbi:mysql:database=' . $database . ';mysql_socket=' . $self->socket,
        'root', '', { RaiseError => 1, PrintError => 0, mysql_enable_utf8 => 1 });
}

sub fill ($self, $generation) {
    my $dbh = $self->root;
    $dbh->do("create database $NAME default character set utf8mb4 collate utf8mb4_unicode_ci");
    $dbh->do("create database $SEARCH_NAME default character set utf8mb4 collate utf8mb4_bin");
    $dbh->do("create user 'koha'\@'localhost' identified by '$self->{password}'");
    $dbh->do("grant all privileges on $_.* to 'koha'\@'localhost'") for $NAME, $SEARCH_NAME;
    $dbh->do("use $NAME");
    $dbh->do('set foreign_key_checks = 0');
    $dbh->do($_) for Sandbox::Tables->ddl($generation);
    $dbh->do('set foreign_key_checks = 1');
    Sandbox::Seeds->sow($dbh, $generation);
    $dbh->do("use $SEARCH_NAME");
    $dbh->do($_) for _search_tables();
    $dbh->disconnect;
    return;
}

sub _search_tables {
    return (
        'create table records (server varchar(20) not null, id bigint not null,
            marcxml longtext not null, primary key (server, id)) engine=InnoDB',
        'create table entries (server varchar(20) not null, id bigint not null,
            search_index varchar(40) not null, words varchar(2000) not null,
            key (server, search_index, words(100)), key (server, id)) engine=InnoDB',
        'create table engine (name varchar(20) primary key, value varchar(200) not null) engine=InnoDB',
    );
}

sub stop ($self) {
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    my $until = time + $STOP_SECONDS;
    while (waitpid($pid, 1) == 0) {
        if (time > $until) { kill 'KILL', $pid; waitpid $pid, 0; return }
        sleep 0.02;
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Database - the sandbox's private MariaDB

=head1 METHODS

=head2 new(dir =E<gt> $folder, password =E<gt> $password)

A server whose data will be in C<$folder/mysql>, open to its owner alone. The password is that of the
database user C<koha>, who, as at a library, has rights on Koha's database and no others.

=head2 start, stop, pid, socket

C<start> makes the data folder when there is none, runs the server as a child of this process, without
network, and returns once it answers.

=head2 fill($generation)

Makes Koha's tables with their first content, and those of the stand-in for the search engine.

=head2 root($database)

A handle of the database's own administrator.

=cut
