package Koha::SearchEngine::Indexer;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Sandbox::Strict qw(newer arguments one_of);

# 19.06 has no such module: loading it fails there as it does in Koha.
BEGIN {
    die "Can't locate Koha/SearchEngine/Indexer.pm in \@INC (the sandbox stands for 19.06)\n"
        if !newer();
}

use C4::Biblio ();

sub new ($class, $params = undef) {
    one_of('Koha::SearchEngine::Indexer->new', ($params // {})->{index}, 'biblios', 'authorities');
    return bless { %{$params} }, $class;
}

sub index_records ($self, @arguments) {
    arguments('index_records', scalar @arguments, 3, 4);
    my ($numbers, $operation, $server) = @arguments;
    one_of('index_records', $operation, 'specialUpdate', 'recordDelete');
    one_of('index_records', $server,    'biblioserver',  'authorityserver');
    C4::Biblio::queue_index($_, $operation, $server) for ref $numbers ? @{$numbers} : $numbers;
    return;
}

1;
