package Sandbox::Staff;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Auth;
use C4::AuthoritiesMarc;
use C4::Biblio;
use C4::Context;
use C4::ImportBatch;
use C4::Output;
use C4::Templates;
use CGI            qw(-utf8);
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use Koha::Patrons;
use Koha::Plugins;
use Koha::Plugins::Handler;
use Koha::Token;
use Sandbox::Sessions;
use Sandbox::Strict qw(newer);

my $ROOT   = abs_path(dirname(__FILE__) . '/../..');
my $PREFIX = '/cgi-bin/koha';

# path => [ what it does, the permission it takes ]
my %PAGES = (
    '/mainpage.pl'                 => [\&_home,      { catalogue => 1 }],
    '/catalogue/search.pl'         => [\&_records,   { catalogue => 1 }],
    '/catalogue/detail.pl'         => [\&_biblio,    { catalogue => 1 }],
    '/basket/basket.pl'            => [\&_cart,      { catalogue => 1 }],
    '/authorities/detail.pl'       => [\&_authority, { catalogue => 1 }],
    '/tools/manage-marc-import.pl' => [\&_batches,   { tools     => 'manage_staged_marc' }],
    '/plugins/plugins-home.pl'     => [\&_plugins,   { plugins   => '*' }],
    '/plugins/run.pl'              => [\&_run,       undef],
);

