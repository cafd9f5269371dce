// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/references.hpp"

#include <charconv>
#include <string_view>

#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

struct Form {
  std::string_view open;
  char close;
  int base;
};

constexpr Form kBracketed{"<U+", '>', 16};
constexpr Form kHexadecimal{"&#x", ';', 16};
constexpr Form kDecimal{"&#", ';', 10};
constexpr std::size_t kMostDigits = 7;

bool may_stand(char32_t c) noexcept {
  return c >= 0x20 && c != 0x7F && (c < 0xD800 || c > 0xDFFF) && c != 0xFFFE && c != 0xFFFF &&
         c <= 0x10FFFF;
}

// Length of the reference at the start of `text`, 0 if there is none.
std::size_t read_one(std::string_view text, const Form& form, char32_t& c) noexcept {
  if (!text.starts_with(form.open)) return 0;
  const std::string_view window = text.substr(form.open.size(), kMostDigits + 1);
  const std::string_view digits = window.substr(0, window.find(form.close));
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, form.base);
  const std::size_t length = form.open.size() + digits.size() + 1;
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.size() > kMostDigits ||
      length > text.size() || text[length - 1] != form.close || !may_stand(value))
    return 0;
  c = value;
  return length;
}

}  // namespace

void read_references(std::string& text, std::size_t from, bool bracketed, bool numeric) {
  std::string out;
  const std::string_view in = std::string_view(text).substr(from);
  std::size_t at = 0;
  while (at < in.size()) {
    char32_t c = 0;
    std::size_t length = 0;
    if (bracketed && in[at] == '<') length = read_one(in.substr(at), kBracketed, c);
    if (numeric && in[at] == '&') {
      length = read_one(in.substr(at), kHexadecimal, c);
      if (length == 0) length = read_one(in.substr(at), kDecimal, c);
    }
    if (length == 0)
      out += in[at++];
    else
      utf8::append(out, c);
    at += length;
  }
  text.replace(from, std::string::npos, out);
}

}  // namespace connexion::detail
