package MatchingBench::Round;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# One catalogue, all exports, one matching rule: loads, sends, and has it counted.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Temp     qw(tempdir);
use Time::HiRes    qw(time);

use MatchingBench::Counter;
use MatchingBench::Octets qw(parse build fields data_field subfields);
use TestGateway;

my $CATALOGUE = abs_path(dirname(__FILE__) . '/../../matching_catalogue.pl');
my $INDEXER_SECONDS = 300;
my @STOPPING = qw(INT TERM HUP);

# What is counted of each kind of export. The last four are of exports that are in no record.
our @COUNTS = qw(right_overlays right_new wrong_overlays duplicates held refused no_reply vanished);

my %COUNT_OF = (right_overlay => 'right_overlays', wrong_overlay => 'wrong_overlays', duplicate => 'duplicates',
    right_new => 'right_new');

# Options: base (records as octets, undef for those that are not loaded), exports, truth, rule, start => sub ($round, $prepare) that returns
# the server, progress => sub ($done, $of), each => sub ($truth, $verdict, $biblios, $reply).
sub run ($class, %options) {
    my $self = bless { %options, mark => sprintf('matching%08x%04x', time, $$ % 65_536), dir => tempdir(CLEANUP => 1) },
        $class;
    my $begun = time;
    my $result = eval { $self->_measure };
    my $error = $@;
    local @SIG{@STOPPING} = ('IGNORE') x @STOPPING;
    my $server = delete $self->{server} // die $error;
    my $left = eval { $self->_leave($server); 1 };
    $error = $@ if !$left && !length $error;
    $server->stop;
    die $error if !$result || !$left;
    return { %{$result}, rule => $self->{rule}, rule_is => $self->{rule_is}, seconds => 0 + sprintf '%.1f', time - $begun };
}

# A signal ends it where an error does, so that nothing is left behind.
sub _measure ($self) {
    local @SIG{@STOPPING} = (sub ($signal) { die "stopped by SIG$signal\n" }) x @STOPPING;
    my $server = $self->{start}->($self, sub ($begun) {
        $self->{server} = $begun;
        $self->_prepare($begun);
    });
    return $self->_send_all($server);
}

# ---------------------------------------------------------------- before

sub _prepare ($self, $server) {
    $self->_catalogue($server, 'rules');
    $self->{rule_is} = _rule_in_words($server, $self->{rule});
    $self->{highest} = $server->count('SELECT COALESCE(MAX(biblionumber), 0) FROM biblio');
    $self->{counter} = MatchingBench::Counter->start($self->{mark}, $server->{dsn}, @{ $server->{db_login} });
    $self->_catalogue($server, 'load', $self->_marked_base);
    $self->_wait_for_index;
    my ($output, $status) = $server->command(qw(index --rebuild --record-type biblio));
    die "the index of identifiers: $output\n" if $status;
    my $before = $self->{counter}->ask('before');
    my $loaded = grep {defined} @{ $self->{base} };
    die "the catalogue has $before->{base} of the $loaded base records\n" if $before->{base} != $loaded;
    return;
}

sub _catalogue ($self, $server, @command) {
    return if !$server->run_perl($CATALOGUE, @command);
    die "'$command[0]' did not succeed in the catalogue\n";
}

sub _rule_in_words ($server, $code) {
    my $points = $server->dbh->selectall_arrayref(<<'SQL', undef, $code);
        SELECT p.search_index, c.tag, c.subfields, p.score, m.threshold FROM marc_matchers m
        JOIN matcher_matchpoints USING (matcher_id) JOIN matchpoints p USING (matchpoint_id)
        JOIN matchpoint_components c USING (matchpoint_id) WHERE m.code = ? ORDER BY p.matchpoint_id, c.sequence
SQL
    die "there is no matching rule '$code' in this Koha\n" if !@{$points};
    return join(', ', map {"$_->[0] from $_->[1]" . ($_->[2] ? " \$$_->[2]" : '') . " ($_->[3])"} @{$points})
        . "; threshold $points->[0][4]";
}

sub _marked ($self, $octets, $tag, $name) {
    my $record = parse($octets);
    push @{ $record->{fields} }, data_field($tag, '  ', [ a => "$self->{mark}-$name" ]);
    return build($record);
}

