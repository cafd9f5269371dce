package Koha::Plugin::ConnexionGateway::Koha;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();

use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Password;
use Koha::Plugin::ConnexionGateway::Storage;

my $PASSWORD = 'Koha::Plugin::ConnexionGateway::Password';

# Errors after which the same work may be tried again: lock wait timeout, deadlock, and the ways
# in which a connection to the database is lost.
my %LOST = map { $_ => 1 } 2002, 2003, 2006, 2013, 1053, 1077, 1927;
my %RETRIABLE = (%LOST, 1205 => 1, 1213 => 1);

# The same, where only the words are left of an error.
my $LOST_IN_WORDS = qr/server[ ]has[ ]gone[ ]away | lost[ ]connection[ ]to | connection[ ]to[ ]the[ ]database[ ]was[ ]lost
    | connection[ ]was[ ]killed | DBI[ ]connection[ ]failed | server[ ]shutdown[ ]in[ ]progress
    | turning[ ](?:on|off)[ ]AutoCommit[ ]failed /xi;

our $in_transaction = 0;

# Set on a handle whose connection is made as it should be.
my $GUARDED = 'private_connexiongateway_guarded';

my $loaded = 0;

my $SESSION = 'connexion-gateway';

sub new ($class) {
    my $self = bless {}, $class;
    _load_koha();
    C4::Context->interface('commandline') if !_interface();
    return $self;
}

# Koha is loaded here and not at compile time: Koha compiles every module of a plugin when it is
# uploaded, and the listener runs without it.
sub _load_koha {
    return if $loaded;
    require C4::Context;
    require Koha::Database;
    require C4::Auth;
    require C4::Biblio;
    require C4::ImportBatch;
    require C4::Items;
    require C4::Matcher;
    require C4::Search;
    require C4::AuthoritiesMarc;
    require Koha::Patrons;
    require Koha::SearchEngine;
    require Koha::SearchEngine::Search;
    require Koha::SearchEngine::QueryBuilder;
    require Koha::Caches;
    require Koha::Cache::Memory::Lite;
    require MARC::Record;
    require MARC::Field;
    return $loaded = 1;
}

sub _interface {
    my $interface = eval { C4::Context->interface };
    return $interface && $interface =~ /\A(?:intranet|commandline|cron|api)\z/ ? $interface : undef;
}

# ---------------------------------------------------------------- the instance

sub preference ($self, $name) { return C4::Context->preference($name) }

sub forget_caches ($self) {
    Koha::Caches->flush_L1_caches if Koha::Caches->can('flush_L1_caches');
    Koha::Cache::Memory::Lite->flush;
    return;
}

# ---------------------------------------------------------------- the database

sub schema ($self) { return Koha::Database->new->schema }

sub dbh ($self) { return $self->schema->storage->dbh }

sub table ($self, $name) { return "koha_plugin_connexiongateway_$name" }

