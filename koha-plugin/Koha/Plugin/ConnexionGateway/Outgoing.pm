package Koha::Plugin::ConnexionGateway::Outgoing;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(min);

use Koha::Plugin::ConnexionGateway::Core::ClientRules;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Planner;
use Koha::Plugin::ConnexionGateway::Settings;

# How many records are held at a time.
my $BLOCK = 200;

sub new ($class, %args) {
    my $koha = $args{koha};
    my $settings = $args{settings} // Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha);
    return bless {
        koha => $koha, settings => $settings, encoding => $args{encoding},
        profile => $args{profile} // $settings->only_profile // _which_profile($settings),
    }, $class;
}

sub _which_profile ($settings) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'outgoing.which_profile',
        message => 'Which profile? There are ' . join(', ', map { $_->{name} } @{ $settings->profiles }) . '.');
    return;
}

# '1,2,5-9' as numbers, or nothing where it is something else. One more than the most, where there are more.
sub numbers ($class, $text, $most) {
    return if $text !~ /\S/;
    my @numbers;
    for my $part (split /,/, $text =~ s/\s+//gr, -1) {
        my ($first, $last) = $part =~ /\A([1-9][0-9]{0,9})(?:-([1-9][0-9]{0,9}))?\z/ or return;
        $last //= $first;
        return if $last < $first;
        push @numbers, $first .. min($last, $first + $most - @numbers);
    }
    return \@numbers;
}

sub each_record ($self, $record_type, $ids, $code) {
    my $rules = Koha::Plugin::ConnexionGateway::Core::ClientRules->new(
        $self->{settings}->client_rules($self->{profile}, $record_type, $self->{encoding}));
    for (my $at = 0; $at < @{$ids}; $at += $BLOCK) {
        my $last = $at + $BLOCK > @{$ids} ? $#{$ids} : $at + $BLOCK - 1;
        my @block = @{$ids}[ $at .. $last ];
        my %stored = map { $_->{id} => $_->{xml} } @{ $self->{koha}->stored_records($record_type, ids => \@block) };
        $code->($self->_made($rules, $record_type, $_, $stored{$_})) for @block;
    }
    return;
}

sub _made ($self, $rules, $record_type, $id, $xml) {
    my %made = (record_type => $record_type, id => $id, title => '', oclc_number => '', problems => []);
    return { %made, state => 'gone' } if !defined $xml;
    my $read = Koha::Plugin::ConnexionGateway::Planner->read_marcxml($xml);
    return { %made, state => 'unreadable', problems => $read->{diagnostics} } if !$read->{record};
    my $record = $self->_with_items($record_type, $id, $read->{record});
    %made = (%made, %{ $rules->for_client($record) });
    return { %made, state => defined $made{octets} ? _state(@{ $made{problems} }) : 'too_long' };
}

sub _state (@problems) {
    return 'ready' if !@problems;
    return ( grep { $_->{severity} eq 'refused' } @problems ) ? 'problems' : 'notice';
}

# Koha keeps items apart from their record.
sub _with_items ($self, $record_type, $id, $record) {
    return $record if $record_type ne 'biblio' || $self->{profile}{client_items} ne 'item_source';
    my $xml = $self->{koha}->xml_with_items($record, $self->{koha}->item_marc_fields($id));
    return Koha::Plugin::ConnexionGateway::Planner->read_marcxml($xml)->{record} // $record;
}

sub search_line ($class, $made) { return length $made->{oclc_number} ? "no:$made->{oclc_number}\r\n" : '' }

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Outgoing - records of Koha's as the Connexion Client takes them

=head1 SYNOPSIS

    my $outgoing = Koha::Plugin::ConnexionGateway::Outgoing->new(koha => $koha);
    $outgoing->each_record(biblio => [34, 35], sub ($made) { print {$file} $made->{octets} // '' });

=head1 METHODS

=head2 new(koha => $koha, profile => \%profile, encoding => $encoding)

Without a profile the only one there is, or the defaults of a new one; raises C<outgoing.which_profile> where there
are several. An encoding goes before the profile's.

=head2 numbers($text, $most)

Called on the class: C<1,2,5-9> as a reference to an array of numbers; undef where the text is something else. Where there
are more than C<$most> it stops behind one more.

=head2 each_record($record_type, \@ids, $code)

Calls C<$code> with each record, in the order given: a hash with C<record_type, id, title, oclc_number, octets>, C<problems>
(diagnostics) and C<state>: C<ready>; C<problems>, where the Client or WorldCat would refuse something; C<notice>, where somebody should look; or, without C<octets>,
C<too_long> for ISO 2709, C<unreadable>, or C<gone>, where Koha has no such record. No more than 200 are held at a time.

=head2 search_line(\%made)

Called on the class: the line that lets the Client's batch search fetch the record by its OCLC number, or an empty text.

=cut
