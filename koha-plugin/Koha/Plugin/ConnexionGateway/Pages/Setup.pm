package Koha::Plugin::ConnexionGateway::Pages::Setup;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Checks;
use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::ServiceState;

my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

sub scripts ($class) { return 'setup' }

sub texts_of_scripts ($class) { return 'setup' }

sub changes ($class) { return { delete => 'delete_profile', switch => 'switch' } }

sub show ($self) {
    my @profiles = @{ $self->settings->profiles };
    my $steps = $self->_steps(\@profiles);
    return $self->render('setup', steps => $steps,  saved => $self->param('saved'), restart_due => scalar Koha::Plugin::ConnexionGateway::Core->restart_due,
        profiles => [ map { $self->_row($_) } @profiles ]);
}

# The template never sees a hash of a password.
sub _row ($self, $profile) {
    return { map { $_ => $profile->{$_} } qw(name login enabled preview authentication matching_rule overlay_action
        nomatch_action item_action mode) };
}

# ---------------------------------------------------------------- the way to the first record

sub _steps ($self, $profiles) {
    my @usable = grep { $_->{code} !~ /\s/ } @{ $self->koha->matching_rules('biblio') };
    my $state = Koha::Plugin::ConnexionGateway::ServiceState->new(koha => $self->koha);
    my ($service) = grep { $_->{state} =~ /\A(?:running|draining)\z/ } @{ $state->services };
    return [
        $self->_checked('core', 'core'), $self->_checked('plugin', qw(plugin tables)),
        { key => 'rules', done => @usable ? 1 : 0, told => join(', ', map { $_->{code} } @usable),
            remedy => $self->t('setup.step.rules.todo') },
        { key => 'profiles', done => (grep { $_->{enabled} } @{$profiles}) ? 1 : 0,
            told => join(', ', map { $_->{name} } grep { $_->{enabled} } @{$profiles}),
            remedy => $self->t('setup.step.profiles.todo') },
        { key => 'service', done => $service ? 1 : 0,
            told => $service ? $self->t('setup.step.service.where', host => $service->{host}, port => $service->{port}) : '',
            remedy => $self->t('setup.step.service.todo'), commands => $state->commands },
        { key => 'export', done => $self->journal->counts->{done} ? 1 : 0, told => '',
            remedy => $self->t('setup.step.export.todo') },
    ];
}

# A step that doctor checks too: what it says is said here.
sub _checked ($self, $key, @names) {
    my $checks = Koha::Plugin::ConnexionGateway::Checks->new(koha => $self->koha);
    my @wrong = grep { $_->{state} ne 'ok' } map { $checks->run($_) } @names;
    return { key => $key, done => @wrong ? 0 : 1, told => '', remedy => join ' ', map { "$_->{text} $_->{remedy}" } @wrong };
}

# ---------------------------------------------------------------- profiles

sub _named ($self) {
    my $name = $self->document->{name} // '';
    return $self->settings->profile($name) // $self->refuse('profile.no_such', 404, name => $name);
}

sub delete_profile ($self) {
    my $profile = $self->_named;
    $self->settings->delete_profile($profile->{name});
    return $self->json({ deleted => $profile->{name} });
}

# Who switches a profile on answers for it as who saves it does.
sub switch ($self) {
    my $profile = $self->_named;
    $self->need($PROFILE->permissions($profile)) if !$profile->{enabled};
    $self->settings->save_profile({ name => $profile->{name}, enabled => $profile->{enabled} ? 0 : 1 });
    return $self->json({ switched => $profile->{name} });
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Setup - the way from the upload to the first record, and the profiles

=head1 METHODS

=head2 show

The page.

=head2 delete_profile, switch

What a script sends is C<{name}>.

=cut
