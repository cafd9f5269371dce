package Sandbox::Seeds;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp                       qw(croak);
use Crypt::Eksblowfish::Bcrypt ();
use File::Basename             qw(dirname);
use File::Spec;
use MIME::Base64 ();

my $DATA = File::Spec->rel2abs(dirname(__FILE__) . '/../../data');

our %VERSION = ('19.06' => '19.0600020', newer => '23.1100000');

my @PREFERENCES = (
    [marcflavour                 => 'MARC21'],
    [SearchEngine                => 'Zebra'],
    [CataloguingLog              => 1],
    [AuthoritiesLog              => 1],
    [UseKohaPlugins              => 1],
    [FailedLoginAttempts         => ''],
    [BiblioAddsAuthorities       => 0],
    [AggressiveMatchOnISBN       => 0],
    [AggressiveMatchOnISSN       => 0],
    [IndependentBranches         => 0],
    [itemBarcodeInputFilter      => ''],
    [MARCOrgCode                 => 'OSt'],
    [autoControlNumber           => 'OFF'],
    [dateformat                  => 'iso'],
    [TimeFormat                  => '24hr'],
    [language                    => 'en,es-ES,fr-FR,de-DE'],
    ['item-level_itypes'         => 1],
    [AuthorityMergeLimit         => 50],
    [DefaultClassificationSource => 'ddc'],
    [timeout                     => '1d'],
    [staffClientBaseURL          => ''],
    [RESTBasicAuth               => 0],
);

my @LIBRARIES = ([CPL => 'Centerville'], [MPL => 'Midway'], [FFL => 'Fairfield']);

my @ITEMTYPES = (
    [BK  => 'Books'],
    [CF  => 'Computer Files'],
    [CR  => 'Continuing Resources'],
    [MP  => 'Maps'],
    [MU  => 'Music'],
    [REF => 'Reference'],
    [VM  => 'Visual Materials'],
);

my @FRAMEWORKS = (
    [ACQ => 'Acquisition framework'],
    [BKS => 'Books'],
    [FA  => 'Fast Add Framework'],
    [SER => 'Serials']
);

my @COLLECTIONS = ([FIC => 'Fiction'], [NFIC => 'Non-fiction'], [REF => 'Reference']);

my @AUTHORITY_TYPES = (
    ['',           'Default',            ''],
    ['CHRON_TERM', 'Chronological Term', '148'],
    ['CORPO_NAME', 'Corporate Name',     '110'],
    ['GENRE/FORM', 'Genre/Form Term',    '155'],
    ['GEOGR_NAME', 'Geographic Name',    '151'],
    ['MEETI_NAME', 'Meeting Name',       '111'],
    ['PERSO_NAME', 'Personal Name',      '100'],
    ['TOPIC_TERM', 'Topical Term',       '150'],
    ['UNIF_TITLE', 'Uniform Title',      '130'],
);

# The bits and names that Koha gives its permissions; those that nobody here asks for are left out.
my @FLAGS = (
    [0,  'superlibrarian'],
    [1,  'circulate'],
    [2,  'catalogue'],
    [3,  'parameters'],
    [4,  'borrowers'],
    [9,  'editcatalogue'],
    [13, 'tools'],
    [14, 'editauthorities'],
    [16, 'reports'],
    [19, 'plugins'],
);

my @PERMISSIONS = (
    [3,  'manage_matching_rules'],
    [3,  'manage_sysprefs'],
    [9,  'edit_catalogue'],
    [9,  'edit_items'],
    [9,  'fast_cataloging'],
    [13, 'manage_staged_marc'],
    [13, 'stage_marc_import'],
    [19, 'configure'],
    [19, 'manage'],
    [19, 'report'],
    [19, 'tool'],
);

