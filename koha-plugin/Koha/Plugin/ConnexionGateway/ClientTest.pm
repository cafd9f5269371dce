package Koha::Plugin::ConnexionGateway::ClientTest;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use MARC::Record ();

use Koha::Plugin::ConnexionGateway::Client;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Exports;
use Koha::Plugin::ConnexionGateway::Health;
use Koha::Plugin::ConnexionGateway::ServiceState;
use Koha::Plugin::ConnexionGateway::TestTickets;

my $ERROR = 'Koha::Plugin::ConnexionGateway::Error';

# In this order; after one that is bad the others are not looked at.
my @STEPS = qw(service port login permission rule);

# The browser waits; an importer that has to be started loads Koha.
my ($CONNECT_SECONDS, $REPLY_SECONDS) = (5, 60);

my $LOOPBACK = qr/\A(?:127[.]|::1\z|localhost\z)/;

my %STEP_OF_REASON = (
    (map { $_ => 'login' } qw(no_login wrong_login other_profile profile_disabled no_ticket)),
    (map { $_ => 'permission' } qw(no_patron locked expired missing_permission)),
);

sub new ($class, %args) {
    return bless {
        koha => $args{koha}, address => $args{address},
        tickets => Koha::Plugin::ConnexionGateway::TestTickets->new(koha => $args{koha}),
    }, $class;
}

# $test: profile, login, password (or none), borrowernumber.
sub run ($self, $test) {
    my $run = { test => $test, steps => [] };
    for my $step (@STEPS) {
        my $sub = $self->can("_$step");
        my $found = $self->$sub($run);
        push @{ $run->{steps} }, { step => $step, values => {}, %{$found} };
        last if $found->{state} eq 'bad';
    }
    my %looked_at = map { $_->{step} => 1 } @{ $run->{steps} };
    push @{ $run->{steps} }, map { { step => $_, state => 'skipped', code => 'skipped', values => {} } }
        grep { !$looked_at{$_} } @STEPS;
    return { map { $_ => $run->{$_} } qw(steps reply export) };
}

sub _good ($code, %values) { return { state => 'good', code => $code, values => \%values } }

sub _wait ($code, %values) { return { state => 'wait', code => $code, values => \%values } }

sub _bad ($code, %values) { return { state => 'bad', code => $code, values => \%values } }

# ---------------------------------------------------------------- the service

sub _service ($self, $run) {
    my $state = Koha::Plugin::ConnexionGateway::ServiceState->new(koha => $self->{koha});
    my ($service) = grep { $_->{port} == $self->{address}{port} } @{ $state->services };
    return { %{ _bad('stopped') }, commands => $state->commands } if !$service;
    $run->{service} = $service;
    my %where = map { $_ => $service->{$_} } qw(host port);
    return { %{ _bad('stopped', %where) }, commands => $state->commands } if $service->{state} eq 'stopped';
    return { %{ _bad($service->{state}, %where) }, commands => [ $service->{command} ] }
        if $service->{state} =~ /\A(?:other|unwell)\z/;
    return _bad(draining => %where) if $service->{state} eq 'draining';
    return _bad(outdated => version => $service->{version}) if defined $service->{restart_due};
    return $service->{state} eq 'running' ? _good(running => %where) : _wait($service->{state} => %where);
}

sub _own_host ($run) { return Koha::Plugin::ConnexionGateway::Health->address($run->{service}{address}) }

# ---------------------------------------------------------------- the port

# By the name that the Client is given, else by the address at which this server reaches it: so
# that the rest can be tested all the same.
sub _port ($self, $run) {
    my %where = map { $_ => $self->{address}{$_} } qw(host port);
    my $by_name = $self->_connect($run, $where{host});
    my $why = $ERROR->code_of($run->{error}) =~ s/\Aclient[.]//r;
    return _bad($why => %where) if !$by_name && !$self->_connect($run, _own_host($run));
    return _wait(only_here => %where) if $self->{address}{only_here} && $where{host} !~ $LOOPBACK;
    return $by_name ? _good(open => %where) : _wait("not_by_name_$why" => %where);
}

sub _connect ($self, $run, $host) {
    my $client = Koha::Plugin::ConnexionGateway::Client->new(
        host => $host, port => $self->{address}{port}, timeout => $CONNECT_SECONDS);
    my $connected = eval { $client->connect };
    $run->{error} = $@;
    return 0 if !$connected;
    $client->close;
    $run->{host} = $host;
    return 1;
}

# ---------------------------------------------------------------- login, permission, rule

