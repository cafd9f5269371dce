#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The documents name what there is.

use strict;
use warnings;

use FindBin ();
use Test::More;

use Koha::Plugin::ConnexionGateway::Profile;

sub document {
    my ($name) = @_;
    open my $in, '<', "$FindBin::RealBin/../../docs/$name" or die "$name: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

my $profiles = document('profiles.md');
like($profiles, qr/^[|][^|]*`\Q$_\E`/m, "profiles.md has $_") for sort Koha::Plugin::ConnexionGateway::Profile->members;

# ---------------------------------------------------------------- links

my $ROOT = "$FindBin::RealBin/../..";
my @PAGES = map { s{\A.*/docs/}{}r } glob "$ROOT/docs/*.md";

# Where a link to a heading leads, as the usual viewers of Markdown have it.
sub anchors {
    my ($text) = @_;
    $text =~ s/^```.*?^```//msg;
    return map { my $anchor = lc s/[^\w\s-]//gr; $anchor =~ s/\s/-/gr => 1 } $text =~ /^#+ +(.*?)\s*$/mg;
}

my %anchors = map { $_ => { anchors(document($_)) } } @PAGES;

sub dead_links {
    my ($from, $text) = @_;
    my $folder = $from eq 'README.md' ? $ROOT : "$ROOT/docs";
    my @dead;
    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ m{\A(?:https?|mailto):};
        my ($file, $anchor) = split /#/, $link, 2;
        my $page = $file eq '' ? $from : $file =~ s{\Adocs/}{}r;
        push @dead, $link if $file ne '' && !-e "$folder/$file" || defined $anchor && !$anchors{$page}{$anchor};
    }
    return \@dead;
}

is_deeply(dead_links('x.md', '[a](matching.md#koha) [b](nowhere.md) [c](matching.md)'), ['matching.md#koha', 'nowhere.md'], 'a dead link is found');
is_deeply(dead_links($_, document($_)), [], "links of $_") for @PAGES;
is_deeply(dead_links('README.md', document('../README.md')), [], 'links of README.md');

my $index = document('index.md');
like($index, qr/\]\(\Q$_\E\)/, "the table of contents has $_") for grep { $_ ne 'index.md' } @PAGES;

done_testing;
