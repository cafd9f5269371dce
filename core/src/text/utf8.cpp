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

}  // namespace utf8

bool is_valid_utf8(std::string_view bytes) noexcept {
  return utf8::check(bytes) != utf8::Check::invalid;
}

}  // namespace connexion
