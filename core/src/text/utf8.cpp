// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/utf8.hpp"

#include <cstring>

#include "connexion/text.hpp"

namespace connexion {
namespace utf8 {

std::size_t first_non_ascii(std::string_view s, std::size_t at) noexcept {
  constexpr std::uint64_t high = 0x8080808080808080U;
  for (; at + 8 <= s.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, s.data() + at, 8);
    if ((word & high) != 0) break;
  }
  while (at < s.size() && static_cast<unsigned char>(s[at]) < 0x80) ++at;
  return at;
}

Check check(std::string_view s) noexcept {
  bool doubtful = false;
  for (std::size_t at = first_non_ascii(s); at < s.size();) {
    const std::size_t length = sequence(s, at);
    if (length == 0) return Check::invalid;
    const auto lead = static_cast<unsigned char>(s[at]);
    const auto next = static_cast<unsigned char>(s[at + 1]);
    doubtful |= (lead == 0xC2 && next < 0xA0) ||
                (lead == 0xEF && next == 0xBF && static_cast<unsigned char>(s[at + 2]) >= 0xBD);
    at += length;
    if (at < s.size() && static_cast<unsigned char>(s[at]) < 0x80) at = first_non_ascii(s, at);
  }
  return doubtful ? Check::doubtful : Check::sound;
}

namespace {

// In these every character may stand in form C, none composes with one before it and none is a mark
// that could be out of order. That they are so is tested against ICU.
constexpr struct {
  char32_t first, last;
} kPlain[] = {
    {0x80, 0x2FF},   // Latin
    {0x370, 0x373},  // Greek, without the characters that are others' equals
    {0x375, 0x37D},   {0x384, 0x386},   {0x388, 0x3FF}, {0x400, 0x482},  // Cyrillic
    {0x48A, 0x52F},   {0x5D0, 0x5EA},                                    // Hebrew
    {0x620, 0x64A},                                                      // Arabic
    {0x1E00, 0x1E9F},                                                    // Latin with marks
    {0x1EA0, 0x1EFF}, {0x2010, 0x2027},                                  // punctuation
    {0x2030, 0x205E}, {0x2070, 0x209C},                                  // raised and lowered
    {0x20A0, 0x20C0},                                                    // currencies
    {0x3001, 0x3029},                                                    // East Asian punctuation
    {0x3041, 0x3096},                                                    // kana
    {0x30A0, 0x30FF}, {0x3400, 0x4DBF},                                  // ideographs
    {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3},                                  // Hangul
};

bool is_plain(char32_t c) noexcept {
  for (const auto& range : kPlain)
    if (c <= range.last) return c >= range.first;
  return false;
}

}  // namespace

bool is_plainly_nfc(std::string_view s) noexcept {
  for (std::size_t at = first_non_ascii(s); at < s.size(); at = first_non_ascii(s, at)) {
    const std::size_t length = sequence(s, at);
    if (length == 0 || !is_plain(decode(s, at, length))) return false;
    at += length;
  }
  return true;
}

}  // namespace utf8

bool is_valid_utf8(std::string_view bytes) noexcept {
  return utf8::check(bytes) != utf8::Check::invalid;
}

}  // namespace connexion
