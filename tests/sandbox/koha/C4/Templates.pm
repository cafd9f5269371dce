package C4::Templates;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use C4::Languages;
use CGI ();
use Cwd             qw(abs_path);
use File::Basename  qw(dirname);
use Sandbox::Strict qw(newer);
use Template;
use Template::Constants ();

my $ROOT = abs_path(dirname(__FILE__) . '/../..');

sub new ($class, %args) {
    return bless { file => $args{file}, values => {} }, $class;
}

sub param ($self, %values) {
    @{ $self->{values} }{ keys %values } = values %values;
    return;
}

sub output ($self) {
    my @includes = ("$ROOT/includes", newer() ? "$ROOT/includes-newer" : ());
    my $template = Template->new(
        {
            ABSOLUTE     => 1,
            ENCODING     => 'UTF-8',
            INCLUDE_PATH => \@includes,
            PLUGIN_BASE  => 'Koha::Template::Plugin',
        }
    );
    my %values = (
        %{ $self->{values} },
        interface  => '/intranet-tmpl',
        theme      => 'prog',
        lang       => C4::Languages::getlanguage(CGI->new),
        generation => newer() ? 'newer' : '19.06',
    );
    my $out = '';
    $template->process($self->{file}, \%values, \$out)
        or die 'Template process failed: ' . $template->error . "\n";
    return $out;
}

1;
