package Koha::Plugin::ConnexionGateway::BuildCoreCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar   ();
use Config         qw(%Config);
use Digest::SHA    ();
use Fcntl          qw(LOCK_EX LOCK_NB);
use File::Basename qw(dirname);
use File::Copy     ();
use File::Find     ();
use File::Path     qw(make_path);
use File::Spec     ();
use File::Temp     ();
use JSON::PP       ();

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Core::Builds;

my $BUILDS = 'Koha::Plugin::ConnexionGateway::Core::Builds';
my $CORE = 'Koha::Plugin::ConnexionGateway::Core';

# What is needed, one of those programs, and in which package Debian and Ubuntu have it.
my @COMPILERS = qw(c++ g++ clang++);
my @PROGRAMS = ([ 'cmake', 'cmake' ], [ 'g++', 'g++', @COMPILERS ], [ 'make', 'make' ], [ 'swig', 'swig', 'swig4.0' ]);
my @HEADERS = (
    [ 'unicode/uversion.h' => 'libicu-dev' ], [ 'expat.h' => 'libexpat1-dev' ],
    [ 'nlohmann/json.hpp' => 'nlohmann-json3-dev' ],
);
my $PERL_HEADER = [ "$Config{archlibexp}/CORE/perl.h" => 'libperl-dev' ];

# Each compiler may take half a gigabyte, and the server has other work.
my $JOBS = 2;

my $LINES_OF_A_FAILURE = 30;

# A record is read with it, so that all libraries have been called before anybody is given it.
my $TRY = <<'PERL';
my ($core, $file) = @ARGV;
require Koha::Plugin::ConnexionGateway::Core::Record;
$core->load_file($file);
my $record = "00044nam a2200037 i 4500" . "245000600000\x1e" . "  \x1faX\x1e\x1d";
my $read = Koha::Plugin::ConnexionGateway::Core::Record->read($record);
print $read->{outcome};
PERL

sub new ($class, %args) {
    return bless {
        into => $args{into}, jobs => $args{jobs} // $JOBS, again => $args{again}, root => $args{root},
    }, $class;
}

sub packages ($class) { return map { $_->[1] } @PROGRAMS, $PERL_HEADER, @HEADERS }

sub run ($self) {
    return $self->_is_there if !$self->{again} && !defined $self->{into} && $CORE->available;
    umask oct 22;
    my $folder = $self->_folder;
    $self->_refuse_without_packages;
    my $lock = _lock($folder);
    my $work = File::Temp->newdir('connexion-core-XXXXXX', TMPDIR => 1);
    $self->_unpack("$work/source");
    my $shared_object = $self->_compile($work);
    my $build = $self->_put_in_place($folder, $shared_object);
    print "The core for perl $build->{perl} ($build->{archname}) is in $folder/$build->{path}\n";
    print _what_next() if !defined $self->{into};
    close $lock or die "$folder: $!\n";
    return 0;
}

sub _is_there ($self) {
    my $build = $CORE->loaded;
    print "There is a core for this perl already: $build->{file}\n(--again builds one all the same.)\n";
    return 0;
}

# ---------------------------------------------------------------- where it goes

sub _folder ($self) {
    my $folder = $self->{into} // $self->_folder_of_the_plugin;
    make_path($folder, { error => \my $errors });
    die "$folder can't be made: " . (values %{ $errors->[0] })[0] . "\n" if @{$errors};
    die "$folder can't be written to.\n" if !-w $folder;
    return File::Spec->rel2abs($folder);
}

sub _folder_of_the_plugin ($self) {
    my $built = $BUILDS->built_folder;
    return $built if -w (-e $built ? $built : dirname($built));
    return $BUILDS->named_folder // die <<"TEXT";
@{[dirname $built]} can't be written to by this user.
Run this as the user of the Koha instance, or as root. Where that folder is read-only on purpose, name another one in
koha-conf.xml, within <config>, that the service and Koha can read, and run this with KOHA_CONF set:
    <connexion_gateway_core>/var/lib/connexion-gateway</connexion_gateway_core>
TEXT
}

# Two at a time would do the work twice.
sub _lock ($folder) {
    open my $lock, '>', "$folder/.lock" or die "$folder/.lock: $!\n";
    flock $lock, LOCK_EX | LOCK_NB or die "A core is being built in $folder already.\n";
    return $lock;
}

# ---------------------------------------------------------------- what is needed

