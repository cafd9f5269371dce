package Koha::Plugin::ConnexionGateway::ServiceState;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config qw(%Config);

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Services;

my $CORE = 'Koha::Plugin::ConnexionGateway::Core';

# A change that waits longer for the indexer is no longer just under way.
my $LATE_SECONDS = 300;

my %STATE = (ok => 'running', none => 'stopped', other => 'other', unknown => 'unknown');

# What a failed export needs, by the beginning of the error's code.
my @REMEDIES = (
    [ search => qr/\Asearch[.]/ ], [ database => qr/\Adatabase[.]/ ], [ rule => qr/\A(?:settings[.]rule|rules[.])/ ],
    [ login => qr/\Alogin[.]/ ], [ importer => qr/\Aimporter[.]/ ], [ record => qr/\A(?:marc|authority)[.]/ ],
);

sub new ($class, %args) {
    my $koha = $args{koha};
    return bless {
        koha => $koha,
        services => Koha::Plugin::ConnexionGateway::Services->new(koha => $koha),
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
        identifiers => Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha),
    }, $class;
}

# Where one runs that was started on another port than that of the settings, it is the one that counts.
sub services ($self) {
    my @services = map { { %{$_}, state => _word($_), command => _look_at($_) } } @{ $self->{services}->all };
    my @there = grep { $_->{state} ne 'stopped' } @services;
    return @there ? \@there : \@services;
}

# What takes nothing from this server's address does not tell it how it is, either.
sub _word ($service) {
    return 'silent' if $service->{state} eq 'none' && $service->{text} !~ /\Ano connection/;
    return $STATE{ $service->{state} } // ($service->{text} =~ /\bpaused\b/ ? 'draining' : 'unwell');
}

# What tells more on the server.
sub _look_at ($service) {
    return "ss -ltnp 'sport = :$service->{port}'" if $service->{state} eq 'other';
    return 'journalctl -u "connexion-gateway@*"';
}

sub commands ($self) { return $self->{services}->commands }

sub rebuild_command ($self) { return $self->{services}->command('index', '--rebuild') }

sub programs ($self) {
    return {
        core => $CORE->version, core_loads => $CORE->available, perl => sprintf('%vd', $^V), arch => $Config{archname},
        koha => $self->{koha}->version,
    };
}

# ---------------------------------------------------------------- wishes

sub wished ($self) { return $self->{services}->wishes->wished->{state} }

# accept, drain or reload. Gives how many services have followed at once.
sub wish ($self, $what, $seconds) {
    my $wishes = $self->{services}->wishes;
    $what eq 'reload' ? $wishes->wish_reload : $wishes->wish_state($what);
    my @told = grep { !$_->{gone} } @{ $self->{services}->tell_all($seconds) };
    my $followed = grep { $_->{done} } @told;
    return { followed => $followed, later => @told && $followed == @told ? 0 : 1 };
}

# ---------------------------------------------------------------- Koha and the index

sub index_queue ($self) {
    my $queue = $self->{koha}->index_queue;
    return { engine => $self->{koha}->search_engine } if !$queue;
    return {
        engine => $self->{koha}->search_engine, waiting => 0 + $queue->{waiting}, age => 0 + $queue->{age},
        late => $queue->{waiting} && $queue->{age} > $LATE_SECONDS ? 1 : 0,
    };
}

sub identifiers ($self) { return [ map { $self->_index($_) } qw(biblio authority) ] }

sub _index ($self, $type) {
    my $state = $self->{identifiers}->state($type);
    my $counts = $self->{identifiers}->counts($type);
    my $word =
          $state->{rebuilding}                      ? 'rebuilding'
        : $self->{identifiers}->is_complete($type) ? 'complete'
        : $state->{version}                         ? 'outdated'
        :                                             'missing';
    return {
        type => $type, state => $word, rebuilt => $state->{rebuilt_at}, (map { $_ => 0 + $counts->{$_} } keys %{$counts}),
        defined $state->{failed_at} ? (failed_at => 0 + $state->{failed_at}, failure => $state->{failure}) : (),
        $state->{rebuilding} ? (percent => $self->_percent($type, $state->{rebuild_at}, $counts->{records})) : (),
    };
}

sub _percent ($self, $type, $at, $records) {
    my $done = $at ? $self->{koha}->record_count($type, $at) : 0;
    return $records ? int 100 * $done / $records : 100;
}

# ---------------------------------------------------------------- what went wrong last

sub last_failure ($self) {
    my $export = $self->{journal}->last_failure // return;
    my ($code) = ($export->{error} // '') =~ /\(([a-z_]+[.][a-z_.]+)\)\s*\z/;
    my ($remedy) = map { $_->[0] } grep { ($code // '') =~ $_->[1] } @REMEDIES;
    return { number => $export->{number}, received => $export->{received_at}, reply => $export->{reply},
        remedy => $remedy // 'other' };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ServiceState - how the services and what they depend on are, as data

=head1 DESCRIPTION

For the staff page and whatever else tells it; words are codes here.

=head1 METHODS

=head2 new(koha => $koha)

=head2 services

As L<Koha::Plugin::ConnexionGateway::Services> gives them, with C<state> one of C<running, draining, unwell, silent, stopped,
other, unknown>, and a C<command> which tells more on the server.

=head2 commands, rebuild_command

What is typed on the server to start the service; to build the index of identifiers.

=head2 programs

C<{core, core_loads, perl, arch, koha}>.

=head2 wished, wish($what, $seconds)

The state that is wished; wishes C<accept>, C<drain> or C<reload>, and gives C<{followed, later}>: how many services
have followed, and whether some may later.

=head2 index_queue, identifiers

Koha's indexer as C<{engine, waiting, age, late}>; the index of identifiers by type of record.

=head2 last_failure

The last export that failed, as C<{number, received, reply, remedy}>, or undef.

=cut
