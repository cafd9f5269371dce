package Sandbox;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Path     qw(make_path remove_tree);
use File::Temp     ();
use IO::Handle;
use JSON::PP    ();
use POSIX       ();
use Time::HiRes qw(sleep);

my $ROOT = abs_path(dirname(__FILE__) . '/..');

my %DEFAULTS = (
    generation    => '19.06',
    staff_port    => undef,
    indexer_delay => undef,
    pluginsdir    => undef,
    dir           => undef,
    keep          => 0,
    detach        => 0,
    address       => '127.0.0.1',
);

sub start ($class, %args) {
    my @unknown = grep { !exists $DEFAULTS{$_} } keys %args;
    croak "Sandbox->start does not know '@unknown'" if @unknown;
    my $self = bless { %DEFAULTS, %args, owner => $$ }, $class;
    croak "no generation '$self->{generation}': 19.06 or newer"
        if $self->{generation} !~ /\A(?:19\.06|newer)\z/;
    croak 'the staff pages are for the loopback address alone' if $self->{address} !~ /\A127\./;
    $self->_make_dir;
    $self->_start_keeper;
    return $self;
}

sub _make_dir ($self) {
    $self->{dir} //= File::Temp::tempdir('connexion-sandbox-XXXXXX', TMPDIR => 1);
    make_path($self->{dir}, "$self->{dir}/plugins", "$self->{dir}/log");
    $self->{dir} = abs_path($self->{dir});

    # Passed through, not looked into: the database's own folder is closed to others.
    chmod 0711, $self->{dir} or croak "cannot protect '$self->{dir}': $!";
    $self->{pluginsdir} =
        $self->{pluginsdir} ? abs_path($self->{pluginsdir}) : "$self->{dir}/plugins";
    return;
}

# All processes are children of a keeper, in its process group. The keeper ends with them when its
# owner ends in whatever way: the owner holds the other end of a pipe.
sub _start_keeper ($self) {
    pipe my $life, my $owners_end  or croak "cannot make a pipe: $!";
    pipe my $news, my $keepers_end or croak "cannot make a pipe: $!";
    $self->{keeper} = fork // croak "cannot fork: $!";
    if (!$self->{keeper}) {
        close $owners_end;
        close $news;
        require Sandbox::Keeper;
        Sandbox::Keeper->new($self, $life, $keepers_end)->run;    # does not return
    }
    close $life;
    close $keepers_end;
    my $answer = do { local $/ = undef; <$news> };
    my $status = eval { JSON::PP::decode_json($answer // '') }
        // { error => 'the sandbox ended while it started' };
    if ($status->{error}) {
        waitpid $self->{keeper}, 0;
        croak $status->{error};
    }
    $self->{life} = $owners_end;
    @{$self}{ keys %{$status} } = values %{$status};
    return;
}

sub dir ($self) { return $self->{dir} }

sub conf ($self) { return "$self->{dir}/koha-conf.xml" }

sub perl5lib ($self) { return join ':', "$ROOT/koha", "$ROOT/lib" }

sub socket ($self) { return $self->{socket} }

sub db_name ($self) { return $self->{db_name} }

sub staff_url ($self) { return $self->{staff_url} }

sub generation ($self) { return $self->{generation} }

sub pluginsdir ($self) { return $self->{pluginsdir} }

sub env ($self) {
    return (KOHA_CONF => $self->conf, PERL5LIB => join(':', $self->perl5lib, $ENV{PERL5LIB} || ()));
}

sub dbh ($self) {
    require DBI;
    return DBI->connect("dbi:mysql:database=$self->{db_name};mysql_socket=$self->{socket}",
        'root', '', { RaiseError => 1, PrintError => 0, mysql_enable_utf8 => 1 });
}

# Koha's modules become loadable in this process.
sub use_here ($self) {
    my %env = $self->env;
    @ENV{ keys %env } = values %env;
    unshift @INC, split /:/, $self->perl5lib;
    return $self;
}

# Koha does this when a plugin is uploaded.
sub install_plugins ($self) {
    my %env = $self->env;
    local @ENV{ keys %env } = values %env;
    my $program = 'use C4::Context; use Koha::Plugins; C4::Context->interface("commandline");'
        . 'print map { ref($_) . "\n" } Koha::Plugins->new({})->InstallPlugins';
    open my $out, '-|', $^X, '-e', $program or croak "cannot run perl: $!";
    my @classes = map { chomp; $_ } <$out>;
    close $out or croak 'the plugins cannot be installed';
    return @classes;
}

sub index_now ($self) {
    require Sandbox::Search;
    return Sandbox::Search->new(conf => $self->conf)->index_queue;
}

# Both return when it is done.
sub stop_database ($self) { return $self->_signal_until('USR1', sub { !eval { $self->dbh } }) }

sub start_database ($self) { return $self->_signal_until('USR2', sub { eval { $self->dbh } }) }

sub _signal_until ($self, $signal, $done) {
    kill $signal, $self->{keeper};
    for (1 .. 300) {
        return $self if $done->();
        sleep 0.1;
    }
    croak "the database did not follow $signal";
}

sub engine ($self, $state) {
    require Sandbox::Search;
    Sandbox::Search->new(conf => $self->conf)->set_engine($state);
    return $self;
}

sub stop ($self) {
    return if !$self->{keeper} || $self->{owner} != $$;
    delete $self->{life};
    my $keeper = delete $self->{keeper};
    kill 'TERM', $keeper;
    waitpid $keeper, 0;
    return;
}

sub DESTROY ($self) {
    local ($?, $!, $@);
    $self->stop if !$self->{detach};
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox - a stand-in for Koha, to run the plugin's code on where there is no Koha

=head1 SYNOPSIS

    my $sandbox = Sandbox->start(generation => '19.06', pluginsdir => 'build/dev/plugin');
    $sandbox->use_here;
    require C4::Biblio;
    my ($number) = C4::Biblio::AddBiblio($record, '');
    $sandbox->index_now;
    $sandbox->engine('error');

=head1 DESCRIPTION

Modules under Koha's names, with Koha's signatures, over a private MariaDB on a Unix socket. What is
believed of Koha is in F<tests/contract/>, and held against a real Koha there. A call that Koha would
not understand dies here.

=head1 METHODS

=head2 start(%options)

Starts a database (about two seconds) and, when asked, staff pages and an indexer. C<generation>:
C<19.06> or C<newer>; C<pluginsdir>: the folder in which plugins are; C<staff_port>: the port of the
staff pages on the loopback address, none if not given, any free one if 0; C<indexer_delay>: seconds
between two runs of the indexer, none if not given; C<dir>: where it all is, otherwise a temporary
folder; C<keep>: whether the folder stays; C<detach>: whether it goes on after this process.

=head2 stop

Ends all of it. Happens by itself when the object goes or its process ends.

=head2 conf, perl5lib, env, use_here

The path of F<koha-conf.xml>, what C<PERL5LIB> needs, both as a list for C<%ENV>, and both put to use in
this process.

=head2 dir, socket, db_name, dbh, staff_url, generation, pluginsdir

Where things are; C<dbh> is a new handle of the database's administrator.

=head2 install_plugins

Installs or upgrades the plugins in the plugins' folder; returns their classes.

=head2 index_now

Makes findable what has been written since the last time; returns how many records.

=head2 stop_database, start_database

The database alone, while everything else stays; its content stays, too.

=head2 engine($state)

C<ok>, C<error> (the search engine answers with an error), C<down> (there is none, which in Koha looks
like nothing found) or C<hang> (it does not answer).

=cut
