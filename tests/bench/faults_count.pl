#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
#   FAULTS_DATABASE='["dbi:…","user","password"]' faults_count.pl KILLS FILE
#
# FILE has a line of JSON for each export: {marker, series, version, staged, reply}. Looks for the
# markers in Koha's tables and prints {kills, acknowledged, lost, twice, stuck}; exit status 1 when
# one of the last three is not 0, and 2 when it could not count. Shares no code with the plugin.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use DBI;
use JSON::PP ();

exit(eval { main(@ARGV) } // complain($@));

sub complain ($error) {
    print {*STDERR} "faults_count.pl: $error";
    return 2;
}

sub main ($kills, $file) {
    my @exports = exports($file);
    my $koha = koha(@exports);
    my %count = (kills => 0 + $kills, acknowledged => 0, lost => 0, twice => 0, stuck => $koha->{stuck});
    for my $export (@exports) {
        my $acknowledged = ($export->{reply} // '') =~ /\ASuccess[.]/;
        my ($problem, $twice) = $export->{staged} ? staged($koha, $export) : direct($koha, $export);
        $count{acknowledged}++ if $acknowledged;
        $count{lost}++ if $acknowledged && $problem;
        $count{twice}++ if $twice;
        report($export, $problem // 'twice') if ($acknowledged && $problem) || $twice;
    }
    print JSON::PP->new->canonical->encode(\%count), "\n";
    return $count{lost} + $count{twice} + $count{stuck} ? 1 : 0;
}

sub report ($export, $problem) {
    my $reply = $export->{reply} // '(no reply)';
    $reply =~ s/\n.*//s;
    print {*STDERR} "$export->{marker}: $problem; told: $reply\n";
    return;
}

sub exports ($file) {
    open my $in, '<', $file or die "$file: $!\n";
    my @exports = map { JSON::PP->new->decode($_) } <$in>;
    close $in or die "$file: $!\n";
    die "$file holds no exports\n" if !@exports;
    return @exports;
}

# By marker: the import records and the items; by series: the biblios, with the version in each.
sub koha (@exports) {
    my ($run) = $exports[0]{marker} =~ /\A(r\d+)q/ or die "no marker: $exports[0]{marker}\n";
    my $marker = qr/\b(${run}q(\d+)v(\d+)z)\b/;
    my ($dsn, $user, $password) = @{ JSON::PP->new->decode($ENV{FAULTS_DATABASE} // die "FAULTS_DATABASE is not set\n") };
    my $dbh = DBI->connect($dsn, $user, $password, { RaiseError => 1, PrintError => 0 });
    my (%imports, %items, %biblios);
    for my $row (rows($dbh, 'SELECT import_batch_id, status, marcxml FROM import_records WHERE marcxml LIKE ?', $run)) {
        push @{ $imports{$1} }, { batch => $row->[0], status => $row->[1] } if $row->[2] =~ $marker;
    }
    for my $row (rows($dbh, 'SELECT biblionumber, itemcallnumber FROM items WHERE itemcallnumber LIKE ?', $run)) {
        push @{ $items{$1} }, $row->[0] if $row->[1] =~ $marker;
    }
    for my $row (rows($dbh, 'SELECT biblionumber, metadata FROM biblio_metadata WHERE metadata LIKE ?', $run)) {
        $biblios{ 0 + $2 }{ $row->[0] } = 0 + $3 if $row->[1] =~ $marker;
    }
    my ($stuck) = $dbh->selectrow_array(q{SELECT COUNT(*) FROM koha_plugin_connexiongateway_exports
        WHERE state IN ('received', 'importing')});
    return { imports => \%imports, items => \%items, biblios => \%biblios, stuck => 0 + $stuck };
}

sub rows ($dbh, $sql, $run) { return @{ $dbh->selectall_arrayref($sql, undef, "%${run}q%") } }

# What is wrong, where the export was told to have succeeded; and whether it came twice.
sub direct ($koha, $export) {
    my @imports = @{ $koha->{imports}{ $export->{marker} } // [] };
    my @items = @{ $koha->{items}{ $export->{marker} } // [] };
    my %biblios = %{ $koha->{biblios}{ $export->{series} } // {} };
    my ($batch, $biblio) = numbers($export);
    my $problem =
          @imports != 1                          ? scalar(@imports) . ' import records'
        : $imports[0]{status} ne 'imported'      ? "the import record is $imports[0]{status}"
        : $imports[0]{batch} != $batch           ? "in batch $imports[0]{batch}"
        : !$biblios{$biblio}                     ? "no biblio $biblio"
        : $biblios{$biblio} < $export->{version} ? "set back to version $biblios{$biblio}"
        : @items != 1                            ? scalar(@items) . ' items'
        : $items[0] != $biblio                   ? "the item is on biblio $items[0]"
        :                                          undef;
    return ($problem, @imports > 1 || @items > 1 || keys %biblios > 1);
}

sub staged ($koha, $export) {
    my @imports = @{ $koha->{imports}{ $export->{marker} } // [] };
    my ($batch) = numbers($export);
    my $problem =
          @imports != 1                   ? scalar(@imports) . ' import records'
        : $imports[0]{status} ne 'staged' ? "the import record is $imports[0]{status}"
        : $imports[0]{batch} != $batch    ? "in batch $imports[0]{batch}"
        : $koha->{items}{ $export->{marker} } || $koha->{biblios}{ $export->{series} } ? 'not only staged'
        :                                                                                undef;
    return ($problem, @imports > 1);
}

sub numbers ($export) {
    my ($batch) = ($export->{reply} // '') =~ /Batch number (\d+)/;
    my ($biblio) = ($export->{reply} // '') =~ /biblio record number (\d+)/;
    return ($batch // 0, $biblio // 0);
}
