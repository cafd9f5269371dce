# SPDX-License-Identifier: GPL-3.0-or-later
#
# Which of several builds is taken, where they are looked for, and whether a restart is due.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Digest::SHA ();
use File::Copy  qw(copy);
use File::Path  qw(make_path);
use File::Temp  ();
use JSON::PP    ();

use ConnexionTest qw(copy_modules plugin_dir perl_says);

my $core   = 'Koha::Plugin::ConnexionGateway::Core';
my $plugin = 'Koha/Plugin/ConnexionGateway';
my $own    = $core->build;
my $source = 'the source';
my $sha256 = Digest::SHA::sha256_hex($source);
my %other  = (%$own, path => 'other/0123/Core.so');

my $which   = "use $core; \$core = '$core';" . q(print $core->available ? $core->loaded->{file} : $core->unavailable);
my $answers = "use $core; \$core = '$core'; print ";

subtest 'one built on the server' => sub {
    my $root = plugin_copy();
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'without one, that of the package';
    my $built = "$root/$plugin/core/built";
    builds($built, $sha256, {%other});
    is perl_says($root, $which), "$built/$other{path}", 'goes before that of the package';
    is perl_says($root, $answers . q(join ' ', map { $_->{origin} . $_->{fits} . $_->{loaded} } @{ $core->status->{builds} })),
        'built11 package10', 'status says which is loaded';

    put("$built/$other{path}", 'x' x $own->{size});
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'that of the package, where it cannot be loaded';
    unlink "$built/$other{path}";
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'or is gone';
    put("$built/manifest.json", '{');
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'or its list is damaged';
};

subtest 'one built from the source of another version' => sub {
    my $root = plugin_copy();
    builds("$root/$plugin/core/built", $sha256, {%other});
    put("$root/$plugin/source.tar", 'newer source');
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'is not taken';
    builds("$root/$plugin/core", '', { %$own, perl => '5.10' });
    like perl_says($root, $which),
        qr/no compiled core for perl.*; there is one for perl \Q$own->{perl}\E [^;]* of another version, perl 5[.]10/,
        'nor where there is no other';
    unlink "$root/$plugin/source.tar";
    like perl_says($root, $which), qr/no compiled core/, 'nor without the source';
};

subtest 'a folder of its own' => sub {
    my $root  = plugin_copy();
    my $named = File::Temp->newdir;
    builds("$named", $sha256, {%other});
    my $conf = "$root/koha-conf.xml";
    local $ENV{KOHA_CONF} = $conf;
    my %taken = (
        "<config><connexion_gateway_core> $named </connexion_gateway_core></config>" => "$named/$other{path}",
        "<!-- <connexion_gateway_core>$named</connexion_gateway_core> -->"            => undef,
        '<connexion_gateway_core>core</connexion_gateway_core>'                       => undef,
        '<connexion_gateway_core></connexion_gateway_core>'                           => undef,
        '<connexion_gateway_core>/nowhere</connexion_gateway_core>'                   => undef,
    );
    for my $xml (sort keys %taken) {
        put($conf, $xml);
        is perl_says($root, $which), $taken{$xml} // "$root/$plugin/core/$own->{path}", $xml;
    }
    unlink $conf;
    is perl_says($root, $which), "$root/$plugin/core/$own->{path}", 'no koha-conf.xml';
};

subtest 'restart' => sub {
    my $root  = plugin_copy();
    my $until = sub ($change) { perl_says($root, "use $core; \$core = '$core'; \$core->load; $change; print \$core->restart_due // 'not due'") };
    is $until->(''), 'not due', 'not due';
    my $version = "$root/$plugin/Version.pm";
    is $until->("rename '$version', '$version.old'; open my \$out, '>', '$version'; print {\$out} qq(our \\\$VERSION = '9.9.9';\\n); close \$out"),
        "version $own->{version} runs, and version 9.9.9 is on the disk", 'another version is uploaded';
    rename "$version.old", $version or die $!;

    my $manifest = "$root/$plugin/core/manifest.json";
    is $until->("rename '$manifest', '$manifest.old'"), 'the compiled core that runs is no longer on the disk', 'the plugin is deleted';
    rename "$manifest.old", $manifest or die $!;
    builds("$root/$plugin/core/new", '', { %$own, sha256 => 'another' });
    is $until->("rename '$root/$plugin/core/new/manifest.json', '$manifest'"), 'another compiled core runs than the one on the disk',
        'another core is there';
    is perl_says($root, "use $core; print $core->restart_due(version => '$own->{version}', core => undef) // 'not due'"),
        'not due', 'a process that has loaded none';
};

done_testing;

sub plugin_copy () {
    state @kept;
    my $root = File::Temp->newdir;
    push @kept, $root;
    copy_modules($root);
    put("$root/$plugin/source.tar", $source);
    builds("$root/$plugin/core", $sha256, {%$own});
    return "$root";
}

sub builds ($folder, $of, @builds) {
    for my $build (@builds) {
        make_path("$folder/$build->{path}" =~ s{/[^/]+\z}{}r);
        copy($own->{file}, "$folder/$build->{path}") or die "$own->{file}: $!";
        delete @$build{qw(file fits origin outdated)};
    }
    return put("$folder/manifest.json", JSON::PP::encode_json({ source => $of, builds => \@builds }));
}

sub put ($file, $content) {
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} $content;
    close $out or die "$file: $!";
    return;
}
