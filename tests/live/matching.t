#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Matching rules: the core against Koha's own code, on a real Koha (KOHA_CONF, PERL5LIB), of which it
# only reads. Rules are made from a seed, records come from tests/data and, where it is there, from
# ../shared/data. Differences that are meant are named, counted and held to what they may be.
#
#     CONNEXION_LIVE=1 prove -I build/release/plugin tests/live/matching.t
#
# CONNEXION_MATCHING_RULES: how many rules (400); CONNEXION_MATCHING_SEED; CONNEXION_MATCHING_GOLDEN:
# a file to write the golden cases to (tests/golden/matching).

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find ();
use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;

my ($HERE, $ROOT);

BEGIN {
    $HERE = abs_path(dirname(__FILE__));
    $ROOT = abs_path("$HERE/../..");
    plan skip_all => 'no Koha is given (CONNEXION_LIVE, KOHA_CONF)'
        if !$ENV{CONNEXION_LIVE} || !$ENV{KOHA_CONF};
}

use lib "$HERE/lib";
use lib grep {defined} $ENV{CONNEXION_PLUGIN_DIR}, "$ROOT/build/release/plugin";
use KohaMatcher;
use RuleMaker;
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my $CORE = 'Koha::Plugin::ConnexionGateway::Core';
my $RULES = $ENV{CONNEXION_MATCHING_RULES} || 400;
my $RULES_A_RECORD = 30;      # each record is given to so many rules
my $MOST_OF_A_FILE = 40;      # records
my $make = RuleMaker->new($ENV{CONNEXION_MATCHING_SEED} || 20_190_600);

# ---------------------------------------------------------------- records

sub files () {
    my @files = glob "$ROOT/tests/data/*.mrc";
    my $shared = "$ROOT/../shared/data";
    return @files if !-d $shared;
    push @files, glob "$shared/samples/*.m*rc";
    my $dir = tempdir(CLEANUP => 1);
    system('tar', '-xJf', "$shared/corpus.tar.xz", '-C', $dir) == 0 or die "corpus.tar.xz: $?\n";
    my @corpus;
    File::Find::find(
        { no_chdir => 1, wanted => sub { push @corpus, $_ if -f && /(?:[.]mrc|[.]marc|_records|[.]dat)\z/ } },
        $dir);
    return @files, sort @corpus;
}

# Spread over the file, so that large ones show all they have.
sub some_of (@list) {
    my $step = @list > $MOST_OF_A_FILE ? @list / $MOST_OF_A_FILE : 1;
    return map { int($_ * $step) } 0 .. (@list < $MOST_OF_A_FILE ? @list : $MOST_OF_A_FILE) - 1;
}

sub records () {
    my (@records, %seen, %left_out);
    for my $file (files()) {
        open my $handle, '<:raw', $file or die "$file: $!\n";
        my @octets = do { local $/ = "\x1D"; grep {/\x1D\z/} <$handle> };
        for my $number (some_of(@octets)) {
            next if $seen{ $octets[$number] }++;
            my $record = "${CORE}::Record"->read($octets[$number], nfc => 1)->{record};
            if (!$record) { $left_out{'damaged'}++; next }
            my $marc = KohaMatcher->marc($record);
            if (!$marc) { $left_out{'MARC::Record has no such fields'}++; next }
            push @records, { record => $record, marc => $marc, type => $record->type, number => $number,
                file => $file =~ m{/tests/data/([^/]+)\z} ? $1 : undef };
        }
    }
    diag "left out: $left_out{$_} ($_)" for sort keys %left_out;
    return @records;
}

# ---------------------------------------------------------------- the core's side

sub core_rules ($rule) {
    return "${CORE}::Rules"->new({
        schema_version => 1, record_type => $rule->{record_type}, mode => 'direct', matching_rule => $rule,
        on_match => 'replace', on_no_match => 'create_new', items => 'ignore', several_matches => 'best',
    });
}

