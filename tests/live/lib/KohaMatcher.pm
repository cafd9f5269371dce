package KohaMatcher;

## no critic (ProhibitMultiplePackages, ProhibitProlongedStrictureOverride)

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Koha's own code makes of a matching rule: keys, required checks, matches. Nothing of it is
# replaced but the results of searches and the record that a required check looks at. What newer
# versions have and an old one lacks (the leader, the routine ISBN, data fields without subfields) is
# lent to it at the places where it calls MARC::Record and its own routines; `lent` counts how often.

use strict;
use warnings;
use feature 'signatures';
no warnings qw(experimental::signatures redefine);    ## no critic (ProhibitNoWarnings)

use Business::ISBN;
use C4::Context;
use C4::Koha;
use C4::Matcher;
use Koha::SearchEngine::QueryBuilder;
use Koha::SearchEngine::Search;
use MARC::Field;
use MARC::File::XML;
use MARC::Record;

our %LENT = (leader => 0, isbn => 0, whole_field => 0);
our %SEEN = (compared_with_nothing => 0, authority_unchecked => 0, string_order => 0);

my $NEWER = grep { $_ eq 'ISBN' } C4::Matcher::valid_normalization_routines();

sub newer ($class) { return $NEWER ? 1 : 0 }

# ---------------------------------------------------------------- what 19.06 lacks

{
    package KohaMatcher::Isbn;    # the name of a routine that Koha takes for remove_spaces

    use overload
        'eq' => sub ($self, $name, $swapped) { return $self->{asked} = $name eq 'remove_spaces' },
        '""' => sub ($self, @) { return 'ISBN' };
}

my $isbn = bless { asked => 0 }, 'KohaMatcher::Isbn';

# As newer versions have it: what is no valid ISBN passes through.
sub _isbn ($string) {
    return if !defined $string;
    $LENT{isbn}++;
    return C4::Koha::NormalizeISBN({ isbn => $string, format => 'ISBN-13', strip_hyphens => 1 }) || $string;
}

# Runs the code with ISBNs of whatever publisher taken for valid.
sub whatever_the_range ($class, $code) {
    local *C4::Koha::NormalizeISBN = sub ($wanted) {
        my $isbn = $wanted->{isbn} && Business::ISBN->new($wanted->{isbn});
        return $wanted->{return_invalid} ? $wanted->{isbn} : undef
            if !$isbn || !ref $isbn || !$isbn->is_valid_checksum;
        my $number = $isbn->common_data;
        return $number if length $number == 13;
        my $twelve = '978' . substr $number, 0, 9;
        my $sum = 0;
        $sum += substr($twelve, $_, 1) * ($_ % 2 ? 3 : 1) for 0 .. 11;
        return $twelve . (10 - $sum % 10) % 10;
    };
    return $code->();
}

sub _lend {
    my ($remove_spaces, $field, $as_string) =
        (\&C4::Matcher::remove_spaces, \&MARC::Record::field, \&MARC::Field::as_string);
    MARC::Field->allow_controlfield_tags('LDR');
    *C4::Matcher::remove_spaces = sub {
        return $remove_spaces->(@_) if !$isbn->{asked};
        $isbn->{asked} = 0;
        return scalar _isbn(@_);
    };
    *MARC::Record::field = sub {
        goto &$field if @_ != 2 || $_[1] ne 'LDR';
        $LENT{leader}++;
        return MARC::Field->new('LDR', $_[0]->leader);
    };
    *MARC::Field::as_string = sub {
        goto &$as_string if $_[0]->is_control_field || !defined $_[1] || length $_[1];
        $LENT{whole_field}++;
        return $as_string->($_[0], undef, $_[2]);
    };
    return;
}

_lend() if !$NEWER;

# ---------------------------------------------------------------- rules and records

# A MARC::Record of a Record of the core, as the plugin makes them; undef where MARC::Record can't
# hold it.
sub marc ($class, $record) {
    my $marc = MARC::Record->new;
    $marc->leader($record->leader);
    $marc->encoding('UTF-8');
    return eval {
        $marc->append_fields(map { _field($_) } @{ $record->fields });
        $marc;
    };
}

sub _field ($field) {
    return MARC::Field->new($field->{tag}, $field->{data}) if exists $field->{data};
    return MARC::Field->new($field->{tag}, $field->{ind1}, $field->{ind2},
        map { @{$_} } @{ $field->{subfields} });
}

