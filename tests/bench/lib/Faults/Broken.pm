package Faults::Broken;

# SPDX-License-Identifier: GPL-3.0-or-later
#
# Copies of the plugin that are broken on purpose: to show that the count finds it, and for what
# can't be had of a sound one.

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp qw(tempdir);

# Killed at the worst moment there is, over and over: all is written, and nothing is committed.
my $WRITTEN = '    $self->_record_outcome($job, $done);';
my $KILLED_THERE = "    kill KILL => \$\$ if ++\$main::written % 4 == 0;\n";

# Each: file, what stands there, what takes its place.
my %BREAK = (
    # Not broken: it must lose nothing by it.
    'killed-before-commit' => [ [ 'Importer.pm', $WRITTEN, "$WRITTEN\n$KILLED_THERE" ] ],

    'reply-before-commit' => [
        [ 'Importer.pm', $WRITTEN, "$WRITTEN\n    \$main::reply_early->(\$done->{reply});\n$KILLED_THERE" ],
        [ 'ImporterProcess.pm', '    my $reply = eval {', <<'PERL' ],
    my $early;
    local $main::reply_early = sub ($text) {
        $self->_send({ type => 'reply', id => $id, login => 'right', leave => 0 }, $text) if !$early++;
    };
    my $reply = eval {
PERL
        [ 'ImporterProcess.pm', "    \$self->_send(\n        {\n            type  => 'reply',", <<'PERL' ],
    return 'stay' if $early;
    $self->_send(
        {
            type  => 'reply',
PERL
    ],

    # A record that kills its importer.
    'deadly-record' => [
        [ 'Planner.pm', "sub read (\$class, \$octets) {    ## no critic (ProhibitBuiltinHomonyms)\n", <<'PERL' ],
sub read ($class, $octets) {
    kill KILL => $$ if $octets =~ /Deadly/;
PERL
    ],
);

sub kinds ($class) {
    my @kinds = sort keys %BREAK;
    return @kinds;
}

# The folder of the copy, in which $kind is broken.
sub copy_of ($class, $plugin_dir, $kind) {
    my $copy = tempdir(CLEANUP => 1);
    system('cp', '-R', "$plugin_dir/.", $copy) == 0 or die "the plugin can't be copied\n";
    chmod 0755, $copy or die "$copy: $!\n";
    _replace("$copy/Koha/Plugin/ConnexionGateway/$_->[0]", @{$_}[ 1, 2 ]) for @{ $BREAK{$kind} };
    return $copy;
}

sub _replace ($file, $old, $new) {
    my $content = _content($file);
    my $found = () = $content =~ /\Q$old\E/g;
    die "$file holds $found times what is to be broken:\n$old\n" if $found != 1;
    $content =~ s/\Q$old\E/$new/;
    open my $out, '>', $file or die "$file: $!\n";
    print {$out} $content;
    close $out or die "$file: $!\n";
    return;
}

sub _content ($file) {
    open my $in, '<', $file or die "$file: $!\n";
    local $/ = undef;
    return scalar <$in>;
}

1;
