package Koha::Plugin::ConnexionGateway::ReplayCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Importer;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Log;

my %OBSTACLE = (
    test      => 'was a test from the staff interface.',
    no_record => 'holds no record: it was a refused login, or its bytes were cleaned up.',
    under_way => 'is not finished: a running service takes it up by itself.',
);

sub new ($class, %args) {
    return bless {
        koha => $args{koha}, again => $args{again},
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $args{koha}),
    }, $class;
}

sub run ($self, @numbers) {
    $self->_check($_) for @numbers;
    # What is printed is enough; the log is the service's.
    my $importer = Koha::Plugin::ConnexionGateway::Importer->new(
        koha => $self->{koha}, log => Koha::Plugin::ConnexionGateway::Log->silent);
    my $failed = 0;
    for my $number (@numbers) {
        my $answer = $importer->replay($number);
        print "--- $number, now under number $answer->{number}\n$answer->{text}\n";
        $failed = 1 if $answer->{text} !~ /\ASuccess[.]/;
    }
    return $failed;
}

# All of them before the first is imported.
sub _check ($self, $number) {
    my $export = $self->{journal}->find($number) // die "There is no export $number.\n";
    my $obstacle = $self->{journal}->replay_obstacle($export);
    die "Export $number $OBSTACLE{$obstacle}\n" if defined $obstacle;
    return if $self->{again} || $export->{state} ne 'done' || $export->{preview} || $export->{outcome} eq 'ignore';
    my $what = defined $export->{record_id} ? "$export->{record_type} record $export->{record_id}" : 'staged';
    die "Export $number is imported ($what). To import it once more: --again\n";
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ReplayCommand - imports exports once more from what is kept of them

=head1 DESCRIPTION

What C<connexion-gateway replay> does: each is a new export with a number of its own, by the profile as
it is now, under the same patron.

=head1 METHODS

=head2 new(koha => $koha, again => $bool)

With C<again> also those that are imported already.

=head2 run(@numbers)

Prints the replies; gives the exit status. Dies with a sentence, before anything is imported, where one
of them can't be.

=cut
