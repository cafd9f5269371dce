package MatchingBench::Counter;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The process that counts (matching_count.pl), and the talk with it.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use IO::Handle;
use IPC::Open2 qw(open2);
use JSON::PP ();

my $PROGRAM = abs_path(dirname(__FILE__) . '/../../matching_count.pl');

sub start ($class, $mark, $dsn, $user, $password) {
    local $ENV{MATCHING_DB_PASSWORD} = $password;
    my $pid = open2(my $out, my $in, $^X, $PROGRAM, $mark, $dsn, $user);
    $in->autoflush(1);
    return bless { pid => $pid, in => $in, out => $out }, $class;
}

sub ask ($self, @words) {
    print { $self->{in} } "@words\n";
    my $line = readline $self->{out};
    die "the process that counts has ended\n" if !defined $line;
    my $answer = JSON::PP::decode_json($line);
    die "counting: $answer->{error}\n" if defined $answer->{error};
    return $answer;
}

sub DESTROY ($self) {
    local ($?, $!, $@);
    close $_ for grep {defined} delete @{$self}{qw(in out)};
    waitpid $self->{pid}, 0;
    return;
}

1;
