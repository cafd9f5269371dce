package Koha::Cache::Memory::Lite;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my %memory;
my $instance;

sub get_instance ($class) { return $instance //= bless {}, $class }

sub get_from_cache ($self, $key) { return $memory{$key} }

sub set_in_cache ($self, $key, $value) {
    $memory{$key} = $value;
    return;
}

sub clear_from_cache ($self, $key) {
    delete $memory{$key};
    return;
}

sub flush ($self) {
    %memory = ();
    return;
}

1;
