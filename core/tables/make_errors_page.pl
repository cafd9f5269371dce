#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes docs/errors.md and the Perl module of codes from the core's two tables.
#   make_errors_page.pl            writes them
#   make_errors_page.pl --check    status 1 when one of them is stale
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Spec     ();

my $ROOT    = File::Spec->rel2abs(dirname(__FILE__) . '/../..');
my $INCLUDE = "$ROOT/core/include/connexion";

my @diagnostics = slurp("$INCLUDE/diagnostics.def")
    =~ /^CONNEXION_DIAGNOSTIC\((\w+), (\w+), "([^"]+)"\)$/mg;
my @errors = slurp("$INCLUDE/errors.def") =~ /^CONNEXION_ERROR\("([\w.]+)", "([^"]+)"\)$/mg;
my %made   = (
    "$ROOT/docs/errors.md"                                         => page(),
    "$ROOT/perl/lib/Koha/Plugin/ConnexionGateway/Core/Codes.pm" => module(),
);

my $stale = 0;
for my $file (sort keys %made) {
    next if -e $file && slurp($file) eq $made{$file};
    if (@ARGV && $ARGV[0] eq '--check') {
        print {*STDERR} "$file is stale: run core/tables/make_errors_page.pl\n";
        $stale = 1;
        next;
    }
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} $made{$file};
    close $out;
}
exit $stale;

sub page () {
    my $text = <<'PAGE';
# Codes of diagnostics and errors

Made by `core/tables/make_errors_page.pl` from `core/include/connexion/diagnostics.def` and
`errors.def`; not to be edited by hand.

## Diagnostics

What a reader found wrong with its input: [decoding](decoding.md) says what becomes of it. Codes that begin with `outgoing_` say
what the Client or WorldCat would refuse of a record that is [sent there](sending.md).

| code | severity | meaning |
|---|---|---|
PAGE
    my @rest = @diagnostics;
    while (my ($code, $severity, $sentence) = splice @rest, 0, 3) {
        $text .= "| `$code` | $severity | $sentence |\n";
    }
    $text .= "\n## Errors\n\nA caller's mistake, raised as an exception.\n\n"
        . "| code | meaning |\n|---|---|\n";
    @rest = @errors;
    while (my ($code, $sentence) = splice @rest, 0, 2) { $text .= "| `$code` | $sentence |\n" }
    return $text;
}

sub module () {
    my ($subs, $items, $table) = ('', '', '');
    my @rest = @diagnostics;
    while (my ($code, $severity, $sentence) = splice @rest, 0, 3) {
        my $name = uc $code;
        $subs  .= "sub $name () { return '$code' }\n";
        $items .= "=item $name\n\n$sentence ($severity)\n\n";
        $table .= "    ['$code', '$severity', q{$sentence}],\n";
    }
    my $text = <<'MODULE';
package Koha::Plugin::ConnexionGateway::Core::Codes;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Made by core/tables/make_errors_page.pl; not to be edited by hand.
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my @TABLE = (
@TABLE@);
my %OF = map { $_->[0] => $_ } @TABLE;

@SUBS@
sub codes    ()      { return map { $_->[0] } @TABLE }
sub severity ($code) { return $OF{$code} && $OF{$code}[1] }
sub sentence ($code) { return $OF{$code} && $OF{$code}[2] }

1;

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Codes - the codes of diagnostics

=head1 FUNCTIONS

=over

=item codes

All codes, in the order of the table.

=item severity

C<severity($code)> is notice, repaired or refused: what a code has unless reading is strict. Undef
for a code that there is not.

=item sentence

C<sentence($code)> says what the code means wherever it occurs. Undef for a code that there is not.

=back

=head1 CONSTANTS

=over

@ITEMS@=back

=cut
MODULE
    $text =~ s/[@]TABLE[@]/$table/;
    $text =~ s/[@]SUBS[@]/$subs/;
    $text =~ s/[@]ITEMS[@]/$items/;
    return $text;
}

sub slurp ($file) {
    open my $in, '<:raw', $file or die "$file: $!";
    my $content = do { local $/ = undef; <$in> };
    close $in;
    return $content;
}
