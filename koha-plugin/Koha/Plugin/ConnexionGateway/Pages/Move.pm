package Koha::Plugin::ConnexionGateway::Pages::Move;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# The profile is saved as every profile is.
use parent 'Koha::Plugin::ConnexionGateway::Pages::Profile';

use Koha::Plugin::ConnexionGateway::DaemonConfig;
use Koha::Plugin::ConnexionGateway::Profile;

my $CONFIG = 'Koha::Plugin::ConnexionGateway::DaemonConfig';
my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

# What is shown of the profile: the members that the file decides, then those in which it does as the daemon.
my @SHOWN = qw(matching_rule overlay_action nomatch_action item_action mode framework overlay_framework several_matches
    local_fields);

# These are asked for in the form, and told of there.
my %ASKED = map { $_ => 1 } qw(name login password write_as);

sub menu_entry ($self) { return 'move' }

sub scripts ($class) { return 'move' }

sub texts_of_scripts ($class) { return 'move' }

sub changes ($class) { return { read => 'read_file', save => 'save' } }

sub show ($self) { return $self->render('move') }

# ---------------------------------------------------------------- what it becomes

sub read_file ($self) {
    my $text = $self->document->{text};
    my $file = $CONFIG->parse(ref $text ? undef : $text);
    my @problems = map { $self->_told_line($_) } @{ $file->{problems} };
    return $self->json({ problems => \@problems }) if @problems;
    my $becomes = $CONFIG->profile($file);
    my $profile = $becomes->{profile};
    my %whole = (%{ $self->settings->blank_profile }, %{$profile}, name => 'daemon');
    my @wrong = grep { !$ASKED{ $_->{field} } } $self->_lacking(\%whole), $self->settings->problems(\%whole);
    return $self->json({
        problems => [ map { $_->{sentence} } @{ $self->_told(@wrong) } ],
        notes => [ map { $self->t("move.note.$_->{code}", %{$_}) } @{ $file->{notes} } ],
        rows => [ map { $self->_row($becomes, $_) } @SHOWN ],
        changes => [ map { $self->t("move.change.$_->{code}", %{$_}) } @{ $becomes->{changes} } ],
        login => $profile->{login}, write_as => $profile->{write_as}, has_password => defined $becomes->{password} ? 1 : 0,
        service => $self->_told_service($becomes->{service}),
    });
}

sub _told_line ($self, $problem) {
    my $sentence = $self->t("move.problem.$problem->{code}", %{$problem}, choices => join ', ', @{ $problem->{choices} // [] });
    return $problem->{line} ? $self->t('move.in_line', line => $problem->{line}, text => $sentence) : $sentence;
}

sub _row ($self, $becomes, $member) {
    my ($value, $key) = ($becomes->{profile}{$member}, $becomes->{from}{$member});
    return {
        label => $self->t("profile.$member"), value => $self->_in_words($member, $value),
        from => defined $key ? $key : $self->t('move.by_default'),
    };
}

sub _in_words ($self, $member, $value) {
    return $self->t('profile.keep_framework') if $member eq 'overlay_framework' && !defined $value;
    return $self->t('move.no_local_fields') if $member eq 'local_fields';
    return $self->t("profile.$member.$value") if $PROFILE->choices->{$member};
    return $value if length($value // '');
    return $self->t($member eq 'matching_rule' ? 'profile.no_rule' : 'profile.default_framework');
}

# What would change in the settings of the service, or nothing.
sub _told_service ($self, $service) {
    my $now = $self->settings->service;
    my %new = map { $_ => $service->{$_} } grep { $service->{$_} ne $now->{$_} } keys %{$service};
    return if !%new;
    return { %new, text => $self->t('move.service', address => $service->{bind} // $now->{bind}, port => $service->{port} // $now->{port}) };
}

# ---------------------------------------------------------------- saved

# What the file says is read again, so that no password of it comes back to a browser.
sub _sent ($self) {
    my $sent = $self->document;
    my $becomes = $self->_becomes($sent);
    my %asked = map { $_ => ref $sent->{$_} ? '' : ($sent->{$_} // '') =~ s/\A\s+|\s+\z//gr } qw(name login write_as);
    my $password = length($sent->{password} // '') ? $sent->{password} : $becomes->{password};
    $self->refuse('profile.exists', 409, name => $asked{name})
        if length $asked{name} && $self->settings->profile($asked{name});
    return ({ %{ $becomes->{profile} }, %asked, (defined $password ? (password => $password) : ()) }, undef);
}

sub _becomes ($self, $sent) {
    my $file = $CONFIG->parse(ref $sent->{text} ? undef : $sent->{text});
    $self->refuse('move.read_again') if @{ $file->{problems} };
    return $CONFIG->profile($file);
}

# Whatever is wrong with either is looked for before anything is saved.
sub save ($self) {
    my $sent = $self->document;
    my $service = $sent->{service} ? $self->_becomes($sent)->{service} : {};
    my @faults = $self->settings->service_faults($service);
    $self->refuse('move.service_fault') if @faults;
    my ($profile) = $self->_sent;
    my @wrong = ($self->_lacking($profile), $self->_problems_of($profile));
    return $self->_not_saved(@wrong) if @wrong;
    $self->settings->save_service($service) if %{$service};
    return $self->SUPER::save;
}

sub _problems_of ($self, $profile) {
    my $tidy = $PROFILE->tidy({ %{ $self->settings->blank_profile }, %{$profile} });
    my $password = delete $tidy->{password};
    return $self->settings->problems($tidy, $password);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Move - from the configuration file of Koha's own daemon to a profile

=head1 METHODS

=head2 show, read_file

The page; what the file C<{text}> becomes.

=head2 save

Saves the profile as the page of a profile does, of C<{text, name, login, password, write_as, service}>; without a password
that of the file is taken. With C<service> the address and port of the file become those of the service.

=cut
