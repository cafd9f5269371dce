package Koha::Plugin::ConnexionGateway::Decisions;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Importer';

use JSON::PP    ();
use Time::HiRes ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Held;
use Koha::Plugin::ConnexionGateway::Reply;

my $REPLY = 'Koha::Plugin::ConnexionGateway::Reply';
my $ERROR = 'Koha::Plugin::ConnexionGateway::Error';

my %RECORD = map { $_ => 1 } qw(overlay add ignore discard);

sub new ($class, %args) {
    my $self = $class->SUPER::new(%args);
    $self->{held} = Koha::Plugin::ConnexionGateway::Held->new(koha => $self->{koha});
    return $self;
}

sub held ($self) { return $self->{held} }

# What a page or a program sends, with nothing else in it.
sub wanted ($class, $document) {
    my %items = ref $document->{items} eq 'HASH' ? %{ $document->{items} } : ();
    return {
        (map { $_ => $document->{$_} } grep { defined $document->{$_} && !ref $document->{$_} } qw(record target seen)),
        items => { map { $_ => "$items{$_}" } keys %items },
    };
}

sub decide ($self, $number, $userid, $decision) {
    $self->{koha}->forget_caches;
    _refuse('unknown', 'A decision is overlay, add, ignore or discard.') if !$RECORD{ $decision->{record} // '' };
    my $began = Time::HiRes::time();
    my $done = eval { $self->_persistently(sub { $self->_attempt_decision($number, $userid, $decision) }) };
    my $error = $@;
    $done //= $self->_done_by_now($number, $userid, $decision) // die $error;
    $self->{log}->info(decision => export => $number, decision => $decision->{record}, patron => $userid,
        map { $_ => $done->{$_} } grep { defined $done->{$_} } qw(record_type record_id batch));
    $self->_after_commit($done, $began, 1);
    return $done;
}

# What was committed stays so, whatever went wrong after it, and so does what somebody says twice: the row decides,
# not the error.
sub _done_by_now ($self, $number, $userid, $decision) {
    my ($export, $patron);
    eval {
        $self->{koha}->steadily(sub { $export = $self->{journal}->find($number); 1 });
        $patron = $self->{koha}->patron(userid => $userid);
    };
    return if !$export || !$patron || ($export->{decided_by} // 0) != $patron->{number};
    return if $export->{decision} ne _json(_kept($decision));
    return {
        (map { $_ => $export->{$_} } qw(number outcome record_type record_id reply index_pending)),
        batch => $export->{import_batch_id},
    };
}

sub _attempt_decision ($self, $number, $userid, $decision) {
    my $held = $self->{held};
    my $export = $self->{journal}->find($number);
    $held->refuse_other($export, $number);
    my $job = $held->job($export);
    $job->{patron} = $self->_decider($job, $userid, $decision);
    return $self->{koha}->as_patron($job->{patron}, sub {
        return $self->{koha}->transaction(sub ($dbh) {
            $job->{export} = $self->{journal}->lock($number);
            $held->refuse_other($job->{export}, $number);
            return $self->_discard($job) if $decision->{record} eq 'discard';
            $self->{journal}->lock_slots($self->_slot_names($job));
            $self->_plan_decision($job, $decision);
            return $self->_carry_out_decision($job, $decision);
        });
    });
}

# Whoever decides needs the permissions that who exported needed.
sub _decider ($self, $job, $userid, $decision) {
    my $koha = $self->{koha};
    my $patron = $koha->patron(userid => $userid) // _refuse('permission', qq{There is no patron "$userid".});
    my $answer = $self->{authenticator}->again($job->{profile}, $patron->{number});
    _refuse('permission', $REPLY->refusal($answer)) if !$answer->{patron};
    my $items = grep { $_ ne 'ignore' } values %{ $decision->{items} // {} };
    my @items_too = ([ editcatalogue => 'edit_items' ]);
    _refuse('permission', qq{The Koha account "$userid" lacks the permission editcatalogue/edit_items.})
        if $items && $job->{profile}{mode} ne 'stage' && $koha->missing_permissions($userid, @items_too);
    return $answer->{patron};
}

# ---------------------------------------------------------------- the plan

# First as it was shown, without what is wanted of the items, to see whether that still holds.
sub _plan_decision ($self, $job, $decision) {
    my %wanted = (record => $decision->{record});
    $wanted{target} = 0 + $decision->{target} if defined $decision->{target} && $decision->{record} ne 'add';
    _refuse('target', 'Which record? A decision to overlay names one.') if $decision->{record} ne 'add' && !$wanted{target};
    @{$job}{qw(lock decision)} = (1, \%wanted);
    my @shown = @{ $job->{known_candidates} };
    $job->{known_candidates} = [ @shown, $wanted{target} // () ];
    my $plan = eval { $self->{planner}->plan($job) } // _refuse_plan($@, $wanted{target});
    _check_choice($job, $plan, $wanted{target}, @shown) if $wanted{target};
    _refuse('changed', 'Something has changed since this was shown: the record in Koha, its items, or the profile.'
            . ' Nothing was written. Look at it again.')
        if defined $decision->{seen} && $decision->{seen} ne $self->{held}->seen($job, $plan);
    $plan = _with_items($job, $decision->{items}) if %{ $decision->{items} // {} };
    _refuse_held($plan);
    $job->{plan} = $plan;
    return;
}

sub _with_items ($job, $items) {
    my $plan = eval {
        $job->{facts}->decided({ %{ $job->{decision} }, items => $items });
        $job->{rules}->plan($job->{record}, $job->{facts});
    };
    return $plan if $plan;
    my $error = $@;
    _refuse('item', 'One of these items is not in the record, or "add", "replace" or "ignore" is not what is to be done with it.')
        if $ERROR->code_of($error) =~ /\Afacts[.]/;
    die $error;
}

sub _refuse_plan ($error, $target) {
    _refuse('gone', "Record number $target is no longer in Koha. Nothing was written.", id => $target)
        if $ERROR->code_of($error) eq 'facts.no_candidate';
    _refuse('search', q{Koha's search engine does not answer, so nobody can say what has changed. Nothing was written.})
        if $ERROR->code_of($error) eq 'search.failed';
    die $error;
}

# What was decided has put its target among the candidates: those that something else has named count.
sub _check_choice ($job, $plan, $target, @shown) {
    my @others = grep { @{ $_->{found_by} } } @{ $plan->{match}{candidates} };
    my %may = map { $_ => 1 } @shown, map { $_->{id} } @others;
    return if $may{$target};
    my $all = join ', ', sort { $a <=> $b } keys %may;
    _refuse('target', "Record number $target is none that export $job->{number} matches"
            . (length $all ? " (those are: $all)." : ': it matches none.'), id => $target);
    return;
}

sub _refuse_held ($plan) {
    return if $plan->{outcome} !~ /\A(?:hold|refuse)\z/;
    my @items = grep { $_->{action} eq 'hold' && $_->{reason}{code} ne 'record_held' } @{ $plan->{items} };
    my @told = map { 'Item ' . ($_->{barcode} // "no. $_->{occurrence}") . ': ' . $REPLY->item_reason($_->{reason}) . '.' } @items;
    @told = map { $REPLY->reason($_) } grep { $_->{code} ne 'decided' } @{ $plan->{reasons} } if !@told;
    _refuse('items', join(' ', 'It can not be done as decided.', @told, 'Nothing was written.'), items => \@items);
    return;
}

# ---------------------------------------------------------------- done

sub _carry_out_decision ($self, $job, $decision) {
    my $plan = $job->{plan};
    my $by = $job->{patron}{userid};
    $_->{values} = { by => $by } for grep { $_->{code} eq 'decided' } @{ $plan->{reasons} };
    my $done = $self->{writer}->carry_out($job);
    $done->{reply} = $REPLY->outcome(plan => $plan, read => $job->{read}, done => $done);
    $self->{journal}->decide($job->{export}, _decided_by($job, $decision),
        state => 'done', outcome => $plan->{outcome}, profile_revision => $job->{profile}{revision},
        plan => _json({ %{$plan}, diagnostics => $job->{read}{diagnostics}, undo => $done->{undo} }),
        reply => $done->{reply}, record_id => $done->{record_id}, import_batch_id => $done->{batch},
        import_record_id => $done->{import_record_id}, written_digest => $done->{written_digest},
        index_pending => $done->{index_pending} ? 1 : 0);
    return { %{$done}, outcome => $plan->{outcome} };
}

sub _discard ($self, $job) {
    my $reply = $REPLY->discarded($job->{patron}{userid});
    $self->{journal}->decide($job->{export}, _decided_by($job, { record => 'discard' }),
        state => 'refused', outcome => 'refuse', reply => $reply);
    return { number => $job->{number}, reply => $reply, outcome => 'refuse' };
}

sub _decided_by ($job, $decision) {
    return (decided_by => $job->{patron}{number}, decision => _json(_kept($decision)));
}

sub _kept ($decision) {
    my %kept = (record => "$decision->{record}");
    $kept{target} = 0 + $decision->{target} if defined $decision->{target} && $decision->{record} =~ /\A(?:overlay|ignore)\z/;
    my %items = %{ $decision->{items} // {} };
    $kept{items} = { map { $_ => "$items{$_}" } keys %items } if %items && $decision->{record} ne 'discard';
    return \%kept;
}

sub _json ($data) { return JSON::PP->new->canonical->encode($data) }

sub _refuse ($code, $message, %values) {
    $ERROR->throw(code => "decision.$code", message => $message, values => \%values);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Decisions - carries out what a person decides about a held export

=head1 SYNOPSIS

    my $decisions = Koha::Plugin::ConnexionGateway::Decisions->new(koha => $koha);
    my $shown = $decisions->held->show(17);
    my $candidate = $shown->{candidates}[0];
    my $done = $decisions->decide(17, 'jdoe', {
        record => 'overlay', target => $candidate->{id}, items => { 1 => 'ignore' }, seen => $candidate->{overlay}{seen} });
    print $done->{reply};

=head1 DESCRIPTION

An export that was held is planned again at this moment, with the decision as given, and carried out in one transaction
with the same locks as any import, under the name of who decides. Nothing of it is done where that can't be, and an
error C<decision.*> says why in a sentence: C<already> (who decided what), C<changed> (since it was shown), C<gone>, C<target>, C<items>,
C<item>, C<permission>, C<preview>, C<no_profile>, C<no_export>, C<not_held>, C<repeat>, C<no_record>, C<search>, C<unknown>.

=head1 METHODS

=head2 new(koha => $koha, log => $log, in_koha => 0|1)

As of L<Koha::Plugin::ConnexionGateway::Importer>.

=head2 held

The L<Koha::Plugin::ConnexionGateway::Held> that shows what can be decided.

=head2 wanted(\%document)

A decision from what was sent as JSON.

=head2 decide($number, $userid, \%decision)

C<record> is C<overlay> or C<ignore> (the record stays as it is and gets the items) with C<target>; C<add>; or C<discard>.
C<items>, by their place in the record from 1 on: C<add>, C<replace> or C<ignore>; others go by the profile. C<seen> is what
came with what was shown; without it, what is there counts. Gives C<{number, outcome, record_type, record_id, batch, reply}>.

=cut
