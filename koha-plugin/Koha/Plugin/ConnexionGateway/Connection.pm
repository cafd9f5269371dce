package Koha::Plugin::ConnexionGateway::Connection;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Errno        qw(EAGAIN EINTR EWOULDBLOCK);
use Scalar::Util qw(weaken);
use Time::HiRes  qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Http;

my $CHUNK           = 65_536;
my $HELD_AT_MOST    = 262_144;    # octets kept while an export of the same connection is under way
my $GOODBYE_SECONDS = 2;          # to fetch the last reply when the service stops

my %TEXT = (
    no_byte => 'No export arrived within %d seconds. Nothing was imported.',
    stopped => 'The gateway is being stopped. Nothing was imported; export it again later.',
    kept => 'Received under number %s; the import goes on. Look at the list of exports in Koha for '
        . 'its outcome, or export it again: the answer will be the outcome, nothing is imported twice.',
    pause => 'Not imported: too many wrong logins from this address (%s) for now. Try again in %d seconds, '
        . 'with the logon ID and password of the gateway.',
);

sub new ($class, %args) {
    my $self = bless {
        %args,    # handle, peer, loop, pool, limits, log, failed_logins, operations, parser, on_close
        in       => '',
        out      => '',
        head     => '',
        since    => _now(),
        answered => 0,
    }, $class;
    weaken(my $weak = $self);
    $self->{loop}->reactor->io(
        $self->{handle} => sub ($reactor, $writable) { $weak && $weak->_event($writable) });
    $self->_watch;
    return $self;
}

sub peer ($self) { return $self->{peer} }

sub final ($self) { return $self->{final} }

# ------------------------------------------------------------------ octets in and out

sub _watch ($self) {
    return if $self->{gone};
    my $read = !$self->{eof} && length $self->{in} < $HELD_AT_MOST;
    $self->{loop}->reactor->watch($self->{handle}, $read, length $self->{out} ? 1 : 0);
    return;
}

sub _event ($self, $writable) {
    return                        if $self->{gone};
    return $self->_flush          if $writable;
    return $self->_close('reset') if $self->{eof} || length $self->{in} >= $HELD_AT_MOST;
    my $got = sysread $self->{handle}, (my $octets), $CHUNK;
    return $self->_read_failed  if !defined $got;
    return $self->_end_of_input if !$got;
    return if $self->{final};  # read, so that the end is seen and no reset is sent, and thrown away
    $self->{last_octet} = _now();
    $self->{in} .= $octets;
    $self->_advance;
    return $self->_watch;
}

sub _read_failed ($self) {
    return if $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR;
    return $self->_close('reset');
}

sub _end_of_input ($self) {
    $self->{eof} = 1;
    return $self->_close('done') if $self->{final} && !length $self->{out};
    $self->_advance;
    return $self->_watch;
}

sub _write ($self, $octets) {
    $self->{out} .= $octets;
    $self->{written} = _now();
    return $self->_flush;
}

sub _flush ($self) {
    while (!$self->{gone} && length $self->{out}) {
        my $wrote = syswrite $self->{handle}, $self->{out};
        if (!defined $wrote) {
            return $self->_close('reset') if $! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR;
            last;
        }
        substr $self->{out}, 0, $wrote, '';
    }
    return                 if $self->{gone};
    return $self->_flushed if !length $self->{out};
    return $self->_watch;
}

sub _flushed ($self) {
    return $self->_close('done') if $self->{eof} && $self->{final};
    shutdown $self->{handle}, 1 if $self->{say_goodbye};
    return $self->_watch;
}

sub _close ($self, $why) {
    return if $self->{gone};
    $self->{gone} = 1;
    $self->{loop}->reactor->remove($self->{handle});
    close $self->{handle};    ## no critic (RequireCheckedClose): the other end may be gone already
    my $job = $self->{job};
    $self->{pool}->forget($job->{pooled}) if $why eq 'reset' && $job && $job->{pooled};
    $self->{on_close}->($self);
    return;
}

# ------------------------------------------------------------------ requests

sub _under_way ($self) {
    return $self->{job} || length $self->{in} || $self->{parser}->state ne 'idle';
}

# The one place that decides what comes next; called whenever something has changed. While an
# export is under way nothing more is parsed: requests of one connection are answered in their order.
sub _advance ($self) {
    return if $self->{gone} || $self->{final} || $self->{job};
    my $parser  = $self->{parser};
    my $request = $parser->next;
    if (!$request) {
        $self->_parse;
        $request = $parser->next;
    }
    return $self->_submit($request) if $request;
    return $self->_problem          if $parser->state eq 'failed';
    return                          if !$self->{finished};
    return $self->{eof} && !length $self->{out} ? $self->_close('done') : $self->_end;
}

