package C4::Matcher;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::AuthoritiesMarc ();
use C4::Biblio          ();
use C4::Context;
use C4::Koha   ();
use C4::Search ();
use Exporter 'import';
use Koha::SearchEngine;
use Koha::SearchEngine::QueryBuilder;
use Koha::SearchEngine::Search;
use MARC::Record;
use Sandbox::Strict qw(newer arguments options);

our @EXPORT_OK = qw(GetMatcherId GetMatcherList);

sub GetMatcherList (@) {
    return
        @{ C4::Context->dbh->selectall_arrayref(
            'select matcher_id, code, description from marc_matchers order by matcher_id',
            { Slice => {} })
        };
}

sub GetMatcherId (@arguments) {
    arguments('GetMatcherId', scalar @arguments, 1, 1);
    return
        scalar C4::Context->dbh->selectrow_array(
        'select matcher_id from marc_matchers where code = ?',
        undef, $arguments[0]);
}

sub new ($class, $record_type = 'biblio', $threshold = 1000) {
    return bless {
        id              => undef,
        record_type     => $record_type,
        threshold       => $threshold,
        code            => '',
        description     => '',
        matchpoints     => [],
        required_checks => [],
    }, $class;
}

sub fetch ($class, $id) {
    my $dbh = C4::Context->dbh;
    my $row =
        $dbh->selectrow_hashref('select * from marc_matchers where matcher_id = ?', undef, $id)
        // return undef;    ## no critic (ProhibitExplicitReturnUndef)
    my $points = $dbh->selectcol_arrayref(
        'select matchpoint_id from matcher_matchpoints where matcher_id = ? order by matchpoint_id',
        undef, $id
    );
    my $checks = $dbh->selectall_arrayref(
        'select * from matchchecks where matcher_id = ? order by matchcheck_id',
        { Slice => {} }, $id);
    return bless {
        id              => $row->{matcher_id},
        record_type     => $row->{record_type},
        code            => $row->{code},
        description     => $row->{description},
        threshold       => int $row->{threshold},
        matchpoints     => [map { _fetch_point($_) } @{$points}],
        required_checks => [
            map {
                {
                    source_matchpoint => _fetch_point($_->{source_matchpoint_id}),
                    target_matchpoint => _fetch_point($_->{target_matchpoint_id}),
                }
            } @{$checks}
        ],
    }, $class;
}

sub _fetch_point ($id) {
    my $dbh = C4::Context->dbh;
    my $point =
        $dbh->selectrow_hashref('select * from matchpoints where matchpoint_id = ?', undef, $id);
    my $components = $dbh->selectall_arrayref(
        'select * from matchpoint_components where matchpoint_id = ? order by sequence',
        { Slice => {} }, $id);
    return {
        index      => $point->{search_index},
        score      => int $point->{score},
        components => [
            map {
                {
                    tag       => $_->{tag},
                    subfields => _set($_->{subfields}),
                    offset    => int $_->{offset},
                    length    => int $_->{length},
                    norms     => $dbh->selectcol_arrayref(
                        'select norm_routine from matchpoint_component_norms where matchpoint_component_id = ?
                    order by sequence', undef, $_->{matchpoint_component_id}
                    ),
                }
            } @{$components}
        ],
    };
}

