package C4::AuthoritiesMarc;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Biblio  ();
use C4::Charset qw(SetUTF8Flag StripNonXmlChars);
use C4::Context;
use C4::Log;
use C4::Search ();
use Exporter 'import';
use MARC::Field;
use MARC::File::XML (BinaryEncoding => 'UTF-8', RecordFormat => 'MARC21');
use MARC::Record;
use POSIX           ();
use Sandbox::Strict qw(newer arguments options);

our @EXPORT =
    qw(AddAuthority ModAuthority DelAuthority GetAuthority GetAuthorityXML GuessAuthTypeCode
    GetAuthorizedHeading);

my %TYPE = (
    100 => 'PERSO_NAME',
    110 => 'CORPO_NAME',
    111 => 'MEETI_NAME',
    130 => 'UNIF_TITLE',
    148 => 'CHRON_TERM',
    150 => 'TOPIC_TERM',
    151 => 'GEOGR_NAME',
    155 => 'GENRE/FORM',
    180 => 'GEN_SUBDIV',
    181 => 'GEO_SUBDIV',
    182 => 'CHRON_SUBD',
    185 => 'FORM_SUBD',
);

sub GuessAuthTypeCode (@arguments) {
    arguments('GuessAuthTypeCode', scalar @arguments, 1, 2);
    my $record = $arguments[0] // return;
    for my $field ($record->fields) {
        return $TYPE{ $field->tag } if $TYPE{ $field->tag };
    }
    return;
}

sub AddAuthority (@arguments) {
    arguments('AddAuthority', scalar @arguments, 3, newer() ? 4 : 3);
    my ($record, $authid, $type, $options) = @arguments;
    $options = options('AddAuthority', $options, qw(skip_record_index));
    _complete($record, $type);
    my $dbh    = C4::Context->dbh;
    my $is_new = !$authid;
    if ($is_new) {
        $dbh->do(q{insert into auth_header (datecreated, marcxml) values (now(), '')});
        $authid = $dbh->last_insert_id(undef, undef, 'auth_header', 'authid');
        logaction('AUTHORITIES', 'ADD', $authid, 'authority')
            if C4::Context->preference('AuthoritiesLog');
    }
    $record->delete_field($_) for $record->field('001');
    $record->insert_fields_ordered(MARC::Field->new('001', $authid));
    $dbh->do('update auth_header set authtypecode = ?, marc = ?, marcxml = ? where authid = ?',
        undef, $type, $record->as_usmarc, $record->as_xml_record('MARC21'), $authid)
        or die $dbh->errstr;
    C4::Biblio::queue_index($authid, 'specialUpdate', 'authorityserver')
        if !$options->{skip_record_index};
    _run_hooks($is_new ? 'create' : 'modify', $authid);
    return $authid;
}

# 19.06 has none for authorities.
sub _run_hooks ($action, $authid) {
    C4::Biblio::run_hooks('after_authority_action', { action => $action, authority_id => $authid }) if newer();
    return;
}

# What an authority must have, where it has none of its own; 005 is always the time of now.
sub _complete ($record, $type) {
    $record->delete_field($_) for $record->field('005');
    $record->insert_fields_ordered(
        MARC::Field->new('005', POSIX::strftime('%Y%m%d%H%M%S.0', localtime)));
    SetUTF8Flag($record);
    my $organisation = C4::Context->preference('MARCOrgCode') // '';
    my $today        = POSIX::strftime('%y%m%d', localtime);
    my %default      = (
        '003' => [$organisation],
        '008' => [$today . '|| aca||aabn           | a|a     d'],
        '040' => [' ', ' ', a => $organisation, c => $organisation],
    );
    for my $tag (sort keys %default) {
        $record->insert_fields_ordered(MARC::Field->new($tag, @{ $default{$tag} }))
            if !$record->field($tag);
    }
    my $place = $record->field('942');
    if ($place) { $place->update(a => $type) }
    else        { $record->append_fields(MARC::Field->new('942', ' ', ' ', a => $type)) }
    return;
}

