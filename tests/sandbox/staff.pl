#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The web server of the sandbox's staff pages. Each request is answered by a child process, as by
# CGI: plugins are loaded anew, and nothing is left over from the request before.
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# What pages and plugins use of Koha, so that no child has to compile it.
use C4::AuthoritiesMarc;
use C4::Context;
use C4::ImportBatch;
use C4::Items;
use C4::Matcher;
use C4::Search;
use Cwd            qw(abs_path);
use DateTime;
use File::Basename qw(dirname);
use Koha::DateUtils ();
use Koha::Database;
use Koha::SearchEngine::QueryBuilder;
use Koha::SearchEngine::Search;
use MARC::Field;
use MARC::Record;
use Mojo::File qw(path tempfile);
use Mojolicious::Lite -signatures;
use Sandbox::Staff;

my $ROOT   = abs_path(dirname(__FILE__));
my $POLICY = join '; ', q{default-src 'self'}, q{script-src 'self'}, q{style-src 'self'},
    q{img-src 'self' data:},
    q{font-src 'self'}, q{object-src 'none'}, q{base-uri 'self'}, q{form-action 'self'},
    q{frame-ancestors 'self'};
my %TYPE = (
    css   => 'text/css',
    js    => 'text/javascript',
    svg   => 'image/svg+xml',
    png   => 'image/png',
    woff2 => 'font/woff2',
);

# What Koha's staff interface brings along, from Debian's packages.
my $SHARE   = '/usr/share';
my %LIBRARY = (
    'jquery.min.js'           => "$SHARE/javascript/jquery/jquery.min.js",
    'bootstrap3.min.css'      => "$SHARE/javascript/bootstrap/css/bootstrap.min.css",
    'bootstrap3.min.js'       => "$SHARE/javascript/bootstrap/js/bootstrap.min.js",
    'bootstrap5.min.css'      => "$SHARE/javascript/bootstrap5/css/bootstrap.min.css",
    'bootstrap5.min.js'       => "$SHARE/javascript/bootstrap5/js/bootstrap.bundle.min.js",
    'jquery.dataTables.js'    => "$SHARE/javascript/jquery-datatables/jquery.dataTables.min.js",
    'css/dataTables.css'      => "$SHARE/javascript/jquery-datatables/css/jquery.dataTables.min.css",
    (map { ("images/$_.png" => "$SHARE/javascript/jquery-datatables/images/$_.png") }
        qw(sort_asc sort_asc_disabled sort_both sort_desc sort_desc_disabled)),
    'css/font-awesome.css'    => "$SHARE/fonts-font-awesome/css/font-awesome.min.css",
    'fonts/fontawesome-webfont.woff2' => "$SHARE/fonts-font-awesome/fonts/fontawesome-webfont.woff2",
);

app->log->level('warn');
app->secrets([C4::Context->config('pass')]);
app->static->paths([]);

# Loaded by the parent, connected to by the children.
Koha::Database->schema->storage->disconnect;

hook after_dispatch => sub ($c) {
    my $headers = $c->res->headers;
    $headers->header('Content-Security-Policy' => $POLICY);
    $headers->header('X-Content-Type-Options'  => 'nosniff');
    $headers->header('Referrer-Policy'         => 'same-origin');
};

get '/sandbox.css' => sub ($c) { send_file($c, "$ROOT/public/sandbox.css") };

get '/intranet-tmpl/lib/*file' => sub ($c) {
    my $file = $LIBRARY{ $c->param('file') } // '';
    return send_file($c, $file);
};

get '/plugin/*file' => sub ($c) {
    my $file = $c->param('file');
    return $c->reply->not_found if $file =~ /(?:\A|\/)\.\.?(?:\/|\z)/ || $file !~ m{\AKoha/Plugin/};
    my $dirs    = C4::Context->config('pluginsdir');
    my ($found) = grep { -f } map { "$_/$file" } ref $dirs ? @{$dirs} : $dirs;
    return $found ? send_file($c, $found) : $c->reply->not_found;
};

any ['GET', 'POST'] => '/*page' => { page => '' } => sub ($c) { answer($c) };

app->start;

sub send_file ($c, $file) {
    my ($type) = map { $TYPE{$_} // () } $file =~ /\.(\w+)\z/;
    return $c->reply->not_found if !$type || !-f $file;
    $c->res->headers->content_type($type);
    return $c->render(data => path($file)->slurp);
}

sub answer ($c) {
    my $in     = tempfile;
    my $handle = $in->open('>');
    print {$handle} $c->req->body;
    close $handle or die "cannot keep the request: $!";
    my $out = tempfile;
    my $pid = fork // die "cannot fork: $!";
    if (!$pid) {
        answer_in_child($c->req, "$in", "$out");
        exec '/bin/true' or kill 'KILL', $$;    # without the destructors of the server
    }
    waitpid $pid, 0;
    return send_answer($c, $out->slurp);
}

sub answer_in_child ($request, $in, $out) {
    local %ENV = (%ENV, environment($request));
    open STDIN,  '<:raw', $in  or die "cannot read the request: $!";
    open STDOUT, '>:raw', $out or die "cannot write the answer: $!";
    my $done = eval { Sandbox::Staff->answer($request->url->path->to_string); 1 };
    if (!$done) {
        my $error = $@;
        warn $error;
        print "Status: 500 Internal Server Error\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"
            . "Connexion Gateway's sandbox (not Koha): software error\n\n$error";
    }
    close STDOUT or warn "cannot write the answer: $!";
    return;
}

sub environment ($request) {
    my $headers = $request->headers;
    return (
        GATEWAY_INTERFACE => 'CGI/1.1',
        REQUEST_METHOD    => $request->method,
        SERVER_PROTOCOL   => 'HTTP/1.1',
        QUERY_STRING      => $request->url->query->to_string,
        SCRIPT_NAME       => $request->url->path->to_string,
        REQUEST_URI       => $request->url->to_string,
        CONTENT_TYPE      => $headers->content_type // '',
        CONTENT_LENGTH    => length $request->body,
        HTTP_COOKIE       => $headers->cookie // '',
        HTTP_HOST         => $headers->host   // '',
        SERVER_NAME       => '127.0.0.1',
        REMOTE_ADDR       => '127.0.0.1',
        HTTP_REFERER      => $headers->referrer // '',
    );
}

sub send_answer ($c, $answer) {
    my ($head, $body) = split /\r?\n\r?\n/, $answer, 2;
    my $status = 200;
    for my $line (split /\r?\n/, $head // '') {
        my ($name, $value) = split /:\s*/, $line, 2;
        if (lc $name eq 'status') { ($status) = $value =~ /\A(\d+)/ }
        else                      { $c->res->headers->append($name => $value) }
    }
    return $c->render(status => $status, data => $body // '');
}
