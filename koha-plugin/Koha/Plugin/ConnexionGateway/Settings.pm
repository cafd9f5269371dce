package Koha::Plugin::ConnexionGateway::Settings;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Password;

my $JSON = JSON::PP->new->utf8->canonical;

# What a profile may hold: default, and the values allowed or the check. Koha's words throughout.
our %PROFILE = (
    description => { default => '' },
    authentication => { default => 'profile', values => [qw(profile koha)] },
    koha_logins => { default => [] },
    write_as => { default => '' },
    record_types => { default => ['biblio'] },
    matching_rule => { default => '' },
    overlay_action => { default => 'replace', values => [qw(replace create_new ignore)] },
    nomatch_action => { default => 'create_new', values => [qw(create_new ignore)] },
    item_action => {
        default => 'always_add',
        values => [qw(always_add add_only_for_matches add_only_for_new ignore replace)],
    },
    mode => { default => 'direct', values => [qw(direct stage)] },
    framework => { default => '' },
    overlay_framework => { default => undef },
    several_matches => { default => 'hold', values => [qw(hold best refuse)] },
    no_match_keys => { default => 'add', values => [qw(add hold refuse)] },
    item_conflict => { default => 'item', values => [qw(item export)] },
    retry_window => { default => 600, number => [ 0, 86_400 ] },
    authority_matching_rule => { default => '' },
    authority_overlay_action => { default => 'replace', values => [qw(replace create_new ignore)] },
    authority_nomatch_action => { default => 'create_new', values => [qw(create_new ignore)] },
);

# The service's own settings.
our %SERVICE = (
    bind => '127.0.0.1',
    port => 8000,
    max_connections => 600,
    max_connections_per_address => 120,
    max_request_bytes => 2_000_000,
    max_request_records => 100,
    first_byte_timeout => 60,
    between_bytes_timeout => 8,
    request_timeout => 120,
    idle_timeout => 60,
    answer_within => 8,
    max_importers => 2,
    importer_idle => 300,
    importer_exports => 500,
    import_timeout => 120,
    max_queue => 500,
    queue_timeout => 60,
    drain_timeout => 30,
    allow => '',
    log_format => 'text',
    wrong_login_delay => 1,
    keep_data => 1,
);

sub new ($class, %args) { return bless { koha => $args{koha} }, $class }

sub _table ($self, $name) { return $self->{koha}->table($name) }

# ---------------------------------------------------------------- service

sub service ($self) {
    my %values = %SERVICE;
    my $rows = $self->{koha}->dbh->selectall_arrayref('SELECT name, value FROM ' . $self->_table('settings'));
    $values{ $_->[0] } = $_->[1] for grep { exists $values{ $_->[0] } } @{$rows};
    return \%values;
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
    my $body = $JSON->decode($row->{body});
    return {
        (map { $_ => _copy($PROFILE{$_}{default}) } keys %PROFILE),
        (map { $_ => $body->{$_} } grep { exists $PROFILE{$_} } keys %{$body}),
        name => $row->{name}, login => $row->{login}, enabled => $row->{enabled} ? 1 : 0,
        revision => 0 + $row->{revision}, password_hash => $row->{password_hash},
    };
}

sub blank_profile ($class) {
    return { (map { $_ => _copy($PROFILE{$_}{default}) } keys %PROFILE), name => '', login => '', enabled => 1 };
}

sub choices ($class) {
    return { map { $_ => $PROFILE{$_}{values} } grep { $PROFILE{$_}{values} } keys %PROFILE };
}

sub _copy ($value) { return ref $value eq 'ARRAY' ? [ @{$value} ] : $value }

sub save_profile ($self, $profile) {
    my %new = %{$profile};
    my $password = delete $new{password};
    my $before = defined $new{name} ? $self->profile($new{name}) : undef;
    my %whole = (
        (map { $_ => _copy($PROFILE{$_}{default}) } keys %PROFILE),
        enabled => 1, login => undef,
        ($before ? %{$before} : ()),
        (map { $_ => $new{$_} } grep { $_ ne 'password_hash' && $_ ne 'revision' } keys %new),
    );
    my @problems = $self->problems(\%whole, $password, $before);
    _refuse('profile', \@problems) if @problems;
    $self->_store_profile(\%whole, $password, $before);
    return $self->profile($whole{name});
}

sub _store_profile ($self, $whole, $password, $before) {
    my $hash = defined $password && length $password
        ? Koha::Plugin::ConnexionGateway::Password->hash($password)
        : $before ? $before->{password_hash} : undef;
    $hash = undef if $whole->{authentication} eq 'koha';
    my $login = $whole->{authentication} eq 'koha' ? undef : $whole->{login};
    my %body = map { $_ => $whole->{$_} } keys %PROFILE;
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
    return (
        _unknown_members($profile), _name_problems($profile), _value_problems($profile),
        $self->_login_problems($profile, $password, $before),
        $self->_rule_problems($profile, 'matching_rule', 'biblio', 'overlay_action'),
        $self->_rule_problems($profile, 'authority_matching_rule', 'authority', undef),
        $self->_koha_problems($profile),
    );
}

