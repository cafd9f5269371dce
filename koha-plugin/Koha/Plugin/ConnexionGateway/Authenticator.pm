package Koha::Plugin::ConnexionGateway::Authenticator;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Password;
use Koha::Plugin::ConnexionGateway::Profile;

# A hash of no password, so that an unknown login takes as long as a known one.
my $NOBODY;

sub new ($class, %args) { return bless { koha => $args{koha}, settings => $args{settings} }, $class }

sub authenticate ($self, $readings) {
    my @readings = grep { length($_->{login} // '') } map { _with_login($_) } @{$readings};
    return { reason => 'no_login' } if !@readings;
    my $refusal;
    for my $group (_by_login(@readings)) {
        my ($login, @passwords) = @{$group};
        my $answer = $self->_try($login, @passwords);
        return $answer if $answer->{patron};
        $refusal = $answer if !$refusal || $refusal->{reason} eq 'wrong_login';
    }
    return $refusal;
}

# Some clients send the login as U only.
sub _with_login ($reading) {
    my $login = length($reading->{login} // '') ? $reading->{login} : $reading->{user};
    return { %{$reading}, login => $login };
}

# One password may be readable in several ways; a login is tried once with all of its readings.
sub _by_login (@readings) {
    my (@order, %passwords);
    for my $reading (@readings) {
        my $login = $reading->{login};
        push @order, $login if !$passwords{$login};
        push @{ $passwords{$login} }, $reading->{password} // '';
    }
    return map { [ $_, @{ $passwords{$_} } ] } @order;
}

sub _try ($self, $login, @passwords) {
    my $text = _text($login);
    my $profile = $self->{settings}->profile_for_login($text);
    my $answer = { login => $text };
    my ($userid, $why);
    if ($profile && $profile->{authentication} eq 'koha') {
        ($userid, $why) = $self->{koha}->check_password($text, map { _text($_) } @passwords);
    } else {
        my $hash = $profile ? $profile->{password_hash} : ($NOBODY //= _nobody());
        my @fits = grep { Koha::Plugin::ConnexionGateway::Password->matches($_, $hash) } @passwords;
        $userid = $profile->{write_as} if $profile && @fits;
    }
    return { %{$answer}, reason => $why // 'wrong_login', values => [$text] } if !defined $userid;
    return { %{$answer}, reason => 'profile_disabled', profile => $profile } if !$profile->{enabled};
    return { %{$answer}, $self->_patron($profile, $userid) };
}

sub _patron ($self, $profile, $userid) {
    my $patron = $self->{koha}->patron(userid => $userid);
    return (profile => $profile, reason => 'no_patron', values => [$userid]) if !$patron;
    return (profile => $profile, reason => 'locked', values => [$userid]) if $patron->{locked_by_staff};
    return (profile => $profile, reason => 'expired', values => [$userid]) if $patron->{expired};
    my @missing = $self->{koha}->missing_permissions($patron->{userid},
        Koha::Plugin::ConnexionGateway::Profile->permissions($profile));
    return (profile => $profile, reason => 'missing_permission',
        values => [ $userid, map {"$_->[0]/$_->[1]"} @missing ])
        if @missing;
    return (profile => $profile, patron => $patron);
}

# A test that somebody who may use the plugin has begun in the staff interface. The ticket stands for the password
# where none was typed; each cataloguer's own login is then that of who tests.
sub authenticate_test ($self, $ticket, $reading) {
    my $login = _text($reading->{user} // '');
    my $profile = $self->{settings}->profile_for_login($login);
    return { login => $login, reason => 'other_profile', values => [$login] }
        if !$profile || $profile->{name} ne $ticket->{profile};
    return $self->_try($reading->{user}, $reading->{password}) if length($reading->{password} // '');
    my $answer = { login => $login, profile => $profile };
    return { %{$answer}, reason => 'profile_disabled' } if !$profile->{enabled};
    return { %{$answer}, $self->_patron($profile, $profile->{write_as}) } if $profile->{authentication} eq 'profile';
    return { %{$answer}, %{ $self->again($profile, $ticket->{borrowernumber}) } };
}

# For an export that was accepted before: the patron may have lost the permission since.
sub again ($self, $profile, $borrowernumber) {
    my $patron = $self->{koha}->patron(borrowernumber => $borrowernumber)
        or return { reason => 'no_patron', values => [$borrowernumber] };
    return { $self->_patron($profile, $patron->{userid}) };
}

sub _text ($octets) {
    my $text = $octets;
    utf8::decode($text);
    return $text;
}

sub _nobody { return Koha::Plugin::ConnexionGateway::Password->hash(rand) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Authenticator - credentials to patron and profile

=head1 METHODS

=head2 new(koha => $koha, settings => $settings)

=head2 authenticate(\@readings)

Readings are C<{user, login, password}> in octets, the likeliest first. Gives C<{login, profile,
patron}>, or C<{login, reason, values}> where C<reason> is one of C<no_login>, C<wrong_login>,
C<profile_disabled>, C<no_patron>, C<locked> (by Koha, after wrong passwords, or by its staff), C<expired>,
C<missing_permission>.

=head2 authenticate_test(\%ticket, \%reading)

The same for a test: C<user> of the reading is the login to test, C<password> may be missing. Another reason:
C<other_profile>.

=head2 again(\%profile, $borrowernumber)

The same for an export that was accepted earlier.

=cut
