package Koha::Plugin::ConnexionGateway::Pages::Try;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use MIME::Base64 qw(decode_base64);

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Preview;

# What a browser is kept waiting for.
my ($MOST_BYTES, $MOST_RECORDS) = (2_000_000, 50);

my %STATE = (add => 'good', overlay => 'good', ignore => 'wait', hold => 'wait', refuse => 'bad');

# Where a field stands: in Koha now, in what comes of it.
my %STANDS = (same => [ 1, 1 ], stays => [ 1, 1 ], goes => [ 1, 0 ], comes => [ 0, 1 ], not_taken => [ 0, 0 ]);

my %FAILURE = ('search.failed' => 'plan.search_failed', 'settings.rule_gone' => 'plan.rule_gone');

sub scripts ($class) { return 'try' }

sub texts_of_scripts ($class) { return 'try' }

# A query of its nature, but too long for an address.
sub changes ($class) { return { plan => 'plan' } }

sub show ($self) { return $self->render('try', profiles => $self->settings->profiles) }

sub plan ($self) {
    $self->need([ plugins => 'tool' ]);
    my $document = $self->document;
    my $profile = $self->settings->profile($document->{profile} // '') // $self->refuse('try.no_such_profile');
    my @sources = $self->_sources($document->{file} // '');
    my $more = @sources > $MOST_RECORDS ? $MOST_RECORDS : undef;
    splice @sources, $MOST_RECORDS if $more;
    my $preview = Koha::Plugin::ConnexionGateway::Preview->new(
        koha => $self->koha, settings => $self->settings, journal => $self->journal);
    my $context = $preview->context($profile, $self->user);
    return $self->json({ more => $more, records => [ map { $self->_told($preview->plan($context, $_)) } @sources ] });
}

sub _sources ($self, $base64) {
    my $octets = decode_base64($base64);
    $self->refuse('try.too_big', 400, most => $MOST_BYTES) if length $octets > $MOST_BYTES;
    my @sources = Koha::Plugin::ConnexionGateway::Preview->split_file($octets);
    return @sources ? @sources : $self->refuse('try.no_record');
}

# ---------------------------------------------------------------- what is told of one

sub _told ($self, $planned) {
    my $read = $planned->{read};
    my %told = (
        title => $planned->{record} ? $planned->{record}->title : '',
        diagnostics => [ map { { message => $_->{message}, severity => $_->{severity} } } @{ $read->{diagnostics} } ],
        reasons => [], candidates => [], items => [], fields => [],
    );
    return { %told, outcome => $self->t('try.unreadable'), state => 'bad' } if !$planned->{record};
    return { %told, outcome => $self->t('try.not_planned'), state => 'bad', reasons => [ $self->_failure($planned->{error}) ] }
        if !$planned->{plan};
    return { %told, %{ $self->_told_plan($planned) } };
}

sub _failure ($self, $error) {
    my $key = $FAILURE{ Koha::Plugin::ConnexionGateway::Error->code_of($error) };
    warn "Connexion Gateway: $error\n" if !$key;
    return $self->t($key // 'plan.failed');
}

sub _told_plan ($self, $planned) {
    my $plan = $planned->{plan};
    my $words = $self->words;
    return {
        outcome => $words->outcome($plan), state => $STATE{ $plan->{outcome} },
        reasons => [ $words->reasons($plan), $plan->{mode} eq 'stage' ? $self->t('try.staged') : () ],
        target => defined $plan->{target} ? $self->koha->record_path($plan->{record_type}, $plan->{target}) : undef,
        candidates => [ map { $self->_candidate($words, $plan, $_) } @{ $plan->{match}{candidates} } ],
        items => [ map { $self->_item($words, $_) } @{ $plan->{items} } ],
        fields => [ map { _field($words, $_) } @{ Koha::Plugin::ConnexionGateway::Preview->fields($planned) } ],
    };
}

sub _candidate ($self, $words, $plan, $candidate) {
    return {
        address => $self->koha->record_path($plan->{record_type}, $candidate->{id}),
        text => $self->t('try.candidate', id => $candidate->{id}, score => $candidate->{score},
            threshold => $plan->{match}{threshold}, verdict => $words->verdict($candidate)),
    };
}

sub _item ($self, $words, $item) {
    my ($action, $why) = $words->item($item);
    my $name = length($item->{barcode} // '') ? $item->{barcode} : $item->{occurrence};
    my $defaults = $item->{defaults} // {};
    my $filled = join ', ', map {"$_ $defaults->{$_}"} sort keys %{$defaults};
    my $text = $self->t('try.item', name => $name, action => $action, why => $why);
    return length $filled ? "$text; " . $self->t('try.defaults', values => $filled) : $text;
}

sub _field ($words, $field) {
    my ($before, $after) = @{ $STANDS{ $field->{action} } };
    my $lost = $before || $after ? '' : ": $field->{text}";
    return {
        tag => $field->{tag}, action => $field->{action}, what => $words->field($field) . $lost,
        before => $before ? $field->{text} : '', after => $after ? $field->{text} : '',
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Try - what would become of records, with nothing written

=head1 METHODS

=head2 show, plan

The page; the plans of the records of a file, which comes as C<{profile, file}> with the file in base64.

=cut
