#!/usr/bin/perl

# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Koha does with the plugin as a whole: upload over an older version, beside another plugin, disable, delete; and
# what of it a visitor can call.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use B ();
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use JSON::PP ();
use Mojo::UserAgent;
use Test::More;

use lib dirname(__FILE__) . '/lib';
use TestGateway;

plan skip_all => 'a real Koha has plugins that are not ours to delete' if TestGateway->live;

my $CLASS = 'Koha::Plugin::ConnexionGateway';
my $PLUGIN = 'Koha/Plugin/ConnexionGateway';
my $BUILT = $ENV{CONNEXION_PLUGIN_DIR} // "$TestGateway::ROOT/build/release/plugin";
my $FOLDER = tempdir(CLEANUP => 1) . '/plugins';
my $VERSION = content("$TestGateway::ROOT/VERSION") =~ s/\s+\z//r;
my @BOOKS = map { (TestGateway->records_of($_))[0] } 'book_ascii_ocn893210272.mrc', 'book_utf8_oclc1005829214.mrc';

# Only the copy is found by Koha: what `prove -I` names must not be deleted below.
local $ENV{PERL5LIB} = join ':', grep { !-e "$_/$PLUGIN.pm" } split /:/, $ENV{PERL5LIB} // '';

sub content ($file) {
    open my $in, '<', $file or die "$file: $!\n";
    local $/ = undef;
    my $content = <$in>;
    close $in or die "$file: $!\n";
    return $content;
}

sub put ($path, $content) {
    make_path(dirname("$FOLDER/$path"));
    open my $out, '>', "$FOLDER/$path" or die "$path: $!\n";
    print {$out} $content;
    close $out or die "$path: $!\n";
    return;
}

# As an upload does it: files are overwritten, none is deleted.
sub upload () {
    make_path($FOLDER);
    system('cp', '-r', "$BUILT/Koha", $FOLDER) == 0 or die "the plugin can't be copied\n";
    return;
}

upload();
my $gateway = TestGateway->start(plugin_dir => $FOLDER, sandbox => { staff_port => 0 });
my ($sandbox, $dbh) = ($gateway->{sandbox}, $gateway->dbh);

sub our_tables () { return @{ $dbh->selectcol_arrayref(q{SHOW TABLES LIKE 'koha\_plugin\_connexiongateway\_%'}) } }

sub forget_plugin () {
    $dbh->do("DROP TABLE $_") for our_tables();
    $dbh->do("DELETE FROM $_ WHERE plugin_class = ?", undef, $CLASS) for qw(plugin_data plugin_methods);
    return;
}

sub load_sql ($file) {
    my $sql = content(dirname(__FILE__) . "/data/$file") =~ s/^--.*\n//gmr;
    $dbh->do($_) for grep {/\S/} split /;\n/, $sql;
    return;
}

sub install_plugins () { return join ' ', sort $sandbox->install_plugins }

# Without what Koha says of modules that it can't load.
sub quietly ($code) {
    open my $errors, '>&', \*STDERR or die $!;
    open STDERR, '>', '/dev/null' or die $!;
    my $answer = $code->();
    open STDERR, '>&', $errors or die $!;
    return $answer;
}

sub plugin_data ($class, $key) {
    return $gateway->count('SELECT plugin_value FROM plugin_data WHERE plugin_class = ? AND plugin_key = ?', $class, $key);
}

# Columns and keys of all tables, whatever their order.
sub structure () {
    return $dbh->selectall_arrayref(<<'SQL');
SELECT table_name, column_name, column_type, is_nullable, column_default, column_key FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name LIKE 'koha\_plugin\_connexiongateway\_%' ORDER BY 1, 2
SQL
}

sub contents () {
    return { map { $_ => [ sort map { JSON::PP->new->canonical->encode($_) } @{ $dbh->selectall_arrayref("SELECT * FROM $_") } ] }
            grep { !/_services\z/ } our_tables() };
}

