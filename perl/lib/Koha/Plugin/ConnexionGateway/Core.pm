package Koha::Plugin::ConnexionGateway::Core;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Config         qw(%Config);
use DynaLoader     ();
use File::Basename qw(dirname);
use File::Spec     ();
use Mojo::JSON     ();

use Koha::Plugin::ConnexionGateway::Core::Error;
use Koha::Plugin::ConnexionGateway::Version;

our $VERSION = $Koha::Plugin::ConnexionGateway::Version::VERSION;

my $ERROR  = 'Koha::Plugin::ConnexionGateway::Core::Error';
my $FOLDER = File::Spec->rel2abs(dirname(__FILE__) . '/core');

my $loaded;

sub version ($class) { return $VERSION }

sub available ($class) {
    local $@ = undef;
    return eval { $class->load } ? 1 : 0;
}

sub load ($class) {
    return 1 if $loaded;
    my $build = $class->build     // _no_build($class->builds);
    my $size  = -s $build->{file} // 0;
    if (defined $build->{size} && $size != $build->{size}) {
        $ERROR->throw('core.damaged',
            "$build->{file} has $size bytes, not $build->{size}: install the plugin again");
    }
    _boot($class, $build);
    $loaded = 1;
    return 1;
}

sub build ($class) {
    my ($perl, $archname) = _running();
    my ($fits) = grep { $_->{perl} eq $perl && $_->{archname} eq $archname } @{ $class->builds };
    return $fits ? { %$fits, file => "$FOLDER/$fits->{path}" } : undef;
}

sub builds ($class) {
    my $file = "$FOLDER/manifest.json";
    return [] if !-e $file;
    open my $in, '<:raw', $file or $ERROR->throw('core.manifest', "$file: $!");
    my $json = do { local $/ = undef; <$in> };
    close $in;
    my $manifest = eval { Mojo::JSON::decode_json($json) };
    return $manifest->{builds} if ref $manifest eq 'HASH' && ref $manifest->{builds} eq 'ARRAY';
    return $ERROR->throw('core.manifest', "$file is not a list of builds");
}

sub ascii ($class, $text) {
    $class->load;
    return to_ascii($text);
}

sub field_pattern_problem ($class, $text) {
    $class->load;
    my $problem = pattern_problem($text);
    return length $problem ? $problem : undef;
}

# What decides whether a compiled core fits: the API is stable within a minor version of perl.
sub _running () {
    return (join('.', (split /[.]/, $Config{version})[0, 1]), $Config{archname});
}

sub _no_build ($builds) {
    my ($perl, $archname) = _running();
    my $there = join ', ', map { "perl $_->{perl} ($_->{archname})" } @$builds;
    return $ERROR->throw('core.no_build',
        "there is no compiled core for perl $perl ($archname) in $FOLDER; there is "
            . ($there ? "one for $there" : 'none at all'));
}

# As DynaLoader's own bootstrap does it, with a path of our own. The boot function compares perl's
# and our version with those it was compiled for, and dies where they differ.
sub _boot ($class, $build) {
    my $file   = $build->{file};
    my $symbol = 'boot_' . $class =~ s/::/__/gr;
    my $lib    = DynaLoader::dl_load_file($file, 0)
        or $ERROR->throw('core.not_loadable', _sentence(DynaLoader::dl_error()));
    my $boot = DynaLoader::dl_find_symbol($lib, $symbol)
        or $ERROR->throw('core.not_loadable', "$file has no $symbol");
    my $xsub = DynaLoader::dl_install_xsub("${class}::bootstrap", $boot, $file);
    return if eval { $class->$xsub($VERSION); 1 };
    return $ERROR->throw('core.version', "$file: " . _sentence($@));
}

# What perl says, without the place in this module.
sub _sentence ($message) { return $message =~ s/ at \S+ line \d+[.]?[\s\0]*\z//r }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core - the compiled core, loaded when first used

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core;
    use Koha::Plugin::ConnexionGateway::Core::Record;

    my $read = Koha::Plugin::ConnexionGateway::Core::Record->read($octets);
    print $read->{outcome};                    # ok
    print $read->{record}->title;              # Moby Dick, or, The whale
    print Koha::Plugin::ConnexionGateway::Core->ascii("Caf\x{e9} \x{142}\x{f3}d\x{17a}");   # Cafe lodz

=head1 DESCRIPTION

The decisions of the gateway are made in C++: what a request is, what a record says, what becomes of
it. The classes below this one are its face in Perl:

=over

=item * L<Koha::Plugin::ConnexionGateway::Core::RequestParser>, bytes of a connection to requests

=item * L<Koha::Plugin::ConnexionGateway::Core::Record>, one MARC 21 record

=item * L<Koha::Plugin::ConnexionGateway::Core::Rules>, what a library decided, and the plan made by it

=item * L<Koha::Plugin::ConnexionGateway::Core::Facts>, what Koha was found to hold

=item * L<Koha::Plugin::ConnexionGateway::Core::Error>, what is raised

=back

C<use> has no effect but to compile. The compiled part is loaded by the first constructor called.

=head2 Octets and text

What is bytes by nature, that is ISO 2709, XML, JSON and all that came over a socket, goes in and
comes out as octets; a string with a character above 0xFF is refused there. What people read goes in
and comes out as Perl's character strings.

=head2 Errors

Bad input is no error: it comes back as data. What the core raises is a
L<Koha::Plugin::ConnexionGateway::Core::Error>; what a caller of this facade did wrong (an option that
does not exist, a record that is none) is a plain C<croak> that names the value and the caller's line.

=head2 Processes and threads

Objects can be used on both sides of a C<fork>. They are not cloned into new threads.

=head2 Where the compiled core is

In the folder F<core> beside this module, with a F<manifest.json> that says for which perl each build
is:

    {"builds": [{"perl": "5.36", "archname": "x86_64-linux-gnu-thread-multi",
                 "path": "perl-5.36-x86_64-linux-gnu-thread-multi/0123456789ab/Core.so",
                 "version": "0.1.0", "size": 1234567, "sha256": "0123456789ab..."}]}

=head1 METHODS

All are called on the class.

=head2 load

Loads the compiled core unless it is loaded. Returns true. Raises

=over

=item C<core.no_build>: none fits this perl; the message names perl, architecture and the builds there are

=item C<core.damaged>: the file is missing or has another size than it was built with

=item C<core.not_loadable>: the system's loader refuses it, for instance because a library is missing

=item C<core.version>: it was compiled for another version of this module or of perl

=item C<core.manifest>: the list of builds cannot be read

=back

=head2 available

Whether C<load> works: 1 or 0. Never dies.

    print Koha::Plugin::ConnexionGateway::Core->available;    # 1

=head2 version

The version of this module, as in C<0.1.0>.

=head2 build

The entry of the manifest that fits the perl that runs, with the absolute path C<file> added; undef if
there is none.

    my $build = Koha::Plugin::ConnexionGateway::Core->build;
    print $build->{version} eq Koha::Plugin::ConnexionGateway::Core->version;    # 1

=head2 builds

All entries of the manifest, as a reference to an array of hashes.

=head2 ascii($text)

Text as printable ASCII: other scripts are transliterated, control characters go, what has no
counterpart becomes C<?>.

=head2 field_pattern_problem($text)

What is wrong with a pattern of local fields, in a sentence; undef where nothing is. The notation is
in F<docs/plan-format.md>.

    print Koha::Plugin::ConnexionGateway::Core->field_pattern_problem('59X') // 'fine';    # fine

=cut
