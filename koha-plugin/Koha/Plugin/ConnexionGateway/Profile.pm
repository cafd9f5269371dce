package Koha::Plugin::ConnexionGateway::Profile;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

use Koha::Plugin::ConnexionGateway::Core;
use Koha::Plugin::ConnexionGateway::Texts;

# Those of C4::Matcher.
my @NORMALIZERS = qw(none remove_spaces upper_case lower_case legacy_default ISBN);

my @POLICIES = qw(keep_existing add_incoming prefer_incoming);

# What a profile may hold: default, and the values allowed or the check. Koha's words throughout.
my %MEMBERS = (
    description => { default => '' },
    preview => { default => 0, flag => 1 },
    authentication => { default => 'profile', values => [qw(profile koha)] },
    koha_logins => { default => [] },
    write_as => { default => '' },
    record_types => { default => ['biblio'] },
    matching_rule => { default => '' },
    target_field => { default => '' },
    overlay_action => { default => 'replace', values => [qw(replace create_new ignore)] },
    nomatch_action => { default => 'create_new', values => [qw(create_new ignore)] },
    item_action => {
        default => 'always_add',
        values => [qw(always_add add_only_for_matches add_only_for_new ignore replace)],
    },
    mode => { default => 'direct', values => [qw(direct stage)] },
    framework => { default => '' },
    overlay_framework => { default => undef },
    several_matches => { default => 'hold', values => [qw(hold best refuse)] },
    no_match_keys => { default => 'add', values => [qw(add hold refuse)] },
    guard_briefer_level => { default => 0, flag => 1 },
    guard_fewer_fields => { default => 0, number => [ 0, 100 ] },
    guard_older => { default => 0, flag => 1 },
    guard_edited => { default => 0, flag => 1 },
    guard_other_kind => { default => 1, flag => 1 },
    guard_other_language => { default => 0, flag => 1 },
    guard_other_number => { default => 1, flag => 1 },
    guard_other_title => { default => 1, flag => 1 },
    local_fields => {
        default => [ '59X: add_incoming', '69X: add_incoming', '9XX: prefer_incoming' ],
    },
    item_conflict => { default => 'item', values => [qw(item export)] },
    item_source => { default => [] },
    default_homebranch => { default => '', koha => 'library', patron => 1 },
    default_holdingbranch => { default => '', koha => 'library', patron => 1 },
    default_itype => { default => '', koha => 'itemtype' },
    default_ccode => { default => '', koha => 'collection' },
    retry_window => { default => 600, number => [ 0, 86_400 ] },
    authority_matching_rule => { default => '' },
    authority_overlay_action => { default => 'replace', values => [qw(replace create_new ignore)] },
    authority_nomatch_action => { default => 'create_new', values => [qw(create_new ignore)] },
    client_encoding => { default => 'utf8', values => [qw(utf8 marc8)] },
    client_items => { default => 'leave_out', values => [qw(leave_out item_source)] },
    client_local_fields => { default => ['9XX'] },
);

# The members that are no part of the body, because tables look them up.
my @OWN_COLUMNS = qw(name login enabled revision password_hash);

sub members ($class) { return keys %MEMBERS }

sub defaults ($class) { return map { $_ => _copy($MEMBERS{$_}{default}) } keys %MEMBERS }

sub choices ($class) {
    return { map { $_ => $MEMBERS{$_}{values} } grep { $MEMBERS{$_}{values} } keys %MEMBERS };
}

sub flags ($class) { return grep { $MEMBERS{$_}{flag} } keys %MEMBERS }

# The least and the most that a number may be.
sub range ($class, $member) { return $MEMBERS{$member}{number} }

sub _copy ($value) { return ref $value eq 'ARRAY' ? [ @{$value} ] : $value }

# ---------------------------------------------------------------- notations

# 'PATTERN: POLICY'; a pattern may hold colons of its own.
sub local_field ($class, $line) {
    my ($fields, $policy) = $line =~ /\A\s*(\S.*?)\s*:\s*(\w*)\s*\z/s or return;
    return { fields => $fields, policy => $policy };
}

# '949 $i -> $p'
sub item_mapping ($class, $line) {
    my ($tag, $from, $to) = $line =~ /\A\s*([0-9A-Za-z]{3})\s*\$([0-9a-zA-Z])\s*->\s*\$([0-9a-zA-Z])\s*\z/
        or return;
    return { tag => $tag, from => $from, to => $to };
}