# Code that is run as Koha does it, in a process of its own.
sub in_koha ($code) {
    my $before = "use C4::Context; use Koha::Plugins; use Koha::Plugins::Handler; C4::Context->interface('intranet');";
    return $gateway->run_perl('-e', $before . $code);
}

sub delete_plugin ($class) {
    return in_koha("require $class; \$INC{'$PLUGIN.pm'} eq '$FOLDER/$PLUGIN.pm' or die 'another one is found';"
            . "Koha::Plugins::Handler->delete({ class => '$class' })");
}

sub browser ($user) {
    my $browser = Mojo::UserAgent->new;
    my $home = $sandbox->staff_url . '/cgi-bin/koha/mainpage.pl';
    my %values = map { $_->{name} => $_->{value} } grep { $_->{name} }
        $browser->get($home)->result->dom->at('form')->find('input')->each;
    $browser->post($home, form => { %values, userid => $user, password => $user });
    return $browser;
}

sub visit ($browser, $method) {
    return $browser->get($sandbox->staff_url . "/cgi-bin/koha/plugins/run.pl?class=$CLASS&method=$method")->result;
}

my $fresh = structure();

subtest 'upload over version 0.1.0' => sub {
    like($gateway->export('demo', $_), qr/\ASuccess/, 'the catalogue that it knew') for @BOOKS;
    $gateway->stop_service;
    forget_plugin();
    load_sql('version-0.1.0.sql');
    my @kept = ('SELECT number, login, state, reply, title, record FROM koha_plugin_connexiongateway_exports ORDER BY 1',
        'SELECT * FROM koha_plugin_connexiongateway_profiles ORDER BY 1', 'SELECT * FROM koha_plugin_connexiongateway_settings ORDER BY 1');
    my @before = map { $dbh->selectall_arrayref($_) } @kept;

    is(install_plugins(), $CLASS, 'it is installed');
    is(plugin_data($CLASS, '__INSTALLED_VERSION__'), $VERSION, 'as this version');
    is_deeply(structure(), $fresh, 'its tables are those of a new one');
    is_deeply($dbh->selectall_arrayref($kept[$_]), $before[$_], "kept: $kept[$_]") for 0 .. $#kept;
    my $after = contents();
    is(install_plugins(), $CLASS, 'a second time');
    is_deeply(contents(), $after, 'changes nothing');

    my ($text, $status) = $gateway->command(qw(profile show staged));
    my $profile = JSON::PP->new->utf8->decode($text);
    is($profile->{mode}, 'stage', 'what a profile said, it still says');
    is($profile->{several_matches}, 'hold', 'and what it did not know has its default');
    ($text) = $gateway->command('settings');
    like($text, qr/^keep_exports=400$/m, 'settings, too');

    $gateway->serve;
    like($gateway->export('books', $BOOKS[0]), qr/\ASuccess.*biblio record number 1\b/s, 'logins and passwords are as they were');
    ($text, $status) = $gateway->command(qw(replay --again 2));
    like($text, qr/Success.*biblio record number 2\b/s, 'an export of that time can be imported again');
    $gateway->command(qw(index --rebuild));
    ($text, $status) = $gateway->command(qw(index --verify));
    is($status, 0, 'the index of identifiers is made anew') or diag $text;
    like(visit(browser('admin'), 'tool&op=exports')->body, qr/AUTONAV/, 'the log has the old exports');
};

subtest 'files that an older version had' => sub {
    put("$PLUGIN/Old.pm", "package ${CLASS}::Old; use ${CLASS}::Gone; 1;\n");
    put("$PLUGIN/Old/Page.pm", "package ${CLASS}::Old::Page; use parent 'Koha::Plugin::ConnexionGateway::Pages'; die 'old';\n");
    put("$PLUGIN/core/perl-5.36-$^O/0123456789ab/Core.so", 'an older core');
    put("$PLUGIN/core/source/core/src/old.cpp", '#error an older source');
    is(quietly(sub { install_plugins() }), $CLASS, 'the plugin is installed all the same');
    my ($text, $status) = $gateway->command(qw(doctor --json));
    my ($core) = grep { $_->{check} eq 'core' } @{ JSON::PP->new->utf8->decode($text)->{checks} };
    is($core->{state}, 'ok', 'the core is that of this version') or diag $core->{text};
    is(visit(browser('admin'), 'configure')->code, 200, 'its pages work');
    like($gateway->export('books', $BOOKS[0]), qr/\ASuccess/, 'and exports');
};

