#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# The description of the REST API is valid, has a method behind each call, and says what docs/rest.md says.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 qw(md5_hex);
use File::Temp  ();
use FindBin ();
use JSON::PP ();
use JSON::Validator ();
use Test::More;

use Koha::Plugin::ConnexionGateway::Api;
use Koha::Plugin::ConnexionGateway::Exports;

sub slurp ($file) {
    open my $in, '<:raw', "$FindBin::RealBin/../../$file" or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

# Debian's JSON::Validator has no copy of the schema of schemas, Python's has.
my $schemas = File::Temp->newdir;
my ($draft_4) = glob '/usr/lib/python3/dist-packages/jsonschema/schemas/draft4.json' or die "python3-jsonschema is missing\n";
symlink $draft_4, "$schemas/" . md5_hex('http://json-schema.org/draft-04/schema') or die "$schemas: $!\n";
local $ENV{JSON_VALIDATOR_CACHE_PATH} = $schemas->dirname;

my $routes = JSON::PP->new->utf8->decode(slurp('koha-plugin/Koha/Plugin/ConnexionGateway/openapi.json'));

# As Koha puts it into its own.
sub errors_of (%paths) {
    my $spec = { swagger => '2.0', basePath => '/api/v1', info => { title => 'Koha', version => '1' },
        paths => { map { ; "/contrib/connexiongateway$_" => $paths{$_} } keys %paths } };
    return @{ JSON::Validator->new->schema($spec)->schema->errors };
}

is_deeply([ errors_of(%{$routes}) ], [], 'a valid OpenAPI 2.0');
ok(errors_of('/x' => { get => { parameters => [ { name => 'x' } ] } }), 'an invalid one would be found');

my %calls;
for my $path (keys %{$routes}) {
    $calls{ uc($_) . " $path" } = $routes->{$path}{$_} for keys %{ $routes->{$path} };
}

for my $call (sort keys %calls) {
    my ($method) = $calls{$call}{'x-mojo-to'} =~ /\AConnexionGateway::Api#(\w+)\z/;
    ok($method && Koha::Plugin::ConnexionGateway::Api->can($method), "$call has a method behind it");
    like($calls{$call}{'x-koha-authorization'}{permissions}{plugins} // '', qr/\A(?:configure|tool)\z/, 'and takes a permission');
}

my $document = slurp('docs/rest.md');
my %documented = $document =~ m{^[|] `([A-Z]+ /\S+)` [|] .*? [|] plugins/(\w+)}gm;
is_deeply(\%documented, { map { $_ => $calls{$_}{'x-koha-authorization'}{permissions}{plugins} } keys %calls },
    'docs/rest.md has the same calls, and the same permissions');

my ($filter) = $document =~ /`became` \(([^)]+)\)/;
is_deeply([ sort $filter =~ /`(\w+)`/g ], [ sort Koha::Plugin::ConnexionGateway::Exports->outcomes ], 'and what may become of an export');
my %parameters = map { $_->{name} => 1 } grep { $_->{in} eq 'query' } @{ $calls{'GET /exports'}{parameters} };
like($document, qr/\b\Q$_\E\b/, "and the parameter $_") for sort keys %parameters;

done_testing;
