package Koha::DateUtils;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use DateTime ();
use Exporter 'import';
use Sandbox::Strict qw(newer options wrong_call);

our @EXPORT = newer() ? () : ('output_pref');
our @EXPORT_OK = ('output_pref');

my %DAY = (iso => '%Y-%m-%d', metric => '%d/%m/%Y', us => '%m/%d/%Y', dmydot => '%d.%m.%Y');

sub output_pref ($params) {
    options('output_pref', $params, qw(dt dateonly));
    my $moment = $params->{dt} // return;
    wrong_call('output_pref without a DateTime') if ref $moment ne 'DateTime';
    $moment->set_time_zone($params->{dateonly} ? 'floating' : C4::Context->tz);
    my $day = $DAY{ C4::Context->preference('dateformat') // 'us' } // $DAY{iso};
    return $moment->strftime($day) if $params->{dateonly};
    my $time = (C4::Context->preference('TimeFormat') // '') eq '12hr' ? '%I:%M %p' : '%H:%M';
    return $moment->strftime("$day $time");
}

1;
