package Koha::REST::V1::Auth;

# SPDX-License-Identifier: GPL-3.0-or-later

use Mojo::Base 'Mojolicious::Controller', -signatures;

use C4::Auth;
use C4::Context;
use Koha::Patrons;
use MIME::Base64    qw(decode_base64);
use Sandbox::Sessions;

# Before every request: who it is, what they may, and what the route takes.
sub under ($c) {
    return if !$c->openapi->valid_input;
    my $spec  = $c->match->endpoint->pattern->defaults->{'openapi.op_spec'};
    my $asked = $spec->{'x-koha-authorization'};
    my ($patron, $refusal, $status) = $c->_who;
    return $c->_refuse($status // 401, $refusal) if $refusal;
    $c->stash('koha.user' => $patron);
    my $wanted = $asked->{permissions};
    return $c->_refuse(403, 'Authorization failure. Missing required permission(s).', required_permissions => $wanted)
        if $asked && !C4::Auth::haspermission($patron->userid, $wanted);
    my %known = map { $_->{name} => 1 } grep { $_->{in} eq 'query' } @{ $spec->{parameters} };
    my @wrong = grep { !$known{$_} } @{ $c->req->query_params->names };
    return 1 if !@wrong;
    $c->render(status => 400, json => [map { { path => "/query/$_", message => 'Malformed query string' } } @wrong]);
    return 0;
}

sub _refuse ($c, $status, $error, %more) {
    $c->render(status => $status, json => { error => $error, %more });
    return 0;
}

# (patron) or (undef, what is said, the status where it isn't 401)
sub _who ($c) {
    my $header = $c->req->headers->authorization // '';
    return $c->_who_by_password($1) if $header =~ /\ABasic (.*)/;
    my $session = $c->cookie('CGISESSID');
    my ($status) = C4::Auth::check_cookie_auth($session, undef, {});
    return (undef, $status eq 'expired' ? 'Session has been expired.' : 'Authentication failure.')
        if $status ne 'ok';
    return Koha::Patrons->find({ userid => Sandbox::Sessions->userid($session) });
}

# Without a user environment.
sub _who_by_password ($c, $credentials) {
    return (undef, 'Basic authentication disabled') if !C4::Context->preference('RESTBasicAuth');
    my ($userid, $password) = split /:/, decode_base64($credentials), 2;
    my $patron = Koha::Patrons->find({ userid => $userid });
    return (undef, 'Invalid password', 403)
        if !$patron || !C4::Auth::checkpw_hash($password // '', $patron->password // '!');
    C4::Context->interface('api');
    return $patron;
}

1;
