package Koha::Plugin::ConnexionGateway::Importer;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use Time::HiRes ();

use Koha::Plugin::ConnexionGateway::Authenticator;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Planner;
use Koha::Plugin::ConnexionGateway::Reply;
use Koha::Plugin::ConnexionGateway::Settings;
use Koha::Plugin::ConnexionGateway::TestTickets;
use Koha::Plugin::ConnexionGateway::Wishes;
use Koha::Plugin::ConnexionGateway::Writer;

my $REPLY = 'Koha::Plugin::ConnexionGateway::Reply';
my $ERROR = 'Koha::Plugin::ConnexionGateway::Error';

# How often the same is tried: a lock is waited for by the database itself, a database that is being
# started again takes seconds.
my $MOST_ATTEMPTS = 4;
my $LOCKED_SECONDS = 0.05;
my $LOST_SECONDS = 1;

# A lease outlasts the time after which the listener ends an importer.
my $LEASE_TIMES = 1.5;

sub new ($class, %args) {
    my $koha = $args{koha} // Koha::Plugin::ConnexionGateway::Koha->new;
    $koha->raise_errors if !$args{in_koha};
    my $self = bless { koha => $koha, log => $args{log} // Koha::Plugin::ConnexionGateway::Log->new },
        $class;
    $self->{settings} = Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha);
    $self->{tickets} = Koha::Plugin::ConnexionGateway::TestTickets->new(koha => $koha);
    $self->{wishes} = Koha::Plugin::ConnexionGateway::Wishes->new(koha => $koha);
    $self->{journal} = Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha);
    $self->{identifiers} = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha, log => $self->{log});
    my @tables = map { $_ => $self->{$_} } qw(journal identifiers);
    $self->{planner} = Koha::Plugin::ConnexionGateway::Planner->new(
        koha => $koha, settings => $self->{settings}, @tables);
    $self->{writer} = Koha::Plugin::ConnexionGateway::Writer->new(koha => $koha, @tables);
    $self->{authenticator} = Koha::Plugin::ConnexionGateway::Authenticator->new(
        koha => $koha, settings => $self->{settings});
    $self->{journal}->lease($LEASE_TIMES * $self->{settings}->service->{import_timeout});
    return $self;
}

# With what was wished before they were read.
sub settings ($self) {
    my $wished = $self->{wishes}->wished;
    return { %{ $self->{settings}->service }, wished => $wished };
}

sub wishes ($self, $service) {
    $self->{wishes}->here_is($service);
    $self->{koha}->forget_caches;
    return { %{ $self->{wishes}->wished }, index_queue => scalar $self->{koha}->index_queue };
}

# ---------------------------------------------------------------- what is told of it

# For the log and the counters: what became of one export.
sub _note ($self, $outcome, %pairs) {
    $self->{noted}{outcomes}{$outcome}++;
    my $level = $outcome eq 'failed' ? 'error' : $outcome eq 'login_refused' ? 'warning' : 'info';
    $self->{log}->$level($outcome eq 'login_refused' ? 'login_refused' : 'export',
        map { $_ => $pairs{$_} } grep { defined $pairs{$_} } sort keys %pairs);
    return;
}

sub _note_finished ($self, $done, $began, $attempts) {
    return $self->_note($done->{became}, export => $done->{number}, outcome => $done->{became},
        attempts => $attempts, milliseconds => int 1000 * (Time::HiRes::time() - $began),
        (map { $_ => $done->{$_} } qw(record_type record_id batch repeat_of)));
}

