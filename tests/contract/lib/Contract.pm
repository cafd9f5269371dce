package Contract;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT =
    qw(real newer mark later dbh biblio biblio_numbers item_field patron as_patron batch staged matcher
    authority stored find_biblios until_found quietly search_settled);

my ($sandbox, @cleanup, $serial);
my $mark = sprintf 'zzct%x%x', $$, time % 1_000_000;

# Koha must be found before any of its modules is compiled.
BEGIN {
    # Koha makes the database strict when it is run by prove; at a library it is not.
    delete $ENV{_};
    if ($ENV{CONNEXION_CONTRACT_REAL}) {
        $ENV{KOHA_CONF} or die "KOHA_CONF and PERL5LIB must name the real Koha\n";
    } else {
        unshift @INC, abs_path(dirname(__FILE__) . '/../../sandbox/lib');
        require Sandbox;
        $sandbox = Sandbox->start(generation => $ENV{CONNEXION_CONTRACT_GENERATION} // '19.06');
        $sandbox->use_here;
    }
}

use C4::Context;

C4::Context->interface('commandline');

sub sandbox { return $sandbox }

sub real { return !$sandbox }

sub newer { return C4::Context->preference('Version') !~ /\A19\./ }

# Marks what the tests make, so that it can't be taken for anything else.
sub mark ($what = q{}) { return $mark . $what . ++$serial }

sub later ($code) {
    unshift @cleanup, $code;
    return;
}

END {
    my $status = $?;
    for my $code (@cleanup) {
        quietly(
            sub {
                eval { $code->(); 1 } or diag("cleaning up failed: $@");
            }
        );
    }
    $sandbox->stop if $sandbox;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

sub dbh { return C4::Context->dbh }

sub quietly ($code) {
    my $handle = dbh();
    local $handle->{PrintError} = 0;
    local $SIG{__WARN__} = sub { };
    return $code->();
}

# ---------------------------------------------------------------- records

# A record that no other has anything in common with, and its marks.
sub biblio (@fields) {
    require MARC::Record;
    require MARC::Field;
    my $record = MARC::Record->new;
    $record->leader('00000nam a22000007a 4500');
    $record->encoding('UTF-8');
    $record->append_fields(map { ref $_ eq 'ARRAY' ? MARC::Field->new(@{$_}) : $_ } @fields);
    $record->append_fields(
        MARC::Field->new('245', '1', '0', a => mark('title') . ' Title', c => 'by nobody'))
        if !$record->field('245');
    return $record;
}

sub stored ($record, $framework = '') {
    require C4::Biblio;
    my ($number, $item_number) = C4::Biblio::AddBiblio($record, $framework);
    _forget_biblio($number);
    return wantarray ? ($number, $item_number) : $number;
}

sub _forget_biblio ($number) {
    later(
        sub {
            dbh()->do('delete from items where biblionumber = ?', undef, $number);
            C4::Biblio::DelBiblio($number);
            dbh()->do("delete from $_ where biblionumber = ?", undef, $number)
                for qw(deleteditems deletedbiblioitems deletedbiblio);
            dbh()->do(q{delete from action_logs where module = 'CATALOGUING' and object = ?},
                undef, $number);
        }
    );
    return;
}

# For numbers that were given elsewhere.
sub biblio_numbers (@numbers) {
    _forget_biblio($_) for grep { defined } @numbers;
    return;
}

sub item_field (%subfields) {
    my ($library) =
        dbh()->selectrow_array('select branchcode from branches order by branchcode limit 1');
    my ($type) = dbh()->selectrow_array('select itemtype from itemtypes order by itemtype limit 1');
    my %all = (a => $library, b => $library, y => $type, %subfields);
    return MARC::Field->new('952', ' ', ' ',
        map { $_ => $all{$_} } grep { defined $all{$_} } sort keys %all);
}

sub authority ($tag, @subfields) {
    require MARC::Record;
    require MARC::Field;
    my $record = MARC::Record->new;
    $record->leader('00000nz  a2200000n  4500');
    $record->encoding('UTF-8');
    $record->append_fields(MARC::Field->new($tag, ' ', ' ', @subfields));
    return $record;
}

# ---------------------------------------------------------------- patrons

my %BIT = (catalogue => 2, editcatalogue => 9, tools => 13, editauthorities => 14, plugins => 19);

sub patron (%values) {
    require Koha::AuthUtils;
    my $permissions = delete $values{permissions} // [];
    my $password    = delete $values{password};
    my ($library) =
        dbh()->selectrow_array('select branchcode from branches order by branchcode limit 1');
    my ($category) =
        dbh()->selectrow_array('select categorycode from categories order by categorycode limit 1');
    my %row = (
        userid         => mark(),
        cardnumber     => mark('c'),
        surname        => 'Contract',
        firstname      => 'Test',
        branchcode     => $library,
        categorycode   => $category,
        flags          => 2**$BIT{catalogue},
        dateexpiry     => '2099-12-31',
        login_attempts => 0,
        password       => '!',
        %values,
    );
    $row{password} = Koha::AuthUtils::hash_password($password) if defined $password;
    my @columns = sort keys %row;
    dbh()->do(
        sprintf(
            'insert into borrowers (%s) values (%s)',
            join(',', @columns),
            join(',', ('?') x @columns)
        ),
        undef,
        @row{@columns}
    );
    $row{number} = dbh()->last_insert_id(undef, undef, 'borrowers', 'borrowernumber');
    later(sub { dbh()->do('delete from borrowers where borrowernumber = ?', undef, $row{number}) });

    for my $permission (@{$permissions}) {
        dbh()->do(
            'insert into user_permissions (borrowernumber, module_bit, code) values (?, ?, ?)',
            undef, $row{number}, $BIT{ $permission->[0] },
            $permission->[1]
        );
    }
    return \%row;
}

sub as_patron ($patron, $code) {
    C4::Context->_new_userenv("contract-$$") if C4::Context->can('_new_userenv');
    C4::Context->set_userenv(@{$patron}{qw(number userid cardnumber firstname surname branchcode)},
        'A library', $patron->{flags}, 'contract@example.org');
    my @result = $code->();
    if   (C4::Context->can('unset_userenv')) { C4::Context->unset_userenv }
    else                                     { C4::Context::_unset_userenv("contract-$$") }
    return wantarray ? @result : $result[0];
}

# ---------------------------------------------------------------- batches and rules

sub batch (%values) {
    require C4::ImportBatch;
    my $id = C4::ImportBatch::AddImportBatch(
        {
            batch_type    => 'batch',
            import_status => 'staged',
            record_type   => 'biblio',
            file_name     => mark('file'),
            %values,
        }
    );
    later(sub { dbh()->do('delete from import_batches where import_batch_id = ?', undef, $id) });
    return $id;
}

# A record in a batch, with its items; (import_record_id, ids of the items)
sub staged ($batch, $record, $sequence = 1) {
    my $copy  = $record->clone;
    my $id    = C4::ImportBatch::AddBiblioToBatch($batch, $sequence, $copy, 'utf8', 0);
    my @items = C4::ImportBatch::AddItemsToImportBiblio($batch, $id, $copy, 0);
    return ($id, @items);
}

sub matcher (%values) {
    require C4::Matcher;
    my $matcher = C4::Matcher->new($values{record_type} // 'biblio', $values{threshold} // 1000);
    $matcher->code(substr mark(), -10);
    $matcher->description('contract test');
    for my $point (@{ $values{points} // [] }) {
        my ($index, $score, @components) = @{$point};
        $matcher->add_matchpoint($index, $score,
            [map { { offset => 0, length => 0, norms => [], %{$_} } } @components]);
    }
    for my $check (@{ $values{checks} // [] }) {
        $matcher->add_required_check(map { [{ offset => 0, length => 0, norms => [], %{$_} }] }
                @{$check});
    }
    return $matcher;
}

# ---------------------------------------------------------------- searching

sub find_biblios ($query, $most = 20) {
    require Koha::SearchEngine;
    require Koha::SearchEngine::Search;
    my $engine = Koha::SearchEngine::Search->new({ index => $Koha::SearchEngine::BIBLIOS_INDEX });
    return quietly(
        sub { $engine->simple_search_compat($query, 0, $most, undef, skip_normalize => 1) });
}

# The real indexer comes every few seconds, the sandbox's when it is told to.
sub until_found ($code, $seconds = 30) {
    if ($sandbox) {
        $sandbox->index_now;
        return $code->();
    }
    my $until = time + $seconds;
    my $found;
    until ($found = $code->()) {
        return if time > $until;
        sleep 0.3;
    }
    return $found;
}

sub search_settled ($query, $hits = 1) {
    return until_found(
        sub {
            my ($error, $results, $total) = find_biblios($query);
            return !defined $error && $total == $hits;
        }
    );
}

1;

__END__

=encoding utf8

=head1 NAME

Contract - what the contract tests share

=head1 DESCRIPTION

Each test says something about Koha that the plugin relies on. The same files run on the stand-in, which
is the default, and on a real Koha, when C<CONNEXION_CONTRACT_REAL> is set and C<KOHA_CONF> and
C<PERL5LIB> name it. C<CONNEXION_CONTRACT_GENERATION> chooses which versions the stand-in stands for.
Whatever a test makes bears a mark of its own and is removed at its end.

=cut