sub _set ($codes) {
    return { map { $_ => 1 } split //, $codes };
}

sub store ($self) {
    my $dbh    = C4::Context->dbh;
    my @values = @{$self}{qw(code description record_type threshold)};
    if (defined $self->{id}) {
        $dbh->do("delete from $_ where matcher_id = ?", undef, $self->{id})
            for qw(matchpoints matchchecks);
        $dbh->do(
            'update marc_matchers set code = ?, description = ?, record_type = ?, threshold = ?
            where matcher_id = ?', undef, @values, $self->{id}
        );
    } else {
        $dbh->do(
            'insert into marc_matchers (code, description, record_type, threshold) values (?, ?, ?, ?)',
            undef, @values
        );
        $self->{id} = $dbh->{mysql_insertid};
    }
    for my $point (@{ $self->{matchpoints} }) {
        $dbh->do('insert into matcher_matchpoints (matcher_id, matchpoint_id) values (?, ?)',
            undef, $self->{id}, $self->_store_point($point));
    }
    for my $check (@{ $self->{required_checks} }) {
        my @points =
            map { $self->_store_point($check->{$_}) } qw(source_matchpoint target_matchpoint);
        $dbh->do(
            'insert into matchchecks (matcher_id, source_matchpoint_id, target_matchpoint_id) values (?, ?, ?)',
            undef, $self->{id}, @points
        );
    }
    return $self->{id};
}

sub _store_point ($self, $point) {
    my $dbh = C4::Context->dbh;
    $dbh->do('insert into matchpoints (matcher_id, search_index, score) values (?, ?, ?)',
        undef, $self->{id}, $point->{index}, $point->{score} || 0);
    my $id       = $dbh->{mysql_insertid};
    my $sequence = 0;
    for my $component (@{ $point->{components} }) {
        $dbh->do(
            'insert into matchpoint_components (matchpoint_id, sequence, tag, subfields, `offset`, length)
                values (?, ?, ?, ?, ?, ?)', undef, $id, ++$sequence, $component->{tag},
            join('', sort keys %{ $component->{subfields} }), $component->{offset} || 0,
            $component->{length}
        );
        my $component_id  = $dbh->{mysql_insertid};
        my $norm_sequence = 0;
        $dbh->do(
            'insert into matchpoint_component_norms (matchpoint_component_id, sequence, norm_routine)
            values (?, ?, ?)', undef, $component_id, ++$norm_sequence, $_
        ) for @{ $component->{norms} };
    }
    return $id;
}

sub delete ($class, $id) {
    return C4::Context->dbh->do('delete from marc_matchers where matcher_id = ?', undef, $id);
}

sub record_type ($self, @value) {
    return @value ? $self->{record_type} = $value[0] : $self->{record_type};
}

sub threshold ($self, @value) {
    return @value ? $self->{threshold} = $value[0] : $self->{threshold};
}
sub code ($self, @value) { return @value ? $self->{code} = $value[0] : $self->{code} }

sub description ($self, @value) {
    return @value ? $self->{description} = $value[0] : $self->{description};
}

sub add_matchpoint ($self, $index, $score, $components) {
    push @{ $self->{matchpoints} },
        { index => $index, score => $score, components => [map { _component($_) } @{$components}] };
    return;
}

sub add_simple_matchpoint ($self, $index, $score, $tag, $subfields, $offset, $length, $norm) {
    $self->add_matchpoint(
        $index, $score,
        [
            {
                tag       => $tag,
                subfields => $subfields,
                offset    => $offset,
                length    => $length,
                norms     => [$norm],
            }
        ]
    );
    return;
}

sub add_required_check ($self, $source, $target) {
    my ($from, $to) = map {
        { index => '', score => 0, components => [map { _component($_) } @{$_}] }
    } $source, $target;
    push @{ $self->{required_checks} }, { source_matchpoint => $from, target_matchpoint => $to };
    return;
}

sub _component ($component) {
    options('a component of a matchpoint', $component, qw(tag subfields offset length norms));
    return {
        tag       => $component->{tag},
        subfields => _set($component->{subfields}),
        offset    => $component->{offset} // -1,
        length    => $component->{length} || 0,
        norms     => $component->{norms}  || [],
    };
}

sub dump ($self) {
    return {
        matcher_id  => $self->{id},
        matchpoints => [@{ $self->{matchpoints} }],
        matchchecks => [@{ $self->{required_checks} }],
        map { $_ => $self->{$_} } qw(code description record_type),
    };
}

# ---------------------------------------------------------------- matching

sub get_matches ($self, $record, $most = 0) {
    my %score;
    for my $point (@{ $self->{matchpoints} }) {
        my @keys = _keys($record, $point) or next;
        my @ids =
            $self->{record_type} eq 'authority'
            ? _find_authorities($point, @keys)
            : _find_biblios($point, $most, @keys);
        $score{$_} += $point->{score} for @ids;
    }
    my @ids = grep { $score{$_} >= $self->{threshold} } keys %score;
    @ids = grep { $self->_passes_checks($record, $_) } @ids
        if $self->{record_type} eq 'biblio' || newer();

    # By string: 200 comes before 1000.
    my @matches = sort { $b->{score} cmp $a->{score} || $b->{record_id} cmp $a->{record_id} }
        map { { record_id => $_, score => $score{$_} } } @ids;
    splice @matches, $most if $most && @matches > $most;
    return @matches;
}

sub _find_biblios ($point, $most, @keys) {
    my $isbn = C4::Context->preference('AggressiveMatchOnISBN');
    my $issn = C4::Context->preference('AggressiveMatchOnISSN');
    @keys = C4::Koha::GetVariationsOfISBNs(@keys) if $isbn && $point->{index} =~ /\Aisbn\z/i;
    @keys = C4::Koha::GetVariationsOfISSNs(@keys) if $issn && $point->{index} =~ /\Aissn\z/i;
    my $phrase = $isbn || $issn ? ',phr' : '';
    my $query  = join ' OR ', map { qq{$point->{index}$phrase="$_"} } @keys;
    my $engine = Koha::SearchEngine::Search->new({ index => $Koha::SearchEngine::BIBLIOS_INDEX });
    my ($error, $hits) =
        $engine->simple_search_compat($query, 0, $most, undef, skip_normalize => 1);

    if (defined $error) {
        warn "search failed ($query) $error";
        return;
    }
    return map { $engine->extract_biblionumber($_) } @{$hits};
}

sub _find_authorities ($point, @keys) {
    my %index = (index => $Koha::SearchEngine::AUTHORITIES_INDEX);
    my $query = Koha::SearchEngine::QueryBuilder->new({%index})->build_authorities_query_compat(
        [map { $point->{index} } @keys],
        [map { 'or' } @keys],
        [],     [map { 'exact' } @keys],
        \@keys, undef, 'AuthidAsc'
    );
    my ($hits) = Koha::SearchEngine::Search->new({%index})->search_auth_compat($query, 0, 20);
    return map { $_->{authid} } @{ $hits // [] };
}

sub _passes_checks ($self, $record, $id) {
    return 1 if !@{ $self->{required_checks} };

    # 19.06 takes the number for the record: there is nothing in it.
    my $target =
          !newer()                            ? MARC::Record->new
        : $self->{record_type} eq 'authority' ? C4::AuthoritiesMarc::GetAuthority($id)
        :                                       C4::Biblio::sandbox_record($id);
    for my $check (@{ $self->{required_checks} }) {
        my ($from, $to) = map { join '', @{$_} } [_keys($record, $check->{source_matchpoint})],
            [_keys($target, $check->{target_matchpoint})];
        return 0 if $from ne $to;
    }
    return 1;
}

sub _keys ($record, $point) {
    my @keys;
    my $first = 1;
    for my $component (@{ $point->{components} }) {
        my $repeat = -1;
        for my $text (_texts($record, $component)) {
            $repeat++;
            last if !$first && $repeat > $#keys;
            my $key = _normalized($text, $component);
            next if !$key;
            if ($first) { push @keys, $key }
            else        { $keys[$repeat] .= " $key" }
        }
        $first = 0;
    }
    return @keys;
}

sub _texts ($record, $component) {
    return $record->leader if $component->{tag} eq 'LDR' && newer();
    my $codes = join '', keys %{ $component->{subfields} };

    # 19.06 asks a data field for the subfields "", of which MARC::Field makes a broken pattern.
    return map {
              $_->is_control_field
            ? $_->data
            : $_->as_string(newer() && $codes eq '' ? undef : $codes, ' ')
    } $record->field($component->{tag});
}

sub _normalized ($text, $component) {
    my ($offset, $length) = @{$component}{qw(offset length)};
    if ($length > 0) { $text = substr $text, $offset, $length }
    elsif ($offset) { $text = substr $text, $offset }
    for my $norm (@{ $component->{norms} }) { $text = _apply($norm, $text) }
    return $text;
}

sub _apply ($norm, $text) {
    return $text                  if $norm eq 'none' || $norm eq '';
    return $text =~ s/\s+//gr     if $norm eq 'remove_spaces';
    return uc $text               if $norm eq 'upper_case';
    return lc $text               if $norm eq 'lower_case';
    return _legacy_default($text) if $norm eq 'legacy_default';
    return _isbn13($text)         if $norm eq 'ISBN' && newer();
    warn "Invalid normalization routine required ($norm)";
    return $text;
}

sub _legacy_default ($text) {
    $text = uc $text;
    $text =~ tr{.;:,[]()/'"}{}d;
    $text =~ s/\A\s+|\s+\z//g;
    $text =~ s/\s+/ /g;
    return $text;
}

sub _isbn13 ($text) {
    my ($thirteen) =
        grep { /\A97[89]\d{10}\z/ } C4::Koha::GetVariationsOfISBNs($text =~ s/\s*\(.*//sr);
    return $thirteen // $text;
}

sub valid_normalization_routines {
    return qw(remove_spaces upper_case lower_case legacy_default), newer() ? 'ISBN' : ();
}

1;
