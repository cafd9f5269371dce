package Sandbox::Search;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use DBI;
use Encode         ();
use File::Basename qw(dirname);
use File::Spec;
use MARC::Field;
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;
use Sandbox::Conf;
use Unicode::Normalize ();

my $DATA = File::Spec->rel2abs(dirname(__FILE__) . '/../../data');

# Koha's names of indexes, in lower case, with what goes into them: a tag, and the subfields that
# make an entry each, or '' for the whole field as one entry.
my %BIBLIO_INDEX = (
    'isbn'                 => [['020', 'az']],
    'issn'                 => [['022', 'ayz']],
    'control-number'       => [['001', '']],
    'other-control-number' => [['035', '']],
    'lc-card-number'       => [['010', '']],
    'local-number'         => [['999', 'c']],
    'barcode'              => [['952', 'p']],
    'title'                => [map { [$_, ''] } qw(130 240 245 246)],
    'author'               => [map { [$_, ''] } qw(100 110 111 700 710 711)],
    'authority-number'     =>
        [map { [$_, '9'] } qw(100 110 111 130 240 600 610 611 630 650 651 655 700 710 711 730)],
);
my %BIBLIO_ALIAS = (
    nb        => 'isbn',
    ns        => 'issn',
    'lc-card' => 'lc-card-number',
    sn        => 'local-number',
    bc        => 'barcode',
    ti        => 'title',
    au        => 'author',
    an        => 'authority-number',
);
my %AUTHORITY_INDEX = (
    'heading-main'   => [map { [$_, 'a'] } qw(100 110 111 130 148 150 151 155)],
    'heading'        => [map { [$_, ''] } qw(100 110 111 130 148 150 151 155)],
    'lc-card-number' => [['010', 'a']],
    'local-number'   => [['001', '']],
);

sub new ($class, %args) {
    my $self = bless {%args}, $class;
    $self->{config} = $args{config}
        // Sandbox::Conf->read($args{conf} // croak 'a search needs a conf')->{config};
    return $self;
}

# A handle of its own: a search engine sees nothing of its asker's transaction.
sub _dbh ($self) {
    return $self->{dbh} if $self->{dbh} && $self->{pid} == $$ && $self->{dbh}->ping;
    my $config = $self->{config};
    $self->{dbh}{InactiveDestroy} = 1 if $self->{dbh};
    $self->{pid} = $$;
    return $self->{dbh} = DBI->connect(
        "dbi:mysql:database=$config->{search_database};mysql_socket=$config->{socket}",
        $config->{user},
        $config->{pass},
        { RaiseError => 1, PrintError => 0, mysql_enable_utf8 => 1, AutoCommit => 1 }
    );
}

# ---------------------------------------------------------------- the engine's state

sub set_engine ($self, $state) {
    croak "no engine state '$state': ok, down, error or hang"
        if $state !~ /\A(?:ok|down|error|hang)\z/;
    $self->_dbh->do(q{replace into engine (name, value) values ('state', ?)}, undef, $state);
    return;
}

