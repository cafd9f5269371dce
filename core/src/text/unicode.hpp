// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the functions on text share in their dealings with ICU.
#pragma once

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <cstdint>
#include <string_view>

namespace connexion::unicode {

inline icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
}

// Marks that are left over belong to a letter already written; a '?' for each would mislead.
inline bool is_mark(UChar32 c) {
  const auto type = u_charType(c);
  return type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR;
}

}  // namespace connexion::unicode
