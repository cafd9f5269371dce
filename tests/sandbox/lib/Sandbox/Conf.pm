package Sandbox::Conf;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp        qw(croak);
use XML::LibXML ();

my %FIXED = (
    db_scheme      => 'mysql',
    hostname       => 'localhost',
    port           => '',
    user           => 'koha',
    enable_plugins => 1
);

sub write ($class, $path, %values) {
    my $document = XML::LibXML::Document->new('1.0', 'UTF-8');
    my $root     = $document->createElement('yazgfs');
    $document->setDocumentElement($root);
    my $config = $root->appendChild($document->createElement('config'));
    my %all    = (%FIXED, %values);
    $config->appendTextChild($_, $all{$_}) for sort keys %all;
    open my $out, '>:raw', $path or croak "cannot write '$path': $!";
    chmod 0600, $path or croak "cannot protect '$path': $!";
    print {$out} $document->toString(1) or croak "cannot write '$path': $!";
    close $out                          or croak "cannot write '$path': $!";
    return;
}

sub read ($class, $path) {
    my $document = eval { XML::LibXML->load_xml(location => $path, no_network => 1) }
        or croak "cannot read '$path': $@";
    my %config;
    for my $node ($document->findnodes('/yazgfs/config/*')) {
        my ($name, $value) = ($node->nodeName, $node->textContent);
        $config{$name} =
            exists $config{$name} ? [map { ref ? @{$_} : $_ } $config{$name}, $value] : $value;
    }
    return { config => \%config };
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Conf - koha-conf.xml as the sandbox writes and reads it

=head1 METHODS

=head2 write($path, %values)

Writes Koha's C<config> element with these values. Beside Koha's own names there are C<socket>,
C<search_database> and C<generation>.

=head2 read($path)

C<{config =E<gt> {name =E<gt> value}}>; a name that occurs several times has an array, as in Koha.

=cut
