package Koha::Plugin::ConnexionGateway::Operations;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP      ();
use Sys::Hostname ();
use Time::HiRes   qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::Core;

# Between two looks while an importer is idle.
my $LOOK_SECONDS = 5;

my $ADDRESSES = 'Koha::Plugin::ConnexionGateway::Addresses';

my $NOT_FOR_BROWSERS = 'This port takes exports of the OCLC Connexion Client (OCLC Gateway Export), not web pages.';

# new(pool, metrics, log, limits, reload => sub, where => sub, connections => sub)
sub new ($class, %args) { return bless { %args, look_at => 0, asking => [] }, $class }

sub not_for_browsers ($self) { return $NOT_FOR_BROWSERS }

# Why no exports are taken, in words, or nothing.
sub problem ($self) {
    return 'importers cannot be started' if !$self->{pool}->healthy;
    return 'paused' if $self->{pool}->paused;
    return;
}

# What may be asked from there, over HTTP. The peer of this machine has its own address, whichever it is.
sub rights ($self, $peer, $own_address) {
    my $inside = $peer =~ /\A(?:127[.]|::1\z)/ || $peer eq ($ADDRESSES->plain($own_address) // '');
    my $may_wish = $inside || $ADDRESSES->among($peer, $self->{limits}{wishes_from});
    return { inside => $inside ? 1 : 0, wishes => $may_wish ? 1 : 0 };
}

# ---------------------------------------------------------------- telling

sub _now ($self) {
    return {
        %{ $self->{pool}->numbers }, accepting => defined $self->problem ? 0 : 1,
        connections => $self->{connections}->(), log_lines_lost => $self->{log}->lost,
    };
}

sub metrics_text ($self) { return $self->{metrics}->text($self->_now) }

sub status_json ($self) {
    my $summary = $self->{metrics}->summary($self->_now);
    my $core = Koha::Plugin::ConnexionGateway::Core->loaded;
    return JSON::PP->new->utf8->canonical->encode({
        %{$summary}, pid => $$, problem => scalar $self->problem, core => $core ? $core->{sha256} : undef,
    }) . "\n";
}

sub bad_request ($self) { return $self->{metrics}->count('bad_requests') }

# ---------------------------------------------------------------- following what is wished

# While an importer is idle it costs next to nothing to look; none is started for it.
sub tick ($self, $now) {
    return if $now < $self->{look_at} || !$self->{pool}->has_idle_importer;
    return $self->_look;
}

# Looks at once; the callback gets what was done, or nothing where Koha is away.
sub follow_wishes ($self, $callback) {
    push @{ $self->{asking} }, $callback;
    return if @{ $self->{asking} } > 1;
    return $self->_look;
}

sub _look ($self) {
    $self->{look_at} = clock_gettime(CLOCK_MONOTONIC) + $LOOK_SECONDS;
    $self->{pool}->ask({ type => 'wishes', service => $self->_description }, sub ($text) {
        # No JSON where the database is away, and no text where the importer is gone.
        my $wishes = defined $text ? eval { JSON::PP->new->utf8->decode($text) } : undef;
        $self->_follow($wishes);
    });
    return;
}

sub _description ($self) {
    my ($address, $port) = $self->{where}->();
    my $summary = $self->{metrics}->summary({});
    return {
        host => Sys::Hostname::hostname(), address => $address, port => $port, pid => $$,
        version => $summary->{version}, started_at => $summary->{started}, paused => $self->{pool}->paused,
    };
}

sub _follow ($self, $wishes) {
    my @asking = splice @{ $self->{asking} };
    if (ref $wishes ne 'HASH') {
        $_->(undef) for @asking;
        return;
    }
    $self->{metrics}->saw($wishes->{index_queue} // {});
    $self->_follow_state($wishes->{state});
    my $reload = $wishes->{reload} != ($self->{reloaded} // 0);
    my $said = sub ($what) { $_->($what) for @asking };
    return $said->($self->{pool}->paused ? 'paused' : 'accepting') if !$reload;
    $self->{reload}->(sub ($done) { $said->($done ? 'reloaded' : 'not reloaded: see the log') });
    return;
}

sub _follow_state ($self, $state) {
    my $pause = $state eq 'drain' ? 1 : 0;
    return if $pause == $self->{pool}->paused;
    $self->{pool}->pause($pause);
    $self->{log}->info($pause ? 'paused' : 'accepting');
    return;
}

# Settings were read: what was wished before that is done.
sub has_settings ($self, $wished) {
    $self->{reloaded} = $wished->{reload} // 0;
    return $self->_follow_state($wished->{state} // 'accept');
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Operations - what a running service tells of itself, and follows

=head1 DESCRIPTION

Between the listener and L<Koha::Plugin::ConnexionGateway::Http>. The listener has no database: an
importer is asked what is wished (L<Koha::Plugin::ConnexionGateway::Wishes>) and leaves word where this
service is.

=head1 METHODS

=head2 new

Takes C<pool>, C<metrics>, C<log>, C<limits> (the settings of the service); C<where>, which gives the address and the port it listens on;
C<connections>, which gives their number; and C<reload>, which reads the settings again and calls its
argument with whether it did.

=head2 rights($peer, $own_address)

What an address may ask for: C<{inside, wishes}>.

=head2 tick($now)

To be called several times a second with the monotonic time.

=head2 has_settings(\%wished)

Settings were read, and this was wished before.

=head2 follow_wishes($callback)

Looks at once and calls back with what was done in words, or with undef where Koha is away.

=head2 bad_request

Counts one.

=head2 problem, status_json, metrics_text, not_for_browsers

What is told over HTTP.

=cut
