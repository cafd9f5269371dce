package Koha::Plugin::ConnexionGateway::Planner;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;
use Koha::Plugin::ConnexionGateway::Error;

# How often a record may be changed by others while it is planned for.
my $MOST_ATTEMPTS = 5;

# Koha stores precomposed characters whatever it is given, so keys are made of them too.
my %READ = (nfc => 1);

sub new ($class, %args) {
    return bless { map { $_ => $args{$_} } qw(koha settings journal identifiers) }, $class;
}

# In MARC-8 a numeric reference stands for a character that MARC-8 does not have; in Unicode nothing needs one.
sub read ($class, $octets) {    ## no critic (ProhibitBuiltinHomonyms)
    my $record = 'Koha::Plugin::ConnexionGateway::Core::Record';
    my $read = $record->read($octets, %READ);
    return $read if $read->{encoding} ne 'marc-8' || index($octets, '&#x') < 0;
    return $record->read($octets, %READ, numeric_references => 1);
}

sub read_marcxml ($class, $octets) {
    return Koha::Plugin::ConnexionGateway::Core::Record->read_marcxml($octets, %READ);
}

sub prepare ($self, $context, $record) {
    my $type = $record->type eq 'authority' ? 'authority' : 'biblio';
    my $rules = $self->{settings}->rules($context->{profile}, $type, $context->{patron});
    my $core = Koha::Plugin::ConnexionGateway::Core::Rules->new($rules->{document});
    $record = $core->prepare($record);
    # The index of identifiers must not wait for anybody inside the transaction that follows.
    my $index_is_current =
        $self->{identifiers}->catch_up($type, thorough => $context->{search_failed} ? 1 : 0);
    return {
        record => $record, record_type => $type, named_target => $core->named_target($record), rules => $core, document => $rules->{document},
        matcher_id => $rules->{matcher_id},
        point_keys => $core->point_keys($record), identifiers => $core->identifiers($record), index_is_current => $index_is_current,
    };
}

# A record that was changed since it was read is planned for again: inside a transaction plain
# reads see it as it was, and what somebody else has just added to it would be lost.
sub plan ($self, $job) {
    return _refused_type($job) if !_takes($job);
    for my $attempt (1 .. $MOST_ATTEMPTS) {
        my $plan = $self->_plan_once($job);
        return $plan if !$job->{lock} || !defined $plan->{target} || $self->_is_as_read($job, $plan->{target});
    }
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'database.retry',
        message => 'The record to overlay is being changed again and again.');
    return;
}