sub ModAuthority (@arguments) {
    arguments('ModAuthority', scalar @arguments, 3, newer() ? 4 : 3);
    my ($authid, $record, $type, $options) = @arguments;
    $options = options('ModAuthority', $options, qw(skip_merge skip_record_index));
    my $before = GetAuthority($authid);
    AddAuthority($record, $authid, $type,
        newer() && $options->{skip_record_index} ? { skip_record_index => 1 } : ());
    _merge($authid, $before, $record) if !$options->{skip_merge};
    logaction('AUTHORITIES', 'MODIFY', $authid,
        'authority BEFORE=>' . ($before ? $before->as_formatted : ''))
        if C4::Context->preference('AuthoritiesLog');
    return $authid;
}

# Records linked to the authority get its heading; if there are many, a job that runs later does it.
sub _merge ($authid, $before, $record) {
    my $engine = C4::Search::sandbox_engine();
    my ($error, $hits) = $engine->biblios(qq{an="$authid"}, 0, undef);
    return if $error || !@{$hits};
    if (@{$hits} > (C4::Context->preference('AuthorityMergeLimit') // 0)) {
        C4::Context->dbh->do(
            'insert into need_merge_authorities (authid, authid_new, reportxml) values (?, ?, ?)',
            undef, $authid, $authid, $before->as_xml_record('MARC21'));
        return;
    }
    my ($heading) = grep { $TYPE{ $_->tag } } $record->fields;
    for my $hit (@{$hits}) {
        my $old = MARC::Record->new_from_xml($hit, 'UTF-8');
        my ($tag, $code) = C4::Biblio::GetMarcFromKohaField('biblio.biblionumber');
        _merge_into($old->subfield($tag, $code), $authid, $heading);
    }
    return;
}

sub _merge_into ($biblionumber, $authid, $heading) {
    my $biblio = C4::Biblio::sandbox_record($biblionumber) // return;
    for my $field (grep { !$_->is_control_field && ($_->subfield('9') // '') eq $authid }
        $biblio->fields) {
        my @subfields = map { @{$_} } $heading->subfields;
        $field->replace_with(
            MARC::Field->new(
                $field->tag,          $field->indicator(1),
                $field->indicator(2), @subfields,
                9 => $authid
            )
        );
    }
    C4::Biblio::ModBiblio($biblio, $biblionumber, C4::Biblio::GetFrameworkCode($biblionumber));
    return;
}

sub GetAuthorityXML ($authid) {
    return
        scalar C4::Context->dbh->selectrow_array('select marcxml from auth_header where authid = ?',
        undef, $authid);
}

sub GetAuthority (@arguments) {
    arguments('GetAuthority', scalar @arguments, 1, 1);
    my $xml = GetAuthorityXML($arguments[0]) // return;
    return scalar eval { MARC::Record->new_from_xml(StripNonXmlChars($xml), 'UTF-8') };
}

sub DelAuthority (@arguments) {
    arguments('DelAuthority', scalar @arguments, 1, 1);
    my $params = options('DelAuthority', $arguments[0], qw(authid skip_merge skip_record_index));
    my $authid = $params->{authid} || return;
    C4::Context->dbh->do('delete from auth_header where authid = ?', undef, $authid);
    logaction('AUTHORITIES', 'DELETE', $authid, 'authority')
        if C4::Context->preference('AuthoritiesLog');
    C4::Biblio::queue_index($authid, 'recordDelete', 'authorityserver');
    _run_hooks('delete', $authid);
    return;
}

sub GetAuthorizedHeading ($params) {
    my $record = $params->{record} // ($params->{authid} ? GetAuthority($params->{authid}) : undef)
        // return;
    my ($heading) = grep { $TYPE{ $_->tag } } $record->fields;
    return $heading ? $heading->as_string('abcdefghjklmnopqrstvxyz') : undef;
}

1;
