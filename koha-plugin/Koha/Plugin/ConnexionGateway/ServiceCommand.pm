package Koha::Plugin::ConnexionGateway::ServiceCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use POSIX    qw(strftime);

use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Schema;
use Koha::Plugin::ConnexionGateway::Services;

sub new ($class, %args) {
    my $koha = $args{koha};
    die "The plugin's tables are not there, or those of an older version: open Koha's page of plugins once.\n"
        if !Koha::Plugin::ConnexionGateway::Schema->has_table($koha, 'wishes');
    return bless {
        koha => $koha, json => $args{json}, exports => $args{exports} // 10,
        services => Koha::Plugin::ConnexionGateway::Services->new(koha => $koha),
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
    }, $class;
}

# ---------------------------------------------------------------- status

sub status ($self) {
    my $status = {
        services => $self->{services}->all,
        today => $self->{journal}->outcomes_today, states => $self->{journal}->counts,
        index_queue => scalar $self->{koha}->index_queue, index_failures => $self->_index_failures,
        plugin_disabled => $self->{koha}->plugin_disabled, wished => $self->{services}->wishes->wished->{state},
    };
    if ($self->{json}) { print JSON::PP->new->utf8->canonical->encode($status), "\n" }
    else { $self->_print_status($status) }
    return (grep { $_->{state} eq 'ok' } @{ $status->{services} }) ? 0 : 1;
}

sub _index_failures ($self) {
    my $identifiers = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $self->{koha});
    my %state = map { $_ => $identifiers->state($_) } qw(biblio authority);
    return [ map { { record_type => $_, failed_at => 0 + $state{$_}{failed_at}, failure => $state{$_}{failure} } }
            grep { defined $state{$_}{failed_at} } sort keys %state ];
}

sub _print_status ($self, $status) {
    _print_service($_) for @{ $status->{services} };
    print "The plugin is disabled in Koha: exports are refused until it is enabled under Administration, Manage plugins.\n"
        if $status->{plugin_disabled};
    print "Wished: the services refuse exports until: connexion-gateway accept\n" if $status->{wished} eq 'drain';
    my $today = $status->{today};
    print 'Exports today: ', join(', ', map {"$today->{$_} $_"} sort keys %{$today}) || 'none', "\n";
    my $states = $status->{states};
    print 'All that are kept: ', join(', ', map {"$states->{$_} $_"} sort keys %{$states}) || 'none', "\n";
    my $queue = $status->{index_queue};
    print "Indexer: $queue->{waiting} changes wait, the oldest for $queue->{age} seconds\n" if $queue;
    printf "Index of identifiers (%s): could not be brought up to date at %s: %s\n", $_->{record_type},
        strftime('%Y-%m-%d %H:%M:%S', localtime $_->{failed_at}), $_->{failure}
        for @{ $status->{index_failures} };
    for my $export (@{ $self->{journal}->latest($self->{exports}) }) {
        printf "%6d  %s  %-9s %-15s %s\n",
            map { $_ // '' } @{$export}{qw(number received_at state profile title)};
    }
    return;
}

sub _print_service ($service) {
    print "Service on $service->{address} port $service->{port} ($service->{host}): $service->{text}\n";
    return if !$service->{pid};
    printf "  version %s, process %d, since %s\n", $service->{version}, $service->{pid},
        strftime('%Y-%m-%d %H:%M:%S', localtime $service->{started});
    print "  a restart is due: $service->{restart_due}\n" if defined $service->{restart_due};
    printf "  %d connections, %d exports wait, %d are being imported, %d importers\n",
        @{$service}{qw(connections queue running importers)};
    my $exports = $service->{exports};
    print '  Exports since then: ', join(', ', map {"$exports->{$_} $_"} sort keys %{$exports}) || 'none', "\n";
    return;
}

# ---------------------------------------------------------------- wishes

sub reload ($self) {
    $self->{services}->wishes->wish_reload;
    return $self->_tell_services;
}

sub drain ($self) { return $self->_state('drain') }

sub accept ($self) { return $self->_state('accept') }    ## no critic (ProhibitBuiltinHomonyms)

sub _state ($self, $state) {
    $self->{services}->wishes->wish_state($state);
    return $self->_tell_services;
}

# 1 where one that should be there didn't do it.
sub _tell_services ($self) {
    my @told = @{ $self->{services}->tell_all };
    print "No service is known yet; one that starts will follow.\n" if !@told;
    print "Service on $_->{address} port $_->{port} ($_->{host}): $_->{text}\n" for @told;
    return (grep { !$_->{done} } @told) ? 1 : 0;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ServiceCommand - asks after the running services, and tells them what is wished

=head1 DESCRIPTION

What C<connexion-gateway status>, C<reload>, C<drain> and C<accept> do. A wish is a row
(L<Koha::Plugin::ConnexionGateway::Wishes>); each service that is known is then asked to look at once.

=head1 METHODS

=head2 new(koha => $koha, json => $bool, exports => $number)

=head2 status, reload, drain, accept

Each gives the exit status.

=cut
