# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Config qw(%Config);

use ConnexionTest qw(moby_dick rules plugin_dir perl_says);
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::RequestParser;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $Core   = 'Koha::Plugin::ConnexionGateway::Core';
my $octets = moby_dick();
my $record = "${Core}::Record"->read($octets)->{record};
my $rules  = "${Core}::Rules"->new(rules());
my $parser = "${Core}::RequestParser"->new->feed(substr $octets, 0, 50);

subtest 'freed once' => sub {
    my $gone = "${Core}::Record"->read($octets)->{record};
    $gone->DESTROY for 1 .. 3;
    ok !eval { $gone->title }, 'a freed object is of no use';
    like $@, qr/\Athis Record has been freed at \Q$0\E/, 'and says so';
    undef $gone;
    is $record->title, 'Moby Dick, or, The whale', 'others are';
};

subtest 'facts outlive what they were made of' => sub {
    my $facts = "${Core}::Facts"->new->hit(0, 34, 'search');
    $facts->candidate(34, "${Core}::Record"->read($octets)->{record});
    is $rules->plan($record, $facts)->{outcome}, 'overlay', 'the candidate is still there';
};

subtest 'both sides of a fork' => sub {
    my @children;
    for my $n (1 .. 3) {
        my $pid = fork // die "fork: $!";
        push @children, $pid;
        next if $pid;
        $parser->feed(substr $octets, 50);
        my $request = $parser->next;
        my $fine =
            $request->{records}[0] eq $octets && $rules->point_keys($record)->[0]{index} eq 'isbn';
        undef $_ for $parser, $record, $rules;
        require POSIX;
        POSIX::_exit($fine ? 0 : 1);
    }
    for my $pid (@children) {
        waitpid $pid, 0;
        is $?, 0, 'the child could use and free them';
    }
    is $parser->feed(substr $octets, 50)->next->{records}[0], $octets, 'the parent too';
};

subtest 'threads' => sub {
    plan skip_all => 'this perl has no threads' if !$Config{useithreads};
    my $said = perl_says(plugin_dir(), <<'PERL');
use threads;
use Koha::Plugin::ConnexionGateway::Core::RequestParser;
my $parser = Koha::Plugin::ConnexionGateway::Core::RequestParser->new;
print join ",", map { $_->join } map { threads->create(sub { ref $parser }) } 1 .. 3;
print " ", $parser->feed("GET / HTTP/1.1\r\n\r\n")->problem->{code};
PERL
    is $said, 'SCALAR,SCALAR,SCALAR http', 'a thread gets no copy, and frees nothing';
};

is perl_says(plugin_dir(), <<'PERL'), 'fine', 'objects may be left at the end of the program';
use Koha::Plugin::ConnexionGateway::Core::RequestParser;
our $parser = Koha::Plugin::ConnexionGateway::Core::RequestParser->new;
our $self = [$parser]; push @$self, $self;
print "fine";
PERL

done_testing;
