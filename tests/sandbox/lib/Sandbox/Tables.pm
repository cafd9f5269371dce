package Sandbox::Tables;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp           qw(croak);
use File::Basename qw(dirname);
use File::Spec;

my $DATA = File::Spec->rel2abs(dirname(__FILE__) . '/../../data');

my %IRREGULAR = (
    biblioitems                 => 'Biblioitem',
    items                       => 'Item',
    branches                    => 'Branch',
    categories                  => 'Category',
    itemtypes                   => 'Itemtype',
    borrowers                   => 'Borrower',
    import_batches              => 'ImportBatch',
    import_record_matches       => 'ImportRecordMatch',
    systempreferences           => 'Systempreference',
    deletedbiblio               => 'Deletedbiblio',
    deletedbiblioitems          => 'Deletedbiblioitem',
    deleteditems                => 'Deleteditem',
    deletedbiblio_metadata      => 'DeletedbiblioMetadata',
    biblio_metadata             => 'BiblioMetadata',
    plugin_data                 => 'PluginData',
    matchchecks                 => 'Matchcheck',
    need_merge_authorities      => 'NeedMergeAuthority',
    userflags                   => 'Userflag',
    virtualshelves              => 'Virtualshelve',
    virtualshelfcontents        => 'Virtualshelfcontent',
    authorised_value_categories => 'AuthorisedValueCategory',
);

sub tables ($class, $generation) {
    my %tables;
    _read("$DATA/tables-19.06.txt", \%tables);
    _read("$DATA/tables-newer.txt", \%tables) if $generation eq 'newer';
    return \%tables;
}

sub _read ($file, $tables) {
    open my $in, '<', $file or croak "cannot read '$file': $!";
    my $table;
    while (my $line = <$in>) {
        chomp $line;
        next if $line eq '' || $line =~ /^#/;
        if ($line =~ /^(\w+)$/) {
            $table = $tables->{$1} //= {
                name    => $1,
                columns => [],
                keys    => [],
                foreign => [],
                order   => scalar keys %{$tables}
            };
            next;
        }
        _read_part($table, $line) or croak "$file: what is '$line'?";
    }
    close $in or croak "cannot read '$file': $!";
    return;
}

sub _read_part ($table, $line) {
    if    ($line =~ /^  primary (\S+)$/)      { $table->{primary} = $1 }
    elsif ($line =~ /^  (unique|key) (\S+)$/) { push @{ $table->{keys} }, [$1, $2] }
    elsif ($line =~ /^  foreign (\w+) (\w+)\.(\w+)(.*)$/) {
        push @{ $table->{foreign} }, { column => $1, table => $2, to => $3, rules => $4 };
    } elsif ($line =~ /^  (\w+) (\w+(?:\((?:[^()']|'[^']*')*\))?(?: unsigned)?)(.*)$/) {
        push @{ $table->{columns} }, { name => $1, type => $2, rest => $3 };
    } else {
        return 0;
    }
    return 1;
}

sub ddl ($class, $generation) {
    my $tables = $class->tables($generation);
    return map { _create($_) } sort { $a->{order} <=> $b->{order} } values %{$tables};
}

sub _create ($table) {
    my @parts = map { "`$_->{name}` $_->{type}$_->{rest}" } @{ $table->{columns} };
    push @parts, 'primary key (' . _quoted($table->{primary}) . ')' if $table->{primary};
    push @parts,
        map { ($_->[0] eq 'unique' ? 'unique key' : 'key') . ' (' . _quoted($_->[1]) . ')' }
        @{ $table->{keys} };
    push @parts,
        map { "foreign key (`$_->{column}`) references `$_->{table}` (`$_->{to}`)$_->{rules}" }
        @{ $table->{foreign} };
    return
          "create table `$table->{name}` ("
        . join(', ', @parts)
        . ') engine=InnoDB default charset=utf8mb4 collate=utf8mb4_unicode_ci';
}

sub _quoted ($columns) { return $columns =~ s/(\w+)((?:\(\d+\))?)(?=,|$)/`$1`$2/gr }

sub source_name ($class, $table) {
    return $IRREGULAR{$table} if $IRREGULAR{$table};
    my $name = join '', map { ucfirst } split /_/, $table;
    return $name =~ s/(?<=[^s])s$//r;
}

# A relationship to another record is named like its column, less an "_id": so $item->biblionumber
# is a record and no number.
sub relationship_name ($class, $column) { return $column =~ s/_id$//r }

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Tables - Koha's tables as facts, for the DDL and for the schema classes

=head1 METHODS

=head2 tables($generation)

All tables by name: C<{name, columns =E<gt> [{name, type, rest}], primary, keys, foreign, order}>.
The generation is C<19.06> or C<newer>.

=head2 ddl($generation)

One C<create table> statement for each, in an order that foreign keys allow.

=head2 source_name($table), relationship_name($column)

The names that Koha's DBIx::Class schema has for them.

=cut
