package Koha::Plugin::ConnexionGateway::Pages::Send;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Pages::Page';

use List::Util qw(uniq);

use Koha::Plugin::ConnexionGateway::Outgoing;
use Koha::Plugin::ConnexionGateway::Profile;

# What a browser is kept waiting for, and an address can hold.
my $MOST = 500;

my %COLOUR = (ready => 'good', notice => 'wait', problems => 'bad', map { $_ => 'bad' } qw(gone unreadable too_long));

my @FILES = qw(mrc dat numbers);

sub queries ($class) { return { map { $_ => $_ } @FILES } }

sub show ($self) {
    my $numbers = $self->_numbers;
    my @profiles = @{ $self->settings->profiles };
    my $profile = $self->_profile;
    my @made = $profile && @{$numbers} ? $self->_made($profile, $numbers) : ();
    my @records = map { $self->_told($_) } @made;
    return $self->render('send', title => $self->t('send.title'), most => $MOST, type => $self->_type, files => \@FILES,
        numbers => $self->param('ids') // '', profiles => \@profiles, profile => $profile,
        encodings => Koha::Plugin::ConnexionGateway::Profile->choices->{client_encoding},
        encoding => $self->_encoding // ($profile ? $profile->{client_encoding} : ''),
        records => \@records, found => $self->_found(@made));
}

sub mrc ($self) { return $self->_file('mrc', sub ($made) { $made->{octets} // '' }) }

sub dat ($self) { return $self->_file('dat', sub ($made) { $made->{octets} // '' }) }

sub numbers ($self) {
    return $self->_file('txt', sub ($made) { Koha::Plugin::ConnexionGateway::Outgoing->search_line($made) });
}

sub _file ($self, $extension, $code) {
    my $numbers = $self->_numbers;
    my $profile = $self->_profile // $self->refuse('send.which_profile');
    my $octets = join '', map { $code->($_) } $self->_made($profile, $numbers);
    $self->refuse('send.empty') if $octets eq '';
    return $self->file($octets, $extension eq 'txt' ? 'text/plain' : 'application/marc', "for-connexion-client.$extension");
}

# ---------------------------------------------------------------- what is asked for

sub _type ($self) { return ($self->param('type') // '') eq 'authority' ? 'authority' : 'biblio' }

sub _numbers ($self) {
    my $text = $self->param('ids') // '';
    return [] if $text eq '';
    my $numbers = Koha::Plugin::ConnexionGateway::Outgoing->numbers($text, $MOST)
        // $self->refuse('send.bad_numbers', 400, value => $text);
    $self->refuse('send.too_many', 400, most => $MOST) if @{$numbers} > $MOST;
    return [ uniq(@{$numbers}) ];
}

sub _profile ($self) {
    my $name = $self->param('profile') // '';
    return $name ne '' ? $self->settings->profile($name) : $self->settings->only_profile;
}

sub _encoding ($self) {
    my $encoding = $self->param('encoding') // '';
    my ($known) = grep { $_ eq $encoding } @{ Koha::Plugin::ConnexionGateway::Profile->choices->{client_encoding} };
    return $known;
}

# ---------------------------------------------------------------- the records

sub _made ($self, $profile, $numbers) {
    my @made;
    Koha::Plugin::ConnexionGateway::Outgoing->new(
        koha => $self->koha, settings => $self->settings, profile => $profile, encoding => $self->_encoding)
        ->each_record($self->_type, $numbers, sub ($made) { push @made, $made });
    return @made;
}

sub _told ($self, $made) {
    return {
        id => $made->{id}, title => $made->{title}, oclc_number => $made->{oclc_number},
        url => $made->{state} eq 'gone' ? undef : $self->koha->record_path($made->{record_type}, $made->{id}),
        state => $COLOUR{ $made->{state} }, word => $self->t("send.state.$made->{state}"),
        problems => [ map { $self->_problem($made, $_) } @{ $made->{problems} } ],
    };
}

# What the readers say of a record that Koha holds is for who looks after Koha: there are no translations.
sub _problem ($self, $made, $problem) {
    return $problem->{message} if $made->{state} eq 'unreadable';
    return $self->t("send.check.$problem->{code}", tag => $problem->{tag}, at => sprintf '%02d', $problem->{offset});
}

sub _found ($self, @made) {
    my $ready = grep { $_->{state} =~ /\A(?:ready|notice)\z/ } @made;
    return $self->t('send.found', count => scalar @made, ready => $ready);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Pages::Send - records of Koha's for the Client: what it would refuse, and the file

=head1 METHODS

=head2 show

The check of the records C<ids> (as C<1,2,5-9>) of C<type> (biblio or authority), by C<profile> and C<encoding>.

=head2 mrc, dat, numbers

The file: records, the same under another name, or OCLC numbers for the Client's batch search.

=cut