# Users of the sandbox: flags are a sum of powers of two of the bits above.
our @PATRONS = (
    {
        borrowernumber => 51,
        userid         => 'admin',
        password       => 'admin',
        cardnumber     => '42',
        firstname      => 'Ada',
        surname        => 'Admin',
        branchcode     => 'CPL',
        flags          => 1,
        permissions    => []
    },
    {
        borrowernumber => 52,
        userid         => 'cataloguer',
        password       => 'cataloguer',
        cardnumber     => '4711',
        firstname      => 'Cato',
        surname        => 'Cataloguer',
        branchcode     => 'MPL',
        flags          => 2**2 + 2**14,
        permissions    => [
            [9,  'edit_catalogue'],
            [9,  'edit_items'],
            [13, 'stage_marc_import'],
            [13, 'manage_staged_marc'],
            [19, 'tool'],
        ]
    },
    {
        borrowernumber => 53,
        userid         => 'stager',
        password       => 'stager',
        cardnumber     => '4712',
        firstname      => 'Stella',
        surname        => 'Stager',
        branchcode     => 'CPL',
        flags          => 2**2,
        permissions    => [[13, 'stage_marc_import']]
    },
    {
        borrowernumber => 54,
        userid         => 'nobody',
        password       => 'nobody',
        cardnumber     => '4713',
        firstname      => 'Nora',
        surname        => 'Nobody',
        branchcode     => 'CPL',
        flags          => 2**2,
        permissions    => []
    },
    {
        borrowernumber => 55,
        userid         => 'expired',
        password       => 'expired',
        cardnumber     => '4714',
        firstname      => 'Ezra',
        surname        => 'Expired',
        branchcode     => 'CPL',
        flags          => 2**2 + 2**14,
        dateexpiry     => '2001-01-01',
        permissions    => [[9, 'edit_catalogue']]
    },
);

# index, score, then the components (tag, subfields, normalizers)
my @RULES = (
    {
        code        => 'ISBN',
        description => '020$a',
        threshold   => 1000,
        points      => [['isbn', 1000, ['020', 'a', 'ISBN']]]
    },
    {
        code        => 'ISSN',
        description => '022$a',
        threshold   => 1000,
        points      => [['issn', 1000, ['022', 'a', 'ISSN']]]
    },
    {
        code        => 'OCLC',
        description => 'OCLC number in 035$a',
        threshold   => 1000,
        points      => [['Other-control-number', 1000, ['035', 'a']]]
    },
    {
        code        => 'CNUM',
        description => 'Control number in 001',
        threshold   => 1000,
        points      => [['Control-number', 1000, ['001', '']]]
    },
    {
        code        => 'OCLCISBN',
        description => 'OCLC number in 035$a or 001, or ISBN',
        threshold   => 1000,
        points      => [
            ['Other-control-number', 1000, ['035', 'a']],
            ['Control-number',       1000, ['001', '']],
            ['isbn',                 1000, ['020', 'a']],
        ]
    },
    {
        code        => 'AUTHLCCN',
        description => 'Authorities: 010$a',
        record_type => 'authority',
        threshold   => 1000,
        points      => [['LC-card-number', 1000, ['010', 'a']]]
    },
    {
        code        => 'AUTHHEAD',
        description => 'Authorities: main heading',
        record_type => 'authority',
        threshold   => 1000,
        points      => [map { ['Heading-Main', 1000, [$_, 'a']] } qw(100 110 111 130 150 151 155)]
    },
);

sub sow ($class, $dbh, $generation) {
    my $version = $VERSION{$generation} // croak "no generation '$generation'";
    _insert($dbh, 'systempreferences', [qw(variable value)], [Version => $version], @PREFERENCES);
    _insert($dbh, 'branches',          [qw(branchcode branchname)],       @LIBRARIES);
    _insert($dbh, 'itemtypes',         [qw(itemtype description)],        @ITEMTYPES);
    _insert($dbh, 'biblio_framework',  [qw(frameworkcode frameworktext)], @FRAMEWORKS);
    _insert($dbh, 'authorised_value_categories', ['category_name'], ['CCODE']);
    _insert(
        $dbh, 'authorised_values',
        [qw(category authorised_value lib)],
        map { ['CCODE', @{$_}] } @COLLECTIONS
    );
    _insert(
        $dbh, 'auth_types',
        [qw(authtypecode authtypetext auth_tag_to_report summary)],
        map { [@{$_}, ''] } @AUTHORITY_TYPES
    );
    _insert(
        $dbh, 'userflags',
        [qw(bit flag flagdesc defaulton)],
        map { [@{$_}, $_->[1], 0] } @FLAGS
    );
    _insert(
        $dbh, 'permissions',
        [qw(module_bit code description)],
        map { [@{$_}, $_->[1]] } @PERMISSIONS
    );
    _insert(
        $dbh, 'categories',
        [qw(categorycode description enrolmentperiod category_type)],
        [S  => 'Staff',  99, 'S'],
        [PT => 'Patron', 99, 'A']
    );
    _sow_patron($dbh, $_) for @PATRONS;
    _sow_fields($dbh);
    _sow_rule($dbh, $_) for @RULES;
    return;
}

