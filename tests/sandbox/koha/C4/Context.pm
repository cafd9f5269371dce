package C4::Context;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Carp   qw(carp);
use Encode ();
use Sandbox::Conf;
use Sandbox::Strict qw(newer arguments one_of);

our $context;
my $use_preference_cache = 1;

sub import ($class, @) {
    return if $context;
    $context = $class->new or return;
    return;
}

sub new ($class, $file = undef) {
    $file //= $ENV{KOHA_CONF};
    if (!defined $file || !-s $file) {
        warn 'unable to locate Koha configuration file koha-conf.xml';
        return;
    }
    my $self = bless Sandbox::Conf->read($file), $class;
    $self->{db_driver} = 'mysql';
    return $self;
}

sub config ($class, $name) { return $context ? $context->{config}{$name} : undef }

sub _preference_cache {
    require Koha::Caches;
    return Koha::Caches->get_instance('syspref');
}

sub preference ($class, $name) {
    return $ENV{"OVERRIDE_SYSPREF_$name"} if defined $ENV{"OVERRIDE_SYSPREF_$name"};
    my $key    = 'syspref_' . lc $name;
    my $cached = $use_preference_cache ? _preference_cache()->get_from_cache($key) : undef;
    return $cached if defined $cached;
    local $@ = '';
    my ($value) = eval {
        $class->dbh->selectrow_array('select value from systempreferences where variable = ?',
            undef, lc $name);
    };
    _preference_cache()->set_in_cache($key, $value) if $use_preference_cache;
    return $value;
}

sub set_preference ($class, $name, $value, @) {
    $class->dbh->do(
        'insert into systempreferences (variable, value) values (?, ?) on duplicate key update value = ?',
        undef, $name, $value, $value
    );
    _preference_cache()->set_in_cache('syspref_' . lc $name, $value) if $use_preference_cache;
    return 1;
}

sub delete_preference ($class, $name) {
    _preference_cache()->clear_from_cache('syspref_' . lc $name);
    return $class->dbh->do('delete from systempreferences where variable = ?', undef, $name) > 0
        ? 1
        : 0;
}

sub enable_syspref_cache ($class) {
    $use_preference_cache = 1;
    $class->clear_syspref_cache;
    return;
}

sub disable_syspref_cache ($class) {
    $class->clear_syspref_cache;
    $use_preference_cache = 0;
    return;
}

sub clear_syspref_cache ($class) {
    _preference_cache()->flush_all;
    return;
}

sub dbh ($class = undef, $params = undef) {
    require Koha::Database;
    return Koha::Database->schema({ new => 1 })->storage->dbh if $params && $params->{new};
    return Koha::Database->schema->storage->dbh;
}

sub interface ($class, $interface = undef) {
    if (defined $interface) {
        $interface = lc $interface;
        one_of(
            'C4::Context->interface', $interface,
            qw(api opac intranet sip cron commandline),
            newer() ? 'installer' : ()
        );
        $context->{interface} = $interface;
    }
    return $context->{interface} // 'opac';
}

# A connection to the search engine; one that has met an error is replaced.
sub Zconn ($class, $server = 'biblioserver', $async = undef) {
    my $key        = join '::', $server, $async // '';
    my $connection = $context->{Zconn}{$key};
    return $connection if $connection && !$connection->errcode;
    return $context->{Zconn}{$key} = bless { errcode => 0 }, 'ZOOM::Connection';
}

# ---------------------------------------------------------------- the user environment

my @USERENV_19_06 = qw(number id cardnumber firstname surname branch branchname flags emailaddress
    branchprinter shibboleth);
my @USERENV_NEWER = qw(number id cardnumber firstname surname branch branchname flags emailaddress
    shibboleth desk_id desk_name register_id register_name);

sub userenv ($class = undef) {
    return $context->{userenv} if newer();
    my $active = $context->{activeuser} // return;
    return $context->{userenv}{$active} // ();
}

sub set_userenv ($class, @values) {
    my @names = newer() ? @USERENV_NEWER : @USERENV_19_06;
    arguments('C4::Context->set_userenv', scalar @values, 8, scalar @names);
    @values = map { !defined || Encode::is_utf8($_) ? $_ : Encode::decode('UTF-8', $_) } @values;
    my %cell;
    @cell{@names} = @values;
    if   (newer()) { $context->{userenv}                                 = \%cell }
    else           { $context->{userenv}{ $context->{activeuser} // '' } = \%cell }
    return \%cell;
}

# The names of 19.06 and of newer versions differ; either version has only its own.
sub AUTOLOAD {
    our $AUTOLOAD;
    my ($name) = $AUTOLOAD =~ /(\w+)\z/;
    my $code = __PACKAGE__->can($name);
    if (!$code) {
        require Carp;
        Carp::croak(qq{Can't locate object method "$name" via package "C4::Context"});
    }
    goto &{$code};
}

sub DESTROY { return }

sub can ($class, $name) {
    my %only =
        newer()
        ? (unset_userenv => \&_forget_userenv)
        : (_new_userenv => \&_begin_userenv, _unset_userenv => \&_end_userenv);
    return $only{$name} // UNIVERSAL::can($class, $name);
}

sub _forget_userenv ($class) {
    delete $context->{userenv};
    return;
}

sub _begin_userenv ($class, $session) {
    $context->{activeuser} = $session;
    return;
}

# 19.06 reads its first argument, which is the class when called as a method: nothing happens then.
sub _end_userenv (@arguments) {
    my $session = $arguments[0];
    return if !defined $context->{activeuser} || $context->{activeuser} ne $session;
    undef $context->{activeuser};
    return;
}

# Without a user environment everything is allowed, as for a script on the command line.
sub IsSuperLibrarian ($class = undef) {
    my $userenv = userenv();
    if (!$userenv || !exists $userenv->{flags}) {
        carp('C4::Context->userenv not defined!');
        return 1;
    }
    return ($userenv->{flags} // 0) % 2;
}

sub mybranch ($class = undef) { return userenv() ? userenv()->{branch} // '' : '' }

sub only_my_library ($class = undef) {
    return
           C4::Context->preference('IndependentBranches')
        && userenv()
        && !C4::Context->IsSuperLibrarian
        && userenv()->{branch};
}

sub temporary_directory ($class) { return C4::Context->config('tmp_path') || '/tmp' }

sub timezone ($class) { return C4::Context->config('timezone') || $ENV{TZ} || 'local' }

sub tz ($class) {
    require DateTime::TimeZone;
    return DateTime::TimeZone->new(name => $class->timezone);
}

package ZOOM::Connection;    ## no critic (ProhibitMultiplePackages)

use feature 'signatures';
no warnings 'experimental::signatures';

sub errcode ($self) { return $self->{errcode} }

sub errmsg ($self) { return $self->{errcode} ? 'Connect failed' : '' }

1;
