package Koha::Plugin::ConnexionGateway::Pages::Profile;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Profile;

my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

# The form: sections, and how each member of a profile is asked for. Koha's lists are named by the
# method of the adapter that gives them.
my @SECTIONS = (
    [ name => [ text => 'name' ], [ text => 'description' ], [ flag => 'enabled' ], [ flag => 'preview' ] ],
    [ who => [ choice => 'authentication' ], [ text => 'login', 'profile' ], [ password => 'password', 'profile' ],
        [ text => 'write_as', 'profile' ], [ lines => 'koha_logins', 'koha' ] ],
    [ matching => [ types => 'record_types' ], [ rule => 'matching_rule' ], [ text => 'target_field' ],
        [ choice => 'overlay_action' ], [ choice => 'nomatch_action' ], [ choice => 'several_matches' ],
        [ choice => 'no_match_keys' ] ],
    [ guards => [ flag => 'guard_briefer_level' ], [ number => 'guard_fewer_fields' ], [ flag => 'guard_older' ],
        [ flag => 'guard_edited' ], [ flag => 'guard_other_kind' ], [ flag => 'guard_other_language' ],
        [ flag => 'guard_other_number' ], [ flag => 'guard_other_title' ] ],
    [ local => [ lines => 'local_fields' ] ],
    [ items => [ choice => 'item_action' ], [ choice => 'item_conflict' ], [ lines => 'item_source' ],
        [ libraries => 'default_homebranch' ], [ libraries => 'default_holdingbranch' ],
        [ itemtypes => 'default_itype' ], [ collections => 'default_ccode' ] ],
    [ import => [ choice => 'mode' ], [ frameworks => 'framework' ], [ frameworks => 'overlay_framework' ],
        [ number => 'retry_window' ] ],
    [ authorities => [ authority_rule => 'authority_matching_rule' ], [ choice => 'authority_overlay_action' ],
        [ choice => 'authority_nomatch_action' ] ],
    [ client => [ choice => 'client_encoding' ], [ lines => 'client_local_fields' ], [ choice => 'client_items' ] ],
);

# The value of a select for an overlay framework that is not chosen: that of the record stays.
my $KEEP = '-keep-';

sub menu_entry ($self) { return '' }

sub scripts ($class) { return 'profile' }

sub texts_of_scripts ($class) { return 'profile' }

sub changes ($class) { return { check => 'check', save => 'save' } }

sub show ($self) {
    my ($profile, $title) = $self->_asked_for;
    my $existing = defined $self->param('name') ? 1 : 0;
    return $self->render('profile', title => $title, existing => $existing, name => $profile->{name},
        has_password => $existing && $profile->{password_hash} ? 1 : 0,
        sections => [ map { $self->_section($profile, @{$_}) } @SECTIONS ],
        overlay_rules => $self->koha->has_overlay_rules);
}

