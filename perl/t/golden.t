# SPDX-License-Identifier: GPL-3.0-or-later
#
# The binding gives the reports, the content and the plans that tests/golden expects of the core.
# tests/golden/README.md says what is where.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Encode     qw(encode_utf8);
use Mojo::JSON qw(decode_json);

use ConnexionTest qw(project_dir);
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $GOLDEN = project_dir() . '/tests/golden';
my $DIR    = "$GOLDEN/records";

my ($head, @index) = split /\n/, slurp("$DIR/INDEX.tsv");
is $head, "number\tfrom\toptions\tas\tshows", 'the index has its columns';
my %row = map { $_->{number} => $_ } map { row($_) } @index;
is_deeply [sort keys %row], [sort map { m{/(\d+)[.](?:mrc|xml)\z} } glob "$DIR/*.{mrc,xml}"],
    'every record is in it';

for my $number (sort keys %row) {
    my $row    = $row{$number};
    my $result = result($row);
    is_deeply report($result), decode_json(slurp("$DIR/$number.report.json")),
        "$number: $row->{shows}";
    is slurp("$DIR/$number.charset"), "$result->{encoding}\n", "$number: the encoding";
    is content($result->{record}), content(result($row{ $row->{as} })->{record}),
        "$number: the content of $row->{as}"
        if length $row->{as};
    is encode_utf8($result->{record}->line), slurp("$DIR/$number.txt"), "$number: the content"
        if -e "$DIR/$number.txt";
    is_deeply plan_of($row), decode_json(slurp("$DIR/$number.plan.json")), "$number: the plan"
        if -e "$DIR/$number.facts.json";
}

my $made = "$GOLDEN/make-records.pl";
is system($^X, $made, '--check'), 0, 'the made records are as their script makes them';

done_testing;

sub row ($line) {
    my %row;
    @row{qw(number from options as shows)} = split /\t/, $line;
    return \%row;
}

sub result ($row) {
    my %options = map { /\A(\w+)=(.+)/ ? ($1 => $2) : ($_ => 1) } split q( ), $row->{options};
    my $path    = "$DIR/$row->{number}";
    my $class   = 'Koha::Plugin::ConnexionGateway::Core::Record';
    return $class->read_marcxml(slurp("$path.xml"), %options) if -e "$path.xml";
    return $class->read(slurp("$path.mrc"), %options);
}

sub report ($result) {
    my @diagnostics;
    for my $found (@{ $result->{diagnostics} }) {
        my %kept = map { $_ => $found->{$_} } qw(code severity offset tag occurrence);
        push @diagnostics, \%kept;
    }
    my %report = map { $_ => $result->{$_} } qw(outcome encoding consumed);
    return { %report, diagnostics => \@diagnostics };
}

# Its lines without the lengths in the leader.
sub content ($record) {
    my $lines = $record->line;
    substr $lines, $_, 5, '00000' for 0, 12;
    return $lines;
}

# The rules and facts of NNN.facts.json, whose candidates are golden records themselves.
sub plan_of ($row) {
    my $given = decode_json(slurp("$DIR/$row->{number}.facts.json"));
    my $rules = Koha::Plugin::ConnexionGateway::Core::Rules->new(
        slurp("$GOLDEN/rules/$given->{rules}.json"));
    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    $facts->hit(@$_) for @{ $given->{hits} // [] };
    my $candidates = $given->{candidates} // {};
    $facts->candidate($_, result($row{ $candidates->{$_} })->{record}) for sort keys %$candidates;
    $facts->items($given->{items}) if $given->{items};
    return $rules->plan($rules->prepare(result($row)->{record}), $facts);
}

sub slurp ($path) {
    open my $in, '<:raw', $path or die "$path: $!";
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}
