# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Config      qw(%Config);
use Digest::SHA ();
use File::Copy  qw(copy);
use File::Path  qw(make_path);
use File::Temp  ();
use JSON::PP    ();

use ConnexionTest qw(copy_modules plugin_dir perl_says);

my $core = 'Koha::Plugin::ConnexionGateway::Core';
my $load = "use $core; $core->load; print 'loaded ', $core->version;";
my $say  = "use $core;" . q(print eval { ) . "$core->load" . q( } ? 'loaded' : $@->code . ": $@";);

my $build = $core->build;
is $build->{perl},     join('.', (split /[.]/, $Config{version})[0, 1]), 'the build fits this perl';
is $build->{archname}, $Config{archname},                                'and its architecture';
is(Digest::SHA->new(256)->addfile($build->{file}, 'b')->hexdigest, $build->{sha256}, 'sha256');
like $build->{path}, qr{/@{[substr $build->{sha256}, 0, 12]}/Core[.]so\z}, 'is part of the path';
is $build->{version},                                                $core->version, 'version';
is scalar(grep { $_->{path} eq $build->{path} } @{ $core->builds }), 1, 'builds names it';

my $symbols = `nm -D --defined-only $build->{file}`;
is join(' ', $symbols =~ /^\S+ \w (\S+)$/mg), 'boot_Koha__Plugin__ConnexionGateway__Core',
    'one symbol is exported';

like perl_says(plugin_copy(), $load), qr/\Aloaded \Q$build->{version}\E\z/, 'loads from any folder';

subtest 'version handshake' => sub {
    my $root = plugin_copy();
    stamp($root, '9.8.7');
    my $said = perl_says($root, $say);
    like $said, qr/\Acore[.]version: /,    'another version of the facade dies';
    like $said, qr/\Q$build->{version}\E/, 'naming what was compiled';
    like $said, qr/9[.]8[.]7/,             'and what is there';
    is perl_says($root, "use $core; print $core->available for 1, 2"), '00', 'available says no, as often as it is asked';
};

subtest 'no build fits' => sub {
    my $root = plugin_copy();
    manifest($root, [{ %$build, perl => '5.10', archname => 'vax-vms' }]);
    my $said = perl_says($root, $say);
    like $said, qr/\Acore[.]no_build: /,     'code';
    like $said, qr/\Q$Config{archname}\E/,   'names this architecture';
    like $said, qr/perl 5[.]10 \(vax-vms\)/, 'and what there is';
    like $said, qr{: \Q$^X $root\E/Koha/Plugin/ConnexionGateway/bin/connexion-gateway build-core },
        'and the command that builds one';
    is perl_says($root, "use $core; print defined $core->build ? 1 : 0, $core->available"), '00',
        'build and available say so without dying';
    unlink manifest_file($root);
    like perl_says($root, $say), qr/\Acore[.]no_build: .*none at all/, 'no manifest';
};

subtest 'damaged' => sub {
    my $root = plugin_copy();
    open my $out, '>:raw', shared_object($root) or die $!;
    print {$out} 'x' x $build->{size};
    close $out;
    like perl_says($root, $say),   qr/\Acore[.]not_loadable: .*Core[.]so/, 'not a shared object';
    unlike perl_says($root, $say), qr/line \d+/,                           'in words for people';
    truncate shared_object($root), 1000 or die $!;
    like perl_says($root, $say), qr/\Acore[.]damaged: .*1000 bytes, not $build->{size}/,
        'cut short';
    unlink shared_object($root);
    like perl_says($root, $say), qr/\Acore[.]damaged: /, 'missing';
    open $out, '>:raw', manifest_file($root) or die $!;
    print {$out} '{"builds": 7}';
    close $out;
    like perl_says($root, $say), qr/\Acore[.]manifest: /, 'manifest that is none';
};

done_testing;

sub plugin_copy () {
    state @kept;
    my $root = File::Temp->newdir;
    push @kept, $root;
    copy_modules($root);
    make_path(shared_object($root) =~ s{/[^/]+\z}{}r);
    copy($build->{file}, shared_object($root)) or die "$build->{file}: $!";
    manifest($root, [$build]);
    return "$root";
}

sub folder        ($root) { return "$root/Koha/Plugin/ConnexionGateway/core" }
sub shared_object ($root) { return folder($root) . "/$build->{path}" }
sub manifest_file ($root) { return folder($root) . '/manifest.json' }

sub manifest ($root, $builds) {
    open my $out, '>:raw', manifest_file($root) or die $!;
    print {$out} JSON::PP::encode_json({ builds => $builds });
    close $out;
    return;
}

sub stamp ($root, $version) {
    open my $out, '>:raw', "$root/Koha/Plugin/ConnexionGateway/Version.pm" or die $!;
    print {$out} "package Koha::Plugin::ConnexionGateway::Version; our \$VERSION = '$version'; 1;\n";
    close $out;
    return;
}
