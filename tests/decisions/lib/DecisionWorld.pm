package DecisionWorld;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# A case of the decision table made real: its records, items and matching rule in the sandbox's
# Koha, its settings in a profile. What is in the database is asked over a connection of its own.

use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5 qw(md5_hex);
use JSON::PP    ();
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;

use DecisionCheck qw(octets plain);
use DecisionCases::Records qw(without);

my $PLUGIN = 'Koha::Plugin::ConnexionGateway';
my $JSON   = JSON::PP->new->utf8->canonical;

# Koha's modules are loaded here, so the sandbox must have been put to use before.
sub new ($class, $sandbox) {
    require C4::AuthoritiesMarc;
    require C4::Biblio;
    require C4::Context;
    require C4::Items;
    require C4::Matcher;
    C4::Context->interface('commandline');
    for my $module (qw(Importer Koha Schema Settings)) {
        require "Koha/Plugin/ConnexionGateway/$module.pm";    ## no critic (RequireBarewordIncludes)
    }
    my $koha = "${PLUGIN}::Koha"->new;
    "${PLUGIN}::Schema"->install($koha);
    my $self = bless {
        sandbox  => $sandbox, dbh => $sandbox->dbh, rules => {}, koha => $koha,
        importer => "${PLUGIN}::Importer"->new(koha => $koha),
        settings => "${PLUGIN}::Settings"->new(koha => $koha),
    }, $class;
    $self->{tables} = $self->_tables;
    return $self;
}

sub dbh ($self) { return $self->{dbh} }

# ---------------------------------------------------------------- names that nobody else has

# {what the case has => what it gets}: numbers, titles, barcodes, each with the case's own number.
sub _names ($serial) {
    my $isbn = sub ($n) { return _isbn13(sprintf '978%06d%03d', $serial, $n) };
    my $one = $isbn->(1);
    return (
        '9780142437247' => $one, '0142437247' => _isbn10($one), '9780306406157' => $isbn->(2),
        '123456789' => "71$serial" . '1', '987654321' => "71$serial" . '2', '00000777' => "71$serial" . '3',
        '777' => "71$serial" . '3', 'b1234' => "b71$serial",
        '79041870' => sprintf('%07d1', $serial), '79041871' => sprintf('%07d2', $serial),
        (map { $_ => "$_ k${serial}z" } 'The voyage out', 'Voyage out', 'Orlando', 'Something else',
            "The  Voyage, \x{d3}ut!", 'Woolf, Virginia', 'WOOLF, Virginia.', 'Joyce, James'),
        (map { $_ => "T$serial-$_" } qw(3001 3001a 3001A 3002 3003 3017 3018 3020 3070)),
    );
}

sub _isbn13 ($body) {
    my $sum = 0;
    $sum += substr($body, $_, 1) * ($_ % 2 ? 3 : 1) for 0 .. 11;
    return $body . (10 - $sum % 10) % 10;
}

sub _isbn10 ($isbn13) {
    my $body = substr $isbn13, 3, 9;
    my $sum = 0;
    $sum += substr($body, $_, 1) * (10 - $_) for 0 .. 8;
    my $check = (11 - $sum % 11) % 11;
    return $body . ($check == 10 ? 'X' : $check);
}

# Whole values only, but for what stands behind an OCLC prefix or before a qualifier.
sub _renamed ($record, $names) {
    my $any = join '|', map {quotemeta} sort { length $b <=> length $a } keys %{$names};
    my $rename = sub ($text) { return $text =~ s/(?<![A-Za-z0-9])(|\(OCoLC\)|ocn|ocm|n\s*)($any)(?![A-Za-z0-9])/$1$names->{$2}/gr };
    return {
        leader => $record->{leader},
        fields => [
            map {
                my $field = $_;
                defined $field->{data} ? { %{$field}, data => $field->{tag} eq '001' ? $rename->($field->{data}) : $field->{data} }
                    : { %{$field}, subfields => [ map { [ $_->[0], $field->{tag} =~ /\A(?:0[0123]|[12]..|9[45])/ ? $rename->($_->[1]) : $_->[1] ] }
                        @{ $field->{subfields} } ] }
            } @{ $record->{fields} }
        ],
    };
}

