package Koha::Plugin::ConnexionGateway::ImporterPool;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp         qw(croak);
use Digest::SHA  qw(sha256);
use Fcntl        qw(F_SETFD);
use MIME::Base64 qw(encode_base64);
use POSIX        qw(WNOHANG);
use Socket       qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes  qw(clock_gettime CLOCK_MONOTONIC);

use Koha::Plugin::ConnexionGateway::Frames;
use Koha::Plugin::ConnexionGateway::Metrics;

my $START_SECONDS      = 60;     # loading Koha takes about one second
my $RESTART_SECONDS    = 1;      # between two tries to start an importer
my $FAILED_FOR_SECONDS = 5;      # so long exports are refused at once after starting failed twice
my $SET_ASIDE_SECONDS  = 3600;
my $SET_ASIDE_AT_MOST  = 1000;
my $RECOVER_TIMEOUTS   = 2;      # between two looks for exports that were left behind
my $DEATHS_OF_A_RECORD = 2;

my %TEXT = (
    full =>
        'The gateway is busy: %d exports are waiting. Nothing of this one was imported; export it again later.',
    waited =>
        'The gateway is busy: this export waited %d seconds. Nothing of it was imported; export it again later.',
    no_koha =>
        'The gateway cannot reach Koha at the moment. Nothing was imported; export it again later.',
    stopping  => 'The gateway is being stopped. Nothing was imported; export it again later.',
    set_aside =>
        'This export stopped the import twice and is set aside. Nothing of it was imported. '
        . 'Please show the record to the administrator of Koha.',
    unknown => 'The gateway was stopped before it heard whether this export was kept. '
        . 'Export it again: what was imported is not imported twice.',
    paused => 'The gateway is paused by the administrator of Koha. Nothing was imported; export it again later.',
    kept_aside => 'Received under number %s, but the import stopped twice; it is set aside. '
        . 'Please show this number to the administrator of Koha.',
);

