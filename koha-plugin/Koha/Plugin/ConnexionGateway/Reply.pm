package Koha::Plugin::ConnexionGateway::Reply;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Koha::Plugin::ConnexionGateway::Core;

# What the Client's window takes for certain is not known; every reply seen was shorter.
my $MOST = 990;

my %RECORD_NAME = (biblio => 'biblio', authority => 'authority');

my %REFUSED_LOGIN = (
    no_login => 'No login was sent. In Connexion Client, open the export destination (Tools > Options >'
        . ' Export), tick "Send Local System Logon ID and Password" and fill in both.',
    wrong_login => 'The login or the password is wrong. Check "Local System Logon ID and Password" of the'
        . ' export destination in Connexion Client.',
    profile_disabled => 'This login is switched off. Ask whoever set up the gateway in Koha.',
    no_patron => 'The patron "%s", as whom this login writes, is not in Koha.',
    expired => 'The Koha account "%s" has expired.',
    missing_permission => 'The Koha account "%s" lacks the permission %s.',
);

my %REASON = (
    several_matches => 'Several records match equally well.',
    no_match_keys => 'The record has nothing to match on (no identifier that the matching rule uses).',
    item_conflict => 'An item can not be added as it is.',
    not_imported_type => 'This profile takes no %s records.',
    wrong_record_type => 'This profile takes no %s records.',
    holdings_record => 'Holdings records are not taken: export the bibliographic record.',
    community_record => 'Community information records are not taken.',
    classification_record => 'Classification records are not taken.',
    unknown_record_type => 'Leader/06 does not say what kind of record this is.',
);

my %ITEM_REASON = (
    duplicate_barcode => 'its barcode is in use by another item%s',
    itemnumber_twice => 'its item number is twice in this record',
    record_held => 'the record is held',
    record_refused => 'the record is refused',
    no_target_record => 'there is no record to add it to',
    no_such_item => 'there is no such item',
    barcode_twice => 'its barcode is twice in this record',
    missing_homebranch => 'it has no home library',
    unknown_homebranch => 'its home library is not in Koha',
    unknown_holdingbranch => 'its current library is not in Koha',
    unknown_itemtype => 'its item type is not in Koha',
    missing_itemtype => 'it has no item type',
    itemnumber_of_other_biblio => 'its item number belongs to another record',
);

