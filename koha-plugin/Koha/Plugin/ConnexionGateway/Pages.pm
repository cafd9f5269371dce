package Koha::Plugin::ConnexionGateway::Pages;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::Settings;

my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

my @TEXT_FIELDS = qw(name description authentication login write_as matching_rule target_field
    overlay_action nomatch_action item_action mode framework several_matches no_match_keys
    guard_fewer_fields item_conflict default_homebranch default_holdingbranch default_itype default_ccode
    retry_window authority_matching_rule authority_overlay_action authority_nomatch_action);

my @TICKED = qw(enabled preview guard_briefer_level guard_older guard_edited guard_other_kind
    guard_other_language guard_other_number guard_other_title);

my @LINES = qw(koha_logins local_fields item_source);

sub new ($class, %args) {
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    return bless {
        plugin => $args{plugin}, cgi => $args{plugin}{cgi}, koha => $koha,
        settings => Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha),
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
    }, $class;
}

# ---------------------------------------------------------------- set-up

sub configure ($self) {
    my $op = scalar $self->{cgi}->param('op') // '';
    return $self->_save_profile if $op eq 'cud-save_profile';
    return $self->_delete_profile if $op eq 'cud-delete_profile';
    my $name = scalar $self->{cgi}->param('profile');
    my $profile = defined $name ? $self->{settings}->profile($name) : undef;
    return $self->_show_configure(profile => $profile, new => $op eq 'new_profile' ? 1 : 0);
}

sub _show_configure ($self, %page) {
    my $settings = $self->{settings};
    my $koha = $self->{koha};
    my $template = $self->{plugin}->get_template({ file => 'templates/configure.tt' });
    $template->param(
        csrf_token => $koha->csrf_token($self->{cgi}),
        profiles => $settings->profiles,
        profile => _for_page($page{profile}) // _for_page($settings->blank_profile),
        editing => $page{profile} || $page{new} ? 1 : 0,
        existing => $page{profile} && !$page{problems} ? 1 : 0,
        problems => [ map { { %{$_}, sentence => $PROFILE->sentence($_) } } @{ $page{problems} // [] } ],
        saved => $page{saved}, deleted => $page{deleted}, refused => $page{refused},
        rules => _with_faults($koha->matching_rules('biblio')),
        authority_rules => _with_faults($koha->matching_rules('authority')),
        frameworks => $koha->frameworks, libraries => $koha->libraries, itemtypes => $koha->itemtypes,
        collections => $koha->collections, item_field => $koha->item_fields->{tag},
        choices => $PROFILE->choices, overlay_rules => $koha->has_overlay_rules,
        service => $settings->service,
        core => Koha::Plugin::ConnexionGateway::Core->available
            ? Koha::Plugin::ConnexionGateway::Core->build : undef,
        version => $self->{plugin}->get_metadata->{version},
    );
    return $self->{plugin}->output_html($template->output);
}

# The template never sees a hash of a password.
sub _for_page ($profile) {
    return if !$profile;
    my %page = %{$profile};
    $page{has_password} = delete $page{password_hash} ? 1 : 0;
    $page{text} = { map { $_ => join "\n", @{ $page{$_} // [] } } @LINES };
    $page{takes} = { map { $_ => 1 } @{ $page{record_types} // [] } };
    return \%page;
}

sub _with_faults ($rules) {
    return [ map { { %{$_}, has_space => $_->{code} =~ /\s/ ? 1 : 0 } } @{$rules} ];
}

sub _save_profile ($self) {
    return $self->_show_configure(refused => 'csrf') if !$self->{koha}->csrf_passes($self->{cgi});
    my $profile = $self->_profile_from_form;
    my @missing = $self->{koha}->missing_permissions($self->{koha}->current_userid,
        $PROFILE->permissions($profile));
    my $saved = !@missing && eval { $self->{settings}->save_profile($profile) };
    return $self->_show_configure(saved => $saved->{name}) if $saved;
    my $problems = @missing
        ? [ map { { field => 'you', code => 'you_lack_permission', value => "$_->[0]/$_->[1]" } } @missing ]
        : _problems_of($@);
    delete $profile->{password};
    return $self->_show_configure(
        profile => { %{ $self->{settings}->blank_profile }, %{$profile} }, problems => $problems);
}

sub _problems_of ($error) {
    return $error->values->{problems} if ref $error && eval { $error->values->{problems} };
    die $error;
}

sub _profile_from_form ($self) {
    my $cgi = $self->{cgi};
    my %profile;
    for my $field (@TEXT_FIELDS) {
        my $value = scalar $cgi->param($field) // next;
        $profile{$field} = $value =~ s/\A\s+|\s+\z//gr;
    }
    my $overlay = scalar $cgi->param('overlay_framework') // '';
    $profile{overlay_framework} = $overlay eq 'keep' ? undef : $overlay eq 'default' ? '' : $overlay;
    $profile{koha_logins} = [ grep {length} split /[\s,]+/, scalar $cgi->param('koha_logins') // '' ];
    $profile{$_} = [ grep {/\S/} split /\R/, scalar $cgi->param($_) // '' ] for qw(local_fields item_source);
    $profile{record_types} = [ grep { $cgi->param("takes_$_") } qw(biblio authority) ];
    $profile{$_} = $cgi->param($_) ? 1 : 0 for @TICKED;
    my $password = scalar $cgi->param('password') // '';
    $profile{password} = $password if length $password;
    return \%profile;
}

sub _delete_profile ($self) {
    return $self->_show_configure(refused => 'csrf') if !$self->{koha}->csrf_passes($self->{cgi});
    my $name = scalar $self->{cgi}->param('profile') // '';
    my $deleted = $self->{settings}->delete_profile($name);
    return $self->_show_configure(deleted => $deleted ? $name : undef);
}

# ---------------------------------------------------------------- the log

sub tool ($self) {
    my $template = $self->{plugin}->get_template({ file => 'templates/log.tt' });
    my @exports = map { $self->_export_for_page($_) } @{ $self->{journal}->latest(100) };
    $template->param(
        exports => \@exports, counts => $self->{journal}->counts,
        version => $self->{plugin}->get_metadata->{version},
    );
    return $self->{plugin}->output_html($template->output);
}

sub _export_for_page ($self, $export) {
    return {
        %{$export},
        url => defined $export->{record_id}
            ? $self->{koha}->record_path($export->{record_type}, $export->{record_id}) : undef,
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages - the pages of the staff interface

=head1 METHODS

=head2 new(plugin => $plugin)

=head2 configure, tool

Called by the plugin class for Koha's run.pl.

=cut
