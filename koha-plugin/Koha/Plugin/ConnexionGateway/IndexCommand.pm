package Koha::Plugin::ConnexionGateway::IndexCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Handle  ();
use POSIX       qw(strftime);
use Time::HiRes ();

use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Schema;

my $BATCH = 200;

# Numbers of records named in the end, of each sort.
my $MOST_NAMED = 20;

# Seconds between two lines where there is no terminal.
my $LINE_SECONDS = 10;

my %NAMES = (biblio => 'Biblio records', authority => 'Authority records');

sub new ($class, %args) {
    my $self = bless {
        koha => $args{koha},
        identifiers => Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $args{koha},
            log => Koha::Plugin::ConnexionGateway::Log->new),
        types => $args{record_type} ? [ $args{record_type} ] : [qw(biblio authority)],
        batch => $args{batch} // $BATCH,
        restart => $args{restart},
    }, $class;
    return $self;
}

sub run ($self, $what) {
    die "The plugin's tables are not there: install the plugin first.\n"
        if !Koha::Plugin::ConnexionGateway::Schema->installed($self->{koha});
    my $method = "_$what";
    my $worst = 0;
    for my $type (@{ $self->{types} }) {
        my $status = $self->$method($type);
        $worst = $status if $status > $worst;
    }
    return $worst;
}

# ---------------------------------------------------------------- rebuilding

sub _rebuild ($self, $type) {
    my $identifiers = $self->{identifiers};
    die "$NAMES{$type}: another process is rebuilding the index.\n" if !$identifiers->lock_rebuild($type);
    my $after = $identifiers->begin_rebuild($type, restart => $self->{restart});
    print "$NAMES{$type}: going on behind number $after.\n" if $after;
    my %sum = (records => 0, gone => 0);
    my $progress = $self->_progress($type, $after);
    while (1) {
        my $chunk = $identifiers->rebuild_chunk($type, $after, $self->{batch});
        $sum{$_} += $chunk->{$_} for qw(records gone);
        last if !defined $chunk->{last};
        $after = $chunk->{last};
        $progress->($sum{records});
    }
    $progress->(undef);
    $identifiers->finish_rebuild($type);
    $identifiers->catch_up($type, thorough => 1);
    $identifiers->unlock_rebuild($type);
    $self->_say_rebuilt($type, \%sum, $progress);
    return 0;
}

sub _say_rebuilt ($self, $type, $sum, $progress) {
    my $seconds = $progress->('seconds');
    my $unreadable = $self->{identifiers}->counts($type)->{unreadable};
    printf "%s: %s indexed in %s (%s a second).\n", $NAMES{$type}, _number($sum->{records}),
        _duration($seconds), _number($sum->{records} / ($seconds || 1));
    printf "%s: %s that are no longer in Koha were taken out.\n", $NAMES{$type}, _number($sum->{gone})
        if $sum->{gone};
    printf "%s: %s cannot be read, and are found by the search engine alone (--verify names them).\n",
        $NAMES{$type}, _number($unreadable)
        if $unreadable;
    return;
}

# ---------------------------------------------------------------- verifying

my %FINDINGS = (
    wrong => 'are not indexed as they are',
    behind => 'were changed since they were indexed',
    gone => 'are indexed, but no longer in Koha',
    unreadable => 'cannot be read',
);

sub _verify ($self, $type) {
    my $identifiers = $self->{identifiers};
    if (!$identifiers->is_complete($type)) {
        print "$NAMES{$type}: the index has not been built: connexion-gateway index --rebuild\n";
        return 1;
    }
    $identifiers->catch_up($type, thorough => 1);
    my %found = map { $_ => [] } keys %FINDINGS;
    my ($records, $after) = (0, 0);
    my $progress = $self->_progress($type, 0);
    while (1) {
        my $chunk = $identifiers->verify_chunk($type, $after, $self->{batch});
        push @{ $found{$_} }, @{ $chunk->{$_} } for keys %FINDINGS;
        $records += $chunk->{records};
        last if !defined $chunk->{last};
        $after = $chunk->{last};
        $progress->($records);
    }
    $progress->(undef);
    return $self->_say_verified($type, $records, \%found, $progress->('seconds'));
}

# Saved while this ran, or not yet indexed, is what others do: that is looked at once more.
sub _say_verified ($self, $type, $records, $found, $seconds) {
    $found->{behind} = $self->_still_behind($type, @{ $found->{behind} });
    printf "%s: %s compared in %s.\n", $NAMES{$type}, _number($records), _duration($seconds);
    for my $what (qw(wrong behind gone unreadable)) {
        my @ids = @{ $found->{$what} } or next;
        my @named = splice @ids, 0, $MOST_NAMED;
        printf "%s: %s %s: %s\n", $NAMES{$type}, _number(@named + @ids), $FINDINGS{$what},
            join ', ', @named, @ids ? '...' : ();
    }
    my $differ = grep { @{ $found->{$_} } } qw(wrong behind gone);
    print "$NAMES{$type}: ", $differ ? 'index them anew: connexion-gateway index --rebuild' : 'all as they are.', "\n";
    return $differ ? 1 : 0;
}