sub state ($self) {
    my ($state) = $self->_dbh->selectrow_array(q{select value from engine where name = 'state'});
    sleep 3600 while ($state // '') eq 'hang';    # until somebody ends the process
    return $state // 'ok';
}

# ---------------------------------------------------------------- searching

# (error, records in MARCXML, total)
sub biblios ($self, $query, $offset, $most) {
    return ('No query entered', undef, undef) if !defined $query || $query eq '';
    my $state = $self->state;
    return ('Temporary system error (2) ZOOM', undef, undef) if $state eq 'error';
    return (undef,                             [],    0)     if $state eq 'down';
    my %found;
    for my $clause (split / OR (?=[\w-]+(?:,\w+)*=)/, $query) {
        my ($index, $value) = $clause =~ /\A([\w-]+)(?:,\w+)*=(.*)\z/s
            or croak "the sandbox's search engine does not understand '$clause'";
        $index = $BIBLIO_ALIAS{ lc $index } // lc $index;
        return ('CCL parsing error (10014) Unknown qualifier ZOOM', undef, undef)
            if !$BIBLIO_INDEX{$index};
        $value =~ s/\A"(.*)"\z/$1/s;
        $found{$_} = 1 for $self->_with_words('biblioserver', $index, $value);
    }
    my @ids     = sort { $a <=> $b } keys %found;
    my $last    = defined $most && $offset + $most < @ids ? $offset + $most - 1 : $#ids;
    my @records = map { $self->_record('biblioserver', $_) } @ids[($offset || 0) .. $last];
    return (undef, \@records, scalar @ids);
}

# (error, numbers); each of the values alone in a field is a hit
sub authorities ($self, $index, @values) {
    my $state = $self->state;
    return ('Connect failed (10000)')                       if $state eq 'down';
    return ('Temporary system error (2)')                   if $state eq 'error';
    return ('Database unavailable (109) authorities') if !$self->_any('records', 'server = ?', 'authorityserver');

    # Zebra knows an index only when some record has an entry in it.
    return ("Unsupported Use attribute (114) $index Bib-1")
        if !$AUTHORITY_INDEX{ lc $index }
        || !$self->_any('entries', 'server = ? and search_index = ?', 'authorityserver', lc $index);
    my %found;
    for my $value (@values) {
        my $sql  = 'select distinct id from entries where server = ? and search_index = ?';
        my @bind = ('authorityserver', lc $index);
        if (length(my $words = _words($value))) {
            $sql .= ' and words = ?';
            push @bind, $words;
        }
        $found{$_} = 1 for @{ $self->_dbh->selectcol_arrayref($sql, undef, @bind) };
    }
    return (undef, sort { $a <=> $b } keys %found);
}

sub _any ($self, $table, $condition, @bind) {
    my ($one) = $self->_dbh->selectrow_array("select 1 from $table where $condition limit 1", undef, @bind);
    return $one;
}

sub _with_words ($self, $server, $index, $value) {
    my $words = _words($value);
    return if $words eq '';
    return @{
        $self->_dbh->selectcol_arrayref(
            'select distinct id from entries where server = ? and search_index = ? and words like ?',
            undef, $server, $index, "%$words%"
        )
    };
}

sub _record ($self, $server, $id) {
    my ($xml) =
        $self->_dbh->selectrow_array('select marcxml from records where server = ? and id = ?',
        undef, $server, $id);
    return $xml;
}

# As Zebra's word index does it: no case, no diacritics, whatever is neither letter nor digit separates.
sub _words ($text) {
    my $plain = lc(Unicode::Normalize::NFKD($text // '') =~ s/\p{Mn}//gr);
    my @words = $plain =~ /[\p{L}\p{N}]+/g;
    return @words ? ' ' . join(' ', @words) . ' ' : '';
}

# ---------------------------------------------------------------- indexing

# Records become findable here and nowhere else, as with Koha's indexer.
sub index_queue ($self) {
    my $dbh   = $self->_dbh;
    my $queue = "`$self->{config}{database}`.zebraqueue";
    my $rows  = $dbh->selectall_arrayref(
        "select id, biblio_auth_number, operation, server from $queue where done = 0 order by id",
        { Slice => {} });
    for my $row (@{$rows}) {
        my $xml =
              $row->{operation} eq 'recordDelete' ? undef
            : $row->{server} eq 'biblioserver'    ? $self->_biblio_xml($row->{biblio_auth_number})
            :   $self->_authority_xml($row->{biblio_auth_number});
        $self->_index($row->{server}, $row->{biblio_auth_number}, $xml);
        $dbh->do("update $queue set done = 1 where id = ?", undef, $row->{id});
    }
    return scalar @{$rows};
}

sub _index ($self, $server, $id, $xml) {
    my $dbh = $self->_dbh;
    $dbh->do("delete from $_ where server = ? and id = ?", undef, $server, $id)
        for qw(records entries);
    return if !defined $xml;
    my $record = eval { MARC::Record->new_from_xml($xml, 'UTF-8') };
    if (!$record) {
        warn "the sandbox cannot index $server $id: $@";
        return;
    }
    $dbh->do('insert into records (server, id, marcxml) values (?, ?, ?)',
        undef, $server, $id, $xml);
    my $indexes = $server eq 'biblioserver' ? \%BIBLIO_INDEX : \%AUTHORITY_INDEX;
    my $insert =
        $dbh->prepare('insert into entries (server, id, search_index, words) values (?, ?, ?, ?)');
    for my $index (sort keys %{$indexes}) {
        for my $words (map { _entries($record, @{$_}) } @{ $indexes->{$index} }) {
            $insert->execute($server, $id, $index, substr $words, 0, 2000);
        }
    }
    return;
}

sub _entries ($record, $tag, $codes) {
    my @texts;
    for my $field ($record->field($tag)) {
        if    ($field->is_control_field) { push @texts, $field->data }
        elsif ($codes eq '')             { push @texts, $field->as_string }
        else {
            push @texts, map { $field->subfield($_) } split //, $codes;
        }
    }
    return grep { length } map { _words($_) } @texts;
}

sub _biblio_xml ($self, $id) {
    my $dbh      = $self->_dbh;
    my $database = $self->{config}{database};
    my ($xml)    = $dbh->selectrow_array(
        "select metadata from `$database`.biblio_metadata where biblionumber = ? and format = 'marcxml'",
        undef, $id
    );
    return if !defined $xml;
    my $items = $dbh->selectall_arrayref("select * from `$database`.items where biblionumber = ?",
        { Slice => {} }, $id);
    return $xml if !@{$items};
    my $record = MARC::Record->new_from_xml($xml, 'UTF-8');
    $record->append_fields(map { $self->_item_field($_) } @{$items});
    return $record->as_xml_record('MARC21');
}

sub _item_field ($self, $item) {
    my @subfields = map {
        my ($tag, $code, $column) = @{$_};
        my $value = $item->{ $column =~ s/\Aitems\.//r };
        defined $value && length $value ? ($code => $value) : ();
    } grep { $_->[2] =~ /\Aitems\./ } @{ $self->_fields };
    return MARC::Field->new('952', ' ', ' ', @subfields);
}

sub _fields ($self) {
    return $self->{fields} if $self->{fields};
    open my $in, '<', "$DATA/kohafields.tsv" or croak "cannot read kohafields.tsv: $!";
    my @fields = map { chomp; [split /\t/] } grep { !/^#/ } <$in>;
    close $in or croak "cannot read kohafields.tsv: $!";
    return $self->{fields} = \@fields;
}

sub _authority_xml ($self, $id) {
    my ($xml) = $self->_dbh->selectrow_array(
        "select marcxml from `$self->{config}{database}`.auth_header where authid = ?",
        undef, $id);
    return $xml;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Search - a search engine that behaves like Zebra where matching meets it

=head1 DESCRIPTION

Finds by words within one field, in their order, without case and diacritics; knows nothing of a record
until C<index_queue> has taken it from Koha's C<zebraqueue>; answers an unknown index with an error.

=head1 METHODS

=head2 new(conf =E<gt> $path)

The search engine of the instance with this F<koha-conf.xml>; or C<config>, its content.

=head2 biblios($query, $offset, $most)

C<(error, [MARCXML], total)>. The query is of the form C<index="words" OR index="words">.

=head2 authorities($index, @values)

C<(error, numbers)> of the authorities that have one of the values as a whole field.

=head2 index_queue

Indexes what is queued; returns how many entries of the queue there were.

=head2 set_engine($state), state

C<ok>; C<error>, an answer that is an error; C<down>, no search engine there, which looks like nothing found
until the connection is asked; C<hang>. For all processes.

=cut
