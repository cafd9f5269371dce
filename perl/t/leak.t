# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use ConnexionTest qw(moby_dick rules rss_kb);
use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Core::ClientRules;
use Koha::Plugin::ConnexionGateway::Core::Facts;
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::RequestParser;
use Koha::Plugin::ConnexionGateway::Core::Rules;

# A leak of 64 octets a time would show as more than this.
my $ALLOWED_KB = 600;
my $TIMES      = 10_000;

my $Core   = 'Koha::Plugin::ConnexionGateway::Core';
my $octets = moby_dick();
my $record = "${Core}::Record"->read($octets)->{record};
my $rules  = "${Core}::Rules"->new(rules());
my %client = (schema_version => 1, record_type => 'biblio', encoding => 'marc-8', local_fields => ['9XX'],
    item_tag => '952', items => undef);
my $client_json = Mojo::JSON::encode_json(\%client);
my $client      = "${Core}::ClientRules"->new($client_json);
my $json   = Mojo::JSON::encode_json(rules());
my $xml    = $record->marcxml;
my $bad    = substr $octets, 0, 150;
my $long   = 'x' x 500;

my %case = (
    'reads'            => sub { "${Core}::Record"->read($octets)->{record}->title },
    'reads of MARCXML' => sub { "${Core}::Record"->read_marcxml($xml) },
    'refused reads'    => sub { "${Core}::Record"->read($bad) },
    'writes'           => sub { $record->iso2709; $record->marcxml; $record->line },
    'requests'         => sub { "${Core}::RequestParser"->new->feed("A\x44demo$octets")->next },
    'failed requests'  => sub { "${Core}::RequestParser"->new->feed("GET / $long")->problem },
    'rules'            => sub { "${Core}::Rules"->new($json) },
    'keys'             => sub { $rules->$_($record) for qw(point_keys identifiers) },
    'plans'            => sub {
        my $facts = "${Core}::Facts"->new->hit(0, 34, 'search')->candidate(34, $record);
        $rules->plan_json($record, $facts);
    },
    'decisions' => sub {
        my $facts = "${Core}::Facts"->new->hit(0, 34, 'search')->candidate(34, $record);
        $rules->decide($record, $facts);
    },
    'records for the Client' => sub { $client->for_client($record) },
    'rules for the Client'   => sub { "${Core}::ClientRules"->new($client_json) },
    'text'                 => sub { $Core->ascii("\x{159}$long") },
    'errors from the core' => sub {
        eval { "${Core}::Rules"->new(qq({"$long": 1})) }
    },
    'errors of facts' => sub {
        eval { "${Core}::Facts"->new->items(qq({"$long": 1})) }
    },
    'errors of the binding' => sub {
        eval { $Core->ascii(undef) }
    },
    'errors of an option' => sub {
        eval { "${Core}::Record"->read($octets, encoding => $long) }
    },
    'errors of an unknown option' => sub {
        eval { "${Core}::Record"->read($octets, $long => 1) }
    },
    'errors of an argument' => sub {
        eval { $rules->point_keys($long) }
    },
    'errors of octets' => sub {
        eval { "${Core}::Record"->read("\x{159}$long") }
    },
    'errors of the facade' => sub {
        eval { $rules->plan($long, undef) }
    },
    'errors of a wrong handle' => sub {
        eval { $Core->can('Facts_items_json')->($rules, '{}') }
    },
);

for my $name (sort keys %case) {
    cmp_ok growth($case{$name}), '<', $ALLOWED_KB, "$name leave nothing behind";
}

# The measure itself.
my @kept;
cmp_ok growth(sub { push @kept, "${Core}::Record"->read($octets) }), '>', $ALLOWED_KB,
    'what is kept is seen';
cmp_ok growth(sub { ${ "${Core}::Record"->read($octets)->{record} } = 0 }), '>', $ALLOWED_KB,
    'what is not freed is seen';

done_testing;

sub growth ($code) {
    $code->() for 1 .. $TIMES / 10;
    my $before = rss_kb();
    $code->() for 1 .. $TIMES;
    return rss_kb() - $before;
}
