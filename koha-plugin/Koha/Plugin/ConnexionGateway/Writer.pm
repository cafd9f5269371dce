package Koha::Plugin::ConnexionGateway::Writer;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Error;

sub new ($class, %args) {
    return bless { map { $_ => $args{$_} } qw(koha journal identifiers) }, $class;
}

sub carry_out ($self, $job) {
    my $plan = $job->{plan};
    my $done = { number => $job->{number}, record_type => $job->{record_type} };
    return $done if $plan->{outcome} =~ /\A(?:hold|refuse)\z/;
    $self->_make_ready($job);
    return $self->_stage($job, $done) if $plan->{mode} eq 'stage';
    return $done if $plan->{outcome} eq 'ignore' && !_has_item_work($plan);
    return $self->_import($job, $done);
}

sub _has_item_work ($plan) {
    return scalar grep { $_->{action} =~ /\A(?:add|replace)\z/ } @{ $plan->{items} };
}

# The record as it is written, and the item fields with what the rules fill in.
sub _make_ready ($self, $job) {
    my $plan = $job->{plan};
    my $target = $plan->{outcome} eq 'overlay' ? $plan->{target} : undef;
    $job->{to_write} = $job->{rules}->record_to_write($job->{record}, $job->{facts}, $target);
    $job->{item_fields} = $job->{record_type} eq 'biblio' ? _item_fields($job) : [];
    return;
}

sub _item_fields ($job) {
    my ($tag, $codes) = @{ $job->{document} }{qw(item_tag item_subfields)};
    my @fields = map { _without_blanks($_) } grep { $_->{tag} eq $tag } @{ $job->{record}->fields };
    for my $item (@{ $job->{plan}{items} }) {
        my $defaults = $item->{defaults} // {};
        _fill_in($fields[ $item->{occurrence} - 1 ], $codes->{$_}, $defaults->{$_}) for sort keys %{$defaults};
    }
    return \@fields;
}

# Koha would take a blank for a barcode, and the next one for the same.
sub _without_blanks ($field) {
    return { %{$field}, subfields => [ grep { $_->[1] =~ /\S/ } @{ $field->{subfields} } ] };
}

sub _fill_in ($field, $code, $value) {
    push @{ $field->{subfields} }, [ $code, $value ];
    return;
}

sub _whole_record ($self, $job) {
    return $self->{koha}->marc_record($job->{to_write}, @{ $job->{item_fields} });
}

# What a person left out must not come in when the batch is imported.
sub _staged_record ($self, $job) {
    return $self->_whole_record($job) if !$job->{decision};
    my @items = @{ $job->{plan}{items} };
    my @kept = map { $job->{item_fields}[ $_->{occurrence} - 1 ] } grep { $_->{action} ne 'ignore' } @items;
    return $self->{koha}->marc_record($job->{to_write}, @kept);
}

# ---------------------------------------------------------------- staging

sub _stage ($self, $job, $done) {
    $done->{batch} = $job->{decision}
        ? $self->_add_batch($job, "Connexion Client: $job->{profile}{name}, export $job->{number}")
        : $self->_collecting_batch($job);
    my $added = $self->{koha}->add_to_batch($done->{batch}, $self->_staged_record($job), $job->{record_type});
    $self->_set_matches($job, $added->{import_record_id});
    $done->{import_record_id} = $added->{import_record_id};
    return $done;
}

sub _collecting_batch ($self, $job) {
    my ($name, $revision, $type) = (@{ $job->{profile} }{qw(name revision)}, $job->{record_type});
    my $batch_id = $self->{journal}->open_batch($name, $revision, $type);
    return $batch_id if $batch_id && $self->{koha}->open_batch($batch_id);
    $batch_id = $self->_add_batch($job, "Connexion Client: $name");
    $self->{journal}->set_open_batch($name, $revision, $type, $batch_id);
    return $batch_id;
}

sub _add_batch ($self, $job, $file_name) {
    my $document = $job->{document};
    return $self->{koha}->add_batch(
        matcher_id => $job->{matcher_id}, branchcode => $job->{patron}{branch},
        overlay_action => $document->{on_match}, nomatch_action => $document->{on_no_match},
        item_action => $document->{items}, $job->{decision} ? _decided_actions($job) : (), file_name => substr($file_name, 0, 100),
        comments => "Exported from OCLC Connexion Client (profile $job->{profile}{name})",
        record_type => $job->{record_type} eq 'authority' ? 'auth' : 'biblio',
    );
}

# Koha imports and undoes by the actions of the batch: a batch of its own says what was decided.
sub _decided_actions ($job) {
    my %is = map { $_->{action} => 1 } @{ $job->{plan}{items} };
    return (
        overlay_action => $job->{plan}{outcome} eq 'ignore' ? 'ignore' : 'replace', nomatch_action => 'create_new',
        item_action => $is{replace} ? 'replace' : $is{add} ? 'always_add' : 'ignore',
    );
}

# The chosen candidate first: newer versions of Koha take the first for the one to overlay.
sub _set_matches ($self, $job, $import_record_id) {
    my %rank = (decided => 0, named => 0, chosen => 1, equal => 2, other_number => 3, lower_score => 4);
    my @matches = sort { $rank{ $a->{verdict} } <=> $rank{ $b->{verdict} } || $b->{score} <=> $a->{score} }
        grep { exists $rank{ $_->{verdict} } } @{ $job->{plan}{match}{candidates} };
    # A decided record is new, or goes over that one, whatever it matches.
    @matches = grep { $_->{verdict} eq 'decided' } @matches if $job->{decision};
    $self->{koha}->set_matches($import_record_id, @matches ? 'auto_match' : 'no_match', \@matches);
    return;
}

