package Koha::Plugin::ConnexionGateway::ExportCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Core::Codes;
use Koha::Plugin::ConnexionGateway::Outgoing;
use Koha::Plugin::ConnexionGateway::ProgressBar;
use Koha::Plugin::ConnexionGateway::Settings;

# Numbers that the summary names of one kind.
my $NAMED = 10;

my %NOT_WRITTEN = (
    gone => 'There is no such record in Koha.',
    unreadable => 'What Koha has stored is no record that can be read.',
    no_number => 'The record has no OCLC number.',
);

sub new ($class, %args) { return bless {%args}, $class }

sub run ($self, $record_type, $ids) {
    my $outgoing = Koha::Plugin::ConnexionGateway::Outgoing->new(
        koha => $self->{koha}, profile => scalar $self->_profile, encoding => $self->{encoding});
    my ($out, $finish) = $self->_open;
    my $progress = Koha::Plugin::ConnexionGateway::ProgressBar->on_terminal(scalar @{$ids});
    my $done = 0;
    $outgoing->each_record($record_type, $ids, sub ($made) {
        print {$out} $self->_counted($made) or die "The file can't be written: $!\n";
        $progress->(++$done);
    });
    $progress->(undef);
    $finish->();
    return $self->_print_summary;
}

sub _profile ($self) {
    return if !defined $self->{profile};
    return Koha::Plugin::ConnexionGateway::Settings->new(koha => $self->{koha})->profile($self->{profile})
        // die "There is no profile $self->{profile}.\n";
}

# A file gets its name when it is whole.
sub _open ($self) {
    my $file = $self->{file};
    if (!defined $file) {
        binmode STDOUT, ':raw' or die "Standard output can't be written: $!\n";
        return (\*STDOUT, sub { });
    }
    my $beside = "$file.part";
    open my $out, '>:raw', $beside or die "The file $beside can't be written: $!\n";
    return ($out, sub {
        close $out or die "The file $beside can't be written: $!\n";
        rename $beside, $file or die "The file $file can't be written: $!\n";
    });
}

# What goes into the file of one record.
sub _counted ($self, $made) {
    my $state = $made->{state};
    my $text = $self->{oclc_numbers} ? Koha::Plugin::ConnexionGateway::Outgoing->search_line($made) : $made->{octets} // '';
    $state = 'no_number' if $self->{oclc_numbers} && $text eq '' && !$NOT_WRITTEN{$state};
    $self->{sum}{ length $text ? 'written' : 'not_written' }++;
    $self->_note($state, $made) if $NOT_WRITTEN{$state};
    return $text if $self->{oclc_numbers};
    my %seen;
    $self->_note($_, $made) for grep { !$seen{$_}++ } map { $_->{code} } @{ $made->{problems} };
    return $text;
}

sub _note ($self, $code, $made) {
    my $found = $self->{found}{$code} //= { count => 0, ids => [] };
    $found->{count}++;
    push @{ $found->{ids} }, $made->{id} if @{ $found->{ids} } < $NAMED;
    return;
}

sub _print_summary ($self) {
    my $sum = $self->{sum} // {};
    my ($written, $not_written) = ($sum->{written} // 0, $sum->{not_written} // 0);
    my $what = $self->{oclc_numbers} ? 'OCLC numbers' : 'records';
    printf {*STDERR} "%d %s%s.\n", $written, $what, defined $self->{file} ? " in $self->{file}" : ' written';
    printf {*STDERR} "%d left out, for the reasons below.\n", $not_written if $not_written;
    my $found = $self->{found} // {};
    for my $code (sort { $found->{$b}{count} <=> $found->{$a}{count} || $a cmp $b } keys %{$found}) {
        my ($count, @ids) = ($found->{$code}{count}, @{ $found->{$code}{ids} });
        printf {*STDERR} "%8d  %s\n          %s: %s%s\n", $count,
            $NOT_WRITTEN{$code} // Koha::Plugin::ConnexionGateway::Core::Codes::sentence($code), $code, join(', ', @ids),
            $count > @ids ? ', ...' : '';
    }
    return $not_written ? 1 : 0;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ExportCommand - a file of Koha's records for the Connexion Client, from the command line

=head1 DESCRIPTION

What C<connexion-gateway export> does. The summary is on standard error, so that the records can go to standard output.

=head1 METHODS

=head2 new(koha => $koha, profile => $name, encoding => $encoding, file => $file, oclc_numbers => 0|1)

=head2 run($record_type, \@ids)

Writes the file and gives the exit status: 1 where a record is not in it.

=cut