sub new ($class, %args) {
    croak 'An importer pool needs a command' unless @{ $args{command} // [] };
    my $self = bless {
        command    => $args{command},
        log        => $args{log},
        loop       => $args{loop},
        limits     => $args{limits},
        metrics    => $args{metrics} // Koha::Plugin::ConnexionGateway::Metrics->new,
        importers  => {},               # by pid, only those that may get work
        pids       => {},               # every child not yet waited for
        retry      => [],
        queues     => {},               # by peer
        turns      => [],               # peers with a queue, the next one first
        waiting    => 0,
        running    => 0,
        set_aside  => {},
        failures   => 0,
        failed_at  => 0,
        generation => 0,
        recover_at => 0,
        last_id    => 0,
    }, $class;
    return $self;
}

sub limits ($self, $limits) {
    $self->{limits} = $limits;
    return $self;
}

# ------------------------------------------------------------------ work in

sub submit ($self, $export, %on) {
    my $job     = { %$export, id => ++$self->{last_id}, on => \%on, since => _now(), deaths => 0 };
    my $refusal = $self->_refusal($job);
    if ($refusal) {
        $self->_answer($job, $refusal);
        return $job;
    }
    my $peer = $job->{peer};
    push @{ $self->{turns} },         $peer unless $self->{queues}{$peer};
    push @{ $self->{queues}{$peer} }, $job;
    $self->{waiting}++;
    $self->_dispatch;
    return $job;
}

sub _refusal ($self, $job) {
    return $TEXT{stopping} if $self->{stopped};
    return $TEXT{paused}   if $self->{paused};
    return sprintf $TEXT{full}, $self->{waiting} if $self->{waiting} >= $self->{limits}{max_queue};
    return $TEXT{no_koha}   if $self->_koha_is_away;
    return $TEXT{set_aside} if %{ $self->{set_aside} } && $self->{set_aside}{ _digest($job) };
    return;
}

sub forget ($self, $job) {
    my $queue  = $self->{queues}{ $job->{peer} } // return 0;
    my $before = @$queue;
    @$queue = grep { $_ != $job } @$queue;
    my $removed = $before - @$queue;
    $self->{waiting} -= $removed;
    $self->_drop_empty_queues;

    # The callbacks hold the connection's side of the job, which holds the job.
    $job->{on} = {} if $removed;
    return $removed;
}

sub warm ($self) {
    return        if $self->_koha_is_away || $self->{stopped};
    $self->_start if !grep { !$_->{job} } values %{ $self->{importers} };
    return;
}

# A question to an importer beside the exports; the answer's text, or nothing where none could be had.
sub ask ($self, $question, $callback) {
    my $on = { reply => sub ($reply) { $callback->($reply->{text}) } };
    return $callback->(undef) if $self->{stopped} || $self->_koha_is_away;
    push @{ $self->{retry} }, { id => ++$self->{last_id}, question => $question, on => $on };
    return $self->_dispatch;
}

sub pause ($self, $paused) {
    $self->{paused} = $paused ? 1 : 0;
    return;
}

sub paused ($self) { return $self->{paused} ? 1 : 0 }

sub has_idle_importer ($self) { return $self->_idle_importer ? 1 : 0 }

sub numbers ($self) {
    return { queue => $self->{waiting}, running => $self->{running}, importers => scalar keys %{ $self->{pids} } };
}

sub busy ($self) { return $self->{waiting} + $self->{running} + @{ $self->{retry} } }

sub healthy ($self) { return !$self->_koha_is_away }

sub _koha_is_away ($self) {
    return 0 if grep { $_->{ready} } values %{ $self->{importers} };
    return $self->{failures} >= 2 && _now() - $self->{failed_at} < $FAILED_FOR_SECONDS;
}

# ------------------------------------------------------------------ settings

sub settings ($self, $callback) {
    my $importer = $self->_start(anyway => 1, generation => $self->{generation} + 1);
    $importer->{settings} = sub ($settings, $problem = undef) {
        if ($settings) {
            my $old = $self->{generation}++;
            $self->{set_aside} = {};
            $self->_retire($_) for grep { $_->{generation} <= $old } values %{ $self->{importers} };
        }
        $callback->($settings, $problem);
    };
    return;
}

# ------------------------------------------------------------------ the queue

sub _dispatch ($self) {
    while (my $importer = $self->_idle_importer) {
        my $job = $self->_next_job // last;
        $self->_give($importer, $job);
    }
    my $work     = $self->{waiting} + @{ $self->{retry} };
    my $starting = grep { !$_->{ready} } values %{ $self->{importers} };
    while ($starting++ < $work) { $self->_start // last }
    return;
}

# The one used last comes first, so that the others become old and end.
sub _idle_importer ($self) {
    my @idle = grep { $_->{ready} && !$_->{job} && !$_->{settings} } values %{ $self->{importers} };
    return (sort { $b->{idle_since} <=> $a->{idle_since} } @idle)[0];
}

# Peers take turns, so that a large batch from one workstation keeps nobody else waiting.
sub _next_job ($self) {
    return shift @{ $self->{retry} } if @{ $self->{retry} };
    my $peer = shift @{ $self->{turns} } // return;
    my $job  = shift @{ $self->{queues}{$peer} };
    push @{ $self->{turns} }, $peer;
    $self->{waiting}--;
    $self->_drop_empty_queues;
    return $job;
}

sub _drop_empty_queues ($self) {
    my $queues = $self->{queues};
    delete @{$queues}{ grep { !@{ $queues->{$_} } } keys %$queues };
    @{ $self->{turns} } = grep { $queues->{$_} } @{ $self->{turns} };
    return;
}

sub _give ($self, $importer, $job) {
    $self->{running}++;
    @$importer{qw(job began)} = ($job, _now());
    my $message =
          $job->{question} ? _frame({ %{ $job->{question} }, id => $job->{id} })
        : $job->{numbers}
        ? _frame({ type => 'answer', id => $job->{id}, numbers => $job->{numbers} })
        : _frame(_export_header($job), join '', @{ $job->{records} });
    $importer->{stream}->write($message);
    return;
}

sub _export_header ($job) {
    return {
        type     => 'export',
        id       => $job->{id},
        peer     => $job->{peer},
        lengths  => [map { length } @{ $job->{records} }],
        readings => [map { _encoded_reading($_) } @{ $job->{readings} }],
    };
}

sub _encoded_reading ($reading) {
    return {
        map  { $_ => encode_base64($reading->{$_} // '', '') }
        grep { $reading->{"has_$_"} } qw(user login password)
    };
}

sub _answer ($self, $job, $text, $login = '') {
    $text =~ tr/\0//d if defined $text;
    my $callback = $job->{on}{reply};
    $job->{on} = {};
    $callback->({ text => $text, login => $login }) if $callback;
    return;
}

sub _answer_all ($self, $text) {
    my @jobs = (splice(@{ $self->{retry} }), map { @$_ } values %{ $self->{queues} });
    $self->{left_behind} = 1 if grep { $_->{numbers} } @jobs;
    @$self{qw(queues turns waiting)} = ({}, [], 0);
    $self->_answer($_, $_->{question} ? undef : $_->{numbers} ? _kept($_->{numbers}) : $text) for @jobs;
    return;
}

sub _kept ($numbers) {
    return
          'Received under number '
        . join(', ', @$numbers)
        . ', but not yet imported: look at the list of exports in Koha, or export it again to see the outcome.';
}

# ------------------------------------------------------------------ processes

sub _start ($self, %args) {
    return if $self->{stopped};
    my $count = keys %{ $self->{importers} };
    return if !$args{anyway} && $count >= $self->{limits}{max_importers};
    return if !$args{anyway} && $self->{failures} && _now() - $self->{failed_at} < $RESTART_SECONDS;

    my ($ours, $theirs);
    my $pid;
    if (!socketpair($ours, $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) || !defined($pid = fork)) {
        $self->{log}->error(importer_not_started => error => "$!");
        @$self{qw(failures failed_at)} = ($self->{failures} + 1, _now());
        return;
    }
    _become_importer($theirs, @{ $self->{command} }) if !$pid;
    close $theirs or croak "The socket pair can't be closed: $!";
    my $importer = $self->_importer($pid, $ours, $args{generation} // $self->{generation});
    $self->{log}->info(importer_started => importer => $pid);
    return $importer;
}

sub _become_importer ($socket, @command) {
    my $fd = fileno $socket;
    open STDIN, '<', '/dev/null' or POSIX::_exit(127);
    for my $other (grep { $_ > 2 && $_ != $fd } _open_descriptors()) {
        POSIX::close($other);
    }
    fcntl $socket, F_SETFD, 0 or POSIX::_exit(127);
    local @SIG{qw(INT TERM HUP PIPE)} = ('DEFAULT') x 4;
    exec { $command[0] } @command, $fd or POSIX::_exit(127);
    return;
}

sub _open_descriptors {
    opendir my $directory, '/proc/self/fd' or return 3 .. 1023;
    my @descriptors = grep { /\A[0-9]+\z/ } readdir $directory;
    closedir $directory;
    return @descriptors;
}

sub _importer ($self, $pid, $socket, $generation) {
    require Mojo::IOLoop::Stream;
    $socket->blocking(0);
    my $stream   = Mojo::IOLoop::Stream->new($socket)->reactor($self->{loop}->reactor)->timeout(0);
    my $importer = {
        pid        => $pid,
        stream     => $stream,
        frames     => Koha::Plugin::ConnexionGateway::Frames->new,
        generation => $generation,
        began      => _now(),
        served     => 0,
    };
    $stream->on(read  => sub ($stream, $octets) { $self->_read($importer, $octets) });
    $stream->on(close => sub ($stream) { $self->_gone($importer) });
    $stream->on(error => sub ($stream, $error) { });    # a close follows
    $stream->start;
    $self->{pids}{$pid}      = $importer;
    $self->{importers}{$pid} = $importer;
    return $importer;
}

sub _read ($self, $importer, $octets) {
    $importer->{frames}->feed($octets);
    while (my ($header, $body) = $importer->{frames}->next) {
        $self->_message($importer, $header, $body);
    }
    return;
}

my %MESSAGE = (
    ready    => \&_on_ready,
    settings => \&_on_settings,
    received => \&_on_received,
    reply    => \&_on_reply,
);

sub _message ($self, $importer, $header, $body) {
    my $code = $MESSAGE{ $header->{type} // '' };
    return $self->$code($importer, $header, $body) if $code;
    $self->{log}->error(unknown_message => importer => $importer->{pid}, type => $header->{type});
    return $self->_kill($importer);
}

sub _on_ready ($self, $importer, @) {
    @$importer{qw(ready idle_since)} = (1, _now());
    $self->{failures} = 0;
    if ($importer->{settings}) {
        return $importer->{stream}->write(_frame({ type => 'settings', id => 0 }));
    }
    return $self->_dispatch;
}

sub _on_settings ($self, $importer, $header, @) {
    my $callback = delete $importer->{settings} // return;
    $callback->($header->{settings});
    return $self->_dispatch;
}

sub _on_received ($self, $importer, $header, @) {
    my $job = $importer->{job};
    return if !$job || $job->{id} != $header->{id};
    $job->{numbers} = $header->{numbers};
    $job->{on}{received}->($job->{numbers}) if $job->{on}{received};
    return;
}

sub _on_reply ($self, $importer, $header, $body) {
    my $job = $importer->{job};
    return if !$job || $job->{id} != $header->{id};
    delete $importer->{job};
    $self->{running}--;
    $self->_served($importer, $job, $header) if !$job->{question};
    $self->_retire($importer)
        if $header->{leave} || $importer->{old} || $importer->{served} >= $self->{limits}{importer_exports};
    $self->_answer($job, $body, $header->{login});
    return $self->_dispatch;
}

# A question is no work: an importer that is only asked comes to its end.
sub _served ($self, $importer, $job, $header) {
    $importer->{idle_since} = _now();
    $importer->{served}++;
    $self->{metrics}->outcomes($header->{outcomes} // {});
    $self->{metrics}->count(retries => $header->{retries} // 0);
    $self->{metrics}->answered(_now() - $job->{since});
    return;
}

# ------------------------------------------------------------------ their end

# Closing our end is the sign to leave; one that is busy gets it after its reply.
sub _retire ($self, $importer) {
    return $importer->{old} = 1 if $importer->{job};
    delete $self->{importers}{ $importer->{pid} };
    $importer->{retired} = 1;
    $importer->{stream}->close;
    return;
}

sub _kill ($self, $importer) {
    $importer->{old} = 1;    # no more work for it, whatever it may still have said
    kill KILL => $importer->{pid};
    $self->_read_rest($importer);
    $importer->{stream}->close;
    return;
}

# What it said before it died counts: `received` above all.
sub _read_rest ($self, $importer) {
    my $handle = $importer->{stream}->handle // return;
    while (sysread $handle, my $octets, 65536) {
        last unless eval { $self->_read($importer, $octets); 1 };
    }
    return;
}

sub _gone ($self, $importer) {
    delete $self->{importers}{ $importer->{pid} };
    return if $importer->{retired};
    $importer->{retired} = 1;
    $self->{log}
        ->warning(importer_died => importer => $importer->{pid}, served => $importer->{served})
        if $importer->{ready};
    $self->_failed_to_start($importer) if !$importer->{ready};
    my $callback = delete $importer->{settings};
    $callback->(undef, 'The importer ended before it gave the settings of the service')
        if $callback;
    my $job = delete $importer->{job};
    $self->_lost($job) if $job;
    return $self->_dispatch;
}

sub _failed_to_start ($self, $importer) {
    @$self{qw(failures failed_at)} = ($self->{failures} + 1, _now());
    $self->{log}->error(
        importer_failed_to_start => importer => $importer->{pid},
        failures                 => $self->{failures}
    );
    $self->_answer_all($TEXT{no_koha}) if $self->_koha_is_away;
    return;
}

sub _lost ($self, $job) {
    $self->{running}--;
    return $self->_question_lost($job) if $job->{question};
    $job->{deaths}++;
    $self->{metrics}->count('importer_deaths');
    $self->{log}->warning(
        export_interrupted => export => $job->{numbers},
        deaths             => $job->{deaths},
        peer               => $job->{peer}
    );
    if ($job->{deaths} < _deaths_until_set_aside($job)) {
        push @{ $self->{retry} }, $job;
        return;
    }
    $self->{left_behind} = 1 if $job->{numbers};
    $self->_set_aside($job);
    return $self->_answer($job, $job->{numbers}
        ? sprintf $TEXT{kept_aside},
        join ', ', @{ $job->{numbers} }
        : $TEXT{set_aside});
}

# The row of a kept record tells that it has ended two importers, and the third one sets it aside for
# good and goes on with the others of the request.
sub _deaths_until_set_aside ($job) {
    return $job->{numbers} ? 1 + $DEATHS_OF_A_RECORD * @{ $job->{numbers} } : $DEATHS_OF_A_RECORD;
}

# Kept in memory only: with the next start or reload it gets another chance.
sub _set_aside ($self, $job) {
    my $set_aside = $self->{set_aside};
    $self->{log}->error(
        export_set_aside => export => $job->{numbers},
        peer             => $job->{peer}
    );
    $set_aside->{ _digest($job) } = _now() if keys %$set_aside < $SET_ASIDE_AT_MOST;
    return;
}

# ------------------------------------------------------------------ time

sub tick ($self) {
    my $now = _now();
    $self->_reap;
    $self->_end_the_hung($now);
    $self->_end_the_idle($now);
    $self->_answer_the_waiting($now);
    my $set_aside = $self->{set_aside};
    delete @{$set_aside}{ grep { $now - $set_aside->{$_} > $SET_ASIDE_SECONDS } keys %$set_aside };
    $self->_dispatch;
    $self->_recover($now);
    return;
}

# Kept exports whose service was killed are finished when there is time; those in work are not
# touched, their lease tells. Where some are known to be left an importer is started for them.
sub _recover ($self, $now) {
    return if $self->{stopped} || $now < $self->{recover_at};
    my $importer = $self->_idle_importer;
    $self->warm if !$importer && $self->{left_behind};
    return if !$importer;
    $self->{recover_at} = $now + $RECOVER_TIMEOUTS * $self->{limits}{import_timeout};
    my $on = {
        reply => sub ($reply) {
            $self->{left_behind} = !defined $reply->{text};
            $self->{log}->error('recovery_failed') if $self->{left_behind} && !$self->{stopped};
        }
    };
    $self->_give($importer, { id => ++$self->{last_id}, question => { type => 'recover' }, on => $on });
    return;
}

sub _question_lost ($self, $job) { return $self->_answer($job, undef) }

sub _reap ($self) {
    for my $pid (keys %{ $self->{pids} }) {
        next unless waitpid($pid, WNOHANG) == $pid;
        my $status   = $?;
        my $importer = delete $self->{pids}{$pid};
        $self->{log}->info(
            importer_ended => importer => $pid,
            status         => $status >> 8,
            signal         => $status & 127
        );

        # A process that it left behind may hold the socket open; its end is the end all the same.
        $self->_read_rest($importer)    if !$importer->{retired};
        $importer->{stream}->close      if !$importer->{retired};

        # Its callbacks hold the importer, which holds it.
        delete $importer->{stream};
    }
    return;
}

sub _end_the_hung ($self, $now) {
    for my $importer (values %{ $self->{importers} }) {
        my $allowed = $importer->{job} ? $self->{limits}{import_timeout} : $START_SECONDS;
        next if $importer->{ready} && !$importer->{job} && !$importer->{settings};
        next if $now - $importer->{began} < $allowed;
        my $numbers = $importer->{job} && $importer->{job}{numbers};
        $self->{log}->error(importer_hung => importer => $importer->{pid},
            $numbers ? (export => $numbers) : (), seconds => $allowed);
        $self->_kill($importer);
    }
    return;
}

sub _end_the_idle ($self, $now) {
    my $seconds = $self->{limits}{importer_idle};
    $self->_retire($_)
        for
        grep { $_->{ready} && !$_->{job} && !$_->{settings} && $now - $_->{idle_since} > $seconds }
        values %{ $self->{importers} };
    return;
}

sub _answer_the_waiting ($self, $now) {
    my $seconds = $self->{limits}{queue_timeout};
    for my $queue (values %{ $self->{queues} }) {
        while (@$queue && $now - $queue->[0]{since} > $seconds) {
            $self->{waiting}--;
            $self->_answer(shift @$queue, sprintf $TEXT{waited}, $seconds);
        }
    }
    return $self->_drop_empty_queues;
}

sub stop ($self) {
    $self->{stopped} = 1;
    $self->_answer_all($TEXT{stopping});
    for my $importer (values %{ $self->{importers} }) {
        my $job = delete $importer->{job};
        $self->_answer($job, scalar _told_at_the_end($job)) if $job;
        $self->_retire($importer);
    }
    return;
}

sub _told_at_the_end ($job) {
    return if $job->{question};
    return $job->{numbers} ? _kept($job->{numbers}) : $TEXT{unknown};
}

sub _digest ($job) { return $job->{digest} //= sha256(join '', @{ $job->{records} }) }

sub _frame ($header, $body = '') {
    return Koha::Plugin::ConnexionGateway::Frames->encode($header, $body);
}

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ImporterPool - starts, feeds, recycles and replaces importers

=head1 SYNOPSIS

    my $pool = Koha::Plugin::ConnexionGateway::ImporterPool->new(
        loop => Mojo::IOLoop->singleton, log => $log, limits => \%limits,
        command => [$^X, 'bin/connexion-gateway', 'importer', '--fd'],
    );
    $pool->submit(
        {peer => $address, readings => \@readings, records => \@records},
        received => sub ($numbers) { … },
        reply    => sub ($reply) { … $reply->{text}, $reply->{login} … },
    );

=head1 DESCRIPTION

Importers are processes, started by fork and exec with nothing inherited but standard error, output
and one end of a socket pair, whose number is added to the command. One is started when work comes
and none is idle, up to C<max_importers>; it ends after C<importer_idle> without work and is
replaced after C<importer_exports> exports or when it dies.

An export whose importer died is given to another: by its numbers when it was kept already, whole
when it was not. One that ends two importers is set aside: it is answered, and the same records are
refused until the next start or reload, or for an hour. An importer that takes longer than
C<import_timeout> is killed. Exports that were kept and left behind, by a service that was killed, are
finished by an importer that is idle. Waiting exports are taken in turn, one peer after the other.

=head1 METHODS

=head2 new

Takes C<loop> (a Mojo::IOLoop), C<log>, C<limits>, C<metrics> (L<Koha::Plugin::ConnexionGateway::Metrics>) and C<command> (program and arguments, without the
number of the file descriptor). Limits: C<max_importers>, C<importer_idle>,
C<importer_exports>, C<import_timeout> (seconds), C<max_queue>, C<queue_timeout>.

=head2 limits

    $pool->limits(\%limits);

=head2 submit

    my $job = $pool->submit(\%export, received => …, reply => …);

Queues an export. C<received> is called when it is kept, with its numbers; C<reply> exactly once
unless the job is forgotten, perhaps before C<submit> returns, with the text (ASCII, without NUL) and
the seconds to hold it back.

=head2 forget

    my $forgotten = $pool->forget($job);

Takes a job that has not begun out of the queue. False when it has begun: then it runs to its end.

=head2 warm

Starts an importer when none is idle: there will be work.

=head2 settings

    $pool->settings(sub ($settings, $problem) { … });

Asks a new importer for the settings of the service. When they come, all older importers are
replaced, each after the export it is at; when it fails, they stay.

=head2 ask

    $pool->ask({type => 'wishes', …}, sub ($text) { … });

Puts a question to an importer, beside the exports. Without an importer the callback gets undef.

=head2 pause, paused

    $pool->pause(1);

Refuses new exports, until it is called with 0; what is under way goes on.

=head2 has_idle_importer, numbers

Whether there is one; C<{queue, running, importers}>.

=head2 busy

The number of exports that wait or are being imported.

=head2 healthy

False when importers could not be started lately.

=head2 tick

To be called several times a second: sees to everything that depends on time.

=head2 stop

Answers what waits, lets all importers go after the export they are at, and starts none any more.

=cut
