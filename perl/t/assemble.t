# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Digest::SHA ();
use File::Path  qw(make_path remove_tree);
use File::Spec  ();
use File::Find  qw(find);
use File::Temp  ();
use JSON::PP    ();

use ConnexionTest qw(project_dir);

local $ENV{SOURCE_DATE_EPOCH} = 1_700_000_000;
my $CORE = 'Koha/Plugin/ConnexionGateway/core';
my $dir  = File::Temp->newdir;
my ($one, $two, $plugin) = map { "$dir/$_" } qw(one two plugin);

put("$one/Koha/Plugin/ConnexionGateway.pm",            "1;\n");
put("$one/Koha/Plugin/ConnexionGateway/bin/gateway",   "#!/bin/sh\n", oct 755);
put("$one/Koha/Plugin/ConnexionGateway/Old.pm~",       'backup');
put("$one/t/x.t",                                      'not shipped');
put("$two/Koha/Plugin/ConnexionGateway/Core/Facts.pm", "1;\n");
put("$dir/Core.so",                                    'compiled');
put("$one/Koha/Plugin/ConnexionGateway/source.tar",    'the source');

subtest 'files' => sub {
    is assemble('files', $plugin, $one, $two, "$dir/missing"), 0, 'runs';
    is_deeply [shipped($plugin)], [
        map { "Koha/Plugin/$_" }
            qw(ConnexionGateway.pm ConnexionGateway/Core/Facts.pm
            ConnexionGateway/bin/gateway ConnexionGateway/source.tar)
        ],
        'what is below Koha/, without leavings';
    ok -x "$plugin/Koha/Plugin/ConnexionGateway/bin/gateway", 'a program stays one';
    put("$two/Koha/Plugin/ConnexionGateway.pm", 'twice');
    isnt assemble('files', $plugin, $one, $two), 0, 'two sources for one file are an error';
    unlink "$two/Koha/Plugin/ConnexionGateway.pm";
};

subtest 'core' => sub {
    my @core = ('core', $plugin, "$dir/Core.so", '0.1.0', "$dir/cores");
    is assemble(@core), 0, 'runs';
    my $manifest = JSON::PP::decode_json(slurp("$plugin/$CORE/manifest.json"));
    my ($build) = @{ $manifest->{builds} };
    is slurp("$plugin/$CORE/$build->{path}"), 'compiled', 'the path leads to the file';
    is $build->{sha256},                      Digest::SHA::sha256_hex('compiled'), 'sha256';
    is $build->{size},                        8,                                   'size';
    is $manifest->{source}, Digest::SHA::sha256_hex('the source'), 'sha256 of the source';

    put("$dir/Core.so", 'recompiled');
    is assemble(@core), 0, 'after a change';
    is scalar(grep { /Core[.]so\z/ } shipped($plugin)), 1, 'the old one is gone';

    my $path    = 'perl-5.10-vax/0123/Core.so';
    my %vax     = (perl => '5.10', archname => 'vax', path => $path, size => 5, sha256 => 'x');
    my %again   = (%$build, path => 'same/perl/Core.so');
    my $written = sub ($folder, $source, @builds) {
        put("$folder/$_->{path}", 'other') for @builds;
        put("$folder/manifest.json", JSON::PP::encode_json({ source => $source, builds => \@builds }));
    };
    $written->("$dir/cores/vax", $manifest->{source}, \%vax, \%again);
    $written->("$dir/cores/old", 'older', { %vax, perl => '5.8', path => 'old/Core.so' });
    is assemble(@core), 0, 'with builds for other perls';
    is slurp("$plugin/$CORE/$path"), 'other', 'one is there';
    my $of = sub { JSON::PP::decode_json(slurp("$plugin/$CORE/manifest.json"))->{builds} };
    is_deeply [sort map { $_->{path} } @{ $of->() }],
        [sort $path, grep { /\Aperl/ && $_ ne $path } map { s{\A\Q$CORE\E/}{}r } grep { /[.]so\z/ } shipped($plugin)],
        'and in the manifest, but neither of older source, nor for the perl that runs';
    is scalar @{ $of->() }, 2, 'two in all';
    remove_tree("$dir/cores");
    is assemble(@core), 0, 'without them again';
    is scalar @{ $of->() }, 1, 'they are gone';
};

