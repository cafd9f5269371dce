// SPDX-License-Identifier: GPL-3.0-or-later
//
// Text as the other parts need it: all UTF-8, all without a locale of the machine.
//
//     reply += connexion::to_ascii(connexion::title(record));   // "Cafe de Flore"
//
// Text given to these functions should be valid UTF-8; what is not comes out as U+FFFD (or '?').
// Thread-safety: all functions are pure.
#pragma once

#include <string>
#include <string_view>

#include "connexion/record.hpp"

namespace connexion {

/// Whether the bytes are UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing
/// above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view bytes) noexcept;

/// Printable ASCII (20 to 7E): other scripts transliterated, control characters dropped, what has
/// no counterpart as '?'.
[[nodiscard]] std::string to_ascii(std::string_view utf8);

/// Normalization form C.
[[nodiscard]] std::string nfc(std::string_view utf8);
/// Upper and lower case by the root locale's full mappings ("ß" becomes "SS").
[[nodiscard]] std::string upper(std::string_view utf8);
[[nodiscard]] std::string lower(std::string_view utf8);

/// The words of a text for comparing: lower case, without diacritics and punctuation, one space
/// between them. "Caf\u00e9  de Flore /" and "CAFE DE FLORE" are the same. Text without a letter or
/// digit comes out empty.
[[nodiscard]] std::string folded_words(std::string_view utf8);

/// What to call the record: for bibliographic records 245 $a, $b, $n and $p in the record's order,
/// for authorities the heading (1XX), without the ISBD punctuation at the end. Empty if the record
/// has none.
[[nodiscard]] std::string title(const Record& record);

}  // namespace connexion
