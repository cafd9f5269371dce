package Koha::SearchEngine::Search;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use C4::Search      ();
use Sandbox::Strict qw(arguments one_of newer wrong_call);

sub new ($class, $params = undef) {
    one_of('Koha::SearchEngine::Search->new', ($params // {})->{index}, 'biblios', 'authorities');
    one_of('the preference SearchEngine',
        C4::Context->preference('SearchEngine') // 'Zebra', 'Zebra');
    return bless { %{$params} }, $class;
}

sub simple_search_compat ($self, @arguments) {
    arguments('simple_search_compat', scalar @arguments, 1, 6);
    return C4::Search::SimpleSearch(@arguments);
}

sub search_auth_compat ($self, @arguments) {
    arguments('search_auth_compat', scalar @arguments, 1, 4);
    my ($query, $offset, $length, $skip_metadata) = @arguments;
    wrong_call('search_auth_compat with no query of build_authorities_query_compat')
        if ref $query ne 'HASH' || !$query->{marclist};
    my ($indexes, $operators, $values) = @{$query}{qw(marclist operator value)};
    one_of('search_auth_compat',             $_, 'exact')       for @{$operators};
    one_of('an index of search_auth_compat', $_, $indexes->[0]) for @{$indexes};

    # 19.06 strings the terms together without an operator between them.
    if (@{$values} > 1 && !newer()) {
        die bless {
            code    => 20003,
            message => q{can't set prefix query},
            addinfo => '',
            diagset => 'ZOOM'
            },
            'ZOOM::Exception';
    }
    my $connection = C4::Context->Zconn('authorityserver', 0);
    my ($error, @ids) = C4::Search::sandbox_engine()->authorities($indexes->[0], @{$values});
    $connection->{errcode} = $error && $error =~ /\((\d+)\)/ ? $1 : 0;
    if ($error) {
        warn "oAuth error: $error\n";
        return ([], undef);
    }
    my $start = $offset && $offset > 0 ? $offset - 1 : 0;
    my @page  = grep { defined } @ids[$start .. $start + ($length || 10) - 1];
    return ([ map { { authid => $_, $skip_metadata ? () : _shown_of_authority($_) } } @page ], scalar @ids);
}

# For each hit Koha searches for the biblio records that use it, and 19.06 warns where the query names
# no type of authority.
sub _shown_of_authority ($authid) {
    require Koha::Authorities;
    warn "Use of uninitialized value \$tag\n";
    return (summary => {}, used => Koha::Authorities->get_usage_count({ authid => $authid }));
}

sub extract_biblionumber ($self, $hit) {
    require C4::Biblio;
    my $record = C4::Search::new_record_from_zebra('biblioserver', $hit) // return;
    my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('biblio.biblionumber');
    return $record->subfield($tag, $code);
}

package ZOOM::Exception;    ## no critic (ProhibitMultiplePackages)

use feature 'signatures';
no warnings 'experimental::signatures';

sub code    ($self) { return $self->{code} }
sub message ($self) { return $self->{message} }
sub addinfo ($self) { return $self->{addinfo} }
sub diagset ($self) { return $self->{diagset} }

1;
