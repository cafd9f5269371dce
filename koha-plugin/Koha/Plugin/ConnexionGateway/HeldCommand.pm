package Koha::Plugin::ConnexionGateway::HeldCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Decisions;
use Koha::Plugin::ConnexionGateway::Log;

my %SIGN = (same => ' ', stays => '=', comes => '+', goes => '-', not_taken => '!');

sub new ($class, %args) {
    # What is printed is enough; the log is the service's.
    my $decisions = Koha::Plugin::ConnexionGateway::Decisions->new(
        koha => $args{koha}, log => Koha::Plugin::ConnexionGateway::Log->silent);
    return bless {
        decisions => $decisions, held => $decisions->held,
        json => $args{json} ? JSON::PP->new->utf8->canonical : undef,
    }, $class;
}

sub held ($self, $number = undef) {
    return $self->_list if !defined $number;
    my $export = $self->{held}->show($number);
    return $self->_print_json($export) if $self->{json};
    _print_head($export);
    _print_candidate($_) for @{ $export->{candidates} };
    print "\n--add\n";
    _print_outlook($export->{add});
    return 0;
}

sub _list ($self) {
    my @exports = @{ $self->{held}->list };
    return $self->_print_json(\@exports) if $self->{json};
    print "Nothing waits for a decision.\n" if !@exports;
    _print_head($_) for @exports;
    return 0;
}

sub _print_json ($self, $data) {
    print $self->{json}->encode($data), "\n";
    return 0;
}

sub _line ($text) {
    print Koha::Plugin::ConnexionGateway::Core->ascii($text), "\n";
    return;
}

sub _print_head ($export) {
    my $when = $export->{received_at} =~ s/[.]\d+\z//r;
    _line(sprintf '%6d  %s  %s (%s)  %s', $export->{number}, $when, $export->{exported_by} // '-', $export->{profile},
        $export->{title} // '');
    _line("        $_") for @{ $export->{why} };
    my @ids = map { ref ? $_->{id} : $_ } @{ $export->{candidates} };
    _line("        $export->{record_type} records: " . join ', ', @ids) if @ids;
    _line("        items: $export->{items}") if $export->{items};
    return;
}

sub _print_candidate ($candidate) {
    print "\n";
    _line(join ' / ', grep { length($_ // '') } "--overlay $candidate->{id}", @{$candidate}{qw(title author year)});
    _line('    ' . join ', ', grep {defined} $candidate->{verdict_text}, map {"score $_"} grep {defined} $candidate->{score})
        if defined $candidate->{verdict_text};
    _line("    A later export (number $candidate->{later_export}) has been written over it.") if $candidate->{later_export};
    for my $item (@{ $candidate->{existing_items} // [] }) {
        _line('    has item ' . join ' ', map { length($_ // '') ? $_ : '-' } @{$item}{qw(barcode homebranch callnumber itype)});
    }
    _print_outlook($candidate->{overlay}) if $candidate->{overlay};
    return;
}

sub _print_outlook ($outlook) {
    _line("    $_") for @{ $outlook->{warnings} };
    _line("    $SIGN{ $_->{action} } $_->{tag} $_->{text}") for @{ $outlook->{fields} };
    _line(sprintf '    item %s: %s (%s)', $_->{barcode} // "no. $_->{occurrence}", $_->{told}{action}, $_->{told}{why})
        for @{ $outlook->{items} };
    _line("    --seen $outlook->{seen}");
    return;
}

# ---------------------------------------------------------------- deciding

sub decide ($self, $number, $userid, $decision, $items) {
    my %by_place = $self->_places($number, $items);
    my $done = $self->{decisions}->decide($number, $userid, { %{$decision}, items => \%by_place });
    print "$done->{reply}\n";
    return 0;
}

# By barcode, or by "no. N".
sub _places ($self, $number, $items) {
    return if !%{$items};
    my @told = @{ $self->{held}->show($number)->{add}{items} };
    my %places;
    for my $name (sort keys %{$items}) {
        my @fit = $name =~ /\Ano[.] ?(\d+)\z/ ? grep { $_->{occurrence} == $1 } @told
            : grep { ($_->{barcode} // '') eq $name } @told;
        die qq{Export $number brings no item "$name".\n} if !@fit;
        die qq{Export $number brings several items "$name": name them by their places, as in "no. 1".\n} if @fit > 1;
        $places{ $fit[0]{occurrence} } = $items->{$name};
    }
    return %places;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::HeldCommand - held exports on the command line

=head1 DESCRIPTION

What C<connexion-gateway held> and C<connexion-gateway decide> do.

=head1 METHODS

=head2 new(koha => $koha, json => 0|1)

=head2 held($number)

Prints the list, or one of them; gives the exit status.

=head2 decide($number, $userid, \%decision, \%items)

Decides, and prints the reply. The decision is one of L<Koha::Plugin::ConnexionGateway::Decisions>; the items are named by
barcode or as C<no. N>. Dies with a sentence where nothing was done.

=cut
