package Koha::Plugin::ConnexionGateway::Pages::Client;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::ClientSheet;
use Koha::Plugin::ConnexionGateway::ClientTest;

sub scripts ($class) { return 'client' }

sub texts_of_scripts ($class) { return 'client' }

sub changes ($class) { return { test => 'test' } }

sub show ($self) {
    my @profiles = @{ $self->settings->profiles };
    my $profile = $self->_chosen(@profiles);
    return $self->render('client', profiles => [ map { { name => $_->{name}, enabled => $_->{enabled} } } @profiles ],
        $profile ? $self->_sheet($profile) : ());
}

sub _chosen ($self, @profiles) {
    my $name = $self->param('profile');
    return (grep { $_->{enabled} } @profiles)[0] // $profiles[0] if !defined $name;
    my ($profile) = grep { $_->{name} eq $name } @profiles;
    return $profile // $self->refuse('client.no_such_profile', 404, name => $name);
}

sub _sheet ($self, $profile) {
    my $sheet = Koha::Plugin::ConnexionGateway::ClientSheet->new(koha => $self->koha);
    my $address = $sheet->address;
    my $groups = $sheet->groups($profile, $address);
    return (
        profile => { map { $_ => $profile->{$_} } qw(name login enabled authentication) }, own_login => $self->userid,
        only_here => $address->{only_here}, allow => $self->settings->service->{allow},
        programs => [ map { { name => $_, groups => $groups->{$_} } } qw(client record_manager) ],
    );
}

# ---------------------------------------------------------------- the test

sub test ($self) {
    $self->need([ plugins => 'tool' ]);
    my $sent = $self->document;
    my $profile = $self->settings->profile($sent->{profile} // '')
        // $self->refuse('client.no_such_profile', 404, name => $sent->{profile} // '');
    my $address = Koha::Plugin::ConnexionGateway::ClientSheet->new(koha => $self->koha)->address;
    my $test = Koha::Plugin::ConnexionGateway::ClientTest->new(koha => $self->koha, address => $address);
    my $ran = $test->run({ profile => $profile, $self->_credentials($profile, $sent),
        borrowernumber => $self->user->{number} });
    return $self->json({
        steps => [ map { $self->_told($_) } @{ $ran->{steps} } ], reply => $ran->{reply},
        export => $ran->{export} ? $self->url('tool', 'export', number => $ran->{export}) : undef,
    });
}

# Without a password nobody is tested but oneself.
sub _credentials ($self, $profile, $sent) {
    my ($login, $password) = map { ref $_ ? '' : $_ // '' } @{$sent}{qw(login password)};
    return (login => $profile->{login}, password => $password) if $profile->{authentication} eq 'profile';
    $login = $self->userid if !length $login;
    $self->refuse('client.password_missing') if $login ne $self->userid && !length $password;
    return (login => $login, password => $password);
}

sub _told ($self, $step) {
    my ($name, $code) = @{$step}{qw(step code)};
    return { state => 'skipped', step => $self->t("client.step.$name"), text => $self->t('client.skipped') }
        if $step->{state} eq 'skipped';
    my %values = %{ $step->{values} };
    my $what = $step->{plan} ? ' ' . $self->t('client.plan', outcome => $self->words->outcome($step->{plan})) : '';
    return {
        state => $step->{state}, step => $self->t("client.step.$name"), commands => $step->{commands} // [],
        text => $self->t("client.found.$name.$code", %values) . $what,
        todo => $self->{texts}->has("client.todo.$name.$code") ? $self->t("client.todo.$name.$code", %values) : undef,
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Client - what to type into Connexion Client, and a test of it

=head1 METHODS

=head2 show

The sheet of the profile C<profile>, or of the first.

=head2 test

What a script sends is C<{profile, login, password}>; answered by C<{steps, reply, export}>.

=cut
