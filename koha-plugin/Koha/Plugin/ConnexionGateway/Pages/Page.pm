package Koha::Plugin::ConnexionGateway::Pages::Page;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Spec ();
use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::PlanWords;

# In this order in the menu; the method says which permission of Koha's is needed to come here.
my @MENU = (
    [ configure => '' ], [ configure => 'move' ],
    [ tool => '' ], [ tool => 'held' ], [ tool => 'try' ], [ tool => 'send' ], [ tool => 'client' ],
    [ tool => 'service' ],
);

my $HERE = File::Spec->rel2abs(dirname(dirname(__FILE__)));

sub new ($class, %context) { return bless {%context}, $class }

sub koha ($self) { return $self->{koha} }

sub settings ($self) { return $self->{settings} }

sub journal ($self) { return $self->{journal} }

# ---------------------------------------------------------------- what a page says of itself

sub queries ($class) { return {} }

sub changes ($class) { return {} }

sub texts_of_scripts ($class) { return () }

sub scripts ($class) { return () }

sub has_tables ($class) { return 0 }

# ---------------------------------------------------------------- the request

sub param ($self, $name) {
    my $value = scalar $self->{cgi}->param($name);
    return defined $value ? $value =~ s/\A\s+|\s+\z//gr : undef;
}

sub raw_param ($self, $name) { return scalar $self->{cgi}->param($name) }

# A number, or undef where it is none.
sub number ($self, $name) {
    my $value = $self->param($name) // '';
    return $value =~ /\A[0-9]{1,9}\z/ ? 0 + $value : undef;
}

# What a script sends as JSON.
sub document ($self) {
    my $text = $self->raw_param('body') // '{}';
    utf8::encode($text) if utf8::is_utf8($text);
    my $document = eval { JSON::PP->new->utf8->decode($text) };
    $self->refuse('pages.bad_request') if ref $document ne 'HASH';
    return $document;
}

sub userid ($self) { return $self->{koha}->current_userid }

sub user ($self) { return $self->{koha}->patron(userid => $self->userid) }

sub need ($self, @permissions) {
    my @missing = $self->{koha}->missing_permissions($self->userid, @permissions) or return;
    my $list = join ', ', map {"$_->[0]/$_->[1]"} @missing;
    return $self->refuse('pages.no_permission', 403, permissions => $list);
}

# ---------------------------------------------------------------- texts

sub t ($self, $key, %values) { return $self->{texts}->text($key, \%values) }

# A plan in sentences.
sub words ($self) {
    return $self->{words} //= Koha::Plugin::ConnexionGateway::PlanWords->new($self->{texts});
}

# Ends the request: the code is the key of the sentence too.
sub refuse ($self, $code, $status = 400, %values) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => $code, message => $self->t($code, %values),
        values => { status => $status, %values });
    return;
}

# ---------------------------------------------------------------- answers

sub url ($self, $method, $page = '', %values) {
    my @pairs = (class => $self->{plugin}{class}, method => $method, (length $page ? (page => $page) : ()),
        map { ($_ => $values{$_}) } sort keys %values);
    my @parts;
    while (my ($name, $value) = splice @pairs, 0, 2) { push @parts, "$name=" . _escaped($value) }
    return '/cgi-bin/koha/plugins/run.pl?' . join '&', @parts;
}

sub _escaped ($value) {
    my $octets = "$value";
    utf8::encode($octets);
    return $octets =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

sub render ($self, $file, %values) {
    my $template = $self->{plugin}->get_template({ file => "templates/$file.tt" });
    $template->param($self->_common, %values);
    return $self->{plugin}->output_html($template->output, $values{status}, { force_no_caching => 1 });
}

sub _common ($self) {
    return (
        here => "$HERE/templates", cg_method => $self->{method}, cg_page => $self->{page},
        t => sub ($key, @values) { return $self->t($key, ref $values[0] ? %{ $values[0] } : @values) },
        page_url => sub ($method, $name = '', @values) {
            return $self->url($method, $name, ref $values[0] ? %{ $values[0] } : @values);
        },
        date => sub ($moment) { return $self->{koha}->local_time($moment) },
        menu => $self->_menu, cg_scripts => [ $self->scripts ], has_tables => $self->has_tables,
        cg_version => $self->{plugin}->get_metadata->{version},
        cg_language => $self->{texts}->language,
        cg_texts => $self->_encoded($self->{texts}->below('common', $self->texts_of_scripts)),
        csrf_token => $self->{koha}->csrf_token($self->{cgi}),
    );
}

sub _menu ($self) {
    my $userid = $self->userid;
    my %may = map { $_ => !$self->{koha}->missing_permissions($userid, [ plugins => $_ ]) } qw(configure tool);
    return [
        map {
            {   method => $_->[0], page => $_->[1], key => "menu.$_->[0]." . ($_->[1] || 'home'),
                current => $_->[0] eq $self->{method} && $_->[1] eq $self->menu_entry ? 1 : 0,
            }
        } grep { $may{ $_->[0] } } @MENU
    ];
}

# Pages that have no place of their own in the menu name the one they are below.
sub menu_entry ($self) { return $self->{page} }

# ASCII, so that no layer of output can do it harm.
sub _encoded ($self, $data) { return JSON::PP->new->ascii->canonical->encode($data) }

sub json ($self, $data, $status = 200) {
    return $self->_send('application/json; charset=utf-8', $self->_encoded($data), -status => $status);
}

sub file ($self, $octets, $type, $name) {
    my $plain = $name =~ s/[^A-Za-z0-9._-]+/-/gr;
    return $self->_send($type, $octets, -content_disposition => qq{attachment; filename="$plain"});
}

sub _send ($self, $type, $octets, @headers) {
    binmode STDOUT, ':raw' or die "cannot write octets: $!\n";
    print $self->{cgi}->header(-type => $type, -charset => '', -cache_control => 'no-store',
        -x_content_type_options => 'nosniff', @headers), $octets;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Page - what all pages of the staff interface have in common

=head1 DESCRIPTION

A page is a class below C<Pages::>. It says how it is shown (C<show>), what its scripts may ask
(C<queries>: names of C<op> and the methods that answer them) and what they may change (C<changes>: the same
with a C<cud-> in front, by POST, with a token). L<Koha::Plugin::ConnexionGateway::Pages> finds the page,
checks the token, and turns what is raised into an answer.

=head1 METHODS

=head2 new(%context)

C<plugin, cgi, koha, settings, journal, texts, method, page>.

=head2 queries, changes

By C<op>, the name of the method that answers it, with C<json> or C<file>.

=head2 scripts, texts_of_scripts, has_tables, menu_entry

Names of files in F<js/>; prefixes of the texts that those use; whether there is a table for DataTables; the
page that is marked in the menu.

=head2 koha, settings, journal, userid, user

The adapter, the settings, the journal; the login and the patron who has opened the page.

=head2 param($name), raw_param($name), number($name), document

A value of the request without blanks around it; as it came; as a number; the object that a script sent in C<body>.

=head2 need([$module, $permission], ...)

Refuses where the patron lacks one.

=head2 words

The L<Koha::Plugin::ConnexionGateway::PlanWords> of the page's language.

=head2 t($key, %values), refuse($code, $status, %values)

A text; an end of the request with the text of that key.

=head2 url($method, $page, %values)

The address of a page.

=head2 render($template, %values), json(\%data, $status), file($octets, $type, $name)

The answers.

=cut