subtest 'source' => sub {
    my $tar = "$dir/source.tar";
    is assemble('source', $tar, project_dir()), 0, 'runs';
    my @names = split /\n/, `tar tf $tar`;
    my %has   = map { $_ => 1 } @names;
    ok $has{$_}, $_
        for qw(CMakeLists.txt VERSION LICENSE core/CMakeLists.txt core/src/marc/decode.cpp core/include/connexion/plan.hpp
        swig/connexion.i swig/exports.map);
    is_deeply [grep { /[.]pm\z|\A\/|[.][.]/ } @names], [], 'no module that Koha would take for a plugin';
    my ($content, $time) = (slurp($tar), (stat $tar)[9]);
    utime 1, 1, $tar or die $!;
    is assemble('source', $tar, project_dir()), 0, 'again';
    is((stat $tar)[9], 1, 'the same source is not written again');
    put("$dir/project/$_", '') for qw(CMakeLists.txt VERSION LICENSE core/CMakeLists.txt core/src/a.cpp core/include/a.hpp swig/a.i);
    is assemble('source', $tar, "$dir/project"), 0, 'another project';
    isnt slurp($tar), $content, 'is another archive';
    unlink "$dir/project/VERSION";
    isnt assemble('source', $tar, "$dir/project"), 0, 'a part that is missing is an error';
};

subtest 'changes' => sub {
    put("$one/Koha/Plugin/ConnexionGateway.pm",        "2;\n");
    put("$one/Koha/Plugin/ConnexionGateway/js/new.js", '3');
    unlink "$two/Koha/Plugin/ConnexionGateway/Core/Facts.pm";
    open my $before, '<', "$plugin/Koha/Plugin/ConnexionGateway.pm" or die $!;
    is assemble('files', $plugin, $one, $two),           0,      'again';
    is slurp("$plugin/Koha/Plugin/ConnexionGateway.pm"), "2;\n", 'a change is taken over';
    is scalar <$before>, "1;\n", 'who has the old file open keeps it';
    close $before;
    ok -e "$plugin/Koha/Plugin/ConnexionGateway/js/new.js", 'a new file too';
    ok !-e "$plugin/Koha/Plugin/ConnexionGateway/Core",     'what is gone goes, with its folder';
    ok -e "$plugin/$CORE/manifest.json",                    'the compiled core stays';
};

subtest 'pack' => sub {
    plan skip_all => 'there is no zip here' if !grep { -x "$_/zip" } File::Spec->path;
    is assemble('pack', $plugin, "$dir/a.kpz", $dir), 0, 'runs';
    my @names = split /\n/, `unzip -Z1 $dir/a.kpz`;
    is_deeply \@names, [shipped($plugin)], 'the files in order, and no folders';
    chmod oct 600, "$plugin/Koha/Plugin/ConnexionGateway.pm" or die $!;
    utime 1, 1, "$plugin/Koha/Plugin/ConnexionGateway.pm" or die $!;
    local $ENV{TZ} = 'Asia/Tokyo';
    is assemble('pack', $plugin, "$dir/b.kpz", $dir), 0, 'again, elsewhere and at another time';
    ok slurp("$dir/a.kpz") eq slurp("$dir/b.kpz"), 'gives the same bytes';
    local $ENV{SOURCE_DATE_EPOCH} = 1_800_000_000;
    assemble('pack', $plugin, "$dir/b.kpz", $dir);
    ok slurp("$dir/a.kpz") ne slurp("$dir/b.kpz"), 'the next release has another time';
};

isnt assemble('nonsense'), 0, 'an unknown action is an error';

done_testing;

sub assemble (@arguments) {
    my $program = project_dir() . '/koha-plugin/assemble.pl';
    my $pid     = fork // die "fork: $!";
    if (!$pid) {
        open STDERR, '>', File::Spec->devnull or die $!;
        exec $^X, $program, @arguments or die $!;
    }
    waitpid $pid, 0;
    return $?;
}

sub shipped ($root) {
    my @paths;
    find(sub { push @paths, File::Spec->abs2rel($File::Find::name, $root) if -f }, $root);
    my @sorted = sort @paths;
    return @sorted;
}

sub put ($file, $content, $mode = oct 644) {
    make_path($file =~ s{/[^/]+\z}{}r);
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} $content;
    close $out;
    chmod $mode, $file or die "$file: $!";
    return;
}

sub slurp ($file) {
    open my $in, '<:raw', $file or die "$file: $!";
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}
