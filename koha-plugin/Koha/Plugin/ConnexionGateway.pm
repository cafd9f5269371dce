package Koha::Plugin::ConnexionGateway;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;

# Koha lets a superlibrarian call any sub of this package by URL, imported ones too: so nothing is
# imported here, and what is not meant to be a page is no sub of this package.
use parent -norequire, 'Koha::Plugins::Base';

require Koha::Plugins::Base;
require Koha::Plugin::ConnexionGateway::Version;

our $VERSION = $Koha::Plugin::ConnexionGateway::Version::VERSION;

our $METADATA = {
    name => 'Connexion Gateway',
    author => 'Connexion Gateway contributors',
    description => 'Takes records that OCLC Connexion Client exports into Koha, by the rules of'
        . ' the library.',
    date_authored => '2026-11-23',
    date_updated => '2026-11-23',
    minimum_version => '19.05.00.000',
    maximum_version => '',
    version => $VERSION,
    namespace => 'connexiongateway',
};

sub new {
    my ($class, $args) = @_;
    return $class->go_home if ref $class;    # a visitor's URL calls it of an object
    $args->{metadata} = { %{$METADATA}, class => $class };
    return $class->SUPER::new($args);
}

sub configure {
    my ($self) = @_;
    require Koha::Plugin::ConnexionGateway::Pages;
    return Koha::Plugin::ConnexionGateway::Pages->new(plugin => $self)->configure;
}

sub tool {
    my ($self) = @_;
    require Koha::Plugin::ConnexionGateway::Pages;
    return Koha::Plugin::ConnexionGateway::Pages->new(plugin => $self)->tool;
}

# Koha makes an object of this class, and so may call this, at every save of a record. DDL commits:
# an upgrade must wait where an export is being written. A process that has loaded an older Version and
# Schema keeps both, and so never takes the tables for upgraded.
sub install {
    return 0 if $Koha::Plugin::ConnexionGateway::Koha::in_transaction;
    require Koha::Plugin::ConnexionGateway::Koha;
    require Koha::Plugin::ConnexionGateway::Schema;
    return Koha::Plugin::ConnexionGateway::Schema->install(
        Koha::Plugin::ConnexionGateway::Koha->new);
}

sub upgrade {
    my ($self) = @_;
    return $self->install;
}

# What only Koha itself may call does nothing for a visitor, whose object is given a request.

# Koha's own page calls this when the plugin is deleted.
sub uninstall {
    my ($self) = @_;
    return $self->go_home if $self->{cgi};
    require Koha::Plugin::ConnexionGateway::Uninstall;
    return Koha::Plugin::ConnexionGateway::Uninstall->run($self);
}

# Koha's REST API asks for these when it starts.
sub api_namespace { return 'connexiongateway' }

sub api_routes {
    my ($self) = @_;
    return $self->go_home if $self->{cgi};
    require JSON::PP;
    my $file = __FILE__ =~ s{[.]pm\z}{/openapi.json}r;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/ = undef;
    return JSON::PP->new->utf8->decode(scalar <$in>);
}

# Koha's nightly job goes on to the next plugin whatever becomes of this.
sub cronjob_nightly {
    my ($self) = @_;
    return $self->go_home if $self->{cgi};
    require Koha::Plugin::ConnexionGateway::Koha;
    require Koha::Plugin::ConnexionGateway::CleanUp;
    require Koha::Plugin::ConnexionGateway::Settings;
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    my $days = Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha)->service->{keep_exports};
    return Koha::Plugin::ConnexionGateway::CleanUp->new(koha => $koha, days => $days)->run;
}

# Whatever becomes of this, the record is shown.
sub intranet_catalog_biblio_enhancements_toolbar_button {
    my ($self) = @_;
    my $button = eval {
        require CGI;
        require Koha::Plugin::ConnexionGateway::RecordButton;
        Koha::Plugin::ConnexionGateway::RecordButton->html($self, $self->{cgi} || CGI->new);
    };
    return defined $button ? $button : '';
}

# Every page of the staff interface asks for it.
sub intranet_js {
    my ($self) = @_;
    my ($page) = ($ENV{REQUEST_URI} || $ENV{SCRIPT_NAME} || '') =~ /\A([^?]*)/;
    my $script = eval {
        require Koha::Plugin::ConnexionGateway::StaffScript;
        Koha::Plugin::ConnexionGateway::StaffScript->html($self, $page);
    };
    return defined $script ? $script : '';
}

# Whatever becomes of this, the record is saved.
sub after_biblio_action {
    my ($self, $arguments) = @_;
    return $self->go_home if $self->{cgi};
    eval {
        require Koha::Plugin::ConnexionGateway::Changes;
        Koha::Plugin::ConnexionGateway::Changes->note(biblio => $arguments);
    };
    return;
}

sub after_authority_action {
    my ($self, $arguments) = @_;
    return $self->go_home if $self->{cgi};
    eval {
        require Koha::Plugin::ConnexionGateway::Changes;
        Koha::Plugin::ConnexionGateway::Changes->note(authority => $arguments);
    };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway - OCLC Gateway Export into Koha: Koha's hooks only

=head1 METHODS

=head2 new, configure, tool, install, upgrade, uninstall, api_namespace, api_routes, cronjob_nightly, intranet_catalog_biblio_enhancements_toolbar_button, intranet_js, after_biblio_action, after_authority_action

Called by Koha.

=cut
