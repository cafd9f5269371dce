package Koha::Plugin::ConnexionGateway::Texts;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp qw(croak);
use File::Basename qw(dirname);
use File::Spec ();
use JSON::PP ();

my $FOLDER = File::Spec->rel2abs(dirname(__FILE__)) . '/i18n';
my $FALLBACK = 'en';

# Read once a process; a Koha whose plugin was upgraded is restarted anyway.
my %read;

# 'fr-FR' and 'fr_CA' are served by fr.json.
sub new ($class, $language = $FALLBACK) {
    my ($short) = lc($language // '') =~ /\A([a-z]{2,3})(?![a-z])/;
    my $name = defined $short && -e "$FOLDER/$short.json" ? $short : $FALLBACK;
    return bless { language => $name, texts => _texts($name) }, $class;
}

sub _texts ($name) {
    return $read{$name} //= do {
        open my $in, '<:raw', "$FOLDER/$name.json" or croak "$FOLDER/$name.json: $!";
        local $/ = undef;
        JSON::PP->new->utf8->decode(scalar <$in>);
    };
}

sub languages ($class) { return map {m{/([a-z]+)\.json\z}} glob "$FOLDER/*.json" }

sub language ($self) { return $self->{language} }

sub all ($self) { return $self->{texts} }

sub has ($self, $key) { return exists $self->{texts}{$key} }

# A count chooses between KEY.one and KEY.many.
sub text ($self, $key, $values = {}) {
    my $text = $self->{texts}{ $self->_numbered($key, $values) };
    croak "There is no text '$key'" if !defined $text;
    return $text =~ s/\{(\w+)\}/$values->{$1} \/\/ ''/ger;
}

sub _numbered ($self, $key, $values) {
    return $key if $self->has($key) || !defined $values->{count};
    return $key . ($values->{count} == 1 ? '.one' : '.many');
}

# Those a script uses: the texts below these prefixes.
sub below ($self, @prefixes) {
    my $texts = $self->{texts};
    my $begins = join '|', map { quotemeta "$_." } @prefixes;
    return { map { $_ => $texts->{$_} } grep {/\A(?:$begins)/} keys %{$texts} };
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Texts - what the staff pages say, in the language of the staff interface

=head1 SYNOPSIS

    my $texts = Koha::Plugin::ConnexionGateway::Texts->new('fr-FR');
    $texts->text('log.found', { count => 12 });

=head1 DESCRIPTION

The texts are in F<i18n/LANGUAGE.json>, one object of keys and texts; C<{name}> in a text stands for a
value. A language that isn't there is served in English.

=head1 METHODS

=head2 new($language)

The language as Koha names it, like C<es-ES>.

=head2 text($key, \%values)

The text. Where a C<count> is among the values, C<KEY.one> or C<KEY.many>. Dies without such a text.

=head2 has($key), all, below(@prefixes)

Whether there is a text; all of them; those whose keys begin so, by key.

=head2 language, languages

The language of these texts; those that there are.

=cut
