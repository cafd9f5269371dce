package Koha::Plugin::ConnexionGateway::Settings;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Password;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::ServiceSettings;

my $SERVICE = 'Koha::Plugin::ConnexionGateway::ServiceSettings';
my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';
# ASCII, so that it is the same whatever a handle makes of octets.
my $JSON = JSON::PP->new->ascii->canonical;

sub new ($class, %args) { return bless { koha => $args{koha} }, $class }

sub _table ($self, $name) { return $self->{koha}->table($name) }

# ---------------------------------------------------------------- service

sub service ($self) {
    my %values = $SERVICE->defaults;
    my $rows = $self->{koha}->dbh->selectall_arrayref('SELECT name, value FROM ' . $self->_table('settings'));
    $values{ $_->[0] } = $_->[1] for grep { exists $values{ $_->[0] } } @{$rows};
    return \%values;
}

# As ServiceSettings gives them: those of the values, else those between them and what is saved.
sub service_faults ($self, $new) {
    my @faults = grep { defined } map { $SERVICE->fault($_, $new->{$_}) } sort keys %{$new};
    return @faults if @faults;
    return $SERVICE->conflicts({ %{ $self->service }, %{$new} });
}

# All or nothing.
sub save_service ($self, $new) {
    my @faults = $self->service_faults($new);
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'settings.bad_service',
        message => join "\n", map { $SERVICE->sentence($_) } @faults)
        if @faults;
    my $table = $self->_table('settings');
    $self->{koha}->transaction(sub ($dbh) {
        $dbh->do("REPLACE INTO $table (name, value) VALUES (?, ?)", undef, $_, $new->{$_})
            for sort keys %{$new};
        return;
    });
    return $self->service;
}

# ---------------------------------------------------------------- profiles

sub profiles ($self) {
    my $rows = $self->{koha}->dbh->selectall_arrayref(
        'SELECT * FROM ' . $self->_table('profiles') . ' ORDER BY name', { Slice => {} });
    return [ map { _inflate($_) } @{$rows} ];
}

sub profile ($self, $name) {
    my $row = $self->{koha}->dbh->selectrow_hashref(
        'SELECT * FROM ' . $self->_table('profiles') . ' WHERE name = ?', undef, $name);
    return $row ? _inflate($row) : undef;
}

sub profile_for_login ($self, $login) {
    my $row = $self->{koha}->dbh->selectrow_hashref(
        'SELECT * FROM ' . $self->_table('profiles') . ' WHERE login = ?', undef, $login);
    return _inflate($row) if $row;
    my @koha = grep { $_->{authentication} eq 'koha' } @{ $self->profiles };
    my ($named) = grep { grep { lc eq lc $login } @{ $_->{koha_logins} } } @koha;
    my ($open) = grep { !@{ $_->{koha_logins} } } @koha;
    return $named // $open;
}

sub _inflate ($row) {
    my $text = $row->{body};
    utf8::decode($text) if !utf8::is_utf8($text);
    my $body = $JSON->decode($text);
    my %profile = $PROFILE->defaults;
    return {
        %profile,
        (map { $_ => $body->{$_} } grep { exists $profile{$_} } keys %{$body}),
        name => $row->{name}, login => $row->{login}, enabled => $row->{enabled} ? 1 : 0,
        revision => 0 + $row->{revision}, password_hash => $row->{password_hash},
    };
}

# Where there is one only nobody has to choose it, and where there is none the defaults of one serve.
sub only_profile ($self) {
    my @profiles = @{ $self->profiles };
    return @profiles < 2 ? $profiles[0] // $self->blank_profile : undef;
}

sub blank_profile ($class) { return { $PROFILE->defaults, name => '', login => '', enabled => 1 } }

