package Koha::Plugin::ConnexionGateway::Preview;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Identifiers;
use Koha::Plugin::ConnexionGateway::Planner;

sub new ($class, %args) {
    return bless {
        koha => $args{koha},
        planner => Koha::Plugin::ConnexionGateway::Planner->new(
            koha => $args{koha}, settings => $args{settings}, journal => $args{journal},
            identifiers => Koha::Plugin::ConnexionGateway::Identifiers->new(koha => $args{koha}),
        ),
    }, $class;
}

# ---------------------------------------------------------------- the records of a file

# As {octets, form}; none where it is neither MARCXML nor ISO 2709.
sub split_file ($class, $octets) {
    $octets =~ s/\A\xEF\xBB\xBF//;
    return _split_marcxml($octets) if $octets =~ /\A\s*</;
    $octets =~ s/\A[\s\0]+//;
    return if $octets !~ /\A[0-9 ]{5}/;
    return map { { form => 'iso2709', octets => $_ } } grep {/[^\s\0]/} $octets =~ /[\s\0]*([^\x1D]+\x1D?)/g;
}

sub _split_marcxml ($octets) {
    my @records;
    while ($octets =~ m{(<((?:[\w.-]+:)?)record(?=[\s>]).*?</\2record\s*>)}gs) {
        my ($record, $prefix) = ($1, $2);
        # The namespace was declared further out.
        my $name = $prefix =~ s/:\z//r;
        $record =~ s{\A<\Q$prefix\Erecord}{<${prefix}record xmlns:$name="http://www.loc.gov/MARC21/slim"}
            if length $prefix && $record !~ /\A<[^>]*xmlns:\Q$name\E=/;
        push @records, { form => 'marcxml', octets => $record };
    }
    return @records;
}

# ---------------------------------------------------------------- what would become of one

# As whom the profile writes; where each cataloguer has a login, it is the one who tries.
sub context ($self, $profile, $user) {
    my $writer = length($profile->{write_as} // '') ? $self->{koha}->patron(userid => $profile->{write_as}) : $user;
    return { profile => $profile, patron => $writer };
}

# {read, plan, record, error}: without a record it can't be read, without a plan the error is what was raised.
sub plan ($self, $context, $source) {
    my $read = $source->{form} eq 'marcxml'
        ? $self->{planner}->read_marcxml($source->{octets})
        : $self->{planner}->read($source->{octets});
    return { read => $read } if !$read->{record};
    my ($job, $plan);
    my $done = eval {
        $job = $self->{planner}->prepare($context, $read->{record});
        $plan = $self->{planner}->plan({ %{$context}, %{$job} });
        1;
    };
    return { read => $read, record => $read->{record}, error => $@ } if !$done;
    return { read => $read, record => $job->{record}, plan => $plan, document => $job->{document} };
}

# The fields with what becomes of them; of a new record all of them come, but for items.
sub fields ($class, $planned) {
    my $plan = $planned->{plan};
    return $plan->{fields} if @{ $plan->{fields} // [] };
    return [] if $plan->{outcome} ne 'add';
    my %hidden = map { $_ => 1 } grep { defined } @{ $planned->{document} }{qw(item_tag koha_numbers_tag)};
    return [
        map { { %{$_}, action => 'comes', line => undef } }
            grep { !$hidden{ $_->{tag} } } @{ $planned->{record}->field_lines }
    ];
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Preview - what would become of the records of a file, with nothing written to Koha

=head1 METHODS

=head2 new(koha => $koha, settings => $settings, journal => $journal)

=head2 split_file($octets)

The records of a file of MARCXML or ISO 2709, as C<{form, octets}>.

=head2 context(\%profile, \%patron)

What C<plan> takes, for the patron who tries.

=head2 plan(\%context, \%source)

Of one of them C<{read, record, plan, document, error}>; the context is the planner's: C<profile> and C<patron>.

=head2 fields(\%planned)

Its fields, as a plan of an overlay has them.

=cut