sub _parse ($self) {
    my $parser = $self->{parser};
    my $octets = $self->{in};
    $self->{in} = '';
    if (length $octets) {
        my $begins = $parser->state eq 'idle';
        $self->_begins if $begins;
        $self->{head} = substr $self->{head} . $octets, 0, $Koha::Plugin::ConnexionGateway::Http::HEAD_AT_MOST;
        $parser->feed($octets) if $parser->state ne 'failed';

        # An importer for an export, but none for a monitor that asks how it goes.
        $self->{pool}->warm if $begins && $parser->state ne 'failed';
    }
    $self->_finish_parsing if $self->{eof};
    return;
}

sub _finish_parsing ($self) {
    $self->{parser}->finish if !$self->{finished}++;
    return;
}

sub _begins ($self) {
    $self->{began} = _now();
    $self->{head}  = '';
    return;
}

# A later request of the connection that has no login is made with the login of those before it.
sub _submit ($self, $request) {
    my $named =
        grep { $_->{has_user} || $_->{has_login} || $_->{has_password} } @{ $request->{readings} };
    $self->{readings} = $request->{readings} if $named || !$self->{readings};
    my $job = $self->{job} = { since => _now(), logins => _logins($self->{readings}) };
    my $pause = $self->{failed_logins}->pause($self->{peer}, @{ $job->{logins} });
    return $self->_pause($pause) if $pause;
    weaken(my $weak = $self);
    $job->{pooled} = $self->{pool}->submit(
        { peer => $self->{peer}, readings => $self->{readings}, records => $request->{records} },
        received => sub ($numbers) { $job->{numbers} = $numbers },
        reply    => sub ($reply) { $weak->_on_reply($job, $reply) if $weak },
    );
    return;
}

