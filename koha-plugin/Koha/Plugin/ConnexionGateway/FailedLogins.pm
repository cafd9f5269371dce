package Koha::Plugin::ConnexionGateway::FailedLogins;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA qw(sha256);
use List::Util  qw(max min);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my $REMEMBER_SECONDS = 900;
my $KNOWN_SECONDS = 3600;     # a login that was right from an address is not stopped by others there
my $REMEMBER_AT_MOST = 5_000;

sub new ($class, %args) {
    return bless {
        limits => $args{limits}, now => $args{now} // sub { clock_gettime(CLOCK_MONOTONIC) },
        failures => {}, known => {},
    }, $class;
}

# A login may be as long as a request: what is remembered of each is as long as of any other.
sub _key (@parts) { return substr sha256(join "\0", @parts), 0, 16 }

# Seconds that a request with these logins has to wait from this address; 0: it may be tried.
sub pause ($self, $address, @logins) {
    my $known = grep { ($self->{known}{ _key($address, $_) } // -1) > $self->{now}->() } @logins;
    return max($known ? 0 : $self->_left(_key($address), $self->{limits}{wrong_logins_per_address}),
        map { $self->_left(_key($address, $_), $self->{limits}{wrong_logins}) } @logins);
}

# Seconds that the answer is held back.
sub failed ($self, $address, @logins) {
    $self->_count(_key($address));
    my $times = max(map { ($self->_count(_key($address, $_)), $self->_count(_key('', $_))) } @logins);
    my ($delay, $most) = @{ $self->{limits} }{qw(wrong_login_delay wrong_login_delay_most)};
    return min($delay * 2**min($times - 1, 20), $most);
}

sub succeeded ($self, $address, @logins) {
    my @keys = map { _key($address, $_) } @logins;
    delete @{ $self->{failures} }{@keys};
    my $now = $self->{now}->();
    _make_room($self->{known}, $now, sub ($until) {$until});
    $self->{known}{$_} = $now + $KNOWN_SECONDS for @keys;
    return;
}

sub _remembered_for ($self) { return max($self->{limits}{wrong_login_pause}, $REMEMBER_SECONDS) }

# How often, and when last: packed, for there may be thousands.
sub _entry ($self, $key) { return unpack 'Nd', $self->{failures}{$key} // return }

sub _count ($self, $key) {
    my $now = $self->{now}->();
    my ($times, $last) = $self->_entry($key);
    $times = 0 if !defined $times || $last + $self->_remembered_for <= $now;
    my $for = $self->_remembered_for;
    _make_room($self->{failures}, $now, sub ($entry) { $for + (unpack 'Nd', $entry)[1] })
        if !exists $self->{failures}{$key};
    $self->{failures}{$key} = pack 'Nd', ++$times, $now;
    return $times;
}

sub _left ($self, $key, $most) {
    my ($times, $last) = $self->_entry($key);
    return 0 if !defined $times || $times < $most;
    my $left = $last + $self->{limits}{wrong_login_pause} - $self->{now}->();
    return $left if $left > 0;
    delete $self->{failures}{$key};
    return 0;
}

# Whoever fills it with inventions loses what is old, not the service its memory. $until gives the end of an entry.
sub _make_room ($table, $now, $until) {
    return if keys %{$table} < $REMEMBER_AT_MOST;
    my @ends = sort { $a <=> $b } map { $until->($_) } values %{$table};
    my $oldest = max($now, $ends[ @ends / 10 ]);
    delete @{$table}{ grep { $until->($table->{$_}) <= $oldest } keys %{$table} };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::FailedLogins - how long wrong logins have to wait

=head1 DESCRIPTION

Kept by the listener in memory, so that neither an importer nor the database has work with guesses.

The answer to a wrong login is held back, longer each time for the same login, wherever the tries come from.
After C<wrong_logins> of them it is refused for C<wrong_login_pause> seconds without being looked at;
after C<wrong_logins_per_address> by different logins so is every login from that address, save those
that were right from there within the last hour. Nothing that one address does stops a login from
another.

=head1 METHODS

=head2 new(limits => \%limits, now => $code)

C<now> gives the monotonic time in seconds.

=head2 pause($address, @logins)

Seconds to wait, 0 for none. A request may be read in several ways, and so have several logins: each counts.

=head2 failed($address, @logins), succeeded($address, @logins)

What an importer found. The first gives the seconds to hold the answer back.

=cut
