package Koha::Plugin::ConnexionGateway::Pages;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Settings;
use Koha::Plugin::ConnexionGateway::Texts;

# By the permission of Koha's that run.pl asks for, and the name in the address.
my %PAGES = (
    configure => { '' => 'Setup', profile => 'Profile', move => 'Move' },
    tool => { '' => 'Log', export => 'Export', record => 'Record', held => 'Held', send => 'Send', service => 'Service', try => 'Try', client => 'Client' },
);

sub new ($class, %args) {
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    return bless {
        plugin => $args{plugin}, cgi => $args{plugin}{cgi}, koha => $koha,
        settings => Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha),
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
        texts => Koha::Plugin::ConnexionGateway::Texts->new($koha->language($args{plugin}{cgi})),
    }, $class;
}

sub configure ($self) { return $self->_answer('configure') }

sub tool ($self) { return $self->_answer('tool') }

sub _answer ($self, $method) {
    my $name = scalar $self->{cgi}->param('page') // '';
    my $page = $self->_page($method, $name);
    return $self->_refused($self->_page($method, ''), { code => 'pages.no_page', status => 404 }) if !$page;
    my $op = scalar $self->{cgi}->param('op') // '';
    my $done = eval { $self->_run($page, $op); 1 };
    return $done ? undef : $self->_failed($page, $op, $@);
}

sub _page ($self, $method, $name) {
    my $short = $PAGES{$method}{$name} or return;
    my $class = "Koha::Plugin::ConnexionGateway::Pages::$short";
    require "Koha/Plugin/ConnexionGateway/Pages/$short.pm";    ## no critic (RequireBarewordIncludes)
    return $class->new(%{$self}, method => $method, page => $name);
}

sub _run ($self, $page, $op) {
    return $page->show if $op eq '';
    my $posted = ($self->{cgi}->request_method // 'GET') eq 'POST';
    if (my ($change) = $op =~ /\Acud-(\w+)\z/) {
        my $sub = $page->changes->{$change} or return $page->refuse('pages.bad_request');
        return $page->refuse('pages.bad_token', 403) if !$posted || !$self->{koha}->csrf_passes($self->{cgi});
        return $page->$sub;
    }
    my $sub = $page->queries->{$op} or return $page->refuse('pages.bad_request');
    return $page->$sub;
}

# ---------------------------------------------------------------- what went wrong

sub _failed ($self, $page, $op, $error) {
    my $status = ref $error && eval { $error->values->{status} };
    my %told = $status
        ? (code => $error->code, message => $error->message, status => $status, %{ $error->values })
        : $self->_unexpected($page, $error);
    return $self->_refused($page, \%told) if $op eq '';
    return $page->json({ error => { map { $_ => $told{$_} } grep { $_ ne 'status' } keys %told } }, $told{status});
}

# What nobody foresaw is for the log of the server; the page tells no more than that.
sub _unexpected ($self, $page, $error) {
    my $class = 'Koha::Plugin::ConnexionGateway::Error';
    my $code = $class->code_of($error);
    warn "Connexion Gateway: $error\n" if $code eq '';
    my $message = $code eq '' ? $page->t('pages.failed') : $class->text_of($error);
    return (code => $code || 'pages.failed', message => $message, status => $code eq '' ? 500 : 400);
}

sub _refused ($self, $page, $told) {
    $told->{message} //= $page->t($told->{code});
    my %line = (403 => '403 Forbidden', 404 => '404 Not Found', 500 => '500 Internal Server Error');
    return $page->render('refused', message => $told->{message}, status => $line{ $told->{status} } // '400 Bad Request');
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages - finds the page that is asked for, and answers what goes wrong

=head1 DESCRIPTION

The address is Koha's F<plugins/run.pl> with C<method> (configure or tool, which is also the permission that Koha
checks), C<page>, and C<op> where a script asks or changes something. A page without C<op> is HTML,
with it JSON or a file.

=head1 METHODS

=head2 new(plugin => $plugin)

=head2 configure, tool

Called by the plugin class for Koha's run.pl.

=cut
