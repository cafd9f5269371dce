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
    locked => 'The Koha account "%s" is locked. Who may edit patrons in Koha can set a new password for it.',
    expired => 'The Koha account "%s" has expired.',
    no_ticket => 'This test is over, or was never begun. Begin it again in Koha, on the page "For the Client".',
    other_profile => 'The login "%s" is not one of the profile that is tested.',
    missing_permission => 'The Koha account "%s" lacks the permission %s.',
);

# What is said of a record, by the plan's reasons; "{name}" is one of the reason's values, and what
# is made of some of them in words is below.
my %REASON = (
    matched => 'A record in Koha matches.',
    isbn_misprint => 'The ISBN of one of the two has a wrong check digit; the rest of it and the title are the same.',
    no_match => 'No record in Koha matches.',
    no_matching_rule => 'This profile has no matching rule.',
    no_match_keys => 'The record has nothing to match on (no identifier that the matching rule uses).',
    several_matches => 'Several records match equally well.',
    decided => 'Decided in Koha by {by}.',
    named_target => 'The exported record itself names the record to overlay.',
    named_target_unclear => 'The exported record names "{value}" as the record to overlay, which is not one record number.',
    named_target_missing => 'The exported record names record number {id} to be overlaid, which is not in Koha.',
    named_target_differs => 'The exported record names record number {id} to be overlaid, but that one has neither the'
        . ' same title nor any of its standard numbers.',
    guard_briefer_level => 'The record in Koha is fuller: encoding level {incoming_level} would replace {existing_level}.',
    guard_fewer_fields => 'The record in Koha is fuller: a record with {incoming} fields would replace one with {existing}.',
    guard_older => 'The record in Koha is newer: a version of {incoming_time} would replace one of {existing_time}.',
    guard_edited => 'The record in Koha was edited since it was last imported.',
    guard_other_kind => 'The record in Koha is of another kind: {incoming_kind} would replace {existing_kind}.',
    guard_other_language => 'The record in Koha was cataloged in another language: {incoming} would replace {existing}'
        . ' (040 $b).',
    guard_other_number => 'The record in Koha has another OCLC number: {incoming} would replace {existing}.',
    guard_other_title => 'The record in Koha may be of another work or volume: its title is "{existing}".',
    item_conflict => 'An item can not be added as it is.',
    not_imported_type => 'This profile takes no {record_type} records.',
    wrong_record_type => 'This profile takes no {record_type} records.',
    holdings_record => 'Holdings records are not taken: export the bibliographic record.',
    community_record => 'Community information records are not taken.',
    classification_record => 'Classification records are not taken.',
    unknown_record_type => 'Leader/06 does not say what kind of record this is.',
);

# What the first line says anyhow.
my %SAID = map { $_ => 1 } qw(matched no_match no_matching_rule);

my $OF_OTHER_RECORD = ' (biblio record number {biblionumber})';