# ---------------------------------------------------------------- importing

sub _import ($self, $job, $done) {
    my $koha = $self->{koha};
    my $plan = $job->{plan};
    $done->{batch} = $self->_add_batch($job, "Connexion Client: $job->{profile}{name}, export $job->{number}");
    my $added = $koha->add_to_batch($done->{batch}, $self->_whole_record($job), $job->{record_type});
    $done->{import_record_id} = $added->{import_record_id};
    $self->_set_matches($job, $added->{import_record_id});

    my $before = $self->_write_record($job, $done);
    $self->_write_items($job, $done, $added->{import_items_ids}) if $job->{record_type} eq 'biblio';
    my $overlaid = $plan->{outcome} eq 'overlay';
    $koha->set_outcome($added->{import_record_id},
        status => $plan->{outcome} eq 'ignore' ? 'ignored' : 'imported',
        match_applied => $overlaid || $plan->{outcome} eq 'ignore',
        record_type => $job->{record_type}, record_id => $done->{record_id},
        marcxml_old => $overlaid ? _text($before) : undef);
    $koha->set_batch_status($done->{batch}, 'imported');
    $self->_know($job, $done) if $plan->{outcome} ne 'ignore';
    $done->{written_digest} = $koha->content_digest($job->{record_type}, $done->{record_id})
        if $plan->{outcome} ne 'ignore';
    $done->{index_pending} = $job->{record_type} eq 'biblio';
    $done->{url} = $koha->record_url($job->{record_type}, $done->{record_id});
    return $done;
}

sub _write_record ($self, $job, $done) {
    my $plan = $job->{plan};
    $done->{record_id} = $plan->{target};
    return if $plan->{outcome} eq 'ignore';
    return $self->_write_authority($job, $done) if $job->{record_type} eq 'authority';
    my $koha = $self->{koha};
    my $marc = $koha->marc_record($job->{to_write});
    my $profile = $job->{profile};
    if ($plan->{outcome} eq 'add') {
        $done->{record_id} = $koha->add_biblio($marc, $profile->{framework});
        return;
    }
    return $koha->mod_biblio($marc, $plan->{target}, $profile->{overlay_framework}, $job->{patron});
}

sub _write_authority ($self, $job, $done) {
    my $koha = $self->{koha};
    my $marc = $koha->marc_record($job->{to_write});
    my $type = $koha->authority_type($marc);
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'authority.unknown_type',
        message => 'This Koha has no authority type for the heading of the record.')
        if !$type || !$koha->authority_type_exists($type);
    if ($job->{plan}{outcome} eq 'add') {
        $done->{record_id} = $koha->add_authority($marc, $type);
        return;
    }
    $done->{linked_biblios} = $koha->linked_biblios($job->{plan}{target});
    return $koha->mod_authority($marc, $job->{plan}{target}, $type);
}

sub _write_items ($self, $job, $done, $import_items_ids) {
    for my $item (@{ $job->{plan}{items} }) {
        my $position = $item->{occurrence} - 1;
        my %values = $self->_write_item($job, $done, $item, $job->{item_fields}[$position]);
        $self->{koha}->set_import_item($import_items_ids->[$position], %values);
    }
    return;
}

sub _write_item ($self, $job, $done, $item, $field) {
    return (status => 'ignored') if $item->{action} eq 'ignore';
    return (status => 'error', import_error => $item->{reason}{code}) if $item->{action} eq 'hold';
    my $koha = $self->{koha};
    my $marc = $koha->item_record($self->_without_numbers($job, $field));
    if ($item->{action} eq 'add') {
        return (status => 'imported', itemnumber => $koha->add_item($marc, $done->{record_id}));
    }
    push @{ $done->{undo}{items} }, $koha->item_values($item->{itemnumber});
    $koha->mod_item($marc, $done->{record_id}, $item->{itemnumber});
    # Without a number Koha's undo leaves the item alone; with one it would delete it.
    return (status => 'imported');
}

# An item number of another system would overwrite ours, a due date is Koha's own to set.
sub _without_numbers ($self, $job, $field) {
    my $codes = $job->{document}{item_subfields};
    my %drop = map { $_ => 1 } grep { defined } $codes->{itemnumber}, $self->{koha}->due_date_subfield;
    return { %{$field}, subfields => [ grep { !$drop{ $_->[0] } } @{ $field->{subfields} } ] };
}

sub _know ($self, $job, $done) {
    my %keys;
    push @{ $keys{"key:$_->{index}"} }, @{ $_->{keys} } for grep { @{ $_->{keys} } } @{ $job->{point_keys} };
    $self->{identifiers}->know($job->{record_type}, $done->{record_id}, \%keys,
        new => $job->{plan}{outcome} eq 'add');
    return;
}

sub _text ($octets) {
    return if !defined $octets;
    utf8::decode($octets);
    return $octets;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Writer - carries a plan out

=head1 DESCRIPTION

Inside the caller's transaction: the import batch that Koha's Manage staged records shows and
undoes, the record, its items, and the identifiers by which the record is found again.

=head1 METHODS

=head2 new(koha => $koha, journal => $journal, identifiers => $identifiers)

=head2 carry_out(\%job)

The job holds C<number, profile, patron, record, record_type, rules, facts, document, matcher_id,
point_keys, identifiers, plan>. Gives C<{number, record_type, batch, record_id, import_record_id, url,
index_pending, undo, written_digest, linked_biblios}>, with those that apply. Where the job holds a
C<decision>, the plan is one that a person has decided on.

=cut
