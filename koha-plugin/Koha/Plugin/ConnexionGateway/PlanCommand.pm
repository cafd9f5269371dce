package Koha::Plugin::ConnexionGateway::PlanCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 ();
use JSON::PP    ();

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Planner;
use Koha::Plugin::ConnexionGateway::ProgressBar;
use Koha::Plugin::ConnexionGateway::Reply;
use Koha::Plugin::ConnexionGateway::Settings;

my $BLOCK = 65_536;

# Bytes without a record terminator that are given up as one damaged record.
my $LONGEST = 5_000_000;

my %WORD = (add => 'added', overlay => 'overlaid', ignore => 'ignored', hold => 'held', refuse => 'refused');

sub new ($class, %args) {
    my $koha = $args{koha};
    my $settings = Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha);
    my $self = bless { koha => $koha, json => $args{json} ? JSON::PP->new->utf8->canonical : undef }, $class;
    $self->{profile} = _profile($settings, $args{profile});
    $self->{patron} = $koha->patron(userid => $self->{profile}{write_as}) if length($self->{profile}{write_as} // '');
    $self->{planner} = Koha::Plugin::ConnexionGateway::Planner->new(
        koha => $koha, settings => $settings,
        journal => Koha::Plugin::ConnexionGateway::Journal->new(koha => $koha),
        identifiers => Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $koha),
    );
    return $self;
}

sub _profile ($settings, $name) {
    return $settings->profile($name) // die "There is no profile $name.\n" if defined $name;
    my @profiles = @{ $settings->profiles };
    die "There is no profile yet.\n" if !@profiles;
    die 'Which profile? There are ' . join(', ', map { $_->{name} } @profiles) . " (--profile).\n" if @profiles > 1;
    return $profiles[0];
}

sub run ($self, @files) {
    $self->{sum} = {};
    $self->{seen} = {};
    $self->{repeats} = [];
    for my $file (@files) {
        open my $in, '<:raw', $file or die "The file $file can't be read: $!\n";
        $self->_plan_file($file, $in);
        close $in or die "The file $file can't be read: $!\n";
    }
    $self->_print_summary if !$self->{json};
    return $self->{sum}{refused} ? 1 : 0;
}

# ---------------------------------------------------------------- one file

