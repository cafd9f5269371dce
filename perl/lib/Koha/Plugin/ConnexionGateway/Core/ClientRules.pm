package Koha::Plugin::ConnexionGateway::Core::ClientRules;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Core::Handle';

use Mojo::JSON ();

__PACKAGE__->compiled(DESTROY => 'delete_ClientRules', for_client => 'for_client');

sub new ($class, $rules) {
    my $json = ref $rules eq 'HASH' ? Mojo::JSON::encode_json($rules) : $rules;
    return $class->function('client_rules_from_json', $class->need_octets($json, 'rules'));
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::ClientRules - records of Koha's as the Connexion Client takes them

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::ClientRules;

    my $rules = Koha::Plugin::ConnexionGateway::Core::ClientRules->new({
        schema_version => 1,
        record_type    => 'biblio',
        encoding       => 'marc-8',
        local_fields   => ['9XX'],
        item_tag       => '952',
        items          => { tag => '949', subfields => { p => 'i' } },
    });
    my $made = $rules->for_client($record);
    print $made->{title};                         # Moby Dick, or, The whale
    print $made->{oclc_number};                   # 12345
    print substr $made->{octets}, 6, 2;           # am
    print $made->{problems}[0]{code};             # outgoing_040_missing

=head1 DESCRIPTION

What a profile says of records that go to the Client: which fields are the library's own and stay, the
encoding (C<utf-8> or C<marc-8>), and what becomes of items: C<items> is undef where they are left out, or the
field that they go out in, with what the subfields of the item field become. Rules are built once and never change.

=head1 METHODS

=head2 new($rules)

From a reference to a hash, or from JSON in octets. Raises C<rules.*> naming the member and the bad value.

=head2 for_client($record)

The record as it goes out, as a hash: C<octets> (ISO 2709; undef where that can't hold the record), C<title> (text),
C<oclc_number> (digits, or empty) and C<problems>, what the Client or WorldCat would refuse: a reference to an
array of hashes as L<Koha::Plugin::ConnexionGateway::Core::Record> describes them. Their codes begin with C<outgoing_>;
C<offset> is the position within the leader or 008, C<severity> is C<refused> or, where somebody should look at it, C<notice>.

=cut
