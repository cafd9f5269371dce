# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every language has every text, with the same values in it; every text that is named is there, and
# every text that is there is named.

use strict;
use warnings;

use File::Find qw(find);
use FindBin ();
use JSON::PP ();
use Test::More;

my $plugin = "$FindBin::Bin/../Koha/Plugin/ConnexionGateway";

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

my %texts = map { my ($name) = m{/(\w+)[.]json\z}; $name => JSON::PP->new->utf8->decode(slurp($_)) } glob "$plugin/i18n/*.json";
is_deeply([ sort keys %texts ], [qw(de en es fr)], 'the languages');
my $english = $texts{en};

sub placeholders {
    my ($text) = @_;
    return [ sort grep {defined} $text =~ /\{(\w+)\}|(_[A-Z]+_)/g ];
}

for my $language (sort keys %texts) {
    is_deeply([ sort keys %{ $texts{$language} } ], [ sort keys %{$english} ], "$language: the same texts");
    is_deeply([ grep { !length $texts{$language}{$_} } sort keys %{$english} ], [], "$language: none is empty");
    my @differ = grep { join(' ', @{ placeholders($texts{$language}{$_}) }) ne join ' ', @{ placeholders($english->{$_}) } }
        sort keys %{$english};
    is_deeply(\@differ, [], "$language: the same values in them");
    my @lines = map {/\A"([^"]+)"/} split /\n/, slurp("$plugin/i18n/$language.json");
    is_deeply(\@lines, [ sort @lines ], "$language: one a line, sorted");
}

my $source = '';
# Without examples in comments and documentation.
sub code_of {
    my ($file) = @_;
    my $code = slurp($file) =~ s/^__END__\n.*//msr;
    return $file =~ /[.]js\z/ ? $code =~ s{^\s*//.*$}{}gmr : $code =~ s/^\s*#.*$//gmr;
}

find(sub { $source .= code_of($_) if /[.](?:pm|tt|inc|js)\z/ }, $plugin);

# A key is written out, or begins as its maker writes it: 'log.became.' . $word, "profile.$field.help".
my %begins = map { $_ => 1 } $source =~ /["'`]([a-z_]+(?:[.][a-z_]+)*)[.](?:["']|\$)/g;
my %whole = map { $_ => 1 } $source =~ /["'`]([a-z_]+(?:[.][A-Za-z_]+)+)["'`]/g;
my %word = map { $_ => 1 } $source =~ /\w+/g, words_of_the_core();
my @word_begins = $source =~ /["']([a-z]+(?:_[a-z]+)*_)\$/g;

# What is put after the beginning stands somewhere as a word of its own.
sub is_made {
    my ($key) = @_;
    my @parts = split /[.]/, $key;
    return (grep { $begins{$_} } map { join '.', @parts[ 0 .. $_ ] } 0 .. $#parts - 1) && !grep { !is_word($_) } @parts;
}

# Also one that is put together, as "no_such_$kind".
sub is_word {
    my ($text) = @_;
    return $word{$text} || grep { index($text, $_) == 0 && $word{ substr $text, length $_ } } @word_begins;
}

# Codes are the core's; its documentation has them all.
sub words_of_the_core { return map { slurp("$FindBin::Bin/../../docs/$_.md") =~ /\w+/g } qw(plan-format errors) }

my @unused = grep {
    my $key = $_ =~ s/[.](?:one|many)\z//r;
    !$whole{$key} && !$whole{$_} && !is_made($key);
} sort keys %{$english};
is_deeply(\@unused, [], 'every text is used') or diag "@unused";
ok(!is_made($_), "$_ would not be taken for one") for qw(profile.nonesuch service.fault.nonesuch log.became.nonesuch);

# The command line prints these as they are.
my @wide = grep { /\A(?:problem|service[.]fault|plan[.]verdict)[.]/ && $english->{$_} =~ /[^\x20-\x7E]/ } sort keys %{$english};
is_deeply(\@wide, [], 'what the command line says is ASCII') or diag "@wide";

my @called = $source =~ /\b(?:t|text|refuse)\(\s*['"]([a-z_]+(?:[.][A-Za-z_]+)+)['"]/g;
ok(@called > 100, 'texts are named in the source');
my @missing = grep { !exists $english->{$_} && !exists $english->{"$_.one"} } @called;
is_deeply(\@missing, [], 'every text that is named is there') or diag "@missing";

done_testing;