sub _asked_for ($self) {
    my ($name, $from) = ($self->param('name'), $self->param('copy'));
    return ($self->settings->blank_profile, $self->t('profile.new_title')) if !defined($name // $from);
    my $profile = $self->settings->profile($name // $from)
        or $self->refuse('profile.no_such', 404, name => $name // $from);
    return ($profile, $self->t('profile.edit_title', name => $name)) if defined $name;
    return ({ %{$profile}, name => '', login => '' }, $self->t('profile.copy_title', name => $from));
}

# ---------------------------------------------------------------- the form

sub _section ($self, $profile, $name, @fields) {
    return {
        name => $name, help => $self->{texts}->has("profile.section.$name.help") ? 1 : 0,
        fields => [ map { $self->_field($profile, @{$_}) } @fields ],
    };
}

sub _field ($self, $profile, $kind, $name, $when = undef) {
    my $value = $profile->{$name};
    $value = $KEEP if $name eq 'overlay_framework' && !defined $value;
    my %field = (kind => $kind, name => $name, when => $when, value => $value,
        help => $self->{texts}->has("profile.$name.help") ? 1 : 0);
    my $options = $self->can("_${kind}_options");
    return { %field, kind => 'select', options => $self->$options($name, $value // '') } if $options;
    return { %field, value => join "\n", @{ $value // [] } } if $kind eq 'lines';
    return { %field, range => $PROFILE->range($name) } if $kind eq 'number';
    return { %field, value => { map { $_ => 1 } @{ $value // [] } } } if $kind eq 'types';
    return \%field;
}

sub _option ($self, $value, $text, $chosen, $note = undef) {
    return { value => $value, text => $text, note => $note, chosen => $value eq $chosen ? 1 : 0 };
}

sub _choice_options ($self, $name, $chosen) {
    return [ map { $self->_option($_, $self->t("profile.$name.$_"), $chosen) } @{ $PROFILE->choices->{$name} } ];
}

sub _rule_options ($self, $name, $chosen) { return $self->_rules('biblio', $chosen) }

sub _authority_rule_options ($self, $name, $chosen) { return $self->_rules('authority', $chosen) }

sub _rules ($self, $type, $chosen) {
    my @rules = @{ $self->koha->matching_rules($type) };
    return [
        $self->_option('', $self->t('profile.no_rule'), $chosen),
        $self->_gone($chosen, map { $_->{code} } @rules),
        map { $self->_option($_->{code}, "$_->{code} \x{2013} $_->{description}", $chosen, $self->_rule_note($_->{code})) }
            @rules,
    ];
}

# What is wrong with a rule of Koha's, if anything.
sub _rule_note ($self, $code) {
    return $self->t('profile.rule_has_space_note') if $code =~ /\s/;
    my $rule = ($self->koha->matching_rule($code) // return)->{rule};
    return $self->t('profile.rule_no_point_note') if !@{ $rule->{matchpoints} };
    my @unknown = $PROFILE->unknown_normalizers($rule) or return;
    return $self->t('profile.rule_unknown_norm_note', value => join ', ', @unknown);
}

sub _gone ($self, $chosen, @known) {
    return if $chosen eq '' || grep { $_ eq $chosen } @known;
    return $self->_option($chosen, $self->t('profile.gone', value => $chosen), $chosen);
}

sub _of_koha ($self, $list, $chosen, @first) {
    return [
        @first, $self->_gone($chosen, keys %{$list}, map { $_->{value} } @first),
        map { $self->_option($_, "$_ \x{2013} $list->{$_}", $chosen) } sort grep {length} keys %{$list},
    ];
}

sub _none ($self, $chosen) { return $self->_option('', $self->t('profile.none'), $chosen) }

sub _libraries_options ($self, $name, $chosen) {
    return $self->_of_koha($self->koha->libraries, $chosen, $self->_none($chosen),
        $self->_option('@patron', $self->t('profile.patron_library'), $chosen));
}

sub _itemtypes_options ($self, $name, $chosen) {
    return $self->_of_koha($self->koha->itemtypes, $chosen, $self->_none($chosen));
}

sub _collections_options ($self, $name, $chosen) {
    return $self->_of_koha($self->koha->collections, $chosen, $self->_none($chosen));
}

sub _frameworks_options ($self, $name, $chosen) {
    my @first = $self->_option('', $self->t('profile.default_framework'), $chosen);
    return $self->_of_koha($self->koha->frameworks, $chosen, @first) if $name eq 'framework';
    unshift @first, $self->_option($KEEP, $self->t('profile.keep_framework'), $chosen);
    return $self->_of_koha($self->koha->frameworks, $chosen, @first);
}

# ---------------------------------------------------------------- what the script sends

sub check ($self) {
    my ($profile, $before) = $self->_sent;
    my $tidy = $PROFILE->tidy({ %{ $self->settings->blank_profile }, %{$profile} });
    my $password = delete $tidy->{password};
    return $self->json({ problems => $self->_told($self->_lacking($tidy),
        $self->settings->problems($tidy, $password, $before)) });
}

sub save ($self) {
    my ($profile, $before) = $self->_sent;
    my @lacking = $self->_lacking($profile);
    return $self->_not_saved(@lacking) if @lacking;
    my $saved = eval { $self->settings->save_profile($profile) };
    return $self->json({ saved => $saved->{name}, next => $self->url('configure', '', saved => $saved->{name}) }) if $saved;
    my $error = $@;
    my $problems = ref $error && eval { $error->values->{problems} } or die $error;
    return $self->_not_saved(@{$problems});
}

sub _not_saved ($self, @problems) { return $self->json({ problems => $self->_told(@problems) }) }

sub _told ($self, @problems) {
    return [ map { { field => $_->{field}, sentence => $PROFILE->sentence($_, $self->{texts}) } } @problems ];
}

# Only who holds every permission that a profile uses may save it.
sub _lacking ($self, $profile) {
    return map { { field => 'you', code => 'you_lack_permission', value => "$_->[0]/$_->[1]" } }
        $self->koha->missing_permissions($self->userid, $PROFILE->permissions($profile));
}

sub _sent ($self) {
    my $document = $self->document;
    my %profile = %{ $document->{profile} // {} };
    delete $profile{$_} for qw(password_hash revision);
    $profile{overlay_framework} = undef if ($profile{overlay_framework} // '') eq $KEEP;
    delete $profile{password} if !length($profile{password} // '');
    my $before = length($profile{name} // '') ? $self->settings->profile($profile{name}) : undef;
    $self->refuse('profile.exists', 409, name => $profile{name}) if $before && !$document->{existing};
    return (\%profile, $before);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Profile - one profile: made, copied, edited

=head1 METHODS

=head2 show

The form, of the profile C<name>, of a copy of C<copy>, or of a new one.

=head2 check, save

What a script sends is C<{existing, profile}>; answered by C<{problems: [{field, sentence}]}>, or by C<{saved, next}>.

=cut
