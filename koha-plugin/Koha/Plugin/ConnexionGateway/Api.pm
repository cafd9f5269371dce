package Koha::Plugin::ConnexionGateway::Api;

# SPDX-License-Identifier: GPL-3.0-or-later

use Mojo::Base 'Mojolicious::Controller', -signatures;

use JSON::PP     ();
use MIME::Base64 qw(decode_base64 encode_base64);

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Decisions;
use Koha::Plugin::ConnexionGateway::Error;
use Koha::Plugin::ConnexionGateway::Exports;
use Koha::Plugin::ConnexionGateway::Held;
use Koha::Plugin::ConnexionGateway::Journal;
use Koha::Plugin::ConnexionGateway::Koha;
use Koha::Plugin::ConnexionGateway::Log;
use Koha::Plugin::ConnexionGateway::Metrics;
use Koha::Plugin::ConnexionGateway::Preview;
use Koha::Plugin::ConnexionGateway::Profile;
use Koha::Plugin::ConnexionGateway::ServiceState;
use Koha::Plugin::ConnexionGateway::Settings;
use Koha::Plugin::ConnexionGateway::Texts;
use Koha::Plugin::ConnexionGateway::Undo;

my $ERROR = 'Koha::Plugin::ConnexionGateway::Error';
my $PROFILE = 'Koha::Plugin::ConnexionGateway::Profile';

my ($ROWS, $ROWS_AT_MOST, $RECORD_BYTES) = (20, 500, 2_000_000);

# What went wrong, by the error's code; any other is a conflict with what there is (undo, decision) or a bad request.
my %STATUS = (
    'undo.permission' => 403, 'decision.permission' => 403, 'undo.no_export' => 404, 'decision.no_export' => 404,
    'decision.unknown' => 400, 'search.failed' => 503, 'database.retry' => 503, 'database.failed' => 503,
);

# ---------------------------------------------------------------- who asks, and what goes wrong

# As the patron who was let in by Koha: with an environment, which not every version makes. Nor does every version
# look at what is sent before.
sub _answer ($self, $code) {
    return if !$self->openapi->valid_input;
    return if eval {
        $self->_refuse_foreign_page;
        my $koha = $self->{koha} = Koha::Plugin::ConnexionGateway::Koha->new;
        $koha->forget_caches;
        $self->{user} = $koha->patron(userid => $self->stash('koha.user')->userid);
        $koha->as_patron($self->{user}, sub { $code->(); 1 });
    };
    return $self->_failed($@);
}