sub _insert ($dbh, $table, $columns, @rows) {
    my $sql = sprintf 'insert into %s (%s) values (%s)', $table,
        join(', ', map { "`$_`" } @{$columns}), join(', ', ('?') x @{$columns});
    my $insert = $dbh->prepare($sql);
    $insert->execute(@{$_}) for @rows;
    return;
}

sub _sow_patron ($dbh, $patron) {
    my %row = (
        categorycode   => 'S',
        dateenrolled   => '2020-01-01',
        dateexpiry     => '2099-12-31',
        login_attempts => 0,
        map { $_ => $patron->{$_} } grep { $_ ne 'permissions' } keys %{$patron}
    );
    $row{password} = hash_password($patron->{password});
    $row{email}    = "$patron->{userid}\@example.org";
    my @columns = sort keys %row;
    _insert($dbh, 'borrowers', \@columns, [@row{@columns}]);
    _insert(
        $dbh, 'user_permissions',
        [qw(borrowernumber module_bit code)],
        map { [$patron->{borrowernumber}, @{$_}] } @{ $patron->{permissions} }
    );
    return;
}

# bcrypt as Koha uses it, with fewer rounds: tests log in often.
sub hash_password ($password) {
    my $salt     = join '', map { chr int rand 256 } 1 .. 16;
    my $settings = '$2a$04$' . Crypt::Eksblowfish::Bcrypt::en_base64($salt);
    utf8::encode($password) if utf8::is_utf8($password);
    return Crypt::Eksblowfish::Bcrypt::bcrypt($password, $settings);
}

sub _sow_fields ($dbh) {
    open my $in, '<', "$DATA/kohafields.tsv" or croak "cannot read kohafields.tsv: $!";
    my @rows = map { chomp; [split /\t/] } grep { !/^#/ } <$in>;
    close $in or croak "cannot read kohafields.tsv: $!";
    _insert(
        $dbh, 'marc_subfield_structure',
        [qw(tagfield tagsubfield kohafield tab)],
        map { [@{$_}, $_->[0] eq '952' ? 10 : 0] } @rows
    );
    return;
}

sub _sow_rule ($dbh, $rule) {
    _insert(
        $dbh, 'marc_matchers',
        [qw(code description record_type threshold)],
        [@{$rule}{qw(code description)}, $rule->{record_type} // 'biblio', $rule->{threshold}]
    );
    my $matcher = $dbh->last_insert_id;
    for my $point (@{ $rule->{points} }) {
        my ($index, $score, @components) = @{$point};
        _insert(
            $dbh, 'matchpoints',
            [qw(matcher_id search_index score)],
            [$matcher, $index, $score]
        );
        my $matchpoint = $dbh->last_insert_id;
        _insert(
            $dbh, 'matcher_matchpoints',
            [qw(matcher_id matchpoint_id)],
            [$matcher, $matchpoint]
        );
        _sow_component($dbh, $matchpoint, $_ + 1, $components[$_]) for 0 .. $#components;
    }
    return;
}

sub _sow_component ($dbh, $matchpoint, $sequence, $component) {
    my ($tag, $subfields, @norms) = @{$component};
    _insert(
        $dbh, 'matchpoint_components',
        [qw(matchpoint_id sequence tag subfields)],
        [$matchpoint, $sequence, $tag, $subfields]
    );
    my $id = $dbh->last_insert_id;
    _insert(
        $dbh, 'matchpoint_component_norms',
        [qw(matchpoint_component_id sequence norm_routine)],
        map { [$id, $_ + 1, $norms[$_]] } 0 .. $#norms
    );
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::Seeds - what the sandbox's Koha holds before anything is imported

=head1 METHODS

=head2 sow($dbh, $generation)

Preferences, libraries, item types, collections, frameworks, authority types, permissions, matching
rules and patrons. The patrons, each with its own name as password: C<admin> (superlibrarian), C<cataloguer>
(cataloguing, items, authorities, staging and managing), C<stager> (staging alone), C<nobody> and
C<expired>.

=head2 hash_password($password)

A bcrypt hash as Koha stores it.

=cut
