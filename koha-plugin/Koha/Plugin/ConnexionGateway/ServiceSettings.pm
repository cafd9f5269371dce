package Koha::Plugin::ConnexionGateway::ServiceSettings;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Addresses;
use Koha::Plugin::ConnexionGateway::Texts;

# One table for the service, the pages, the command line and the documentation.
my @SETTINGS = (
    [ bind => '127.0.0.1', 'address', 'address to listen on; 0.0.0.0 or :: for all' ],
    [ port => 8000, 'port', 'port for exports' ],
    [ client_host => '', 'host', 'host name that cataloguers type into the Client; empty: that of the staff interface' ],
    [ tls_port => 0, 'port_or_none', 'port for exports over TLS; 0: none' ],
    [ tls_certificate => '', 'file', 'certificate of the TLS port, with its chain (PEM)' ],
    [ tls_key => '', 'file', 'its private key (PEM)' ],
    [ allow => '', 'networks', 'addresses and networks that may export (CIDR; oclc stands for OCLC\'s own); empty: all' ],
    [ proxy_from => '', 'networks', 'balancers that may tell the client\'s address by the PROXY protocol; empty: none' ],
    [ max_connections => 600, 'count', 'connections at the same time' ],
    [ max_connections_per_address => 120, 'count', 'of them from one address' ],
    [ max_request_bytes => 2_000_000, 'count', 'bytes in a request' ],
    [ max_request_records => 100, 'count', 'records in a request' ],
    [ first_byte_timeout => 60, 'seconds', 'until a client sends its first byte' ],
    [ between_bytes_timeout => 8, 'seconds', 'between two bytes of a request' ],
    [ request_timeout => 120, 'seconds', 'for a whole request' ],
    [ idle_timeout => 60, 'seconds', 'that a connection is kept after a reply' ],
    [ answer_within => 8, 'seconds', 'after which an export that goes on is answered by its number' ],
    [ max_importers => 2, 'count', 'importers (processes with Koha) at the same time' ],
    [ importer_idle => 300, 'seconds', 'without work after which an importer ends' ],
    [ importer_exports => 500, 'count', 'exports after which an importer is replaced' ],
    [ import_timeout => 120, 'seconds', 'after which an importer that hangs is ended' ],
    [ max_queue => 500, 'count', 'exports that may wait' ],
    [ queue_timeout => 60, 'seconds', 'that an export may wait' ],
    [ drain_timeout => 30, 'seconds', 'that a stop waits for what is under way' ],
    [ wrong_login_delay => 1, 'seconds_or_none', 'that the answer to a first wrong login is held back; doubled with each more' ],
    [ wrong_login_delay_most => 8, 'seconds_or_none', 'that it is held back at most' ],
    [ wrong_logins => 10, 'count', 'wrong tries with one login from one address before it has to pause' ],
    [ wrong_logins_per_address => 100, 'count', 'wrong tries from one address before all its logins have to pause' ],
    [ wrong_login_pause => 300, 'seconds', 'of that pause' ],
    [ health_bind => '127.0.0.1', 'address', 'address of the port for monitors' ],
    [ health_port => 0, 'port_or_none', 'port for monitors alone, with /health, /status and /metrics; 0: none' ],
    [ wishes_from => '', 'networks', 'other machines that may have the service look at once for what is wished (reload, drain, accept); empty: none' ],
    [ log_file => '', 'file', 'file of the log; empty: standard error, which is the journal of systemd' ],
    [ log_format => 'text', [qw(text json)], 'form of the log' ],
    [ keep_exports => 365, 'count_or_none', 'days that exports are kept in the list; 0: for ever' ],
    [ keep_data => 1, [ 0, 1 ], 'whether the plugin\'s tables stay when it is uninstalled' ],
);

my %SETTING = map { $_->[0] => { default => $_->[1], kind => $_->[2], help => $_->[3] } } @SETTINGS;

