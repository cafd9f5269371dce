package ConnexionTest::Verbatim;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The verbatim paragraphs of a file's POD, each a string.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Pod::Simple';

use Exporter qw(import);

our @EXPORT_OK = qw(verbatim_of);

sub verbatim_of ($file) {
    my $parser = __PACKAGE__->new;
    $parser->merge_text(1);
    $parser->{verbatim} = [];
    $parser->parse_file($file);
    return @{ $parser->{verbatim} };
}

# What Pod::Simple calls at each event.
sub _handle_element_start ($self, $name, $attributes) { $self->{element} = $name; return }
sub _handle_element_end   ($self, $name, @)           { return }

sub _handle_text ($self, $text) {
    push @{ $self->{verbatim} }, $text if $self->{element} eq 'Verbatim';
    return;
}

1;
