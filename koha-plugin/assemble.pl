#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the plugin's folder together and packs it; called by koha-plugin/CMakeLists.txt.
#
#     assemble.pl files PLUGIN ROOT...                mirror the Koha/ below every ROOT into PLUGIN
#     assemble.pl core  PLUGIN CORE.SO VERSION DIR... the compiled core, with its manifest; each DIR
#                                                     is a core/ of a build for another perl
#     assemble.pl pack  PLUGIN KPZ SOURCE             PLUGIN as a zip file, the same bytes every time
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config;
use Digest::SHA    ();
use File::Basename qw(dirname);
use File::Compare  qw(compare);
use File::Copy     qw(copy);
use File::Find     qw(find finddepth);
use File::Path     qw(make_path remove_tree);
use File::Spec     ();
use File::Temp     ();
use JSON::PP       ();

my $CORE = 'Koha/Plugin/ConnexionGateway/core';
my $JSON = JSON::PP->new->utf8->canonical->pretty;

my %ACTION = (files => \&files, core => \&core, pack => \&pack_kpz);
my $name   = shift @ARGV // '';
my $action = $ACTION{$name} or die "assemble.pl: '$name' is not one of files, core, pack\n";
$action->(@ARGV);
exit 0;

sub files ($plugin, @roots) {
    my %source;
    for my $root (@roots) {
        for my $path (listing($root)) {
            die "$path comes from both $source{$path} and $root\n" if $source{$path};
            $source{$path} = "$root/$path";
        }
    }
    install($source{$_}, "$plugin/$_") for sort keys %source;
    prune($plugin, \%source);
    return;
}

# The files below ROOT/Koha, without editors' leavings.
sub listing ($root) {
    return if !-d "$root/Koha";
    my @paths;
    my $keep = sub {
        return if !-f || /^[.]|~$|[.](?:swp|orig|rej|bak)$/;
        push @paths, File::Spec->abs2rel($File::Find::name, $root);
    };
    find($keep, "$root/Koha");
    return @paths;
}

# A copy takes its source's time and mode, and replaces what was there by rename: whoever has the old
# file open keeps it whole.
sub install ($from, $to) {
    my ($mode, $mtime) = (stat $from)[2, 9];
    my @is = stat $to;
    return if @is && $is[9] == $mtime && $is[2] == $mode && compare($from, $to) == 0;
    make_path(dirname($to));
    my $new = "$to.new.$$";
    copy($from, $new) or die "$new: $!\n";
    chmod $mode & oct(7777), $new or die "$new: $!\n";
    utime $mtime, $mtime, $new or die "$new: $!\n";
    rename $new, $to or die "$to: $!\n";
    return;
}

# Takes away what no source has any more; the compiled core is the other action's.
sub prune ($plugin, $source) {
    my $drop = sub {
        my $path = File::Spec->abs2rel($File::Find::name, $plugin);
        return if $path eq $CORE || index($path, "$CORE/") == 0;
        if    (-d $File::Find::name) { rmdir $File::Find::name }
        elsif (!$source->{$path})    { unlink $File::Find::name or die "$File::Find::name: $!\n" }
        return;
    };
    finddepth({ wanted => $drop, no_chdir => 1 }, "$plugin/Koha");
    return;
}

sub core ($plugin, $shared_object, $version, @others) {
    my $core   = "$plugin/$CORE";
    my $own    = own_build($shared_object, $version);
    my @builds = ($own, map { other_builds($_, $version, $own) } @others);
    install($_->{from}, "$core/$_->{path}") for @builds;
    my %kept = map { $_->{path} => delete $_->{from} } @builds;
    write_manifest("$core/manifest.json", \@builds);
    prune_core($core, \%kept);
    return;
}

# The path holds a hash of the content: an upload overwrites files in place, and a process that has
# the old one mapped must not see it change.
sub own_build ($shared_object, $version) {
    my $perl   = join '.', (split /[.]/, $Config{version})[0, 1];
    my $sha256 = Digest::SHA->new(256)->addfile($shared_object, 'b')->hexdigest;
    my $path   = sprintf 'perl-%s-%s/%s/Core.so', $perl, $Config{archname}, substr $sha256, 0, 12;
    return {
        from     => $shared_object,
        perl     => $perl,
        archname => $Config{archname},
        path     => $path,
        version  => $version,
        size     => -s $shared_object,
        sha256   => $sha256,
    };
}

sub other_builds ($core, $version, $own) {
    my $manifest = $JSON->decode(slurp("$core/manifest.json"));
    my @builds   = grep { "$_->{perl} $_->{archname}" ne "$own->{perl} $own->{archname}" }
        @{ $manifest->{builds} };
    for my $build (@builds) {
        die "$core: built for version $build->{version}, not $version\n"
            if $build->{version} ne $version;
        $build->{from} = "$core/$build->{path}";
    }
    return @builds;
}

sub write_manifest ($file, $builds) {
    my @sorted  = sort { $a->{path} cmp $b->{path} } @$builds;
    my $content = $JSON->encode({ builds => \@sorted });
    return if -e $file && slurp($file) eq $content;
    open my $out, '>:raw', "$file.new" or die "$file.new: $!\n";
    print {$out} $content;
    close $out or die "$file.new: $!\n";
    rename "$file.new", $file or die "$file: $!\n";
    return;
}

sub prune_core ($core, $kept) {
    my $drop = sub {
        my $path = File::Spec->abs2rel($File::Find::name, $core);
        return if $path eq 'manifest.json' || $kept->{$path};
        if   (-d $File::Find::name) { rmdir $File::Find::name }
        else                        { unlink $File::Find::name or die "$File::Find::name: $!\n" }
        return;
    };
    finddepth({ wanted => $drop, no_chdir => 1 }, $core);
    return;
}

sub pack_kpz ($plugin, $kpz, $source) {
    my $stage = File::Temp->newdir;
    my @paths = sort(listing($plugin));
    my $time  = release_time($plugin, $source, @paths);
    for my $path (@paths) {
        install("$plugin/$path", "$stage/$path");
        chmod -x "$plugin/$path" ? oct(755) : oct(644), "$stage/$path" or die "$path: $!\n";
        utime $time, $time, "$stage/$path" or die "$path: $!\n";
    }
    zip("$stage", $kpz, @paths);
    return;
}

# A constant would do for equal bytes, but Template Toolkit takes a cached template for current when
# its time is the same: every release needs a time of its own.
sub release_time ($plugin, $source, @paths) {
    return $ENV{SOURCE_DATE_EPOCH} if $ENV{SOURCE_DATE_EPOCH};
    open my $git, '-|', 'git', '-C', $source, 'log', '-1', '--format=%ct' or die "git: $!\n";
    my $time = <$git>;
    close $git and $time and return $time + 0;
    my ($newest) = sort { $b <=> $a } map { (stat "$plugin/$_")[9] } @paths;
    return $newest;
}

sub zip ($stage, $kpz, @paths) {
    $kpz = File::Spec->rel2abs($kpz);
    unlink $kpz;
    local $ENV{TZ} = 'UTC';
    chdir $stage or die "$stage: $!\n";
    my $status = system 'zip', '-q', '-X', '-D', '-9', $kpz, @paths;
    chdir '/';
    die "zip failed: $status\n" if $status != 0;
    return;
}

sub slurp ($file) {
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/ = undef;
    my $content = <$in>;
    close $in;
    return $content;
}
