package Koha::Plugin::ConnexionGateway::Core::Builds;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config         qw(%Config);
use Digest::SHA    ();
use File::Basename qw(dirname);
use File::Spec     ();
use Mojo::JSON     ();

my $PLUGIN  = dirname(dirname(File::Spec->rel2abs(__FILE__)));
my $ELEMENT = 'connexion_gateway_core';

# What decides whether a compiled core fits: the API is stable within a minor version of perl.
sub running ($class) {
    return (join('.', (split /[.]/, $Config{version})[0, 1]), $Config{archname});
}

sub package_folder  ($class) { return "$PLUGIN/core" }
sub built_folder    ($class) { return "$PLUGIN/core/built" }
sub source_file     ($class) { return "$PLUGIN/source.tar" }
sub build_command   ($class) { return "$^X $PLUGIN/bin/connexion-gateway build-core" }

# Only an administrator writes koha-conf.xml: from a folder that the database names, whoever may
# change settings could have code loaded.
sub named_folder ($class) {
    my $conf = _content($ENV{KOHA_CONF} // return) // return;
    $conf =~ s/<!--.*?-->//gs;
    my ($folder) = $conf =~ m{<$ELEMENT>\s*([^<]*?)\s*</$ELEMENT>} or return;
    return File::Spec->file_name_is_absolute($folder) ? $folder : undef;
}

# What was built on this server goes before what came with the package: there was a reason to.
sub all ($class) {
    my $named = $class->named_folder;
    return [
        $class->in_folder(built => $class->built_folder),
        defined $named ? $class->in_folder(built => $named) : (),
        $class->in_folder(package => $class->package_folder),
    ];
}

sub in_folder ($class, $origin, $folder) {
    my $manifest = _manifest($folder);
    return if ref $manifest ne 'HASH';
    my $outdated = $origin eq 'built' && ($manifest->{source} // '') ne $class->source ? 1 : 0;
    my ($perl, $archname) = $class->running;
    return map {
        {
            %$_,
            origin   => $origin,
            file     => "$folder/$_->{path}",
            outdated => $outdated,
            fits     => !$outdated && $_->{perl} eq $perl && $_->{archname} eq $archname ? 1 : 0,
        }
    } @{ $manifest->{builds} };
}

# Which source a core must be built from to belong to these modules.
sub source ($class) {
    my $file = $class->source_file;
    return -r $file ? Digest::SHA->new(256)->addfile($file, 'b')->hexdigest : '';
}

sub unreadable ($class) {
    my @folders = grep {defined} $class->built_folder, $class->named_folder, $class->package_folder;
    return map {"$_/manifest.json"} grep { (_manifest($_) // '') eq 'unreadable' } @folders;
}

# Undef where there is none, a word where there is one that is no list of builds.
sub _manifest ($folder) {
    my $file = "$folder/manifest.json";
    return if !-e $file;
    my $manifest = eval { Mojo::JSON::decode_json(_content($file)) };
    return $manifest if ref $manifest eq 'HASH' && ref $manifest->{builds} eq 'ARRAY';
    return 'unreadable';
}

sub _content ($file) {
    open my $in, '<:raw', $file or return;
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Builds - which compiled cores there are, and which fits this perl

=head1 DESCRIPTION

A compiled core belongs to one version of perl and one architecture. Each folder of them has a
F<manifest.json>:

    {"source": "41adad47e563...",
     "builds": [{"perl": "5.36", "archname": "x86_64-linux-gnu-thread-multi",
                 "path": "perl-5.36-x86_64-linux-gnu-thread-multi/0123456789ab/Core.so",
                 "version": "0.1.0", "size": 1234567, "sha256": "0123456789ab..."}]}

C<source> is the SHA-256 of the F<source.tar> that they were built from. What C<connexion-gateway
build-core> built on this server from that of another version of the plugin is never taken.

=head1 METHODS

All are called on the class; none dies.

=head2 all

All builds there are, as a reference to an array of hashes: the entry of the manifest with C<file>, its
absolute path; C<origin>: C<package>, or C<built> on this server; C<fits>; C<outdated>. Those that are to
be taken first come first.

=head2 in_folder($origin, $folder)

A list of those in one folder.

=head2 running

Version and architecture of the perl that runs.

=head2 package_folder, built_folder, named_folder

Where builds are: those of the package, those made on this server, and those made on it where the
plugin's folder can't be written to. The last is named by C<connexion_gateway_core> in F<koha-conf.xml>; undef
where it isn't.

=head2 source_file, source

The archive of the source in the package, and its SHA-256.

=head2 build_command

What to type to build one for the perl that runs.

=head2 unreadable

The manifests that are none.

=cut
