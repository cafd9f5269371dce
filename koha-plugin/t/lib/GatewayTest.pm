package GatewayTest;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A service with importers that need no Koha, for the tests of everything before the importer.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use Cwd            qw(abs_path);
use Exporter       qw(import);
use Fcntl          qw(F_SETFD);
use File::Basename qw(dirname);
use File::Temp     ();
use IO::Socket::IP ();
use JSON::PP       ();
use POSIX          ();
use Time::HiRes    qw(sleep time);

use Koha::Plugin::ConnexionGateway::Client;

# A test writes to connections that the service may have closed.
$SIG{PIPE} = 'IGNORE';    ## no critic (RequireLocalizedPunctuationVars)

our @EXPORT_OK = qw(record standin_command content wait_until);

my $LIB = abs_path(dirname(__FILE__));

# A sound ISO 2709 record that holds this text.
sub record ($text, $size = 0) {
    $text .= 'x' x ($size - length $text) if $size > length $text;
    my $field = "10\x1Fa$text\x1E";
    my $whole = 24 + 13 + length($field) + 1;
    return
          sprintf('%05dnam a22%05d a 4500', $whole, 37)
        . sprintf("245%04d%05d\x1E", length $field, 0)
        . "$field\x1D";
}

sub standin_command {
    return ($^X, (map { "-I$_" } @INC), "$LIB/importer-standin");
}

sub content ($file) {
    open my $in, '<:raw', $file or return '';
    local $/ = undef;
    return scalar(<$in>) // '';
}

sub wait_until ($code, $seconds = 10) {
    my $until = time + $seconds;
    while (time < $until) {
        my $value = $code->();
        return $value if $value;
        sleep 0.02;
    }
    return;
}

sub new ($class, %settings) {
    my $self = bless { folder => File::Temp->newdir, owner => $$ }, $class;
    $self->settings(%settings);
    return $self;
}

sub folder ($self) { return "$self->{folder}" }

sub settings ($self, %settings) { return $self->_write_json('settings.json', \%settings) }

sub wishes ($self, %wishes) { return $self->_write_json('wishes.json', { state => 'accept', reload => 0, %wishes }) }

# By rename: it may be read meanwhile.
sub _write_json ($self, $name, $data) {
    my $file = $self->folder . "/$name";
    open my $out, '>', "$file.new" or croak $!;
    print {$out} JSON::PP->new->encode($data);
    close $out or croak $!;
    rename "$file.new", $file or croak $!;
    return $self;
}

sub begin ($self, @arguments) {
    my $log = $self->{log} = $self->folder . '/log';
    $self->{pid} = fork // croak $!;
    if (!$self->{pid}) {
        local $ENV{STANDIN_FOLDER} = $self->folder;
        local $ENV{PERL5LIB}       = join ':', @INC;
        local $SIG{PIPE}           = 'DEFAULT';
        open STDERR, '>', $log or POSIX::_exit(1);
        $self->_hand_over if $self->{hand_over};
        my $program = 'use Koha::Plugin::ConnexionGateway::Command;'
            . 'exit Koha::Plugin::ConnexionGateway::Command->new(script => shift, root => shift)->run(@ARGV)';
        exec @{ $self->{program} // [] }, $^X, (map { "-I$_" } @INC), '-e', $program, "$LIB/importer-standin", $INC[0], 'serve',
            @arguments
            or POSIX::_exit(127);
    }
    return $self;
}

# One whose log is a file of the settings.
sub start_quietly ($self, $log) {
    $self->begin('--port', 0);
    return $self->_wait_for_port($log);
}

# With a listening socket from outside, as descriptor 3.
sub begin_with_socket ($self, $socket) {
    local $self->{hand_over} = $socket;
    $self->begin;
    return $self->_wait_for_port($self->{log});
}

sub _hand_over ($self) {
    my $fd = fileno $self->{hand_over};
    POSIX::dup2($fd, 3) // POSIX::_exit(1) if $fd != 3;
    fcntl $self->{hand_over}, F_SETFD, 0;
    ## no critic (RequireLocalizedPunctuationVars)
    @ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 1);
    return;
}

# Started by another program, with a socket of its own.
sub begin_by ($self, @program) {
    local $self->{program} = \@program;
    return $self->begin;
}

sub start ($self, @arguments) {
    $self->begin('--port', 0, @arguments);
    return $self->_wait_for_port($self->{log});
}

sub _wait_for_port ($self, $log) {
    $self->{port} = wait_until(
        sub {
            content($log) =~ /event=listening .*\bport=([0-9]+)/ ? $1
                : $self->ended                                           ? -1
                :                                                          0;
        }
    );
    croak 'The service did not start: ' . content($self->{log}) if ($self->{port} // -1) < 0;
    return $self;
}

sub port ($self) { return $self->{port} }

sub pid ($self) { return $self->{pid} }

sub log ($self) { return content($self->{log}) }    ## no critic (ProhibitBuiltinHomonyms)

sub notes ($self) { return content($self->folder . '/notes') }

sub client ($self, %args) {
    return Koha::Plugin::ConnexionGateway::Client->new(
        port     => $self->{port},
        login    => 'demo',
        password => 'secret',
        timeout  => 20,
        %args
    );
}

sub socket ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    return IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5)
        // croak $@;
}

sub ended ($self) {
    return $self->{status} if defined $self->{status};
    return                 if waitpid($self->{pid}, POSIX::WNOHANG()) <= 0;
    return $self->{status} = $? == 0 ? '0 but ended' : $? >> 8 || 'signal ' . ($? & 127);
}

sub signal ($self, $name) {
    kill $name => $self->{pid};
    return $self;
}

sub stop ($self) {
    return $self->{status} if defined $self->{status};
    $self->signal('TERM');
    return wait_until(sub { $self->ended }, 30);
}

sub DESTROY ($self) {
    return if $self->{owner} != $$ || !$self->{pid} || defined $self->{status};
    local ($?, $!, $@);
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