# All that the request may mean: whoever guesses could choose which comes first.
sub _logins ($readings) {
    my %logins;
    for my $reading (@{$readings}) {
        my $login = length($reading->{login} // '') ? $reading->{login} : $reading->{user};
        $logins{ $login // '' } = 1;
    }
    return [sort keys %logins];
}

sub _pause ($self, $seconds) {
    $self->{log}->warning(login_paused => peer => $self->{peer}, seconds => int $seconds);
    delete $self->{job};
    return $self->refuse(sprintf $TEXT{pause}, $self->{peer}, $seconds + 1);
}

sub _on_reply ($self, $job, $reply) {
    my $delay = $self->_take_note($job, $reply->{login} // '');
    if ($self->{gone} || !$self->{job} || $self->{job} != $job) {
        $self->{log}->info(late_reply => export => $job->{numbers}, peer => $self->{peer});
        return;
    }
    return $self->_reply($reply->{text}) if $delay <= 0;
    weaken(my $weak = $self);
    $self->{loop}->timer(
        $delay,
        sub ($loop) {
            $weak->_reply($reply->{text}) if $weak && $weak->{job} && $weak->{job} == $job;
        }
    );
    $job->{delayed} = 1;
    return;
}

# Also of a client that is gone: hanging up is no way to guess faster.
sub _take_note ($self, $job, $login) {
    my $failed_logins = $self->{failed_logins};
    return $failed_logins->failed($self->{peer}, @{ $job->{logins} }) if $login eq 'wrong';
    $failed_logins->succeeded($self->{peer}, @{ $job->{logins} }) if $login eq 'right';
    return 0;
}

sub _reply ($self, $text) {
    return if $self->{gone};
    delete $self->{job};
    $self->{answered}++;
    $self->{since} = _now();
    $self->_write("$text\0");
    return $self->_end if $self->{draining};
    $self->_advance;
    return $self->_watch;
}

# ------------------------------------------------------------------ ends

# Nothing more is taken; what is written is kept up until the client has closed.
sub _end ($self, %args) {
    return if $self->{gone};
    $self->{final}       = 1;
    $self->{in}          = '';
    $self->{since}       = _now();
    $self->{say_goodbye} = 1 if $args{goodbye};
    return length $self->{out} ? $self->_watch : $self->_flushed;
}

sub refuse ($self, $text) {
    return if $self->{gone};
    $self->_write("$text\0");
    return $self->_end;
}

sub _problem ($self) {
    my $problem = $self->{parser}->problem;
    return $self->_http if $problem->{code} eq 'http';
    $self->{operations}->bad_request;
    $self->{log}->warning(
        bad_request => peer => $self->{peer},
        code        => $problem->{code},
        offset      => $problem->{offset}
    );
    return $self->refuse($problem->{message});
}

# It may take a moment: meanwhile it is a job like an export.
sub _http ($self) {
    my $request = Koha::Plugin::ConnexionGateway::Http->parse($self->{head}, $self->{eof});
    return if !defined $request;
    my $job = $self->{job} = { since => _now() };
    weaken(my $weak = $self);
    Koha::Plugin::ConnexionGateway::Http->answer(
        $request,
        $self->{operations}->rights($self->{peer}, $self->{handle}->sockhost),
        $self->{operations},
        sub ($octets) { $weak->_answer_http($job, $octets) if $weak }
    );
    return;
}

sub _answer_http ($self, $job, $octets) {
    return if $self->{gone} || !$self->{job} || $self->{job} != $job;
    delete $self->{job};
    $self->_write($octets);
    return $self->_end(goodbye => 1);
}

sub drain ($self) {
    $self->{draining} = 1;
    return             if $self->{final}      || $self->_under_way;
    return $self->_end if length $self->{out} || $self->{answered};
    return $self->_close('done');
}

sub abandon ($self) {
    return $self->_close('done') if $self->{final} || !$self->_under_way;
    my $numbers = $self->{job} && $self->{job}{numbers};
    $self->_write(($numbers ? $self->_kept($numbers) : $TEXT{stopped}) . "\0");
    return $self->_close('done');
}

sub _kept ($self, $numbers) { return sprintf $TEXT{kept}, join ', ', @$numbers }

# ------------------------------------------------------------------ time

sub tick ($self, $now) {
    return if $self->{gone};
    my $limits = $self->{limits};
    return $self->_close('reset')
        if length $self->{out} && $now - $self->{written} > $limits->{between_bytes_timeout};
    return $self->_tick_final($now) if $self->{final};
    return $self->_tick_job($now)   if $self->{job};
    return $self->_tick_idle($now)  if $self->{parser}->state eq 'idle';
    return $self->_give_up_waiting
        if $now - $self->{last_octet} > $limits->{between_bytes_timeout}
        || $now - $self->{began} > $limits->{request_timeout};
    return;
}

sub _tick_final ($self, $now) {
    my $seconds = $self->{draining} ? $GOODBYE_SECONDS : $self->{limits}{idle_timeout};
    return if $now - $self->{since} <= $seconds;
    return $self->_close('done');
}

sub _tick_job ($self, $now) {
    my $job = $self->{job};
    return if !$job->{numbers} || $job->{delayed};
    return if $now - $job->{since} < $self->{limits}{answer_within};
    return $self->_reply($self->_kept($job->{numbers}));
}

sub _tick_idle ($self, $now) {
    my $limits = $self->{limits};
    return $self->refuse(sprintf $TEXT{no_byte}, $limits->{first_byte_timeout})
        if !$self->{answered} && $now - $self->{since} > $limits->{first_byte_timeout};
    return $self->_close('done')
        if $self->{answered} && $now - $self->{since} > $limits->{idle_timeout};
    return;
}

# As if the client had closed: what there is goes the way of every record, and is told to be cut.
sub _give_up_waiting ($self) {
    return $self->refuse($self->{operations}->not_for_browsers) if $self->{parser}->state eq 'failed';
    $self->_finish_parsing;
    return $self->_advance;
}

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Connection - one client's connection to the listener

=head1 DESCRIPTION

Feeds what arrives to a request parser, gives whole requests to the importer pool, one at a time,
and writes the replies. It is driven by the event loop (octets) and by C<tick> (time), and never
waits.

A reply ends in NUL, and the client closes. When it keeps the connection, more requests are taken,
without a login of their own with that of the last one that had any. A request that stops short is
taken as it is: the importer says what is missing. After an answer that ends the conversation (a refusal,
a request that is none) what still comes is read and thrown away until the client closes, so that it
can read the answer; after C<idle_timeout> the connection is closed here.

=head1 METHODS

=head2 new

Takes C<handle> (a connected, non-blocking socket), C<peer> (its address), C<loop> (a Mojo::IOLoop),
C<pool> (L<Koha::Plugin::ConnexionGateway::ImporterPool>), C<limits>, C<log>,
C<failed_logins> (L<Koha::Plugin::ConnexionGateway::FailedLogins>), C<operations>
(L<Koha::Plugin::ConnexionGateway::Operations>), C<parser> (a
C<Core::RequestParser>) and C<on_close>, which is called once, with the connection.

=head2 peer

The address of the client.

=head2 final

True when no more requests are taken from it.

=head2 refuse

    $connection->refuse($ascii);

Answers with this text and takes nothing more.

=head2 drain

The service stops: a connection without work is closed, one with work after its reply.

=head2 abandon

The service can wait no longer: says what is known, and closes.

=head2 tick

    $connection->tick($now);

To be called several times a second with the monotonic time.

=cut
