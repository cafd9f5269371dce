package Koha::Plugin::ConnexionGateway::Core::Rules;

# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use parent 'Koha::Plugin::ConnexionGateway::Core::Handle';

use Mojo::JSON ();

use Koha::Plugin::ConnexionGateway::Core::Record;

__PACKAGE__->compiled(
    has_matching => 'Rules_has_matching',
    DESTROY      => 'delete_Rules',
    map { $_ => $_ } qw(point_keys identifiers match_identifiers index_entries answered_by_index
        prepare named_target decide plan_json)
);

sub new ($class, $rules) {
    my $json = ref $rules eq 'HASH' ? Mojo::JSON::encode_json($rules) : $rules;
    return $class->function('rules_from_json', $class->need_octets($json, 'rules'));
}

sub record_to_write ($self, $record, $facts, $target) {
    my @objects = ($self->need_object($record, 'Record'), $self->need_object($facts, 'Facts'));
    $self->need_count($target, 'target') if defined $target;
    return $self->function('record_to_write', $self, @objects, $target // 0);
}

sub item_questions ($self, $record, %options) {
    $self->need_object($record, 'Record');
    return Mojo::JSON::decode_json(
        $self->function('item_questions', $self, $record, $options{for_a_person} ? 1 : 0));
}

sub plan ($self, $record, $facts) {
    my @objects = ($self->need_object($record, 'Record'), $self->need_object($facts, 'Facts'));
    return Mojo::JSON::decode_json($self->plan_json(@objects));
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Core::Rules - what a library decided, and the plan made by it

=head1 SYNOPSIS

    use Koha::Plugin::ConnexionGateway::Core::Facts;
    use Koha::Plugin::ConnexionGateway::Core::Rules;

    my $rules = Koha::Plugin::ConnexionGateway::Core::Rules->new({
        schema_version => 1,
        record_type    => 'biblio',
        mode           => 'direct',
        matching_rule  => {
            code        => 'ISBN',
            record_type => 'biblio',
            threshold   => 1000,
            matchpoints => [{
                index      => 'isbn',
                score      => 1000,
                components => [{tag => '020', subfields => 'a', offset => 0, length => 0, norms => ['ISBN']}],
            }],
            required_checks => [],
        },
        on_match        => 'replace',
        on_no_match     => 'create_new',
        items           => 'always_add',
        several_matches => 'hold',
        no_match_keys   => 'add',
        item_conflict   => 'item',
        item_tag        => '952',
        item_subfields  => {
            barcode => 'p', itemnumber => '9', homebranch => 'a', holdingbranch => 'b', itype => 'y',
        },
    });

    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    for my $point (@{$rules->point_keys($record)}) {
        print $point->{index};                    # isbn
        print $point->{searched}[0];                  # 9780142437247
        $facts->hit($point->{matchpoint}, 34, 'search');
    }
    $facts->candidate(34, $record);
    my $plan = $rules->plan($record, $facts);
    print $plan->{outcome};                       # overlay
    print $plan->{target};                        # 34

=head1 DESCRIPTION

Rules are built once and never change. They and the plan are described in F<docs/plan-format.md>.

=head1 METHODS

=head2 new($rules)

From a reference to a hash, or from JSON in octets. Raises C<rules.*> naming the member and the bad
value.

=head2 has_matching

Whether there is a matching rule: 1 or 0.

=head2 point_keys($record)

For each matchpoint that has any a hash with C<matchpoint> (its position in the rule), C<index>, C<keys> (text) as
Koha's matching rule makes them, and C<searched>, what to search Koha with; as C<match.keys> of the plan.

    my ($point) = @{ $rules->point_keys($record) };
    print "@{$point->{keys}}, @{$point->{searched}}";    # 9780142437247, 9780142437247 0142437247

=head2 identifiers($record)

The standard numbers of the record, each once, in one normal form: a reference to an array of hashes
with C<kind> (C<oclc>, C<oclc_merged>, C<isbn>, C<issn>, C<lccn>; of authorities also C<control> and
C<heading>) and C<value>.

    print join ' ', map {"$_->{kind}:$_->{value}"} @{$rules->identifiers($record)};    # oclc:12345 isbn:9780142437247

=head2 match_identifiers($record)

Those that the matchpoints of the matching rule name, in the same shape; C<local> is Koha's own number
in 999 $c.

=head2 index_entries($record)

What the record is found by in an index of identifiers, in the same shape: the identifiers, and of a
bibliographic record 001 as it stands (C<control>).

=head2 answered_by_index($record)

Whether such an index of all records names every one that the rule could match this record with: 1 or
0.

    print $rules->answered_by_index($record);    # 1

=head2 prepare($record)

The record as it is matched, decided and staged: the fields that items come in by the rules'
C<item_source> have become item fields. Every other method takes such a record.

    my $prepared = $rules->prepare($record);

=head2 named_target($record)

The number of the record that the cataloguer names by the rules' C<target_field>, to be given to the
facts as a candidate; undef where there is none.

=head2 record_to_write($record, $facts, $target)

The record to write, without items: the overlay of the candidate C<$target> with the local fields
that are kept, or a new record where C<$target> is undef. Raises C<facts.no_candidate> where the
facts have no record for the target.

    my $facts = Koha::Plugin::ConnexionGateway::Core::Facts->new->candidate(34, $record);
    print $rules->record_to_write($record, $facts, 34)->type;    # biblio

=head2 item_questions($record, for_a_person => 0|1)

What to ask Koha about the record's items before the plan is made: a hash with C<barcodes> and
C<itemnumbers>, references to arrays. With C<for_a_person> all that a person needs to decide on each.

=head2 plan($record, $facts)

What becomes of the record, as a hash. Raises C<facts.*> where the facts contradict each other.

=head2 plan_json($record, $facts)

The same as the core wrote it: one JSON document in octets, members sorted.

=head2 decide($record, $facts)

The decision alone, in a fraction of the time: a hash with C<outcome, target, reasons, candidates> and
C<items>, each as in the plan (C<candidates> is C<match.candidates> there).

    my $facts    = Koha::Plugin::ConnexionGateway::Core::Facts->new;
    my $decision = $rules->decide($record, $facts);
    print $decision->{outcome};                     # add
    print scalar @{ $decision->{candidates} };      # 0

=cut
