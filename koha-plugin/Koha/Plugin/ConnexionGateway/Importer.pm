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
use Koha::Plugin::ConnexionGateway::Wishes;
use Koha::Plugin::ConnexionGateway::Writer;

my $MOST_ATTEMPTS = 4;

sub new ($class, %args) {
    my $koha = $args{koha} // Koha::Plugin::ConnexionGateway::Koha->new;
    my $self = bless { koha => $koha, log => $args{log} // Koha::Plugin::ConnexionGateway::Log->new }, $class;
    $self->{settings} = Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha);
    $self->{wishes} = Koha::Plugin::ConnexionGateway::Wishes->new(koha => $koha);
    $self->{journal} = Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha);
    $self->{identifiers} = Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha);
    my @tables = map { $_ => $self->{$_} } qw(journal identifiers);
    $self->{planner} = Koha::Plugin::ConnexionGateway::Planner->new(
        koha => $koha, settings => $self->{settings}, @tables);
    $self->{writer} = Koha::Plugin::ConnexionGateway::Writer->new(koha => $koha, @tables);
    $self->{authenticator} = Koha::Plugin::ConnexionGateway::Authenticator->new(
        koha => $koha, settings => $self->{settings});
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
    my $answer = $self->{authenticator}->authenticate($request->{readings});
    return $self->_refuse_login($request, $answer) if !$answer->{patron};
    my @numbers = map { $self->_receive($request, $answer, $_) } @{ $request->{records} };
    $self->{log}->info(received => export => \@numbers, peer => $request->{peer},
        profile => $answer->{profile}{name}, patron => $answer->{patron}{userid});
    $received->(\@numbers);
    my @replies = map { $self->_answer_one($_, $answer) } @numbers;
    return { text => join("\n\n", @replies), numbers => \@numbers, login => 'right', $self->_noted };
}

# Exports that were kept by an importer which is gone.
sub answer ($self, $numbers) {
    $self->{koha}->forget_caches;
    return { text => join("\n\n", map { $self->_answer_kept($_) } @{$numbers}), numbers => $numbers,
        $self->_noted };
}

sub recover ($self) {
    my $numbers = $self->{journal}->abandoned;
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
    my $new = $self->_receive({ peer => "replay of $number" }, { %{$answer}, login => $export->{login} }, $export->{record});
    my $text = $self->_answer_one($new, $answer, replay => 1);
    $self->_noted;
    return { number => $new, text => $text };
}

sub _refuse_login ($self, $request, $answer) {
    my $text = Koha::Plugin::ConnexionGateway::Reply->login_refused($answer);
    $self->{journal}->refuse_login(
        peer => $request->{peer} // '', login => substr($answer->{login} // '', 0, 190),
        error => $answer->{reason}, reply => $text,
        profile => $answer->{profile} ? $answer->{profile}{name} : undef,
    );
    $self->_note('login_refused', peer => $request->{peer}, reason => $answer->{reason});
    return { text => $text, login => $answer->{reason} =~ /\A(?:wrong_login|locked)\z/ ? 'wrong' : '', $self->_noted };
}

sub _receive ($self, $request, $answer, $record) {
    return $self->{journal}->receive(
        peer => $request->{peer} // '', login => $answer->{login}, record => $record,
        profile => $answer->{profile}{name}, profile_revision => $answer->{profile}{revision},
        borrowernumber => $answer->{patron}{number},
    );
}

# ---------------------------------------------------------------- one export

sub _answer_kept ($self, $number) {
    my $export = $self->{journal}->find($number)
        or return "Not imported.  There is no export $number.";
    return $export->{reply} if $export->{state} !~ /\A(?:received|importing)\z/;
    my $profile = $self->{settings}->profile($export->{profile});
    my $answer = $profile ? $self->{authenticator}->again($profile, $export->{borrowernumber}) : {};
    return $self->_answer_one($number, $answer) if $answer->{patron};
    return $self->_fail($number, 'the profile or the patron is gone');
}

sub _answer_one ($self, $number, $answer, %options) {
    my $context = { number => $number, profile => $answer->{profile}, patron => $answer->{patron}, %options };
    my $error;
    my $began = Time::HiRes::time();
    for my $attempt (1 .. $MOST_ATTEMPTS) {
        $self->{noted}{retries}++ if $attempt > 1;
        my $done = eval { $self->_attempt($context) };
        return $self->_after_commit($done, $began, $attempt) if $done;
        $error = $@;
        my $code = Koha::Plugin::ConnexionGateway::Error->code_of($error);
        last if $code !~ /\A(?:database[.]retry|search[.]failed)\z/ || $context->{search_failed};
        # Without the search engine the index of identifiers may be able to tell.
        $context->{search_failed} = $error if $code eq 'search.failed';
        Time::HiRes::sleep(0.05 * $attempt * (1 + rand));
    }
    return $self->_fail($number, $error);
}

# What was committed stays so, whatever went wrong after it: the row decides, not the error.
sub _fail ($self, $number, $error) {
    my $code = Koha::Plugin::ConnexionGateway::Error->code_of($error);
    return $self->{koha}->transaction(sub ($dbh) {
        my $export = $self->{journal}->lock($number);
        return $export->{reply} if $export->{state} !~ /\A(?:received|importing)\z/;
        my $text = Koha::Plugin::ConnexionGateway::Reply->failed($code, $number);
        $self->{journal}->finish($number, state => 'failed', reply => $text, error => "$error");
        $self->_note('failed', export => $number, outcome => 'failed',
            error => Koha::Plugin::ConnexionGateway::Error->text_of($error));
        return $text;
    });
}

