package Koha::Plugin::ConnexionGateway::DaemonConfig;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Addresses;

# Far more than any such file has.
my $MOST_CHARACTERS = 65_536;

my @OVERLAY = qw(replace create_new ignore);
my @NOMATCH = qw(create_new ignore);
my @ITEMS = qw(always_add add_only_for_matches add_only_for_new ignore replace);

# What the daemon of any version reads. A list: the words that the value may be.
my %KEYS = (
    host => 'text', port => 'port', log => 'text', debug => 'text', koha => 'text', user => 'text', password => 'text',
    connexion_user => 'text', connexion_password => 'text', match => 'text', framework => 'text',
    overlay_framework => 'text', overlay_action => \@OVERLAY, nomatch_action => \@NOMATCH, item_action => \@ITEMS,
    import_mode => [qw(direct stage staged)],
);

# What the daemon does by its file, and a profile does by its members.
my %MEMBER = (match => 'matching_rule', overlay_action => 'overlay_action', nomatch_action => 'nomatch_action',
    item_action => 'item_action', framework => 'framework');

# Where the file is silent Koha's own defaults hold, which are not those of a new profile.
my %DEFAULT = (overlay_action => 'create_new', nomatch_action => 'create_new', item_action => 'always_add');

# The daemon holds nothing back, and an overlay takes the exported record as it is.
my %AS_THE_DAEMON = (
    authentication => 'profile', record_types => ['biblio'], several_matches => 'best', no_match_keys => 'add',
    local_fields => [], guard_fewer_fields => 0, overlay_framework => undef,
    map { ("guard_$_" => 0) } qw(briefer_level older edited other_kind other_language other_number other_title),
);

# ---------------------------------------------------------------- the file

# As {values, lines, problems, notes}; the numbers of the lines by key.
sub parse ($class, $text) {
    my $file = { values => {}, lines => {}, problems => [], notes => [] };
    my $fault = _no_text($text);
    if ($fault) {
        push @{ $file->{problems} }, $fault;
        return $file;
    }
    my $number = 0;
    _read_line($file, ++$number, $_) for split /\r\n|\n|\r/, $text =~ s/\A\x{FEFF}//r;
    push @{ $file->{problems} }, { code => 'empty' } if !%{ $file->{lines} } && !@{ $file->{problems} };
    return $file;
}

sub _no_text ($text) {
    return { code => 'empty' } if !defined $text || $text !~ /\S/;
    return { code => 'too_long', most => $MOST_CHARACTERS } if length $text > $MOST_CHARACTERS;
    return { code => 'no_text' } if $text =~ /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]/;
    return;
}

# A comment begins anywhere, as in a password; the last line of a key counts.
sub _read_line ($file, $number, $line) {
    my $commented = $line =~ s/\s*#.*//;
    $line =~ s/\A\s+|\s+\z//g;
    return if $line eq '';
    my ($key, $value) = $line =~ /\A(\S+?):\s*(.*)\z/
        or return push @{ $file->{problems} }, { code => 'bad_line', line => $number };
    return push @{ $file->{problems} }, { code => 'unknown_key', line => $number, key => $key, choices => [ sort keys %KEYS ] }
        if !$KEYS{$key};
    my $problem = _bad_value($key, $value);
    return push @{ $file->{problems} }, { %{$problem}, line => $number, key => $key, value => $value } if $problem;
    push @{ $file->{notes} }, { code => 'twice', line => $number, key => $key } if exists $file->{lines}{$key};
    push @{ $file->{notes} }, { code => 'comment_in_password', line => $number, key => $key }
        if $commented && $key =~ /password\z/;
    $file->{lines}{$key} = $number;
    $file->{values}{$key} = ref $KEYS{$key} ? lc $value : $value;
    return;
}

sub _bad_value ($key, $value) {
    my $kind = $KEYS{$key};
    return $value eq '' || grep({ $_ eq lc $value } @{$kind}) ? undef : { code => 'bad_value', choices => $kind } if ref $kind;
    return { code => 'bad_port' } if $kind eq 'port' && !($value =~ /\A[0-9]{1,5}\z/ && $value >= 1 && $value <= 65_535);
    return;
}

# ---------------------------------------------------------------- what becomes of it

# {profile, from, service, changes}: from has the key of the file by member; changes are codes with values.
sub profile ($class, $file) {
    my %value = map { $_ => $file->{values}{$_} } grep { length $file->{values}{$_} } keys %{ $file->{values} };
    my (%profile, %from) = (%AS_THE_DAEMON, %DEFAULT);
    for my $key (grep { defined $value{$_} } keys %MEMBER) {
        $profile{ $MEMBER{$key} } = $value{$key};
        $from{ $MEMBER{$key} } = $key;
    }
    $profile{mode} = ($value{import_mode} // '') eq 'direct' ? 'direct' : 'stage';
    $from{mode} = 'import_mode' if defined $value{import_mode};
    _take_overlay_framework(\%profile, \%from, $value{overlay_framework});
    @profile{qw(login write_as)} = map { $_ // '' } @value{qw(connexion_user user)};
    $profile{overlay_action} = 'create_new' if !defined $value{match} && $profile{overlay_action} eq 'replace';
    return {
        profile => \%profile, from => \%from, password => $value{connexion_password}, service => _service(\%value),
        changes => [ _changes(\%value, \%profile) ],
    };
}

sub _take_overlay_framework ($profile, $from, $code) {
    return if !defined $code;
    $profile->{overlay_framework} = $code eq '_USE_ORIG_' ? undef : $code;
    $from->{overlay_framework} = 'overlay_framework';
    return;
}

# Without a host the daemon listens everywhere; a name is nothing to listen on here.
sub _service ($value) {
    return {} if !defined($value->{port} // $value->{host});
    my %service;
    $service{port} = $value->{port} if defined $value->{port};
    my $host = $value->{host} // '0.0.0.0';
    $service{bind} = $host if Koha::Plugin::ConnexionGateway::Addresses->is_address($host);
    return \%service;
}

sub _changes ($value, $profile) {
    my $keeps_login = defined $value->{connexion_user} && defined $value->{connexion_password};
    return (
        { code => $keeps_login ? 'login_same' : 'login_new' },
        { code => 'best' },
        defined $value->{match} ? () : { code => 'no_rule' },
        $profile->{mode} eq 'direct' ? { code => 'own_batches' } : (),
        { code => 'truth' }, { code => 'repeats' }, { code => 'at_once' }, { code => 'as_patron' },
        { code => 'no_guards' },
        defined $value->{port} ? { code => 'same_port', port => $value->{port} } : (),
        _left_out($value),
    );
}

sub _left_out ($value) {
    my @keys = grep { defined $value->{$_} } qw(koha password log debug);
    return @keys ? { code => 'left_out', keys => join ', ', @keys } : ();
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::DaemonConfig - the configuration file of Koha's own daemon, as a profile

=head1 DESCRIPTION

For libraries that used F<connexion_import_daemon.pl>. No Koha and no database: whether Koha has the matching rule is
asked by L<Koha::Plugin::ConnexionGateway::Settings>, as for every profile.

=head1 METHODS

All are called on the class.

=head2 parse($text)

C<{values, lines, problems, notes}>. Problems have a C<code> (C<empty, too_long, no_text, bad_line, unknown_key, bad_value,
bad_port>) with the C<line>, the C<key>, the C<value> and the C<choices> where there are any; notes have C<twice> and
C<comment_in_password>. It never dies.

=head2 profile(\%file)

C<{profile, from, password, service, changes}>: the members of a profile that does as the daemon did, the key of the file that
each comes from, what the service's settings become, and what is different, as codes.

=cut