sub _plan_file ($self, $file, $in) {
    my ($index, $size) = (0, -s $file // 0);
    my $progress = Koha::Plugin::ConnexionGateway::ProgressBar->on_terminal($size);
    my $next = _records($in);
    while (defined(my $octets = $next->())) {
        $self->_plan_record($file, $index++, $octets);
        $progress->(tell $in);
    }
    $progress->(undef);
    return;
}

# Gives a record at a time, so that no more than one of them is held. Blanks and line ends between
# them belong to the file.
sub _records ($in) {
    my $pending = '';
    my $ended = 0;
    return sub {
        while (1) {
            $pending =~ s/\A[\s\0]+//;
            my $end = index $pending, "\x1D";
            return substr $pending, 0, $end + 1, '' if $end >= 0;
            return substr $pending, 0, length $pending, '' if length $pending > $LONGEST || ($ended && length $pending);
            return if $ended;
            my $got = read $in, $pending, $BLOCK, length $pending;
            die "The file can't be read: $!\n" if !defined $got;
            $ended = !$got;
        }
    };
}

sub _plan_record ($self, $file, $index, $octets) {
    my $read = $self->{planner}->read($octets);
    return $self->_refused($file, $index, $read) if !$read->{record};
    my $context = { profile => $self->{profile}, patron => $self->{patron} };
    my $job = $self->{planner}->prepare($context, $read->{record});
    my $plan = $self->{planner}->plan({ %{$context}, %{$job} });
    my $first = $self->_seen_before($job, "$file, record $index");
    $self->_count($plan);
    if ($self->{json}) {
        print $self->{json}->encode({ file => $file, index => $index, plan => $plan,
            defined $first ? (same_numbers_as => $first) : () }), "\n";
        return;
    }
    push @{ $self->{repeats} }, "$file, record $index has numbers of $first" if defined $first;
    my $title = $plan->{record}{title} // '';
    _print_line($index, $WORD{ $plan->{outcome} }, $plan->{target}, $title, _why($plan));
    return;
}

sub _refused ($self, $file, $index, $read) {
    $self->{sum}{refused}++;
    my @why = map { $_->{message} } grep { $_->{severity} eq 'refused' } @{ $read->{diagnostics} };
    if ($self->{json}) {
        print $self->{json}->encode({ file => $file, index => $index, plan => undef,
            diagnostics => $read->{diagnostics} }), "\n";
        return;
    }
    _print_line($index, 'refused', undef, '', $why[0] // '');
    return;
}

sub _why ($plan) {
    my %plain = map { $_ => 1 } qw(matched no_match no_matching_rule);
    return join ' ', map { Koha::Plugin::ConnexionGateway::Reply->reason($_) }
        grep { !$plain{ $_->{code} } } @{ $plan->{reasons} };
}

sub _print_line ($index, $word, $target, $title, $why) {
    my $text = Koha::Plugin::ConnexionGateway::Core->ascii($title);
    $text = substr($text, 0, 57) . '...' if length $text > 60;
    printf "%6d  %-8s %8s  %s%s\n", $index, $word, $target // '', $text, length $why ? "  ($why)" : '';
    return;
}

# The first record of the files that has a number or a key of this one; a later export would find it.
sub _seen_before ($self, $job, $name) {
    my @all = map {"$_->{kind} $_->{value}"} grep { $_->{kind} !~ /\A(?:heading|control)\z/ } @{ $job->{identifiers} };
    push @all, map { my $point = $_; map {"$point->{index} $_"} @{ $point->{searched} } } @{ $job->{point_keys} };
    my $first;
    for my $text (@all) {
        my $octets = $text;
        utf8::encode($octets);
        my $known = $self->{seen}{ Digest::MD5::md5($octets) } //= $name;
        $first //= $known if $known ne $name;
    }
    return $first;
}

# ---------------------------------------------------------------- the summary

sub _count ($self, $plan) {
    my $sum = $self->{sum};
    $sum->{ $WORD{ $plan->{outcome} } }++;
    $sum->{why}{ $_->{code} }++ for $plan->{outcome} eq 'hold' ? @{ $plan->{reasons} } : ();
    $sum->{items}{"$_->{action} $_->{reason}{code}"}++ for @{ $plan->{items} };
    return;
}

sub _print_summary ($self) {
    my $sum = $self->{sum};
    print "\n";
    printf "%8d %s\n", $sum->{$_} // 0, $_ for qw(added overlaid ignored held refused);
    my $why = $sum->{why} // {};
    printf "%8d held: %s\n", $why->{$_}, $_ for grep { $_ ne 'matched' } sort keys %{$why};
    my $items = $sum->{items} // {};
    printf "%8d items: %s\n", $items->{$_}, $_ for sort keys %{$items};
    my @repeats = @{ $self->{repeats} };
    print "\n", scalar @repeats, " records share numbers with an earlier one; exported after it, they would find it:\n"
        if @repeats;
    print "  $_\n" for @repeats > 100 ? (@repeats[ 0 .. 99 ], '...') : @repeats;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::PlanCommand - what would become of the records of a file

=head1 SYNOPSIS

    my $command = Koha::Plugin::ConnexionGateway::PlanCommand->new(
        koha => $koha, profile => 'books', json => 0);
    exit $command->run('records.mrc');

=head1 DESCRIPTION

The plans of C<connexion-gateway plan>: each record is matched against the catalogue as an export
would be, and nothing is written to Koha.

=head1 METHODS

=head2 new(koha => $koha, profile => $name, json => 0|1)

Dies with a sentence where there is no such profile.

=head2 run(@files)

Prints a line for each record and a summary, or with C<json> one JSON document a line. Gives the exit
status: 1 where a record was too damaged to be read.

=cut
