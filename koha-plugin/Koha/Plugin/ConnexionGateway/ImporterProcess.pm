package Koha::Plugin::ConnexionGateway::ImporterProcess;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp         qw(croak);
use Fcntl        qw(F_GETFD F_SETFD FD_CLOEXEC);
use JSON::PP     qw(encode_json);
use MIME::Base64 qw(decode_base64);

use Koha::Plugin::ConnexionGateway::Frames;
use Koha::Plugin::ConnexionGateway::Log;

my $FRAMES  = 'Koha::Plugin::ConnexionGateway::Frames';
my $FAILURE = 'The gateway had an internal error with this export, which is written in its log.';
my $NOT_KEPT = ' Nothing was imported.';
my $KEPT = ' It was received under number %s: look at the list of exports in Koha before you export it again.';

sub run ($class, $fd, %args) {
    my $self = bless {
        socket => _socket($fd),
        log => $args{log} // Koha::Plugin::ConnexionGateway::Log->new(context => [importer => $$]),
    }, $class;

    # Who stops the service stops it at the listener; an importer ends when the listener lets go.
    local @SIG{qw(INT TERM HUP PIPE)} = ('IGNORE') x 4;
    $self->{importer} = ($args{importer} // \&_koha_importer)->();
    $self->_send({ type => 'ready' });
    while (!$self->{alone} && (my ($header, $body) = $FRAMES->read_from($self->{socket}))) {
        last if $self->_serve($header, $body) eq 'leave';
    }
    return 0;
}

sub _socket ($fd) {
    open my $socket, '+<&=', $fd or croak "File descriptor $fd can't be used: $!";
    binmode $socket;

    # It came through exec open; what Koha may start from here must not hold it.
    my $flags = fcntl $socket, F_GETFD, 0;
    fcntl $socket, F_SETFD, $flags | FD_CLOEXEC or croak "File descriptor $fd: $!";
    return $socket;
}

sub _koha_importer {
    require Koha::Plugin::ConnexionGateway::Importer;
    return Koha::Plugin::ConnexionGateway::Importer->new(
        log => Koha::Plugin::ConnexionGateway::Log->new(context => [importer => $$]));
}

my %SERVE = (
    export => sub ($self, $header, $body) {
        my $received = sub ($numbers) {
            $self->{kept} = $numbers;
            $self->_send({ type => 'received', id => $header->{id}, numbers => $numbers });
        };
        $self->{importer}->handle(_export($header, $body), $received);
    },
    answer => sub ($self, $header, $body) {
        $self->{kept} = $header->{numbers};
        $self->{importer}->answer($header->{numbers});
    },
    wishes  => sub ($self, $header, $body) {
        return { text => encode_json($self->{importer}->wishes($header->{service})) };
    },
    recover => sub ($self, $header, $body) {
        my $count = $self->{importer}->recover;
        $self->{log}->info(recovered => exports => $count) if $count;
        return { text => '' };
    },
);

sub _serve ($self, $header, $body) {
    my $id = $header->{id};
    if ($header->{type} eq 'settings') {
        $self->_send({ type => 'settings', id => $id, settings => $self->{importer}->settings });
        return 'stay';
    }
    $self->{kept} = undef;
    my $code = $SERVE{ $header->{type} } // croak qq(Unknown message "$header->{type}");
    my $reply = eval { $self->$code($header, $body) } // $self->_failure($@);
    $self->{log}->error(importer_error => error => $reply->{error}) if defined $reply->{error};
    $self->_send(
        {
            type  => 'reply',
            id    => $id,
            login => $reply->{login} // '',
            leave => $reply->{leave} ? 1 : 0,
            outcomes => $reply->{outcomes} // {},
            retries  => $reply->{retries}  // 0,
        },
        $reply->{text}
    );
    return $reply->{leave} ? 'leave' : 'stay';
}

# What an exception left behind (a transaction, a user environment) is gone with the process.
sub _failure ($self, $error) {
    my $kept = $self->{kept};
    $self->{log}->error(importer_exception => error => "$error", numbers => $kept // '');
    my $what = $kept ? sprintf $KEPT, join ', ', @$kept : $NOT_KEPT;
    return { text => "$FAILURE$what", leave => 1 };
}

sub _export ($header, $body) {
    my $offset = 0;
    my @records;
    for my $length (@{ $header->{lengths} }) {
        push @records, substr $body, $offset, $length;
        $offset += $length;
    }
    return {
        peer     => $header->{peer},
        readings => [map { _reading($_) } @{ $header->{readings} }],
        records  => \@records,
    };
}

sub _reading ($encoded) {
    my %reading;
    for my $name (qw(user login password)) {
        $reading{"has_$name"} = exists $encoded->{$name} ? 1 : 0;
        $reading{$name} = decode_base64($encoded->{$name} // '');
    }
    return \%reading;
}

# Without a listener the export is finished all the same, and answered from the journal later.
sub _send ($self, $header, $body = '') {
    return if $self->{alone} || eval { $FRAMES->write_to($self->{socket}, $header, $body); 1 };
    $self->{log}->warning(listener_gone => error => $@);
    $self->{alone} = 1;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ImporterProcess - the loop of one importer

=head1 SYNOPSIS

    exit Koha::Plugin::ConnexionGateway::ImporterProcess->run($fd);

=head1 DESCRIPTION

An importer is a process with Koha and one database connection. It is started by the listener with
one end of a socket pair, answers one message after the other, and ends when the listener closes its
end, after the export it is at.

=head1 METHODS

=head2 run

    my $status = $class->run($fd, importer => sub { … }, log => $log);

C<$fd> is the number of the inherited file descriptor. C<importer> makes the object that does the
work (L<Koha::Plugin::ConnexionGateway::Importer> when not given):

=over

=item handle

    my $reply = $importer->handle({peer => …, readings => […], records => […]}, sub ($numbers) { … });

One export. Each reading has C<user>, C<login>, C<password> (octets) and C<has_user>, C<has_login>,
C<has_password>; records are ISO 2709 octets. The callback is called with the journal's numbers as
soon as the export is kept. The reply is C<{text =E<gt> $ascii, login =E<gt> $what, leave =E<gt> $bool}>:
C<login> is C<right>, C<wrong> or empty, C<leave> ends the process after it.

=item answer

    my $reply = $importer->answer(\@numbers);

Finishes and answers exports that were kept earlier.

=item recover

    my $count = $importer->recover;

Finishes exports that were kept and then left behind, by a service that was killed for example.

C<outcomes> in a reply counts what became of the exports, C<retries> the tries beyond the first ones.

=item wishes

    my $wishes = $importer->wishes(\%service);

What is wished of the service, which is described to others.

=item settings

    my $settings = $importer->settings;

The settings of the service, as L<Koha::Plugin::ConnexionGateway::Listener> describes them.

=back

An exception of C<handle> or C<answer>, and an C<error> that the reply holds, are logged. An exception is
answered by a general text, and the process ends, so that a fresh one takes over. Returns the exit status.

=cut
