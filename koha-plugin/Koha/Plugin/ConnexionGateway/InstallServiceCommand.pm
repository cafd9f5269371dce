package Koha::Plugin::ConnexionGateway::InstallServiceCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Spec     ();

my $TEMPLATES = File::Spec->rel2abs(dirname(__FILE__) . '/systemd');
my $DIRECTORY = '/etc/systemd/system';
my $UNIT      = 'connexion-gateway@';

my $KOHA_CONF = '/etc/koha/sites/%i/koha-conf.xml';
my $PERL5LIB  = '/usr/share/koha/lib';

# What may stand in a unit file without being quoted.
my $PLAIN = qr{\A[\w./:\@%+,=-]+\z}a;

sub new ($class, %args) {
    return bless {
        instance => $args{instance}, plugins => $args{plugins}, yes => $args{yes},
        bind => $args{bind} // '127.0.0.1', port => $args{port} // 8000, directory => $args{directory} // $DIRECTORY,
        koha_conf => $args{koha_conf} // $KOHA_CONF, perl5lib => $args{perl5lib} // $PERL5LIB,
    }, $class;
}

sub run ($self) {
    my @files = $self->_files;
    for my $file (@files) {
        print "# $file->{path}", _is_like($file) ? ' (is there already)' : -e $file->{path} ? ' (is replaced)' : '', "\n";
        print $file->{content}, "\n";
    }
    print "$_\n" for $self->_remarks;
    return 1 if !$self->{yes} && !$self->_asked;
    _write($_) for grep { !_is_like($_) } @files;
    $self->_print_next;
    return 0;
}

# ---------------------------------------------------------------- what is written

sub _files ($self) {
    my $unit = "$UNIT$self->{instance}";
    my %value = (
        KOHA_CONF => $self->_for_all($self->{koha_conf}), PERL5LIB => $self->_for_all($self->{perl5lib}),
        PLUGINS => $self->_for_all($self->{plugins}), ADDRESS => $self->_address,
    );
    for my $name (sort keys %value) {
        die "$name is $value{$name}: that can't stand in a unit of systemd.\n" if $value{$name} !~ /$PLAIN|\A\[/;
    }
    return map {
        my ($template, $path) = @{$_};
        { path => "$self->{directory}/$path", content => _template($template) =~ s/\{\{(\w+)\}\}/$value{$1}/gr }
    } (
        [ "$UNIT.service" => "$UNIT.service" ], [ "$UNIT.socket" => "$UNIT.socket" ],
        [ 'address.conf' => "$unit.socket.d/address.conf" ],
    );
}

# One unit serves all instances: the name of this one gives way to %i where a path holds it.
sub _for_all ($self, $path) {
    $path =~ s/%(?!i)/%%/g;
    return $path =~ s{(?<=/)\Q$self->{instance}\E(?=/|:|\z)}{%i}gr;
}

sub _address ($self) {
    my $bind = $self->{bind};
    return $self->{port} if $bind eq '::';
    return ($bind =~ /:/ ? "[$bind]" : $bind) . ":$self->{port}";
}

sub _template ($name) {
    open my $in, '<', "$TEMPLATES/$name" or die "$TEMPLATES/$name can't be read: $!\n";
    local $/ = undef;
    my $content = <$in>;
    close $in or die "$TEMPLATES/$name can't be read: $!\n";
    return $content;
}

sub _is_like ($file) {
    open my $in, '<', $file->{path} or return 0;
    local $/ = undef;
    my $content = <$in>;
    close $in or return 0;
    return ($content // '') eq $file->{content};
}

# By rename: systemd never reads half a unit.
sub _write ($file) {
    my $path = $file->{path};
    make_path(dirname($path));
    open my $out, '>', "$path.new" or die "$path can't be written: $!\n";
    print {$out} $file->{content};
    close $out or die "$path can't be written: $!\n";
    rename "$path.new", $path or die "$path can't be written: $!\n";
    return;
}

# ---------------------------------------------------------------- what is said

sub _remarks ($self) {
    my $instance = $self->{instance};
    my $conf = $self->{koha_conf} =~ s/%i/$instance/gr;
    my @remarks;
    push @remarks, "There is no user $instance-koha here: make one, or name another one (systemctl edit $UNIT$instance)."
        if !getpwnam "$instance-koha";
    push @remarks, "There is no file $conf here: give its path with --koha-conf." if !-e $conf;
    return @remarks;
}

sub _asked ($self) {
    if (!-t STDIN) {    ## no critic (ProhibitInteractiveTest)
        print "Nothing is written. To write these files: --yes\n";
        return 0;
    }
    print 'Write these files? [y/N] ';
    my $answer = readline(*STDIN) // '';
    return 1 if $answer =~ /\A\s*y(?:es)?\s*\z/i;
    print "Nothing is written.\n";
    return 0;
}

sub _print_next ($self) {
    my $unit = "$UNIT$self->{instance}";
    print <<"TEXT";
Written. Next:

    systemctl daemon-reload
    systemctl enable --now $unit.socket $unit.service
    systemctl status $unit
    journalctl -u $unit
    connexion-gateway doctor          # as the user of the instance: koha-shell $self->{instance}
TEXT
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::InstallServiceCommand - writes the units of systemd

=head1 DESCRIPTION

What C<connexion-gateway install-service> does. The units are those in F<systemd/>, with the paths of
this server put in.

=head1 METHODS

=head2 new(instance => $name, plugins => $folder, %options)

Options: C<yes> (don't ask), C<bind>, C<port>, C<koha_conf>, C<perl5lib>, C<directory> (where units are).

=head2 run

Shows the files and writes them when it may; gives the exit status.

=cut
