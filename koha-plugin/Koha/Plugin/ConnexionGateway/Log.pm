package Koha::Plugin::ConnexionGateway::Log;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp        qw(croak);
use POSIX       qw(strftime);
use Time::HiRes qw(time);

# The environment carries the format to the importers, which are processes of their own.
my $FORMAT_VARIABLE = 'CONNEXION_GATEWAY_LOG_FORMAT';
my $SECRET          = qr/password|secret|readings|credential/i;

sub new ($class, %args) {
    my $format = $args{format} // $ENV{$FORMAT_VARIABLE} // 'text';
    my $self   = bless { handle => $args{handle} // \*STDERR, context => $args{context} // [] },
        $class;
    return $self->format($format);
}

sub format ($self, $format) {    ## no critic (ProhibitBuiltinHomonyms)
    croak qq(Unknown log format "$format": use text or json) unless $format =~ /\A(?:text|json)\z/;
    $self->{format} = $format;
    return $self;
}

sub export_format ($self) {
    $ENV{$FORMAT_VARIABLE} = $self->{format};    ## no critic (RequireLocalizedPunctuationVars)
    return $self;
}

sub debug   ($self, $event, @pairs) { return $self->_write('debug',   $event, @pairs) }
sub info    ($self, $event, @pairs) { return $self->_write('info',    $event, @pairs) }
sub warning ($self, $event, @pairs) { return $self->_write('warning', $event, @pairs) }
sub error   ($self, $event, @pairs) { return $self->_write('error',   $event, @pairs) }

sub _write ($self, $level, $event, @pairs) {
    my $now = time;
    my $time =
        strftime('%Y-%m-%dT%H:%M:%S', gmtime $now) . sprintf('.%03dZ', ($now - int $now) * 1000);
    @pairs = (event => $event, @{ $self->{context} }, @pairs);
    my $line =
        $self->{format} eq 'json'
        ? _json(time => $time, level => $level, @pairs)
        : "$time $level " . _text(@pairs);

    # One write for one line: processes that share the log don't mix theirs.
    syswrite $self->{handle}, "$line\n";
    return $self;
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

Koha::Plugin::ConnexionGateway::Log - one line an event on standard error

=head1 SYNOPSIS

    my $log = Koha::Plugin::ConnexionGateway::Log->new(format => 'text');
    $log->info(listening => address => '127.0.0.1', port => 9876);
    # 2026-01-31T12:00:00.000Z info event=listening address=127.0.0.1 port=9876

=head1 METHODS

=head2 new

    Koha::Plugin::ConnexionGateway::Log->new(format => 'text'|'json', handle => $fh, context => [key => $value])

Without C<format> the one in the environment variable C<CONNEXION_GATEWAY_LOG_FORMAT> is taken, else
C<text>. The pairs in C<context> are added to every line. Dies when the format is unknown.

=head2 format

    $log->format('json');

Changes the format. Dies when it is unknown.

=head2 export_format

Puts the format into the environment, for the processes that are started from here.

=head2 debug, info, warning, error

    $log->info($event => key => $value, …);

Writes one line: time (UTC), level, event and the pairs. Values of keys that name a password, a
secret or credentials are never written. An array is written as its values with commas.

=cut