sub _noted ($self) { return %{ delete $self->{noted} // {} } }

# ---------------------------------------------------------------- one request

sub handle ($self, $request, $received) {
    $self->{koha}->forget_caches;
    my $kept = eval { $self->_persistently(sub { $self->_refuse_if_disabled($request) // $self->_keep($request) }) };
    if (!$kept) {
        my $error = $@;
        die $error if $ERROR->code_of($error) !~ /\Adatabase[.]/;
        return { text => $REPLY->no_database, leave => 1, error => "$error", $self->_noted };
    }
    return $kept if defined $kept->{text};
    my $numbers = $kept->{numbers};
    $received->($numbers);
    my @replies = map { $self->_answer_one($_, $kept->{answer}, anew => defined $kept->{answer}{ticket}) } @{$numbers};
    return { text => join("\n\n", @replies), numbers => $numbers, login => 'right', $self->_noted };
}

# Whoever disables the plugin in Koha means its exports, too. The service stays, and takes them again at once.
sub _refuse_if_disabled ($self, $request) {
    return if !$self->{koha}->plugin_disabled;
    $self->{log}->warning(plugin_disabled => peer => $request->{peer});
    return { text => $REPLY->plugin_disabled };
}

# All records of a request are kept before anything is done with the first.
sub _keep ($self, $request) {
    my $answer = $self->_authenticate($request);
    return $self->_refuse_login($request, $answer) if !$answer->{patron};
    my $numbers = $self->{journal}->receive(map { _kept_row($request, $answer, $_) } @{ $request->{records} });
    $self->{log}->info(received => export => $numbers, peer => $request->{peer},
        profile => $answer->{profile}{name}, patron => $answer->{patron}{userid});
    $self->{tickets}->note($answer->{ticket}, export => $numbers->[0]) if $answer->{ticket};
    return { answer => $answer, numbers => $numbers };
}

# A ticket is taken once, however often what follows is tried.
sub _authenticate ($self, $request) {
    my $tickets = $self->{tickets};
    my ($reading) = grep { $tickets->is_ticket($_->{login}) } @{ $request->{readings} };
    return $self->{authenticator}->authenticate($request->{readings}) if !$reading;
    my $ticket = $request->{ticket} //= $tickets->redeem($reading->{login}) // return { reason => 'no_ticket' };
    return { %{ $self->{authenticator}->authenticate_test($ticket, $reading) }, ticket => $ticket };
}

# Exports that were kept by an importer which is gone.
sub answer ($self, $numbers) {
    $self->{koha}->forget_caches;
    return { text => join("\n\n", map { $self->_answer_kept($_) } @{$numbers}), numbers => $numbers,
        $self->_noted };
}

sub recover ($self) {
    my $numbers = $self->_persistently(sub { $self->{journal}->abandoned });
    $self->answer([$_]) for @{$numbers};
    return scalar @{$numbers};
}

# A kept export once more, as a new one: by the profile as it is now, whatever it was answered.
sub replay ($self, $number) {
    my $export = $self->{journal}->find($number);
    my $profile = $self->{settings}->profile($export->{profile} // '');
    my $answer = $profile ? $self->{authenticator}->again($profile, $export->{borrowernumber}) : {};
    return { number => $number, text => "Not imported.  The profile of export $number, or its patron, is gone or may not"
            . ' import any more.' }
        if !$answer->{patron};
    my $row = _kept_row({ peer => "replay of $number" }, { %{$answer}, login => $export->{login} }, $export->{record});
    my ($new) = @{ $self->{journal}->receive($row) };
    my $text = $self->_answer_one($new, $answer, anew => 1);
    $self->_noted;
    return { number => $new, text => $text };
}

# Again after what may pass: a lock that was not had, a deadlock, a connection that was lost.
sub _persistently ($self, $code, $may_pass = undef) {
    for my $attempt (1 .. $MOST_ATTEMPTS) {
        $self->{noted}{retries}++ if $attempt > 1;
        my $result = eval { $self->{koha}->steadily($code) };
        return $result if $result;
        my $error = $@;
        my $passes = $ERROR->code_of($error) eq 'database.retry' || ($may_pass && $may_pass->($error));
        die $error if !$passes || $attempt == $MOST_ATTEMPTS;
        Time::HiRes::sleep($self->{koha}->is_lost($error) ? $LOST_SECONDS * $attempt
            : $LOCKED_SECONDS * $attempt * (1 + rand));
    }
    return;
}

sub _refuse_login ($self, $request, $answer) {
    my $text = $REPLY->login_refused($answer);
    $self->{tickets}->note($answer->{ticket}, reason => $answer->{reason}, values => $answer->{values} // [])
        if $answer->{ticket};
    $self->{journal}->refuse_login(
        peer => $request->{peer} // '', login => substr($answer->{login} // '', 0, 190),
        error => $answer->{reason}, reply => $text,
        profile => $answer->{profile} ? $answer->{profile}{name} : undef,
    );
    $self->_note('login_refused', peer => $request->{peer}, reason => $answer->{reason});
    return { text => $text, login => $answer->{reason} =~ /\A(?:wrong_login|locked)\z/ ? 'wrong' : '', $self->_noted };
}

sub _kept_row ($request, $answer, $record) {
    return {
        peer => $request->{peer} // '', login => $answer->{login}, record => $record,
        profile => $answer->{profile}{name}, profile_revision => $answer->{profile}{revision},
        borrowernumber => $answer->{patron}{number}, test => $answer->{ticket} ? 1 : 0,
    };
}

# ---------------------------------------------------------------- one export

sub _answer_kept ($self, $number) {
    my $kept = eval { $self->_persistently(sub { $self->_kept($number) }) };
    return $self->_fail($number, $@) if !$kept;
    return $kept->{reply} if defined $kept->{reply};
    return $self->_answer_one($number, $kept, late => 1) if $kept->{patron};
    return $self->_fail($number, $ERROR->new(code => 'login.gone', message => 'the profile or the patron is gone'));
}

sub _kept ($self, $number) {
    my $export = $self->{journal}->find($number)
        or return { reply => "Not imported.  There is no export $number." };
    return { reply => $export->{reply} } if _is_finished($export);
    my $profile = $self->{settings}->profile($export->{profile}) or return {};
    return $self->{authenticator}->again($profile, $export->{borrowernumber});
}

sub _is_finished ($export) { return $export->{state} !~ /\A(?:received|importing)\z/ }

# Once more, too, when the search engine fails: the index of identifiers may be able to tell.
sub _answer_one ($self, $number, $answer, %options) {
    my $context = { number => $number, profile => $answer->{profile}, patron => $answer->{patron}, %options };
    my $search_failed = sub ($error) {
        return 0 if $ERROR->code_of($error) ne 'search.failed' || $context->{search_failed};
        return $context->{search_failed} = $error;
    };
    my ($began, $attempts) = (Time::HiRes::time(), 0);
    my $done = eval { $self->_persistently(sub { $attempts++; $self->_attempt($context) }, $search_failed) };
    return $done ? $self->_after_commit($done, $began, $attempts) : $self->_fail($number, $@);
}

# While the database does not answer the row stays what it is, and whoever comes by after its lease
# finishes it.
sub _fail ($self, $number, $error) {
    return $REPLY->goes_on($number) if $self->{koha}->is_lost($error);
    my $failed = eval { $self->_persistently(sub { $self->_record_failure($number, $error) }) }
        // return $REPLY->goes_on($number);
    $self->_note('failed', export => $number, outcome => 'failed', error => $ERROR->text_of($error))
        if $failed->{now};
    return $failed->{reply};
}

# What was committed stays so, whatever went wrong after it: the row decides, not the error.
sub _record_failure ($self, $number, $error) {
    my $code = $ERROR->code_of($error);
    return $self->{koha}->transaction(sub ($dbh) {
        my $export = $self->{journal}->lock($number);
        return { reply => $export->{reply} } if _is_finished($export);
        my $text = $REPLY->failed($code, $number);
        $self->{journal}->finish($number, state => 'failed', reply => $text, error => "$error",
            $code eq 'importer.ended' ? (outcome => 'set_aside') : ());
        return { reply => $text, now => 1 };
    });
}

sub _after_commit ($self, $done, $began, $attempts) {
    $self->_note_finished($done, $began, $attempts) if $done->{became};
    return $done->{reply} if !$done->{index_pending};
    my $number = $done->{number};
    my $indexed = eval { $self->{koha}->index_record($done->{record_type}, $done->{record_id}) };
    my $error = $@;
    my $noted = eval {
        $indexed ? $self->{journal}->set_indexed($number)
            : $self->{journal}->set_error($number, "not indexed: $error");
        1;
    };
    warn "export $number is imported, but not indexed: $@" if !$noted;
    return $done->{reply};
}

# What can be made ready without a lock is: after the first plain read inside the transaction
# nothing is seen of what others commit.
sub _attempt ($self, $context) {
    my $number = $context->{number};
    my $export = $self->_begin($context);
    return $export if _is_finished($export);
    my $read = $self->{planner}->read($export->{record});
    my $prepared = $read->{record} ? $self->{planner}->prepare($context, $read->{record}) : {};
    return $self->{koha}->as_patron($context->{patron}, sub {
        $self->{koha}->transaction(sub ($dbh) {
            my $locked = $self->{journal}->lock($number);
            return $locked if _is_finished($locked);
            return $self->_decide({ %{$context}, %{$prepared}, export => $locked, read => $read });
        });
    });
}

# Begun once by a process, however often it tries: what is counted is who never came to an end.
sub _begin ($self, $context) {
    my $journal = $self->{journal};
    my $number = $context->{number};
    $context->{begun} ||= $journal->begin($number);
    my $export = $journal->find($number);
    return $export if _is_finished($export);
    $ERROR->throw(code => 'importer.ended', message => 'The import of this record stopped the gateway twice.')
        if !$context->{begun} || $journal->set_aside($export);
    return $export;
}
my %BECAME = (add => 'added', overlay => 'overlaid', ignore => 'ignored', hold => 'held', refuse => 'refused');

sub _decide ($self, $job) {
    return $self->_refuse_damaged($job) if !$job->{record};
    $self->{journal}->lock_slots($self->_slot_names($job));
    my $answered = $job->{anew} ? undef : $self->_answer_that_stands($job);
    return $self->_repeat($job, $answered) if $answered;
    my $preview = _only_previews($job);
    $job->{lock} = !$preview;
    $job->{plan} = $self->{planner}->plan($job);
    my $newer = $self->_overtaken_by($job);
    return $self->_refuse_overtaken($job, $newer) if $newer;
    my $done = $preview ? $self->_preview($job) : $self->{writer}->carry_out($job);
    $done->{reply} = $REPLY->outcome(
        plan => $job->{plan}, read => $job->{read}, done => $done);
    $self->_record_outcome($job, $done);
    return { %{$done}, number => $job->{number}, became => $preview ? 'previewed' : $BECAME{ $job->{plan}{outcome} } };
}

# What was let in as a test stays one, whoever finishes it.
sub _only_previews ($job) { return $job->{profile}{preview} || $job->{export}{test} }

# Nothing is written to Koha.
sub _preview ($self, $job) {
    my %done = (number => $job->{number}, record_type => $job->{record_type}, preview => 1,
        test => $job->{export}{test});
    my $target = $job->{plan}{target};
    $done{url} = $self->{koha}->record_url($job->{record_type}, $target) if defined $target;
    return \%done;
}

sub _refuse_damaged ($self, $job) {
    my $preview = _only_previews($job);
    my $reply = $REPLY->decoding_refused($job->{read}, $preview);
    $self->{journal}->finish($job->{number}, state => $preview ? 'done' : 'refused', outcome => 'refuse',
        reply => $reply, preview => $preview ? 1 : 0,
        plan => _json({ diagnostics => $job->{read}{diagnostics} }));
    return { number => $job->{number}, reply => $reply, became => $preview ? 'previewed' : 'refused' };
}

sub _slot_names ($self, $job) {
    my @names = ("export:$job->{export}{login}:$job->{export}{digest}");
    for my $point (@{ $job->{point_keys} }) {
        push @names, map {"key:$point->{index}:$_"} @{ $point->{searched} }, @{ $point->{keys} };
    }
    push @names, map {"$_->{kind}:$_->{value}"} @{ $job->{identifiers} };
    push @names, "record:$job->{record_type}:$job->{named_target}" if $job->{named_target};
    push @names, "batch:$job->{profile}{name}" if $job->{profile}{mode} eq 'stage';
    return @names;
}

# What was held up must not undo what was exported after it.
sub _overtaken_by ($self, $job) {
    my $plan = $job->{plan};
    return if !$job->{late} || $plan->{mode} ne 'direct' || !defined $plan->{target};
    return $self->{journal}->overtaken($job->{number}, $job->{record_type}, $plan->{target});
}

sub _refuse_overtaken ($self, $job, $newer) {
    my $reply = $REPLY->overtaken($job->{number}, $newer);
    $self->{journal}->finish($job->{number}, state => 'refused', outcome => 'refuse', reply => $reply,
        title => _title($job), error => "overtaken by export $newer");
    return { number => $job->{number}, reply => $reply, became => 'refused' };
}

sub _answer_that_stands ($self, $job) {
    my $export = $job->{export};
    my $answered = $self->{journal}->answered($export, $job->{profile}{retry_window}) or return;
    return $answered if $answered->{number} > $export->{number} || $answered->{state} eq 'held';
    return if defined $answered->{import_record_id}
        && !$self->{koha}->import_stands($answered->{import_record_id});
    return $answered if !defined $answered->{record_id};
    return if !$self->{koha}->record_exists($answered->{record_type}, $answered->{record_id});
    return if $self->{journal}->moved_on($answered, $export);
    return $answered;
}

sub _repeat ($self, $job, $earlier) {
    my %same = map { $_ => $earlier->{$_} }
        qw(state outcome preview title plan reply record_type record_id import_batch_id import_record_id);
    $self->{journal}->finish($job->{number}, %same, repeat_of => $earlier->{number});
    return { %same, number => $job->{number}, repeat_of => $earlier->{number}, became => 'repeated' };
}

# ---------------------------------------------------------------- what is kept of it

my %STATE = (add => 'done', overlay => 'done', ignore => 'done', hold => 'held', refuse => 'refused');

sub _record_outcome ($self, $job, $done) {
    my $plan = $job->{plan};
    $self->{journal}->finish(
        $job->{number},
        state => $done->{preview} || ($plan->{mode} eq 'stage' && $done->{batch}) ? 'done'
        : $STATE{ $plan->{outcome} },
        outcome => $plan->{outcome}, preview => $done->{preview} ? 1 : 0,
        title => _title($job),
        plan => _json({ %{$plan}, diagnostics => $job->{read}{diagnostics}, undo => $done->{undo} }),
        reply => $done->{reply}, record_type => $job->{record_type}, record_id => $done->{record_id},
        import_batch_id => $done->{batch}, import_record_id => $done->{import_record_id},
        written_digest => $done->{written_digest},
        index_pending => $done->{index_pending} ? 1 : 0, error => undef,
    );
    return;
}

sub _title ($job) {
    my $title = $job->{plan}{record}{title};
    return defined $title ? substr($title, 0, 255) : undef;
}

sub _json ($data) { return JSON::PP->new->canonical->encode($data) }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Importer - one export from bytes to reply

=head1 SYNOPSIS

    my $importer = Koha::Plugin::ConnexionGateway::Importer->new;
    my $answer = $importer->handle(
        { peer => '192.0.2.1', readings => [ { login => 'cat', password => 'secret' } ], records => [$octets] },
        sub ($numbers) { ... });
    print $answer->{text};

=head1 DESCRIPTION

The way of one export: authenticated, kept (the first transaction), decoded, matched, planned and
carried out (the second transaction), answered. With a profile that only previews it ends with the
plan. A repeat of an export is answered with what the first one was told, as long as that still holds:
within the profile's time, not after the record was deleted, the import undone, the profile changed, or
another version exported by the same client.

Who begins an export counts. One that has ended two importers is set aside (C<failed>), and so is the
same record for an hour. One that was held up, and whose record a later export has written since, is
refused.

=head1 METHODS

=head2 new(koha => $koha, log => $log, in_koha => 0|1)

C<in_koha> is for a process of Koha's, whose database handle stays as it is outside of transactions.

=head2 handle(\%request, $received)

C<$received> is called with the exports' numbers once they are kept. Gives C<{text, numbers, login}>;
C<login> is C<right>, C<wrong> (no such login, or not this password), or empty where neither is known;
C<outcomes> counts what became of the exports, C<retries> the tries beyond the first ones.

=head2 answer(\@numbers)

Finishes exports that were kept before, and gives their reply.

=head2 replay($number)

Imports a kept export once more, as a new one, whatever became of the first: C<{number, text}>.

=head2 recover

Finishes what importers that are gone have left; gives how many.

=head2 wishes(\%service)

What is wished of the service (L<Koha::Plugin::ConnexionGateway::Wishes>), with the queue of Koha's
indexer as C<index_queue>; leaves word where the service is.

=head2 settings

The service's settings, and as C<wished> what was wished before they were read.

=cut