# '999 $c'
sub field_name ($class, $text) {
    my ($tag, $code) = $text =~ /\A\s*([0-9A-Za-z]{3})\s*\$([0-9a-z])\s*\z/ or return;
    return if $tag =~ /\A00/;
    return { tag => $tag, subfield => $code };
}

# The same profile in one spelling: JSON has true and false, a page has blank lines.
sub tidy ($class, $profile) {
    my %tidy = %{$profile};
    for my $member (grep { exists $tidy{$_} } keys %MEMBERS) {
        my $value = $tidy{$member};
        $tidy{$member} = "$value" ? 1 : 0 if $MEMBERS{$member}{flag} && _is_flag($value);
        $tidy{$member} = [ map { s/\A\s+|\s+\z//gr } grep {/\S/} @{$value} ]
            if ref $MEMBERS{$member}{default} eq 'ARRAY' && _is_list($value);
    }
    my $target = defined $tidy{target_field} && !ref $tidy{target_field}
        ? $class->field_name($tidy{target_field}) : undef;
    $tidy{target_field} = "$target->{tag} \$$target->{subfield}" if $target;
    return \%tidy;
}

# ---------------------------------------------------------------- what is wrong with it

sub problems ($class, $koha, $profile) {
    return (
        _unknown_members($profile), _name_problems($profile), _value_problems($profile),
        _target_problems($profile), _local_field_problems($profile), _client_problems($profile),
        _item_source_problems($koha, $profile), _default_problems($koha, $profile),
        _rule_problems($koha, $profile, 'matching_rule', 'biblio', 'overlay_action'),
        _rule_problems($koha, $profile, 'authority_matching_rule', 'authority', undef),
        _framework_problems($koha, $profile), _patron_problems($koha, $profile),
    );
}

sub _unknown_members ($profile) {
    my %known = map { $_ => 1 } keys %MEMBERS, @OWN_COLUMNS;
    return map { { field => $_, code => 'unknown_setting', value => $_ } }
        grep { !$known{$_} } sort keys %{$profile};
}

sub _name_problems ($profile) {
    my $name = $profile->{name} // '';
    return { field => 'name', code => 'missing' } if !length $name;
    return { field => 'name', code => 'bad_name', value => $name }
        if $name !~ /\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z/;
    return;
}

sub _value_problems ($profile) {
    return map { _value_problem($MEMBERS{$_}, $_, $profile->{$_}) } sort keys %MEMBERS;
}

sub _value_problem ($spec, $field, $value) {
    my %problem = (field => $field, value => _shown($value));
    return { field => $field, code => 'not_a_list' } if ref $spec->{default} eq 'ARRAY' && !_is_list($value);
    return { %problem, code => 'not_a_choice', choices => $spec->{values} }
        if $spec->{values} && !grep { $_ eq _shown($value) } @{ $spec->{values} };
    return { %problem, code => 'not_a_flag' } if $spec->{flag} && !_is_flag($value);
    return { %problem, code => 'out_of_range', range => $spec->{number} }
        if $spec->{number} && !_in_range($value, @{ $spec->{number} });
    return { field => $field, code => 'not_a_text' }
        if ref $value && ref $spec->{default} ne 'ARRAY' && !$spec->{flag};
    return;
}

sub _shown ($value) { return ref $value && !JSON::PP::is_bool($value) ? lc ref $value : $value // '' }

sub _is_list ($value) { return ref $value eq 'ARRAY' && !grep { !defined || ref } @{$value} }

sub _is_flag ($value) {
    return defined $value && (JSON::PP::is_bool($value) || (!ref $value && $value =~ /\A[01]\z/));
}

sub _in_range ($value, $least, $most) {
    return defined $value && $value =~ /\A\d{1,9}\z/ && $value >= $least && $value <= $most;
}

sub _text ($profile, $field) {
    my $value = $profile->{$field};
    return defined $value && !ref $value ? $value : '';
}

sub _lines ($profile, $field) { return _is_list($profile->{$field}) ? @{ $profile->{$field} } : () }

sub _target_problems ($profile) {
    my $text = _text($profile, 'target_field');
    return if $text eq '' || __PACKAGE__->field_name($text);
    return { field => 'target_field', code => 'bad_field_name', value => $text };
}

sub _local_field_problems ($profile) {
    return map { _local_field_problem($_) } _lines($profile, 'local_fields');
}

sub _local_field_problem ($line) {
    my %problem = (field => 'local_fields', value => $line);
    my $local = __PACKAGE__->local_field($line) or return { %problem, code => 'bad_local_line' };
    return { %problem, code => 'no_policy', value => $local->{policy}, choices => \@POLICIES }
        if !grep { $_ eq $local->{policy} } @POLICIES;
    return _pattern_problem(\%problem, $local->{fields});
}

sub _pattern_problem ($problem, $pattern) {
    return if !Koha::Plugin::ConnexionGateway::Core->available;
    my $wrong = Koha::Plugin::ConnexionGateway::Core->field_pattern_problem($pattern);
    return defined $wrong ? { %{$problem}, code => 'bad_field_pattern', value => $wrong } : ();
}

sub _client_problems ($profile) {
    my @problems = map { _pattern_problem({ field => 'client_local_fields' }, $_) } _lines($profile, 'client_local_fields');
    push @problems, { field => 'client_items', code => 'no_item_source' }
        if _text($profile, 'client_items') eq 'item_source' && !_lines($profile, 'item_source');
    return @problems;
}

sub _item_source_problems ($koha, $profile) {
    my @problems;
    my (%tags, %from, %to);
    my $known = $koha->item_subfields;
    for my $line (_lines($profile, 'item_source')) {
        my %problem = (field => 'item_source', value => $line);
        my $mapping = __PACKAGE__->item_mapping($line);
        if (!$mapping || $mapping->{tag} =~ /\A00/) {
            push @problems, { %problem, code => 'bad_item_line' };
            next;
        }
        $tags{ $mapping->{tag} } = 1;
        push @problems, { %problem, code => 'source_is_item_field' } if $mapping->{tag} eq $known->{tag};
        push @problems, { %problem, code => 'source_twice', value => $mapping->{from} } if $from{ $mapping->{from} }++;
        push @problems, { %problem, code => 'item_subfield_twice', value => $mapping->{to} }
            if $to{ $mapping->{to} }++;
        push @problems, { %problem, code => 'no_item_subfield', value => "$known->{tag} \$$mapping->{to}" }
            if !grep { $_ eq $mapping->{to} } @{ $known->{codes} };
    }
    push @problems, { field => 'item_source', code => 'several_tags', value => join ', ', sort keys %tags }
        if keys %tags > 1;
    return @problems;
}

my %OF_KOHA = (library => 'libraries', itemtype => 'itemtypes', collection => 'collections');

sub _default_problems ($koha, $profile) {
    my @problems;
    for my $field (grep { $MEMBERS{$_}{koha} } sort keys %MEMBERS) {
        my $value = _text($profile, $field);
        next if $value eq '' || ($MEMBERS{$field}{patron} && $value eq '@patron');
        my $kind = $MEMBERS{$field}{koha};
        my $list = $OF_KOHA{$kind};
        my $known = $koha->$list;
        push @problems, { field => $field, code => "no_such_$kind", value => $value,
            choices => [ sort keys %{$known} ] }
            if !exists $known->{$value};
    }
    return @problems;
}

sub _rule_problems ($koha, $profile, $field, $record_type, $action) {
    my $code = _text($profile, $field);
    if (!length $code) {
        return if !$action || ($profile->{$action} // '') ne 'replace' || length _text($profile, 'target_field');
        return { field => $field, code => 'replace_without_rule' };
    }
    return { field => $field, code => 'rule_has_space', value => $code } if $code =~ /\s/;
    my $found = $koha->matching_rule($code);
    return { field => $field, code => 'no_such_rule', value => $code,
        choices => [ map { $_->{code} } @{ $koha->matching_rules($record_type) } ] }
        if !$found;
    return { field => $field, code => 'rule_of_other_type', value => $code }
        if $found->{rule}{record_type} ne $record_type;
    return { field => $field, code => 'rule_without_matchpoint', value => $code }
        if !@{ $found->{rule}{matchpoints} };
    return;
}

# Koha warns of these in its log, and matches without them.
sub unknown_normalizers ($class, $rule) {
    my %known = map { $_ => 1 } @NORMALIZERS;
    my @sides = (@{ $rule->{matchpoints} }, map { @{$_}{qw(source target)} } @{ $rule->{required_checks} });
    my %unknown = map { $_ => 1 } grep { !$known{$_} } map { @{ $_->{norms} } } map { @{ $_->{components} } } @sides;
    my @unknown = sort keys %unknown;
    return @unknown;
}

sub _framework_problems ($koha, $profile) {
    my $frameworks = $koha->frameworks;
    return map { { field => $_, code => 'no_such_framework', value => $profile->{$_} } }
        grep { length _text($profile, $_) && !exists $frameworks->{ $profile->{$_} } }
        qw(framework overlay_framework);
}

sub _patron_problems ($koha, $profile) {
    my $userid = _text($profile, 'write_as');
    return if ($profile->{authentication} // '') ne 'profile' || !length $userid;
    my $patron = $koha->patron(userid => $userid)
        or return { field => 'write_as', code => 'no_such_patron', value => $userid };
    return { field => 'write_as', code => 'patron_expired', value => $userid } if $patron->{expired};
    return map { { field => 'write_as', code => 'missing_permission', value => "$_->[0]/$_->[1]" } }
        $koha->missing_permissions($patron->{userid}, __PACKAGE__->permissions($profile));
}

# What a profile's patron must be allowed to do in Koha, as [module, permission].
sub permissions ($class, $profile) {
    my @wanted = ([ tools => 'stage_marc_import' ]);
    return @wanted if ($profile->{mode} // '') eq 'stage';
    push @wanted, [ tools => 'manage_staged_marc' ], [ editcatalogue => 'edit_catalogue' ];
    push @wanted, [ editcatalogue => 'edit_items' ] if ($profile->{item_action} // '') ne 'ignore';
    push @wanted, [ editauthorities => '*' ]
        if grep { $_ eq 'authority' } _lines($profile, 'record_types');
    return @wanted;
}

# ---------------------------------------------------------------- in words

# In English where no texts of another language are given.
sub sentence ($class, $problem, $texts = Koha::Plugin::ConnexionGateway::Texts->new) {
    my ($least, $most) = @{ $problem->{range} // [ undef, $problem->{most} ] };
    my $key = "problem.$problem->{code}";
    my $text = $texts->text($key, { value => $problem->{value} // '', least => $least, most => $most });
    $text = $texts->text('problem.choices', { text => $text, choices => join ', ', @{ $problem->{choices} } })
        if @{ $problem->{choices} // [] };
    my $label = "profile.$problem->{field}";
    return "$problem->{field}: $text" if !$texts->has($label);
    return $texts->text($problem->{field} eq 'you' ? 'problem.you' : 'problem.in_field',
        { label => $texts->text($label), field => $problem->{field}, text => $text });
}

1;

__END__

=encoding utf8

=head1 NAME

Koha::Plugin::ConnexionGateway::Profile - what a profile may hold, and what is wrong with one

=head1 DESCRIPTION

A profile is a hash: C<name>, C<login>, C<enabled>, C<revision> and the members listed here, whose
names and values are Koha's own where Koha has them (C<overlay_action>, C<nomatch_action>,
C<item_action>). They are described in F<docs/profiles.md>. C<$koha> is a
L<Koha::Plugin::ConnexionGateway::Koha>.

=head1 METHODS

All are called on the class.

=head2 members, defaults

The names of the members; each with its default.

=head2 choices

The values allowed for each member that is a choice.

=head2 flags

The members that are on or off.

=head2 range($member)

C<[least, most]> of a number.

=head2 tidy(\%profile)

The same profile in one spelling.

=head2 unknown_normalizers(\%rule)

The normalizers of a matching rule that Koha does not know. It matches without them.

=head2 problems($koha, \%profile), sentence(\%problem, $texts)

What is wrong, as C<{field, code, value}>, and one such problem in words.

=head2 permissions(\%profile)

The permissions that a profile's patron needs, as C<[module, permission]>.

=head2 local_field($line), item_mapping($line), field_name($text)

C<{fields, policy}> of C<59X: keep_existing>, C<{tag, from, to}> of C<< 949 $i -> $p >>,
C<{tag, subfield}> of C<999 $c>; nothing where the text is something else.

=cut
