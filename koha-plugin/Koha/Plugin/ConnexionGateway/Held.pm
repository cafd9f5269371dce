package Koha::Plugin::ConnexionGateway::Held;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use JSON::PP    ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::PlanWords;
use Koha::Plugin::ConnexionGateway::Planner;
use Koha::Plugin::ConnexionGateway::Reply;
use Koha::Plugin::ConnexionGateway::Settings;
use Koha::Plugin::ConnexionGateway::Texts;

my $REPLY = 'Koha::Plugin::ConnexionGateway::Reply';
my $JSON = JSON::PP->new->canonical;

sub new ($class, %args) {
    my $koha = $args{koha};
    my %tables = (
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
        settings => Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha),
        identifiers => Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha),
    );
    my $planner = Koha::Plugin::ConnexionGateway::Planner->new(koha => $koha, %tables);
    return bless { koha => $koha, planner => $planner, words => _english(), %tables }, $class;
}

sub _english { return Koha::Plugin::ConnexionGateway::PlanWords->new(Koha::Plugin::ConnexionGateway::Texts->new) }

# ---------------------------------------------------------------- the list

sub list ($self, $most = 1000) {
    return [ map { $self->_listed($_) } @{ $self->{journal}->undecided($most) } ];
}

sub _listed ($self, $export) {
    my $plan = _plan_of($export);
    my $patron = $self->{koha}->patron(borrowernumber => $export->{borrowernumber});
    return {
        (map { $_ => $export->{$_} } qw(number received_at login profile title record_type)),
        exported_by => $patron ? $patron->{userid} : undef,
        why => [ _sentences($plan) ], reasons => [ _reasons($plan) ], candidates => _ids($plan),
        items => scalar @{ $plan->{items} // [] },
    };
}

sub _plan_of ($export) { return length($export->{plan} // '') ? $JSON->decode($export->{plan}) : {} }

my %PLAIN = map { $_ => 1 } qw(matched no_match no_matching_rule decided);

sub _reasons ($plan) { return grep { !$PLAIN{ $_->{code} } } @{ $plan->{reasons} // [] } }

sub _sentences ($plan) { return map { $REPLY->reason($_) } _reasons($plan) }

# The best first: what a person may choose from.
sub _ids ($plan) {
    my (%seen, @named);
    push @named, $plan->{target} if defined $plan->{target};
    push @named, map { $_->{values}{id} } grep { $_->{code} eq 'named_target_differs' } @{ $plan->{reasons} // [] };
    return [ grep { !$seen{$_}++ } @named, map { $_->{id} } @{ $plan->{match}{candidates} // [] } ];
}

# ---------------------------------------------------------------- one of them

sub show ($self, $number) {
    my $export = $self->{journal}->find($number);
    $self->refuse_other($export, $number);
    my $job = $self->job($export);
    my $plan = $self->{planner}->plan($job);
    my $ids = $self->choices($job, $plan);
    return {
        %{ $self->_listed($export) },
        why_now => [ _sentences($plan) ], reasons_now => [ _reasons($plan) ],
        items => $job->{record_type} eq 'biblio' ? scalar @{ $plan->{items} } : 0,
        record => { _described($job->{record}), fields => $job->{record}->field_lines },
        diagnostics => [ map { $_->{message} } @{ $job->{read}{diagnostics} } ],
        candidates => [ map { $self->_candidate($job, $plan, $_) } @{$ids} ],
        add => { $self->_outlook($job, { record => 'add' }) },
    };
}

# The record as it is now decided on: by the profile as it is now, and for the library of who exported it.
sub job ($self, $export) {
    my $profile = $self->{settings}->profile($export->{profile} // '')
        // _refuse('no_profile', "The profile of export $export->{number} is gone.");
    _refuse('preview', "The profile $profile->{name} only previews now: nothing can be imported by it.")
        if $profile->{preview};
    my $read = $self->{planner}->read($export->{record} // '');
    _refuse('no_record', "Nothing is kept of the record of export $export->{number}.") if !$read->{record};
    my $exporter = $self->{koha}->patron(borrowernumber => $export->{borrowernumber});
    my $context = { number => $export->{number}, profile => $profile, patron => $exporter };
    return {
        %{$context}, read => $read, export => $export, known_candidates => _ids(_plan_of($export)),
        %{ $self->{planner}->prepare($context, $read->{record}) },
    };
}

# Numbers of the records that may be chosen.
sub choices ($self, $job, $plan) {
    my %seen;
    return [ grep { !$seen{$_}++ } @{ $job->{known_candidates} }, @{ _ids($plan) } ];
}

sub _candidate ($self, $job, $plan, $id) {
    my $type = $job->{record_type};
    my ($found) = grep { $_->{id} == $id } @{ $plan->{match}{candidates} };
    my $record = $self->_read($job->{as_read}{$id});
    my $verdict = !defined $job->{as_read}{$id} ? 'gone' : !$record ? 'unreadable' : $found ? $found->{verdict} : 'named';
    my %candidate = (
        id => 0 + $id, score => ($found // {})->{score}, verdict => $verdict,
        verdict_text => $self->{words}->verdict({ verdict => $verdict }),
        found_by => ($found // {})->{found_by} // [], url => $self->{koha}->record_url($type, $id),
    );
    return \%candidate if !$record;
    return {
        %candidate, _described($record), existing_items => $type eq 'biblio' ? $self->{koha}->items_of($id) : [],
        later_export => $self->{journal}->overtaken($job->{number}, $type, $id),
        overlay => { $self->_outlook($job, { record => 'overlay', target => 0 + $id }) },
        $type eq 'biblio' && @{ $plan->{items} } ? (items_only => { $self->_outlook($job, { record => 'ignore', target => 0 + $id }) }) : (),
    };
}

sub _read ($self, $xml) { return defined $xml ? $self->{planner}->read_marcxml($xml)->{record} : undef }

# What comes of a decision, and of each item whatever is wanted of it.
sub _outlook ($self, $job, $decision) {
    my $plan = _plan_with($job, $decision);
    my @places = map { $_->{occurrence} } @{ $plan->{items} };
    my %wish;
    for my $place (@places) {
        for my $action (qw(add replace)) {
            my $alone = _plan_with($job, { %{$decision}, items => { $place => $action } });
            $wish{$place}{$action} = _item_told($alone->{items}[ $place - 1 ]);
        }
    }
    return (
        seen => $self->seen($job, $plan), warnings => [ _sentences($plan) ], reasons => [ _reasons($plan) ], fields => $plan->{fields},
        items => [ map { { %{$_}, told => _item_told($_), wishes => $wish{ $_->{occurrence} } } } @{ $plan->{items} } ],
    );
}

sub _plan_with ($job, $decision) {
    $job->{facts}->decided($decision);
    return $job->{rules}->plan($job->{record}, $job->{facts});
}

sub _item_told ($item) {
    return { (map { $_ => $item->{$_} } qw(action itemnumber reason)), why => $REPLY->item_reason($item->{reason}) };
}

# What somebody was shown of a decision, in short: another text where it would come out otherwise by now.
sub seen ($self, $job, $plan) {
    my $xml = defined $plan->{target} ? $job->{as_read}{ $plan->{target} } // '' : '';
    $xml =~ s{<controlfield tag="005">[^<]*</controlfield>\s*}{};
    my @candidates = map { [ @{$_}{qw(id score verdict)} ] } @{ $plan->{match}{candidates} };
    my $text = $JSON->encode(_all_text([ $job->{profile}{revision}, \@candidates, Digest::SHA::sha256_hex($xml),
        map { $plan->{$_} } qw(outcome target reasons fields items) ]));
    utf8::encode($text);
    return substr Digest::SHA::sha256_hex($text), 0, 32;
}

# A number that was printed may be written as a text from then on.
sub _all_text ($data) {
    return { map { $_ => _all_text($data->{$_}) } keys %{$data} } if ref $data eq 'HASH';
    return [ map { _all_text($_) } @{$data} ] if ref $data eq 'ARRAY';
    return defined $data ? "$data" : undef;
}

# ---------------------------------------------------------------- records for people

sub _described ($record) {
    my %first;
    for my $field (grep { !exists $_->{data} } @{ $record->fields }) {
        $first{"$field->{tag}$_->[0]"} //= $_->[1] for @{ $field->{subfields} };
    }
    my ($author) = grep {defined} map { $first{$_} } qw(100a 110a 111a 700a 710a);
    my ($year) = map { /(\d{4})/ ? $1 : () } grep {defined} map { $first{$_} } qw(264c 260c);
    return (title => $record->title, author => $author, year => $year);
}

# ---------------------------------------------------------------- what can't be decided

my %DONE = (add => 'added', overlay => 'overlaid', ignore => 'left as it is');

sub refuse_other ($self, $export, $number) {
    _refuse('no_export', "There is no export $number.") if !$export;
    return if $export->{state} eq 'held' && !defined $export->{repeat_of};
    _refuse('repeat', "Export $number repeats export $export->{repeat_of}: decide on that one.", first => $export->{repeat_of})
        if defined $export->{repeat_of};
    _refuse('not_held', "Export $number does not wait for a decision.") if !defined $export->{decided_at};
    my $who = $self->{koha}->patron(borrowernumber => $export->{decided_by});
    my $name = $who ? $who->{userid} : 'somebody';
    my $what = $export->{outcome} eq 'refuse' ? 'discarded'
        : join ' ', grep {defined} 'the', $export->{record_type}, 'record', $export->{record_id}, $DONE{ $export->{outcome} };
    _refuse('already', "Export $number is decided already, by $name at " . $export->{decided_at} =~ s/[.]\d+\z//r
            . " (UTC): $what.", by => $name, at => $export->{decided_at}, outcome => $export->{outcome}, id => $export->{record_id});
    return;
}

sub _refuse ($code, $message, %values) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => "decision.$code", message => $message, values => \%values);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Held - exports that wait for a person's decision

=head1 SYNOPSIS

    my $held = Koha::Plugin::ConnexionGateway::Held->new(koha => $koha);
    print "$_->{number} $_->{title}: @{ $_->{why} }\n" for @{ $held->list };
    my $one = $held->show(17);

=head1 DESCRIPTION

Lists held exports and says what a decision about one would do. Nothing is written; decisions are carried out by
L<Koha::Plugin::ConnexionGateway::Decisions>.

=head1 METHODS

=head2 new(koha => $koha)

=head2 list($most)

The oldest first: C<{number, received_at, login, profile, title, record_type, exported_by, why, reasons, candidates, items}>, with
C<why> in sentences and C<reasons> as in the plan, the candidates' numbers, and how many items the record brings.

=head2 show($number)

One, with what is there now: C<record> (title, author, year, fields), C<diagnostics>, C<why_now>, C<add> and C<candidates>.
A candidate has C<id, url, title, author, year, score, verdict, verdict_text, found_by, existing_items>, C<later_export> (the number of a later
export that has written it), C<overlay> and C<items_only>. These and C<add> hold what would come of the decision: C<seen>, to be
given back with it, C<warnings> in sentences and as C<reasons>, C<fields> as in the plan, and C<items>, each as in the plan with C<told> and
C<wishes> (what C<add> and C<replace> would come to). Raises C<decision.*> with a sentence.

=head2 job(\%export), choices(\%job, \%plan), seen(\%job, \%plan), refuse_other(\%export, $number)

For who carries decisions out: what the plan is made of, which records may be chosen, what somebody was shown, and a sentence
where an export doesn't wait for a decision.

=cut
