package Koha::Plugin::ConnexionGateway::Log;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp        qw(croak);
use POSIX       qw(strftime);
use Time::HiRes qw(time);

# The environment carries format and file to the importers, which are processes of their own.
my $FORMAT_VARIABLE = 'CONNEXION_GATEWAY_LOG_FORMAT';
my $FILE_VARIABLE   = 'CONNEXION_GATEWAY_LOG_FILE';
my $SECRET          = qr/password|secret|readings|credential/i;

sub new ($class, %args) {
    my $format = $args{format} // $ENV{$FORMAT_VARIABLE} // 'text';
    my $self   = bless { handle => $args{handle} // \*STDERR, context => $args{context} // [], lost => 0, told => 0 },
        $class;
    $self->format($format);
    return $args{handle} ? $self : $self->file($args{file} // $ENV{$FILE_VARIABLE});
}

# For who tells by other means what comes of it.
sub silent ($class) {
    open my $nowhere, '>', '/dev/null' or die "/dev/null: $!\n";
    return $class->new(handle => $nowhere);
}

# Standard error where there is none. A file that can't be written is no reason to stop.
sub file ($self, $path) {
    $self->{path} = $path // '';
    return $self->reopen;
}

sub reopen ($self) {
    return $self->_to_standard_error if $self->{path} eq '';
    if (open my $handle, '>>', $self->{path}) {
        $self->{handle} = $handle;
        return $self;
    }
    my $error = "$!";
    return $self->_to_standard_error->error(log_file => path => $self->{path}, error => $error);
}

sub _to_standard_error ($self) {
    $self->{handle} = \*STDERR;
    return $self;
}

sub lost ($self) { return $self->{lost} }

sub format ($self, $format) {    ## no critic (ProhibitBuiltinHomonyms)
    croak qq(Unknown log format "$format": use text or json) unless $format =~ /\A(?:text|json)\z/;
    $self->{format} = $format;
    return $self;
}

sub export_format ($self) {
    ## no critic (RequireLocalizedPunctuationVars)
    @ENV{ $FORMAT_VARIABLE, $FILE_VARIABLE } = ($self->{format}, $self->{path} // '');
    return $self;
}

sub debug   ($self, $event, @pairs) { return $self->_write('debug',   $event, @pairs) }
sub info    ($self, $event, @pairs) { return $self->_write('info',    $event, @pairs) }
sub warning ($self, $event, @pairs) { return $self->_write('warning', $event, @pairs) }
sub error   ($self, $event, @pairs) { return $self->_write('error',   $event, @pairs) }

sub _write ($self, $level, $event, @pairs) {
    my $written = $self->_put($self->_line($level, $event, @pairs));
    return $self if !$written || $self->{told} == $self->{lost};
    my $lost = $self->{lost} - $self->{told};
    $self->{told} = $self->{lost};
    $self->_put($self->_line('warning', log_lines_lost => lines => $lost));
    return $self;
}

# One write for one line: processes that share the log don't mix theirs. A full disk costs lines of
# the log, and nothing else; how many is told when there is room again.
sub _put ($self, $line) {
    my $octets = ($self->{cut} ? "\n" : '') . "$line\n";
    my $wrote  = syswrite $self->{handle}, $octets;
    if (($wrote // 0) == length $octets) {
        $self->{cut} = 0;
        return 1;
    }
    $self->{cut} = 1 if $wrote;
    $self->{lost}++;
    return 0;
}

sub _line ($self, $level, $event, @pairs) {
    my $now = time;
    my $time =
        strftime('%Y-%m-%dT%H:%M:%S', gmtime $now) . sprintf('.%03dZ', ($now - int $now) * 1000);
    @pairs = (event => $event, @{ $self->{context} }, @pairs);
    return _json(time => $time, level => $level, @pairs) if $self->{format} eq 'json';
    return "$time $level " . _text(@pairs);
}

sub _text (@pairs) {
    my @out;
    while (my ($key, $value) = splice @pairs, 0, 2) {
        $value = _value($key, $value);
        push @out, "$key=" . ($value =~ m{\A[\w.:/+\@,-]+\z}a ? $value : _quoted($value));
    }
    return join ' ', @out;
}

sub _json (@pairs) {
    my @out;
    while (my ($key, $value) = splice @pairs, 0, 2) {
        $value = _value($key, $value);
        my $number = $value =~ /\A(?:0|[1-9][0-9]{0,14})(?:[.][0-9]+)?\z/a;
        push @out, _quoted($key) . ':' . ($number ? $value : _quoted($value));
    }
    return '{' . join(',', @out) . '}';
}

sub _value ($key, $value) {
    return '(hidden)' if $key =~ $SECRET;
    return ref $value eq 'ARRAY' ? join ',', @$value : $value // '';
}

# ASCII only, and never a line break: what a client sent can't forge a line of the log.
sub _quoted ($value) {
    $value =~ s/(["\\])/\\$1/g;
    $value =~ s/([^\x20-\x7E])/_escape(ord $1)/ge;
    return qq("$value");
}

sub _escape ($code) {
    return sprintf '\u%04x', $code if $code < 0x10000;
    $code -= 0x10000;
    return sprintf '\u%04x\u%04x', 0xD800 + ($code >> 10), 0xDC00 + ($code & 0x3FF);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Log - one line an event, on standard error or in a file

=head1 SYNOPSIS

    my $log = Koha::Plugin::ConnexionGateway::Log->new(format => 'text');
    $log->info(listening => address => '127.0.0.1', port => 9876);
    # 2026-01-31T12:00:00.000Z info event=listening address=127.0.0.1 port=9876

=head1 METHODS

=head2 new

    Koha::Plugin::ConnexionGateway::Log->new(format => 'text'|'json', file => $path, handle => $fh, context => [key => $value])

Without C<format> the one in the environment variable C<CONNEXION_GATEWAY_LOG_FORMAT> is taken, else
C<text>; likewise C<file> and C<CONNEXION_GATEWAY_LOG_FILE>, else standard error. The pairs in C<context> are added to every line. Dies when the format is unknown.

=head2 silent

A log that nobody reads.

=head2 format

    $log->format('json');

Changes the format. Dies when it is unknown.

=head2 file, reopen

    $log->file('/var/log/koha/library/connexion-gateway.log');

Writes to another file from now on, or with an empty path to standard error; C<reopen> opens the same
path again, after the file was moved away. Where it can't be opened, standard error is told.

=head2 lost

How many lines could not be written: a full disk is no reason to stop. The log says so itself when it can.

=head2 export_format

Puts format and file into the environment, for the processes that are started from here.

=head2 debug, info, warning, error

    $log->info($event => key => $value, …);

Writes one line: time (UTC), level, event and the pairs. Values of keys that name a password, a
secret or credentials are never written. An array is written as its values with commas.

=cut
