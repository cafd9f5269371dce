package Koha::Plugin::ConnexionGateway::Core;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DynaLoader ();

use Koha::Plugin::ConnexionGateway::Core::Builds;
use Koha::Plugin::ConnexionGateway::Core::Error;
use Koha::Plugin::ConnexionGateway::Version;

our $VERSION = $Koha::Plugin::ConnexionGateway::Version::VERSION;

my $BUILDS = 'Koha::Plugin::ConnexionGateway::Core::Builds';
my $ERROR  = 'Koha::Plugin::ConnexionGateway::Core::Error';

my $loaded;

sub version ($class) { return $VERSION }

sub available ($class) { return defined $class->unavailable ? 0 : 1 }

sub unavailable ($class) {
    local $@ = undef;
    return if eval { $class->load };
    return ref $@ && $@->isa($ERROR) ? $@->message : "$@";
}

# Where one of those that fit can't be loaded another may: two systems may have the same perl and
# other libraries.
sub load ($class) {
    return 1 if $loaded;
    my @fitting = grep { $_->{fits} } @{ $class->builds };
    _no_build($class->builds) if !@fitting;
    my $first_error;
    for my $build (@fitting) {
        return 1 if eval { _load($class, $build) };
        $first_error //= $@;
    }
    die $first_error;
}

sub load_file ($class, $file) {
    return _load($class, { file => $file });
}

sub loaded ($class) { return $loaded ? {%$loaded} : undef }

sub build ($class) {
    my ($fits) = grep { $_->{fits} } @{ $class->builds };
    return $fits;
}

sub builds ($class) { return $BUILDS->all }

sub build_command ($class) { return $BUILDS->build_command }

sub status ($class) {
    my ($perl, $archname) = $BUILDS->running;
    my $reason = $class->unavailable;
    my $file   = $loaded ? $loaded->{file} : '';
    return {
        version       => $VERSION,
        perl          => $perl,
        archname      => $archname,
        available     => defined $reason ? 0 : 1,
        reason        => $reason,
        builds        => [map { { %$_, loaded => $_->{file} eq $file ? 1 : 0 } } @{ $class->builds }],
        loaded        => $class->loaded,
        restart_due   => scalar $class->restart_due,
        build_command => $class->build_command,
    };
}

sub restart_due ($class, %running) {
    %running = (version => $VERSION, core => $loaded ? $loaded->{sha256} : undef) if !%running;
    my $version = _version_on_disk();
    return "version $running{version} runs, and version $version is on the disk" if $version ne $running{version};
    return if !defined $running{core};
    my $build = $class->build // return 'the compiled core that runs is no longer on the disk';
    return if $build->{sha256} eq $running{core};
    return 'another compiled core runs than the one on the disk';
}

# Not by loading the module, which this process has loaded already.
sub _version_on_disk () {
    my $file = $INC{'Koha/Plugin/ConnexionGateway/Version.pm'};
    open my $in, '<', $file or return '(none)';
    my $code = do { local $/ = undef; <$in> };
    close $in;
    my ($version) = $code =~ /^our \$VERSION = '([^']+)'/m;
    return $version // '(none)';
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

sub _load ($class, $build) {
    my $size = -s $build->{file} // 0;
    if (defined $build->{size} && $size != $build->{size}) {
        $ERROR->throw('core.damaged', "$build->{file} has $size bytes, not $build->{size}: install the plugin again");
    }
    _boot($class, $build);
    $loaded = $build;
    return 1;
}

sub _no_build ($builds) {
    my ($perl, $archname) = $BUILDS->running;
    my @unreadable = $BUILDS->unreadable;
    $ERROR->throw('core.manifest', join(', ', @unreadable) . ' is not a list of builds: install the plugin again')
        if @unreadable;
    my $there = join ', ', map { "perl $_->{perl} ($_->{archname})" . ($_->{outdated} ? ' of another version' : '') }
        @$builds;
    return $ERROR->throw('core.no_build',
        "there is no compiled core for perl $perl ($archname) in @{[$BUILDS->package_folder]}; there is "
            . ($there ? "one for $there" : 'none at all')
            . '. Build it on this server with: ' . $BUILDS->build_command);
}

