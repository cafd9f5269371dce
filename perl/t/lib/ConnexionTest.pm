package ConnexionTest;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the facade's tests share: records made without the core, rules, the plugin's folder.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Path     qw(make_path);
use File::Spec     ();

use Koha::Plugin::ConnexionGateway::Core;

our @EXPORT_OK =
    qw(iso2709 moby_dick rules modules copy_modules plugin_dir project_dir rss_kb data_file perl_says);

my $CORE = 'Koha/Plugin/ConnexionGateway/Core';

# The folder the tests run from: where the facade was found.
sub plugin_dir () {
    return File::Spec->rel2abs($INC{"$CORE.pm"} =~ s{/\Q$CORE\E[.]pm\z}{}r);
}

sub project_dir () { return File::Spec->rel2abs(dirname(__FILE__) . '/../../..') }

# The facade's modules, whatever there are.
sub modules () {
    my $root  = plugin_dir();
    my @files = ("$root/$CORE.pm", glob "$root/$CORE/*.pm");
    return map { File::Spec->abs2rel($_, $root) =~ s{/}{::}gr =~ s/[.]pm\z//r } @files;
}

# The facade's modules below another folder.
sub copy_modules ($root) {
    for my $path (map { s{::}{/}gr . '.pm' } 'Koha::Plugin::ConnexionGateway::Version', modules()) {
        make_path(dirname("$root/$path"));
        copy(plugin_dir() . "/$path", "$root/$path") or die "$path: $!";
    }
    return;
}

# ISO 2709 from [tag, data] and [tag, indicators, code => value, ...], all octets.
sub iso2709 ($leader, @fields) {
    my ($directory, $data) = ('', '');
    for my $field (@fields) {
        my ($tag, @rest) = @$field;
        my $content = shift @rest;
        while (my ($code, $value) = splice @rest, 0, 2) { $content .= "\x1f$code$value" }
        $content   .= "\x1e";
        $directory .= sprintf '%s%04d%05d', $tag, length $content, length $data;
        $data      .= $content;
    }
    my $base = 24 + length($directory) + 1;
    substr($leader, 0,  5) = sprintf '%05d', $base + length($data) + 1;
    substr($leader, 12, 5) = sprintf '%05d', $base;
    return "$leader$directory\x1e$data\x1d";
}

sub moby_dick (@more) {
    return iso2709(
        '00000cam a2200000 a 4500',
        ['001', 'ocm00012345'],
        ['003', 'OCoLC'],
        ['008', '850423s1851    nyu           000 1 eng  '],
        ['020', '  ', a => '9780142437247 (pbk.)'],
        ['245', '10', a => 'Moby Dick, or, The whale /', c => 'Herman Melville.'],
        @more
    );
}

sub rules (%changes) {
    my @isbn = ({ tag => '020', subfields => 'a', offset => 0, length => 0, norms => ['ISBN'] });
    return {
        schema_version => 1,
        record_type    => 'biblio',
        mode           => 'direct',
        matching_rule  => {
            code            => 'ISBN',
            record_type     => 'biblio',
            threshold       => 1000,
            matchpoints     => [{ index => 'isbn', score => 1000, components => \@isbn }],
            required_checks => [],
        },
        on_match        => 'replace',
        on_no_match     => 'create_new',
        items           => 'always_add',
        several_matches => 'hold',
        no_match_keys   => 'add',
        item_conflict   => 'item',
        item_tag        => '952',
        item_subfields  => {
            barcode       => 'p',
            itemnumber    => '9',
            homebranch    => 'a',
            holdingbranch => 'b',
            itype         => 'y'
        },
        %changes
    };
}

# Resident memory of this process.
sub rss_kb () {
    open my $statm, '<', '/proc/self/statm' or die "/proc/self/statm: $!\n";
    my $pages = (split ' ', <$statm>)[1];
    close $statm;
    return $pages * 4;
}

sub data_file ($name) {
    open my $in, '<:raw', project_dir() . "/tests/data/$name" or die "$name: $!\n";
    my $octets = do { local $/ = undef; <$in> };
    close $in;
    return $octets;
}

# What a new perl prints that has only $root in front of its own folders.
sub perl_says ($root, $code) {
    local $ENV{PERL5LIB} = undef;
    open my $perl, '-|', $^X, "-I$root", '-e', "open STDERR, '>&', \\*STDOUT; \$| = 1; $code"
        or die "$^X: $!\n";
    my $output = do { local $/ = undef; <$perl> };
    close $perl;
    return $output // '';
}

1;