# What the core makes of the same hits: [id, score] of those that it keeps, and the plan's candidates.
sub core_matches ($rules, $source, $hits, $candidates) {
    my $facts = "${CORE}::Facts"->new;
    for my $point (sort { $a <=> $b } keys %{$hits}) {
        $facts->hit($point, $_, 'search') for @{ $hits->{$point} };
    }
    $facts->candidate($_, $candidates->{$_}{record}) for sort { $a <=> $b } keys %{$candidates};
    my $found = $rules->plan($source->{record}, $facts)->{match}{candidates};
    # That OCLC numbers tell equal ones apart is ours alone.
    my @kept = sort { $b->{score} <=> $a->{score} || $b->{id} <=> $a->{id} }
        grep { $_->{verdict} =~ /\A(?:chosen|equal|other_number|lower_score)\z/ } @{$found};
    return ([ map { [ $_->{id}, $_->{score} ] } @kept ], $found);
}

sub core_passes ($rule, $source, $target) {
    my %always = (%{$rule}, threshold => 0,
        matchpoints => [ { index => 'any', score => 0, components => [ { tag => '001' } ] } ]);
    my ($kept) = core_matches(core_rules(\%always), $source, { 0 => [1] }, { 1 => $target });
    return scalar @{$kept};
}

sub uniq (@list) { my %seen; return grep { !$seen{$_}++ } @list }

# ---------------------------------------------------------------- the comparisons

my @records = records();
my @kinds = map { my $type = $_; [ grep { $_->{type} eq $type } @records ] } qw(biblio authority);
my %of_type = (biblio => $kinds[0], authority => $kinds[1]);
cmp_ok scalar @records, '>', -d "$ROOT/../shared/data" ? 5000 : 250,
    sprintf '%d records: %d biblios, %d authorities', map { scalar @{$_} } \@records, @kinds;

my @rules = map { $make->rule($_) } 1 .. $RULES;