# ---------------------------------------------------------------- records and items

my $serial = 1000;

# Makes what the case's facts speak of; {case, record, profile settings, ids}.
sub settle ($self, $case) {
    my $number = ++$serial;
    my %names  = _names($number);
    my $real = { case => $case, number => $number, type => $case->{rules}{record_type}, ids => {}, gone => [] };
    my %candidates = %{ $case->{facts}{candidates} // {} };
    for my $id (sort { $a <=> $b } keys %candidates) {
        my $record = _renamed($candidates{$id}, \%names);
        my %past = map { $_ => $case->{facts}{$_}{$id} } qw(edited last_005);
        $real->{ids}{$id} = $real->{type} eq 'biblio' && grep({defined} values %past)
            ? $self->_import($real, $record, \%past) : $self->_add_record($real->{type}, $record);
    }
    $self->_settle_gone($real, \%names);
    my %items = $self->_settle_items($real, \%names);
    $real->{profile} = $self->_profile($real);
    $real->{record} = _pointing(_renamed($case->{record}, \%names), $case->{rules}, $real->{ids}, \%items);
    return $real;
}

sub _add_record ($self, $type, $record) {
    my $marc = MARC::Record->new_from_usmarc(octets($record));
    $marc->encoding('UTF-8');
    return C4::AuthoritiesMarc::AddAuthority($marc, undef, C4::AuthoritiesMarc::GuessAuthTypeCode($marc))
        if $type eq 'authority';
    my ($number) = C4::Biblio::AddBiblio($marc, '');
    return $number;
}

# A record that came through the gateway before, and may have been edited since.
sub _import ($self, $real, $record, $past) {
    my @fields = grep { $_->{tag} !~ /\A(?:005|952)\z/ } @{ $record->{fields} };
    my $dated = $past->{last_005};
    my ($behind) = grep { $fields[$_]{tag} gt '005' } 0 .. $#fields;
    splice @fields, $behind, 0, { tag => '005', data => $dated } if defined $dated;
    $self->save_profile({
        name => 'before', login => 'before', authentication => 'profile', write_as => 'cataloguer', retry_window => 0,
        matching_rule => '', overlay_action => 'ignore', item_action => 'ignore', $self->{before}++ ? () : (password => 'table'),
    }) if !$self->{before};
    my $export = $self->_send('before', { %{$record}, fields => \@fields });
    my $id = $export->{record_id} // die "not imported: $export->{text}\n";
    $real->{past}{last_005}{$id} = $dated if defined $dated;
    return $id if !$past->{edited};
    $real->{past}{edited}{$id} = 1;
    my $marc = MARC::Record->new_from_xml($self->row(biblio_metadata => biblionumber => $id)->{metadata}, 'UTF-8');
    $marc->append_fields(MARC::Field->new('599', ' ', ' ', a => 'edited'));
    C4::Biblio::ModBiblio($marc, $id, '');
    return $id;
}

# Found by the search engine, which does not know yet that it was deleted.
sub _settle_gone ($self, $real, $names) {
    my $like = without(_renamed($real->{case}{record}, $names), '999');
    my %gone = map { $_->[1] => 1 } grep { !$real->{ids}{ $_->[1] } } @{ $real->{case}{facts}{hits} // [] };
    for my $id (sort keys %gone) {
        my $number = $self->_add_record($real->{type}, $like);
        $real->{ids}{$id} = $number;
        push @{ $real->{gone} }, $number;
    }
    return;
}

my %ITEM = (17 => [ 34, '3017' ], 18 => [ 34, '3018' ], 20 => [ 36, '3020' ], 70 => [ 70, '3070' ]);

# {item number of the case => real one}: only those that the record's own items speak of.
sub _settle_items ($self, $real, $names) {
    my %said = map { $_->[1] => 1 } map { @{ $_->{subfields} // [] } } @{ $real->{case}{record}{fields} };
    my %numbers = (999 => 99_999_999);
    return %numbers if $real->{type} eq 'authority';
    for my $item (sort keys %ITEM) {
        my ($biblio, $barcode) = @{ $ITEM{$item} };
        next if !$said{$item} && !$said{$barcode};
        my $owner = $real->{ids}{$biblio}
            //= $self->_add_record('biblio', { leader => '00000nam a2200000I  4500', fields => [
                { tag => '245', ind1 => '1', ind2 => '0', subfields => [ [ a => "Owner $real->{number} $biblio" ] ] } ] });
        my $marc = MARC::Record->new;
        $marc->append_fields(MARC::Field->new('952', ' ', ' ', a => 'FFL', b => 'FFL', y => 'MP', c => 'GEN',
            o => "call $item", z => 'of before', p => $names->{$barcode}));
        (undef, undef, $numbers{$item}) = C4::Items::AddItemFromMarc($marc, $owner);
    }
    return %numbers;
}

# What points to records and items gets their real numbers, or one that nothing has.
my $NOBODY = 88_888_888;

sub _pointing ($record, $rules, $ids, $items) {
    my $source = $rules->{item_source};
    my $renumbered = sub ($tag, $code, $value) {
        return $value =~ s/(\d+)/$ids->{$1} \/\/ $NOBODY/er if $tag eq '999' && $code eq 'c' && $value =~ /\A\s*[1-9]\d{0,2}\s*\z/;
        my $is_number = $tag eq '952' && $code eq '9' || $source && $tag eq $source->{tag} && $code eq 'n';
        return $is_number ? $items->{$value} // $value : $value;
    };
    return {
        leader => $record->{leader},
        fields => [
            map {
                my $field = $_;
                defined $field->{data} ? $field : { %{$field}, subfields =>
                        [ map { [ $_->[0], $renumbered->($field->{tag}, @{$_}) ] } @{ $field->{subfields} } ] }
            } @{ $record->{fields} }
        ],
    };
}

# The search engine learns of everything, then what is gone goes.
sub index_all ($self, @real) {
    $self->{sandbox}->index_now;
    for my $real (@real) {
        my ($sql, $dbh) = ($real->{type} eq 'authority' ? 'auth_header WHERE authid' : 'biblio WHERE biblionumber', $self->{dbh});
        $dbh->do("DELETE FROM $sql = ?", undef, $_) for @{ $real->{gone} };
    }
    return;
}

# ---------------------------------------------------------------- the profile

my @SWITCHES = qw(briefer_level older edited other_kind other_language other_number other_title);

sub _profile ($self, $real) {
    my $rules  = plain($real->{case}{rules});
    my $prefix = $real->{type} eq 'authority' ? 'authority_' : '';
    my $code   = $rules->{matching_rule} ? $self->_matching_rule($rules->{matching_rule}) : '';
    my $target = $rules->{target_field};
    my $source = $rules->{item_source};
    my $guards = $rules->{guards} // {};
    my %profile = (
        name => 'table', login => 'table', authentication => 'profile', write_as => 'cataloguer',
        record_types => [qw(biblio authority)], retry_window => 0,
        overlay_action => 'ignore', matching_rule => '',
        "${prefix}matching_rule" => $code, "${prefix}overlay_action" => $rules->{on_match},
        "${prefix}nomatch_action" => $rules->{on_no_match},
        mode => $rules->{mode}, item_action => $rules->{items},
        (map { $_ => $rules->{$_} } grep { defined $rules->{$_} } qw(several_matches no_match_keys item_conflict)),
        target_field => $target ? "$target->{tag} \$$target->{subfield}" : '',
        guard_fewer_fields => $guards->{fewer_fields} // 0,
        (map { ("guard_$_" => $guards->{$_} ? 1 : 0) } @SWITCHES),
        local_fields => [ map {"$_->{fields}: $_->{policy}"} @{ $rules->{local_fields} // [] } ],
        item_source => $source
        ? [ map {"$source->{tag} \$$_ -> \$$source->{subfields}{$_}"} sort keys %{ $source->{subfields} } ] : [],
        (map { ("default_$_" => $rules->{item_defaults}{$_} // '') } qw(homebranch holdingbranch itype ccode)),
    );
    $profile{password} = 'table' if !$self->{saved}++;
    return \%profile;
}

sub save_profile ($self, $profile) { return $self->{settings}->save_profile($profile) }

# One of Koha's for each that the cases have.
sub _matching_rule ($self, $rule) {
    my $key = $JSON->encode($rule);
    return $self->{rules}{$key} if $self->{rules}{$key};
    my $matcher = C4::Matcher->new($rule->{record_type}, $rule->{threshold});
    my $code = 'TABLE' . (1 + keys %{ $self->{rules} });
    $matcher->code($code);
    $matcher->description('of the decision table');
    $matcher->add_matchpoint(@{$_}{qw(index score components)}) for @{ $rule->{matchpoints} };
    $matcher->add_required_check(map { $_->{components} } @{$_}{qw(source target)}) for @{ $rule->{required_checks} };
    $matcher->store;
    return $self->{rules}{$key} = $code;
}

# ---------------------------------------------------------------- the export

sub export ($self, $real) { return $self->_send('table', $real->{record}) }

# The row of the journal with its plan, and the reply as `text`.
sub _send ($self, $login, $record) {
    my $answer = $self->{importer}->handle(
        { peer => '192.0.2.1', readings => [ { login => $login, password => 'table' } ], records => [ octets($record) ] },
        sub ($numbers) { });
    my $export = $self->{dbh}->selectrow_hashref(
        'SELECT * FROM koha_plugin_connexiongateway_exports ORDER BY number DESC LIMIT 1');
    $export->{plan} = defined $export->{plan} ? JSON::PP->new->decode($export->{plan}) : undef;
    return { %{$export}, text => $answer->{text} };
}

# ---------------------------------------------------------------- what the database holds

# The rules as they stand in Koha: what a profile can't say is as Koha has it.
sub rules ($self, $real) {
    my $rules = plain($real->{case}{rules});
    delete @{$rules}{qw(koha_numbers_tag oclc_into_035 koha_overlay_rules)};
    my $rule = $rules->{matching_rule};
    $rules->{matching_rule} = { %{$rule}, code => $self->_matching_rule($rule) } if $rule;
    $rules->{items} = 'ignore' if $rules->{record_type} eq 'authority';
    return $rules;
}

# What a plan is made from, but for what is found.
sub facts ($self, $real) {
    my %records = map { ($_ => $self->record($real->{type}, $_)) } values %{ $real->{ids} };
    delete $records{$_} for grep { !$records{$_} } keys %records;
    return { candidates => \%records, items => $self->_item_facts($real->{record}), %{ $real->{past} // {} } };
}

# What was found, as the plan tells it: searching is not what is looked at here.
sub hits ($class, $plan) {
    my @hits;
    for my $candidate (@{ $plan->{match}{candidates} // [] }) {
        push @hits, map { [ $_->{matchpoint}, $candidate->{id}, $_->{source} ] } @{ $candidate->{found_by} };
    }
    return \@hits;
}

# Records of other cases that were found: this one has left them as they were.
sub add_others ($self, $real, $facts) {
    my %own = map { $_ => 1 } values %{ $real->{ids} };
    for my $id (grep { !$own{$_} } map { $_->[1] } @{ $facts->{hits} }) {
        my $record = $self->record($real->{type}, $id) // next;
        $facts->{candidates}{$id} //= $record;
    }
    return;
}

sub record ($self, $type, $id) {
    my ($xml) = $self->{dbh}->selectrow_array($type eq 'authority'
        ? 'SELECT marcxml FROM auth_header WHERE authid = ?'
        : 'SELECT metadata FROM biblio_metadata WHERE biblionumber = ?', undef, $id);
    return defined $xml ? from_xml($xml) : undef;
}

# As plain data, whatever made it.
sub from_xml ($xml) {
    my $marc = MARC::Record->new_from_xml($xml, 'UTF-8');
    return { leader => $marc->leader, fields => [ map { _from_marc($_) } $marc->fields ] };
}

sub _from_marc ($field) {
    return { tag => $field->tag, data => $field->data } if $field->is_control_field;
    return { tag => $field->tag, ind1 => $field->indicator(1), ind2 => $field->indicator(2),
        subfields => [ map { [ @{$_} ] } $field->subfields ] };
}

# By the database's own comparison: it takes small letters for capitals, in barcodes too.
sub _item_facts ($self, $record) {
    my $dbh = $self->{dbh};
    my (%barcodes, %itemnumbers);
    for my $said (map { $_->[1] } map { @{ $_->{subfields} } } grep { $_->{tag} =~ /\A9[45]/ } @{ $record->{fields} }) {
        my ($item) = @{ $self->rows('SELECT itemnumber, biblionumber FROM items WHERE barcode = ?', $said) };
        $barcodes{$said} = $item if $item;
        ($item) = $said =~ /\A\d+\z/ ? @{ $self->rows('SELECT biblionumber FROM items WHERE itemnumber = ?', $said) } : ();
        $itemnumbers{$said} = $item if $item;
    }
    return {
        barcodes => \%barcodes, itemnumbers => \%itemnumbers,
        libraries => $dbh->selectcol_arrayref('SELECT branchcode FROM branches'),
        itemtypes => $dbh->selectcol_arrayref('SELECT itemtype FROM itemtypes'),
    };
}

sub row ($self, $table, $key, $value) {
    return $self->{dbh}->selectrow_hashref("SELECT * FROM $table WHERE $key = ?", undef, $value);
}

sub rows ($self, $sql, @values) { return $self->{dbh}->selectall_arrayref($sql, { Slice => {} }, @values) }

# ---------------------------------------------------------------- every row of every table

# {table => {key => digest of the row}}, but for the plugin's own tables.
sub snapshot ($self) {
    my %snapshot;
    for my $table (sort keys %{ $self->{tables} }) {
        my $rows = $self->{dbh}->selectall_arrayref($self->{tables}{$table});
        $snapshot{$table} = { map { $_->[0] => $_->[1] } @{$rows} };
    }
    return \%snapshot;
}

sub _tables ($self) {
    my (%keys, %columns);
    my $rows = $self->{dbh}->selectall_arrayref(
        'SELECT table_name, column_name, column_key FROM information_schema.columns'
            . ' WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position');
    for my $row (@{$rows}) {
        my ($table, $column, $key) = @{$row};
        next if $table =~ /\Akoha_plugin_/;
        push @{ $columns{$table} }, "COALESCE(`$column`, '\\\\N')";
        push @{ $keys{$table} }, "`$column`" if $key eq 'PRI';
    }
    return { map {
        my $digest = 'MD5(CONCAT_WS(0x1F, ' . join(', ', @{ $columns{$_} }) . '))';
        my $key = $keys{$_} ? 'CONCAT_WS(0x1F, ' . join(', ', @{ $keys{$_} }) . ')' : $digest;
        ($_ => "SELECT $key, $digest FROM `$_`");
    } keys %columns };
}

# {table => {added => [keys], changed => [keys], gone => [keys]}}, of tables that differ.
sub changes ($class, $before, $after) {
    my %changes;
    for my $table (keys %{$after}) {
        my ($old, $new) = ($before->{$table} // {}, $after->{$table});
        my %one = (
            added   => [ sort grep { !exists $old->{$_} } keys %{$new} ],
            changed => [ sort grep { exists $old->{$_} && $old->{$_} ne $new->{$_} } keys %{$new} ],
            gone    => [ sort grep { !exists $new->{$_} } keys %{$old} ],
        );
        delete $one{$_} for grep { !@{ $one{$_} } } keys %one;
        $changes{$table} = \%one if %one;
    }
    return \%changes;
}

1;