sub _marked_base ($self) {
    my $file = "$self->{dir}/base.mrc";
    open my $out, '>:raw', $file or die "$file: $!\n";
    my $position = 0;
    for my $octets (@{ $self->{base} }) {
        $position++;
        next if !defined $octets;
        print {$out} eval { $self->_marked($octets, '591', "b$position") } // die "base record $position: $@";
    }
    close $out or die "$file: $!\n";
    return $file;
}

# That is the business of the indexer.
sub _wait_for_index ($self) {
    my $answer = $self->{counter}->ask('wait', $INDEXER_SECONDS);
    die "Koha's indexer has $answer->{waiting} records left after $INDEXER_SECONDS seconds: does it run?\n"
        if $answer->{waiting};
    return;
}

# ---------------------------------------------------------------- the exports

sub _send_all ($self, $server) {
    my (%kinds, %total);
    my @lines = grep { $self->_has_numbers_for_the_rule($_) } @{ $self->{truth} };
    my $done = 0;
    for my $line (@lines) {
        my ($counted, $answer, $reply) = $self->_send($server, $line);
        $_->{exports}++, $_->{$counted}++ for \%total, $kinds{ $line->{kind} } //= {};
        $self->{each}->($line, $counted, $answer->{biblios}, $reply) if $self->{each};
        $self->{progress}->(++$done, scalar @lines) if $self->{progress};
    }
    my %full = map { $_ => 0 } 'exports', @COUNTS;
    $_ = { %full, %{$_} } for values %kinds;
    return { %full, %total, kinds => \%kinds, catalogue => $self->{counter}->ask('after') };
}

sub _send ($self, $server, $line) {
    my $octets = eval { $self->_marked($self->{exports}[ $line->{export} - 1 ], '590', "e$line->{export}") }
        // die "export $line->{export}: $@";
    my $reply = $server->export('matching', $octets);
    my $answer = $self->{counter}->ask('export', @{$line}{qw(export base)});
    my $counted = $COUNT_OF{ $answer->{verdict} } // _nowhere($reply);
    return ($counted, $answer, $reply);
}

sub _nowhere ($reply) {
    return 'no_reply' if !defined $reply;
    return $reply =~ /\AHeld/ ? 'held' : $reply =~ /\ASuccess/ ? 'vanished' : 'refused';
}

# A rule on one kind of number is measured with those exports alone that it can be right about.
sub _has_numbers_for_the_rule ($self, $line) {
    my $tags = { ISBN => ['020'], OCLC => [ '001', '035' ] }->{ $self->{rule} } or return 1;
    return $self->{can_match}{ $line->{export} } = 0
        if !_has_number($self->{exports}[ $line->{export} - 1 ], 0, @{$tags});
    return $self->{can_match}{ $line->{export} } = 1 if $line->{base} eq 'new';
    return $self->{can_match}{ $line->{export} } =
        $line->{base} =~ /\A@(.*)/ ? $self->{can_match}{$1} : _has_number($self->{base}[ $line->{base} - 1 ], 1, @{$tags});
}

# Something that stands where the number belongs, or, strictly, that is one.
sub _has_number ($octets, $strictly, @tags) {
    my $record = parse($octets);
    my $oclc = qr/\A\s*(?:\(OCoLC\)\s*)?(?:oc[mn]|on)?\d+\s*\z/i;
    my $from_oclc = grep { $_->[1] =~ /OCoLC/i } fields($record, '003');
    for my $tag (@tags) {
        for my $field (fields($record, $tag)) {
            my @values = $tag eq '001' ? $field->[1] : map { $_->[1] } grep { $_->[0] eq 'a' } subfields($field->[1]);
            return 1 if grep { $tag eq '020' ? !$strictly || tr/0-9Xx// >= 10
                : $tag eq '001' ? /\A\s*(?:oc[mn]|on)\d/i || $from_oclc
                : /\A\s*\(OCoLC\)/i && (!$strictly || $_ =~ $oclc) || /\A(?:oc[mn]|on)\d/i } @values;
        }
    }
    return 0;
}

# ---------------------------------------------------------------- after

# A sandbox goes with what is in it; a Koha gets its catalogue back as it was.
sub _leave ($self, $server) {
    delete $self->{counter};
    return if $server->{sandbox} || !defined $self->{highest};
    $self->_catalogue($server, 'clear', $self->{highest});
    return;
}

1;
