// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/text.hpp"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace connexion {
namespace {

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  return text.toUTF8String(out);
}

bool is_ascii(std::string_view text) {
  return utf8::first_non_ascii(text) == text.size();
}

}  // namespace

std::string nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const auto* const normalizer = icu::Normalizer2::getNFCInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  normalizer->normalizeUTF8(0, {text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr,
                            status);
  return U_SUCCESS(status) ? out : std::string(text);
}

std::string upper(std::string_view text) {
  return to_utf8(unicode::from_utf8(text).toUpper(icu::Locale::getRoot()));
}

std::string lower(std::string_view text) {
  return to_utf8(unicode::from_utf8(text).toLower(icu::Locale::getRoot()));
}

std::string folded_words(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* const decomposed = icu::Normalizer2::getNFKDInstance(status);
  auto wide = unicode::from_utf8(text);
  if (U_SUCCESS(status)) wide = decomposed->normalize(wide, status);
  wide.foldCase();
  icu::UnicodeString words;
  bool between = false;
  for (std::int32_t i = 0; i < wide.length(); i = wide.moveIndex32(i, 1)) {
    const UChar32 c = wide.char32At(i);
    if (u_isalnum(c)) {
      if (between && !words.isEmpty()) words.append(u' ');
      between = false;
      words.append(c);
    } else if (!unicode::is_mark(c)) {
      between = true;
    }
  }
  return to_utf8(words);
}

}  // namespace connexion
