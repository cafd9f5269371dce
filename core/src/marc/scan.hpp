// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one pass over a record's data: where its control characters stand, and whether it has bytes
// of 80 and above.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace connexion::detail {

struct Scan {
  static constexpr std::size_t kMost = 4096;
  std::array<std::uint32_t, kMost + 64> at;  // offsets of the bytes below 20, in order
  std::size_t count;
  bool high;      // there are bytes >= 80
  bool del;       // there are bytes 7F
  bool complete;  // false: more control characters than this holds
};

inline void scan_bytes(std::string_view data, std::size_t from, Scan& scan) noexcept {
  for (std::size_t i = from; i < data.size(); ++i) {
    const auto byte = static_cast<unsigned char>(data[i]);
    if (byte >= 0x20 && byte < 0x7F) continue;
    if (byte >= 0x80) {
      scan.high = true;
    } else if (byte == 0x7F) {
      scan.del = true;
    } else if (scan.count < Scan::kMost) {
      scan.at[scan.count++] = static_cast<std::uint32_t>(i);
    } else {
      scan.complete = false;
      return;
    }
  }
}

#if defined(__SSE2__)
inline void scan(std::string_view data, Scan& scan) noexcept {
  scan.count = 0;
  scan.high = scan.del = false;
  scan.complete = true;
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i delete_byte = _mm_set1_epi8(0x7F);
  __m128i highs = _mm_setzero_si128();
  __m128i dels = _mm_setzero_si128();
  std::size_t i = 0;
  const auto load = [&](std::size_t at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data.data() + at));
  };
  // Compared as signed numbers, bytes >= 80 are below 20 too; taking away their sign bits leaves
  // the control characters.
  const auto controls = [&](const __m128i block) {
    highs = _mm_or_si128(highs, block);
    dels = _mm_or_si128(dels, _mm_cmpeq_epi8(block, delete_byte));
    return static_cast<std::uint64_t>(static_cast<unsigned>(
        _mm_movemask_epi8(_mm_andnot_si128(block, _mm_cmplt_epi8(block, space)))));
  };
  for (; i + 64 <= data.size(); i += 64) {
    std::uint64_t mask = controls(load(i)) | controls(load(i + 16)) << 16 |
                         controls(load(i + 32)) << 32 | controls(load(i + 48)) << 48;
    if (scan.count > Scan::kMost) {
      scan.complete = false;
      return;
    }
    for (; mask != 0; mask &= mask - 1)
      scan.at[scan.count++] =
          static_cast<std::uint32_t>(i + static_cast<unsigned>(std::countr_zero(mask)));
  }
  scan.high = _mm_movemask_epi8(highs) != 0;
  scan.del = _mm_movemask_epi8(dels) != 0;
  scan_bytes(data, i, scan);
}
#else
inline void scan(std::string_view data, Scan& scan) noexcept {
  scan.count = 0;
  scan.high = scan.del = false;
  scan.complete = true;
  scan_bytes(data, 0, scan);
}
#endif

}  // namespace connexion::detail
