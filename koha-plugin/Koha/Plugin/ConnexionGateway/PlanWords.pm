package Koha::Plugin::ConnexionGateway::PlanWords;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

sub new ($class, $texts) { return bless { texts => $texts }, $class }

sub _text ($self, $key, %values) { return $self->{texts}->text($key, \%values) }

sub outcome ($self, $plan) { return $self->_text("plan.outcome.$plan->{outcome}", target => $plan->{target}) }

sub reasons ($self, $plan) { return map { $self->reason($_) } @{ $plan->{reasons} } }

sub reason ($self, $reason) { return $self->_text("plan.reason.$reason->{code}", _values($reason)) }

# [what becomes of it, why]
sub item ($self, $item) {
    return (
        $self->_text("plan.item_action.$item->{action}", itemnumber => $item->{itemnumber}),
        $self->_text("plan.item.$item->{reason}{code}", _values($item->{reason})),
    );
}

sub verdict ($self, $candidate) { return $self->_text("plan.verdict.$candidate->{verdict}") }

sub field ($self, $field) { return $self->_text("plan.field.$field->{action}") }

sub _values ($reason) {
    my $values = $reason->{values} // {};
    return map { $_ => _value($values->{$_}) } keys %{$values};
}

# A blank in a code is written as catalogers do; numbers of several records one after another.
sub _value ($value) {
    return join ', ', @{$value} if ref $value eq 'ARRAY';
    return defined $value && $value =~ /\A\S? ?\z/ ? $value =~ tr/ /#/r : $value;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::PlanWords - a plan in sentences, in the language of the staff interface

=head1 METHODS

=head2 new($texts)

A L<Koha::Plugin::ConnexionGateway::Texts>.

=head2 outcome(\%plan), reasons(\%plan), reason(\%reason)

What becomes of the record, and why.

=head2 item(\%item), verdict(\%candidate), field(\%field)

Of one member of the plan; of an item what becomes of it and why.

=cut
