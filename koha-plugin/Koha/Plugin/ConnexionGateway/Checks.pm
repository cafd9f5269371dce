package Koha::Plugin::ConnexionGateway::Checks;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Errno          qw(EACCES EADDRINUSE EADDRNOTAVAIL);
use IO::Socket::IP ();
use List::Util     qw(sum0);
use Socket         qw(SOMAXCONN);
use Sys::Hostname  ();

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Health;
use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::Schema;
use Koha::Plugin::ConnexionGateway::Settings;

my $ADDRESSES = 'Koha::Plugin::ConnexionGateway::Addresses';
my $CORE = 'Koha::Plugin::ConnexionGateway::Core';
my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

# Ports that another service of a library's server is likely to have, or to get.
my %TAKEN = (
    22 => 'SSH and SFTP', 115 => 'SFTP', 210 => 'Z39.50', 9998 => 'Z39.50 (Koha)', 9999 => 'Z39.50 (Koha)',
    6001 => 'SIP2 (self check)', 80 => 'the web', 443 => 'the web', 8080 => q{Koha's staff interface},
    3306 => 'the database', 9200 => 'Elasticsearch', 11211 => 'memcached',
);

# Seconds after which a record that was saved should be found; so long exports may be under way.
my ($INDEXED_WITHIN, $UNDER_WAY_AT_MOST) = (300, 600);

my $CERTIFICATE_DAYS = 14;

my $CLOCKS_DIFFER_AT_MOST = 5;

# Kilobytes: below the first something fails soon.
my ($DISK_PROBLEM, $DISK_WARNING) = (100_000, 1_000_000);

# In the order in which one who sets the gateway up needs them.
my @CHECKS = qw(core koha database plugin tables profiles port firewall tls identifiers exports index_queue z3950 clock disk);

sub new ($class, %args) {
    my $self = bless { koha => $args{koha}, log_file => $args{log_file} }, $class;
    return $self if !$args{koha};
    $self->{settings} = Koha::Plugin::ConnexionGateway::Settings->new(koha => $args{koha});
    return $self;
}

sub names ($class) { return @CHECKS }

# An exception of one check is what that check found.
sub run ($self, $name) {
    my $method = "_$name";
    my @found = eval { $self->$method };
    return map { { check => $name, %{$_} } } @found if !$@;
    my $error = Koha::Plugin::ConnexionGateway::Error->text_of($@);
    return { check => $name, %{ _problem("This could not be checked: $error", 'See what is said above.') } };
}

sub _ok ($text) { return { state => 'ok', text => $text } }

sub _warning ($text, $remedy) { return { state => 'warning', text => $text, remedy => $remedy } }

sub _problem ($text, $remedy) { return { state => 'problem', text => $text, remedy => $remedy } }

sub _service ($self) { return $self->{service} //= $self->{settings}->service }

# ---------------------------------------------------------------- the programs

sub _core ($self) {
    my $status = $CORE->status;
    my $package = 'The package holds builds for ' . (join(', ', map {"perl $_->{perl} ($_->{archname})"}
            grep { $_->{origin} eq 'package' } @{ $status->{builds} }) || 'no perl') . '.';
    if ($status->{available}) {
        my $origin = $status->{loaded}{origin} eq 'built' ? "was built on this server ($status->{loaded}{file})"
            : 'came with the package';
        return _ok("The compiled core fits this Perl ($^V) and $origin. $package");
    }
    my $can_build = index($status->{reason}, $status->{build_command}) >= 0;
    return _problem("The compiled core doesn't load: $status->{reason}", $can_build
        ? q{Give that command as root or as the user of the Koha instance; it says what it lacks. Then restart Koha's Plack}
            . ' and the service.'
        : 'Upload the .kpz again.');
}

sub _koha ($self) {
    my $version = $self->{koha}->version;
    my ($major, $minor) = $version =~ /\A(\d+)[.](\d\d)/
        or return _problem(qq{Koha's version "$version" isn't understood.}, 'Run the web installer of Koha.');
    return _ok("Koha $version.") if $major > 19 || ($major == 19 && $minor >= 5);
    return _problem("Koha $version is older than 19.05.", 'Upgrade Koha.');
}

sub _database ($self) {
    my $server = $self->{koha}->database_server;
    return _ok("The database answers ($server->{version} on $server->{host}).");
}

sub _plugin ($self) {
    my $state = $self->{koha}->plugin_state;
    return _problem('Koha is not allowed to use plugins.', 'Set <enable_plugins>1</enable_plugins> in koha-conf.xml.')
        if !$state->{allowed};
    return _problem(q{The plugin isn't installed in this Koha.}, 'Upload its .kpz under Administration, Manage plugins.')
        if !$state->{installed};
    return _problem('The plugin is disabled.', 'Enable it under Administration, Manage plugins.') if !$state->{enabled};
    return _warning('The plugin is enabled, but Koha calls no hooks of plugins.',
        'Set the system preference UseKohaPlugins to Enable.')
        if !$state->{hooks};
    return _ok('The plugin is installed and enabled.');
}

sub _tables ($self) {
    my $koha = $self->{koha};
    my @missing = grep { !Koha::Plugin::ConnexionGateway::Schema->has_table($koha, $_) }
        Koha::Plugin::ConnexionGateway::Schema->tables;
    return _ok(q{The plugin's tables are there.}) if !@missing;
    return _problem(q{Tables of the plugin are missing: } . join(', ', @missing) . '.',
        'Open Administration, Manage plugins once; if that does not make them, upload its .kpz again.');
}

# ---------------------------------------------------------------- profiles

sub _profiles ($self) {
    my @profiles = @{ $self->{settings}->profiles };
    return _problem('There is no profile, so nobody can export.',
        'Make one on the configuration page of the plugin, or with: connexion-gateway profile set FILE.json')
        if !@profiles;
    my @enabled = grep { $_->{enabled} } @profiles;
    return (map { $self->_profile($_) } @enabled),
        @enabled ? () : _warning('All profiles are disabled, so nobody can export.', 'Enable one.');
}

sub _profile ($self, $profile) {
    my $koha = $self->{koha};
    my @problems = map { $PROFILE->sentence($_) } $PROFILE->problems($koha, $profile);
    my @found = map { _problem("Profile $profile->{name}: $_", 'Change the profile, or what it names in Koha.') } @problems;
    push @found, map { $self->_rule($profile, $_) } qw(matching_rule authority_matching_rule);
    push @found, map { $self->_patron($profile, $_) } @{ $profile->{koha_logins} }
        if $profile->{authentication} eq 'koha';
    return @found if @found;
    return _ok("Profile $profile->{name}: its matching rule, patron and permissions are right.");
}

# What is wrong with a rule though it exists.
sub _rule ($self, $profile, $member) {
    my $code = $profile->{$member} // '';
    my $found = length $code ? $self->{koha}->matching_rule($code) : undef;
    my $rule = $found ? $found->{rule} : return;
    my $name = "Profile $profile->{name}: the matching rule $code";
    my $where = 'Change it under Administration, Record matching rules.';
    my $most = sum0 map { $_->{score} } @{ $rule->{matchpoints} };
    return (
        (map { _problem("$name has a normalizer that Koha doesn't know: $_.", $where) } $PROFILE->unknown_normalizers($rule)),
        @{ $rule->{matchpoints} } && $most < $rule->{threshold}
        ? _problem("$name can never match: all its match points together give $most, and $rule->{threshold} are needed.",
            $where)
        : (),
    );
}

sub _patron ($self, $profile, $login) {
    my $koha = $self->{koha};
    my $name = "Profile $profile->{name}: the patron $login";
    my $patron = $koha->patron(userid => $login) // $koha->patron(cardnumber => $login)
        or return _problem("$name isn't in Koha.", 'Correct the list of logins of the profile.');
    return _problem("$name: the account has expired.", 'Renew the patron.') if $patron->{expired};
    return _problem("$name: the account is locked.", 'Set a new password for the patron.') if $patron->{locked};
    return map { _problem("$name lacks the permission $_->[0]/$_->[1].", 'Set it on the page of the patron.') }
        $koha->missing_permissions($patron->{userid}, $PROFILE->permissions($profile));
}

# ---------------------------------------------------------------- the network

sub _port ($self) {
    my ($bind, $port) = @{ $self->_service }{qw(bind port)};
    return $self->_reserved_port($port), $self->_port_use($bind, $port);
}

sub _reserved_port ($self, $port) {
    my $whose = $TAKEN{$port} or return;
    return _problem("Port $port belongs to $whose.", 'Choose another one, such as 8000, in the settings.');
}

sub _port_use ($self, $bind, $port) {
    my $socket = IO::Socket::IP->new(LocalHost => $bind, LocalPort => $port, Listen => SOMAXCONN, ReuseAddr => 1);
    my $error = $socket ? 0 : $! + 0;
    return _warning("Nothing listens on $bind port $port: the service doesn't run.",
        'Start it: systemctl start connexion-gateway@INSTANCE, or connexion-gateway serve.')
        if $socket;
    return _problem("Only root may listen on port $port.", 'Choose a port above 1023.') if $error == EACCES;
    return _problem("This machine has no address $bind.", 'Correct the setting bind.') if $error == EADDRNOTAVAIL;
    return _problem("$bind port $port can't be used: $@", 'Correct the settings bind and port.')
        if $error != EADDRINUSE;
    return $self->_port_owner($bind, $port);
}

sub _port_owner ($self, $bind, $port) {
    my $health = Koha::Plugin::ConnexionGateway::Health->ask($bind, $port);
    return _ok("The service answers on $bind port $port."), _restart($bind, $port) if $health->{state} eq 'ok';
    return _problem("The service on $bind port $port doesn't take exports: $health->{text}.",
        'Its log says why (journalctl -u connexion-gateway@INSTANCE).')
        if $health->{state} eq 'unwell';
    return _problem("Another program has $bind port $port ($health->{text}).",
        "Find it with: ss -ltnp 'sport = :$port'. Stop it, or choose another port in the settings.");
}

# Nothing where the service runs what is on the disk, or tells this machine nothing.
sub _restart ($bind, $port) {
    my $told = Koha::Plugin::ConnexionGateway::Health->told($bind, $port);
    return if !$told || !defined $told->{restart_due};
    return _warning("The service on $bind port $port has to be restarted: $told->{restart_due}.",
        'systemctl restart connexion-gateway@INSTANCE');
}

sub _firewall ($self) {
    my ($bind, $port, $allow) = @{ $self->_service }{qw(bind port allow)};
    my @wrong = $ADDRESSES->unreadable($allow);
    return _problem("The setting allow holds what is no address: @wrong.", 'Correct it: nobody is let in by such an entry.')
        if @wrong;
    return _ok("The service listens on this machine alone ($bind); no firewall needs to be opened.")
        if $bind =~ /\A(?:127[.]|::1\z)/;
    my @allowed = $ADDRESSES->networks($allow);
    my $rules = join ' ', map { _firewall_rule($_, $port) } @allowed ? @allowed : 'ADDRESS-OF-THE-WORKSTATIONS';
    return _warning("The service listens on $bind, and every address that reaches it may try to export.",
        "Name the workstations' addresses in the setting allow, and let only them through the firewall: $rules")
        if !@allowed;
    return _ok("Where a firewall runs, let the workstations through: $rules");
}

sub _firewall_rule ($from, $port) {
    my $family = $from =~ /:/ ? 'ip6' : 'ip';
    return "ufw allow proto tcp from $from to any port $port"
        . " (or: nft add rule inet filter input $family saddr $from tcp dport $port accept).";
}

sub _tls ($self) {
    my ($port, $certificate, $key) = @{ $self->_service }{qw(tls_port tls_certificate tls_key)};
    return if !$port;
    my @found = $self->_reserved_port($port);
    for my $file ($certificate, $key) {
        next if -r $file;
        push @found, _problem("This user can't read $file, which the TLS port needs.", 'Run this as the user of the'
                . ' service; if it is, let the file be read by its group.');
    }
    push @found, _problem("The certificate $certificate expires within $CERTIFICATE_DAYS days, or has expired.", 'Renew it, then:'
            . ' connexion-gateway reload')
        if -r $certificate && _expires($certificate);
    return @found ? @found : _ok("TLS on port $port: certificate and key can be read, and it is valid for a while.");
}

# Where there is no openssl nothing is said.
sub _expires ($file) {
    my $seconds = $CERTIFICATE_DAYS * 86_400;
    my $pid = open my $out, '-|', 'openssl', 'x509', '-noout', '-checkend', $seconds, '-in', $file or return 0;
    my $said = do { local $/ = undef; <$out> } // '';
    close $out;    ## no critic (RequireCheckedClose): its status says the same
    return $said =~ /will expire/ ? 1 : 0;
}

# ---------------------------------------------------------------- what is kept

sub _identifiers ($self) {
    my $identifiers = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $self->{koha});
    my @found;
    for my $type (qw(biblio authority)) {
        my $build = 'Build it: connexion-gateway index --rebuild';
        if (!$identifiers->is_complete($type)) {
            push @found, _warning("The index of identifiers of $type records isn't built: while the search engine"
                    . " doesn't answer, or hasn't indexed a record yet, records may not be found.", $build);
            next;
        }
        push @found, _index_failure($type, $identifiers->state($type));
        my $counts = $identifiers->counts($type);
        my $missing = $counts->{records} - $counts->{indexed};
        push @found, $missing > 0 && $missing > $counts->{records} / 100
            ? _warning("The index of identifiers lacks $missing of $counts->{records} $type records.", $build)
            : _ok("The index of identifiers has $counts->{indexed} of $counts->{records} $type records.");
    }
    return @found;
}

sub _index_failure ($type, $state) {
    return if !defined $state->{failed_at};
    return _warning("The index of identifiers of $type records could not be brought up to date "
            . _duration(time - $state->{failed_at}) . " ago: $state->{failure}",
        'The next export tries again. If this stays: connexion-gateway index --verify, and the log of the service.');
}

sub _exports ($self) {
    my $stuck = Koha::Plugin::ConnexionGateway::Journal->new(koha => $self->{koha})->stuck($UNDER_WAY_AT_MOST);
    my @found;
    push @found, _problem(_some_exports(@{ $stuck->{given_up} }) . ' stopped the import again and again and were given up.',
        'Look at them in the list of exports; when the cause is mended: connexion-gateway replay NUMBER.')
        if @{ $stuck->{given_up} };
    push @found, _problem(_some_exports(@{ $stuck->{waiting} }) . " were kept, but not imported for $UNDER_WAY_AT_MOST seconds.",
        'A running service takes them up by itself: see whether it runs, and what its log says.')
        if @{ $stuck->{waiting} };
    push @found, _warning(_some_exports(@{ $stuck->{unindexed} }) . q{ are in Koha, but were not handed to the indexer.},
        'Index their records anew (koha-rebuild-zebra or koha-elasticsearch).')
        if @{ $stuck->{unindexed} };
    return @found ? @found : _ok('No export is stuck.');
}

sub _some_exports (@numbers) {
    my @named = splice @numbers, 0, 10;
    return 'Exports ' . join(', ', @named, @numbers ? 'and ' . @numbers . ' more' : ());
}

# ---------------------------------------------------------------- the search engine

# Asked for alone: it may hang.
sub search_engine ($self) {
    my $koha = $self->{koha};
    my $newest = $koha->newest_record('biblio');
    my $engine = $koha->search_engine;
    my $hits = $koha->search('biblio', 'Local-Number', [ $newest ? $newest->{id} : 0 ], 1);
    return _ok("$engine answers; there is no record yet.") if !$newest;
    my $record = "record $newest->{id}, saved " . _duration($newest->{age}) . ' ago';
    return _ok("$engine answers, and finds the newest record ($record).") if @{$hits};
    return _ok("$engine answers; it doesn't find the newest record yet ($record).")
        if $newest->{age} < $INDEXED_WITHIN;
    return _warning("$engine answers, but doesn't find the newest record ($record).",
        'See whether the indexer runs (koha-indexer --status INSTANCE, or koha-es-indexer).');
}

sub _index_queue ($self) {
    my $queue = $self->{koha}->index_queue // return;
    my $text = "$queue->{waiting} records wait to be indexed, the oldest for " . _duration($queue->{age});
    return _ok($queue->{waiting} ? "$text." : 'No record waits to be indexed.') if $queue->{age} < $INDEXED_WITHIN;
    return _warning("$text.", 'See whether the indexer runs (koha-indexer --status INSTANCE).');
}

# What the Client asks when it queries Koha.
sub _z3950 ($self) {
    my $koha = $self->{koha};
    my $server = $koha->public_z3950
        // return _ok(q{Koha's Z39.50 server is not open to others. Only a Client that queries Koha needs it.});
    my $address = $server->{address};
    my $newest = $koha->newest_record('biblio');
    my $hits = eval { $koha->z3950_hits($server, $newest ? $newest->{id} : 1) };
    return _warning("Koha's Z39.50 server on $address does not answer: "
            . Koha::Plugin::ConnexionGateway::Error->text_of($@) . '.',
        'Restart Zebra (koha-zebra --restart INSTANCE), and see publicserver in koha-conf.xml.')
        if !defined $hits;
    return _ok("Koha's Z39.50 server answers on $address.") if !$newest || $newest->{age} < $INDEXED_WITHIN;
    return _ok("Koha's Z39.50 server answers on $address, and finds record $newest->{id} by its number (attribute 12).") if $hits;
    return _warning("Koha's Z39.50 server answers on $address, but doesn't find record $newest->{id} by its number (attribute 12).",
        'See whether the indexer runs (koha-indexer --status INSTANCE).');
}

sub _duration ($seconds) {
    return "$seconds seconds" if $seconds < 120;
    return int($seconds / 60) . ' minutes' if $seconds < 7200;
    return int($seconds / 3600) . ' hours' if $seconds < 172_800;
    return int($seconds / 86_400) . ' days';
}

# ---------------------------------------------------------------- the machine

sub _clock ($self) {
    my $differ = abs time - $self->{koha}->database_time;
    return _ok(q{The clocks of this machine and the database's agree.}) if $differ <= $CLOCKS_DIFFER_AT_MOST;
    return _warning("The clock of this machine and the database's differ by $differ seconds.",
        'Let both set theirs over the network (timedatectl set-ntp true).');
}

# The database's folders are looked at only where they are on this machine.
sub _disk ($self) {
    my %folders;
    $folders{ $self->{log_file} =~ s{/[^/]*\z}{}r || '/' } = 'the log' if length($self->{log_file} // '');
    $folders{'/tmp'} = 'temporary files';
    my $server = $self->{koha}->database_server;
    if ($server->{host} eq Sys::Hostname::hostname()) {
        $folders{ $server->{tmpdir} } = q{the database's temporary files};
        $folders{ $server->{datadir} } = 'the database';
    }
    return map { _free_space($_, $folders{$_}) } sort keys %folders;
}

sub _free_space ($folder, $whose) {
    my $free = _kilobytes_free($folder) // return;
    my $text = sprintf '%s has %.1f GB free for %s.', $folder, $free / 1_000_000, $whose;
    return _ok($text) if $free >= $DISK_WARNING;
    my $remedy = 'Make room; connexion-gateway goes on when there is some again.';
    return $free < $DISK_PROBLEM ? _problem($text, $remedy) : _warning($text, $remedy);
}

# Nothing where the folder can't be looked at.
sub _kilobytes_free ($folder) {
    return if !-d $folder;
    open my $df, '-|', 'df', '-Pk', '--', $folder or return;
    my (undef, $line) = <$df>;
    close $df or return;
    return (split ' ', $line)[3];
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Checks - what an administrator would look at

=head1 SYNOPSIS

    my $checks = Koha::Plugin::ConnexionGateway::Checks->new(koha => $koha);
    for my $name ($checks->names) {
        print "$_->{state}: $_->{text}\n" for $checks->run($name);
    }

=head1 DESCRIPTION

Each check gives findings: C<state> is C<ok>, C<warning> or C<problem>, C<text> says what was seen and
C<remedy> what to do. Nothing is changed.

=head1 METHODS

=head2 new(koha => $koha, log_file => $path)

Without C<koha> only the check C<core> can be run.

=head2 names

The names of the checks, in their order.

=head2 run($name)

The findings of one check, as C<{check, state, text, remedy}>.

=head2 search_engine

The findings about the search engine, which may never answer: to be called in a process of its own.

=cut