# What a value is not, as a code with values, or nothing.
my %KIND = (
    address => sub ($value) {
        return Koha::Plugin::ConnexionGateway::Addresses->is_address($value) ? () : ('no_address');
    },
    port => sub ($value) { return _whole($value, 1, 65_535) },
    port_or_none => sub ($value) { return _whole($value, 0, 65_535) },
    count => sub ($value) { return _whole($value, 1, 1_000_000_000) },
    count_or_none => sub ($value) { return _whole($value, 0, 1_000_000_000) },
    seconds => sub ($value) { return _number($value, 0.1) },
    seconds_or_none => sub ($value) { return _number($value, 0) },
    networks => sub ($value) {
        my @wrong = Koha::Plugin::ConnexionGateway::Addresses->unreadable($value);
        return @wrong ? ('no_network', value => $wrong[0]) : ();
    },
    host => sub ($value) {
        return $value =~ /\A(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252})?\z/
            || Koha::Plugin::ConnexionGateway::Addresses->is_address($value) ? () : ('no_host');
    },
    file => sub ($value) { return $value eq '' || $value =~ m{\A/} ? () : ('no_path') },
);

sub names ($class) { return map { $_->[0] } @SETTINGS }

sub defaults ($class) { return map { $_->[0] => $_->[1] } @SETTINGS }

sub help ($class, $name) { return $SETTING{$name}{help} }

sub exists ($class, $name) { return $SETTING{$name} ? 1 : 0 }    ## no critic (ProhibitBuiltinHomonyms)

sub kind ($class, $name) { return $SETTING{$name}{kind} }

# As {field, code, values} or undef.
sub fault ($class, $name, $value) {
    my $setting = $SETTING{$name} // return { field => $name, code => 'unknown' };
    return { field => $name, code => 'missing' } if !defined $value || ref $value;
    my $kind = $setting->{kind};
    my ($code, %values) = ref $kind ? _one_of($value, @{$kind}) : $KIND{$kind}->($value);
    return defined $code ? { field => $name, code => $code, values => { value => $value, %values } } : undef;
}

sub sentence ($class, $fault) {
    my $texts = Koha::Plugin::ConnexionGateway::Texts->new;
    return "$fault->{field}: " . $texts->text("service.fault.$fault->{code}", $fault->{values} // {});
}

sub problem ($class, $name, $value) {
    my $fault = $class->fault($name, $value) // return;
    return $class->sentence($fault);
}

# What two settings together get wrong.
sub conflicts ($class, $values) {
    my @codes;
    push @codes, [ tls_port => 'port_of_exports' ] if $values->{tls_port} && $values->{tls_port} == $values->{port};
    push @codes, [ tls_port => 'no_certificate' ]
        if $values->{tls_port} && !(length $values->{tls_certificate} && length $values->{tls_key});
    push @codes, [ health_port => 'port_taken' ]
        if $values->{health_port} && grep { $_ == $values->{health_port} } @{$values}{qw(port tls_port)};
    return map { { field => $_->[0], code => $_->[1] } } @codes;
}

sub contradictions ($class, $values) { return map { $class->sentence($_) } $class->conflicts($values) }

sub _whole ($value, $least, $most) {
    return if $value =~ /\A[0-9]{1,10}\z/ && $value >= $least && $value <= $most;
    return ('no_whole_number', least => $least, most => $most);
}

sub _number ($value, $least) {
    return if $value =~ /\A[0-9]{1,7}(?:[.][0-9]{1,3})?\z/ && $value >= $least;
    return ('no_seconds', least => $least);
}

sub _one_of ($value, @choices) {
    return if grep { $_ eq $value } @choices;
    return ('no_choice', choices => join ', ', @choices);
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::ServiceSettings - the settings of the service and what they may be

=head1 DESCRIPTION

No Koha and no database: the listener uses it too. C<connexion-gateway settings> lists them all.

=head1 METHODS

=head2 names, defaults

In the order in which people read them; a hash as a list. Times are in seconds.

=head2 help($name), kind($name), exists($name)

What it is, in words; what it may be, as a word or as the list of what it can be; whether there is one of that name.

=head2 fault($name, $value), problem($name, $value)

What is wrong with the value, as C<{field, code, values}> and as a sentence; or undef.

=head2 conflicts(\%values), contradictions(\%values)

What is wrong between several settings, the same two ways.

=head2 sentence(\%fault)

=cut
