package Sandbox::RestApi::Validator;

# SPDX-License-Identifier: GPL-3.0-or-later

use Mojo::Base 'JSON::Validator', -signatures;

# Whether the routes are valid a test of the plugin says: the schema for that is none of JSON::Validator's package.
sub load_and_validate_schema ($self, $spec, $options = {}) {
    return $self->schema($spec);
}

1;

__END__

=encoding utf8

=head1 NAME

Sandbox::RestApi::Validator - what Koha asks of JSON::Validator::OpenAPI::Mojolicious, which is no more

=head1 METHODS

=head2 load_and_validate_schema($spec)

Takes the specification.

=cut
