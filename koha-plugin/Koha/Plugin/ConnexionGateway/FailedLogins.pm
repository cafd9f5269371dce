package Koha::Plugin::ConnexionGateway::FailedLogins;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

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

# Seconds that a request with these logins has to wait from this address; 0: it may be tried.
sub pause ($self, $address, @logins) {
    my $known = grep { ($self->{known}{"$address\0$_"} // -1) > $self->{now}->() } @logins;
    return max($known ? 0 : $self->_left($address, $self->{limits}{wrong_logins_per_address}),
        map { $self->_left("$address\0$_", $self->{limits}{wrong_logins}) } @logins);
}

# Seconds that the answer is held back.
sub failed ($self, $address, @logins) {
    $self->_count($address);
    my $times = max(map { ($self->_count("$address\0$_"), $self->_count("\0$_")) } @logins);
    my ($delay, $most) = @{ $self->{limits} }{qw(wrong_login_delay wrong_login_delay_most)};
    return min($delay * 2**min($times - 1, 20), $most);
}

sub succeeded ($self, $address, @logins) {
    delete @{ $self->{failures} }{ map {"$address\0$_"} @logins };
    $self->_make_room($self->{known});
    $self->{known}{"$address\0$_"} = $self->{now}->() + $KNOWN_SECONDS for @logins;
    return;
}

sub _count ($self, $key) {
    my $now = $self->{now}->();
    my $failures = $self->{failures};
    delete $failures->{$key} if $failures->{$key} && $failures->{$key}{until} <= $now;
    $self->_make_room($failures) if !$failures->{$key};
    my $entry = $failures->{$key} //= { times => 0 };
    @{$entry}{qw(last until)} = ($now, $now + max($self->{limits}{wrong_login_pause}, $REMEMBER_SECONDS));
    return ++$entry->{times};
}

sub _left ($self, $key, $most) {
    my $entry = $self->{failures}{$key} // return 0;
    return 0 if $entry->{times} < $most;
    my $left = $entry->{last} + $self->{limits}{wrong_login_pause} - $self->{now}->();
    return $left if $left > 0;
    delete $self->{failures}{$key};
    return 0;
}

# Whoever fills it with inventions loses what is old, not the service its memory.
sub _make_room ($self, $table) {
    return if keys %{$table} < $REMEMBER_AT_MOST;
    my $now = $self->{now}->();
    my %age = map { $_ => ref $table->{$_} ? $table->{$_}{until} : $table->{$_} } keys %{$table};
    my @oldest = sort { $age{$a} <=> $age{$b} } keys %age;
    delete @{$table}{ grep { $age{$_} <= $now } @oldest };
    delete @{$table}{ @oldest[ 0 .. $REMEMBER_AT_MOST / 10 ] } if keys %{$table} >= $REMEMBER_AT_MOST;
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