# As it would be saved, without the password.
sub whole_profile ($self, $profile, $before = $self->profile($profile->{name} // '')) {
    my %new = %{$profile};
    delete @new{qw(password password_hash revision)};
    return $PROFILE->tidy({ $PROFILE->defaults, enabled => 1, login => undef, %{ $before // {} }, %new });
}

sub save_profile ($self, $profile) {
    my $password = $profile->{password};
    my $before = defined $profile->{name} ? $self->profile($profile->{name}) : undef;
    my $tidy = $self->whole_profile($profile, $before);
    my @problems = $self->problems($tidy, $password, $before);
    _refuse('profile', \@problems) if @problems;
    $self->_store_profile($tidy, $password, $before);
    return $self->profile($tidy->{name});
}

sub _store_profile ($self, $whole, $password, $before) {
    my $hash = defined $password && length $password
        ? Koha::Plugin::ConnexionGateway::Password->hash($password)
        : $before ? $before->{password_hash} : undef;
    $hash = undef if $whole->{authentication} eq 'koha';
    my $login = $whole->{authentication} eq 'koha' ? undef : $whole->{login};
    my %body = map { $_ => $whole->{$_} } $PROFILE->members;
    my $table = $self->_table('profiles');
    $self->{koha}->transaction(sub ($dbh) {
        $dbh->do(
            "INSERT INTO $table (name, login, password_hash, enabled, body) VALUES (?, ?, ?, ?, ?)"
                . ' ON DUPLICATE KEY UPDATE login = VALUES(login), password_hash = VALUES(password_hash),'
                . ' enabled = VALUES(enabled), body = VALUES(body), revision = revision + 1',
            undef, $whole->{name}, $login, $hash, $whole->{enabled} ? 1 : 0, $JSON->encode(\%body));
        return;
    });
    return;
}

sub delete_profile ($self, $name) {
    my $table = $self->_table('profiles');
    return $self->{koha}->transaction(
        sub ($dbh) { return $dbh->do("DELETE FROM $table WHERE name = ?", undef, $name) > 0 });
}

# ---------------------------------------------------------------- validation

sub problems ($self, $profile, $password = undef, $before = undef) {
    return ($PROFILE->problems($self->{koha}, $profile), $self->_login_problems($profile, $password, $before));
}

sub _login_problems ($self, $profile, $password, $before) {
    return if ($profile->{authentication} // '') ne 'profile';
    my @problems;
    my $login = $profile->{login} // '';
    push @problems, { field => 'login', code => 'missing' } if !length $login;
    push @problems, { field => 'login', code => 'too_long', value => $login, most => 190 }
        if length $login > 190;
    my ($other) = grep { ($_->{login} // '') eq $login && $_->{name} ne ($profile->{name} // '') }
        @{ $self->profiles };
    push @problems, { field => 'login', code => 'login_in_use', value => $other->{name} } if $other;
    push @problems, { field => 'password', code => 'missing' }
        if !(defined $password && length $password) && !($before && $before->{password_hash});
    push @problems, { field => 'password', code => 'too_long', most => 72 }
        if defined $password && length $password > 72;
    push @problems, { field => 'write_as', code => 'missing' } if !length($profile->{write_as} // '');
    return @problems;
}

sub _refuse ($what, $problems) {
    Koha::Plugin::ConnexionGateway::Error->throw(
        code => "settings.bad_$what",
        message => join("\n", map { $PROFILE->sentence($_) } @{$problems}),
        values => { problems => $problems },
    );
    return;
}

# ---------------------------------------------------------------- rules for the core

sub rules ($self, $profile, $record_type, $patron = undef) {
    my $prefix = $record_type eq 'authority' ? 'authority_' : '';
    my $found = $self->_matching_rule($profile, "${prefix}matching_rule");
    my %document = (
        schema_version => 1, record_type => $record_type, mode => $profile->{mode},
        matching_rule => $found ? $found->{rule} : undef,
        on_match => $profile->{"${prefix}overlay_action"},
        on_no_match => $profile->{"${prefix}nomatch_action"},
        several_matches => $profile->{several_matches},
        no_match_keys => $profile->{no_match_keys}, item_conflict => $profile->{item_conflict},
        target_field => scalar $PROFILE->field_name($profile->{target_field}), guards => _guards($profile),
        local_fields => [ map { $PROFILE->local_field($_) } @{ $profile->{local_fields} } ],
        $record_type eq 'authority' ? (items => 'ignore') : $self->_biblio_rules($profile, $patron),
    );
    return { matcher_id => $found ? $found->{id} : undef, document => \%document };
}

sub _matching_rule ($self, $profile, $member) {
    my $code = $profile->{$member} // '';
    return if $code eq '';
    my $found = $self->{koha}->matching_rule($code);
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'settings.rule_gone',
        message => qq{The matching rule "$code" of the profile "$profile->{name}" is no longer in Koha.})
        if !$found;
    return $found;
}

sub _guards ($profile) {
    my %guards = map { $_ => $profile->{"guard_$_"} ? JSON::PP::true : JSON::PP::false }
        qw(briefer_level older edited other_kind other_language other_number other_title);
    return { %guards, fewer_fields => 0 + $profile->{guard_fewer_fields} };
}

sub _biblio_rules ($self, $profile, $patron) {
    my $koha = $self->{koha};
    my %codes = %{ $koha->item_fields };
    my $item_tag = delete $codes{tag};
    my $control_number = $koha->preference('autoControlNumber') // 'OFF';
    return (
        items => $profile->{item_action}, item_tag => $item_tag, item_subfields => \%codes,
        item_source => scalar _item_source($profile), item_defaults => _item_defaults($profile, $patron),
        koha_numbers_tag => $koha->biblionumber_tag,
        oclc_into_035 => $control_number eq 'OFF' || $control_number eq '' ? JSON::PP::false : JSON::PP::true,
        koha_overlay_rules => $koha->has_overlay_rules ? JSON::PP::true : JSON::PP::false,
    );
}

sub _item_source ($profile) {
    my @mappings = map { $PROFILE->item_mapping($_) } @{ $profile->{item_source} } or return;
    return { tag => $mappings[0]{tag}, subfields => { map { $_->{from} => $_->{to} } @mappings } };
}

my %ENCODING = (utf8 => 'utf-8', marc8 => 'marc-8');

# For records that go to the Client, as Core::ClientRules takes them.
sub client_rules ($self, $profile, $record_type, $encoding = undef) {
    my $source = $profile->{client_items} eq 'item_source' ? _item_source($profile) : undef;
    my %back = $source ? reverse %{ $source->{subfields} } : ();
    return {
        schema_version => 1, record_type => $record_type, encoding => $ENCODING{ $encoding // $profile->{client_encoding} },
        local_fields => $profile->{client_local_fields}, item_tag => $self->{koha}->item_fields->{tag},
        items => $source ? { tag => $source->{tag}, subfields => \%back } : undef,
    };
}

sub _item_defaults ($profile, $patron) {
    my %defaults = map { $_ => $profile->{"default_$_"} } qw(homebranch holdingbranch itype ccode);
    for my $column (qw(homebranch holdingbranch)) {
        $defaults{$column} = $patron ? $patron->{branch} : undef if $defaults{$column} eq '@patron';
    }
    return { map { $_ => $defaults{$_} } grep { length($defaults{$_} // '') } keys %defaults };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Settings - profiles and the service's settings

=head1 DESCRIPTION

SQL on the plugin's own tables. What a profile holds is described in
L<Koha::Plugin::ConnexionGateway::Profile>; C<password> is only ever taken, never given.

=head1 METHODS

=head2 new(koha => $koha)

=head2 service

The service's settings with their defaults, by name.

=head2 service_faults(\%values)

What is wrong with them, as L<Koha::Plugin::ConnexionGateway::ServiceSettings> tells it.

=head2 save_service(\%values)

Saves those, and gives them all. Raises C<settings.bad_service>, whose message says every problem, and
saves nothing then.

=head2 only_profile

The one profile there is, the defaults of a new one where there is none, or undef where there are several.

=head2 blank_profile

A new profile's defaults.

=head2 profiles, profile($name), profile_for_login($login)

Profiles with every member set.

=head2 whole_profile(\%profile)

A profile with every member, as C<save_profile> would save it.

=head2 save_profile(\%profile), delete_profile($name)

Members not given keep their value, or take the default. Raises C<settings.bad_profile> whose
message says every problem, and whose values hold them as C<problems>.

=head2 problems(\%profile, $password, \%before)

The problems as C<{field, code, value}>.

=head2 client_rules(\%profile, $record_type, $encoding)

The rules for records that go to the Client; an encoding that is given (C<utf8>, C<marc8>) goes before the profile's.

=head2 rules(\%profile, $record_type, \%patron)

C<{matcher_id, document}>: the rules as the core takes them, with the patron's library where the
profile says C<@patron>. Raises C<settings.rule_gone>.

=cut
