package Koha::Plugin::ConnexionGateway::DoctorCommand;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IO::Select  ();
use JSON::PP    ();
use Time::HiRes qw(time);

use Koha::Plugin::ConnexionGateway::Checks;
use Koha::Plugin::ConnexionGateway::Error;

my %WORD = (ok => 'ok', warning => 'warning', problem => 'PROBLEM');

my $ENGINE_REMEDY = 'See whether it runs (koha-zebra --status INSTANCE, or systemctl status elasticsearch). Records that'
    . ' the index of identifiers knows are matched without it.';

sub new ($class, %args) {
    return bless {
        make_koha => $args{make_koha}, program => $args{program}, json => $args{json},
        seconds => $args{seconds} // 15, found => [],
    }, $class;
}

sub run ($self) {
    my $koha = eval { $self->{make_koha}->() };
    my $problem = $@;
    if ($koha && !eval { $koha->dbh->ping }) {
        $problem = 'the database does not answer' . (length $@ ? ": $@" : '');
        $koha = undef;
    }
    my $checks = Koha::Plugin::ConnexionGateway::Checks->new(koha => $koha, log_file => scalar _log_file($koha));
    for my $name ($koha ? $checks->names : 'core') { $self->_found($checks->run($name)) }
    $koha ? $self->_found($self->_search_engine) : $self->_found(_no_koha($problem));
    return $self->_finish;
}

sub _log_file ($koha) {
    return if !$koha;
    require Koha::Plugin::ConnexionGateway::Settings;
    return eval { Koha::Plugin::ConnexionGateway::Settings->new(koha => $koha)->service->{log_file} };
}

sub _no_koha ($problem) {
    my $why = (split /\n/, "$problem")[0] // '';
    $why =~ s/ \(you may need to install.*//;
    return {
        check => 'koha', state => 'problem', text => "Koha can't be used: $why",
        remedy => 'Run this as the user of the Koha instance, with its KOHA_CONF and PERL5LIB (koha-shell INSTANCE),'
            . ' and see whether its database runs.',
    };
}

# A search engine that hangs must not hang this: it is asked by a process that can be ended.
sub _search_engine ($self) {
    my $pid = open my $out, '-|', @{ $self->{program} }, 'doctor', '--search-engine'
        or die "The program can't be started again: $!\n";
    my $text = _read_until($out, time + $self->{seconds});
    kill KILL => $pid if !defined $text;
    close $out;    ## no critic (RequireCheckedClose): it may have been killed
    my $found = defined $text ? eval { JSON::PP->new->utf8->decode($text) } : undef;
    return @{$found} if ref $found eq 'ARRAY';
    my $how = defined $text ? 'could not be asked' : "doesn't answer within $self->{seconds} seconds";
    return { check => 'search_engine', state => 'problem', text => "Koha's search engine $how.", remedy => $ENGINE_REMEDY };
}

sub _read_until ($out, $until) {
    my ($text, $select) = ('', IO::Select->new($out));
    while ((my $left = $until - time) > 0) {
        next if !$select->can_read($left);
        return $text if !sysread $out, $text, 65_536, length $text;
    }
    return;
}

# The part for that process: its findings as JSON.
sub run_search_engine ($self) {
    my $checks = Koha::Plugin::ConnexionGateway::Checks->new(koha => $self->{make_koha}->());
    print JSON::PP->new->utf8->canonical->encode([ map { { check => 'search_engine', %{$_} } } _asked($checks) ]), "\n";
    return 0;
}

sub _asked ($checks) {
    my @found = eval { $checks->search_engine };
    return @found if @found;
    my $error = Koha::Plugin::ConnexionGateway::Error->text_of($@);
    return {
        state => 'problem', text => $error =~ s/[.]?\s*\z/./r,
        remedy => $ENGINE_REMEDY,
    };
}

# ---------------------------------------------------------------- what was found

sub _found ($self, @findings) {
    push @{ $self->{found} }, @findings;
    return if $self->{json};
    for my $finding (@findings) {
        printf "%-8s %s\n", $WORD{ $finding->{state} }, _on_one_line($finding->{text});
        printf "%-8s %s\n", '', _on_one_line("-> $finding->{remedy}") if length($finding->{remedy} // '');
    }
    return;
}

sub _on_one_line ($text) { return $text =~ s/\s+/ /gr }

sub _finish ($self) {
    my %count = map { $_ => 0 } keys %WORD;
    $count{ $_->{state} }++ for @{ $self->{found} };
    if ($self->{json}) {
        print JSON::PP->new->utf8->canonical->encode({
            checks => $self->{found}, problems => $count{problem}, warnings => $count{warning},
        }), "\n";
    } else {
        print "\n", $count{problem} ? "$count{problem} problem" . ($count{problem} > 1 ? 's' : '') : 'No problem',
            ", $count{warning} warning", $count{warning} == 1 ? '' : 's', ".\n";
    }
    return $count{problem} ? 1 : 0;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::DoctorCommand - looks at everything that an export needs

=head1 DESCRIPTION

What C<connexion-gateway doctor> does: runs L<Koha::Plugin::ConnexionGateway::Checks> and prints what
they find. It also works, and says so, where Koha or its database can't be reached.

=head1 METHODS

=head2 new(make_koha => sub {...}, program => \@program, json => $bool, seconds => $number)

C<make_koha> loads Koha; C<program> starts F<bin/connexion-gateway> again, to ask the search engine for
at most C<seconds> (15).

=head2 run

Prints the findings; gives the exit status: 1 where there is a problem.

=head2 run_search_engine

Prints those about the search engine alone, as JSON.

=cut