sub _after_commit ($self, $done, $began, $attempts) {
    $self->_note_finished($done, $began, $attempts) if $done->{became};
    if ($done->{index_pending}) {
        my $indexed = eval { $self->{koha}->index_record($done->{record_type}, $done->{record_id}) };
        $self->{journal}->set_indexed($done->{number}) if $indexed;
        $self->{journal}->set_error($done->{number}, "not indexed: $@") if !$indexed;
    }
    return $done->{reply};
}

# What can be made ready without a lock is: after the first plain read inside the transaction
# nothing is seen of what others commit.
sub _attempt ($self, $context) {
    my $number = $context->{number};
    my $export = $self->{journal}->find($number);
    return $export if !$self->{journal}->begin($number);
    my $read = $self->{planner}->read($export->{record});
    my $prepared = $read->{record} ? $self->{planner}->prepare($context, $read->{record}) : {};
    return $self->{koha}->as_patron($context->{patron}, sub {
        $self->{koha}->transaction(sub ($dbh) {
            my $locked = $self->{journal}->lock($number);
            return $locked if $locked->{state} !~ /\A(?:received|importing)\z/;
            return $self->_decide({ %{$context}, %{$prepared}, export => $locked, read => $read });
        });
    });
}

my %BECAME = (add => 'added', overlay => 'overlaid', ignore => 'ignored', hold => 'held', refuse => 'refused');

sub _decide ($self, $job) {
    return $self->_refuse_damaged($job) if !$job->{record};
    $self->{journal}->lock_slots($self->_slot_names($job));
    my $earlier = $job->{replay} ? undef : $self->_earlier_answer($job);
    return $self->_repeat($job, $earlier) if $earlier;
    my $preview = $job->{profile}{preview};
    $job->{lock} = !$preview;
    $job->{plan} = $self->{planner}->plan($job);
    my $done = $preview ? $self->_preview($job) : $self->{writer}->carry_out($job);
    $done->{reply} = Koha::Plugin::ConnexionGateway::Reply->outcome(
        plan => $job->{plan}, read => $job->{read}, done => $done);
    $self->_record_outcome($job, $done);
    return { %{$done}, number => $job->{number}, became => $preview ? 'previewed' : $BECAME{ $job->{plan}{outcome} } };
}

# Nothing is written to Koha.
sub _preview ($self, $job) {
    my %done = (number => $job->{number}, record_type => $job->{record_type}, preview => 1);
    my $target = $job->{plan}{target};
    $done{url} = $self->{koha}->record_url($job->{record_type}, $target) if defined $target;
    return \%done;
}

sub _refuse_damaged ($self, $job) {
    my $preview = $job->{profile}{preview};
    my $reply = Koha::Plugin::ConnexionGateway::Reply->decoding_refused($job->{read}, $preview);
    $self->{journal}->finish($job->{number}, state => $preview ? 'done' : 'refused', outcome => 'refuse',
        reply => $reply, preview => $preview ? 1 : 0,
        plan => _json({ diagnostics => $job->{read}{diagnostics} }));
    return { number => $job->{number}, reply => $reply, became => $preview ? 'previewed' : 'refused' };
}

sub _slot_names ($self, $job) {
    my @names = ("export:$job->{export}{login}:$job->{export}{digest}");
    for my $point (@{ $job->{search_keys} }, @{ $job->{match_keys} }) {
        push @names, map {"key:$point->{index}:$_"} @{ $point->{keys} };
    }
    push @names, map {"$_->{kind}:$_->{value}"} @{ $job->{identifiers} };
    push @names, "record:$job->{record_type}:$job->{named_target}" if $job->{named_target};
    push @names, "batch:$job->{profile}{name}" if $job->{profile}{mode} eq 'stage';
    return @names;
}

sub _earlier_answer ($self, $job) {
    my $window = $job->{profile}{retry_window} or return;
    my $earlier = $self->{journal}->earlier($job->{export}, $window) or return;
    return $earlier if $earlier->{state} eq 'held';
    return if defined $earlier->{record_id}
        && !$self->{koha}->record_exists($earlier->{record_type}, $earlier->{record_id});
    return if defined $earlier->{import_record_id}
        && !$self->{koha}->import_stands($earlier->{import_record_id});
    return $earlier;
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
    my $title = $plan->{record}{title};
    $self->{journal}->finish(
        $job->{number},
        state => $done->{preview} || ($plan->{mode} eq 'stage' && $done->{batch}) ? 'done'
        : $STATE{ $plan->{outcome} },
        outcome => $plan->{outcome}, preview => $done->{preview} ? 1 : 0,
        title => defined $title ? substr($title, 0, 255) : undef,
        plan => _json({ %{$plan}, diagnostics => $job->{read}{diagnostics}, undo => $done->{undo} }),
        reply => $done->{reply}, record_type => $job->{record_type}, record_id => $done->{record_id},
        import_batch_id => $done->{batch}, import_record_id => $done->{import_record_id},
        written_digest => $done->{written_digest},
        index_pending => $done->{index_pending} ? 1 : 0, error => undef,
    );
    return;
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
plan. A repeat of an export is answered with what the first one was told, as long as that still holds.

=head1 METHODS

=head2 new(koha => $koha, log => $log)

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
