package Koha::REST::Plugin::PluginRoutes;

# SPDX-License-Identifier: GPL-3.0-or-later

use Mojo::Base 'Mojolicious::Plugin', -signatures;

use Koha::Plugins;

sub register ($self, $app, $config) {
    my $plugins = Koha::Plugins->new or return $config->{spec};
    for my $plugin ($plugins->GetPlugins({ method => 'api_namespace' })) {
        my %routes = _routes($plugin);
        my %spec   = (%{ $config->{spec} }, paths => { %{ $config->{spec}{paths} }, %routes });
        if (eval { $config->{validator}->load_and_validate_schema(\%spec); 1 }) {
            $config->{spec}{paths}{$_} = $routes{$_} for keys %routes;
        } else {
            warn "The resulting spec is invalid. Skipping " . $plugin->get_metadata->{name} . ": $@";
        }
    }
    return $config->{spec};
}

sub _routes ($plugin) {
    return if !$plugin->can('api_routes');
    my $routes = $plugin->api_routes;
    my $prefix = '/contrib/' . $plugin->api_namespace;
    return map { $prefix . $_ => $routes->{$_} } keys %{$routes};
}

1;
