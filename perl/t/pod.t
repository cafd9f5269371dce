# SPDX-License-Identifier: GPL-3.0-or-later
use v5.26;
use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Test::More;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Pod::Coverage ();
use Test::Pod;
use Test::Pod::Coverage;

use ConnexionTest::Verbatim qw(verbatim_of);
use ConnexionTest           qw(moby_dick modules plugin_dir rules);
use Koha::Plugin::ConnexionGateway::Core::Record;
use Koha::Plugin::ConnexionGateway::Core::Rules;

my @modules = ('Koha::Plugin::ConnexionGateway::Version', modules());
for my $module (@modules) {
    pod_file_ok(file_of($module), "$module: POD is well-formed");
    pod_coverage_ok($module, "$module: every public function is described");
}

# After the above, because this loads the compiled core, whose functions are nobody else's business.
examples_ok($_, file_of($_)) for @modules;
done_testing;

sub file_of ($module) { return plugin_dir() . '/' . $module =~ s{::}{/}gr . '.pm' }

# Runs every example of a module's POD. "print EXPRESSION;    # RESULT" is a test.
sub examples_ok ($module, $file) {
    my $number = 0;
    for my $example (verbatim_of($file)) {
        $number++;
        if ($example =~ /\A\s*\{/) {
            ok eval { Mojo::JSON::decode_json($example) }, "$module, example $number is JSON";
            next;
        }
        my @printed  = run($example, "$module, example $number");
        my $promised = () = $example =~ /^\s*print .+;\s+# .+$/mg;
        is scalar @printed, $promised, "$module, example $number: all of its lines ran";
        is $_->[0],         $_->[1],   "$module, example $number: $_->[2]" for @printed;
    }
    return;
}

sub run ($example, $name) {
    my ($octets, $login) = (moby_dick(), 'demo');
    $example =~
        s{^(\s*)print (.+);\s+# (.+)$}{$1push \@printed, [join('', $2), q\0$3\0, q\0$2\0];}mg;
    my $record = Koha::Plugin::ConnexionGateway::Core::Record->read($octets)->{record};
    my $rules  = Koha::Plugin::ConnexionGateway::Core::Rules->new(rules());
    my @printed;
    ## no critic (ProhibitStringyEval) the examples are code in strings
    my $lived = eval "{ package ConnexionTest::Example; $example }; 1";
    ok $lived, "$name runs" or diag $@;
    return @printed;
}
