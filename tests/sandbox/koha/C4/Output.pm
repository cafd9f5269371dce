package C4::Output;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use Exporter 'import';
use Sandbox::Strict qw(one_of);

our @EXPORT = qw(output_html_with_http_headers output_with_http_headers);

my %TYPE =
    (html => 'text/html', json => 'application/json', js => 'text/javascript', xml => 'text/xml');

sub output_html_with_http_headers ($query, $cookie, $data, $status = undef, $extra = undef) {
    return output_with_http_headers($query, $cookie, $data, 'html', $status, $extra);
}

sub output_with_http_headers (
    $query, $cookie, $data, $content_type,
    $status = undef,
    $extra = undef
) {
    one_of('output_with_http_headers', $content_type, keys %TYPE);
    my @headers = (
        'Status: ' . ($status // '200 OK'),
        "Content-Type: $TYPE{$content_type}; charset=UTF-8",
        'Cache-Control: no-cache, no-store',
        'X-Frame-Options: SAMEORIGIN'
    );
    binmode STDOUT, ':raw';
    my $body = utf8::is_utf8($data) ? Encode::encode('UTF-8', $data) : $data;
    print join("\r\n", @headers), "\r\n\r\n", $body;
    return;
}

1;
