package Koha::Plugin::ConnexionGateway::Http;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

our $HEAD_AT_MOST = 1024;

my %STATUS = (
    200 => 'OK', 400 => 'Bad Request', 403 => 'Forbidden', 404 => 'Not Found', 405 => 'Method Not Allowed',
    503 => 'Service Unavailable',
);

my $TEXT = 'text/plain; charset=us-ascii';
my %TYPE = (text => $TEXT, json => 'application/json', metrics => 'text/plain; version=0.0.4; charset=utf-8');

my %PAGES = (
    '/health' => { code => sub ($service, $done) { _health($service, $done) } },
    '/wishes' => { for => 'wishes', code => sub ($service, $done) { _wishes($service, $done) } },
    '/status' => { for => 'inside', code => sub ($service, $done) { $done->(200, json => $service->status_json) } },
    '/metrics' => { for => 'inside', code => sub ($service, $done) { $done->(200, metrics => $service->metrics_text) } },
);

# {method, path} as soon as the request line is whole; 0 where it can't become one.
sub parse ($class, $head, $ended = 0) {
    if ($head =~ m{\A([A-Z]{3,10}) ([!-~]{1,512})(?: HTTP/[0-9.]{1,4})?\r?\n}) {
        my ($method, $path) = ($1, $2);
        return { method => $method, path => $path =~ s/[?].*//sr };
    }
    return 0 if $ended || $head =~ /\n/ || length $head >= $HEAD_AT_MOST;
    return;
}

my %NOT_FOR_YOU = (
    inside => q{This is told on the gateway's own machine only, or on its port for it.},
    wishes => q{This may be asked on the gateway's own machine only, and from the addresses of its setting wishes_from.},
);

# $done is called with the whole answer, perhaps later. $who is a hash: `inside` (this machine, or the
# port for it), `wishes` (may ask for what is wished).
sub answer ($class, $request, $who, $service, $done) {
    my $head_only = $request && $request->{method} eq 'HEAD';
    my $send = sub ($status, $type, $text) { $done->(_response($status, $TYPE{$type}, $text, $head_only)) };
    my $page = $request ? $PAGES{ $request->{path} } : undef;
    return $send->(400, text => $service->not_for_browsers . "\n") if !$page;
    return $send->(405, text => "Only GET is possible here.\n") if $request->{method} !~ /\A(?:GET|HEAD)\z/;
    return $send->(403, text => "$NOT_FOR_YOU{ $page->{for} }\n") if $page->{for} && !$who->{ $page->{for} };
    $page->{code}->($service, $send);
    return;
}

sub _health ($service, $done) {
    my $problem = $service->problem;
    return $done->(defined $problem ? 503 : 200, text => ($problem // 'ok') . "\n");
}

sub _wishes ($service, $done) {
    $service->follow_wishes(sub ($text) { $done->(defined $text ? 200 : 503, text => ($text // 'Koha is away') . "\n") });
    return;
}

sub _response ($status, $type, $text, $head_only) {
    return join "\r\n", "HTTP/1.1 $status $STATUS{$status}", "Content-Type: $type",
        'Content-Length: ' . length $text, 'Cache-Control: no-store', 'Connection: close', '',
        $head_only ? '' : $text;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Http - what the service tells over HTTP

=head1 DESCRIPTION

C</health> for balancers and monitors; from the same machine, and those that the setting C<wishes_from> names,
C</wishes> (look at once what is wished); and, from the same
machine or on the port for it, C</status> and C</metrics>. One request a connection, no body is read.

=head1 METHODS

=head2 parse($octets, $ended)

C<{method, path}> once the first line is whole, C<0> where it is no request, undef where more must come.

=head2 answer(\%request, $who, $service, $done)

Calls C<$done> with the octets of the answer. C<$who> is a hash of what whoever asks may: C<inside>, C<wishes>. C<$service> has the methods C<problem>, C<follow_wishes>,
C<status_json>, C<metrics_text> and C<not_for_browsers>.

=cut
