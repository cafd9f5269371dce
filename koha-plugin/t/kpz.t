#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The .kpz: the same bytes each time, and in it what its list of compiled cores says.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Zip qw(:ERROR_CODES);
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Find qw(find);
use File::Path qw(make_path);
use File::Temp ();
use FindBin ();
use JSON::PP ();
use Test::More;

use lib "$FindBin::RealBin/lib";
use GatewayTest qw(content);
use Koha::Plugin::ConnexionGateway::Core;

my $PLUGIN = 'Koha/Plugin/ConnexionGateway';
my $ROOT = $INC{"$PLUGIN/Core.pm"} =~ s{/\Q$PLUGIN\E/Core[.]pm\z}{}r;
my $PROJECT = abs_path("$FindBin::RealBin/../..");
my $FOLDER = File::Temp->newdir;

sub pack_kpz ($plugin, $name) {
    system $^X, "$PROJECT/koha-plugin/assemble.pl", 'pack', $plugin, "$FOLDER/$name", $PROJECT;
    return "$FOLDER/$name";
}

my $kpz = pack_kpz($ROOT, 'one.kpz');
my $copy = "$FOLDER/elsewhere/plugin";
make_path("$FOLDER/elsewhere");
system 'cp', '-r', $ROOT, $copy;
is(sha256_hex(content(pack_kpz($copy, 'two.kpz'))), sha256_hex(content($kpz)), 'packed twice, from two folders: the same bytes');

my $zip = Archive::Zip->new;
is($zip->read($kpz), AZ_OK, 'it can be read');
my @names = sort $zip->memberNames;
my @files;
find(sub { push @files, $File::Find::name =~ s{\A\Q$ROOT\E/}{}r if -f }, "$ROOT/Koha");
is_deeply(\@names, [ sort @files ], 'it holds what the tests ran from');
is_deeply([ grep { !m{\A\Q$PLUGIN\E(?:[.]pm\z|/)} } @names ], [], 'all below one name');

my $manifest = JSON::PP::decode_json($zip->contents("$PLUGIN/core/manifest.json"));
is($manifest->{source}, sha256_hex(scalar $zip->contents("$PLUGIN/source.tar")), 'the source of its cores is within');
my %listed;
for my $build (@{ $manifest->{builds} }) {
    my $name = "$PLUGIN/core/$build->{path}";
    my $octets = $zip->contents($name) // '';
    my $what = "perl $build->{perl} ($build->{archname})";
    is(sha256_hex($octets), $build->{sha256}, "$what: as its list says");
    is(length $octets, $build->{size}, "$what: its size");
    like($build->{path}, qr{\Aperl-\Q$build->{perl}-$build->{archname}\E/\Q@{[ substr $build->{sha256}, 0, 12 ]}\E/Core[.]so\z},
        "$what: in a path with perl, architecture and hash");
    ok(index($octets, $PROJECT) < 0, "$what: it names no folder of the machine that built it");
    $listed{$name} = 1;
}
is_deeply([ grep { /[.]so\z/ && !$listed{$_} } @names ], [], 'no other core');
my %perl = map { ("$_->{perl} $_->{archname}" => 1) } @{ $manifest->{builds} };
is(scalar keys %perl, scalar @{ $manifest->{builds} }, 'one for each perl');
for my $other (glob "\Q$PROJECT\E/build/cores/*/manifest.json") {
    my $made = JSON::PP::decode_json(content($other));
    next if $made->{source} ne $manifest->{source};
    ok($perl{"$_->{perl} $_->{archname}"}, "the one for perl $_->{perl} that was made is within") for @{ $made->{builds} };
}

done_testing;
