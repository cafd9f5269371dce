package Koha::Plugin::ConnexionGateway::Services;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use Sys::Hostname  ();

use Koha::Plugin::ConnexionGateway::Health;
use Koha::Plugin::ConnexionGateway::Settings;
use Koha::Plugin::ConnexionGateway::Wishes;

my $HEALTH = 'Koha::Plugin::ConnexionGateway::Health';

my $PROGRAM = dirname(abs_path(__FILE__)) . '/bin/connexion-gateway';

# To read its settings again a service starts an importer, which loads Koha.
my $WISH_SECONDS = 60;

my $UNIT = '/etc/systemd/system/connexion-gateway@.service';

sub new ($class, %args) {
    my $koha = $args{koha};
    return bless {
        koha => $koha,
        settings => Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha),
        wishes => Koha::Plugin::ConnexionGateway::Wishes->new(koha => $koha),
    }, $class;
}

sub wishes ($self) { return $self->{wishes} }

# ---------------------------------------------------------------- how they are

sub all ($self) { return [ map { $self->_state($_) } $self->_known ] }

# Those that left word, and the one of the settings where none did.
sub _known ($self) {
    my @known = @{ $self->{wishes}->services };
    my ($bind, $port) = @{ $self->{settings}->service }{qw(bind port)};
    return @known if grep { $_->{port} == $port } @known;
    return ({ name => undef, host => Sys::Hostname::hostname(), address => $bind, port => $port }, @known);
}

sub _state ($self, $service) {
    my %known = map { $_ => $service->{$_} } qw(host address port);
    my $is_here = $service->{host} eq Sys::Hostname::hostname();
    my $address = $is_here ? $service->{address} : _from_elsewhere($service);
    return { %known, state => 'unknown', text => 'it listens on its own machine only' } if !defined $address;
    my $health = $HEALTH->ask($address, $service->{port});
    my $told = $is_here && $health->{state} ne 'none' ? $HEALTH->told($address, $service->{port}) : undef;
    return { %{ $told // {} }, %known, %{$health} };
}

# Where another machine reaches it, if it does.
sub _from_elsewhere ($service) {
    my $address = $service->{address};
    return if $address =~ /\A(?:127[.]|::1\z)/;
    return $address =~ /\A(?:0[.]0[.]0[.]0|::)\z/ ? $service->{host} : $address;
}

# ---------------------------------------------------------------- telling them to look at what is wished

sub tell_all ($self, $seconds = $WISH_SECONDS) {
    return [
        map { { host => $_->{host}, address => $_->{address}, port => $_->{port}, %{ $self->_tell($_, $seconds) } } }
            @{ $self->{wishes}->services }
    ];
}

sub _tell ($self, $service, $seconds) {
    my $is_here = $service->{host} eq Sys::Hostname::hostname();
    my $address = $is_here ? $service->{address} : _from_elsewhere($service);
    my ($status, $text) = defined $address
        ? $HEALTH->get($address, $service->{port}, '/wishes', $seconds)
        : (undef, 'it can be told on its own machine only');
    $text =~ s/\s+\z//;
    return { done => 1, text => $text } if ($status // 0) == 200;
    if ($is_here && $text =~ /\Ano connection/) {
        $self->{wishes}->forget($service->{name});
        return { done => 1, gone => 1, text => q{it doesn't run} };
    }
    return { done => 0, text => "$text; it will follow when one of its importers is idle" };
}

# ---------------------------------------------------------------- how to start one

# What is to be typed on the server, by the way in which this Koha is installed.
sub commands ($self) {
    my ($bind, $port) = @{ $self->{settings}->service }{qw(bind port)};
    my ($instance) = ($ENV{KOHA_CONF} // '') =~ m{\A/etc/koha/sites/([^/]+)/};
    return [ 'KOHA_CONF=' . _quoted($ENV{KOHA_CONF} // '/etc/koha/koha-conf.xml') . ' PERL5LIB='
            . _quoted($ENV{PERL5LIB} || '/usr/share/koha/lib') . ' perl ' . _quoted($PROGRAM) . ' serve' ]
        if !defined $instance;
    my $unit = 'connexion-gateway@' . $instance;
    return ["sudo systemctl start $unit"] if -e $UNIT;
    return [
        'sudo perl ' . _quoted($PROGRAM) . ' install-service --bind ' . _quoted($bind) . " --port $port " . _quoted($instance),
        'sudo systemctl daemon-reload', "sudo systemctl enable --now $unit.socket $unit.service",
    ];
}

# For the user that Koha runs as.
sub command ($self, @arguments) { return join ' ', 'perl', _quoted($PROGRAM), map { _quoted($_) } @arguments }

sub _quoted ($word) { return $word =~ m{\A[\w./:@%+=,-]+\z}a ? $word : q{'} . ($word =~ s/'/'\\''/gr) . q{'} }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Services - the services that there are, for the command line and the staff pages

=head1 METHODS

=head2 new(koha => $koha)

=head2 wishes

The L<Koha::Plugin::ConnexionGateway::Wishes>.

=head2 all

Each service as C<{host, address, port, state, text}>, the state as L<Koha::Plugin::ConnexionGateway::Health> tells
it or C<unknown>, with what the service tells of itself where it runs on this machine. Where none has left word: that
of the settings.

=head2 tell_all($seconds)

Lets each look at what is wished at once: C<{host, address, port, done, gone, text}>.

=head2 commands, command(@arguments)

The lines to type on the server that start the service; the line of another command of C<connexion-gateway>.

=cut