sub _refuse_without_packages ($self) {
    my @missing = (
        (grep { !_program(@{$_}[ 0, 2 .. $#{$_} ]) } @PROGRAMS), (grep { !-e $_->[0] } $PERL_HEADER),
        _missing_headers(),
    );
    return if !@missing;
    my $packages = join ' ', map { $_->[1] } @missing;
    die "To build the core, this server lacks " . join(', ', map { $_->[0] } @missing) . ".\n"
        . "On Debian and Ubuntu:\n    apt-get install --no-install-recommends $packages\nthen run this again.\n";
}

# The first of those names that there is.
sub _program (@names) {
    for my $name (@names) {
        return $name if grep { -x "$_/$name" } File::Spec->path;
    }
    return;
}

# The compiler knows where it looks; without one, where Debian has them.
sub _missing_headers {
    my $compiler = _program(@COMPILERS) // return grep { !-e "/usr/include/$_->[0]" } @HEADERS;
    return grep { !_compiles($compiler, "#include <$_->[0]>\n") } @HEADERS;
}

sub _compiles ($compiler, $code) {
    open my $in, '|-', "$compiler -x c++ -E - >/dev/null 2>&1" or die "$compiler: $!\n";
    print {$in} $code;
    return close $in;
}

# ---------------------------------------------------------------- building

sub _unpack ($self, $folder) {
    my $file = $BUILDS->source_file;
    my $archive = Archive::Tar->new($file) or die "$file can't be read: install the plugin again.\n";
    for my $path ($archive->list_files) {
        make_path(dirname("$folder/$path"));
        $archive->extract_file($path, "$folder/$path") or die "$folder/$path can't be written: $!\n";
    }
    return;
}

sub _compile ($self, $work) {
    print "Building the core for perl $Config{version} ($Config{archname}); that takes a minute or some more.\n";
    my @options = map {"-DCONNEXION_$_=OFF"} qw(TESTS TOOLS PLUGIN STRICT);
    _quietly($work, 'cmake', '-S', "$work/source", '-B', "$work/build", '-G', 'Unix Makefiles',
        '-DCMAKE_BUILD_TYPE=Release', "-DPERL_EXECUTABLE=$^X", @options);
    _quietly($work, 'cmake', '--build', "$work/build", '--target', 'connexion_perl', '--parallel', $self->{jobs});
    return "$work/build/swig/Core.so";
}

# What it says is shown only where it fails.
sub _quietly ($work, @command) {
    my $log = "$work/log";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $log or die "$log: $!\n";
        open STDERR, '>&', \*STDOUT or die "$log: $!\n";
        exec {$command[0]} @command or die "$command[0]: $!\n";
    }
    waitpid $pid, 0;
    return if $? == 0;
    open my $in, '<', $log or die "$log: $!\n";
    my @lines = <$in>;
    close $in or die "$log: $!\n";
    splice @lines, 0, -$LINES_OF_A_FAILURE if @lines > $LINES_OF_A_FAILURE;
    die "The core can't be built here. The end of what @command[0, 1] said:\n\n" . join('', @lines) . "\n";
}

# ---------------------------------------------------------------- putting it in place

# The list of builds is written last: until then nobody sees anything of it.
sub _put_in_place ($self, $folder, $shared_object) {
    my $build = _described($shared_object);
    _copy($shared_object, "$folder/$build->{path}");
    $self->_try("$folder/$build->{path}");
    my @others = grep { !$_->{outdated} && "$_->{perl} $_->{archname}" ne "$build->{perl} $build->{archname}" }
        $BUILDS->in_folder(built => $folder);
    my @builds = map { my $one = $_; +{ map { $_ => $one->{$_} } keys %{$build} } } @others;
    _write_manifest($folder, $build, @builds);
    _forget_others($folder, $build, @builds);
    _give_to_owner($folder);
    return $build;
}

sub _described ($shared_object) {
    my ($perl, $archname) = $BUILDS->running;
    my $sha256 = Digest::SHA->new(256)->addfile($shared_object, 'b')->hexdigest;
    return {
        perl => $perl, archname => $archname, version => $CORE->version, size => -s $shared_object, sha256 => $sha256,
        path => sprintf('perl-%s-%s/%s/Core.so', $perl, $archname, substr $sha256, 0, 12),
    };
}

sub _copy ($from, $to) {
    make_path(dirname($to));
    File::Copy::copy($from, "$to.new") or die "$to can't be written: $!\n";
    rename "$to.new", $to or die "$to can't be written: $!\n";
    return;
}

sub _try ($self, $file) {
    open my $perl, '-|', $^X, "-I$self->{root}", '-e', $TRY, $CORE, $file or die "$^X: $!\n";
    my $outcome = do { local $/ = undef; <$perl> } // '';
    return if close $perl and $outcome eq 'ok';
    unlink $file;
    die "The core was built, but can't be used (see above); nothing has changed.\n";
}

sub _write_manifest ($folder, @builds) {
    my $file = "$folder/manifest.json";
    my @sorted = sort { $a->{path} cmp $b->{path} } @builds;
    open my $out, '>:raw', "$file.new" or die "$file can't be written: $!\n";
    print {$out} JSON::PP->new->utf8->canonical->pretty->encode({ source => $BUILDS->source, builds => \@sorted });
    close $out or die "$file can't be written: $!\n";
    rename "$file.new", $file or die "$file can't be written: $!\n";
    return;
}

# A process that has one loaded keeps it.
sub _forget_others ($folder, @builds) {
    my %kept = map { ("$folder/$_->{path}" => 1) } @builds;
    my $drop = sub {
        my $path = $File::Find::name;
        if    (-d $path) { rmdir $path }
        elsif ($path =~ m{/Core[.]so\z} && !$kept{$path}) { unlink $path or warn "$path: $!\n" }
    };
    File::Find::finddepth({ wanted => $drop, no_chdir => 1 }, $folder);
    return;
}

# Koha deletes a plugin as the user of its instance.
sub _give_to_owner ($folder) {
    return if $> != 0;
    my ($user, $group) = (stat dirname($folder))[4, 5];
    File::Find::find(sub { chown $user, $group, $_ }, $folder);
    return;
}

sub _what_next {
    return <<'TEXT';
What runs goes on with what it has. Next, for each instance:

    koha-plack --restart INSTANCE
    systemctl restart connexion-gateway@INSTANCE
    connexion-gateway doctor          # as the user of the instance: koha-shell INSTANCE
TEXT
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::BuildCoreCommand - builds the core for the perl that runs, on this server

=head1 DESCRIPTION

What C<connexion-gateway build-core> does: compiles the source that is in the package, tries it, and puts it where
L<Koha::Plugin::ConnexionGateway::Core::Builds> finds it. Until the last step, a rename, nothing is seen of it.

=head1 METHODS

=head2 new(root => $folder, into => $folder, jobs => $number, again => $bool)

C<root> is the folder with the plugin's modules; C<into> another place than the plugin's own folder.

=head2 packages

The packages of Debian and Ubuntu that are needed.

=head2 run

Builds it; gives the exit status.

=cut
