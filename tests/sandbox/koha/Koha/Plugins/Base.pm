package Koha::Plugins::Base;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use C4::Languages;
use C4::Output;
use Carp            qw(croak);
use Cwd             qw(abs_path);
use File::Basename  qw(dirname);
use Sandbox::Strict qw(newer options);

# Installs or upgrades the plugin in whatever process makes the object.
sub new ($class, $args = {}) {
    return if !C4::Context->config('enable_plugins') && !$args->{enable_plugins};
    my $self      = bless { %{$args}, class => $class }, $class;
    my $version   = $self->get_metadata->{version};
    my $installed = $self->retrieve_data('__INSTALLED_VERSION__') || 0;
    if ($self->can('install') && !$self->retrieve_data('__INSTALLED__')) {
        $self->_install($version);
    } elsif ($self->can('upgrade')) {
        if (_version_compare($version, $installed) == 1) { $self->_upgrade($version) }
    } elsif ($version ne $installed) {
        $self->store_data({ __INSTALLED_VERSION__ => $version });
    }
    $self->{_bundle_path} = $self->_find_bundle;
    return $self;
}

sub _install ($self, $version) {
    if (!$self->install) {
        warn "Plugin $self->{class} failed during installation!";
        return;
    }
    $self->store_data({ __INSTALLED__         => 1, __ENABLED__ => 1 });
    $self->store_data({ __INSTALLED_VERSION__ => $version }) if $version;
    return;
}

sub _upgrade ($self, $version) {
    if ($self->upgrade) { $self->store_data({ __INSTALLED_VERSION__ => $version }) }
    else                { warn "Plugin $self->{class} failed during upgrade!" }
    return;
}

# The folder beside the class's file that has its name.
sub _find_bundle ($self) {
    my $file = $self->{class} =~ s{::}{/}gr . '.pm';
    my $path = $INC{$file} // return;
    return abs_path($path =~ s/\.pm\z//r);
}

sub bundle_path ($self) { return $self->{_bundle_path} }

sub mbf_dir ($self) { return $self->{_bundle_path} // $self->_find_bundle }

sub mbf_exists ($self, $file) { return -e $self->mbf_dir . "/$file" }

sub mbf_path ($self, $file) {
    my $path = $self->mbf_dir . "/$file";
    croak "There is no file $file in the plugin's folder" if !-e $path;
    return $path;
}

sub mbf_read ($self, $file) {
    open my $in, '<', $self->mbf_path($file) or croak "cannot read '$file': $!";
    local $/ = undef;
    return scalar <$in>;
}

sub store_data ($self, $data) {
    my $dbh = C4::Context->dbh;
    for my $key (sort keys %{$data}) {
        $dbh->do(
            'replace into plugin_data (plugin_class, plugin_key, plugin_value) values (?, ?, ?)',
            undef, $self->{class}, $key, $data->{$key});
    }
    return;
}

sub retrieve_data ($self, $key) {
    return
        scalar C4::Context->dbh->selectrow_array(
        'select plugin_value from plugin_data where plugin_class = ? and plugin_key = ?',
        undef, $self->{class}, $key);
}

sub get_metadata ($self, @) { return $self->{metadata} }

sub get_qualified_table_name ($self, $name) {
    return lc join '_', split(/::/, $self->{class}), $name;
}

sub get_plugin_http_path ($self) { return '/plugin/' . join '/', split /::/, $self->{class} }

sub get_plugin_dir ($self) {
    my $base = C4::Context->config('pluginsdir');
    return (ref $base ? $base->[0] : $base) . '/' . join '/', split /::/, $self->{class};
}

sub get_template ($self, $args) {
    options('get_template', $args, 'file');
    require C4::Auth;
    my $file = $args->{file} =~ m{\A/} ? $args->{file} : $self->mbf_path($args->{file});
    my ($template) = C4::Auth::get_template_and_user(
        {
            template_name   => $file,
            query           => $self->{cgi},
            type            => 'intranet',
            authnotrequired => 1,
            newer() ? (is_plugin => 1) : (),
        }
    );
    $template->param(
        CLASS       => $self->{class},
        METHOD      => scalar $self->{cgi}->param('method'),
        PLUGIN_PATH => $self->get_plugin_http_path,
        PLUGIN_DIR  => $self->get_plugin_dir,
        newer() ? (LANG => C4::Languages::getlanguage($self->{cgi})) : (),
    );
    return $template;
}

sub output ($self, $data, $content_type, $status = undef, $extra = undef) {
    C4::Output::output_with_http_headers($self->{cgi}, undef, $data, $content_type, $status,
        $extra);
    return;
}

sub output_html ($self, $data, $status = undef, $extra = undef) {
    return $self->output($data, 'html', $status, $extra);
}

sub go_home ($self, @) {
    print $self->{cgi}->redirect('/cgi-bin/koha/plugins/plugins-home.pl');
    return;
}

sub is_enabled ($self) { return $self->retrieve_data('__ENABLED__') }

sub enable ($self) {
    $self->store_data({ __ENABLED__ => 1 });
    return $self;
}

sub disable ($self) {
    $self->store_data({ __ENABLED__ => 0 });
    return $self;
}

sub _version_compare ($one, $other) {
    my @one   = split /[.+:~-]/, $one   // 0;
    my @other = split /[.+:~-]/, $other // 0;
    for my $place (0 .. ($#one > $#other ? $#one : $#other)) {
        my $order = int($one[$place] // 0) <=> int($other[$place] // 0);
        return $order if $order;
    }
    return 0;
}

1;
