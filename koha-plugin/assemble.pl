#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the plugin's folder together and packs it; called by koha-plugin/CMakeLists.txt.
#
#     assemble.pl source TAR PROJECT                  what a server needs to build the core
#     assemble.pl files  PLUGIN ROOT...               mirror the Koha/ below every ROOT into PLUGIN
#     assemble.pl core   PLUGIN CORE.SO VERSION CORES the compiled core, with its manifest, and the
#                                                     builds for other perls in CORES/*/
#     assemble.pl pack   PLUGIN KPZ PROJECT           PLUGIN as a zip file, the same bytes every time
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar ();
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

my $CORE   = 'Koha/Plugin/ConnexionGateway/core';
my $SOURCE = 'Koha/Plugin/ConnexionGateway/source.tar';

# What the core is built from. Two archives of the same source are the same bytes, so that the hash of
# the archive says of which source a build is.
my @BUILT_FROM = qw(CMakeLists.txt LICENSE VERSION core/CMakeLists.txt core/include core/src swig);
my $SOME_TIME  = 1_000_000_000;
my $JSON = JSON::PP->new->utf8->canonical->pretty;

my %ACTION = (source => \&source, files => \&files, core => \&core, pack => \&pack_kpz);
my $name   = shift @ARGV // '';
my $action = $ACTION{$name} or die "assemble.pl: '$name' is not one of source, files, core, pack\n";
$action->(@ARGV);
exit 0;

sub source ($tar, $project) {
    my $archive = Archive::Tar->new;
    for my $path (sort map { source_files($project, $_) } @BUILT_FROM) {
        $archive->add_data($path, slurp("$project/$path"),
            { mtime => $SOME_TIME, mode => oct 644, uid => 0, gid => 0, uname => 'root', gname => 'root' })
            or die "$path: " . $archive->error . "\n";
    }
    make_path(dirname($tar));
    $archive->write("$tar.new") or die "$tar: " . $archive->error . "\n";
    return unlink "$tar.new" if -e $tar && compare("$tar.new", $tar) == 0;
    rename "$tar.new", $tar or die "$tar: $!\n";
    return;
}

sub source_files ($project, $path) {
    return $path if -f "$project/$path";
    die "$project/$path is missing\n" if !-d "$project/$path";
    my @paths;
    my $keep = sub {
        push @paths, File::Spec->abs2rel($File::Find::name, $project) if -f && !is_leaving($_);
    };
    find($keep, "$project/$path");
    return @paths;
}

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

# What editors leave behind.
sub is_leaving ($name) { return $name =~ /^[.]|~$|[.](?:swp|orig|rej|bak)$/ }

# The files below ROOT/Koha.
sub listing ($root) {
    return if !-d "$root/Koha";
    my @paths;
    my $keep = sub {
        return if !-f || is_leaving($_);
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

sub core ($plugin, $shared_object, $version, $cores) {
    my $core   = "$plugin/$CORE";
    my $source = sha256("$plugin/$SOURCE");
    my $own    = own_build($shared_object, $version);
    my @builds = ($own, other_builds($cores, $source, $own));
    install($_->{from}, "$core/$_->{path}") for @builds;
    my %kept = map { $_->{path} => delete $_->{from} } @builds;
    write_manifest("$core/manifest.json", $source, \@builds);
    prune_core($core, \%kept);
    return;
}

sub sha256 ($file) { return Digest::SHA->new(256)->addfile($file, 'b')->hexdigest }

# The path holds a hash of the content: an upload overwrites files in place, and a process that has
# the old one mapped must not see it change.
sub own_build ($shared_object, $version) {
    my $perl   = join '.', (split /[.]/, $Config{version})[0, 1];
    my $sha256 = sha256($shared_object);
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

# A build of other source doesn't belong to these modules.
sub other_builds ($cores, $source, $own) {
    my (%seen, @builds);
    $seen{ perl_of($own) } = 1;
    for my $file (sort glob "\Q$cores\E/*/manifest.json") {
        my $manifest = $JSON->decode(slurp($file));
        if (($manifest->{source} // '') ne $source) {
            warn dirname($file) . " was built from other source and is left out.\n";
            next;
        }
        push @builds, map { { %$_, from => dirname($file) . "/$_->{path}" } }
            grep { !$seen{ perl_of($_) }++ } @{ $manifest->{builds} };
    }
    return @builds;
}

sub perl_of ($build) { return "$build->{perl} $build->{archname}" }

sub write_manifest ($file, $source, $builds) {
    my @sorted  = sort { $a->{path} cmp $b->{path} } @$builds;
    my $content = $JSON->encode({ source => $source, builds => \@sorted });
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

sub pack_kpz ($plugin, $kpz, $project) {
    my $stage = File::Temp->newdir;
    my @paths = sort(listing($plugin));
    my $time  = release_time($plugin, $project, @paths);
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
sub release_time ($plugin, $project, @paths) {
    return $ENV{SOURCE_DATE_EPOCH} if $ENV{SOURCE_DATE_EPOCH};
    open my $git, '-|', 'git', '-C', $project, 'log', '-1', '--format=%ct' or die "git: $!\n";
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
