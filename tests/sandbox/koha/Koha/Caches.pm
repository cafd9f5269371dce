package Koha::Caches;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my (%memory, %instances);

# Koha keeps what is asked for often in the process (L1) and, where there is one, in memcached. Here
# there is none, so another process's change is seen after flush_L1_caches.
sub get_instance ($class, $name = 'koha') {
    return $instances{$name} //= bless { name => $name }, 'Koha::Cache';
}

sub flush_L1_caches ($class) {
    %memory = ();
    return;
}

package Koha::Cache;    ## no critic (ProhibitMultiplePackages)

use feature 'signatures';
no warnings 'experimental::signatures';

sub get_from_cache ($self, $key, $options = {}) { return $memory{ $self->{name} }{$key} }

sub set_in_cache ($self, $key, $value, @) {
    $memory{ $self->{name} }{$key} = $value;
    return 1;
}

sub clear_from_cache ($self, $key) {
    delete $memory{ $self->{name} }{$key};
    return 1;
}

sub flush_all ($self) {
    delete $memory{ $self->{name} };
    return 1;
}

1;
