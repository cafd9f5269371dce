package Koha::Plugin::ConnexionGateway::Uninstall;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Schema;
use Koha::Plugin::ConnexionGateway::Settings;

# Koha deletes a plugin through Koha::Plugins::Handler->delete. A plugin's page is run by its
# Handler too, but in its method run.
sub run ($class, $plugin) {
    return 0 if !_deleting();
    my $koha = Koha::Plugin::ConnexionGateway::Koha->new;
    return 1 if !Koha::Plugin::ConnexionGateway::Schema->installed($koha);
    return 1 if Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha)->service->{keep_data};
    return Koha::Plugin::ConnexionGateway::Schema->uninstall($koha);
}

sub _deleting {
    for my $level (1 .. 20) {
        my $sub = (caller $level)[3] // return 0;
        return 1 if $sub eq 'Koha::Plugins::Handler::delete';
    }
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Uninstall - what goes when the plugin is deleted

=head1 DESCRIPTION

Koha's page can't ask, so the setting C<keep_data> says whether the plugin's tables stay.

=head1 METHODS

=head2 run($plugin)

Acts only where Koha is deleting the plugin.

=cut
