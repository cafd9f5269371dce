package C4::Charset;

# SPDX-License-Identifier: GPL-3.0-or-later

use strict;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use Exporter 'import';
use MARC::Field;
use Unicode::Normalize ();

our @EXPORT = qw(SetUTF8Flag SetMarcUnicodeFlag StripNonXmlChars NormalizeString);

sub NormalizeString ($string, $nfd = 0, $transform = 0) {
    return $string                                                 if !defined $string;
    $string = Encode::decode('UTF-8', $string, Encode::FB_DEFAULT) if !utf8::is_utf8($string);
    return $nfd ? Unicode::Normalize::NFD($string) : Unicode::Normalize::NFC($string);
}

sub SetUTF8Flag ($record, $nfd = 0) {
    for my $field (grep { !$_->is_control_field } $record->fields) {
        my @subfields = map { $_->[0] => NormalizeString($_->[1], $nfd) } $field->subfields;
        my $new       = eval {
            MARC::Field->new($field->tag, $field->indicator(1), $field->indicator(2), @subfields);
        };
        if   ($new) { $field->replace_with($new) }
        else        { warn "ERROR occurred in SetUTF8Flag $@" }
    }
    return;
}

sub SetMarcUnicodeFlag ($record, $flavour) {
    $record->encoding('UTF-8');
    return;
}

sub StripNonXmlChars ($string) {
    return '' if !defined $string || $string eq '';
    return $string =~ s/[^\x09\x0A\x0D\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]//gr;
}

1;