sub new ($class, $rule) {
    my $matcher = C4::Matcher->new($rule->{record_type}, $rule->{threshold});
    $matcher->code($rule->{code});
    for my $point (@{ $rule->{matchpoints} }) {
        $matcher->add_matchpoint($point->{index}, $point->{score}, _components($point));
    }
    for my $check (@{ $rule->{required_checks} }) {
        $matcher->add_required_check(_components($check->{source}), _components($check->{target}));
    }
    return bless { matcher => $matcher, rule => $rule }, $class;
}

sub _components ($point) {
    my @components = map { { %{$_} } } @{ $point->{components} };
    return \@components if $NEWER;
    $_->{norms} = [ map { $_ eq 'ISBN' ? $isbn : $_ } @{ $_->{norms} } ] for @components;
    return \@components;
}

# ---------------------------------------------------------------- keys and checks

# Of one matchpoint, by its number.
sub keys_of ($self, $marc, $point) {
    local $SIG{__WARN__} = sub { };
    return [ C4::Matcher::_get_match_keys($marc, $self->{matcher}{matchpoints}[$point]) ];
}

# An old Koha reads the target from a string that isn't a record: it gets the target here.
my $passes = \&C4::Matcher::_passes_required_checks;

sub passes ($self, $source, $target) {
    local $SIG{__WARN__} = sub { };
    my $checks = $self->{matcher}{required_checks};
    return $passes->($source, $target, $checks) ? 1 : 0 if $NEWER;
    local *MARC::Record::new_from_usmarc = sub { $target };
    return $passes->($source, '', $checks) ? 1 : 0;
}

# ---------------------------------------------------------------- matches

# What Koha makes of hits {matchpoint => [ids]} that a search would give; %$records by id. A list of
# [id, score], the best first as numbers. The matchpoints' indexes must be told apart.
sub matches ($self, $source, $hits, $records) {
    local $SIG{__WARN__} = sub { };
    my $engine = ref Koha::SearchEngine::Search->new({ index => $Koha::SearchEngine::BIBLIOS_INDEX });
    my $builder = ref Koha::SearchEngine::QueryBuilder->new({ index => $Koha::SearchEngine::AUTHORITIES_INDEX });
    my %points = map { $self->{rule}{matchpoints}[$_]{index} => $_ } 0 .. $#{ $self->{rule}{matchpoints} };
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    local *{"${engine}::simple_search_compat"} = sub ($searcher, $query, @) {
        my ($index) = $query =~ /\A([\w-]+)(?:,phr)?="/ or die "not a query: $query\n";
        my @found = map { _zebra_hit($_) } @{ $hits->{ $points{$index} } // [] };
        return (undef, \@found, scalar @found);
    };
    local *{"${builder}::build_authorities_query_compat"} = sub ($maker, $indexes, @) { $indexes->[0] };
    local *{"${engine}::search_auth_compat"} = sub ($searcher, $index, @) {
        my @found = map { { authid => $_ } } @{ $hits->{ $points{$index} } // [] };
        return (\@found, scalar @found);
    };
    local *C4::Matcher::_passes_required_checks = sub ($from, $id, $checks) {
        my $right = $self->passes($from, $NEWER ? $id : $records->{$id});
        $SEEN{compared_with_nothing}++ if !$NEWER && $right != ($passes->($from, $id, $checks) ? 1 : 0);
        return $right;
    };
    my @matches = map { [ $_->{record_id}, $_->{score} ] } $self->{matcher}->get_matches($source, 1000);
    @matches = $self->_checked($source, \@matches, $records) if $self->{rule}{record_type} eq 'authority';
    return _as_numbers(@matches);
}

sub _zebra_hit ($id) {
    my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('biblio.biblionumber', '');
    my $marc = MARC::Record->new;
    $marc->append_fields(MARC::Field->new($tag, ' ', ' ', $code => $id));
    return $marc->as_xml_record;
}

# 19.06 has no checks for authorities.
sub _checked ($self, $source, $matches, $records) {
    return @{$matches} if $NEWER;
    my @passed = grep { $self->passes($source, $records->{ $_->[0] }) } @{$matches};
    $SEEN{authority_unchecked} += @{$matches} - @passed;
    return @passed;
}

sub _as_numbers (@matches) {
    my @sorted = sort { $b->[1] <=> $a->[1] || $b->[0] <=> $a->[0] } @matches;
    $SEEN{string_order}++ if "@{[ map { $_->[0] } @sorted ]}" ne "@{[ map { $_->[0] } @matches ]}";
    return \@sorted;
}

1;
