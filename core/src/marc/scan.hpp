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
  std::array<std::uint32_t, kMost + 128> at;  // offsets of the bytes below 20, in order
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
// In few instructions without the processor's own popcount, which not all x86-64 have.
inline std::size_t count_bits(std::uint64_t x) noexcept {
  x -= x >> 1U & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + (x >> 2U & 0x3333333333333333U);
  x = (x + (x >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
  return x * 0x0101010101010101U >> 56U;
}

// Writes the positions of the set bits: eight at a time, whether there are so many or not, which
// costs less than asking after each.
inline std::size_t put_positions(std::uint64_t mask, std::size_t from, std::uint32_t* to) noexcept {
  constexpr std::uint64_t top = std::uint64_t{1} << 63U;  // so that there is a bit to be found
  const std::size_t total = count_bits(mask);
  const auto base = static_cast<std::uint32_t>(from);
  for (std::size_t done = 0; done < total; done += 8)
    for (std::size_t i = 0; i < 8; ++i) {
      to[done + i] = base + static_cast<std::uint32_t>(std::countr_zero(mask | top));
      mask &= mask - 1;
    }
  return total;
}

inline void scan(std::string_view data, Scan& scan) noexcept {
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i delete_byte = _mm_set1_epi8(0x7F);
  __m128i highs = _mm_setzero_si128();
  __m128i dels = _mm_setzero_si128();
  const char* const bytes = data.data();
  const std::size_t size = data.size();
  // Compared as signed numbers, bytes >= 80 are below 20 too; taking away their sign bits leaves
  // the control characters.
  const auto controls = [&](std::size_t at) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    highs = _mm_or_si128(highs, block);
    dels = _mm_or_si128(dels, _mm_cmpeq_epi8(block, delete_byte));
    return static_cast<std::uint64_t>(static_cast<unsigned>(
        _mm_movemask_epi8(_mm_andnot_si128(block, _mm_cmplt_epi8(block, space)))));
  };
  std::size_t count = 0;
  std::size_t i = 0;
  for (; i + 64 <= size && count <= Scan::kMost; i += 64) {
    const std::uint64_t mask =
        controls(i) | controls(i + 16) << 16 | controls(i + 32) << 32 | controls(i + 48) << 48;
    count += put_positions(mask, i, scan.at.data() + count);
  }
  scan.count = count;
  scan.complete = count <= Scan::kMost;
  scan.high = _mm_movemask_epi8(highs) != 0;
  scan.del = _mm_movemask_epi8(dels) != 0;
  if (scan.complete) scan_bytes(data, i, scan);
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
