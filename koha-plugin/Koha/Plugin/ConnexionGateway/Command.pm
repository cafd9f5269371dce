package Koha::Plugin::ConnexionGateway::Command;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Getopt::Long ();

use Koha::Plugin::ConnexionGateway::Log;

my $NAMESPACE = 'Koha::Plugin::ConnexionGateway';

# Option names of each subcommand, as Getopt::Long wants them, and what it is called with.
my %COMMANDS = (
    serve => {
        code      => \&_serve,
        options   => [qw(port=i bind=s log-format=s pid-file=s)],
        arguments => [0, 0]
    },
    'build-core' => { code => \&_build_core, options => [qw(into=s jobs=i again packages)], arguments => [0, 0] },
    importer => { code => \&_importer, options => [qw(fd=i)],      arguments => [0, 0] },
    doctor => { code => \&_doctor, options => [qw(json timeout=f search-engine)], arguments => [0, 0] },
    index => {
        code      => \&_index,
        options   => [qw(rebuild verify status record-type=s batch=i restart)],
        arguments => [0, 0]
    },
    plan     => { code => \&_plan,     options => [qw(profile=s json)], arguments => [1, undef] },
    'clean-up' => { code => \&_clean_up, options => [qw(days=i dry-run)], arguments => [0, 0] },
    'install-service' => {
        code => \&_install_service,
        options => [qw(yes port=i bind=s koha-conf=s perl5lib=s directory=s)],
        arguments => [1, 1],
    },
    export => {
        code => \&_export,
        options => [qw(biblionumbers=s authorities=s list=i since=s profile=s encoding=s oclc-numbers output|o=s)],
        arguments => [0, 0],
    },
    held     => { code => \&_held, options => [qw(json)], arguments => [0, 1] },
    decide   => {
        code => \&_decide,
        options => [qw(overlay=i items-to=i add discard item=s@ as=s seen=s)],
        arguments => [1, 1],
    },
    replay   => { code => \&_replay,   options => [qw(again)], arguments => [1, undef] },
    profile  => { code => \&_profile,  options => [],              arguments => [1, 2] },
    settings => { code => \&_settings_of_service, options => [], arguments => [0, undef] },
    status   => { code => \&_status,   options => [qw(exports=i json)], arguments => [0, 0] },
    (map { my $wish = $_; $wish => { code => sub ($self, $options) { $self->_service_command->$wish },
        options => [], arguments => [0, 0] } } qw(reload drain accept)),
    send     => {
        code    => \&_send,
        options => [
            qw(host=s port=i login=s password-file=s user=s length=s records-per-connection=i timeout=f nul)
        ],
        arguments => [1, undef],
    },
);

sub new ($class, %args) {
    return bless { script => $args{script}, root => $args{root} }, $class;
}

sub names ($class) {
    my @names = sort keys %COMMANDS;
    return @names;
}

sub run ($self, @arguments) {
    my $name = shift @arguments // '';
    return $self->_help(0, undef, \*STDOUT) if $name =~ /\A(?:-h|--help|help)\z/;
    my $command = $COMMANDS{$name};
    return $self->_misuse($name eq '' ? 'Which command?' : qq(There is no command "$name".))
        if !$command;
    my ($options, $problem) = _options($command, \@arguments);
    return $self->_help(0, $name, \*STDOUT) if $options->{help};
    my ($least, $most) = @{ $command->{arguments} };
    $problem //= 'Arguments are missing.'      if @arguments < $least;
    $problem //= "What is $arguments[-1] for?" if defined $most && @arguments > $most;
    return $self->_misuse($problem, $name) if defined $problem;
    my $status = eval { $command->{code}->($self, $options, @arguments) };
    return $status                             if defined $status;
    return $self->_misuse($@->{misuse}, $name) if ref $@ eq 'HASH';
    return _complain($@, 1);
}

