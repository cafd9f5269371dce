package C4::Languages;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use Sandbox::Strict qw(arguments);

# The patron's choice among those of the library, whose first holds otherwise.
sub getlanguage (@arguments) {
    arguments('getlanguage', scalar @arguments, 0, 1);
    my ($cgi) = @arguments;
    my @offered = split /,/, C4::Context->preference('language') // '';
    my $chosen = $cgi ? scalar $cgi->cookie('KohaOpacLanguage') : undef;
    return $chosen if defined $chosen && grep { $_ eq $chosen } @offered;
    return $offered[0] // 'en';
}

1;
