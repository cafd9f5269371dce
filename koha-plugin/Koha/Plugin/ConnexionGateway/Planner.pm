package Koha::Plugin::ConnexionGateway::Planner;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

# Koha stores precomposed characters whatever it is given, so keys are made of them too.
my %READ = (nfc => 1);

# OCLC merges records: an old number in 019 is the number that another record still has.
my %SAME_NUMBERS = map { $_ => [qw(oclc oclc_merged)] } qw(oclc oclc_merged);

sub new ($class, %args) {
    return bless { map { $_ => $args{$_} } qw(koha settings journal) }, $class;
}

sub read ($class, $octets) {    ## no critic (ProhibitBuiltinHomonyms)
    return Koha::Plugin::ConnexionGateway::Core::Record->read($octets, %READ);
}

sub prepare ($self, $context, $record) {
    my $type = $record->type eq 'authority' ? 'authority' : 'biblio';
    my $rules = $self->{settings}->rules($context->{profile}, $type);
    my $core = Koha::Plugin::ConnexionGateway::Core::Rules->new($rules->{document});
    return {
        record => $record, record_type => $type, rules => $core, document => $rules->{document},
        matcher_id => $rules->{matcher_id},
        search_keys => $core->search_keys($record), match_keys => $core->match_keys($record),
        identifiers => $core->identifiers($record),
    };
}

sub plan ($self, $job) {
    return _refused_type($job) if !_takes($job);
    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    my %candidates;
    $self->_search($job, $facts, \%candidates);
    $self->_look_up($job, $facts, \%candidates);
    for my $id (sort { $a <=> $b } keys %candidates) {
        my $xml = $self->{koha}->record_xml($job->{record_type}, $id) // next;
        my $read = Koha::Plugin::ConnexionGateway::Core::Record->read_marcxml($xml, %READ);
        $facts->candidate($id, $read->{record}) if $read->{record};
    }
    $facts->items($self->{koha}->item_facts($job->{rules}->item_questions($job->{record})))
        if $job->{record_type} eq 'biblio';
    return $job->{rules}->plan($job->{record}, $facts);
}

sub _search ($self, $job, $facts, $candidates) {
    for my $point (@{ $job->{search_keys} }) {
        my $ids = $self->{koha}->search($job->{record_type}, $point->{index}, $point->{keys});
        for my $id (@{$ids}) {
            $facts->hit($point->{matchpoint}, $id, 'search');
            $candidates->{$id} = 1;
        }
    }
    return;
}

# What our own imports wrote is known before any search engine has indexed it. The core checks
# each of these against the candidate's own record.
sub _look_up ($self, $job, $facts, $candidates) {
    my $journal = $self->{journal};
    my %found;
    for my $point (@{ $job->{match_keys} }) {
        $found{$_} = 1
            for @{ $journal->records_with($job->{record_type}, "key:$point->{index}", @{ $point->{keys} }) };
    }
    for my $identifier (@{ $job->{identifiers} }) {
        for my $kind (@{ $SAME_NUMBERS{ $identifier->{kind} } // [ $identifier->{kind} ] }) {
            $found{$_} = 1
                for @{ $journal->records_with($job->{record_type}, $kind, $identifier->{value}) };
        }
    }
    # A record with its OCLC number in 001 alone has a search key, but no match key, for 035.
    my %points = map { $_->{matchpoint} => 1 } @{ $job->{search_keys} }, @{ $job->{match_keys} };
    for my $id (keys %found) {
        $facts->hit($_, $id, 'identifiers') for keys %points;
        $candidates->{$id} = 1;
    }
    return;
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
        koha => $koha, settings => $settings, journal => $journal);
    my $read = $planner->read($octets);
    my $job = $planner->prepare({ profile => $profile, patron => $patron }, $read->{record});
    my $plan = $planner->plan({ profile => $profile, %{$job} });

=head1 DESCRIPTION

What becomes of a record, without doing it: nothing is written. Whoever carries the plan out holds
locks on the record's keys while it is made.

=head1 METHODS

=head2 new(koha => $koha, settings => $settings, journal => $journal)

=head2 read($octets)

The record as C<Core::Record-E<gt>read> gives it, with its characters as Koha stores them.

=head2 prepare(\%context, $record)

What can be known of the record without looking at the catalogue: a hash with C<record,
record_type, rules, document, matcher_id, search_keys, match_keys, identifiers>.

=head2 plan(\%job)

The plan. The job holds C<profile> and what C<prepare> gave. Raises C<search.failed>.

=cut