subtest 'a restart is due' => sub {
    my $restart = sub {
        my ($text) = $gateway->command(qw(doctor --json));
        my ($found) = grep { $_->{text} =~ /has to be restarted/ } @{ JSON::PP->new->utf8->decode($text)->{checks} };
        return $found ? "$found->{state}: $found->{text}" : 'none';
    };
    $gateway->command('settings', "port=$gateway->{port}");
    is($restart->(), 'none', 'not while the service runs what is there');
    my $file = "$PLUGIN/Version.pm";
    my $module = content("$FOLDER/$file");
    put($file, $module =~ s/\Q$VERSION\E/9.9.9/r);
    like($restart->(), qr/^warning: .*version \Q$VERSION\E runs, and version 9\.9\.9 is on the disk/, 'after an upload it is');
    like(scalar $gateway->command('status'), qr/a restart is due: version \Q$VERSION\E runs/, 'status says so');
    put($file, $module);
    is($restart->(), 'none', 'not after another one of the same');
};

subtest 'without a core for this Perl' => sub {
    my $folder = "$FOLDER/$PLUGIN/core";
    rename $folder, "$folder.away" or die $!;
    my ($text, $status) = $gateway->command('doctor');
    like($text, qr/^PROBLEM .*no compiled core for perl .* with: \S+ \S+connexion-gateway build-core$/m, 'the doctor says how to build one');
    my $browser = browser('admin');
    is(visit($browser, $_)->code, 200, "the page $_ works") for qw(configure tool);
    is($browser->get($sandbox->staff_url . '/cgi-bin/koha/plugins/plugins-home.pl')->result->code, 200, q{Koha's own, too});
    is(in_koha(<<'PERL'), 0, 'and records can be saved');
use C4::Biblio; use MARC::Record;
my $record = MARC::Record->new;
$record->leader('00000nam a22000007a 4500');
$record->append_fields(MARC::Field->new('245', '1', '0', a => 'Without a core'));
my ($number) = C4::Biblio::AddBiblio($record, '');
exit($number ? 0 : 1);
PERL
    rename "$folder.away", $folder or die $!;
};

# All subs in its symbol table, with the packages that they are from.
sub subs_of_the_class () {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    return map { $_ => B::svref_2object(\&{"${CLASS}::$_"})->GV->STASH->NAME } grep { defined &{"${CLASS}::$_"} } keys %{"${CLASS}::"};
}

subtest 'what can be called' => sub {
    push @INC, $FOLDER;
    $sandbox->use_here;
    require Koha::Plugin::ConnexionGateway;
    # All that Koha may call of a plugin, and a page of it.
    my %hook = map { $_ => 1 } qw(new configure tool report admin install upgrade uninstall cronjob_nightly
        after_biblio_action after_authority_action after_item_action api_namespace api_routes static_routes intranet_js
        intranet_head intranet_catalog_biblio_enhancements_toolbar_button intranet_catalog_biblio_tab);
    my %package_of = subs_of_the_class();
    my @subs = sort keys %package_of;
    is_deeply([ grep { !$hook{$_} } @subs ], [], 'only what Koha calls is a sub of the class');
    is_deeply([ grep { $package_of{$_} ne $CLASS } @subs ], [], 'and none is imported');

    my $browser = browser('admin');
    my @callable = @{ $dbh->selectcol_arrayref('SELECT plugin_method FROM plugin_methods WHERE plugin_class = ?', undef, $CLASS) };
    is_deeply([ grep { my $name = $_; !grep { $_ eq $name } @callable } @subs ], [], 'Koha knows them all');
    $dbh->do('UPDATE koha_plugin_connexiongateway_exports SET received_at = received_at - INTERVAL 5 YEAR WHERE number = 4');
    my $before = contents();
    for my $method (@subs) {
        my $answer = visit($browser, $method);
        is($answer->code, 302, "who visits $method is sent to Koha's page of plugins") if $method =~ /\A(?:new|uninstall|cronjob|after)/;
        is_deeply(contents(), $before, "a visit to $method changes nothing");
    }
};

my $NEIGHBOUR = 'Koha::Plugin::Neighbour';
put('Koha/Plugin/Neighbour.pm', <<'PERL');
package Koha::Plugin::Neighbour;
use strict;
use warnings;
use base 'Koha::Plugins::Base';
our $VERSION = '3.1';
sub new {
    my ($class, $args) = @_;
    $args->{metadata} = { name => 'Neighbour', version => $VERSION };
    return $class->SUPER::new($args);
}
sub install { return 1 }
sub tool { print "Content-Type: text/plain\n\nneighbour's tool" }
sub after_biblio_action { my ($self, $what) = @_; $self->store_data({ saw => $what->{biblio_id} }) }
sub uninstall { return 1 }
1;
PERL

subtest 'beside another plugin' => sub {
    is(quietly(sub { install_plugins() }), "$CLASS $NEIGHBOUR", 'both are installed');
    my $title = 'Beside another ' . TestGateway->unique;
    like($gateway->export('books', TestGateway->make_record(oclc => TestGateway->unique, title => $title)), qr/\ASuccess/, 'an export');
    my ($number) = @{ $gateway->biblios_titled($title) };
    is(plugin_data($NEIGHBOUR, 'saw'), $number, q{the other's hook was called for it});
    is(visit(browser('admin'), 'tool')->code, 200, 'this one has its pages');
    is(plugin_data($NEIGHBOUR, '__INSTALLED_VERSION__'), '3.1', 'each has a version of its own');
    is(plugin_data($CLASS, '__INSTALLED_VERSION__'), $VERSION, 'this one its');
};

subtest 'disabled' => sub {
    my $before = contents();
    is(in_koha("require $CLASS; $CLASS->new({})->disable"), 0, 'disabled');
    my ($text) = $gateway->command('doctor');
    like($text, qr/^PROBLEM +The plugin is disabled/m, 'the doctor says so');
    is_deeply(contents(), $before, 'nothing is lost');
    is(plugin_data($NEIGHBOUR, '__ENABLED__'), 1, 'the other is not');
    is(in_koha("require $CLASS; $CLASS->new({})->enable"), 0, 'enabled again');
};

subtest 'deleted' => sub {
    my $kept = contents();
    visit(browser('admin'), 'uninstall');
    is_deeply(contents(), $kept, 'a visit to uninstall does nothing');
    $gateway->stop_service;
    is(delete_plugin($CLASS), 0, 'by Koha');
    ok(!-e "$FOLDER/$PLUGIN" && !-e "$FOLDER/$PLUGIN.pm", 'its files are gone');
    is(plugin_data($CLASS, '__INSTALLED__'), undef, 'and what Koha knew of it');
    is_deeply(contents(), $kept, 'its tables stay, as the setting keep_data says');

    upload();
    install_plugins();
    is_deeply(contents(), $kept, 'uploaded again it has them');
    $gateway->serve;
    like($gateway->export('books', $BOOKS[0]), qr/\ASuccess/, 'and works');
    $gateway->command('settings', 'keep_data=0');
    $dbh->do("CREATE TABLE $_ (a INT)") for 'koha_plugin_connexiongateway_of_another_version', 'koha_plugin_connexiongateways_own';
    $gateway->stop_service;
    is(delete_plugin($CLASS), 0, 'without keep_data');
    is_deeply([ our_tables() ], [], 'its tables go');
    ok($gateway->count('SELECT COUNT(*) = 0 FROM koha_plugin_connexiongateways_own'), 'none of another plugin with such a name');
    delete $gateway->{settings_before};
    is(plugin_data($NEIGHBOUR, 'saw') ? 1 : 0, 1, 'the other plugin keeps what is its own');
};

done_testing;