sub _login ($self, $run) {
    my $sent = $self->_send($run);
    my $told = $run->{told};
    return _bad(no_answer => why => $ERROR->text_of($run->{error})) if !$sent && !$told;
    return _bad(refused => reply => $run->{reply}) if !$told;
    $run->{export} = $told->{export};
    return $self->_refusal($told) if ($STEP_OF_REASON{ $told->{reason} // '' } // '') eq 'login';
    return length($run->{test}{password} // '') ? _good('right') : _wait('not_checked');
}

sub _send ($self, $run) {
    my $test = $run->{test};
    my $ticket = $self->{tickets}->issue($test->{profile}{name}, $test->{borrowernumber});
    my $client = Koha::Plugin::ConnexionGateway::Client->new(
        host => $run->{host}, port => $self->{address}{port}, timeout => $REPLY_SECONDS,
        login => $ticket, user => _octets($test->{login}), password => _octets($test->{password}));
    $run->{reply} = eval { $client->export($self->record($test->{profile})) };
    $run->{error} = $@;
    $run->{told} = $self->{tickets}->told($ticket);
    return defined $run->{reply};
}

sub _refusal ($self, $told) {
    my ($name, @others) = @{ $told->{values} // [] };
    return _bad($told->{reason}, name => $name // '', permissions => join ', ', @others);
}

sub _permission ($self, $run) {
    return defined $run->{told}{reason} ? $self->_refusal($run->{told}) : _good('given');
}

sub _rule ($self, $run) {
    my $export = Koha::Plugin::ConnexionGateway::Exports->new(koha => $self->{koha})->one($run->{export});
    return _bad('under_way') if !$export || $export->{state} =~ /\A(?:received|importing)\z/;
    return $self->_failed($export) if $export->{state} eq 'failed';
    my $plan = $run->{plan} = $export->{plan};
    my %reason = map { $_->{code} => 1 } @{ $plan->{reasons} // [] };
    my ($doubt) = grep { $reason{$_} } qw(no_matching_rule no_match_keys);
    return { %{ $doubt ? _wait($doubt) : _good('works') }, plan => $plan };
}

sub _failed ($self, $export) {
    my ($code) = ($export->{error} // '') =~ /\(([a-z_]+[.][a-z_.]+)\)\s*\z/;
    my %known = ('settings.rule_gone' => 'rule_gone', 'search.failed' => 'search_failed',
        'authority.unknown_type' => 'authority_type');
    return _bad($known{ $code // '' } // 'failed', number => $export->{number});
}

# ---------------------------------------------------------------- what is sent

sub _octets ($text) {
    utf8::encode($text) if utf8::is_utf8($text // '');
    return length($text // '') ? $text : undef;
}

# It is of no book: its numbers are well formed, so that rules have something to look for, and not in use. Made without the
# core, which this server may lack: then the rest can be tested all the same.
sub record ($class, $profile) {
    my %takes = map { $_ => 1 } @{ $profile->{record_types} };
    return _iso2709('00000nz  a2200000n  4500', [ '001', 'oca99999999' ], [ '008', '000101n| azannaabn          |a aaa      ' ],
        [ '010', ' ', ' ', a => 'sh 99999999' ], [ '040', ' ', ' ', a => 'OCoLC', b => 'eng', c => 'OCoLC' ],
        [ '150', ' ', ' ', a => 'Connexion Gateway (Test of the connection)' ])
        if !$takes{biblio};
    return _iso2709('00000nam a2200000 i 4500', [ '001', 'on9999999999' ],
        [ '008', '000101s2000    xx            000 0 eng d' ], [ '010', ' ', ' ', a => '   99999999 ' ],
        [ '020', ' ', ' ', a => '9780000000002' ], [ '022', ' ', ' ', a => '0000-0000' ],
        [ '035', ' ', ' ', a => '(OCoLC)9999999999' ], [ '040', ' ', ' ', a => 'OCoLC', b => 'eng', c => 'OCoLC' ],
        [ '245', '0', '0', a => 'Connexion Gateway: a test of the connection' ]);
}

sub _iso2709 ($leader, @fields) {
    my $marc = MARC::Record->new;
    $marc->leader($leader);
    $marc->append_fields(map { MARC::Field->new(@{$_}) } @fields);
    return $marc->as_usmarc;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ClientTest - sends a record as Connexion Client would, and tells which part fails

=head1 DESCRIPTION

Over the real socket, with a ticket of L<Koha::Plugin::ConnexionGateway::TestTickets>: nothing is written to Koha.

=head1 METHODS

=head2 new(koha => $koha, address => \%address)

The address as L<Koha::Plugin::ConnexionGateway::ClientSheet> gives it.

=head2 run({profile, login, password, borrowernumber})

Gives C<{steps, reply, export}>. The steps are C<service>, C<port>, C<login>, C<permission>, C<rule>, each as C<{step, state,
code, values, commands, plan}>; states are C<good>, C<wait> (not known, or worth a look), C<bad>, and C<skipped> after
a bad one. Without a password the ticket stands for it.

=head2 record(\%profile)

The record that is sent.

=cut
