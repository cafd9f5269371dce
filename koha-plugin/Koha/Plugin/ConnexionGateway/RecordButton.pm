package Koha::Plugin::ConnexionGateway::RecordButton;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Schema;
use Koha::Plugin::ConnexionGateway::Texts;

# Nothing for who may not use the plugin's tools.
sub html ($class, $plugin, $cgi) {
    my $number = scalar $cgi->param('biblionumber') // '';
    return '' if $number !~ /\A[0-9]{1,9}\z/;
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    my $userid = $koha->current_userid // return '';
    return '' if $koha->missing_permissions($userid, [ plugins => 'tool' ]);
    return '' if !Koha::Plugin::ConnexionGateway::Schema->has_table($koha, 'exports');
    my $texts = Koha::Plugin::ConnexionGateway::Texts->new($koha->language($cgi));
    my $run = '/cgi-bin/koha/plugins/run.pl?class=' . ref($plugin) . '&method=tool';
    my $count = $class->_count($koha, $number);
    return join '',
        $count ? _button('exports', 'exchange', "$run&page=record&type=biblio&id=$number", $texts->text('record.button', { count => $count })) : '',
        _button('send', 'share', "$run&page=send&type=biblio&ids=$number", $texts->text('send.button'));
}

sub _button ($name, $icon, $address, $text) {
    return sprintf '<div class="btn-group"><a id="connexiongateway-%s" class="btn btn-default" href="%s">'
        . '<i class="fa fa-%s" aria-hidden="true"></i> %s</a></div>', $name, _escaped($address), $icon, _escaped($text);
}

sub _count ($class, $koha, $number) {
    my $table = $koha->table('exports');
    return scalar $koha->dbh->selectrow_array(
        "SELECT COUNT(*) FROM $table WHERE record_type = 'biblio' AND record_id = ? AND preview = 0", undef, $number);
}

my %ENTITY = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');

sub _escaped ($text) { return $text =~ s/([&<>"])/$ENTITY{$1}/gr }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::RecordButton - the ways from a record of the catalogue to the exports that touched it, and to the Client

=head1 METHODS

=head2 html($plugin, $cgi)

Buttons for the toolbar of Koha's page of a record, or an empty text.

=cut
