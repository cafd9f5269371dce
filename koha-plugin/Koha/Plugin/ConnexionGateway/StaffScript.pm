package Koha::Plugin::ConnexionGateway::StaffScript;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Texts;

# The pages of Koha's that it has something to do on. Every page asks.
my $PAGES = qr{/(?:catalogue/search|virtualshelves/shelves|basket/basket|authorities/detail)[.]pl\z};

# Nothing for who may not send, and on other pages.
sub html ($class, $plugin, $page) {
    return '' if $page !~ $PAGES;
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    my $userid = $koha->current_userid // return '';
    return '' if $koha->missing_permissions($userid, [ plugins => 'tool' ]);
    require CGI;
    my $cgi = CGI->new;
    my $texts = Koha::Plugin::ConnexionGateway::Texts->new($koha->language($cgi));
    my %data = (address => '/cgi-bin/koha/plugins/run.pl?class=' . ref($plugin) . '&method=tool&page=send',
        label => $texts->text('send.button'), choose => $texts->text('send.choose'));
    my $version = $plugin->get_metadata->{version};
    return sprintf '<script src="%s/js/staff.js?v=%s"%s></script>', $plugin->get_plugin_http_path, $version,
        join '', map { sprintf ' data-%s="%s"', $_, _escaped($data{$_}) } sort keys %data;
}

my %ENTITY = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');

sub _escaped ($text) { return $text =~ s/([&<>"])/$ENTITY{$1}/gr }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::StaffScript - the script for Koha's pages that have no hook for a button

=head1 METHODS

=head2 html($plugin, $page)

The element that loads the script on the page with that address, or an empty text.

=cut
