// SPDX-License-Identifier: GPL-3.0-or-later
//
// UTF-8 by hand where ICU would be too slow or would repair what must be refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace connexion::utf8 {

/// Length of the well-formed sequence at `at`, 0 if there is none. One byte for ASCII.
[[nodiscard]] inline std::size_t sequence(std::string_view s, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < s.size() ? static_cast<unsigned char>(s[at + i]) : 0U;
  };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return follows(1) ? 2 : 0;
  if (lead < 0xF0) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead > 0xF4) return 0;
  const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
  return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
}

/// Code point of the well-formed sequence of `length` bytes at `at`.
[[nodiscard]] inline char32_t decode(std::string_view s, std::size_t at,
                                     std::size_t length) noexcept {
  const auto byte = [&](std::size_t i) -> char32_t {
    return static_cast<unsigned char>(s[at + i]);
  };
  switch (length) {
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    case 4:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
    default:
      return byte(0);
  }
}

/// Appends a code point, which must be a Unicode scalar value.
inline void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

enum class Check {
  sound,
  doubtful,  ///< valid, but with C1 controls, U+FFFD or noncharacters at the end of the BMP
  invalid
};
[[nodiscard]] Check check(std::string_view s) noexcept;

/// Whether valid text has no other characters beyond ASCII than those that are in normalization
/// form C whatever stands beside them. False says nothing.
[[nodiscard]] bool is_plainly_nfc(std::string_view s) noexcept;

/// Where the first byte >= 0x80 stands at or after `at`; size() if there is none.
[[nodiscard]] std::size_t first_non_ascii(std::string_view s, std::size_t at = 0) noexcept;

}  // namespace connexion::utf8