my %ITEM_REASON = (
    items_always_add => 'this profile adds all items',
    items_add_only_for_matches => 'this profile adds items to records that are in Koha already',
    items_add_only_for_new => 'this profile adds items to new records only',
    items_ignore => 'this profile leaves items out',
    items_replace => 'this profile replaces items of records that are in Koha already',
    decided => q{by a person's decision},
    no_such_item => 'there was none to replace',
    same_itemnumber => 'it has the same item number',
    same_barcode => 'it has the same barcode',
    no_target_record => 'there is no record to add it to',
    record_refused => 'the record is not imported',
    record_held => 'the record is held',
    duplicate_barcode => "its barcode is in use by another item$OF_OTHER_RECORD",
    itemnumber_of_other_biblio => "its item number belongs to another record$OF_OTHER_RECORD",
    barcode_twice => 'its barcode is twice in this record',
    itemnumber_twice => 'its item number is twice in this record',
    missing_homebranch => 'it has no home library',
    unknown_homebranch => 'its home library {homebranch} is not in Koha',
    unknown_holdingbranch => 'its current library {holdingbranch} is not in Koha',
    unknown_itemtype => 'its item type {itype} is not in Koha',
    missing_itemtype => 'it has no item type',
);

my %ITEM_ACTION = (add => 'added', replace => 'replaced', ignore => 'ignored', hold => 'not added');

my @COLUMNS = (
    [ homebranch => 'home library' ],
    [ holdingbranch => 'current library' ],
    [ itype => 'item type' ],
    [ ccode => 'collection' ],
);

sub login_refused ($class, $answer) {
    my @values = map { defined ? $_ : '' } @{ $answer->{values} // [] };
    my $first = shift @values;
    my @told = ($first // '', join ', ', @values);
    my $text = $REFUSED_LOGIN{ $answer->{reason} } =~ s/%s/shift @told/ger;
    return _finish("Not imported.  $text");
}

# Why a patron may not, as a sentence.
sub refusal ($class, $answer) { return $class->login_refused($answer) =~ s/\ANot imported[.]\s+//r }

sub discarded ($class, $by) {
    return _finish("Not imported.  Decided in Koha by $by: the export is discarded.");
}

sub decoding_refused ($class, $read, $preview = 0) {
    my @why = map { $_->{message} } grep { $_->{severity} eq 'refused' } @{ $read->{diagnostics} };
    splice @why, 3;
    return _finish('Preview.  The export would not be imported: the record is damaged, and content may have been lost.',
        @why, 'Nothing was written to Koha.')
        if $preview;
    return _finish('Not imported.  The record is damaged, and content may have been lost.', @why,
        'Nothing in Koha was changed. Export the record again.');
}

my %FAILED = (
    'search.failed' =>
        "Koha's search engine does not answer, so nobody can say whether the record is there already.",
    'settings.rule_gone' => 'The matching rule of this profile is no longer in Koha.',
    'rules.bad_field_pattern' => 'A line of the local fields of this profile is not understood.',
    'marc.too_long' => 'The record is too long for ISO 2709 (99,999 bytes; 9,999 a field).',
    'authority.unknown_type' => 'This Koha has no authority type for the heading of the record.',
    'login.gone' => 'The profile or the patron of this export is gone.',
);

# Before anything was kept.
sub no_database ($class) {
    return _finish("Not imported.  Koha's database does not answer, or not as it should. Export it again later.");
}

sub plugin_disabled ($class) {
    return 'Not imported.  The plugin Connexion Gateway is disabled in Koha. Whoever administers Koha can enable it'
        . ' (Administration, Manage plugins); then export it again.';
}

# Kept, and to be finished without the client.
sub goes_on ($class, $number) {
    return _finish("Received under number $number, but Koha's database does not answer at the moment; the import"
            . ' goes on when it does. The list of exports in Koha will show its outcome. If you export it again,'
            . ' nothing is imported twice.');
}

sub overtaken ($class, $number, $newer) {
    return _finish("Not imported.  A later export of this record (number $newer) was imported before this one could be.",
        "The record is kept as export $number; export it again if it is the one to keep.");
}

sub failed ($class, $code, $number) {
    return _finish('Not imported.  This record stopped the import twice and is set aside.',
        "Nothing in Koha was changed. Please show the number $number of this export to the administrator of Koha.")
        if $code eq 'importer.ended';
    my $why = $FAILED{$code}
        // ($code =~ /\Adatabase/ ? "Koha's database did not take the record." : 'Koha did not take the record.');
    return _finish("Not imported.  $why",
        "Nothing in Koha was changed. The record is kept as export $number; export it again later.");
}

# ---------------------------------------------------------------- an export that was decided

sub outcome ($class, %args) {
    my ($plan, $done) = @args{qw(plan done)};
    my @head = (_first_line($plan, $done), _title($plan), _remarks($plan, $done));
    my @tail = _repairs($args{read});
    push @tail, "Held as export $done->{number}; the log of Connexion Gateway in Koha lists it."
        if $plan->{outcome} eq 'hold' && !$done->{preview};
    push @tail, 'Nothing was written to Koha: ' . ($done->{test} ? 'this was a test.' : 'this profile only previews.')
        if $done->{preview};
    my $last = $done->{url} // '';
    my $room = $MOST - length(join "\n", map { _ascii($_) } @head, @tail) - length($last) - 3;
    return _finish(@head, _items($plan, $done, $room), @tail, length $last ? ('', $last) : ());
}

sub _title ($plan) {
    my $title = $plan->{record}{title} // '';
    return if $title eq '';
    return 'Title: ' . (length $title > 200 ? substr($title, 0, 197) . '...' : $title);
}

sub _first_line ($plan, $done) {
    my $outcome = $plan->{outcome};
    my $why = join ' ', map { _reason($_) } _told_reasons($plan);
    return _preview_line($plan, $why) if $done->{preview};
    return "Held for review.  $why Nothing was imported yet." if $outcome eq 'hold';
    return "Not imported.  $why" if $outcome eq 'refuse';
    return _staged_line($plan, $done) if $plan->{mode} eq 'stage';
    my $name = _name($plan);
    my $head = "Success.  Batch number " . ($done->{batch} // '') . " - $name record number "
        . ($done->{record_id} // '');
    return "$head added to Koha." if $outcome eq 'add';
    return "$head overlaid by import." if $outcome eq 'overlay';
    return 'Ignored.  ' . ucfirst _left_alone($plan, 'was') . '.';
}

sub _name ($plan) { return $RECORD_NAME{ $plan->{record_type} } // 'biblio' }

sub _left_alone ($plan, $was) {
    return defined $plan->{target}
        ? 'it matches ' . _name($plan) . " record number $plan->{target}, which $was left as it is"
        : 'no record matches, and this profile adds no new ones';
}

sub _preview_line ($plan, $why) {
    my ($name, $outcome) = (_name($plan), $plan->{outcome});
    my $article = $name eq 'authority' ? 'An' : 'A';
    my $staged = $plan->{mode} eq 'stage' ? ' when the staged batch is imported' : '';
    return "Preview.  $article $name record would be added$staged." if $outcome eq 'add';
    return "Preview.  $article $name record would be overlaid$staged ($name record number $plan->{target})."
        if $outcome eq 'overlay';
    return "Preview.  The export would be held: $why" if $outcome eq 'hold';
    return "Preview.  The export would not be imported: $why" if $outcome eq 'refuse';
    return 'Preview.  The record would not be imported: ' . _left_alone($plan, 'would be') . '.';
}

sub _staged_line ($plan, $done) {
    my $name = _name($plan);
    my $match = defined $plan->{target}
        ? "matches $name record number $plan->{target}" : 'matches no record';
    return "Success.  Batch number $done->{batch} - $name record staged, $match;"
        . ' import it in Manage staged records.';
}

# What is worth knowing beside the first line.
sub _remarks ($plan, $done) {
    return (_candidates($plan), _waiting_items($plan)) if $plan->{outcome} eq 'hold';
    return if $plan->{outcome} eq 'refuse';
    my @lines = map { _reason($_) } _told_reasons($plan);
    push @lines, q{Koha's own MARC overlay rules decide which of its fields are replaced.}
        if $plan->{koha_overlay_rules} && $plan->{outcome} eq 'overlay';
    my $linked = $done->{linked_biblios};
    push @lines, "$linked linked biblio record" . ($linked == 1 ? '' : 's') . ' will be updated by Koha.' if $linked;
    return @lines;
}

sub _candidates ($plan) {
    my $name = _name($plan);
    return "It matches $name record number $plan->{target}." if defined $plan->{target};
    my @numbers = map { $_->{id} }
        grep { ($_->{verdict} // '') =~ /\A(?:equal|chosen)\z/ } @{ $plan->{match}{candidates} // [] };
    return if !@numbers;
    return "Matching $name records: " . join ', ', @numbers > 8 ? (@numbers[ 0 .. 7 ], '...') : @numbers;
}

# ---------------------------------------------------------------- reasons

sub reason ($class, $reason) { return _reason($reason) }

sub item_reason ($class, $reason) { return _fill($ITEM_REASON{ $reason->{code} }, $reason) }

sub _told_reasons ($plan) {
    return grep { !$SAID{ $_->{code} } } @{ $plan->{reasons} // [] };
}

sub _reason ($reason) {
    my %values = %{ $reason->{values} // {} };
    for my $side (grep { defined $values{$_} } qw(incoming existing)) {
        my $value = $values{$side};
        $values{"${side}_level"} = _level($value) if $reason->{code} eq 'guard_briefer_level';
        $values{"${side}_time"} = _time($value) if $reason->{code} eq 'guard_older';
        $values{"${side}_kind"} = _kind($value) if $reason->{code} eq 'guard_other_kind';
    }
    return _fill($REASON{ $reason->{code} }, { %{$reason}, values => \%values });
}

# A code without a sentence is better than nothing said.
sub _fill ($text, $reason) {
    return "Reason: $reason->{code}." if !defined $text;
    my $values = $reason->{values} // {};
    # Where the record is not known nothing is said of it.
    $text =~ s/\Q$OF_OTHER_RECORD\E// if !$values->{biblionumber};
    return $text =~ s/ ?\{(\w+)\}/_value($values->{$1}, substr $&, 0, 1)/ger;
}

sub _value ($value, $before) { return length($value // '') ? ($before eq ' ' ? ' ' : '') . $value : '' }

my %LEVEL = (
    ' ' => 'full', 1 => 'full, material not examined', 2 => 'less than full, material not examined',
    3 => 'abbreviated', 4 => 'core', 5 => 'preliminary', 7 => 'minimal', 8 => 'prepublication', I => 'full',
    J => 'deleted', K => 'minimal', L => 'full, batch', M => 'less than full, batch', n => 'complete', o => 'incomplete',
);

sub _level ($code) {
    my $name = $code eq ' ' ? 'blank' : $code;
    return $LEVEL{$code} ? "$name ($LEVEL{$code})" : $name;
}

sub _time ($text) {
    return $text =~ /\A(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)/ ? "$1-$2-$3 $4:$5" : $text;
}

my %MATERIAL = (
    a => 'text', c => 'notated music', d => 'manuscript music', e => 'map', f => 'manuscript map',
    g => 'projected medium', i => 'spoken recording', j => 'music recording', k => 'picture', m => 'computer file',
    o => 'kit', p => 'mixed materials', r => 'object', t => 'manuscript text',
);

my %ISSUED = (
    a => 'part of a monograph', b => 'part of a serial', c => 'collection', d => 'part of a collection',
    i => 'integrating resource', m => 'monograph', s => 'serial',
);

my %FORM = (
    ' ' => 'print', a => 'microfilm', b => 'microfiche', c => 'microopaque', d => 'large print', f => 'braille',
    o => 'online', q => 'direct electronic', r => 'print', s => 'electronic',
);

my %HEADING = (
    100 => 'personal name', 110 => 'corporate name', 111 => 'meeting name', 130 => 'uniform title',
    147 => 'named event', 148 => 'chronological term', 150 => 'topical term', 151 => 'geographic name',
    155 => 'genre/form term', 162 => 'medium of performance',
);

# Leader/06 and 07, and the form of item where that is what differs; of authorities the heading's tag.
sub _kind ($code) {
    return $HEADING{$code} ? "$HEADING{$code} ($code)" : $code if $code =~ /\A\d/;
    my ($material, $issued, $form) = $code =~ /\A(.)(.)(?: (.?))?\z/ or return $code;
    my @words = grep {defined} $MATERIAL{$material}, $ISSUED{$issued},
        defined $form ? $FORM{ $form eq '' ? ' ' : $form } : undef;
    return @words ? join(', ', @words) . " ($code)" : $code;
}

# ---------------------------------------------------------------- items

sub _conflict ($plan) {
    return scalar grep { $_->{code} eq 'item_conflict' } @{ $plan->{reasons} // [] };
}

sub _waiting_items ($plan) {
    my $number = @{ $plan->{items} // [] };
    return if !$number || _conflict($plan);
    return $number == 1 ? 'Its item waits with it.' : "Its $number items wait with it.";
}

# A line each, and where there is no room for all, those that were not added before the others.
sub _items ($plan, $done, $room) {
    return if $plan->{outcome} eq 'refuse' || ($plan->{outcome} eq 'hold' && !_conflict($plan));
    my $would = $done->{preview} || $plan->{mode} eq 'stage';
    my @items = @{ $plan->{items} // [] };
    my @lines = map { _item_line($_, $would) } @items;
    return @lines if _size(@lines) <= $room;
    my @order = sort { ($items[$b]{action} eq 'hold') <=> ($items[$a]{action} eq 'hold') || $a <=> $b } 0 .. $#items;
    @items = @items[@order];
    @lines = @lines[@order];
    for my $kept (reverse 0 .. $#lines) {
        my @told = (@lines[ 0 .. $kept - 1 ], _more_items($would, @items[ $kept .. $#items ]));
        return @told if _size(@told) <= $room || !$kept;
    }
    return;
}

sub _size (@lines) { return length join '', map { "\n" . _ascii($_) } @lines }

sub _done_to_item ($action, $would) {
    my $word = $ITEM_ACTION{$action} // $action;
    return $word if !$would;
    return $word =~ s/\Anot /would not be /r if $word =~ /\Anot /;
    return "would be $word";
}

sub _item_line ($item, $would) {
    my $name = length($item->{barcode} // '') ? "Item $item->{barcode}" : "Item no. $item->{occurrence}";
    my $text = _done_to_item($item->{action}, $would);
    $text .= ', ' . _fill($ITEM_REASON{ $item->{reason}{code} // '' }, $item->{reason})
        if $item->{action} =~ /\A(?:ignore|hold)\z/;
    my $defaults = $item->{defaults} // {};
    my @filled = map {"$_->[1] $defaults->{$_->[0]}"} grep { defined $defaults->{ $_->[0] } } @COLUMNS;
    $text .= ' (' . join(', ', @filled) . ' filled in)' if @filled && $item->{action} =~ /\A(?:add|replace)\z/;
    return "$name: $text.";
}

sub _more_items ($would, @items) {
    my %count;
    $count{ $_->{action} }++ for @items;
    my @parts = map { "$count{$_} " . _done_to_item($_, $would) } grep { $count{$_} } qw(add replace ignore hold);
    return '... and ' . @items . ' more item' . (@items == 1 ? '' : 's') . ': ' . join(', ', @parts) . '.';
}

# ---------------------------------------------------------------- the text

sub _repairs ($read) {
    my @repairs = grep { $_->{severity} eq 'repaired' } @{ ($read // {})->{diagnostics} // [] };
    return map {"Repaired: $_->{message}"} @repairs > 2 ? (@repairs[ 0, 1 ]) : @repairs;
}

sub _ascii ($line) { return length($line // '') ? Koha::Plugin::ConnexionGateway::Core->ascii($line) : '' }

sub _finish (@lines) {
    my @ascii = map { _ascii($_) } @lines;
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

=head2 refusal(\%answer)

The same as a sentence, for other places than the Client's window.

=head2 discarded($userid)

For a held export that somebody has discarded.

=head2 decoding_refused(\%read, $preview)

For the result of C<Core::Record-E<gt>read> without a record.

=head2 no_database, goes_on($number)

When Koha's database does not answer: before and after the export was kept.

=head2 plugin_disabled

Before the export was kept: the plugin is disabled in Koha.

=head2 overtaken($number, $newer)

=head2 failed($code, $number)

For an export that could not be carried out.

=head2 outcome(plan => \%plan, read => \%read, done => {number, batch, record_id, linked_biblios, preview, test, url})

For an export that was decided. Every item has a line of its own, as long as there is room.

=head2 reason(\%reason), item_reason(\%reason)

One of a plan's reasons, and the reason of one of its items, as a sentence and as a part of one.

=cut
