// SPDX-License-Identifier: GPL-3.0-or-later
//
// By itself, because it alone needs ICU's transliteration: whoever doesn't call it doesn't load
// that.
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <memory>

#include "connexion/text.hpp"
#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace connexion {
namespace {

// A Transliterator isn't thread-safe to use, so each thread has its own.
icu::Transliterator* transliterator() {
  thread_local const std::unique_ptr<icu::Transliterator> made = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<icu::Transliterator>(
        icu::Transliterator::createInstance("Any-Latin; Latin-ASCII", UTRANS_FORWARD, status));
  }();
  return made.get();
}

bool is_space(UChar32 c) {
  return c == '\t' || c == '\n' || c == '\r' || u_isUWhiteSpace(c);
}

}  // namespace

std::string to_ascii(std::string_view text) {
  icu::UnicodeString wide = unicode::from_utf8(text);
  if (utf8::first_non_ascii(text) != text.size())
    if (auto* const latin = transliterator()) latin->transliterate(wide);
  std::string out;
  out.reserve(text.size());
  for (std::int32_t i = 0; i < wide.length(); i = wide.moveIndex32(i, 1)) {
    const UChar32 c = wide.char32At(i);
    if (c >= 0x20 && c < 0x7F)
      out.push_back(static_cast<char>(c));
    else if (is_space(c))
      out.push_back(' ');
    else if (!u_iscntrl(c) && !unicode::is_mark(c))
      out.push_back('?');
  }
  return out;
}

}  // namespace connexion
