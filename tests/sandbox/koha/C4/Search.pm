package C4::Search;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Exporter 'import';
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;
use Sandbox::Search;
use Sandbox::Strict qw(arguments one_of);

our @EXPORT_OK = qw(SimpleSearch new_record_from_zebra);

my $engine;

sub sandbox_engine {
    my $config = $C4::Context::context->{config};
    $engine = Sandbox::Search->new(config => $config) if !$engine || $engine->{config} != $config;
    return $engine;
}

sub SimpleSearch ($query, $offset = 0, $most = undef, $servers = undef, %options) {
    Sandbox::Strict::options('SimpleSearch', \%options, 'skip_normalize');
    one_of('SimpleSearch', $_, 'biblioserver') for @{ $servers // [] };
    $query =~ s/:/=/g if defined $query && !$options{skip_normalize};
    my $connection = C4::Context->Zconn('biblioserver', 1);
    my ($error, $results, $total) = sandbox_engine()->biblios($query, $offset, $most);
    $connection->{errcode} = sandbox_engine()->state eq 'down' ? 10000 : 0;
    warn "$error for query: $query" if defined $error && $query ne '';
    return ($error, $results, $total);
}

sub new_record_from_zebra (@arguments) {
    arguments('new_record_from_zebra', scalar @arguments, 2, 2);
    my ($server, $raw) = @arguments;
    one_of('new_record_from_zebra', $server, 'biblioserver', 'authorityserver');
    return scalar eval { MARC::Record->new_from_xml($raw, 'UTF-8') };
}

1;