# Answers one request of CGI on standard output, in a process of its own.
sub answer ($class, $path) {
    my $cgi = CGI->new;
    C4::Context->interface('intranet');
    my $page = $PAGES{ $path =~ s/\A\Q$PREFIX\E//r };
    return _redirect($cgi, "$PREFIX/mainpage.pl") if $path eq '/';
    return _say(
        $cgi, 'message', '404 Not Found',
        heading => 'Not here',
        text    => 'The sandbox has no such page.'
    ) if !$page;
    my $self = bless { cgi => $cgi, session => scalar $cgi->cookie('CGISESSID') }, $class;
    if (my $refusal = $self->_forged) {
        return _say($cgi, 'message', '403 Forbidden', heading => 'Refused', text => $refusal);
    }
    return $self->_log_in
        if defined $cgi->param('userid')
        && defined $cgi->param('password')
        && $cgi->request_method eq 'POST';
    return $self->_log_out if defined $cgi->param('logout.x');
    my $status = (C4::Auth::check_cookie_auth($self->{session}, undef))[0];
    return $self->_ask_for_login if $status ne 'ok';
    my $needed = $page->[1]
        // { plugins => _plugin_permission(scalar $cgi->param('method') // '') };
    return _say(
        $cgi, 'message', '403 Forbidden',
        heading => 'No permission',
        text    => 'Your user has no permission for this page.'
    ) if !C4::Auth::haspermission(C4::Context->userenv->{id}, $needed);
    return $page->[0]->($self);
}

# As since 24.05: a change is made by POST, with a token, and its op says so.
sub _forged ($self) {
    return if !newer();
    my $cgi = $self->{cgi};
    my $op  = scalar $cgi->param('op') // '';
    if ($cgi->request_method eq 'POST') {
        return 'A POST needs an op that begins with "cud-".' if $op !~ /\Acud-/;
        return 'The form has no valid csrf_token: wrong_csrf_token.'
            if !Koha::Token->new->check_csrf(
            { session_id => $self->{session}, token => scalar $cgi->param('csrf_token') });
        return;
    }
    return 'An op that begins with "cud-" needs a POST.' if $op =~ /\Acud-/;
    return;
}

sub _plugin_permission ($method) {
    return $method =~ /\A(?:configure|tool|report|admin)\z/ ? $method : 'manage';
}

# ---------------------------------------------------------------- logging in

sub _ask_for_login ($self, %values) {
    $self->{session} = Sandbox::Sessions->begin if !Sandbox::Sessions->exists($self->{session});
    my $cgi = $self->{cgi};
    return _say(
        $cgi, 'login', '200 OK', %values,
        cookie     => _cookie($cgi, $self->{session}),
        csrf_token => _token($self->{session})
    );
}

sub _cookie ($cgi, $session) {
    return $cgi->cookie(
        -name     => 'CGISESSID',
        -value    => $session,
        -httponly => 1,
        -samesite => 'Lax',
        -path     => '/'
    );
}

sub _token ($session) { return Koha::Token->new->generate_csrf({ session_id => $session }) }

sub _log_in ($self) {
    my $cgi = $self->{cgi};
    my ($login, $password) = map { scalar $cgi->param($_) } qw(userid password);
    my @answer =
        C4::Auth::checkpw(newer() ? () : C4::Context->dbh, $login, $password, $cgi, 'staff', 1);
    return $self->_ask_for_login(failed => 1) if !@answer || $answer[0] != 1;
    my $userid = $answer[2];
    return $self->_ask_for_login(no_staff => 1)
        if !C4::Auth::haspermission($userid, { catalogue => 1 });
    Sandbox::Sessions->end($self->{session}) if $self->{session};
    return _redirect($cgi, "$PREFIX/mainpage.pl", _cookie($cgi, Sandbox::Sessions->begin($userid)));
}

sub _log_out ($self) {
    Sandbox::Sessions->end($self->{session}) if $self->{session};
    return _redirect($self->{cgi}, "$PREFIX/mainpage.pl");
}

# ---------------------------------------------------------------- pages

sub _page ($self, $name, %values) {
    my @with_script = Koha::Plugins->new({})->GetPlugins({ method => 'intranet_js' });
    return _say(
        $self->{cgi}, $name, '200 OK', %values,
        csrf_token  => _token($self->{session}),
        intranet_js => [map { $_->intranet_js } @with_script]
    );
}

sub _home ($self) { return $self->_page('home') }

sub _records ($self) {
    my $dbh     = C4::Context->dbh;
    my $biblios = $dbh->selectall_arrayref(
        'select b.biblionumber, title, author, count(itemnumber) items from biblio b left join items using (biblionumber)
            group by b.biblionumber order by b.biblionumber desc limit 200', { Slice => {} }
    );
    my $authorities = $dbh->selectall_arrayref(
        'select authid, authtypecode from auth_header order by authid desc limit 200',
        { Slice => {} });
    $_->{heading} = C4::AuthoritiesMarc::GetAuthorizedHeading({ authid => $_->{authid} })
        for @{$authorities};
    return $self->_page('records', biblios => $biblios, authorities => $authorities);
}

sub _cart ($self) {
    my @numbers = grep {/\A\d{1,10}\z/} split m{/}, scalar $self->{cgi}->param('bib_list') // '';
    my $places  = join ',', ('?') x @numbers;
    my $biblios = @numbers
        ? C4::Context->dbh->selectall_arrayref(
        "select biblionumber, title from biblio where biblionumber in ($places)",
        { Slice => {} }, @numbers)
        : [];
    return $self->_page('cart', biblios => $biblios);
}

sub _biblio ($self) {
    my $number = scalar $self->{cgi}->param('biblionumber') // '';
    my $record = $number =~ /\A\d{1,10}\z/ ? C4::Biblio::sandbox_record($number) : undef;
    return $self->_missing('The record you requested does not exist.') if !$record;
    my $items = C4::Context->dbh->selectall_arrayref(
        'select * from items where biblionumber = ? order by itemnumber',
        { Slice => {} }, $number);
    return $self->_page(
        'record',
        heading   => scalar $record->subfield('245', 'a') // 'Untitled',
        number    => $number,
        record    => _lines($record),
        items     => $items,
        plugins   => [
            Koha::Plugins->new({})->GetPlugins(
                { method => 'intranet_catalog_biblio_enhancements_toolbar_button' })
        ],
        framework => scalar C4::Biblio::GetFrameworkCode($number)
    );
}

sub _authority ($self) {
    my $number = scalar $self->{cgi}->param('authid') // '';
    my $record = $number =~ /\A\d{1,10}\z/ ? C4::AuthoritiesMarc::GetAuthority($number) : undef;
    return $self->_missing('The authority record you requested does not exist.') if !$record;
    return $self->_page(
        'record',
        heading => C4::AuthoritiesMarc::GetAuthorizedHeading({ record => $record }) // 'Authority',
        number  => $number,
        record  => _lines($record)
    );
}

sub _missing ($self, $text) {
    return _say($self->{cgi}, 'message', '404 Not Found', heading => 'Not found', text => $text);
}

sub _lines ($record) {
    return [
        { tag => 'LDR', text => $record->leader },
        map {
            {
                tag => $_->tag,
                $_->is_control_field
                ? (text => $_->data)
                : (
                    indicators => $_->indicator(1) . $_->indicator(2),
                    subfields  => [map { { code => $_->[0], text => $_->[1] } } $_->subfields]
                ),
            }
        } $record->fields
    ];
}

sub _batches ($self) {
    my $cgi   = $self->{cgi};
    my $batch = scalar $cgi->param('import_batch_id') // '';
    my $op    = scalar $cgi->param('op')              // '';
    my $undo  = newer() ? 'cud-revert-batch' : 'revert-batch';
    my @undone;
    if ($batch =~ /\A\d{1,10}\z/ && $op eq $undo) {
        @undone = (undone => [C4::ImportBatch::BatchRevertRecords($batch)]);
    }
    my $dbh = C4::Context->dbh;
    return $self->_page(
        'batches',
        batches => $dbh->selectall_arrayref(
            q{select * from import_batches where batch_type in ('batch', 'webservice') order by import_batch_id desc limit 200},
            { Slice => {} }
        )
    ) if $batch !~ /\A\d{1,10}\z/;
    my $row = C4::ImportBatch::GetImportBatch($batch)
        // return $self->_missing('There is no such batch.');
    my $records = $dbh->selectall_arrayref(
        'select r.import_record_id, record_type, status, overlay_status, title, authorized_heading, matched_biblionumber,
            matched_authid, (select count(*) from import_items i where i.import_record_id = r.import_record_id) items
            from import_records r left join import_biblios using (import_record_id)
            left join import_auths using (import_record_id) where import_batch_id = ? order by record_sequence',
        { Slice => {} }, $batch
    );
    return $self->_page('batch', batch => $row, records => $records, undo => $undo, @undone);
}

sub _plugins ($self) {
    my @plugins = map {
        {
            class    => ref $_,
            metadata => $_->get_metadata,
            methods  => [_page_methods($_)],
            enabled  => $_->is_enabled
        }
    } Koha::Plugins->new({})->GetPlugins({ all => 1 });
    return $self->_page('plugins', plugins => \@plugins);
}

sub _page_methods ($plugin) {
    return grep { $plugin->can($_) } qw(tool configure report admin);
}

sub _run ($self) {
    my $cgi = $self->{cgi};
    my ($class, $method) = map { scalar $cgi->param($_) // '' } qw(class method);
    return Koha::Plugins::Handler->run({ class => $class, method => $method, cgi => $cgi });
}

# ---------------------------------------------------------------- answers

sub _say ($cgi, $page, $status, %values) {
    my $cookie   = delete $values{cookie};
    my $template = C4::Templates->new(file => "$ROOT/pages/$page.tt");
    my $userenv  = C4::Context->userenv;
    $template->param(
        %values,
        loggedinusername => $userenv ? $userenv->{id} : undef,
        version          => C4::Context->preference('Version')
    );
    print 'Set-Cookie: ', $cookie, "\r\n" if $cookie;
    C4::Output::output_html_with_http_headers($cgi, undef, $template->output, $status);
    return;
}

sub _redirect ($cgi, $to, $cookie = undef) {
    print $cgi->redirect(-uri => $to, -status => 303, $cookie ? (-cookie => $cookie) : ());
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Staff - the staff pages of the sandbox

=head1 DESCRIPTION

A login, the records, the import batches with "undo import", and the plugins' own pages, run as Koha's
F<plugins/run.pl> does.

=head1 METHODS

=head2 answer($path)

Answers the request that the environment of CGI describes.

=cut