sub _options ($command, $arguments) {
    my %options;
    my $problem;
    local $SIG{__WARN__} = sub ($warning) { $problem //= $warning };
    my $parser = Getopt::Long::Parser->new(config => [qw(no_auto_abbrev no_ignore_case)]);
    $parser->getoptionsfromarray($arguments, \%options, 'help|h', @{ $command->{options} });
    chomp $problem if defined $problem;
    return (\%options, $problem);
}

sub _complain ($error, $status) {
    my $text = ref $error && eval { $error->can('message') } ? $error->message : "$error";
    $text =~ s/\s+\z//;
    print {*STDERR} "connexion-gateway: $text\n";
    return $status;
}

sub _misuse ($self, $problem, $name = undef) {
    _complain($problem, 2);
    return $self->_help(2, $name, \*STDERR);
}

# The whole synopsis, or with a command's name its part of the manual.
sub _help ($self, $status, $name, $handle) {
    require Pod::Usage;
    my @part = $name ? (-verbose => 99, -sections => "COMMANDS/$name") : (-verbose => 1);
    @part = (-verbose => 0) if $status;
    Pod::Usage::pod2usage(
        -input   => $self->{script},
        -output  => $handle,
        -exitval => 'NOEXIT',
        @part
    );
    return $status;
}

sub _stop_for_misuse ($problem) { die { misuse => $problem } }

# ------------------------------------------------------------------ the service

sub _serve ($self, $options) {
    my $port = $options->{port};
    _stop_for_misuse("$port is no port.") if defined $port && ($port < 0 || $port > 65_535);
    my $format = $options->{'log-format'};
    _stop_for_misuse("--log-format is text or json, not $format.")
        if defined $format && $format !~ /\A(?:text|json)\z/;
    my %overrides =
        map  { $_->[0] => $_->[1] }
        grep { defined $_->[1] }
        ([port => $port], [bind => $options->{bind}], [log_format => $format]);

    require Koha::Plugin::ConnexionGateway::Listener;
    my $log      = Koha::Plugin::ConnexionGateway::Log->new(format => $format)->export_format;
    my $listener = Koha::Plugin::ConnexionGateway::Listener->new(
        command   => [@{ $self->_program }, 'importer', '--fd'],
        overrides => \%overrides,
        log       => $log,
    );
    _write_pid_file($options->{'pid-file'});
    my $status = $listener->run;
    unlink $options->{'pid-file'} if defined $options->{'pid-file'};
    return $status;
}

sub _write_pid_file ($file) {
    return if !defined $file;
    open my $out, '>', $file or die "The file $file can't be written: $!\n";
    print {$out} "$$\n";
    close $out or die "The file $file can't be written: $!\n";
    return;
}

sub _importer ($self, $options) {
    _stop_for_misuse('This command is for the service itself.') if !defined $options->{fd};
    require Koha::Plugin::ConnexionGateway::ImporterProcess;
    return Koha::Plugin::ConnexionGateway::ImporterProcess->run($options->{fd});
}

# ------------------------------------------------------------------ settings

sub _settings_of_service ($self, $options, @arguments) {
    my %new;
    for my $argument (@arguments) {
        my ($name, $value) = $argument =~ /\A([a-z_]+)=(.*)\z/s
            or _stop_for_misuse(qq(What is "$argument"? A setting is given as NAME=VALUE.));
        $new{$name} = $value;
    }
    return $self->_print_settings if !%new;
    $self->_settings->save_service(\%new);
    print "Saved. The service takes it over when it is reloaded (SIGHUP) or started.\n";
    return 0;
}

sub _print_settings ($self) {
    my $names  = "${NAMESPACE}::ServiceSettings";
    my $values = $self->_settings->service;
    my %default = $names->defaults;
    for my $name ($names->names) {
        my $changed = $values->{$name} eq $default{$name} ? '' : " (default: $default{$name})";
        printf "%s=%s\n    %s%s\n", $name, $values->{$name}, $names->help($name), $changed;
    }
    return 0;
}

# ------------------------------------------------------------------ profiles

sub _koha ($self) {
    require Koha::Plugin::ConnexionGateway::Koha;
    return $self->{koha} //= "${NAMESPACE}::Koha"->new;
}

sub _settings ($self) {
    require Koha::Plugin::ConnexionGateway::Settings;
    return $self->{settings} //= "${NAMESPACE}::Settings"->new(koha => $self->_koha);
}

my %PROFILE = (set => \&_profile_set, list => \&_profile_list, show => \&_profile_show);

sub _profile ($self, $options, $what, @arguments) {
    my $code = $PROFILE{$what} // _stop_for_misuse("What is $what? There are set, list and show.");
    my $wanted = $what eq 'list' ? 0 : 1;
    _stop_for_misuse("profile $what takes $wanted argument" . ($wanted == 1 ? '.' : 's.'))
        if @arguments != $wanted;
    return $code->($self, @arguments);
}

sub _profile_set ($self, $file) {
    my $profile = eval { _json()->decode(_content($file)) }
        // die "$file holds no JSON: " . _first_line($@) . "\n";
    die "$file holds no JSON object, which a profile is\n" if ref $profile ne 'HASH';
    my $saved = $self->_settings->save_profile($profile);
    print "The profile $saved->{name} is saved.\n";
    return 0;
}

sub _profile_list ($self) {
    my @profiles = @{ $self->_settings->profiles };
    print "There is no profile.\n" if !@profiles;
    for my $profile (@profiles) {
        printf "%-20s %-8s %-7s login %s%s\n", @$profile{qw(name authentication mode)},
            $profile->{login} // '(of Koha)', $profile->{enabled} ? '' : ', disabled';
    }
    return 0;
}

sub _profile_show ($self, $name) {
    my $profile = $self->_settings->profile($name) // die "There is no profile $name\n";
    delete $profile->{password_hash};
    print _json()->pretty->encode($profile);
    return 0;
}

sub _json {
    require JSON::PP;
    return JSON::PP->new->utf8->canonical;
}

sub _first_line ($error) { return $error =~ s/ at \S+ line \d+.*//rs }

sub _content ($file) {
    return _slurp(\*STDIN, 'standard input') if $file eq '-';
    open my $in, '<:raw', $file or die "The file $file can't be read: $!\n";
    my $content = _slurp($in, $file);
    close $in or die "The file $file can't be read: $!\n";
    return $content;
}

sub _slurp ($in, $name) {
    binmode $in;
    local $/ = undef;
    return <$in> // die "$name can't be read\n";
}

# ------------------------------------------------------------------ the index of identifiers

sub _index ($self, $options) {
    my @what = grep { $options->{$_} } qw(rebuild verify status);
    _stop_for_misuse('index takes one of --rebuild, --verify and --status.') if @what != 1;
    my $type = $options->{'record-type'};
    _stop_for_misuse("--record-type is biblio or authority, not $type.")
        if defined $type && $type !~ /\A(?:biblio|authority)\z/;
    my $batch = $options->{batch};
    _stop_for_misuse('--batch is from 1 to 5000.') if defined $batch && ($batch < 1 || $batch > 5000);
    require Koha::Plugin::ConnexionGateway::IndexCommand;
    return Koha::Plugin::ConnexionGateway::IndexCommand->new(
        koha => $self->_koha, record_type => $type, batch => $batch, restart => $options->{restart})
        ->run(@what);
}

# ------------------------------------------------------------------ whether all is well

sub _doctor ($self, $options) {
    my $seconds = $options->{timeout};
    _stop_for_misuse('--timeout is a number of seconds above 0.') if defined $seconds && $seconds <= 0;
    require Koha::Plugin::ConnexionGateway::DoctorCommand;
    my $doctor = Koha::Plugin::ConnexionGateway::DoctorCommand->new(
        make_koha => sub { $self->_koha }, seconds => $seconds, json => $options->{json},
        program => $self->_program);
    return $options->{'search-engine'} ? $doctor->run_search_engine : $doctor->run;
}

# What starts this program again.
sub _program ($self) { return [$^X, "-I$self->{root}", $self->{script}] }

# ------------------------------------------------------------------ what would become of records

sub _plan ($self, $options, @files) {
    require Koha::Plugin::ConnexionGateway::PlanCommand;
    return Koha::Plugin::ConnexionGateway::PlanCommand->new(
        koha => $self->_koha, profile => $options->{profile}, json => $options->{json})
        ->run(@files);
}

# ------------------------------------------------------------------ records for the Client

my %RECORDS = (biblionumbers => \&_given, authorities => \&_given, list => \&_listed, since => \&_changed);

sub _export ($self, $options) {
    my @which = grep { defined $options->{$_} } sort keys %RECORDS;
    _stop_for_misuse('export takes one of --biblionumbers, --authorities, --list and --since.') if @which != 1;
    my $encoding = $options->{encoding};
    _stop_for_misuse("--encoding is utf-8 or marc-8, not $encoding.")
        if defined $encoding && $encoding !~ /\A(?:utf-8|marc-8)\z/;
    require Koha::Plugin::ConnexionGateway::ExportCommand;
    my $ids = $RECORDS{ $which[0] }->($self, $options->{ $which[0] }, $which[0]);
    return Koha::Plugin::ConnexionGateway::ExportCommand->new(
        koha => $self->_koha, profile => $options->{profile}, encoding => $encoding && $encoding =~ tr/-//dr, file => $options->{output},
        oclc_numbers => $options->{'oclc-numbers'})
        ->run($which[0] eq 'authorities' ? 'authority' : 'biblio', $ids);
}

# More numbers are a slip of the keyboard.
my $MOST_NUMBERS = 10_000_000;

sub _given ($self, $text, $option) {
    my $numbers = Koha::Plugin::ConnexionGateway::Outgoing->numbers($text, $MOST_NUMBERS)
        // _stop_for_misuse("--$option is a list of numbers as 1,2,5-9, not $text.");
    _stop_for_misuse("--$option names more than $MOST_NUMBERS records.") if @{$numbers} > $MOST_NUMBERS;
    return $numbers;
}

sub _listed ($self, $number, $option) {
    my $list = $self->_koha->list($number) // die "Koha has no list $number\n";
    return $list->{ids};
}

sub _changed ($self, $day, $option) {
    _stop_for_misuse("--since is a day as 2026-01-31, not $day.") if !defined $self->_koha->beginning_of_day($day);
    return $self->_koha->records_since(biblio => $day);
}

# ------------------------------------------------------------------ cleaning up

sub _clean_up ($self, $options) {
    my $days = $options->{days};
    _stop_for_misuse('--days is 1 or more.') if defined $days && $days < 1;
    $days //= $self->_settings->service->{keep_exports};
    print "Exports are kept for ever (keep_exports is 0).\n" if !$days;
    require Koha::Plugin::ConnexionGateway::CleanUp;
    my $clean_up = Koha::Plugin::ConnexionGateway::CleanUp->new(koha => $self->_koha, days => $days);
    my $done = $options->{'dry-run'} ? $clean_up->count : $clean_up->run;
    print "Exports older than $days days: $done->{deleted} deleted; of $done->{stripped}, the last ones of their records,"
        . " login, address, plan and reply are deleted.\n"
        if $days;
    print "Nothing was done (--dry-run).\n" if $options->{'dry-run'};
    return 0;
}

# ------------------------------------------------------------------ systemd

sub _install_service ($self, $options, $instance) {
    _stop_for_misuse("$instance is no name of an instance of Koha.") if $instance !~ /\A[A-Za-z0-9][\w.-]{0,62}\z/a;
    my $port = $options->{port};
    _stop_for_misuse("$port is no port.") if defined $port && ($port < 1 || $port > 65_535);
    my %paths = map { my $name = tr/-/_/r; $name => $options->{$_} } grep { defined $options->{$_} } qw(koha-conf directory);
    require Koha::Plugin::ConnexionGateway::InstallServiceCommand;
    return Koha::Plugin::ConnexionGateway::InstallServiceCommand->new(
        %{$options}, %paths, instance => $instance, plugins => $self->{root})->run;
}

# ------------------------------------------------------------------ the compiled core

sub _build_core ($self, $options) {
    my $jobs = $options->{jobs};
    _stop_for_misuse('--jobs is 1 or more.') if defined $jobs && $jobs < 1;
    require Koha::Plugin::ConnexionGateway::BuildCoreCommand;
    my $builder = "${NAMESPACE}::BuildCoreCommand";
    if ($options->{packages}) {
        print join(' ', $builder->packages), "\n";
        return 0;
    }
    return $builder->new(root => $self->{root}, map { $_ => $options->{$_} } qw(into jobs again))->run;
}

# ------------------------------------------------------------------ once more

sub _replay ($self, $options, @numbers) {
    my ($wrong) = grep { !/\A[0-9]{1,10}\z/ } @numbers;
    _stop_for_misuse("$wrong is no number of an export.") if defined $wrong;
    require Koha::Plugin::ConnexionGateway::ReplayCommand;
    return Koha::Plugin::ConnexionGateway::ReplayCommand->new(koha => $self->_koha, again => $options->{again})
        ->run(@numbers);
}

# ------------------------------------------------------------------ what waits for a decision

sub _held ($self, $options, $number = undef) {
    _stop_for_misuse("$number is no number of an export.") if defined $number && $number !~ /\A[0-9]{1,9}\z/;
    return $self->_held_command(json => $options->{json})->held($number);
}

sub _decide ($self, $options, $number) {
    _stop_for_misuse("$number is no number of an export.") if $number !~ /\A[0-9]{1,9}\z/;
    my %record = ('overlay' => 'overlay', 'items-to' => 'ignore', add => 'add', discard => 'discard');
    my @what = grep { defined $options->{$_} } sort keys %record;
    _stop_for_misuse('decide takes one of --overlay, --items-to, --add and --discard.') if @what != 1;
    _stop_for_misuse('--as is missing: the patron who decides.') if !length($options->{as} // '');
    my %items;
    for my $item (@{ $options->{item} // [] }) {
        my ($barcode, $action) = $item =~ /\A(.+)=(add|replace|leave)\z/
            or _stop_for_misuse(qq(What is "$item"? An item is given as BARCODE=add, replace or leave, or as no. N.));
        $items{$barcode} = $action eq 'leave' ? 'ignore' : $action;
    }
    my $target = $what[0] =~ /\A(?:overlay|items-to)\z/ ? $options->{ $what[0] } : undef;
    return $self->_held_command->decide($number, $options->{as},
        { record => $record{ $what[0] }, target => $target, seen => $options->{seen} }, \%items);
}

sub _held_command ($self, %options) {
    require Koha::Plugin::ConnexionGateway::HeldCommand;
    return Koha::Plugin::ConnexionGateway::HeldCommand->new(%options, koha => $self->_koha);
}

# ------------------------------------------------------------------ sending

sub _send ($self, $options, @files) {
    my $length = $options->{length} // 'byte';
    _stop_for_misuse("--length is byte or decimal, not $length.")
        if $length !~ /\A(?:byte|decimal)\z/;
    _stop_for_misuse('--port is missing.') if !$options->{port};
    my $each = $options->{'records-per-connection'} // 1;
    _stop_for_misuse('--records-per-connection is 1 or more.') if $each < 1;

    require Koha::Plugin::ConnexionGateway::Client;
    my $client = Koha::Plugin::ConnexionGateway::Client->new(
        host     => $options->{host} // '127.0.0.1',
        port     => $options->{port},
        login    => $options->{login},
        user     => $options->{user},
        password => scalar _password($options->{'password-file'}),
        length   => $length,
        timeout  => $options->{timeout} // 100,
        send_nul => $options->{nul},
        keep     => 1,
    );
    my @records = map { records_in(_content($_)) } @files;
    die "There is no record in @files\n" if !@records;
    my ($sent, $failed) = (0, 0);

    for my $record (@records) {
        $failed++      if !_send_one($client, $record, ++$sent, scalar @records);
        $client->close if $sent % $each == 0;
    }
    return $failed ? 1 : 0;
}

sub _send_one ($client, $record, $number, $all) {
    my $reply = eval { $client->export($record) };
    my $error = $@;
    print "--- $number of $all\n";
    return !_complain($error, 1) if !defined $reply;
    print "$reply\n";
    return $reply =~ /\ASuccess[.]/;
}

# From a file or standard input, so that it stands in no list of processes.
sub _password ($file) {
    return if !defined $file;
    my $password = _content($file);
    $password =~ s/\r?\n\z//;
    return $password;
}

sub records_in ($octets) {
    my @records;
    my $at = 0;
    while ($octets =~ /\G[\s\0]*(?=[^\s\0])/gc) {
        $at = pos $octets;
        my $length = _record_length($octets, $at);
        push @records, substr $octets, $at, $length;
        pos($octets) = $at + $length;
    }
    return @records;
}

sub _record_length ($octets, $at) {
    my $declared = substr $octets, $at, 5;
    if ($declared =~ /\A[0-9]{5}\z/ && $declared > 0 && $at + $declared <= length $octets) {
        return 0 + $declared if substr($octets, $at + $declared - 1, 1) eq "\x1D";
    }
    my $end = index $octets, "\x1D", $at;
    return ($end < 0 ? length $octets : $end + 1) - $at;
}

# ------------------------------------------------------------------ the running services

sub _status ($self, $options) { return $self->_service_command(%{$options})->status }

sub _service_command ($self, %options) {
    require Koha::Plugin::ConnexionGateway::ServiceCommand;
    return Koha::Plugin::ConnexionGateway::ServiceCommand->new(%options, koha => $self->_koha);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Command - the command line behind bin/connexion-gateway

=head1 SYNOPSIS

    exit Koha::Plugin::ConnexionGateway::Command->new(script => $0, root => $plugin_folder)->run(@ARGV);

=head1 DESCRIPTION

What the commands do is described in F<bin/connexion-gateway> itself. Only the commands that need
Koha load it.

=head1 METHODS

=head2 new

C<script> is the path of F<bin/connexion-gateway>, which holds the manual and is started again for
importers; C<root> the folder with the plugin's modules.

=head2 names

The names of the commands. Each has its part in the manual.

=head2 run

    my $status = $command->run(@arguments);

Does what the arguments say and returns the exit status: 0, 1 when it failed, 2 for misuse.

=head1 FUNCTIONS

=head2 records_in

    my @records = Koha::Plugin::ConnexionGateway::Command::records_in($octets);

Splits a file of ISO 2709 records: by the length in the leader where a record terminator stands at
its end, else up to the next record terminator. A rest without one is a record too.

=cut
