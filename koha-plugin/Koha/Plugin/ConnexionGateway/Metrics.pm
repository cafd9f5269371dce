package Koha::Plugin::ConnexionGateway::Metrics;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my @BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);

my @OUTCOMES = qw(added overlaid ignored held refused failed repeated previewed login_refused);

sub new ($class, %args) {
    return bless {
        version => $args{version} // '', started => $args{started} // time,
        counters => {}, buckets => [ (0) x @BUCKETS ], seconds => 0, answered => 0,
    }, $class;
}

# ---------------------------------------------------------------- counting

sub count ($self, $name, $number = 1) {
    $self->{counters}{$name} += $number;
    return;
}

sub outcomes ($self, $counts) {
    $self->{outcomes}{$_} += $counts->{$_} for keys %{$counts};
    return;
}

# From the last byte of a request to its answer.
sub answered ($self, $seconds) {
    $self->{answered}++;
    $self->{seconds} += $seconds;
    for my $index (0 .. $#BUCKETS) {
        $self->{buckets}[$index]++ if $seconds <= $BUCKETS[$index];
    }
    return;
}

# What an importer saw of Koha the last time that it looked.
sub saw ($self, $seen) {
    $self->{seen} = { %{$seen}, at => time };
    return;
}

# ---------------------------------------------------------------- telling

my %HELP = (
    connexion_up => [gauge => '1 where exports are taken, 0 where they are refused for now'],
    connexion_info => [gauge => 'The version that runs'],
    connexion_start_time_seconds => [gauge => 'When the service was started'],
    connexion_exports_total => [counter => 'Exports by what became of them'],
    connexion_retries_total => [counter => 'Tries of an export beyond its first one'],
    connexion_importer_deaths_total => [counter => 'Importers that ended in the middle of an export'],
    connexion_bad_requests_total => [counter => 'Requests that were no export'],
    connexion_connections_total => [counter => 'Connections taken'],
    connexion_connections_refused_total => [counter => 'Connections refused for their address or their number'],
    connexion_connections => [gauge => 'Connections at the moment'],
    connexion_queue_length => [gauge => 'Exports that wait'],
    connexion_exports_running => [gauge => 'Exports that are being imported'],
    connexion_importers => [gauge => 'Processes of importers'],
    connexion_export_duration_seconds => [histogram => 'From the end of a request to its answer'],
    connexion_index_lag_seconds => [gauge => 'How long the oldest change waits for the indexer'],
    connexion_index_waiting => [gauge => 'Changes that wait for the indexer'],
    connexion_koha_seen_time_seconds => [gauge => 'When the two above were last looked at'],
    connexion_journal_exports => [gauge => 'Exports in the journal by their state'],
    connexion_journal_exports_today => [gauge => 'Exports since midnight by what became of them'],
    connexion_service_up => [gauge => '1 where a service takes exports'],
    connexion_log_lines_lost_total => [counter => 'Lines of the log that could not be written'],
);

