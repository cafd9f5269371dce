// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/double_encoding.hpp"

#include <array>
#include <cstdint>
#include <string>

#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// What Windows-1252 has where Latin-1 has control characters, from 80 on; 0 where it has none.
constexpr std::array<char16_t, 32> kWindows{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// The byte that a character stands for in Latin-1 or Windows-1252; above FF where it stands for
// none.
char32_t byte_of(char32_t c) noexcept {
  if (c <= 0xFF) return c;
  for (std::size_t i = 0; i < kWindows.size(); ++i)
    if (kWindows[i] == c) return static_cast<char32_t>(0x80 + i);
  return c;
}

// Empty where the value holds anything else.
std::string as_bytes(std::string_view value) {
  std::string bytes;
  for (std::size_t at = 0, length = 0; at < value.size(); at += length) {
    length = utf8::sequence(value, at);
    const char32_t byte = length == 0 ? 0x100 : byte_of(utf8::decode(value, at, length));
    if (byte > 0xFF) return {};
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

// Whether the bytes are UTF-8 that somebody has written. One sequence of two bytes may be chance,
// "É»" at the end of a title in capitals, unless it is a letter or sign of Latin-1.
bool is_written(std::string_view bytes) noexcept {
  if (utf8::check(bytes) != utf8::Check::sound) return false;
  std::size_t sequences = 0;
  bool certain = false;
  for (std::size_t at = utf8::first_non_ascii(bytes); at < bytes.size();
       at = utf8::first_non_ascii(bytes, at)) {
    const std::size_t length = utf8::sequence(bytes, at);
    ++sequences;
    certain |= length > 2 || static_cast<unsigned char>(bytes[at]) <= 0xC3;
    at += length;
  }
  return certain || sequences > 1;
}

// The bytes that a byte of 80 to BF begins with when it is encoded as a character.
bool begins_second(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xC2 || byte == 0xC5 || byte == 0xC6 || byte == 0xCB || byte == 0xE2;
}

// The first byte of a sequence, C2 to F4, is encoded as C3 and this.
bool is_lead(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x82 && byte <= 0xB4;
}

std::size_t find_pair(std::string_view text) noexcept {
  for (std::size_t at = text.find('\xC3'); at != kNone && at + 2 < text.size();
       at = text.find('\xC3', at + 1))
    if (is_lead(text[at + 1]) && begins_second(text[at + 2])) return at;
  return kNone;
}

}  // namespace

bool may_be_double_encoded(std::string_view text) noexcept {
  return find_pair(text) != kNone;
}

std::size_t find_double_encoding(std::string_view value) {
  const std::size_t at = find_pair(value);
  return at != kNone && is_written(as_bytes(value)) ? at : kNone;
}

}  // namespace connexion::detail