sub transaction ($self, $code) {
    my $storage = $self->schema->storage;
    my $dbh = $self->_guarded_handle($storage);
    my @swallowed;

    # Koha's handle does not raise errors, and some of Koha's code catches those it is given.
    # Whatever went wrong in here is noted, so that nothing is committed that was not written.
    local $dbh->{RaiseError} = 1;
    local $dbh->{PrintError} = 0;
    local $dbh->{HandleError} = sub ($message, $handle, @) {
        push @swallowed, [ $handle->err // 0, $message ];
        return 0;
    };
    local $in_transaction = 1;
    _forget_statements($dbh);

    my $result;
    my $done = eval {
        $storage->txn_begin;
        $dbh->do('SET SESSION innodb_lock_wait_timeout = 10');
        $result = $code->($dbh);
        _raise_database_error(@{ $swallowed[0] }) if @swallowed;
        $storage->txn_commit;
        1;
    };
    my $error = $@;
    _forget_statements($dbh);
    return $result if $done;
    eval { $storage->txn_rollback; 1 } or _drop_connection($storage);
    die $error if ref $error && !@swallowed;    # what we raised ourselves
    _raise_database_error(@{ $swallowed[0] }) if @swallowed;
    _raise_database_error(2013, $error) if $error =~ $LOST_IN_WORDS;
    die $error;
}

# A statement that DBIx::Class has kept raises or not as its handle did when it was made.
sub _forget_statements ($dbh) {
    %{ $dbh->{CachedKids} } = () if $dbh->{CachedKids};
    return;
}

# What is outside of transactions, too. A connection that is lost is dropped, so that the next try has
# another.
sub steadily ($self, $code) {
    local $self->{database_error} = undef;
    my $result;
    my $done = eval {
        $self->_guarded_handle($self->schema->storage);
        local $Koha::Plugin::ConnexionGateway::Storage::known_to_be_connected = 1;
        $result = $code->();
        1;
    };
    return $result if $done;
    my $error = $@;
    my $number = $self->is_lost($error) ? 2013 : $self->{database_error};
    _drop_connection($self->schema->storage) if $self->is_lost($error);
    my $ours = Koha::Plugin::ConnexionGateway::Error->code_of($error);
    _raise_database_error($number, "$error") if $number && !$ours;
    die $error;
}

sub is_lost ($self, $error) {
    return $LOST{ ($error->can('values') ? $error->values->{number} : undef) // 0 }
        if Koha::Plugin::ConnexionGateway::Error->code_of($error);
    return $error =~ $LOST_IN_WORDS;
}

# Koha's handle leaves errors to be asked for. In a process of our own they are raised, outside of
# transactions too: a profile that can't be read is not a profile that is not there.
sub raise_errors ($self) {
    my $storage = $self->schema->storage;
    $self->_refuse_reconnects($storage);
    my $raise = sub ($connected) {
        @{ $connected->_dbh }{qw(RaiseError PrintError)} = (1, 0);
        $connected->_dbh->{HandleError} = sub ($message, $handle, @) { $self->{database_error} = $handle->err; return 0 };
        return;
    };
    _also_when_connecting($storage, $raise);
    $raise->($storage);
    Koha::Plugin::ConnexionGateway::Storage->take($storage);
    return $self;
}

# A lost connection is replaced in silence by a new one without a transaction: what is written
# after that would be committed piece by piece.
sub _refuse_reconnects ($self, $storage) {
    return if $self->{guarded} && $self->{guarded} == $storage;
    _also_when_connecting($storage, sub ($connected) {
        die "the connection to the database was lost\n" if $in_transaction;
        $connected->_dbh->{$GUARDED} = 1;
        return;
    });
    $self->{guarded} = $storage;
    $storage->dbh->{$GUARDED} = 1;
    return;
}

# DBIx::Class leaves out what is to be done when connecting where a connection is lost while that is
# being done: such a one is made again.
sub _guarded_handle ($self, $storage) {
    $self->_refuse_reconnects($storage);
    my $dbh = $storage->dbh;
    return $dbh if $dbh->{$GUARDED};
    _drop_connection($storage);
    return $storage->dbh;
}

sub _also_when_connecting ($storage, $code) {
    my $calls = $storage->on_connect_call;
    my @calls = ref $calls eq 'ARRAY' ? @{$calls} : defined $calls ? $calls : ();
    $storage->on_connect_call([ @calls, $code ]);
    return;
}

sub _drop_connection ($storage) {
    local $in_transaction = 0;
    eval { $storage->disconnect; 1 } or warn "disconnecting from the database failed: $@";
    return;
}

sub _raise_database_error ($number, $message) {
    $message =~ s/\s+\z//;
    $number = 2013 if !$RETRIABLE{$number} && $message =~ $LOST_IN_WORDS;
    Koha::Plugin::ConnexionGateway::Error->throw(
        code => $RETRIABLE{$number} ? 'database.retry' : 'database.failed',
        message => $message,
        values => { number => $number },
    );
    return;
}

# ---------------------------------------------------------------- patrons

sub patron ($self, %by) {
    my $patron = Koha::Patrons->find(\%by) or return;
    my $branch = $self->schema->resultset('Branch')->find($patron->branchcode);
    return {
        number => $patron->borrowernumber,
        userid => $patron->userid,
        cardnumber => $patron->cardnumber,
        firstname => $patron->firstname,
        surname => $patron->surname,
        branch => $patron->branchcode,
        branchname => $branch ? $branch->branchname : '',
        flags => $patron->flags // 0,
        email => $patron->email,
        categorycode => $patron->categorycode,
        expired => $patron->is_expired ? 1 : 0,
        locked_by_staff => ($patron->login_attempts // 0) < 0 ? 1 : 0,
    };
}

sub check_password ($self, $login, @passwords) {
    my $patron = Koha::Patrons->find({ userid => $login })
        // Koha::Patrons->find({ cardnumber => $login });
    return (undef, 'locked') if $patron && $patron->account_locked;
    my $hash = $patron ? $patron->password : undef;
    return $patron->userid if grep { $PASSWORD->remembers($_, $hash) } @passwords;
    my $password = $self->_likely_password($patron, @passwords);
    my @answer = _checkpw($login, $password);
    return (undef, 'wrong_login')
        if !@answer || !defined $answer[0] || $answer[0] !~ /\A-?\d+\z/ || $answer[0] != 1;
    $PASSWORD->remember($password, $hash);
    return $answer[2] // ($patron ? $patron->userid : undef);
}

# Each wrong try counts towards Koha's lockout, so of several readings of one password only the
# one that fits the stored hash is tried.
sub _likely_password ($self, $patron, @passwords) {
    my $hash = $patron ? $patron->password : undef;
    return $passwords[0] if @passwords == 1 || !$hash || !C4::Auth->can('checkpw_hash');
    for my $password (@passwords) {
        return $password if C4::Auth::checkpw_hash($password, $hash);
    }
    return $passwords[0];
}

# Until 22.11 the database handle was the first argument.
sub _checkpw ($login, $password) {
    return C4::Auth::checkpw($login, $password, undef, 'staff', 1) if _checkpw_without_handle();
    return C4::Auth::checkpw(C4::Context->dbh, $login, $password, undef, 'staff', 1);
}

sub _checkpw_without_handle {
    my ($major, $minor) = (C4::Context->preference('Version') // '0.00') =~ /\A(\d+)\.(\d\d)/;
    return $major > 22 || ($major == 22 && $minor >= 11) || _development_after_22_05($major, $minor);
}

sub _development_after_22_05 ($major, $minor) { return $major == 22 && $minor == 6 }

sub missing_permissions ($self, $userid, @wanted) {
    return grep { !C4::Auth::haspermission($userid, { $_->[0] => $_->[1] }) } @wanted;
}

# Afterwards the environment is the one that was there before: that of a page's patron, or none.
sub as_patron ($self, $patron, $code) {
    my $before = C4::Context->userenv;
    $before = { %{$before} } if $before;
    my $result = eval {
        _set_userenv(@{$patron}{qw(number userid cardnumber firstname surname branch branchname flags email)});
        [ $code->() ];
    };
    my $error = $@;
    $before ? _restore_userenv($before) : _unset_userenv();
    die $error if !$result;
    return wantarray ? @{$result} : $result->[0];
}

sub _set_userenv (@values) {
    C4::Context->_new_userenv($SESSION) if C4::Context->can('_new_userenv');
    C4::Context->set_userenv(map { $_ // '' } @values);
    return;
}

# What is set in their order is the same in all versions; more is put back as it was.
sub _restore_userenv ($before) {
    _set_userenv(@{$before}{qw(number id cardnumber firstname surname branch branchname flags emailaddress)});
    %{ C4::Context->userenv } = %{$before};
    return;
}

# The older one is a function that takes the session, whatever its name promises.
sub _unset_userenv {
    return C4::Context->unset_userenv if C4::Context->can('unset_userenv');
    return C4::Context::_unset_userenv($SESSION);    ## no critic (ProtectPrivateSubs)
}

# ---------------------------------------------------------------- the staff interface

# The patron who is logged in to the staff interface.
sub current_userid ($self) {
    my $environment = C4::Context->userenv or return;
    return $environment->{id};
}

# As Koha names it, like 'fr-FR'.
sub language ($self, $cgi) {
    require C4::Languages;
    return C4::Languages::getlanguage($cgi);
}

# A moment of our tables, which is UTC, as the library writes dates.
sub local_time ($self, $moment) {
    my ($year, $month, $day, $hour, $minute, $second) =
        ($moment // '') =~ /\A(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/ or return '';
    require DateTime;
    require Koha::DateUtils;
    return Koha::DateUtils::output_pref({ dt => DateTime->new(year => $year, month => $month, day => $day,
        hour => $hour, minute => $minute, second => $second, time_zone => 'UTC') });
}

# When a day of the library's begins, as our tables write it.
sub beginning_of_day ($self, $day, $days_later = 0) {
    my ($year, $month, $date) = ($day // '') =~ /\A(\d{4})-(\d\d)-(\d\d)\z/ or return;
    require DateTime;
    my $beginning = eval { DateTime->new(year => $year, month => $month, day => $date, time_zone => C4::Context->tz) } // return;
    return $beginning->add(days => $days_later)->set_time_zone('UTC')->strftime('%Y-%m-%d %H:%M:%S');
}

sub csrf_token ($self, $cgi) {
    require Koha::Token;
    return Koha::Token->new->generate_csrf({ session_id => scalar $cgi->cookie('CGISESSID') });
}

sub csrf_passes ($self, $cgi) {
    require Koha::Token;
    return Koha::Token->new->check_csrf({
        session_id => scalar $cgi->cookie('CGISESSID'),
        token => scalar $cgi->param('csrf_token'),
    }) ? 1 : 0;
}

# ---------------------------------------------------------------- what profiles choose from

sub matching_rules ($self, $record_type = undef) {
    my @rules = map {
        {   id => $_->matcher_id, code => $_->code, description => $_->description,
            record_type => $_->record_type, threshold => $_->threshold,
        }
    } $self->schema->resultset('MarcMatcher')->search({}, { order_by => 'code' })->all;
    return [ grep { !$record_type || $_->{record_type} eq $record_type } @rules ];
}

sub matching_rule ($self, $code) {
    my $id = C4::Matcher::GetMatcherId($code) or return;
    my $matcher = C4::Matcher->fetch($id) or return;
    my $dump = $matcher->dump;
    return {
        id => $id,
        rule => {
            code => $matcher->{code} // $code,
            record_type => $dump->{record_type} // 'biblio',
            threshold => 0 + ($matcher->{threshold} // 0),
            matchpoints => [ map { _matchpoint($_) } @{ $dump->{matchpoints} } ],
            required_checks => [
                map { {
                    source => { components => _components($_->{source_matchpoint}) },
                    target => { components => _components($_->{target_matchpoint}) },
                } } @{ $dump->{matchchecks} }
            ],
        },
    };
}

sub _matchpoint ($point) {
    return {
        index => $point->{index}, score => 0 + $point->{score}, components => _components($point),
    };
}

sub _components ($point) {
    return [
        map { {
            tag => $_->{tag},
            subfields => join('', sort keys %{ $_->{subfields} }),
            offset => 0 + ($_->{offset} // 0),
            length => 0 + ($_->{length} // 0),
            norms => [ grep { defined && length } @{ $_->{norms} } ],
        } } @{ $point->{components} }
    ];
}

sub libraries ($self) {
    return { map { $_->branchcode => $_->branchname }
            $self->schema->resultset('Branch')->search->all };
}

sub itemtypes ($self) {
    return { map { $_->itemtype => $_->description }
            $self->schema->resultset('Itemtype')->search->all };
}

sub frameworks ($self) {
    return { map { $_->frameworkcode => $_->frameworktext }
            $self->schema->resultset('BiblioFramework')->search->all };
}

sub item_fields ($self) {
    my %fields;
    for my $column (qw(itemnumber barcode homebranch holdingbranch itype ccode)) {
        my ($tag, $code) = C4::Biblio::GetMarcFromKohaField("items.$column");
        $fields{tag} = $tag if $column eq 'itemnumber';
        $fields{$column} = $code if defined $code;
    }
    return \%fields;
}

# The subfields of the item field that there are, whether or not a column is behind them.
sub item_subfields ($self) {
    my $tag = $self->item_fields->{tag};
    my @codes = $self->schema->resultset('MarcSubfieldStructure')
        ->search({ frameworkcode => '', tagfield => $tag })->get_column('tagsubfield')->all;
    return { tag => $tag, codes => [ sort @codes ] };
}

sub collections ($self) {
    return { map { $_->authorised_value => $_->lib }
            $self->schema->resultset('AuthorisedValue')->search({ category => 'CCODE' })->all };
}

sub biblionumber_tag ($self) {
    my ($tag) = C4::Biblio::GetMarcFromKohaField('biblio.biblionumber');
    return $tag;
}

# Of a biblio record, for people: {itemnumber, barcode, homebranch, holdingbranch, callnumber, itype} each.
sub items_of ($self, $biblionumber) {
    my @items = $self->schema->resultset('Item')
        ->search({ biblionumber => $biblionumber }, { order_by => 'itemnumber' })->all;
    return [ map { _item_told($_->get_columns) } @items ];
}

sub _item_told (%item) {
    return { callnumber => $item{itemcallnumber}, map { $_ => $item{$_} } qw(itemnumber barcode homebranch holdingbranch itype) };
}

# Versions that have these rules have the preference for them.
sub has_overlay_rules ($self) {
    return _has_options() && C4::Context->preference('MARCOverlayRules') ? 1 : 0;
}

sub due_date_subfield ($self) {
    my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('items.onloan');
    return $code;
}

# ---------------------------------------------------------------- finding records

sub search ($self, $record_type, $index, $keys, $most = 100) {
    return [] if !@{$keys};
    return $record_type eq 'authority'
        ? $self->_search_authorities($index, $keys)
        : $self->_search_biblios($index, $keys, $most);
}

sub _search_biblios ($self, $index, $keys, $most) {
    my $phrase = C4::Context->preference('AggressiveMatchOnISBN')
        || C4::Context->preference('AggressiveMatchOnISSN') ? ',phr' : '';
    my $query = join ' OR ', map { my $key = $_ =~ s/["\\]/ /gr; qq{$index$phrase="$key"} } @{$keys};
    my ($error, $results, $total) = $self->_engine->simple_search_compat($query, 0, $most, undef,
        skip_normalize => 1);
    Koha::Plugin::ConnexionGateway::Error->throw(
        code => 'search.failed', message => "Koha's search engine answered: $error")
        if defined $error;
    _refuse_silent_zebra() if !@{ $results // [] };
    return [ grep { defined } map { $self->_biblionumber($_) } @{ $results // [] } ];
}

# Where Zebra does not run Koha's search finds nothing and says nothing. ZOOM's codes from 10000 on
# are about the connection; asking for the connection again would make a new one without them.
sub _refuse_silent_zebra {
    return if (C4::Context->preference('SearchEngine') // '') ne 'Zebra';
    my $context = $C4::Context::context or return;
    my $connection = $context->{Zconn}{'biblioserver::1'} or return;
    my $code = eval { $connection->errcode } // 0;
    Koha::Plugin::ConnexionGateway::Error->throw(
        code => 'search.failed', message => "Zebra does not answer (ZOOM error $code)")
        if $code >= 10_000;
    return;
}

sub _engine ($self) {
    return $self->{engine} //=
        Koha::SearchEngine::Search->new({ index => $Koha::SearchEngine::BIBLIOS_INDEX });
}

sub _biblionumber ($self, $hit) {
    my $record = C4::Search::new_record_from_zebra('biblioserver', $hit) or return;
    my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('biblio.biblionumber');
    my $field = $record->field($tag) or return;
    return $field->is_control_field ? $field->data : $field->subfield($code);
}

sub _search_authorities ($self, $index, $keys) {
    my $builder = $self->{authority_builder} //= Koha::SearchEngine::QueryBuilder->new(
        { index => $Koha::SearchEngine::AUTHORITIES_INDEX });
    my $engine = $self->{authority_engine} //=
        Koha::SearchEngine::Search->new({ index => $Koha::SearchEngine::AUTHORITIES_INDEX });
    # One key at a time: 19.06 dies of a search for several. The numbers alone: for what it shows of a hit
    # Koha searches for the biblio records that use it.
    my $numbers_alone = 1;
    my %found;
    for my $key (@{$keys}) {
        my $query = $builder->build_authorities_query_compat([$index], ['and'], [], ['exact'], [$key], undef,
            'AuthidAsc');
        my ($results, $total) = $engine->search_auth_compat($query, 0, 20, $numbers_alone);
        next if !defined $total && $self->_has_no_entries_yet($index);
        Koha::Plugin::ConnexionGateway::Error->throw(code => 'search.failed',
            message => "Koha's search for authorities failed (index $index)")
            if !defined $total;
        $found{ $_->{authid} } = 1 for @{ $results // [] };
    }
    return [ sort { $a <=> $b } keys %found ];
}

# Koha's names of Zebra's indexes of authorities, those that a matching rule has use for.
my %AUTHORITY_INDEX = map { $_ => 1 } qw(heading heading-main match match-heading match-subdivision
    personal-name corporate-name conference-name meeting-name title-uniform subject-topical name-geographic
    term-genre-form chronological-term lc-card-number local-number control-number identifier-standard record-source);

# Zebra knows an index from the first record on that has an entry in it, and a database from the first
# record on: until then it answers with an error (114, 109) where it means that there is none.
sub _has_no_entries_yet ($self, $index) {
    my $context = $C4::Context::context or return 0;
    my ($connection) = grep { defined } map { $context->{Zconn}{"authorityserver::$_"} } 0, 1;
    my $code = $connection ? eval { $connection->errcode } // 0 : 0;
    return !$self->_has_old_authority if $code == 109;
    return $code == 114 && $AUTHORITY_INDEX{ lc $index };
}

# One that the indexer must have seen by now. What came in later the gateway's own tables know.
sub _has_old_authority ($self) {
    my ($old) = $self->dbh->selectrow_array(
        'SELECT 1 FROM auth_header WHERE modification_time < NOW() - INTERVAL 10 MINUTE LIMIT 1');
    return $old;
}

sub record_xml ($self, $record_type, $id) {
    if ($record_type eq 'authority') {
        my $authority = $self->schema->resultset('AuthHeader')->find($id) or return;
        return _octets($authority->marcxml);
    }
    my $metadata = $self->schema->resultset('BiblioMetadata')
        ->search({ biblionumber => $id, format => 'marcxml' })->first
        or return;
    return _octets($metadata->metadata);
}

# As it is now, whatever this transaction has seen before; nobody else can change it until it ends.
sub lock_record ($self, $record_type, $id) {
    my %lock = (for => 'update');
    if ($record_type eq 'authority') {
        my $authority = $self->schema->resultset('AuthHeader')->search({ authid => $id }, \%lock)->first or return;
        return _octets($authority->marcxml);
    }
    my $metadata = $self->schema->resultset('BiblioMetadata')
        ->search({ biblionumber => $id, format => 'marcxml' }, \%lock)->first
        or return;
    return _octets($metadata->metadata);
}

sub _octets ($xml) {
    return if !defined $xml;
    utf8::encode($xml) if utf8::is_utf8($xml);
    return $xml;
}

# What a record holds but for the time of its last change (005), to tell whether it was edited.
sub content_digest ($self, $record_type, $id) {
    my $xml = $self->record_xml($record_type, $id) // return;
    $xml =~ s{<controlfield tag="005">[^<]*</controlfield>\s*}{};
    return Digest::SHA::sha256_hex($xml);
}

sub record_exists ($self, $record_type, $id) {
    my $set = $record_type eq 'authority' ? 'AuthHeader' : 'Biblio';
    return $self->schema->resultset($set)->find($id) ? 1 : 0;
}

# ---------------------------------------------------------------- all records, for the index of identifiers

# Where the records are, what tells that one was changed, and whether that has an index.
my %STORED = (
    biblio => {
        table => 'biblio_metadata', id => 'biblionumber', xml => 'metadata', time => '`timestamp`',
        only => q{r.format = 'marcxml'}, dated => 1,
    },
    authority => {
        table => 'auth_header', id => 'authid', xml => 'marcxml', time => 'modification_time',
        only => '1 = 1', dated => 0,
    },
);

# Whether records can be asked for by the time of their last change.
sub finds_by_time ($self, $record_type) { return $STORED{$record_type}{dated} }

sub record_count ($self, $record_type, $up_to = undef) {
    my $stored = $STORED{$record_type};
    my ($where, @values) = defined $up_to ? (" AND r.$stored->{id} <= ?", $up_to) : ('');
    return scalar $self->dbh->selectrow_array(
        "SELECT COUNT(*) FROM $stored->{table} r WHERE $stored->{only}$where", undef, @values);
}

sub highest_record ($self, $record_type) {
    my $stored = $STORED{$record_type};
    return scalar($self->dbh->selectrow_array("SELECT MAX($stored->{id}) FROM $stored->{table}")) // 0;
}

sub record_ids ($self, $record_type, $after, $most) {
    my $stored = $STORED{$record_type};
    return $self->dbh->selectcol_arrayref(
        "SELECT r.$stored->{id} FROM $stored->{table} r WHERE r.$stored->{id} > ? AND $stored->{only}"
            . " ORDER BY r.$stored->{id} LIMIT " . int $most, undef, $after);
}

# (ids => \@ids) or (after => $id, most => $n): {id, stamp, settled, digest, xml} in the order of their numbers.
# What was changed in this second or the last one may be changed again without another stamp.
sub stored_records ($self, $record_type, %which) {
    my $stored = $STORED{$record_type};
    my @ids = @{ $which{ids} // [] };
    return [] if $which{ids} && !@ids;
    my ($where, @values) = $which{ids}
        ? ("r.$stored->{id} IN (" . join(',', ('?') x @ids) . ')', @ids)
        : ("r.$stored->{id} > ?", $which{after});
    my $limit = $which{ids} ? '' : ' LIMIT ' . int $which{most};
    my $records = $self->dbh->selectall_arrayref(
        "SELECT r.$stored->{id} AS id, UNIX_TIMESTAMP(r.$stored->{time}) AS stamp,"
            . " r.$stored->{time} < NOW() - INTERVAL 2 SECOND AS settled,"
            . " MD5(r.$stored->{xml}) AS digest, r.$stored->{xml} AS xml FROM $stored->{table} r"
            . " WHERE $where AND $stored->{only} ORDER BY r.$stored->{id}$limit",
        { Slice => {} }, @values);
    $_->{xml} = _octets($_->{xml}) for @{$records};
    return $records;
}

# Of a list of Koha's ("virtual shelf"): {name, ids}, or nothing where there is none with that number.
sub list ($self, $number) {
    my ($name) = $self->dbh->selectrow_array('SELECT shelfname FROM virtualshelves WHERE shelfnumber = ?', undef, $number);
    return if !defined $name;
    my $ids = $self->dbh->selectcol_arrayref(
        'SELECT DISTINCT biblionumber FROM virtualshelfcontents WHERE shelfnumber = ? ORDER BY biblionumber', undef, $number);
    return { name => $name, ids => $ids };
}

# Those that were changed at that moment (of the library's clock) or later, in the order of their numbers.
sub records_since ($self, $record_type, $moment) {
    my $stored = $STORED{$record_type};
    return $self->dbh->selectcol_arrayref(
        "SELECT r.$stored->{id} FROM $stored->{table} r WHERE r.$stored->{time} >= ? AND $stored->{only} ORDER BY r.$stored->{id}",
        undef, $moment);
}

# Numbers of records, with their stamps, that $seen (a table with record_type, record_id, stamp,
# settled and digest) doesn't have, or has as they were. Chosen by the time of their last change (from
# `since`; contents are compared from `closely`), or by number (`above`, `up_to`).
sub records_unlike ($self, $record_type, $seen, %range) {
    my $stored = $STORED{$record_type};
    my (@where, @values);
    if (defined $range{since}) {
        push @where, "r.$stored->{time} >= FROM_UNIXTIME(?)";
        push @values, $range{since};
    }
    if (defined $range{above}) {
        push @where, "r.$stored->{id} > ? AND r.$stored->{id} <= ?";
        push @values, $range{above}, $range{up_to} // 4_294_967_295;
    }
    my $order = defined $range{since} ? "r.$stored->{time}, r.$stored->{id}" : "r.$stored->{id}";
    return $self->dbh->selectall_arrayref(
        "SELECT r.$stored->{id} AS id, UNIX_TIMESTAMP(r.$stored->{time}) AS stamp FROM $stored->{table} r"
            . " LEFT JOIN $seen s ON s.record_type = ? AND s.record_id = r.$stored->{id}"
            . ' WHERE ' . join(' AND ', @where, $stored->{only})
            . " AND (s.record_id IS NULL OR s.stamp <> UNIX_TIMESTAMP(r.$stored->{time})"
            . " OR (s.settled = 0 AND r.$stored->{time} >= FROM_UNIXTIME(?)"
            . " AND s.digest <> UNHEX(MD5(r.$stored->{xml}))))"
            . " ORDER BY $order LIMIT " . int $range{most},
        { Slice => {} }, $record_type, @values, $range{closely} // 0);
}

# The database's clock in seconds since 1970; and with a moment the latest one, not after it, that
# means the same when it is written as local time: the hour that is there twice is not.
sub database_time ($self, $moment = undef) {
    my $dbh = $self->dbh;
    return scalar $dbh->selectrow_array('SELECT UNIX_TIMESTAMP()') if !defined $moment;
    for my $hours (0 .. 3) {
        my $earlier = $moment - 3600 * $hours;
        my $means = $dbh->selectrow_array('SELECT UNIX_TIMESTAMP(FROM_UNIXTIME(?))', undef, $earlier);
        return $earlier if $means <= $moment;
    }
    return $moment - 4 * 3600;
}

# One process at a time: true where no other has that lock. It goes with the connection.
sub name_lock ($self, $name) {
    return scalar $self->dbh->selectrow_array('SELECT GET_LOCK(LEFT(CONCAT(DATABASE(), ?), 60), 0)', undef, ".$name");
}

sub name_unlock ($self, $name) {
    $self->dbh->do('DO RELEASE_LOCK(LEFT(CONCAT(DATABASE(), ?), 60))', undef, ".$name");
    return;
}

# For hooks, within a process of Koha's: what they do belongs to the transaction they are called in.
sub hook_handle ($class) { return C4::Context->dbh }

# ---------------------------------------------------------------- what an administrator asks

sub version ($self) { return C4::Context->preference('Version') // '' }

# Without an object of the plugin, which may upgrade it. `hooks`: in versions that have a preference
# for them, whether Koha calls the plugin's hooks.
sub plugin_state ($self) {
    my $rows = $self->dbh->selectall_arrayref(
        q{SELECT plugin_key, plugin_value FROM plugin_data WHERE plugin_class = ?}, undef,
        'Koha::Plugin::ConnexionGateway');
    my %data = map { $_->[0] => $_->[1] } @{$rows};
    my $hooks = C4::Context->preference('UseKohaPlugins');
    return {
        allowed => C4::Context->config('enable_plugins') ? 1 : 0, disabled => _is_switched_off(\%data),
        installed => %data ? 1 : 0, enabled => $data{__ENABLED__} ? 1 : 0,
        hooks => defined $hooks && length $hooks && !$hooks ? 0 : 1,
    };
}

# Asked before each export, so that nothing is imported by a plugin that somebody has switched off. Where
# Koha has noted nothing nobody has.
sub plugin_disabled ($self) { return $self->plugin_state->{disabled} }

sub _is_switched_off ($data) {
    return 1 if !C4::Context->config('enable_plugins');
    return defined $data->{__ENABLED__} && !$data->{__ENABLED__} ? 1 : 0;
}

sub search_engine ($self) { return C4::Context->preference('SearchEngine') // 'Zebra' }

# The record that was saved last: {id, age} in seconds.
sub newest_record ($self, $record_type) {
    my $stored = $STORED{$record_type};
    return $self->dbh->selectrow_hashref(
        "SELECT r.$stored->{id} AS id, UNIX_TIMESTAMP() - UNIX_TIMESTAMP(r.$stored->{time}) AS age"
            . " FROM $stored->{table} r WHERE $stored->{only} ORDER BY r.$stored->{id} DESC LIMIT 1");
}

# What waits to be indexed: {waiting, age} with the seconds that the oldest one waits; nothing where
# Koha keeps no such queue.
sub index_queue ($self) {
    return if $self->search_engine ne 'Zebra';
    return $self->dbh->selectrow_hashref('SELECT COUNT(*) AS waiting,'
            . ' COALESCE(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(MIN(time)), 0) AS age FROM zebraqueue WHERE done = 0');
}

# Where Koha's Z39.50 server is open to others, as {address, user, password} on this machine; nothing where it is not.
sub public_z3950 ($self) {
    require XML::LibXML;
    my $conf = eval { XML::LibXML->load_xml(location => $ENV{KOHA_CONF}, no_network => 1) } or return;
    my ($listens) = $conf->findvalue('normalize-space(//listen[@id="publicserver"])') =~ /\Atcp:(\S+)\z/ or return;
    my %login = map { $_ => $conf->findvalue(qq{normalize-space(//serverinfo[\@id="publicserver"]/$_)}) } qw(user password);
    return {
        address => $listens =~ s/\A(?:@|0[.]0[.]0[.]0)/127.0.0.1/r,
        map { $_ => length $login{$_} ? $login{$_} : undef } keys %login,
    };
}

# How many records a Z39.50 client finds there for a biblio number, as the Client asks for it. Raises where it does not answer.
sub z3950_hits ($self, $server, $biblionumber) {
    require ZOOM;
    my $hits = eval {
        my $options = ZOOM::Options->new;
        $options->option(timeout => 5);
        $options->option(databaseName => 'biblios');
        $options->option($_ => $server->{$_}) for grep { defined $server->{$_} } qw(user password);
        my $connection = ZOOM::Connection->create($options);
        $connection->connect($server->{address});
        $connection->search_pqf('@attr 1=12 ' . int $biblionumber)->size;
    };
    my $error = $@;
    return $hits if defined $hits;
    my $why = ref $error && $error->isa('ZOOM::Exception')
        ? join ': ', grep {length} map { $_ // '' } $error->message, $error->addinfo : "$error";
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'z3950.failed', message => $why =~ s/\s+\z//r);
    return;
}

# The database server's name, version and folder of temporary files.
sub database_server ($self) {
    return $self->dbh->selectrow_hashref(
        'SELECT @@hostname AS host, @@version AS version, @@tmpdir AS tmpdir, @@datadir AS datadir');
}

# ---------------------------------------------------------------- items

sub item_facts ($self, $questions) {
    my $items = $self->schema->resultset('Item');
    my %facts = (barcodes => {}, itemnumbers => {});
    for my $barcode (@{ $questions->{barcodes} // [] }) {
        my $item = $items->search({ barcode => $self->_decoded_barcode($barcode) })->first or next;
        $facts{barcodes}{$barcode} =
            { itemnumber => 0 + $item->itemnumber, biblionumber => 0 + $item->get_column('biblionumber') };
    }
    for my $number (@{ $questions->{itemnumbers} // [] }) {
        next if $number !~ /\A\d{1,10}\z/;
        my $item = $items->find($number) or next;
        $facts{itemnumbers}{$number} = { biblionumber => 0 + $item->get_column('biblionumber') };
    }
    $facts{libraries} = [ sort keys %{ $self->libraries } ];
    $facts{itemtypes} = [ sort keys %{ $self->itemtypes } ];
    return \%facts;
}

# Newer versions change the barcode (itemBarcodeInputFilter) when the item is stored.
sub _decoded_barcode ($self, $barcode) {
    return $barcode if !C4::Context->preference('itemBarcodeInputFilter');
    require C4::Circulation;
    return C4::Circulation->can('barcodedecode') ? C4::Circulation::barcodedecode($barcode) : $barcode;
}

sub record_url ($self, $record_type, $id) {
    my $base = C4::Context->preference('staffClientBaseURL') // '';
    $base =~ s{/+\z}{};
    $base = "http://$base" if length $base && $base !~ m{\Ahttps?://}i;
    return $base . $self->record_path($record_type, $id);
}

sub record_path ($self, $record_type, $id) {
    return $record_type eq 'authority'
        ? "/cgi-bin/koha/authorities/detail.pl?authid=$id"
        : "/cgi-bin/koha/catalogue/detail.pl?biblionumber=$id";
}

# ---------------------------------------------------------------- import batches

sub marc_record ($self, $record, @more_fields) {
    my $marc = MARC::Record->new;
    $marc->leader($record->leader);
    $marc->encoding('UTF-8');
    $marc->append_fields(map { _marc_field($_) } @{ $record->fields }, @more_fields);
    return $marc;
}

sub _marc_field ($field) {
    return MARC::Field->new($field->{tag}, $field->{data}) if exists $field->{data};
    return MARC::Field->new($field->{tag}, $field->{ind1}, $field->{ind2},
        map { @{$_} } @{ $field->{subfields} });
}

sub add_batch ($self, %batch) {
    my $id = C4::ImportBatch::AddImportBatch({
        batch_type => 'batch', import_status => 'staged',
        map { $_ => $batch{$_} } grep { defined $batch{$_} }
            qw(matcher_id branchcode overlay_action nomatch_action item_action file_name comments record_type)
    });
    return $id // _refuse_write('AddImportBatch gave no number');
}

# Locks the batch, so that nobody can start importing it while a record is being added.
sub lock_batch ($self, $batch_id) {
    return $self->schema->resultset('ImportBatch')
        ->search({ import_batch_id => $batch_id }, { for => 'update' })->first;
}

sub open_batch ($self, $batch_id) {
    my $batch = $self->lock_batch($batch_id) or return 0;
    return $batch->import_status eq 'staged' && $batch->batch_type eq 'batch' ? 1 : 0;
}

sub add_to_batch ($self, $batch_id, $marc, $record_type) {
    my $batch = $self->lock_batch($batch_id);
    my $sequence = $batch->num_records + 1;
    my $copy = $marc->clone;
    $copy->encoding('UTF-8');
    return $self->_add_authority_to_batch($batch, $sequence, $copy) if $record_type eq 'authority';
    my $id = C4::ImportBatch::AddBiblioToBatch($batch_id, $sequence, $copy, 'utf8', 0)
        // _refuse_write('AddBiblioToBatch gave no number');
    # Takes the items out of the record that it is given.
    my @items = C4::ImportBatch::AddItemsToImportBiblio($batch_id, $id, $copy, 0);
    # Koha's own counting reads the whole batch again for each record.
    $batch->update({ num_records => \'num_records + 1', num_items => \[ 'num_items + ?', scalar @items ] });
    return { import_record_id => $id, import_items_ids => \@items };
}

sub _add_authority_to_batch ($self, $batch, $sequence, $marc) {
    my $id = C4::ImportBatch::AddAuthToBatch($batch->import_batch_id, $sequence, $marc, 'utf8', 0)
        // _refuse_write('AddAuthToBatch gave no number');
    $batch->update({ num_records => \'num_records + 1' });
    return { import_record_id => $id, import_items_ids => [] };
}

sub set_matches ($self, $import_record_id, $overlay_status, $matches) {
    C4::ImportBatch::SetImportRecordMatches($import_record_id,
        map { { record_id => $_->{id}, score => $_->{score} } } @{$matches});
    C4::ImportBatch::SetImportRecordOverlayStatus($import_record_id, $overlay_status);
    return;
}

# What Koha's "undo import" needs to know.
sub set_outcome ($self, $import_record_id, %outcome) {
    my $schema = $self->schema;
    C4::ImportBatch::SetImportRecordStatus($import_record_id, $outcome{status});
    C4::ImportBatch::SetImportRecordOverlayStatus($import_record_id, 'match_applied')
        if $outcome{match_applied};
    $schema->resultset('ImportRecord')->find($import_record_id)
        ->update({ marcxml_old => $outcome{marcxml_old} })
        if defined $outcome{marcxml_old};
    return if !defined $outcome{record_id};
    my ($set, $column) = $outcome{record_type} eq 'authority'
        ? ('ImportAuth', 'matched_authid') : ('ImportBiblio', 'matched_biblionumber');
    $schema->resultset($set)->search({ import_record_id => $import_record_id })
        ->update({ $column => $outcome{record_id} });
    return;
}

sub set_batch_status ($self, $batch_id, $status) {
    C4::ImportBatch::SetImportBatchStatus($batch_id, $status);
    return;
}

sub set_import_item ($self, $import_items_id, %values) {
    $self->schema->resultset('ImportItem')->find($import_items_id)->update(\%values);
    return;
}

# What a staged or committed export left in Koha still stands: neither undone nor cleaned.
sub import_stands ($self, $import_record_id) {
    my $record = $self->schema->resultset('ImportRecord')->find($import_record_id) or return 0;
    return $record->status =~ /\A(?:imported|ignored|staged)\z/ ? 1 : 0;
}

# ---------------------------------------------------------------- undoing an import

# SQL: whether the import in that column was undone in Koha.
sub undone_condition ($self, $column) {
    return "$column IN (SELECT r.import_record_id FROM import_records r WHERE r.status = 'reverted')";
}

# {status, in_batch}: how many records the batch holds; undef where the batch was cleaned or deleted.
sub imported ($self, $import_record_id) {
    my $record = $self->schema->resultset('ImportRecord')->find($import_record_id) or return;
    my $batch = { import_batch_id => $record->get_column('import_batch_id') };
    return { status => $record->status, in_batch => $self->schema->resultset('ImportRecord')->search($batch)->count };
}

# Koha's own undo of a whole batch. It tells of no error that counts: the caller looks at what there is then.
sub revert_batch ($self, $batch_id) {
    local $ENV{OVERRIDE_SYSPREF_AuthorityMergeLimit} = 0;    # as mod_authority does
    C4::ImportBatch::BatchRevertRecords($batch_id);
    return;
}

# Of the items that an import has added, those that are there: {itemnumber, barcode}.
sub added_items ($self, $import_record_id) {
    return $self->dbh->selectall_arrayref(
        'SELECT i.itemnumber, i.barcode FROM import_items n JOIN items i ON i.itemnumber = n.itemnumber'
            . ' WHERE n.import_record_id = ? ORDER BY i.itemnumber', { Slice => {} }, $import_record_id);
}

# Barcodes, or numbers, of those items that were changed after that moment, or are gone.
sub items_changed_since ($self, $moment, @numbers) {
    my @changed;
    for my $number (@numbers) {
        my ($barcode, $changed) = $self->dbh->selectrow_array(
            q{SELECT barcode, UNIX_TIMESTAMP(`timestamp`) > TIMESTAMPDIFF(SECOND, '1970-01-01', ?) FROM items}
                . ' WHERE itemnumber = ?', undef, $moment, $number);
        push @changed, $barcode // $number if $changed // 1;
    }
    return @changed;
}

# What lending writes, and who stores an item: nothing of that is put back.
my %OF_LENDING = map { $_ => 1 } qw(itemnumber biblionumber biblioitemnumber onloan timestamp issues renewals reserves
    localuse datelastborrowed datelastseen);

# An item as item_values gave it.
sub restore_item ($self, $values) {
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my %now = $self->schema->resultset('Item')->find($values->{itemnumber})->get_columns;
    my %wanted = map { $_ => $OF_LENDING{$_} ? $now{$_} : $values->{$_} } keys %now;
    my %said = map { $_->[0] => 1 } my @subfields = _unlinked_subfields($values->{more_subfields_xml});
    for my $column (sort grep { defined $wanted{$_} && length $wanted{$_} } keys %wanted) {
        my (undef, $code) = C4::Biblio::GetMarcFromKohaField("items.$column");
        push @subfields, [ $code => $wanted{$column} ] if length($code // '') && $column ne 'onloan' && !$said{$code}++;
    }
    my $marc = $self->item_record({ tag => $tag, ind1 => ' ', ind2 => ' ', subfields => \@subfields });
    my @options = _has_options() ? ({ skip_record_index => 1 }) : ();
    C4::Items::ModItemFromMarc($marc, @{$values}{qw(biblionumber itemnumber)}, @options);
    return;
}

# ---------------------------------------------------------------- records and items

sub add_biblio ($self, $marc, $framework) {
    my @options = _has_options() ? ({ skip_record_index => 1 }) : ();
    my ($biblionumber) = C4::Biblio::AddBiblio($marc, $framework // '', @options);
    _refuse_write('AddBiblio gave no biblio number') if !$biblionumber;
    $self->_check_biblio($biblionumber);
    return $biblionumber;
}

sub mod_biblio ($self, $marc, $biblionumber, $framework, $patron) {
    $framework //= $self->schema->resultset('Biblio')->find($biblionumber)->frameworkcode;
    my $before = $self->record_xml('biblio', $biblionumber);
    my @options = _has_options()
        ? ({ skip_record_index => 1, skip_holds_queue => 1,
            overlay_context => {
                source => 'batchimport', userid => $patron->{userid},
                categorycode => $patron->{categorycode},
            } })
        : ();
    C4::Biblio::ModBiblio($marc, $biblionumber, $framework, @options)
        or _refuse_write("ModBiblio failed for biblio $biblionumber");
    $self->_check_biblio($biblionumber);
    return $before;
}

sub _has_options { return Koha::SearchEngine::Indexer->can('new') || _load_indexer() }

sub _load_indexer {
    return eval { require Koha::SearchEngine::Indexer; 1 } ? 1 : 0;
}

# A failed statement deep in Koha does not always reach the caller, so the rows are looked at.
sub _check_biblio ($self, $biblionumber) {
    my $schema = $self->schema;
    for my $set (qw(Biblio Biblioitem BiblioMetadata)) {
        next if $schema->resultset($set)->search({ biblionumber => $biblionumber })->count == 1;
        _refuse_write("Koha wrote no complete record for biblio $biblionumber");
    }
    return;
}

sub add_item ($self, $marc_item, $biblionumber) {
    my @options = _has_options() ? ({ skip_record_index => 1 }) : ();
    my (undef, undef, $itemnumber) = C4::Items::AddItemFromMarc($marc_item, $biblionumber, @options);
    _refuse_write("AddItemFromMarc gave no item number for biblio $biblionumber")
        if !$itemnumber || !$self->schema->resultset('Item')->find($itemnumber);
    return $itemnumber;
}

sub mod_item ($self, $marc_item, $biblionumber, $itemnumber) {
    $self->_keep_what_is_not_said($marc_item, $itemnumber);
    my @options = _has_options() ? ({ skip_record_index => 1 }) : ();
    C4::Items::ModItemFromMarc($marc_item, $biblionumber, $itemnumber, @options);
    return $itemnumber;
}

# ModItemFromMarc empties what the field leaves out: the library, the call number, the notes.
sub _keep_what_is_not_said ($self, $marc_item, $itemnumber) {
    my ($field) = $marc_item->fields;
    my %said = map { $_->[0] => 1 } $field->subfields;
    my $item = $self->schema->resultset('Item')->find($itemnumber);
    $field->add_subfields(@{$_}) for grep { !$said{ $_->[0] } } _item_subfields($item);
    return;
}

# What an item holds, as [code, value]; each column by the first of its names, without the numbers that are Koha's.
sub _item_subfields ($item) {
    my %item = $item->get_columns;
    delete @item{qw(itemnumber biblionumber biblioitemnumber onloan timestamp)};
    my (%said, @subfields);
    for my $column (sort grep { defined $item{$_} && length $item{$_} } keys %item) {
        my ($tag, $code) = C4::Biblio::GetMarcFromKohaField("items.$column");
        push @subfields, [ $code => $item{$column} ] if defined $code && length $code && !$said{$code}++;
    }
    return (@subfields, grep { !$said{ $_->[0] } } _unlinked_subfields($item{more_subfields_xml}));
}

# Subfields of items for which there is no column, as Koha keeps them.
sub _unlinked_subfields ($xml) {
    return if !length($xml // '');
    require MARC::File::XML;
    my $record = eval { MARC::Record->new_from_xml($xml, 'UTF-8') } or return;
    my ($field) = $record->fields or return;
    return $field->subfields;
}

# What an item holds before it is replaced: Koha's own undo can't restore it.
sub item_values ($self, $itemnumber) {
    my $item = $self->schema->resultset('Item')->find($itemnumber) or return;
    return { $item->get_columns };
}

# The items of a record as fields, sorted by subfield.
sub item_marc_fields ($self, $biblionumber) {
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my @items = $self->schema->resultset('Item')
        ->search({ biblionumber => $biblionumber }, { order_by => 'itemnumber' })->all;
    return map {
        my @subfields = sort { $a->[0] cmp $b->[0] } _item_subfields($_);
        @subfields ? { tag => $tag, ind1 => ' ', ind2 => ' ', subfields => \@subfields } : ()
    } @items;
}

# The same record with these fields for its item fields, as MARCXML.
sub xml_with_items ($self, $record, @items) {
    require MARC::File::XML;
    my ($tag) = C4::Biblio::GetMarcFromKohaField('items.itemnumber');
    my $marc = $self->marc_record($record);
    $marc->delete_fields($marc->field($tag));
    $marc->append_fields(map { _marc_field($_) } @items);
    return _octets($marc->as_xml_record('MARC21'));
}

sub item_record ($self, $field) {
    my $marc = MARC::Record->new;
    $marc->leader('00000    a              ');
    $marc->append_fields(_marc_field($field));
    return $marc;
}

sub authority_type ($self, $marc) { return C4::AuthoritiesMarc::GuessAuthTypeCode($marc) }

sub authority_type_exists ($self, $type) {
    return $self->schema->resultset('AuthType')->find($type) ? 1 : 0;
}

sub add_authority ($self, $marc, $type) {
    my $authid = C4::AuthoritiesMarc::AddAuthority($marc, undef, $type)
        || _refuse_write('AddAuthority gave no number');
    $self->record_exists('authority', $authid)
        || _refuse_write("Koha wrote no authority $authid");
    return $authid;
}

# The biblio records that use the authority; nothing where the search engine doesn't say.
sub linked_biblios ($self, $authid) {
    require Koha::Authorities;
    return Koha::Authorities->get_usage_count({ authid => $authid });
}

# To put the new heading into the linked biblio records can take minutes. Above AuthorityMergeLimit
# Koha leaves it to its cron job (merge_authorities), and with a limit of 0 it does so for any
# number of them.
sub mod_authority ($self, $marc, $authid, $type) {
    my $before = $self->record_xml('authority', $authid);
    local $ENV{OVERRIDE_SYSPREF_AuthorityMergeLimit} = 0;
    C4::AuthoritiesMarc::ModAuthority($authid, $marc, $type)
        || _refuse_write("ModAuthority failed for authority $authid");
    return $before;
}

# Versions whose indexing can be held back do it now, after the commit; in the others it went
# through the queue in the same transaction.
sub index_record ($self, $record_type, $id) {
    return 1 if $record_type eq 'authority' || !_has_options();
    my $indexer = Koha::SearchEngine::Indexer->new({ index => $Koha::SearchEngine::BIBLIOS_INDEX });
    $indexer->index_records($id, 'specialUpdate', 'biblioserver');
    return 1;
}

sub _refuse_write ($what) {
    Koha::Plugin::ConnexionGateway::Error->throw(code => 'koha.write_failed', message => $what);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Koha - every call to Koha stands here

=head1 SYNOPSIS

    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    my $patron = $koha->patron(userid => 'jdoe');
    my $number = $koha->as_patron($patron, sub {
        $koha->transaction(sub ($dbh) { $koha->add_biblio($marc, '') });
    });

=head1 DESCRIPTION

The one module that loads C<C4::> and C<Koha::>. It hides the differences between versions
(asked by C<can>, by version number only where a signature changed in silence), and turns
Koha's quiet failures into L<Koha::Plugin::ConnexionGateway::Error> objects: C<database.retry>
where the same work may be tried again, C<database.failed>, C<search.failed>,
C<koha.write_failed>.

Not thread-safe; one object per process.

=head1 METHODS

=head2 new

Loads Koha. Needs C<KOHA_CONF> and Koha on C<@INC>.

=head2 preference($name)

A system preference.

=head2 forget_caches

Forgets what Koha keeps in memory for the length of one request.

=head2 schema, dbh, table($name)

Koha's DBIx::Class schema, its database handle, and the qualified name of one of the plugin's own
tables.

=head2 transaction($code)

Runs C<$code-E<gt>($dbh)> in one transaction on Koha's schema and returns its result. Every
database error inside it, also one that Koha's code caught, and a lost connection roll it back and
raise.

=head2 steadily($code)

Runs C<$code-E<gt>()> and gives its result. Errors of the database raise as in a transaction, if
C<raise_errors> was called before; a connection that is lost is dropped.

=head2 is_lost($error)

Whether an error says that the database does not answer.

=head2 raise_errors

From now on errors of the database raise in the whole process: for processes of the plugin's own.

=head2 patron(%by)

A patron as a hash (number, userid, cardnumber, firstname, surname, branch, branchname, flags,
email, expired, locked), or nothing.

=head2 check_password($login, @passwords)

Koha's own check, with its lockout; several passwords are readings of one. One that fitted within the
last minutes isn't asked for again. Gives the patron's userid, or undef and C<locked> or C<wrong_login>.

=head2 missing_permissions($userid, [module => flag], ...)

Those of the wanted permissions that the patron lacks.

=head2 as_patron($patron, $code)

Runs C<$code> with that patron as Koha's user environment. What the environment was before, it is again
afterwards, whatever C<$code> raises.

=head2 language($cgi), local_time($moment), beginning_of_day($day, $days_later)

The language of the staff interface; a moment in UTC as the library writes dates; the moment in UTC at which a day
(YYYY-MM-DD) of the library begins, or undef where it is no day.

=head2 current_userid, csrf_token($cgi), csrf_passes($cgi)

Who is logged in to the staff interface; the token that its forms carry, and whether a form's is
right.

=head2 matching_rules($record_type), matching_rule($code)

All matching rules, and one as C<{id, rule}> where C<rule> has the form that
L<Koha::Plugin::ConnexionGateway::Core::Rules> takes.

=head2 items_of($biblionumber)

The items of a record, for people.

=head2 libraries, itemtypes, collections, frameworks

Codes with their names.

=head2 item_fields, item_subfields, due_date_subfield, biblionumber_tag

The item field's tag and subfield codes by column; its tag and all of its subfields; the subfield that
holds an item's due date; the tag of Koha's own record numbers.

=head2 has_overlay_rules

Whether Koha decides by its own MARC overlay rules which fields of an overlaid record are replaced.

=head2 search($record_type, $index, \@keys, $most)

Numbers of the records that Koha's search engine finds for any of the keys. Raises
C<search.failed> where the engine reports an error.

=head2 record_xml($record_type, $id), record_exists($record_type, $id), content_digest($record_type, $id)

The record as MARCXML octets, whether there is one, and a digest of it that changes when somebody edits
the record.

=head2 lock_record($record_type, $id)

The record as MARCXML octets, as it is outside of the transaction, and locked until that ends.

=head2 finds_by_time($record_type), record_count($record_type, $up_to), highest_record($record_type), record_ids($record_type, $after, $most), stored_records($record_type, %which), records_unlike($record_type, $table, %range)

All records, for the index of identifiers: whether they can be asked for by the time of their last
change, how many (up to a number), the highest number, some of them, and which a table of the plugin doesn't have as
they are.

=head2 database_time, database_time($moment)

The database's clock, and a moment that can be compared with its times.

=head2 name_lock($name), name_unlock($name)

A lock for the whole Koha instance, which goes with the connection.

=head2 public_z3950, z3950_hits($server, $biblionumber)

Where Koha's Z39.50 server is open to others, if it is; how many records it finds by that number. Raises C<z3950.failed>.

=head2 version, plugin_state, plugin_disabled, search_engine, newest_record($record_type), index_queue, database_server

What an administrator asks of a Koha.

=head2 hook_handle

Called on the class, in a process of Koha's: its database handle.

=head2 item_facts(\%questions)

Answers the questions of C<Core::Rules-E<gt>item_questions>.

=head2 record_url($record_type, $id), record_path($record_type, $id)

The record's address in the staff interface, and its path alone.

=head2 list($number), records_since($record_type, $moment)

What is in a list of Koha's, as C<{name, ids}>; the numbers of the records that were changed since then.

=head2 item_marc_fields($biblionumber), xml_with_items($record, @fields)

The items of a record as fields; the core's record with such fields, as MARCXML in octets.

=head2 marc_record($record, @fields), item_record(\%field)

A MARC::Record from the core's record, with more fields behind it, and one for a single item field.

=head2 add_batch(%batch), lock_batch($id), open_batch($id), add_to_batch($id, $marc, $record_type), set_matches(...), set_outcome(...), set_batch_status($id, $status), set_import_item($id, %values), import_stands($import_record_id)

Import batches as Koha's Manage staged records shows and undoes them.

=head2 undone_condition($column), imported($import_record_id), revert_batch($batch_id), added_items($import_record_id), items_changed_since($moment, @itemnumbers), restore_item(\%values)

Koha's own undo of a batch, and what is looked at before and after it.

=head2 add_biblio, mod_biblio, add_item, mod_item, item_values, authority_type, authority_type_exists, add_authority, mod_authority, linked_biblios, index_record

Writes, each checked.

=cut
