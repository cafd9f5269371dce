package Koha::Plugins;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use C4::Context;
use File::Find ();
use mro        ();
use Koha::Plugins::Methods;
use Sandbox::Strict qw(options);

# Plugins come last on @INC.
BEGIN {
    my $dirs = C4::Context->config('pluginsdir');
    push @INC, ref $dirs ? @{$dirs} : $dirs;
}

sub new ($class, $args = {}) {
    return if !C4::Context->config('enable_plugins') && !$args->{enable_plugins};
    return bless { %{$args}, pluginsdir => C4::Context->config('pluginsdir') }, $class;
}

sub GetPlugins ($self, $params = {}) {
    options('GetPlugins', $params, qw(method metadata all));
    my $wanted = $params->{metadata} // {};
    my %seen;
    my @classes =
        grep { !$seen{$_}++ }
        map  { $_->plugin_class }
        Koha::Plugins::Methods->search(
        $params->{method} ? { plugin_method => $params->{method} } : {});
    my @plugins;
    for my $class (sort @classes) {
        _load($class) or next;
        my $plugin = $class->new({ enable_plugins => $self->{enable_plugins} });
        next if !$plugin->is_enabled && !$params->{all};
        my $metadata = $plugin->get_metadata;
        next if grep { ($metadata->{$_} // '') ne $wanted->{$_} } keys %{$wanted};
        push @plugins, $plugin;
    }
    return @plugins;
}

sub _load ($class) {
    my $file = $class =~ s{::}{/}gr . '.pm';
    return 1 if eval { require $file; 1 };
    warn $@;
    return 0;
}

# Every module below Koha/Plugin/ in the plugins' folders, named by its path.
sub _classes ($self) {
    my @classes;
    for my $dir (ref $self->{pluginsdir} ? @{ $self->{pluginsdir} } : $self->{pluginsdir}) {
        next if !-d "$dir/Koha/Plugin";
        my $wanted = sub {
            return if !/\.pm\z/ || !-f;
            push @classes, substr($File::Find::name, 1 + length $dir) =~ s{/}{::}gr =~ s/\.pm\z//r;
        };
        File::Find::find({ wanted => $wanted, follow => 1, no_chdir => 1 }, "$dir/Koha/Plugin");
    }
    return sort @classes;
}

sub InstallPlugins ($self, $params = {}) {
    my @plugins;
    for my $class ($self->_classes) {
        _load($class) or next;
        next if !$class->isa('Koha::Plugins::Base') || $class eq 'Koha::Plugins::Base';
        my $plugin = $class->new({ enable_plugins => $self->{enable_plugins} });
        Koha::Plugins::Methods->search({ plugin_class => $class })->delete;
        Koha::Plugins::Method->new({ plugin_class => $class, plugin_method => $_ })->store
            for _methods($class);
        push @plugins, $plugin;
    }
    return @plugins;
}

# All subs that the class has, inherited and imported ones too, but for those with a leading "_".
sub _methods ($class) {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    my %methods;
    for my $package ($class, @{ mro::get_linear_isa($class) }) {
        $methods{$_} = 1
            for grep { /\A[a-zA-Z]\w*\z/ && defined &{"${package}::$_"} } keys %{"${package}::"};
    }
    return sort keys %methods;
}

1;
