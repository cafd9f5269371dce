package Koha::Plugin::ConnexionGateway::Pages::Service;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use POSIX qw(strftime);

use Koha::Plugin::ConnexionGateway::ServiceSettings;
use Koha::Plugin::ConnexionGateway::ServiceState;

my $SETTINGS = 'Koha::Plugin::ConnexionGateway::ServiceSettings';

my @GROUPS = (
    [ address => qw(bind port client_host tls_port tls_certificate tls_key) ],
    [   access => qw(allow proxy_from wrong_login_delay wrong_login_delay_most wrong_logins wrong_logins_per_address
            wrong_login_pause)
    ],
    [   limits => qw(max_connections max_connections_per_address max_request_bytes max_request_records first_byte_timeout
            between_bytes_timeout request_timeout idle_timeout)
    ],
    [   importers => qw(max_importers importer_idle importer_exports import_timeout max_queue queue_timeout answer_within
            drain_timeout)
    ],
    [ watch => qw(health_bind health_port wishes_from log_file log_format) ],
    [ data => qw(keep_exports keep_data) ],
);

# The browser waits for this answer.
my $WISH_SECONDS = 10;

sub scripts ($class) { return 'service' }

sub texts_of_scripts ($class) { return 'service' }

sub queries ($class) { return { state => 'service_state', identifiers => 'identifiers' } }

sub changes ($class) {
    return { accept => 'accept_exports', drain => 'drain', reload => 'reload', settings => 'save_settings' };
}

sub _state_of ($self) {
    return $self->{service_state} //= Koha::Plugin::ConnexionGateway::ServiceState->new(koha => $self->koha);
}

sub show ($self) {
    my $state = $self->_state_of;
    return $self->render('service',
        programs => { %{ $state->programs }, plugin => $self->{plugin}->get_metadata->{version} },
        failure => scalar $state->last_failure, groups => $self->_groups, may_change => $self->_may_change);
}

# ---------------------------------------------------------------- how it is

sub service_state ($self) {
    my $state = $self->_state_of;
    my $installed = $self->{plugin}->get_metadata->{version};
    my @services = map { $self->_told_service($_) } @{ $state->services };
    return $self->json({
        services => \@services, wished => $state->wished, index => $state->index_queue,
        installed => $installed, commands => $state->commands,
    });
}

sub _told_service ($self, $service) {
    my $started = $service->{started};
    return {
        (map { $_ => $service->{$_} } qw(state host address port version connections queue running importers command)),
        since => $started ? $self->koha->local_time(strftime('%Y-%m-%d %H:%M:%S', gmtime $started)) : undef,
        stale => defined $service->{restart_due} ? 1 : 0,
    };
}

sub identifiers ($self) {
    my @indexes = map { { %{$_}, rebuilt => $self->koha->local_time($_->{rebuilt}) } }
        @{ $self->_state_of->identifiers };
    return $self->json({ identifiers => \@indexes, command => $self->_state_of->rebuild_command });
}

# ---------------------------------------------------------------- what is wished

sub accept_exports ($self) { return $self->_wish('accept') }

sub drain ($self) { return $self->_wish('drain') }

sub reload ($self) { return $self->_wish('reload') }

sub _wish ($self, $what) {
    $self->need([ plugins => 'tool' ]);
    return $self->json($self->_state_of->wish($what, $WISH_SECONDS));
}

# ---------------------------------------------------------------- settings

sub _may_change ($self) {
    return !$self->koha->missing_permissions($self->userid, [ plugins => 'configure' ]) ? 1 : 0;
}

sub _groups ($self) {
    my $values = $self->settings->service;
    my %default = $SETTINGS->defaults;
    return [
        map {
            my ($group, @names) = @{$_};
            { name => $group, settings => [ map { $self->_setting($_, $values->{$_}, $default{$_}) } @names ] }
        } @GROUPS
    ];
}

sub _setting ($self, $name, $value, $default) {
    my $kind = $SETTINGS->kind($name);
    my $yes_or_no = ref $kind && $kind->[0] eq '0';
    return {
        name => $name, value => $value, default => $self->_told($default, $yes_or_no),
        server_only => $kind eq 'file' ? 1 : 0, wide => $kind =~ /\A(?:networks|host)\z/ ? 1 : 0,
        choices => ref $kind ? [ map { { value => $_, text => $self->_told($_, $yes_or_no) } } @{$kind} ] : undef,
    };
}

sub _told ($self, $value, $yes_or_no) {
    return $self->t($value ? 'service.yes' : 'service.no') if $yes_or_no;
    return length $value ? $value : $self->t('service.nothing');
}

# A file of the server is named by who is on the server.
sub save_settings ($self) {
    $self->need([ plugins => 'configure' ]);
    my $new = $self->document;
    for my $name (keys %{$new}) {
        $self->refuse('pages.bad_request')
            if ref $new->{$name} || !$SETTINGS->exists($name) || $SETTINGS->kind($name) eq 'file';
        $new->{$name} =~ s/\A\s+|\s+\z//g;
    }
    my @faults = $self->settings->service_faults($new);
    return $self->json({ faults => [ map { $self->_told_fault($_) } @faults ] }) if @faults;
    $self->settings->save_service($new);
    return $self->json({ faults => [], %{ $self->_state_of->wish('reload', $WISH_SECONDS) } });
}

sub _told_fault ($self, $fault) {
    return { field => $fault->{field}, message => $self->t("service.fault.$fault->{code}", %{ $fault->{values} // {} }) };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Service - how the service is, what it should do, and its settings

=head1 METHODS

=head2 show, service_state, identifiers

The page; what changes on it all the time; the state of the index of identifiers.

=head2 accept_exports, drain, reload

What the services are wished to do.

=head2 save_settings

Saves the settings of the service, all or none, for who may configure plugins.

=cut
