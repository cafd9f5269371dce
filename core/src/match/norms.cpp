// SPDX-License-Identifier: GPL-3.0-or-later
#include "match/norms.hpp"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>

#include "connexion/text.hpp"
#include "match/numbers.hpp"
#include "text/utf8.hpp"

namespace connexion::norms {
namespace {

bool is_ascii(std::string_view text) {
  return utf8::first_non_ascii(text) == text.size();
}

// Bytes of the character at `at`; one for a byte that begins none.
std::size_t character(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return 1;
  return std::max<std::size_t>(utf8::sequence(text, at), 1);
}

bool is_space(std::string_view text, std::size_t at, std::size_t size) {
  if (size == 1) return text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r');
  return u_isUWhiteSpace(static_cast<UChar32>(utf8::decode(text, at, size))) != 0;
}

long character_count(std::string_view text) {
  long count = 0;
  for (std::size_t at = 0; at < text.size(); at += character(text, at)) ++count;
  return count;
}

std::size_t byte_offset(std::string_view text, long characters) {
  std::size_t at = 0;
  while (characters-- > 0 && at < text.size()) at += character(text, at);
  return at;
}

void upper_case(std::string& text) {
  if (!is_ascii(text)) {
    text = upper(text);
    return;
  }
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
}

// Perl's lc knows no final sigma: a capital one always becomes the same small one.
void lower_case(std::string& text) {
  constexpr std::string_view capital_sigma = "\xCE\xA3";
  constexpr std::string_view small_sigma = "\xCF\x83";
  if (is_ascii(text)) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return;
  }
  for (auto at = text.find(capital_sigma); at != std::string::npos;
       at = text.find(capital_sigma, at + 2))
    text.replace(at, capital_sigma.size(), small_sigma);
  text = lower(text);
}

void remove_spaces(std::string& text) {
  std::string out;
  for (std::size_t at = 0, size = 0; at < text.size(); at += size) {
    size = character(text, at);
    if (!is_space(text, at, size)) out.append(text, at, size);
  }
  text = std::move(out);
}

constexpr char kDropped = 0;

// What legacy_default makes of each character of ASCII: its capital, a space or nothing. No field
// holds a NUL.
constexpr auto kLegacy = [] {
  std::array<char, 128> map{};
  for (std::size_t i = 0; i < map.size(); ++i) {
    const auto c = static_cast<char>(i);
    map[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (c >= '\t' && c <= '\r') map[i] = ' ';
  }
  for (const char c : std::string_view(".;:,[]()/'\"")) map[static_cast<std::size_t>(c)] = kDropped;
  return map;
}();

// In place: what stays never gets behind what is read. Characters beyond ASCII are capitals
// already.
void legacy_default(std::string& text) {
  if (!is_ascii(text)) text = upper(text);
  std::size_t to = 0;
  bool space = false;
  const auto put = [&](char c) {
    if (space && to != 0) text[to++] = ' ';
    space = false;
    text[to++] = c;
  };
  for (std::size_t at = 0, size = 1; at < text.size(); at += size) {
    const auto byte = static_cast<unsigned char>(text[at]);
    size = character(text, at);
    if (byte >= 0x80 && !is_space(text, at, size)) {
      put(text[at]);
      for (std::size_t i = 1; i < size; ++i) text[to++] = text[at + i];
      continue;
    }
    const char c = byte < 0x80 ? kLegacy[byte] : ' ';
    if (c == ' ')
      space = true;
    else if (c != kDropped)
      put(c);
  }
  text.resize(to);
}

// As Koha reads an ISBN: whatever is neither digit nor X is passed over, wherever it stands.
void isbn(std::string& text) {
  std::string compact;
  for (const char c : text) {
    if (c >= '0' && c <= '9') compact.push_back(c);
    if (c == 'x' || c == 'X') compact.push_back('X');
  }
  auto isbn13 = numbers::isbn13(compact);
  if (!isbn13.empty()) text = std::move(isbn13);
}

}  // namespace

std::string_view substring(std::string_view text, int offset, int length) {
  if (length <= 0 && offset == 0) return text;
  const long count = character_count(text);
  long begin = offset < 0 ? count + offset : offset;
  long end = length > 0 ? begin + length : count;
  if (begin > count || end < 0) return {};
  begin = std::max(begin, 0L);
  end = std::clamp(end, begin, count);
  const std::size_t first = byte_offset(text, begin);
  return text.substr(first, byte_offset(text.substr(first), end - begin));
}

void apply(std::string_view norm, std::string& text) {
  if (norm == "remove_spaces")
    remove_spaces(text);
  else if (norm == "upper_case")
    upper_case(text);
  else if (norm == "lower_case")
    lower_case(text);
  else if (norm == "legacy_default")
    legacy_default(text);
  else if (norm == "ISBN")
    isbn(text);
}

}  // namespace connexion::norms
