// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/text.hpp"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <memory>

#include "text/utf8.hpp"

namespace connexion {
namespace {

icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  return text.toUTF8String(out);
}

bool is_ascii(std::string_view text) {
  return utf8::first_non_ascii(text) == text.size();
}

// A Transliterator isn't thread-safe to use, so each thread has its own.
icu::Transliterator* transliterator() {
  thread_local const std::unique_ptr<icu::Transliterator> made = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<icu::Transliterator>(
        icu::Transliterator::createInstance("Any-Latin; Latin-ASCII", UTRANS_FORWARD, status));
  }();
  return made.get();
}

// Marks that are left over belong to a letter already written; a '?' for each would mislead.
bool is_mark(UChar32 c) {
  const auto type = u_charType(c);
  return type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR;
}

bool is_space(UChar32 c) {
  return c == '\t' || c == '\n' || c == '\r' || u_isUWhiteSpace(c);
}

}  // namespace

std::string to_ascii(std::string_view text) {
  icu::UnicodeString wide = from_utf8(text);
  if (!is_ascii(text))
    if (auto* const latin = transliterator()) latin->transliterate(wide);
  std::string out;
  out.reserve(text.size());
  for (std::int32_t i = 0; i < wide.length(); i = wide.moveIndex32(i, 1)) {
    const UChar32 c = wide.char32At(i);
    if (c >= 0x20 && c < 0x7F)
      out.push_back(static_cast<char>(c));
    else if (is_space(c))
      out.push_back(' ');
    else if (!u_iscntrl(c) && !is_mark(c))
      out.push_back('?');
  }
  return out;
}

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
  return to_utf8(from_utf8(text).toUpper(icu::Locale::getRoot()));
}

std::string lower(std::string_view text) {
  return to_utf8(from_utf8(text).toLower(icu::Locale::getRoot()));
}

std::string folded_words(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* const decomposed = icu::Normalizer2::getNFKDInstance(status);
  auto wide = from_utf8(text);
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
    } else if (!is_mark(c)) {
      between = true;
    }
  }
  return to_utf8(words);
}

}  // namespace connexion