# A page of another site can make a browser that is logged in send a form, but not JSON.
sub _refuse_foreign_page ($self) {
    my $headers = $self->req->headers;
    return if $self->req->method ne 'POST' || length($headers->authorization // '');
    return if ($headers->content_type // '') =~ m{\Aapplication/json\b}i;
    return $self->_refuse(415, 'api.not_json');
}

sub _refuse ($self, $status, $code, %values) {
    return $ERROR->throw(code => $code, values => { %values, status => $status },
        message => Koha::Plugin::ConnexionGateway::Texts->new->text($code, \%values));
}

# What nobody foresaw is for the log of the server.
sub _failed ($self, $error) {
    my $code = $ERROR->code_of($error);
    warn "Connexion Gateway: $error\n" if $code eq '';
    return $self->render(status => 500, json => { error => 'Something went wrong, check the logs.', error_code => 'failed' })
        if $code eq '';
    my $values = $error->can('values') ? $error->values : {};
    my $status = $values->{status} // $STATUS{$code} // ($code =~ /\A(?:undo|decision)[.]/ ? 409 : 400);
    my @problems = map { { field => $_->{field}, code => $_->{code}, error => $PROFILE->sentence($_) } } @{ $values->{problems} // [] };
    return $self->render(status => $status, json => { error => $ERROR->text_of($error), error_code => $code,
        @problems ? (problems => \@problems) : () });
}

sub _make ($self, $name, %more) {
    my $class = "Koha::Plugin::ConnexionGateway::$name";
    return $self->{made}{$name} //= $class->new(koha => $self->{koha}, %more);
}

sub _settings ($self) { return $self->_make('Settings') }

# In a process of Koha's: what it does is told by the answer, and kept in the journal.
sub _worker ($self, $name) {
    return $self->_make($name, in_koha => 1, log => Koha::Plugin::ConnexionGateway::Log->silent);
}

sub _document ($self) {
    my $document = $self->req->json;
    return ref $document eq 'HASH' ? $document : $self->_refuse(400, 'pages.bad_request');
}

# ---------------------------------------------------------------- values

# As JSON has them: numbers, true and false, moments of UTC.
sub _number ($value) { return defined $value ? 0 + $value : undef }

sub _flag ($value) { return $value ? JSON::PP::true : JSON::PP::false }

sub _moment ($value) { return defined $value && length $value ? $value =~ s/ /T/r . 'Z' : undef }

my %KIND = (
    (map { $_ => \&_number } qw(number record_id import_batch_id milliseconds repeat_of borrowernumber undone_by decided_by)),
    (map { $_ => \&_moment } qw(received_at finished_at undone_at decided_at)), preview => \&_flag,
);

sub _typed ($row, @names) {
    return map { $_ => $KIND{$_} ? $KIND{$_}->($row->{$_}) : $row->{$_} } @names;
}

# ---------------------------------------------------------------- profiles

sub list_profiles ($self) {
    return $self->_answer(sub { $self->render(json => [ map { _told_profile($_) } @{ $self->_settings->profiles } ]) });
}

sub get_profile ($self) {
    return $self->_answer(sub { $self->render(json => _told_profile($self->_named_profile)) });
}

sub _named_profile ($self) {
    my $name = $self->param('name');
    return $self->_settings->profile($name) // $self->_refuse(404, 'profile.no_such', name => $name);
}

# Never the password, nor what was made of it.
sub _told_profile ($profile) {
    my %told = %{$profile};
    my $hash = delete $told{password_hash};
    $told{$_} = _flag($told{$_}) for 'enabled', $PROFILE->flags;
    $told{$_} = _number($told{$_}) for 'revision', grep { $PROFILE->range($_) } $PROFILE->members;
    return { %told, has_password => _flag($hash) };
}

# Members that are not given keep their values, or take the default.
sub put_profile ($self) {
    return $self->_answer(sub {
        my $settings = $self->_settings;
        my %given = (%{ $self->_document }, name => $self->param('name'));
        delete @given{qw(revision has_password password_hash)};
        my $new = $settings->profile($given{name}) ? 0 : 1;
        my @lacking = $self->{koha}->missing_permissions($self->{user}{userid}, $PROFILE->permissions($settings->whole_profile(\%given)));
        $self->_refuse(403, 'pages.no_permission', permissions => join ', ', map {"$_->[0]/$_->[1]"} @lacking) if @lacking;
        return $self->render(status => $new ? 201 : 200, json => _told_profile($settings->save_profile(\%given)));
    });
}

sub delete_profile ($self) {
    return $self->_answer(sub {
        $self->_settings->delete_profile($self->_named_profile->{name});
        return $self->render(status => 204, data => '');
    });
}

# ---------------------------------------------------------------- exports

my @LISTED = qw(number received_at login profile title became record_type record_id import_batch_id milliseconds);

my @TOLD = (@LISTED, qw(finished_at peer state outcome preview repeat_of borrowernumber reply error undone_at undone_by
    decided_at decided_by));

sub list_exports ($self) {
    return $self->_answer(sub {
        my $exports = $self->_make('Exports');
        my %filters = map { $_ => scalar $self->param($_) } qw(search became profile from to);
        my $most = $self->param('_per_page') || $ROWS;
        $most = $ROWS_AT_MOST if $most > $ROWS_AT_MOST;
        my $rows = $exports->find(%filters, most => $most, start => $most * (($self->param('_page') || 1) - 1));
        $self->res->headers->header('X-Total-Count' => $exports->count(%filters));
        return $self->render(json => [ map { { _typed($_, @LISTED) } } @{$rows} ]);
    });
}

sub _named_export ($self) {
    my $number = $self->param('number');
    return $self->_make('Exports')->one($number) // $self->_refuse(404, 'export.no_such', number => $number);
}

sub get_export ($self) {
    return $self->_answer(sub {
        my $export = $self->_named_export;
        my ($code, %values) = @{ $self->_worker('Undo')->obstacle($export) // [] };
        delete(($export->{plan} // {})->{undo});
        return $self->render(json => {
            _typed($export, @TOLD), plan => $export->{plan},
            record => length($export->{record} // '') ? encode_base64($export->{record}, '') : undef,
            undo => $code ? { possible => _flag(0), error_code => "undo.$code",
                error => Koha::Plugin::ConnexionGateway::Texts->new->text("undo.refused.$code", \%values) }
                : { possible => _flag(1) },
        });
    });
}

sub undo_export ($self) {
    return $self->_answer(sub {
        my $done = $self->_worker('Undo')->undo($self->param('number'), $self->{user}{userid});
        return $self->render(json => { number => _number($done->{number}), _typed($done, qw(record_type record_id)),
            deleted => _flag($done->{deleted}) });
    });
}

# ---------------------------------------------------------------- what waits for a decision

sub list_held ($self) {
    return $self->_answer(sub {
        return $self->render(json => [ map { _told_held($_) } @{ $self->_make('Held')->list } ]);
    });
}

sub _told_held ($held) { return { %{$held}, _typed($held, qw(number received_at)) } }

sub get_held ($self) {
    return $self->_answer(sub { $self->render(json => _told_held($self->_make('Held')->show($self->param('number')))) });
}

sub decide ($self) {
    return $self->_answer(sub {
        my $decisions = $self->_worker('Decisions');
        my $done = $decisions->decide($self->param('number'), $self->{user}{userid}, $decisions->wanted($self->_document));
        return $self->render(json => { _typed($done, qw(number outcome record_type record_id reply)),
            import_batch_id => _number($done->{batch}) });
    });
}

# ---------------------------------------------------------------- a plan, with nothing written

sub plan ($self) {
    return $self->_answer(sub {
        my $document = $self->_document;
        my $name = $document->{profile} // '';
        my $profile = $self->_settings->profile($name) // $self->_refuse(404, 'profile.no_such', name => $name);
        my $preview = $self->_make('Preview', settings => $self->_settings, journal => $self->_make('Journal'));
        my $planned = $preview->plan($preview->context($profile, $self->{user}), $self->_one_record($document));
        return $self->render(json => $self->_told_plan($planned));
    });
}

sub _one_record ($self, $document) {
    my $octets = $document->{marcxml} // decode_base64($document->{iso2709} // '');
    utf8::encode($octets) if utf8::is_utf8($octets);
    $self->_refuse(400, 'try.too_big', most => $RECORD_BYTES) if length $octets > $RECORD_BYTES;
    my @sources = Koha::Plugin::ConnexionGateway::Preview->split_file($octets);
    return @sources == 1 ? $sources[0] : $self->_refuse(400, 'api.not_one_record', number => scalar @sources);
}

sub _told_plan ($self, $planned) {
    die $planned->{error} if $planned->{record} && !$planned->{plan};
    return { diagnostics => $planned->{read}{diagnostics}, plan => $planned->{plan},
        title => $planned->{record} ? $planned->{record}->title : undef };
}

# ---------------------------------------------------------------- how the gateway is

my @SERVICE = qw(state host address port version accepting connections queue running importers);

sub status ($self) {
    return $self->_answer(sub {
        my $state = $self->_make('ServiceState');
        return $self->render(json => {
            programs => $state->programs, wished => $state->wished, index_queue => $state->index_queue,
            services => [ map { my $service = $_; +{ map { $_ => $service->{$_} } grep { defined $service->{$_} } @SERVICE } }
                @{ $state->services } ],
            identifiers => $state->identifiers, exports => $self->_make('Journal')->counts,
            last_failure => scalar $state->last_failure,
        });
    });
}

sub metrics ($self) {
    return $self->_answer(sub {
        my $state = $self->_make('ServiceState');
        my $journal = $self->_make('Journal');
        my $text = Koha::Plugin::ConnexionGateway::Metrics->of_koha({
            states => $journal->counts, today => $journal->outcomes_today, services => $state->services,
            index_queue => $state->index_queue,
        });
        $self->res->headers->content_type('text/plain; version=0.0.4; charset=utf-8');
        return $self->render(data => $text);
    });
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Api - the gateway's part of Koha's REST API

=head1 DESCRIPTION

A controller of Koha's own REST application, which has asked for the login and checked the permissions of
F<openapi.json>. It shows what the staff pages show, by the same modules. Every error is C<{error, error_code}>;
F<docs/rest.md> describes each call.

=head1 METHODS

=head2 list_profiles, get_profile, put_profile, delete_profile

=head2 list_exports, get_export, undo_export

=head2 list_held, get_held, decide

=head2 plan, status, metrics

=cut