sub differing ($name, $list) {
    is scalar @{$list}, 0, $name or diag map {"$_\n"} @{$list}[ 0 .. ($#{$list} < 9 ? $#{$list} : 9) ];
    return;
}

sub json ($data) { return JSON::PP->new->canonical->ascii->encode($data) }

# Whether Koha would give these keys if it knew every ISBN's publisher: Business::ISBN takes one of a
# range that isn't in its data for invalid, and each version has other data.
sub by_ranges_alone ($koha, $marc, $point, $ours) {
    return KohaMatcher->whatever_the_range(sub { json([ uniq(@{ $koha->keys_of($marc, $point) }) ]) eq json($ours) });
}

subtest 'keys' => sub {
    my ($compared, $keys, $repeated, $ranges, @differ) = (0, 0, 0, 0);
    for my $r (0 .. $#rules) {
        my ($rule, $koha, $core) = ($rules[$r], KohaMatcher->new($rules[$r]), core_rules($rules[$r]));
        for my $i (grep { ($_ * 7 + $r) % @rules < $RULES_A_RECORD } 0 .. $#records) {
            my $record = $records[$i];
            my %ours = map { $_->{matchpoint} => $_->{keys} } @{ $core->point_keys($record->{record}) };
            for my $point (0 .. $#{ $rule->{matchpoints} }) {
                my @theirs = @{ $koha->keys_of($record->{marc}, $point) };
                my @once = uniq(@theirs);
                my $mine = $ours{$point} // [];
                $compared++;
                $keys += @once;
                $repeated += @theirs - @once;
                next if json(\@once) eq json($mine);
                if (by_ranges_alone($koha, $record->{marc}, $point, $mine)) { $ranges++; next }
                push @differ, join "\n  ", map { json($_) } $rule->{matchpoints}[$point], \@once, $mine;
            }
        }
    }
    cmp_ok $compared, '>', @records * $RULES_A_RECORD * 0.9, "$compared keys of matchpoints compared";
    cmp_ok $keys, '>', $compared / 5, "$keys keys";
    differing('the same keys as Koha', \@differ);
    cmp_ok $repeated, '>', 0, "meant: a key that Koha repeats is asked for once ($repeated)";
    cmp_ok $ranges, '<', $compared / 10_000,
        "meant: an ISBN counts as one whatever publishers Koha's Business::ISBN knows ($ranges)";
};

subtest 'required checks' => sub {
    my ($compared, $passed, @differ) = (0, 0);
    for my $r (grep { @{ $rules[$_]{required_checks} } } 0 .. $#rules) {
        my $rule = $rules[$r];
        my $koha = KohaMatcher->new($rule);
        my $list = $of_type{ $rule->{record_type} };
        for (1 .. 150) {
            my $source = $make->number(scalar @{$list});
            my $target = $make->chance(30) ? $source : $make->chance(60) ? ($source + 1) % @{$list}
                : $make->number(scalar @{$list});
            my ($from, $to) = @{$list}[ $source, $target ];
            my $theirs = $koha->passes($from->{marc}, $to->{marc});
            $compared++;
            $passed += $theirs;
            next if $theirs == core_passes($rule, $from, $to);
            push @differ, join ' ', json($rule->{required_checks}), "Koha: $theirs";
        }
    }
    cmp_ok $compared, '>', 10_000, "$compared pairs of records compared";
    cmp_ok $passed, '>', $compared / 10, "of them $passed pass";
    cmp_ok $compared - $passed, '>', $compared / 10, 'and others fail';
    differing('the same as Koha finds', \@differ);
};

# Hits for some candidates; a matchpoint without keys is never searched for.
sub some_hits ($rule, $koha, $source, @ids) {
    my %hits;
    for my $point (0 .. $#{ $rule->{matchpoints} }) {
        next if !@{ $koha->keys_of($source->{marc}, $point) };
        my @found = grep { $make->chance(55) } @ids;
        $hits{$point} = \@found if @found;
    }
    return \%hits;
}

# The source itself, what stands near it (editions and copies) and what has nothing to do with it.
sub some_candidates ($list, $source) {
    my %candidates;
    for my $place ($source, $source + 1, $source + 2, map { $make->number(scalar @{$list}) } 1 .. 5) {
        $candidates{ 1 + $make->number($make->one_of(9, 99, 999, 99_999)) } = $list->[ $place % @{$list} ];
    }
    return \%candidates;
}

sub told_apart ($rule, @indexes) {
    my @points = @{ $rule->{matchpoints} };
    return { %{$rule}, matchpoints => [ map { { %{ $points[$_] }, index => $indexes[$_] } } 0 .. $#points ] };
}

subtest 'scores' => sub {
    my ($compared, $kept, @differ) = (0, 0);
    for my $r (0 .. $#rules) {
        my $rule = told_apart($rules[$r], map {"x-$_"} 0 .. 9);
        my ($koha, $core, $list) = (KohaMatcher->new($rule), core_rules($rule), $of_type{ $rule->{record_type} });
        for (1 .. 25) {
            my $place = $make->number(scalar @{$list});
            my $source = $list->[$place];
            my $candidates = some_candidates($list, $place);
            my $hits = some_hits($rule, $koha, $source, sort { $a <=> $b } keys %{$candidates});
            my %marc = map { $_ => $candidates->{$_}{marc} } keys %{$candidates};
            my $theirs = $koha->matches($source->{marc}, $hits, \%marc);
            my ($ours) = core_matches($core, $source, $hits, $candidates);
            $compared++;
            $kept += @{$theirs};
            next if json($ours) eq json([ map { [ map { 0 + $_ } @{$_} ] } @{$theirs} ]);
            push @differ, join "\n  ", map { json($_) } $rule, $hits, $theirs, $ours;
        }
    }
    cmp_ok $compared, '>=', @rules * 25, "$compared searches compared";
    cmp_ok $kept, '>', $compared / 2, "$kept candidates kept";
    differing('the same records with the same scores, the best first', \@differ);
    cmp_ok $KohaMatcher::SEEN{string_order}, '>', 0,
        "meant: numbers are ordered as numbers, Koha orders them as strings ($KohaMatcher::SEEN{string_order})";
    for my $old (qw(compared_with_nothing authority_unchecked)) {
        my $count = $KohaMatcher::SEEN{$old};
        my $what = $old =~ tr/_/ /r;
        KohaMatcher->newer
            ? is($count, 0, "this Koha has checks that work ($what)")
            : cmp_ok($count, '>', 0, "meant: 19.06 has checks that don't work: $what ($count)");
    }
};

# ---------------------------------------------------------------- hits that are verified

# A matchpoint of each kind of number that the core knows, as libraries have them.
my @KNOWN = (
    [ isbn => '020', 'a', ['ISBN'] ], [ isbn => '020', 'a', [] ], [ issn => '022', 'a', [] ],
    [ lccn => '010', 'a', [] ], [ 'Control-number' => '001', '', [] ],
    [ 'Other-control-number' => '035', 'a', [] ], [ 'Other-control-number' => '035', 'a', ['remove_spaces'] ],
);

# Two records have a number in common where this says so: made without the core. Koha's own keys,
# ISBN as Business::ISBN reads it, OCLC numbers of all their fields without prefix and zeros.
sub numbers ($marc, $index) {
    return { map { $_ => 1 } _control_numbers($marc, $index) } if $index =~ /control/i;
    my %tags = (isbn => '020', issn => '022', lccn => '010');
    my %numbers;
    for my $value (grep { defined && /[0-9]/ } map { $_->subfield('a') } $marc->field($tags{$index})) {
        my $plain = $value =~ s/\s*[(:;,\/][^0-9]*\z//r;
        $plain =~ s/[\s-]+//g;
        $plain = C4::Koha::NormalizeISBN({ isbn => $plain, format => 'ISBN-13', strip_hyphens => 1 }) || $plain
            if $index eq 'isbn';
        $numbers{ lc $plain } = 1;
    }
    return \%numbers;
}

# OCLC numbers are the same ones wherever they stand; others only in the field of the matchpoint.
sub _control_numbers ($marc, $index) {
    my @values = map { $_->subfield('a') // () } $marc->field('035');
    my @merged = map {"(OCoLC)$_"} grep {defined} map { $_->subfield('a') } $marc->field('019');
    push @merged, map { $_->subfield('z') // () } $marc->field('035');
    my @own = $index eq 'Control-number' ? map { $_->data } $marc->field('001') : @values;
    my ($number) = map { $_->data } $marc->field('001');
    my $oclc = ($marc->field('003') ? $marc->field('003')->data : '') =~ /\A\s*ocolc\s*\z/i
        || ($number // '') =~ /\A\s*(?:ocm|ocn|on)\s*[0-9]+\s*\z/i;
    push @values, "(OCoLC)$number" if defined $number && $oclc;
    return (map { s/\A\s+|\s+\z//gr } @own),
        map {/\A\s*\(OCoLC\)\s*(?:ocm|ocn|on)?0*([0-9]{1,15})\s*\z/i} @values, @merged;
}

sub share ($source, $candidate, $index) {
    my ($one, $other) = map { numbers($_->{marc}, $index) } $source, $candidate;
    return scalar grep { $other->{$_} } keys %{$one};
}

subtest 'hits of known indexes' => sub {
    my (%count, @differ);
    my $list = $of_type{biblio};
    for my $known (@KNOWN) {
        my ($index, $tag, $subfields, $norms) = @{$known};
        my %component = (tag => $tag, subfields => $subfields, offset => 0, length => 0, norms => $norms);
        my $rule = { code => 'KNOWN', record_type => 'biblio', threshold => 1000, required_checks => [],
            matchpoints => [ { index => $index, score => 1000, components => [ \%component ] } ] };
        my ($koha, $core) = (KohaMatcher->new($rule), core_rules($rule));
        my @sources = grep { @{ $koha->keys_of($list->[$_]{marc}, 0) } } 0 .. $#{$list};
        for my $place (@sources[ map { $_ * @sources / 400 } 0 .. (@sources < 400 ? $#sources : 399) ]) {
            my $source = $list->[$place];
            my $candidates = some_candidates($list, $place);
            my $hits = { 0 => [ sort { $a <=> $b } keys %{$candidates} ] };
            my %marc = map { $_ => $candidates->{$_}{marc} } keys %{$candidates};
            my %theirs = map { $_->[0] => $_->[1] } @{ $koha->matches($source->{marc}, $hits, \%marc) };
            my ($ours, $found) = core_matches($core, $source, $hits, $candidates);
            my %ours = map { $_->[0] => $_->[1] } @{$ours};
            for my $id (keys %theirs) {
                my $shared = share($source, $candidates->{$id}, $index) ? 1 : 0;
                my $kept = $ours{$id} ? 1 : 0;
                $count{"$index $kept"}++;
                my $text = sub ($record) { join ' | ', map { $_->as_formatted } map { $record->{marc}->field($_) } qw(001 003 010 019 020 022 035) };
                push @differ, join ' ', $index, $kept ? 'kept' : 'dropped', $text->($source), $text->($candidates->{$id})
                    if $kept != $shared || ($kept && $ours{$id} != $theirs{$id});
            }
            push @differ, "$index: a candidate that Koha hasn't" if grep { !exists $theirs{$_} } keys %ours;
        }
        cmp_ok $count{"$index $_->[0]"}, '>', 20, qq{$index: $count{"$index $_->[0]"} hits $_->[1]}
            for [ 1, 'kept' ], [ 0, "meant: left out, because the record has none of the numbers" ];
    }
    differing('a hit is left out exactly where the records have no number in common', \@differ);
};

# ---------------------------------------------------------------- golden cases

# What Koha makes of records that anybody has (tests/golden/README.md), for tests without a Koha.
my ($GOLDEN_RULES, $MOST_KEYS, $LONGEST) = (150, 8, 500);

sub golden_keys ($koha, $rule, $places) {
    my @keys;
    for my $place (@{$places}) {
        for my $point (0 .. $#{ $rule->{matchpoints} }) {
            my $found = $koha->keys_of($records[$place]{marc}, $point);
            my $same = KohaMatcher->whatever_the_range(sub { $koha->keys_of($records[$place]{marc}, $point) });
            push @keys, [ $place, $point, $found ] if json($found) eq json($same) && length json($found) < $LONGEST;
        }
    }
    my @telling = grep { @{ $_->[2] } } @keys;
    my @empty = grep { !@{ $_->[2] } } @keys;
    return [ grep {defined} @telling[ 0 .. $MOST_KEYS - 1 ], @empty[ 0, 1 ] ];
}

sub golden_checks ($koha, $rule, $places) {
    return [] if !@{ $rule->{required_checks} };
    my @checks;
    for (1 .. 6) {
        my ($from, $to) = map { $places->[ $make->number(scalar @{$places}) ] } 1, 2;
        $to = $from if $make->chance(30);
        push @checks, [ $from, $to, $koha->passes($records[$from]{marc}, $records[$to]{marc}) ];
    }
    return \@checks;
}

sub golden_matches ($koha, $rule, $places) {
    my @matches;
    for (1 .. 3) {
        my $source = $make->one_of(grep { $records[$_]{type} eq $rule->{record_type} } @{$places});
        my %candidates = map { 1 + $make->number(9999) => $make->one_of($source, @{$places}) } 1 .. 5;
        my $hits = some_hits($rule, $koha, $records[$source], sort { $a <=> $b } keys %candidates);
        my %marc = map { $_ => $records[ $candidates{$_} ]{marc} } keys %candidates;
        my $found = $koha->matches($records[$source]{marc}, $hits, \%marc);
        push @matches, { source => $source, candidates => \%candidates, hits => $hits,
            found => [ map { [ map { 0 + $_ } @{$_} ] } @{$found} ] };
    }
    return \@matches;
}

# Names of indexes that tell the core nothing: it believes their hits as Koha does.
sub golden_case ($rule, $committed) {
    $rule = told_apart($rule, map {"x-$_"} 0 .. 9);
    my $koha = KohaMatcher->new($rule);
    my @some = map { $make->one_of(@{$committed}) } 1 .. 40;
    push @some, grep { $records[$_]{type} eq 'authority' } @{$committed} if $rule->{record_type} eq 'authority';
    return { rule => $rule, keys => golden_keys($koha, $rule, \@some), checks => golden_checks($koha, $rule, \@some),
        matches => golden_matches($koha, $rule, \@some) };
}

sub write_golden ($file) {
    my @committed = grep { defined $records[$_]{file} } 0 .. $#records;
    my @cases = map { golden_case($_, \@committed) } @rules[ 0 .. $GOLDEN_RULES - 1 ];
    my @named = map { [ @{ $records[$_] }{qw(file number)} ] } 0 .. $committed[-1];
    open my $handle, '>', $file or die "$file: $!\n";
    printf {$handle} qq({"koha": "%s",\n"records": %s,\n"cases": [\n%s\n]}\n), C4::Context->preference('Version'),
        json(\@named), join ",\n", map { json($_) } @cases;
    close $handle or die "$file: $!\n";
    return;
}

write_golden($ENV{CONNEXION_MATCHING_GOLDEN}) if $ENV{CONNEXION_MATCHING_GOLDEN};

done_testing;
