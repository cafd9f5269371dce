package TestGateway;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A gateway under test: on the sandbox, or on the Koha that KOHA_CONF names where CONNEXION_LIVE is
# set. It acts as the Client with bytes of its own and looks at Koha's tables over a connection of
# its own: nothing here shares code with the plugin.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd qw(abs_path);
use DBI;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep time);

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');

my $SETTINGS = 'koha_plugin_connexiongateway_settings';
my $REPLY_TIMEOUT = 120;

sub live ($class) { return $ENV{CONNEXION_LIVE} ? 1 : 0 }

# Options: profiles => [...] replaces the default profiles; settings => {...} are the service's;
# hand_over => 1: the socket is held here and handed to the service, as systemd does;
# plugin_dir => another plugin than the one that was built; serve => [...] goes to `serve`, undef: none;
# sandbox => {...} goes to the sandbox; prepare => sub ($gateway) {...} is called before there are profiles.
sub start ($class, %options) {
    my $self = bless { owner => $$, dir => tempdir(CLEANUP => 1), plugin_dir => $options{plugin_dir} }, $class;
    $self->_hold_socket if $options{hand_over};
    $class->live ? $self->_use_koha : $self->_use_sandbox(%options);
    $self->_run_fixture;
    $options{prepare}->($self) if $options{prepare};
    $self->set_profile($_) for @{ $options{profiles} // [ $self->default_profiles ] };
    # A slow machine must not turn an answer into a promise of one.
    my %settings = (answer_within => $REPLY_TIMEOUT - 10, %{ $options{settings} // {} });
    $self->_keep_settings;
    $self->_settings(map {"$_=$settings{$_}"} sort keys %settings);
    $self->serve(@{ $options{serve} // [] }) if exists $options{serve} ? $options{serve} : 1;
    return $self;
}

sub _use_sandbox ($self, %options) {
    require lib;
    lib->import("$ROOT/tests/sandbox/lib");
    require Sandbox;
    $self->{plugin_dir} //= $ENV{CONNEXION_PLUGIN_DIR} // "$ROOT/build/release/plugin";
    my $sandbox = $self->{sandbox} =
        Sandbox->start(pluginsdir => $self->{plugin_dir}, generation => $ENV{CONNEXION_GENERATION} || '19.06',
            %{ $options{sandbox} // {} });
    $self->{environment} = { $sandbox->env };
    $self->{dsn} = join '', 'dbi:mysql:database=', $sandbox->db_name, ';mysql_socket=', $sandbox->socket;
    $self->{db_login} = [ 'root', '' ];
    $self->dbh->do("UPDATE systempreferences SET value = 'http://staff.example.org' WHERE variable = ?", undef,
        'staffClientBaseURL');
    $self->{write_as} = 'cataloguer';
    return;
}

sub _use_koha ($self) {
    my $conf = $ENV{KOHA_CONF} or die "KOHA_CONF is not set\n";
    $self->{environment} = { KOHA_CONF => $conf, PERL5LIB => $ENV{PERL5LIB} // '' };
    my %conf = _read_conf($conf);
    $self->{plugin_dir} //= $ENV{CONNEXION_PLUGIN_DIR} // $conf{pluginsdir};
    $self->{dsn} = "dbi:mysql:database=$conf{database};host=$conf{hostname};port=" . ($conf{port} || 3306);
    $self->{db_login} = [ @conf{qw(user pass)} ];
    $self->{write_as} = $ENV{CONNEXION_LIVE_PATRON}
        // die "CONNEXION_LIVE_PATRON must name the patron to write as (docs/hacking.md)\n";
    return;
}

sub _read_conf ($file) {
    open my $handle, '<', $file or die "$file: $!\n";
    my $xml = do { local $/; <$handle> };
    # Zebra's servers before it have users and passwords too.
    $xml =~ s{\A.*<config>}{}s;
    return map { $_ => $xml =~ m{<$_>([^<]*)</$_>} ? $1 : '' }
        qw(database hostname port user pass pluginsdir);
}

# Koha is stricter with its database where it sees that prove runs it; a service never runs so.
sub _environment ($self) { return (%{ $self->{environment} }, _ => $^X) }

sub _run_fixture ($self) {
    $self->run_perl("$ROOT/tests/e2e/lib/fixture.pl", $self->{plugin_dir})
        and die "the fixture failed\n";
    return;
}

# Koha and the plugin in this process.
sub use_here ($self) {
    $self->{sandbox}->use_here if $self->{sandbox};
    push @INC, $self->{plugin_dir};
    require C4::Context;
    C4::Context->import;
    C4::Context->interface('commandline');
    return;
}

sub run_perl ($self, @command) {
    local %ENV = (%ENV, $self->_environment);
    return system $^X, @command;
}

# The process; who starts it ends it.
sub start_perl ($self, @command) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    local %ENV = (%ENV, $self->_environment);
    exec $^X, @command or POSIX::_exit(1);
}

# A real Koha has the settings again that it had.
sub _keep_settings ($self) {
    $self->{settings_before} = $self->dbh->selectall_arrayref("SELECT name, value FROM $SETTINGS");
    return;
}

sub _restore_settings ($self) {
    my $before = delete $self->{settings_before} or return;
    $self->dbh->do("DELETE FROM $SETTINGS");
    $self->dbh->do("INSERT INTO $SETTINGS (name, value) VALUES (?, ?)", undef, @{$_}) for @{$before};
    return;
}

# ---------------------------------------------------------------- the search engine

# CONNEXION_LIVE_ENGINE names the command that stops and starts that of a real Koha: `COMMAND stop`.
sub has_engine ($class) { return !$class->live || $ENV{CONNEXION_LIVE_ENGINE} ? 1 : 0 }

# States: ok, down; the sandbox's can be in `error` too.
sub engine ($self, $state) {
    return $self->{sandbox}->engine($state) if $self->{sandbox};
    my $action = $state eq 'ok' ? 'start' : 'stop';
    system("$ENV{CONNEXION_LIVE_ENGINE} $action") == 0 or die "$ENV{CONNEXION_LIVE_ENGINE} $action failed\n";
    $self->{engine_stopped} = $action eq 'stop';
    return;
}

sub command ($self, @arguments) {
    local %ENV = (%ENV, $self->_environment);
    my $program = "$self->{plugin_dir}/Koha/Plugin/ConnexionGateway/bin/connexion-gateway";
    open my $pipe, '-|', $^X, $program, @arguments or die "$program: $!\n";
    my $output = do { local $/; <$pipe> };
    close $pipe;
    return wantarray ? ($output, $? >> 8) : $output;
}

# ---------------------------------------------------------------- profiles

sub base_profile ($self) {
    return (
        authentication => 'profile', password => 'demo', write_as => $self->{write_as},
        matching_rule => 'OCLCISBN', overlay_action => 'replace', nomatch_action => 'create_new',
        item_action => 'always_add', mode => 'direct',
    );
}

sub default_profiles ($self) {
    return (
        { $self->base_profile, name => 'demo', login => 'demo' },
        { $self->base_profile, name => 'demo-stage', login => 'demo-stage', mode => 'stage' },
        { $self->base_profile, name => 'digits', login => 'digits', password => '72secret' },
        { $self->base_profile, name => 'replace-items', login => 'replace-items', item_action => 'replace' },
        { $self->base_profile, name => 'ignore', login => 'ignore', overlay_action => 'ignore',
            item_action => 'ignore' },
    );
}

sub set_profile ($self, $profile) {
    my $file = "$self->{dir}/profile.json";
    open my $handle, '>', $file or die "$file: $!\n";
    print {$handle} JSON::PP->new->utf8->encode($profile);
    close $handle or die "$file: $!\n";
    my ($output, $status) = $self->command('profile', 'set', $file);
    die "profile $profile->{name}: $output\n" if $status;
    return;
}

# ---------------------------------------------------------------- the service

sub serve ($self, @arguments) {
    $self->launch(@arguments);
    for (1 .. 600) {
        return if $self->listens;
        die "the gateway did not start:\n" . $self->log_text
            if waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
        sleep 0.1;
    }
    die "the gateway does not listen:\n" . $self->log_text;
}

# Without waiting for it; a second time on the same port.
sub launch ($self, @arguments) {
    $self->{port} //= free_port();
    my $log = $self->{log} = "$self->{dir}/gateway.log";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setpgid(0, 0);
        local %ENV = (%ENV, $self->_environment);
        open STDERR, '>>', $log or die "$log: $!\n";
        open STDOUT, '>>', $log or die "$log: $!\n";
        @ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 1) if $self->{held};    ## no critic (RequireLocalizedPunctuationVars)
        POSIX::dup2(fileno $self->{held}, 3) // die "dup2: $!\n" if $self->{held};
        exec $^X, "$self->{plugin_dir}/Koha/Plugin/ConnexionGateway/bin/connexion-gateway", 'serve',
            '--port', $self->{port}, '--bind', '127.0.0.1', @arguments;
        die "exec: $!\n";
    }
    return $self->{pid} = $pid;
}

# A second service, as on another machine, over the same database.
sub another ($self) {
    my $other = bless { owner => $$, map { $_ => $self->{$_} } qw(dir plugin_dir environment dsn db_login write_as) },
        ref $self;
    $other->serve;
    return $other;
}

sub _hold_socket ($self) {
    local $^F = 10;    # so that it is not closed at exec where it is number 3 already
    $self->{held} = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die "no port: $@\n";
    $self->{port} = $self->{held}->sockport;
    return;
}

sub free_port {
    my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no port: $@\n";
    return $probe->sockport;
}

sub listens ($self) {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) ? 1 : 0;
}

# Settings of the service.
sub _settings ($self, @settings) {
    my ($output, $status) = $self->command('settings', @settings);
    die "settings @settings: $output\n" if $status;
    return;
}

# They take effect at once.
sub change_settings ($self, @settings) {
    $self->_settings(@settings);
    my $before = () = $self->log_text =~ /event=reloaded/g;
    kill HUP => $self->{pid};
    for (1 .. 300) {
        return if $before < (() = $self->log_text =~ /event=reloaded/g);
        sleep 0.1;
    }
    die "the service was not reloaded:\n" . $self->log_text;
}

# Of the listener, in kB.
sub private_memory ($self) {
    open my $handle, '<', "/proc/$self->{pid}/smaps_rollup" or die "no /proc: $!\n";
    my ($private) = join('', <$handle>) =~ /^Private_Dirty:\s+(\d+)/m;
    return $private;
}

sub log_text ($self) {
    open my $handle, '<', $self->{log} or return '';
    local $/;
    return scalar <$handle>;
}

# The service alone.
sub stop_service ($self) {
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    for (1 .. 100) {
        last if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.1;
    }
    kill 'KILL', -$pid;
    return;
}

sub stop ($self) {
    return if $self->{owner} != $$;
    $self->stop_service;
    $self->_restore_settings;
    $self->engine('ok') if $self->{engine_stopped};
    if (my $sandbox = delete $self->{sandbox}) { $sandbox->stop }
    return;
}

sub DESTROY ($self) {
    local ($?, $!, $@);
    $self->stop;
    return;
}

# ---------------------------------------------------------------- the Client

sub bytes_field ($class, $letter, $value) { return $letter . chr(64 + length $value) . $value }

sub decimal_field ($class, $letter, $value) { return $letter . (length $value) . $value }

sub frame ($class, $login, $password, @records) {
    return $class->bytes_field('A', $login) . $class->bytes_field('P', $password) . join '', @records;
}

sub connection ($self) {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Proto => 'tcp')
        // die "connect: $@\n";
}

sub raw ($self, $bytes, %options) {
    my $socket = $options{socket} // $self->connection;
    $socket->print($bytes);
    $socket->flush;
    return $self->reply($socket, $options{timeout} // $REPLY_TIMEOUT);
}

# The reply up to its NUL; undef where none comes.
sub reply ($self, $socket, $timeout = $REPLY_TIMEOUT) {
    my $select = IO::Select->new($socket);
    my $reply = '';
    my $until = time + $timeout;
    while ($select->can_read($until - time > 0 ? $until - time : 0)) {
        my $read = sysread $socket, $reply, 65_536, length $reply;
        return if !$read;
        return $1 if $reply =~ /\A([^\0]*)\0/;
    }
    return;
}

sub export ($self, $login, @records) {
    return $self->raw($self->frame($login, 'demo', @records));
}

sub reset_connection ($self) {
    my $socket = $self->connection;
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
    close $socket;
    return;
}

# ---------------------------------------------------------------- records

sub records_of ($class, $name) {
    my $file = "$ROOT/tests/data/$name";
    open my $handle, '<:raw', $file or die "$file: $!\n";
    local $/ = "\x1D";
    my @records = <$handle>;
    return grep {/\x1D\z/} @records;
}

# A record made here, with numbers that nobody else has.
my $made = 0;

sub unique ($class) { return sprintf '9%02d%05d%03d', $$ % 100, time % 100_000, ++$made % 1000 }

sub make_record ($class, %record) {
    my @fields;
    push @fields, [ '001', "on$record{oclc}" ], [ '003', 'OCoLC' ] if $record{oclc};
    push @fields, [ '008', '260101s2026    xxu           000 0 eng d' ];
    push @fields, [ '020', "  \x1Fa$record{isbn}" ] if $record{isbn};
    push @fields, [ '035', "  \x1Fa(OCoLC)$record{oclc}" ] if $record{oclc};
    push @fields, [ '040', "  \x1FaDLC\x1Fbeng" ];
    push @fields, [ '245', "10\x1Fa" . ($record{title} // "Record $record{oclc}") ];
    push @fields, [ '952', '  ' . join '', map {"\x1F$_->[0]$_->[1]"} @{$_} ] for @{ $record{items} // [] };
    return $class->iso2709($record{leader} // 'nam a22     7i 4500', @fields);
}

sub item ($class, $barcode, %more) {
    my %subfields = (a => 'CPL', b => 'CPL', y => 'BK', p => $barcode, %more);
    return [ map { [ $_ => $subfields{$_} ] } sort keys %subfields ];
}

sub iso2709 ($class, $leader, @fields) {
    my ($directory, $data) = ('', '');
    for my $field (@fields) {
        my $content = "$field->[1]\x1E";
        $directory .= sprintf '%3s%04d%05d', $field->[0], length $content, length $data;
        $data .= $content;
    }
    my $base = 24 + length($directory) + 1;
    my $length = $base + length($data) + 1;
    substr($leader, 7, 5) = sprintf '%05d', $base;
    return sprintf('%05d', $length) . $leader . "$directory\x1E$data\x1D";
}

# ---------------------------------------------------------------- Koha's tables from outside

sub dbh ($self) {
    return $self->{dbh} //= DBI->connect($self->{dsn}, @{ $self->{db_login} },
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, mysql_enable_utf8mb4 => 1 });
}

sub count ($self, $sql, @values) {
    my ($count) = $self->dbh->selectrow_array($sql, undef, @values);
    return $count;
}

sub biblios ($self) { return $self->count('SELECT COUNT(*) FROM biblio') }

sub biblios_titled ($self, $title) {
    return $self->dbh->selectcol_arrayref('SELECT biblionumber FROM biblio WHERE title LIKE ? ORDER BY 1',
        undef, "$title%");
}

sub metadata ($self, $biblionumber) {
    return $self->count('SELECT metadata FROM biblio_metadata WHERE biblionumber = ?', $biblionumber);
}

# Whether Koha's indexer is through with what was saved.
sub indexed ($self) {
    $self->{sandbox}->index_now if $self->{sandbox};
    for (1 .. 300) {
        return 1 if !$self->count('SELECT COUNT(*) FROM zebraqueue WHERE done = 0');
        sleep 0.2;
    }
    return 0;
}

# Koha's own "undo import" of Manage staged records.
sub undo_batch ($self, $batch_id) {
    return $self->run_perl('-MC4::Context', '-MC4::ImportBatch', '-e',
        'C4::Context->interface("commandline"); C4::ImportBatch::BatchRevertRecords(shift)', $batch_id);
}

1;
