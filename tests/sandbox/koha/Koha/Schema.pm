package Koha::Schema;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use base 'DBIx::Class::Schema';

use C4::Context;
use DBIx::Class::Core ();
use Sandbox::Tables;

my %NUMERIC = map { $_ => 1 } qw(int bigint smallint tinyint decimal);

__PACKAGE__->_make_classes(C4::Context->config('generation') // '19.06');

sub _make_classes ($class, $generation) {
    my $tables = Sandbox::Tables->tables($generation);
    my %result_class =
        map { $_ => 'Koha::Schema::Result::' . Sandbox::Tables->source_name($_) } keys %{$tables};
    for my $name (sort keys %{$tables}) {
        my $result_class = $result_class{$name};
        {
            no strict 'refs';    ## no critic (ProhibitNoStrict)
            @{"${result_class}::ISA"} = ('DBIx::Class::Core');
        }
        _describe($result_class, $tables->{$name});
    }
    _relate($tables->{$_}, \%result_class, $tables) for sort keys %{$tables};
    for my $name (sort keys %{$tables}) {
        $class->register_class(Sandbox::Tables->source_name($name), $result_class{$name});
    }
    return;
}

sub _describe ($result_class, $table) {
    $result_class->table($table->{name});
    for my $column (@{ $table->{columns} }) {
        my ($type) = $column->{type} =~ /\A(\w+)/;
        $result_class->add_columns(
            $column->{name} => {
                data_type         => $type,
                is_nullable       => $column->{rest} =~ /not null/       ? 0 : 1,
                is_auto_increment => $column->{rest} =~ /auto_increment/ ? 1 : 0,
                is_numeric        => $NUMERIC{$type} ? 1 : 0,
            }
        );
    }
    $result_class->set_primary_key(_columns($table->{primary})) if $table->{primary};
    for my $key (@{ $table->{keys} }) {
        $result_class->add_unique_constraint([_columns($key->[1])]) if $key->[0] eq 'unique';
    }
    return;
}

sub _columns ($list) {
    return map { s/\(\d+\)//r } split /,/, $list;
}

sub _relate ($table, $result_class, $tables) {
    for my $foreign (@{ $table->{foreign} }) {
        my $mine     = $result_class->{ $table->{name} };
        my $other    = $result_class->{ $foreign->{table} };
        my ($column) = grep { $_->{name} eq $foreign->{column} } @{ $table->{columns} };
        $mine->belongs_to(
            Sandbox::Tables->relationship_name($foreign->{column}),
            $other,
            { "foreign.$foreign->{to}" => "self.$foreign->{column}" },
            { is_deferrable => 1, join_type => $column->{rest} =~ /not null/ ? '' : 'LEFT' }
        );
        my $back = $table->{name} =~ s/metadata\z/metadatas/r;
        next if $other->has_relationship($back);
        $other->has_many(
            $back, $mine,
            { "foreign.$foreign->{column}" => "self.$foreign->{to}" },
            { cascade_copy                 => 0, cascade_delete => 0 }
        );
    }
    return;
}

1;
