package Koha::Plugins::Handler;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use File::Path qw(remove_tree);
use Koha::Plugins;
use Koha::Plugins::Methods;

sub run ($class, $args) {
    return if !C4::Context->config('enable_plugins') && !$args->{enable_plugins};
    my ($plugin_class, $method) = @{$args}{qw(class method)};
    my $known =
        Koha::Plugins::Methods->search({ plugin_class => $plugin_class, plugin_method => $method })
        ->count;
    if (!$known) {
        warn "Plugin does not have method $method";
        return;
    }
    my $file = $plugin_class =~ s{::}{/}gr . '.pm';
    require $file;
    my $plugin =
        $plugin_class->new({ cgi => $args->{cgi}, enable_plugins => $args->{enable_plugins} });
    return $plugin->$method($args->{params});
}

sub delete ($class, $args) {
    return if !C4::Context->config('enable_plugins') && !$args->{enable_plugins};
    my $plugin_class = $args->{class};
    my $file         = $plugin_class =~ s{::}{/}gr . '.pm';
    require $file;
    my $path = $INC{$file};
    $class->run(
        {
            class          => $plugin_class,
            method         => 'uninstall',
            enable_plugins => $args->{enable_plugins}
        }
    );
    C4::Context->dbh->do('delete from plugin_data where plugin_class = ?', undef, $plugin_class);
    Koha::Plugins::Methods->search({ plugin_class => $plugin_class })->delete;
    unlink $path or warn "Could not unlink $path: $!";
    remove_tree($path =~ s/\.pm\z//r);
    return;
}

1;