# \%now: {accepting, connections, queue, running, importers, log_lines_lost}.
sub text ($self, $now) {
    my $counters = $self->{counters};
    my @lines = (
        _metric('connexion_up', [ '', $now->{accepting} ? 1 : 0 ]),
        _metric('connexion_info', [ qq({version="$self->{version}"}), 1 ]),
        _metric('connexion_start_time_seconds', [ '', $self->{started} ]),
        _metric('connexion_exports_total', map { [ qq({outcome="$_"}), $self->{outcomes}{$_} // 0 ] } @OUTCOMES),
        (map { _metric("connexion_${_}_total", [ '', $counters->{$_} // 0 ]) }
            qw(retries importer_deaths bad_requests connections connections_refused)),
        _metric('connexion_connections', [ '', $now->{connections} ]),
        _metric('connexion_queue_length', [ '', $now->{queue} ]),
        _metric('connexion_exports_running', [ '', $now->{running} ]),
        _metric('connexion_importers', [ '', $now->{importers} ]),
        _metric('connexion_log_lines_lost_total', [ '', $now->{log_lines_lost} // 0 ]),
        $self->_histogram, $self->_seen,
    );
    return join '', map {"$_\n"} @lines;
}

sub _metric ($name, @samples) {
    my ($type, $help) = @{ $HELP{$name} };
    return ("# HELP $name $help", "# TYPE $name $type", map {"$name$_->[0] $_->[1]"} @samples);
}

sub _histogram ($self) {
    my $name = 'connexion_export_duration_seconds';
    my ($type, $help) = @{ $HELP{$name} };
    return (
        "# HELP $name $help", "# TYPE $name $type",
        (map {qq(${name}_bucket{le="$BUCKETS[$_]"} $self->{buckets}[$_])} 0 .. $#BUCKETS),
        qq(${name}_bucket{le="+Inf"} $self->{answered}),
        sprintf('%s_sum %.6f', $name, $self->{seconds}), "${name}_count $self->{answered}",
    );
}

# Left out where it isn't known: no search engine with a queue, or no importer yet.
sub _seen ($self) {
    my $seen = $self->{seen} // return;
    return if !defined $seen->{age};
    return (
        _metric('connexion_index_lag_seconds', [ '', $seen->{age} ]),
        _metric('connexion_index_waiting', [ '', $seen->{waiting} ]),
        _metric('connexion_koha_seen_time_seconds', [ '', $seen->{at} ]),
    );
}

# What Koha's database and the services tell, for who asks Koha and not a service.
sub of_koha ($class, $facts) {
    my $samples = sub ($name, $counts) { map { [ qq({$name="$_"}), $counts->{$_} ] } sort keys %{$counts} };
    my $queue = $facts->{index_queue};
    my @lines = (
        _metric('connexion_journal_exports', $samples->(state => $facts->{states})),
        _metric('connexion_journal_exports_today', $samples->(outcome => $facts->{today})),
        _metric('connexion_service_up',
            map { [ qq({host="$_->{host}",port="$_->{port}"}), $_->{state} eq 'running' ? 1 : 0 ] } @{ $facts->{services} }),
        defined $queue->{waiting} ? (_metric('connexion_index_lag_seconds', [ '', $queue->{age} ]),
            _metric('connexion_index_waiting', [ '', $queue->{waiting} ])) : (),
    );
    return join '', map {"$_\n"} @lines;
}

# The same in short, for `connexion-gateway status` and the staff pages.
sub summary ($self, $now) {
    return {
        %{$now}, version => $self->{version}, started => $self->{started},
        exports => { %{ $self->{outcomes} // {} } }, answered => $self->{answered},
        retries => $self->{counters}{retries} // 0,
    };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Metrics - what a service counts, and how it tells it to Prometheus

=head1 SYNOPSIS

    my $metrics = Koha::Plugin::ConnexionGateway::Metrics->new(version => '1.0');
    $metrics->outcomes({ added => 1 });
    $metrics->answered(0.031);
    print $metrics->text({ accepting => 1, connections => 3, queue => 0, running => 1, importers => 2 });

=head1 METHODS

=head2 new(version => $version, started => $seconds)

=head2 count($name, $number)

Adds to C<retries>, C<importer_deaths>, C<bad_requests>, C<connections> or C<connections_refused>.

=head2 outcomes(\%counts), answered($seconds), saw(\%queue)

What became of exports; how long one took; Koha's queue of the indexer as C<{waiting, age}>.

=head2 of_koha(\%facts)

Without a service of one's own, in the same format: C<states> and C<today> (counts of the journal), C<services> and
C<index_queue> as of L<Koha::Plugin::ConnexionGateway::ServiceState>.

=head2 text(\%now), summary(\%now)

All of it in the text format of Prometheus, and the main part as a hash. C<%now> holds what is not
counted here: C<accepting>, C<connections>, C<queue>, C<running>, C<importers>, C<log_lines_lost>.

=cut
