#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Imports the records of a file and writes the mean milliseconds of each part of it, as JSON; run by service_parts.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use Time::HiRes qw(time);

my ($plugin_dir, $in, $out) = @ARGV;
unshift @INC, $plugin_dir;
my $PLUGIN = 'Koha::Plugin::ConnexionGateway';
require Koha::Plugin::ConnexionGateway::Importer;

my $WARM_UP = 5;

# Our calls into Koha by what they are for, and classes of ours; whatever one calls counts for itself.
my %KOHA = (
    'patron and permissions' => [qw(patron missing_permissions check_password)],
    'search engine' => [qw(search)],
    'record read and locked' => [qw(record_xml lock_record content_digest item_facts)],
    'record written' => [qw(add_biblio mod_biblio marc_record)],
    'import batch' => [qw(add_batch add_to_batch set_matches set_outcome set_batch_status open_batch)],
    'matching rule and libraries' => [qw(matching_rule libraries)],
    'indexer told' => [qw(index_record)],
);
my %OURS = (
    'the core: decoding, keys, plan' => [qw(Core::Record Core::Rules Core::Facts)],
    'list of exports' => ['Journal'],
    'index of identifiers' => ['Identifiers'],
    'profile and its rules' => ['Settings'],
    'password' => ['Password'],
    'reply' => ['Reply'],
);

my (%seconds, @running, $since);

sub switch_to ($part) {
    my $now = time;
    $seconds{ $running[-1] } += $now - $since if @running;
    $since = $now;
    defined $part ? push @running, $part : pop @running;
    return;
}

sub wrap ($name, $part) {
    my $code = do { no strict 'refs'; \&{$name} };    ## no critic (ProhibitNoStrict)
    die "$name is gone\n" if !defined &{$code};
    my $timed = sub {
        switch_to($part);
        my @result = wantarray ? eval { $code->(@_) } : scalar eval { $code->(@_) };
        my $error = $@;
        switch_to(undef);
        die $error if $error;    ## no critic (RequireCarping)
        return wantarray ? @result : $result[0];
    };
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    no warnings qw(redefine prototype);    ## no critic (ProhibitNoWarnings)
    *{$name} = $timed;
    return;
}

# Methods that others may call; an object's own are part of them.
sub methods ($class) {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    return grep { /\A[a-z]/ && defined &{"${class}::$_"} && !/\A(?:new|can|isa|import)\z/ } sort keys %{"${class}::"};
}

for my $part (sort keys %KOHA) { wrap("${PLUGIN}::Koha::$_", "Koha: $part") for @{ $KOHA{$part} } }
for my $part (sort keys %OURS) {
    for my $class (map {"${PLUGIN}::$_"} @{ $OURS{$part} }) { wrap("${class}::$_", "ours: $part") for methods($class) }
}
wrap("${PLUGIN}::Koha::$_", 'ours: transactions') for qw(transaction);

open my $handle, '<:raw', $in or die "$in: $!\n";
my @records = do { local $/ = "\x1D"; <$handle> };
my $importer = Koha::Plugin::ConnexionGateway::Importer->new(log => Koha::Plugin::ConnexionGateway::Log->silent);
my %login = (login => 'demo', password => 'demo', has_login => 1, has_password => 1);
my $exports = 0;
for my $record (@records) {
    %seconds = () if $exports == $WARM_UP;
    $exports++;
    switch_to('ours: the rest');
    my $answer = $importer->handle({ peer => '127.0.0.1', readings => [ {%login} ], records => [$record] }, sub { });
    switch_to(undef);
    die "$answer->{text}\n" if $answer->{text} !~ /\ASuccess/;
}
die "more than $WARM_UP exports are needed\n" if $exports <= $WARM_UP;
my %mean = map { $_ => 0 + sprintf '%.2f', 1000 * $seconds{$_} / ($exports - $WARM_UP) } keys %seconds;
$mean{whole} = 0 + sprintf '%.2f', eval { my $sum = 0; $sum += $_ for values %mean; $sum };
open my $to, '>', $out or die "$out: $!\n";
print {$to} JSON::PP->new->canonical->encode(\%mean);
close $to or die "$out: $!\n";
