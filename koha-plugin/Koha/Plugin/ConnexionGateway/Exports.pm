package Koha::Plugin::ConnexionGateway::Exports;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

# What became of an export, in one word each, and the rows that are meant. A row is of the first that fits.
# Koha undoes imports too.
my @BECAME = (
    [ preview => 'preview = 1' ],
    [ under_way => q{state IN ('received', 'importing')} ],
    [ held => q{state = 'held'} ],
    [ refused => q{state = 'refused'} ],
    [ failed => q{state = 'failed'} ],
    [ repeat => 'repeat_of IS NOT NULL' ],
    [ undone => 'undone_at IS NOT NULL OR _UNDONE_' ],
    [ staged => q{record_id IS NULL AND outcome IN ('add', 'overlay')} ],
    [ added => q{outcome = 'add'} ],
    [ overlaid => q{outcome = 'overlay'} ],
    [ left_alone => q{outcome = 'ignore'} ],
);

my $LIST = 'number, received_at, login, profile, title, state, outcome, record_type, record_id, import_batch_id, milliseconds';

sub new ($class, %args) {
    my $undone = $args{koha}->undone_condition('import_record_id');
    my $case = join ' ', 'CASE', (map {"WHEN $_->[1] THEN '$_->[0]'"} @BECAME), q{ELSE 'failed' END};
    return bless { koha => $args{koha}, became => $case =~ s/_UNDONE_/$undone/r }, $class;
}

sub _table ($self) { return $self->{koha}->table('exports') }

sub outcomes ($class) { return map { $_->[0] } @BECAME }

# ---------------------------------------------------------------- many

# %wanted: search, became, profile, from, to, oldest_first, start, most
sub find ($self, %wanted) {
    my ($where, @values) = $self->_where(\%wanted);
    my $order = $wanted{oldest_first} ? 'ASC' : 'DESC';
    return $self->{koha}->dbh->selectall_arrayref(
        "SELECT $LIST, $self->{became} AS became FROM @{[ $self->_table ]} $where ORDER BY number $order LIMIT ? OFFSET ?",
        { Slice => {} }, @values, $wanted{most} // 20, $wanted{start} // 0);
}

sub count ($self, %wanted) {
    my ($where, @values) = $self->_where(\%wanted);
    return 0 + $self->{koha}->dbh->selectrow_array("SELECT COUNT(*) FROM @{[ $self->_table ]} $where", undef, @values);
}

sub of_record ($self, $type, $id, %range) {
    return $self->{koha}->dbh->selectall_arrayref(
        "SELECT $LIST, $self->{became} AS became FROM @{[ $self->_table ]} WHERE record_type = ? AND record_id = ?"
            . ' ORDER BY number DESC LIMIT ?', { Slice => {} }, $type, $id, $range{most} // 100);
}

sub profiles ($self) {
    return $self->{koha}->dbh->selectcol_arrayref(
        "SELECT DISTINCT profile FROM @{[ $self->_table ]} WHERE profile IS NOT NULL ORDER BY profile");
}

sub _where ($self, $wanted) {
    my $koha = $self->{koha};
    my (@conditions, @values);
    my $add = sub ($condition, @bound) { push @conditions, $condition; push @values, @bound; return };
    $add->("$self->{became} = ?", $wanted->{became}) if length($wanted->{became} // '');
    $add->('profile = ?', $wanted->{profile}) if length($wanted->{profile} // '');
    my $from = $koha->beginning_of_day($wanted->{from});
    my $before = $koha->beginning_of_day($wanted->{to}, 1);
    $add->('received_at >= ?', $from) if defined $from;
    $add->('received_at < ?', $before) if defined $before;
    $add->(_search($wanted->{search})) if length($wanted->{search} // '');
    return (@conditions ? 'WHERE ' . join ' AND ', @conditions : '', @values);
}

# A number is that of an export or a record; other words are looked for in titles and logins. Titles are
# compared without case, which the column's collation is not.
sub _search ($text) {
    my $like = '%' . $text =~ s/([\\%_])/\\$1/gr . '%';
    my $words = '(CONVERT(title USING utf8mb4) COLLATE utf8mb4_general_ci LIKE ? OR login LIKE ?)';
    return ($words, $like, $like) if $text !~ /\A\d{1,9}\z/;
    return ("(number = ? OR record_id = ? OR $words)", $text, $text, $like, $like);
}

# ---------------------------------------------------------------- one

# With the plan as a hash; undef where there is none of that number.
sub one ($self, $number) {
    my $export = $self->{koha}->dbh->selectrow_hashref(
        "SELECT *, $self->{became} AS became FROM @{[ $self->_table ]} WHERE number = ?", undef, $number) or return;
    $export->{plan} = $self->plan_of($export);
    return $export;
}

# As a hash, whether it is one already or a column.
sub plan_of ($class, $export) {
    return $export->{plan} if ref $export->{plan};
    my $octets = $export->{plan} // '';
    utf8::encode($octets) if utf8::is_utf8($octets);
    return length $octets ? eval { JSON::PP->new->utf8->decode($octets) } : undef;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Exports - the journal, as people look into it

=head1 DESCRIPTION

Reads only. A row has C<became>, one of C<outcomes>: what became of the export, in one word.

=head1 METHODS

=head2 new(koha => $koha)

=head2 outcomes

The words, in the order in which the first that fits holds.

=head2 find(%wanted), count(%wanted)

Rows of the list, and how many there are: C<search> (words of a title or login, or a number), C<became>, C<profile>,
C<from> and C<to> (days of the library, YYYY-MM-DD), C<oldest_first>, C<start>, C<most>.

=head2 of_record($type, $id, most => $n)

The exports that touched a record, the newest first.

=head2 profiles

Names of profiles that exports came by.

=head2 one($number)

Everything of one, with its C<plan> as a hash.

=head2 plan_of(\%export)

The plan of a row, as a hash, or undef.

=cut