sub login_refused ($class, $answer) {
    my @values = map { defined ? $_ : '' } @{ $answer->{values} // [] };
    my $first = shift @values;
    my @told = ($first // '', join ', ', @values);
    my $text = $REFUSED_LOGIN{ $answer->{reason} } =~ s/%s/shift @told/ger;
    return _finish("Not imported.  $text");
}

sub decoding_refused ($class, $read) {
    my @why = map { $_->{message} } grep { $_->{severity} eq 'refused' } @{ $read->{diagnostics} };
    return _finish('Not imported.  The record is damaged, and content may have been lost.', @why[ 0 .. (@why > 3 ? 2 : $#why) ],
        'Nothing in Koha was changed. Export the record again.');
}

sub failed ($class, $code, $number) {
    my $why = $code eq 'search.failed'
        ? "Koha's search engine does not answer, so nobody can say whether the record is there already."
        : $code eq 'settings.rule_gone' ? 'The matching rule of this profile is no longer in Koha.'
        : $code eq 'marc.too_long' ? 'The record is too long for ISO 2709 (99,999 bytes; 9,999 a field).'
        : $code =~ /\Adatabase/ ? "Koha's database did not take the record."
        : 'Koha did not take the record.';
    return _finish("Not imported.  $why",
        "Nothing in Koha was changed. The record is kept as export $number; export it again later.");
}

sub outcome ($class, %args) {
    my ($plan, $done) = @args{qw(plan done)};
    my @lines = ($class->_first_line($plan, $done));
    my $title = $plan->{record}{title};
    push @lines, 'Title: ' . (length $title > 200 ? substr($title, 0, 197) . '...' : $title)
        if defined $title && length $title;
    push @lines, map { _reason($_) } _told_reasons($plan) if $plan->{outcome} !~ /\A(?:hold|refuse)\z/;
    push @lines, _candidates($plan) if $plan->{outcome} eq 'hold';
    push @lines, _items($plan);
    push @lines, _repairs($args{read});
    push @lines, "Held as export $done->{number}: decide in Koha, Connexion Gateway, To decide."
        if $plan->{outcome} eq 'hold';
    push @lines, '', $done->{url} if $done->{url};
    return _finish(@lines);
}

sub _first_line ($class, $plan, $done) {
    my $name = $RECORD_NAME{ $plan->{record_type} } // 'biblio';
    my $outcome = $plan->{outcome};
    my @why = map { _reason($_) } _told_reasons($plan);
    return join ' ', 'Held for review. ', @why, 'Nothing was imported yet.' if $outcome eq 'hold';
    return join ' ', 'Not imported. ', @why if $outcome eq 'refuse';
    return _staged_line($name, $plan, $done) if $plan->{mode} eq 'stage';
    my $head = "Success.  Batch number $done->{batch} - $name record number " . ($done->{record_id} // '');
    return "$head added to Koha." if $outcome eq 'add';
    return "$head overlaid by import." if $outcome eq 'overlay';
    return defined $plan->{target}
        ? "Ignored.  It matches $name record number $plan->{target}, which was left as it is."
        : 'Ignored.  No record matches, and this profile adds no new ones.';
}

sub _staged_line ($name, $plan, $done) {
    my $match = defined $plan->{target}
        ? "matches $name record number $plan->{target}" : 'matches no record';
    return "Success.  Batch number $done->{batch} - $name record staged, $match;"
        . ' import it in Manage staged records.';
}

sub _told_reasons ($plan) {
    return grep { $REASON{ $_->{code} } } @{ $plan->{reasons} // [] };
}

sub _reason ($reason) {
    my $values = $reason->{values};
    my $value = ref $values eq 'HASH' ? $values->{record_type} // '' : ref $values eq 'ARRAY' ? $values->[0] : $values;
    return sprintf $REASON{ $reason->{code} }, $value // '';
}

sub _candidates ($plan) {
    my @numbers = map { $_->{id} }
        grep { ($_->{verdict} // '') =~ /\A(?:equal|chosen)\z/ } @{ $plan->{match}{candidates} // [] };
    return if !@numbers;
    my $name = $RECORD_NAME{ $plan->{record_type} };
    return "Matching $name records: " . join ', ', @numbers > 8 ? (@numbers[ 0 .. 7 ], '...') : @numbers;
}

sub _items ($plan) {
    return if $plan->{outcome} =~ /\A(?:hold|refuse)\z/ && !_conflict($plan);
    my %count;
    my @held;
    for my $item (@{ $plan->{items} // [] }) {
        $count{ $item->{action} }++;
        push @held, _held_item($item) if $item->{action} eq 'hold';
    }
    return if !%count;
    my @parts = map { "$count{$_} $_" . ($_ eq 'ignore' ? 'd' : $_ eq 'add' ? 'ed' : $_ eq 'replace' ? 'd' : '') }
        grep { $count{$_} && $_ ne 'hold' } qw(add replace ignore);
    push @parts, "$count{hold} not added" if $count{hold};
    my $more = @held > 5 ? @held - 5 : 0;
    return ('Items: ' . join(', ', @parts), @held[ 0 .. ($more ? 4 : $#held) ],
        $more ? "... and $more more items not added." : ());
}

sub _conflict ($plan) {
    return scalar grep { $_->{code} eq 'item_conflict' } @{ $plan->{reasons} // [] };
}

sub _held_item ($item) {
    my $reason = $item->{reason} // {};
    my $why = $ITEM_REASON{ $reason->{code} // '' } // ($reason->{code} // 'it was held');
    my $values = ref $reason->{values} eq 'HASH' ? $reason->{values} : {};
    my $where = $values->{biblionumber} ? " (biblio record number $values->{biblionumber})" : '';
    $why = sprintf $why, $where if $why =~ /%s/;
    my $name = length($item->{barcode} // '') ? "Item $item->{barcode}" : "Item $item->{occurrence}";
    return "$name not added: $why.";
}

sub _repairs ($read) {
    my @repairs = grep { $_->{severity} eq 'repaired' } @{ ($read // {})->{diagnostics} // [] };
    return map {"Repaired: $_->{message}"} @repairs > 2 ? (@repairs[ 0, 1 ]) : @repairs;
}

sub _finish (@lines) {
    my @ascii = map { length($_ // '') ? Koha::Plugin::ConnexionGateway::Core->ascii($_) : '' } @lines;
    # The address comes last and is worth more than what stands before it.
    my $last = @ascii > 1 && $ascii[-1] =~ m{\A(?:https?:/)?/} ? "\n\n" . pop @ascii : '';
    pop @ascii while @ascii && $ascii[-1] eq '';
    my $text = join "\n", @ascii;
    my $room = $MOST - length $last;
    $text = substr($text, 0, $room - 4) . ' ...' if length $text > $room;
    return $text . $last;
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Reply - what the Client's window shows

=head1 DESCRIPTION

Turns outcomes into plain ASCII of under 1,000 bytes, without the closing NUL. Only a
record that went into Koha, or into a batch of staged records, gets a reply that begins with
C<Success.>

=head1 METHODS

=head2 login_refused(\%answer)

For an answer of L<Koha::Plugin::ConnexionGateway::Authenticator>.

=head2 decoding_refused(\%read)

For the result of C<Core::Record-E<gt>read> without a record.

=head2 failed($code, $number)

For an export that could not be carried out.

=head2 outcome(plan => \%plan, read => \%read, done => {number, batch, record_id, url})

For an export that was decided.

=cut