# As DynaLoader's own bootstrap does it, with a path of our own. The boot function compares perl's
# and our version with those it was compiled for, and dies where they differ; then it may be called again.
sub _boot ($class, $build) {
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    my $file   = $build->{file};
    my $symbol = 'boot_' . $class =~ s/::/__/gr;
    my $lib    = DynaLoader::dl_load_file($file, 0)
        or $ERROR->throw('core.not_loadable', _sentence(DynaLoader::dl_error())
            . '. Build one for this server with: ' . $BUILDS->build_command);
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

=item * L<Koha::Plugin::ConnexionGateway::Core::ClientRules>, records of Koha's as the Connexion Client takes them

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

In the folder F<core> beside this module, which holds a build for each of some versions of perl. Where none of
them fits, C<connexion-gateway build-core> builds one on the server; see
L<Koha::Plugin::ConnexionGateway::Core::Builds>.

=head1 METHODS

All are called on the class.

=head2 load

Loads the compiled core unless it is loaded. Returns true. Raises

=over

=item C<core.no_build>: none fits this perl; the message names perl, architecture, the builds there are, and
the command that builds one

=item C<core.damaged>: the file is missing or has another size than it was built with

=item C<core.not_loadable>: the system's loader refuses it, for instance because a library is missing

=item C<core.version>: it was compiled for another version of this module or of perl

=item C<core.manifest>: the list of builds cannot be read

=back

=head2 available

Whether C<load> works: 1 or 0. Never dies.

    print Koha::Plugin::ConnexionGateway::Core->available;    # 1

=head2 unavailable

Why C<load> doesn't work, in words with what to do; undef where it does. Never dies.

=head2 load_file($file)

Loads that build and no other, to try it.

=head2 version

The version of this module, as in C<0.1.0>.

=head2 builds

All builds there are, as L<Koha::Plugin::ConnexionGateway::Core::Builds> gives them.

=head2 build

The first of them that fits the perl that runs; undef if there is none.

    my $build = Koha::Plugin::ConnexionGateway::Core->build;
    print $build->{version} eq Koha::Plugin::ConnexionGateway::Core->version;    # 1

=head2 loaded

The one that this process has loaded; undef while it has none.

=head2 build_command

What to type to build one for the perl that runs.

=head2 status

All of that for a page, as a hash: C<version>, C<perl>, C<archname>, C<available>, C<reason> (what C<unavailable>
says), C<builds> (each with C<loaded>, too), C<loaded>, C<restart_due> and C<build_command>. Loads the core.

    my $status = Koha::Plugin::ConnexionGateway::Core->status;
    print scalar grep { $_->{loaded} } @{ $status->{builds} };    # 1

=head2 restart_due(%running)

How what runs differs from what is on the disk, in words; undef where it doesn't. What runs is this process,
or another one with that C<version> and that C<core> (the SHA-256 of the core it has loaded).

    my %other = (version => '0.0.1', core => undef);
    print Koha::Plugin::ConnexionGateway::Core->restart_due // 'no';                           # no
    print Koha::Plugin::ConnexionGateway::Core->restart_due(%other) =~ /\Aversion 0[.]0[.]1 runs/;    # 1

=head2 ascii($text)

Text as printable ASCII: other scripts are transliterated, control characters go, what has no
counterpart becomes C<?>.

=head2 field_pattern_problem($text)

What is wrong with a pattern of local fields, in a sentence; undef where nothing is. The notation is
in F<docs/plan-format.md>.

    print Koha::Plugin::ConnexionGateway::Core->field_pattern_problem('59X') // 'fine';    # fine

=cut
