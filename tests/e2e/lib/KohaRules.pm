package KohaRules;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Record matching rules for tests, as a librarian would set them up. Koha's own modules only.

use strict;
use warnings;

use C4::Matcher;

my %RULES = (
    OCLCISBN => [ 'biblio', 'OCLC number (001, 035), then ISBN', [ 'Control-number', 2000, '001', '' ],
        [ 'Other-control-number', 2000, '035', 'a' ], [ 'isbn', 1000, '020', 'a' ] ],
    ISBN => [ 'biblio', 'ISBN', [ 'isbn', 1000, '020', 'a' ] ],
    OCLC => [ 'biblio', 'OCLC number in 035', [ 'Other-control-number', 1000, '035', 'a' ] ],
    AUTHHEAD => [ 'authority', 'Authorities: main heading',
        map { [ 'Heading-Main', 1000, $_, 'a' ] } qw(100 110 111 130 150 151 155) ],
);

# A Koha that has a rule of that code keeps its own.
sub add {
    my ($class, @codes) = @_;
    for my $code (grep { !C4::Matcher::GetMatcherId($_) } @codes) {
        my ($type, $description, @points) = @{ $RULES{$code} };
        my $matcher = C4::Matcher->new($type);
        $matcher->code($code);
        $matcher->description($description);
        $matcher->threshold(1000);
        $matcher->add_simple_matchpoint(@{$_}, 0, 0, '') for @points;
        $matcher->store;
    }
    return;
}

1;
