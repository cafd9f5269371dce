package Sandbox::RestApi;

# SPDX-License-Identifier: GPL-3.0-or-later

use Mojo::Base 'Mojolicious', -signatures;

require C4::Context;
require Koha::REST::Plugin::PluginRoutes;
require Koha::REST::V1::Auth;

use Sandbox::RestApi::Validator;

my $BASE = '/api/v1';

sub startup ($self) {
    $self->log->level('warn');
    $self->secrets([C4::Context->config('pass')]);
    push @{ $self->routes->namespaces }, 'Koha::REST::V1', 'Koha::Plugin';
    my $spec = {
        swagger  => '2.0',
        basePath => $BASE,
        info     => { title => 'The routes of plugins', version => '1' },
        paths    => {}
    };
    $self->plugin('Koha::REST::Plugin::PluginRoutes' =>
            { spec => $spec, validator => Sandbox::RestApi::Validator->new });
    $self->plugins->on(openapi_routes_added => \&_tell_specs);
    $self->hook(around_action => \&_tell_route);
    $self->plugin(
        OpenAPI => {
            spec                        => $spec,
            route                       => $self->routes->under($BASE)->to('Auth#under'),
            skip_validating_specification => 1
        }
    );
    return;
}

# As the plugin OpenAPI of that time did.
sub _tell_specs ($openapi, $routes) {
    for my $route (@{$routes}) {
        my $at = $route->pattern->defaults;
        my $spec = $openapi->validator->get([paths => @{$at}{qw(openapi.path openapi.method)}]);
        $route->to({ 'openapi.op_spec' => $spec });
    }
    return;
}

# So that the route is known before it is reached.
sub _tell_route ($next, $c, $action, $last) {
    my $at = $c->match->endpoint->pattern->defaults;
    $c->stash->{$_} //= $at->{$_} for qw(openapi.method openapi.path);
    return $next->();
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::RestApi - the part of Koha's REST API that concerns plugins

=head1 DESCRIPTION

An application of Mojolicious with the routes of plugins alone: C<Koha::REST::Plugin::PluginRoutes> puts them in
and C<Koha::REST::V1::Auth> decides who may, as in Koha. On the sandbox both are its own; on a real Koha
they are Koha's. The whole application of 19.06 can't be loaded where JSON::Validator is of version 5.

=cut
