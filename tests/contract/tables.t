# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/lib';
use lib abs_path(dirname(__FILE__) . '/../sandbox/lib');
use Contract;
use Koha::Database;
use Sandbox::Tables;
use Test::More;

my $tables  = Sandbox::Tables->tables(newer() ? 'newer' : '19.06');
my $columns = dbh()->selectall_hashref(
    'select concat(table_name, ".", column_name) as place, column_type, is_nullable, extra
        from information_schema.columns where table_schema = database()', 'place'
);
my $schema = Koha::Database->new->schema;

sub describe {
    my ($type, $nullable, $extra) = @_;
    return join ' ', $type, $nullable ? 'null' : 'not null',
        $extra =~ /auto_increment/ ? 'auto_increment' : ();
}

for my $name (sort keys %{$tables}) {
    subtest $name => sub {
        for my $column (@{ $tables->{$name}{columns} }) {
            my $there = $columns->{"$name.$column->{name}"};
            if (!ok($there, "$column->{name} is there")) { next }
            is(
                describe($there->{column_type}, $there->{is_nullable} eq 'YES', $there->{extra}),
                describe($column->{type},       $column->{rest} !~ /not null/,  $column->{rest}),
                "type of $column->{name}"
            );
        }
        my $source    = Sandbox::Tables->source_name($name);
        my $resultset = eval { $schema->resultset($source) };
        ok($resultset, "its class is $source");
        is($resultset->result_source->from, $name, 'and stands for the table') if $resultset;
        return                                                                 if !$resultset;
        ok(
            $resultset->result_source->has_relationship(
                Sandbox::Tables->relationship_name($_->{column})
            ),
            "$_->{column} leads to a record"
        ) for @{ $tables->{$name}{foreign} };
    };
}

is(
    $schema->source('ImportRecordMatch')->has_column('chosen') ? 1 : 0,
    newer()                                                    ? 1 : 0,
    'chosen is not in 19.06'
);

done_testing;