sub _unknown_members ($profile) {
    my %known = map { $_ => 1 } keys %PROFILE, qw(name login enabled revision password_hash);
    return map { { field => $_, code => 'unknown_setting', value => $_ } }
        grep { !$known{$_} } sort keys %{$profile};
}

sub _name_problems ($profile) {
    my $name = $profile->{name} // '';
    return { field => 'name', code => 'missing' } if !length $name;
    return { field => 'name', code => 'bad_name', value => $name }
        if $name !~ /\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z/;
    return;
}

sub _value_problems ($profile) {
    my @problems;
    for my $field (sort keys %PROFILE) {
        my ($spec, $value) = ($PROFILE{$field}, $profile->{$field});
        push @problems, { field => $field, code => 'not_a_choice', value => $value // '',
            choices => $spec->{values} }
            if $spec->{values} && !grep { $_ eq ($value // '') } @{ $spec->{values} };
        push @problems, { field => $field, code => 'not_a_list' }
            if ref $spec->{default} eq 'ARRAY' && !_is_list($value);
        push @problems, { field => $field, code => 'out_of_range', value => $value // '',
            range => $spec->{number} }
            if $spec->{number} && !_in_range($value, @{ $spec->{number} });
    }
    return @problems;
}

sub _is_list ($value) { return ref $value eq 'ARRAY' && !grep { !defined || ref } @{$value} }

sub _in_range ($value, $least, $most) {
    return defined $value && $value =~ /\A\d{1,9}\z/ && $value >= $least && $value <= $most;
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

sub _rule_problems ($self, $profile, $field, $record_type, $action) {
    my $code = $profile->{$field} // '';
    if (!length $code) {
        return if !$action || ($profile->{$action} // '') ne 'replace';
        return { field => $field, code => 'replace_without_rule' };
    }
    return { field => $field, code => 'rule_has_space', value => $code } if $code =~ /\s/;
    my $found = $self->{koha}->matching_rule($code);
    return { field => $field, code => 'no_such_rule', value => $code,
        choices => [ map { $_->{code} } @{ $self->{koha}->matching_rules($record_type) } ] }
        if !$found;
    return { field => $field, code => 'rule_of_other_type', value => $code }
        if $found->{rule}{record_type} ne $record_type;
    return { field => $field, code => 'rule_without_matchpoint', value => $code }
        if !@{ $found->{rule}{matchpoints} };
    return;
}

sub _koha_problems ($self, $profile) {
    my @problems;
    my $frameworks = $self->{koha}->frameworks;
    for my $field (qw(framework overlay_framework)) {
        my $code = $profile->{$field} // '';
        push @problems, { field => $field, code => 'no_such_framework', value => $code }
            if length $code && !exists $frameworks->{$code};
    }
    my $userid = $profile->{write_as} // '';
    if (($profile->{authentication} // '') eq 'profile' && length $userid) {
        push @problems, $self->_patron_problems($profile, $userid);
    }
    return @problems;
}

sub _patron_problems ($self, $profile, $userid) {
    my $patron = $self->{koha}->patron(userid => $userid)
        or return { field => 'write_as', code => 'no_such_patron', value => $userid };
    return { field => 'write_as', code => 'patron_expired', value => $userid } if $patron->{expired};
    return map { { field => 'write_as', code => 'missing_permission', value => "$_->[0]/$_->[1]" } }
        $self->{koha}->missing_permissions($patron->{userid}, $self->permissions($profile));
}

# What a profile's patron must be allowed to do in Koha, as [module, permission].
sub permissions ($class, $profile) {
    my @wanted = ([ tools => 'stage_marc_import' ]);
    return @wanted if $profile->{mode} eq 'stage';
    push @wanted, [ tools => 'manage_staged_marc' ], [ editcatalogue => 'edit_catalogue' ];
    push @wanted, [ editcatalogue => 'edit_items' ] if $profile->{item_action} ne 'ignore';
    push @wanted, [ editauthorities => '*' ]
        if grep { $_ eq 'authority' } @{ $profile->{record_types} // [] };
    return @wanted;
}

my %LABELS = (
    name => 'Name', login => 'Login', password => 'Password', write_as => 'Writes as patron',
    koha_logins => 'Koha logins', authentication => 'Authentication',
    matching_rule => 'Record matching rule', overlay_action => 'Action if matching record found',
    nomatch_action => 'Action if no match is found', item_action => 'How to process items',
    item_conflict => 'An item that can not be added', mode => 'Mode', framework => 'Framework for new records',
    overlay_framework => 'Framework for overlaid records', several_matches => 'Several records match equally',
    no_match_keys => 'Nothing to match on', retry_window => 'Repeats',
    authority_matching_rule => 'Matching rule for authorities',
    authority_overlay_action => 'Matching authority found',
    authority_nomatch_action => 'No matching authority', you => 'Your account',
);

my %SENTENCES = (
    missing => 'must be given.',
    bad_name => '"%s" may hold letters, digits, dot, hyphen and underscore only.',
    not_a_choice => '"%s" is no choice.',
    out_of_range => '"%s" is out of range.',
    not_a_list => 'must be a list of words.',
    unknown_setting => 'there is no such setting.',
    too_long => 'is too long.',
    login_in_use => 'is the login of the profile "%s" already.',
    replace_without_rule => 'is needed where matching records are to be replaced.',
    rule_has_space => 'the code "%s" has a space. Codes of matching rules have none: change it in Koha first.',
    no_such_rule => 'there is no matching rule "%s" in this Koha.',
    rule_of_other_type => 'the matching rule "%s" is for another type of record.',
    rule_without_matchpoint => 'the matching rule "%s" has no match point.',
    no_such_framework => 'there is no framework "%s" in this Koha.',
    no_such_patron => 'there is no patron "%s" in this Koha.',
    patron_expired => 'the account of the patron "%s" has expired.',
    missing_permission => 'this patron lacks the permission %s.',
    you_lack_permission => 'it lacks the permission %s, so you can not save a profile that uses it.',
);

sub sentence ($class, $problem) {
    my $format = $SENTENCES{ $problem->{code} } // $problem->{code};
    my $text = $format =~ /%s/ ? sprintf($format, $problem->{value} // '') : $format;
    $text .= ' There are: ' . join(', ', @{ $problem->{choices} }) . '.' if @{ $problem->{choices} // [] };
    my $label = $LABELS{ $problem->{field} };
    my $name = !$label ? $problem->{field} : $problem->{field} eq 'you' ? $label : "$label ($problem->{field})";
    return "$name: $text";
}

sub _refuse ($what, $problems) {
    Koha::Plugin::ConnexionGateway::Error->throw(
        code => "settings.bad_$what",
        message => join("\n", map { __PACKAGE__->sentence($_) } @{$problems}),
        values => { problems => $problems },
    );
    return;
}

# ---------------------------------------------------------------- rules for the core

sub rules ($self, $profile, $record_type) {
    my $prefix = $record_type eq 'authority' ? 'authority_' : '';
    my $code = $profile->{"${prefix}matching_rule"};
    my $found = length($code // '') ? $self->{koha}->matching_rule($code) : undef;
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'settings.rule_gone',
        message => qq{The matching rule "$code" of the profile "$profile->{name}" is no longer in Koha.})
        if length($code // '') && !$found;
    my $item = $record_type eq 'authority' ? undef : $self->{koha}->item_fields;
    my %document = (
        schema_version => 1, record_type => $record_type, mode => $profile->{mode},
        matching_rule => $found ? $found->{rule} : undef,
        on_match => $profile->{"${prefix}overlay_action"},
        on_no_match => $profile->{"${prefix}nomatch_action"},
        items => $record_type eq 'authority' ? 'ignore' : $profile->{item_action},
        several_matches => $profile->{several_matches},
        no_match_keys => $profile->{no_match_keys}, item_conflict => $profile->{item_conflict},
    );
    if ($item) {
        $document{item_tag} = $item->{tag};
        $document{item_subfields} = { map { $_ => $item->{$_} } grep { $_ ne 'tag' } keys %{$item} };
    }
    return { matcher_id => $found ? $found->{id} : undef, document => \%document };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Settings - profiles and the service's settings

=head1 DESCRIPTION

SQL on the plugin's own tables, and the checks that a profile must pass before it is saved. A
profile is a hash: C<name>, C<login>, C<enabled>, C<revision> and the members of C<%PROFILE>,
whose names and values are Koha's own where Koha has them (C<overlay_action>,
C<nomatch_action>, C<item_action>). C<password> is only ever taken, never given.

=head1 METHODS

=head2 new(koha => $koha)

=head2 service

The service's settings with their defaults.

=head2 blank_profile, choices

A new profile's defaults; the values allowed for each member that is a choice.

=head2 profiles, profile($name), profile_for_login($login)

Profiles with every member set.

=head2 save_profile(\%profile), delete_profile($name)

Members not given keep their value, or take the default. Raises C<settings.bad_profile> whose
message says every problem, and whose values hold them as C<problems>.

=head2 problems(\%profile, $password, \%before), sentence(\%problem)

The problems as C<{field, code, value}>, and one in words.

=head2 permissions(\%profile)

The permissions that a profile's patron needs, as C<[module, permission]>.

=head2 rules(\%profile, $record_type)

C<{matcher_id, document}>: the rules as the core takes them. Raises C<settings.rule_gone>.

=cut
