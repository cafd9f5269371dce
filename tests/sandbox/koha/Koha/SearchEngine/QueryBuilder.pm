package Koha::SearchEngine::QueryBuilder;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Sandbox::Strict qw(arguments one_of wrong_call);

sub new ($class, $params = undef) {
    one_of(
        'Koha::SearchEngine::QueryBuilder->new',
        ($params // {})->{index},
        'biblios', 'authorities'
    );
    return bless { %{$params} }, $class;
}

sub build_authorities_query_compat ($self, @arguments) {
    arguments('build_authorities_query_compat', scalar @arguments, 5, 7);
    my %query;
    @query{qw(marclist and_or excluding operator value authtypecode orderby)} = @arguments;
    for my $list (qw(marclist and_or excluding operator value)) {
        wrong_call("build_authorities_query_compat without a list '$list'")
            if ref $query{$list} ne 'ARRAY';
    }
    return \%query;
}

1;
