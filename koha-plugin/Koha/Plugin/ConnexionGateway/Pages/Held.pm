package Koha::Plugin::ConnexionGateway::Pages::Held;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use Koha::Plugin::ConnexionGateway::Decisions;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Held;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Profile;

my $ERROR = 'Koha::Plugin::ConnexionGateway::Error';

# Errors in words of this page; any other says itself.
my %WORDS = map { $_ => 1 } qw(already changed gone target items item preview no_profile no_export not_held repeat no_record search);

sub scripts ($class) { return 'held' }

sub texts_of_scripts ($class) { return 'held' }

sub changes ($class) { return { decide => 'decide' } }

sub show ($self) {
    my $held = Koha::Plugin::ConnexionGateway::Held->new(koha => $self->koha);
    return $self->_show_list($held) if !defined $self->param('number');
    my $number = $self->number('number') // $self->refuse('pages.bad_request');
    my $export = $self->_in_words(sub { $held->show($number) });
    return $self->render('held_one', $self->_for_template($export), next_number => scalar $self->_next($held, $number));
}

sub _show_list ($self, $held) {
    my @exports = map { { %{$_}, why => [ $self->_sentences($_->{reasons}) ] } } @{ $held->list };
    return $self->render('held', exports => \@exports);
}

# Round and round, so that nothing is passed over.
sub _next ($self, $held, $number) {
    my @others = grep { $_ != $number } map { $_->{number} } @{ $held->list };
    my ($later) = grep { $_ > $number } @others;
    return $later // $others[0];
}

# ---------------------------------------------------------------- one export for its page

sub _for_template ($self, $export) {
    my @readable = grep { $_->{overlay} } @{ $export->{candidates} };
    my @choices = (
        (map { $self->_choice("overlay-$_->{id}", overlay => $_, $_->{overlay}) } @readable),
        (map { $self->_choice("ignore-$_->{id}", ignore => $_, $_->{items_only}) } grep { $_->{items_only} } @readable),
        $self->_choice('add', add => undef, $export->{add}),
        { name => 'discard', record => 'discard', label => $self->t('held.choice.discard'),
            warnings => [], fields => [], items => [] },
    );
    return (
        export => $export, why => [ $self->_sentences($export->{reasons}) ], choices => \@choices,
        candidates => [ map { $self->_candidate($_) } @{ $export->{candidates} } ],
        rows => [ _rows($export, @readable) ], readable => \@readable,
    );
}

sub _choice ($self, $name, $record, $candidate, $outlook) {
    my $id = $candidate ? $candidate->{id} : undef;
    return {
        name => $name, record => $record, target => $id, seen => $outlook->{seen},
        label => $self->t("held.choice.$record", id => $id // '', title => $candidate ? $candidate->{title} : ''),
        warnings => [ $self->_sentences($outlook->{reasons}) ],
        fields => [ map { { %{$_}, word => $self->words->field($_) } } @{ $outlook->{fields} } ],
        items => [ map { $self->_item($_) } @{ $outlook->{items} } ],
    };
}

# What the profile makes of an item, and what may be wanted of it instead.
sub _item ($self, $item) {
    my @wishes = map { { action => $_, possible => $item->{wishes}{$_}{action} eq 'hold' ? 0 : 1, why => $self->_item_told($item->{wishes}{$_}) } }
        qw(add replace);
    return {
        occurrence => $item->{occurrence}, barcode => $item->{barcode}, told => $self->_item_told($item->{told}),
        wishes => \@wishes,
    };
}

sub _item_told ($self, $told) {
    my ($action, $why) = $self->words->item($told);
    return $told->{action} =~ /\A(?:add|replace)\z/ ? $action : "$action: $why";
}

sub _candidate ($self, $candidate) {
    my $libraries = $self->{libraries} //= $self->koha->libraries;
    return {
        %{$candidate}, verdict_text => $self->words->verdict($candidate),
        existing_items => [ map { { %{$_}, library => $libraries->{ $_->{homebranch} // '' } // $_->{homebranch} } }
                @{ $candidate->{existing_items} // [] } ],
    };
}

# By tag: the fields of the export, and of each candidate with what an overlay does to them.
sub _rows ($export, @candidates) {
    my (%incoming, %existing, %tags);
    for my $field (@{ $export->{record}{fields} }) {
        push @{ $incoming{ $field->{tag} } }, $field->{text};
        $tags{ $field->{tag} } = 1;
    }
    for my $candidate (@candidates) {
        for my $field (grep { $_->{action} =~ /\A(?:same|stays|goes)\z/ } @{ $candidate->{overlay}{fields} }) {
            push @{ $existing{ $field->{tag} }{ $candidate->{id} } }, $field;
            $tags{ $field->{tag} } = 1;
        }
    }
    return map {
        my $tag = $_;
        { tag => $tag, incoming => $incoming{$tag} // [], existing => [ map { $existing{$tag}{ $_->{id} } // [] } @candidates ] }
    } sort keys %tags;
}

# ---------------------------------------------------------------- in words

sub _sentences ($self, $reasons) { return map { $self->words->reason($_) } @{$reasons} }

sub _in_words ($self, $code) {
    my $result = eval { $code->() };
    return $result if $result;
    my $error = $@;
    my ($short) = $ERROR->code_of($error) =~ /\Adecision[.](\w+)\z/ or die $error;
    die $error if !$WORDS{$short};
    my %values = (number => scalar $self->number('number'), %{ $error->values });
    $values{at} = $self->koha->local_time($values{at}) if defined $values{at};
    $values{done} = $self->t("held.done.$values{outcome}", id => $values{id} // '') if defined $values{outcome};
    $values{items} = join '; ', map { ($_->{barcode} // $_->{occurrence}) . ': ' . ($self->words->item($_))[1] }
        @{ $values{items} } if $values{items};
    return $self->refuse("held.error.$short", 409, %values);
}

# ---------------------------------------------------------------- deciding

sub decide ($self) {
    my $number = $self->number('number') // $self->refuse('pages.bad_request');
    my $decisions = $self->_decisions;
    my $decision = $decisions->wanted($self->document);
    my $export = $self->journal->find($number);
    my $profile = $export ? $self->settings->profile($export->{profile} // '') : undef;
    $self->need(Koha::Plugin::ConnexionGateway::Profile->permissions($profile)) if $profile;
    my $done = $self->_in_words(sub { $decisions->decide($number, $self->userid, $decision) });
    my $url = defined $done->{record_id} ? $self->koha->record_path($done->{record_type}, $done->{record_id}) : undef;
    return $self->json({ reply => $done->{reply}, outcome => $done->{outcome}, url => $url });
}

# In a process of Koha's: what it does is told by the page, and kept in the journal.
sub _decisions ($self) {
    return Koha::Plugin::ConnexionGateway::Decisions->new(
        koha => $self->koha, in_koha => 1, log => Koha::Plugin::ConnexionGateway::Log->silent);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Held - what waits for a person's decision

=head1 METHODS

=head2 show

The list, or with C<number> one of them, with what each decision would do.

=head2 decide

Carries out the decision in C<body>: C<{record, target, items, seen}>, under the name of the patron who is logged in.

=cut