sub _plan_once ($self, $job) {
    my $facts = $job->{facts} = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    my %candidates;
    $self->_search($job, $facts, \%candidates) if !$job->{search_failed};
    my $whole = $self->_look_up($job, $facts, \%candidates);
    $candidates{$_} = 1 for grep {$_} $job->{named_target}, @{ $job->{known_candidates} // [] };
    $self->_read_candidate($job, $facts, $_) for sort { $a <=> $b } keys %candidates;
    $facts->items($self->{koha}->item_facts(
        $job->{rules}->item_questions($job->{record}, for_a_person => $job->{known_candidates} ? 1 : 0)))
        if $job->{record_type} eq 'biblio';
    $facts->decided($job->{decision}) if $job->{decision};
    my $plan = $job->{rules}->plan($job->{record}, $facts);
    $self->_answer_without_search($job, $plan, $whole) if $job->{search_failed};
    return $plan;
}

# Where the search engine fails the index of identifiers may stand in for it: with a record that was
# found and verified, and only if nothing else can have matched. That nothing was found proves nothing.
sub _answer_without_search ($self, $job, $plan, $whole) {
    my ($found) = grep { $_->{verdict} =~ /\A(?:chosen|named)\z/ } @{ $plan->{match}{candidates} };
    die $job->{search_failed}
        if !$found || !$whole || !$job->{index_is_current} || !$job->{rules}->answered_by_index($job->{record});
    $plan->{search} = { engine => 'down', answered_by => 'identifiers' };
    return;
}

sub _read_candidate ($self, $job, $facts, $id) {
    my $type = $job->{record_type};
    my $xml = $job->{as_read}{$id} //= $self->{koha}->record_xml($type, $id);
    return if !defined $xml;
    my $read = $self->read_marcxml($xml);
    return if !$read->{record};
    $facts->candidate($id, $read->{record});
    my $guards = $job->{document}{guards} // {};
    $self->_recall($job, $facts, $id) if $guards->{edited} || $guards->{older};
    return;
}

# What the gateway itself knows of the candidate's past.
sub _recall ($self, $job, $facts, $id) {
    my $type = $job->{record_type};
    my $last = $self->{journal}->last_import($type, $id) or return;
    $facts->edited($id) if $self->{koha}->content_digest($type, $id) ne $last->{written_digest};
    my $record = $self->read($last->{record})->{record} or return;
    my ($dated) = grep { $_->{tag} eq '005' } @{ $record->fields };
    $facts->last_imported_005($id, $dated->{data}) if $dated;
    return;
}

sub _is_as_read ($self, $job, $id) {
    my $now = $self->{koha}->lock_record($job->{record_type}, $id);
    my $before = $job->{as_read}{$id};
    return 1 if defined $now && defined $before && $now eq $before;
    $job->{as_read}{$id} = $now;
    return 0;
}

sub _search ($self, $job, $facts, $candidates) {
    for my $point (_searched($job)) {
        my $ids = $self->{koha}->search($job->{record_type}, $point->{index}, $point->{searched});
        for my $id (@{$ids}) {
            $facts->hit($point->{matchpoint}, $id, 'search');
            $candidates->{$id} = 1;
        }
    }
    return;
}

# The matchpoints that there is anything to search for.
sub _searched ($job) { return grep { @{ $_->{searched} } } @{ $job->{point_keys} } }

# What has not reached a search engine yet is found by its identifiers. The core checks each of these
# against the candidate's own record. True where none was left out for being too many.
sub _look_up ($self, $job, $facts, $candidates) {
    my $rules = $job->{rules};
    my @named = grep { $_->{kind} eq 'local' } @{ $rules->match_identifiers($job->{record}) };
    my @pairs = map { [ @{$_}{qw(kind value)} ] } @{ $rules->index_entries($job->{record}) };
    # Not the keys that are no number ("hbk."), which many records share.
    for my $point (_searched($job)) {
        push @pairs, map { [ "key:$point->{index}", $_ ] } @{ $point->{searched} };
    }
    my $found = $self->{identifiers}->find($job->{record_type}, @pairs);
    my %points = map { $_->{matchpoint} => 1 } _searched($job);
    for my $id (@{ $found->{ids} }, map { $_->{value} } @named) {
        $facts->hit($_, $id, 'identifiers') for keys %points;
        $candidates->{$id} = 1;
    }
    return !$found->{truncated};
}

# ---------------------------------------------------------------- records of a type that the profile does not take

sub _takes ($job) {
    my $type = $job->{record}->type;
    return 1 if $type ne 'biblio' && $type ne 'authority';    # the plan says what it is
    return scalar grep { $_ eq $type } @{ $job->{profile}{record_types} };
}

sub _refused_type ($job) {
    return {
        schema_version => 1, record_type => $job->{record_type}, mode => $job->{profile}{mode},
        outcome => 'refuse', target => undef, items => [], match => { candidates => [] },
        reasons => [ { code => 'not_imported_type', values => { record_type => $job->{record_type} } } ],
        record => { title => $job->{record}->title },
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Planner - one record to the facts about it and to its plan

=head1 SYNOPSIS

    my $planner = Koha::Plugin::ConnexionGateway::Planner->new(
        koha => $koha, settings => $settings, journal => $journal, identifiers => $identifiers);
    my $read = $planner->read($octets);
    my $job = $planner->prepare({ profile => $profile, patron => $patron }, $read->{record});
    my $plan = $planner->plan({ profile => $profile, %{$job} });

=head1 DESCRIPTION

What becomes of a record, without doing it: nothing is written, but for the index of identifiers, which
C<prepare> brings up to date. Whoever carries the plan out holds
locks on the record's keys while it is made.

=head1 METHODS

=head2 new(koha => $koha, settings => $settings, journal => $journal, identifiers => $identifiers)

=head2 read($octets), read_marcxml($octets)

The record as C<Core::Record-E<gt>read> gives it, with its characters as Koha stores them.

=head2 prepare(\%context, $record)

What can be known of the record without looking at the catalogue: a hash with C<record,
record_type, named_target, rules, document, matcher_id, point_keys, identifiers, index_is_current>. The
record is the prepared one: items that come in another field have become item fields.

=head2 plan(\%job)

The plan. The job holds C<profile> and what C<prepare> gave, and gets C<facts>. With C<lock> the
record to overlay is locked until the transaction ends, and is known to be what the plan was made for.
Where a person decides, C<known_candidates> are the numbers of the records shown before, and C<decision> is what
was decided. Raises C<search.failed>.

=cut