sub _still_behind ($self, $type, @ids) {
    return [] if !@ids;
    $self->{identifiers}->catch_up($type, thorough => 1);
    my @still;
    for my $id (@ids) {
        my $chunk = $self->{identifiers}->verify_chunk($type, $id - 1, 1);
        push @still, grep { $_ == $id } @{ $chunk->{behind} };
    }
    return \@still;
}

# ---------------------------------------------------------------- how it stands

sub _status ($self, $type) {
    my $identifiers = $self->{identifiers};
    my $state = $identifiers->state($type);
    my $counts = $identifiers->counts($type);
    my $complete = $identifiers->is_complete($type);
    my $built =
          $complete ? "complete, rebuilt $state->{rebuilt_at} UTC"
        : $state->{version} ? 'made by an older version: rebuild it'
        :                     'not built: only what the gateway imported is in it';
    printf "%s: %s; %s of %s indexed", $NAMES{$type}, $built, map { _number($_) } @{$counts}{qw(indexed records)};
    printf ', %s cannot be read', _number($counts->{unreadable}) if $counts->{unreadable};
    printf ', %s noted as changed', _number($counts->{changed}) if $counts->{changed};
    print ".\n";
    print "$NAMES{$type}: a rebuild was interrupted behind number $state->{rebuild_at}.\n" if $state->{rebuilding};
    print "$NAMES{$type}: could not be brought up to date at ",
        strftime('%Y-%m-%d %H:%M:%S', localtime $state->{failed_at}), ": $state->{failure}\n"
        if defined $state->{failed_at};
    return $complete ? 0 : 1;
}

# ---------------------------------------------------------------- progress

# Called with how many are done, with undef at the end, and with 'seconds' for the time it took. On
# a terminal a bar, elsewhere a line now and then; on standard error, so that the outcome stands alone.
sub _progress ($self, $type, $after) {
    my $all = $self->{koha}->record_count($type);
    my $before = $after ? $self->{koha}->record_count($type, $after) : 0;
    my $begun = Time::HiRes::time();
    my ($last, $ended) = ($begun, undef);
    my $terminal = -t STDERR;    ## no critic (ProhibitInteractiveTest)
    STDERR->autoflush(1);
    return sub ($done) {
        my $now = Time::HiRes::time();
        return ($ended // $now) - $begun if defined $done && $done eq 'seconds';
        if (!defined $done) {
            $ended = $now;
            print {*STDERR} "\r", ' ' x 78, "\r" if $terminal;
            return;
        }
        return if $now - $last < ($terminal ? 0.2 : $LINE_SECONDS);
        $last = $now;
        my $text = _progress_text($before + $done, $all, $done / ($now - $begun || 1));
        print {*STDERR} $terminal ? "\r" . _bar($before + $done, $all) . $text : "$NAMES{$type}: $text\n";
        return;
    };
}

sub _progress_text ($done, $all, $rate) {
    my $left = $rate > 0 && $all > $done ? ($all - $done) / $rate : 0;
    return sprintf '%s of %s, %s a second, %s left ', _number($done), _number($all), _number($rate), _duration($left);
}

sub _bar ($done, $all) {
    my $share = $all > 0 ? $done / $all : 1;
    $share = 1 if $share > 1;
    my $width = 24;
    my $full = int($share * $width);
    return sprintf '[%s%s] %3d%%  ', '#' x $full, '-' x ($width - $full), int(100 * $share);
}

sub _number ($number) {
    my $text = sprintf '%.0f', $number;
    1 while $text =~ s/\A(\d+)(\d{3})/$1,$2/;
    return $text;
}

sub _duration ($seconds) {
    return sprintf '%.1f s', $seconds if $seconds < 10;
    return sprintf '%d s', $seconds if $seconds < 120;
    return sprintf '%d min %02d s', $seconds / 60, $seconds % 60;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::IndexCommand - builds and checks the index of identifiers from the command line

=head1 DESCRIPTION

What C<connexion-gateway index> does. Progress is on standard error, what came of it on standard
output.

=head1 METHODS

=head2 new(koha => $koha, record_type => $type, batch => $number, restart => $bool)

Without a record type: both.

=head2 run($what)

C<rebuild>, C<verify> or C<status>; gives the exit status.

=cut
