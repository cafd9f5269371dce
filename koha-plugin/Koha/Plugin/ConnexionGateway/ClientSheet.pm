package Koha::Plugin::ConnexionGateway::ClientSheet;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::ServiceState;
use Koha::Plugin::ConnexionGateway::Settings;

# How long the Client and Record Manager wait before they send a record again: the service answers sooner.
my ($TIMEOUT, $RETRIES, $DELAY, $MESSAGING) = (100, 3, 0, 10);

# A field as [name, kind, value]: `is` is typed as it stands, `said` is a text by its key, `tick` is ticked.
my %GROUPS = (
    client => [
        [ destination => [ type => is => 'OCLC Gateway Export' ] ],
        [   connection => [ host => is => '' ], [ port => is => '' ], [ notify => 'tick' ],
            [ timeout => is => $TIMEOUT ], [ retries => is => $RETRIES ], [ delay => is => $DELAY ],
        ],
        [ logon => [ send_login => 'tick' ], [ login => is => '' ], [ password => said => 'password_of_profile' ] ],
        [   characteristics => [ biblio_format => is => 'MARC 21' ],
            [ biblio_characters => is => 'UTF-8 Unicode' ], [ authority_characters => is => 'UTF-8 Unicode' ],
        ],
    ],
    record_manager => [
        [ general => [ format => is => 'MARC 21 with UTF-8 Unicode' ] ],
        [   tcp_ip => [ host => is => '' ], [ port => is => '' ], [ authentication => is => 'Login ID' ],
            [ login => is => '' ], [ password => said => 'password_of_profile' ], [ attempts => is => $RETRIES ],
            [ messaging => 'tick' ], [ messaging_timeout => is => $MESSAGING ],
        ],
    ],
);

sub new ($class, %args) { return bless { koha => $args{koha} }, $class }

# Where the Client finds the service. Of several: one that runs before one that does not, that of the settings before others.
sub address ($self) {
    my $settings = Koha::Plugin::ConnexionGateway::Settings->new(koha => $self->{koha})->service;
    my %rank = (running => 3, draining => 2, unwell => 2, silent => 1, unknown => 1);
    my ($service) = sort {
        ($rank{ $b->{state} } // 0) <=> ($rank{ $a->{state} } // 0)
            || ($b->{port} == $settings->{port}) <=> ($a->{port} == $settings->{port})
    } @{ Koha::Plugin::ConnexionGateway::ServiceState->new(koha => $self->{koha})->services };
    return {
        host => $self->_host($settings, $service), port => 0 + $service->{port},
        only_here => $service->{address} =~ /\A(?:127[.]|::1\z|localhost\z)/ ? 1 : 0,
    };
}

# By the setting, else as the staff interface is called, else as the machine calls itself.
sub _host ($self, $settings, $service) {
    return $settings->{client_host} if length($settings->{client_host} // '');
    my ($staff) = ($self->{koha}->preference('staffClientBaseURL') // '')
        =~ m{\A\s*(?:https?://)?(\[[0-9a-f:.]+\]|[^/:\s\@?#]+)}i;
    return length($staff // '') ? $staff =~ s/\A\[|\]\z//gr : $service->{host};
}

# {client, record_manager}, each a list of {name, fields => [{name, kind, value}]}.
sub groups ($self, $profile, $address = $self->address) {
    my %value = (host => $address->{host}, port => $address->{port}, login => $profile->{login});
    my $koha_logins = $profile->{authentication} eq 'koha';
    my %takes = map { $_ => 1 } @{ $profile->{record_types} };
    my $field = sub ($name, $kind, $value = undef) {
        return if $name =~ /\A(biblio|authority)_/ && !$takes{$1};
        return { name => $name, kind => 'said', value => "own_$name" } if $koha_logins && $name =~ /\A(?:login|password)\z/;
        return { name => $name, kind => $kind, value => $value{$name} // $value };
    };
    return { map { $_ => [ map { _group($field, @{$_}) } @{ $GROUPS{$_} } ] } keys %GROUPS };
}

sub _group ($field, $name, @fields) { return { name => $name, fields => [ map { $field->(@{$_}) } @fields ] } }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ClientSheet - what is typed into Connexion Client and Record Manager for a profile

=head1 METHODS

=head2 new(koha => $koha)

=head2 address

C<{host, port, only_here}>: where the Client finds the service, and whether it listens on its own machine only.

=head2 groups(\%profile, \%address)

C<{client, record_manager}>, each a list of groups of fields. A field has a C<name>, a C<value>, and a C<kind>: C<is>
(the value is typed), C<tick> (it is ticked), C<said> (the value is a word for what has to be said).

=cut
