// SPDX-License-Identifier: GPL-3.0-or-later
//
// Blocks of 64 bytes become a number of 64 bits, one for each control character, and the numbers
// become positions. The wide ways do the same as the plain one with fewer instructions; which of
// them may be used is known only when the program runs.
#include "marc/scan.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define CONNEXION_WIDE_SCAN 1
// g++ 12 takes what its own header leaves undefined on purpose for a fault (GCC bug 105593); it
// says so where the header's functions are put into ours.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace connexion::detail {
namespace {

void scan_rest(std::string_view data, std::size_t from, Scan& scan) noexcept {
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

void scan_plain(std::string_view data, Scan& scan) noexcept {
  scan.count = 0;
  scan.high = scan.del = false;
  scan.complete = true;
  scan_rest(data, 0, scan);
}

#if defined(CONNEXION_WIDE_SCAN)

// Positions of the set bits are written eight at a time, whether there are so many or not: that
// costs less than asking after each.
constexpr std::size_t kAtOnce = 8;
constexpr std::size_t kBlock = 64;

// The last block may begin before the end of the one before it: the bits that were counted are
// shifted out. Data shorter than a block are left to the plain way.
struct Blocks {
  std::size_t whole;
  std::size_t rest;
  explicit Blocks(std::size_t size) noexcept : whole(size / kBlock), rest(size % kBlock) {}
};

struct Marks {
  __m128i highs = _mm_setzero_si128();
  __m128i dels = _mm_setzero_si128();
};

// Compared as signed numbers, bytes >= 80 are below 20 too; taking away their sign bits leaves the
// control characters.
inline std::uint64_t controls_of_16(const char* from, Marks& marks) noexcept {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  marks.highs = _mm_or_si128(marks.highs, block);
  marks.dels = _mm_or_si128(marks.dels, _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7F)));
  return static_cast<std::uint64_t>(static_cast<unsigned>(
      _mm_movemask_epi8(_mm_andnot_si128(block, _mm_cmplt_epi8(block, _mm_set1_epi8(0x20))))));
}

inline std::uint64_t controls_of_64(const char* from, Marks& marks) noexcept {
  return controls_of_16(from, marks) | controls_of_16(from + 16, marks) << 16U |
         controls_of_16(from + 32, marks) << 32U | controls_of_16(from + 48, marks) << 48U;
}

// In few instructions without the processor's own, which not all x86-64 have.
inline std::size_t count_bits(std::uint64_t x) noexcept {
  x -= x >> 1U & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + (x >> 2U & 0x3333333333333333U);
  x = (x + (x >> 4U)) & 0x0F0F0F0F0F0F0F0FU;
  return x * 0x0101010101010101U >> 56U;
}

inline std::size_t put_positions(std::uint64_t mask, std::size_t from, std::uint32_t* to) noexcept {
  constexpr std::uint64_t top = std::uint64_t{1} << 63U;  // so that there is a bit to be found
  const std::size_t total = count_bits(mask);
  const auto base = static_cast<std::uint32_t>(from);
  std::size_t done = 0;
  do {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      to[done + i] = base + static_cast<std::uint32_t>(__builtin_ctzll(mask | top));
      mask &= mask - 1;
    }
    done += kAtOnce;
  } while (done < total);
  return total;
}

void scan_sse2(std::string_view data, Scan& scan) noexcept {
  if (data.size() < kBlock) return scan_plain(data, scan);
  const Blocks blocks(data.size());
  const char* const bytes = data.data();
  Marks marks;
  std::size_t count = 0;
  std::size_t i = 0;
  for (; i < blocks.whole * kBlock && count <= Scan::kMost; i += kBlock)
    count += put_positions(controls_of_64(bytes + i, marks), i, scan.at.data() + count);
  if (blocks.rest != 0 && count <= Scan::kMost) {
    const std::uint64_t mask = controls_of_64(bytes + data.size() - kBlock, marks);
    count += put_positions(mask >> (kBlock - blocks.rest), i, scan.at.data() + count);
  }
  scan.count = count;
  scan.complete = count <= Scan::kMost;
  scan.high = _mm_movemask_epi8(marks.highs) != 0;
  scan.del = _mm_movemask_epi8(marks.dels) != 0;
}

// Functions must be told one by one that they may use what not all processors have.
#define CONNEXION_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt"), always_inline))

struct WideMarks {
  __m256i highs;
  __m256i dels;
};

CONNEXION_AVX2 inline std::uint64_t controls_of_32(const char* from, WideMarks& marks) noexcept {
  const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  marks.highs = _mm256_or_si256(marks.highs, block);
  marks.dels = _mm256_or_si256(marks.dels, _mm256_cmpeq_epi8(block, _mm256_set1_epi8(0x7F)));
  return static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(
      _mm256_andnot_si256(block, _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), block)))));
}

CONNEXION_AVX2 inline std::uint64_t wide_controls_of_64(const char* from,
                                                        WideMarks& marks) noexcept {
  return controls_of_32(from, marks) | controls_of_32(from + 32, marks) << 32U;
}

CONNEXION_AVX2 inline std::size_t put_positions_avx2(std::uint64_t mask, std::size_t from,
                                                     std::uint32_t* to) noexcept {
  const auto total = static_cast<std::size_t>(_mm_popcnt_u64(mask));
  const auto base = static_cast<std::uint32_t>(from);
  std::size_t done = 0;
  do {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      to[done + i] = base + static_cast<std::uint32_t>(_tzcnt_u64(mask));
      mask = _blsr_u64(mask);
    }
    done += kAtOnce;
  } while (done < total);
  return total;
}

__attribute__((target("avx2,bmi,bmi2,popcnt"))) void scan_avx2(std::string_view data,
                                                               Scan& scan) noexcept {
  if (data.size() < kBlock) return scan_plain(data, scan);
  const Blocks blocks(data.size());
  const char* const bytes = data.data();
  WideMarks marks{_mm256_setzero_si256(), _mm256_setzero_si256()};
  std::size_t count = 0;
  std::size_t i = 0;
  for (; i < blocks.whole * kBlock && count <= Scan::kMost; i += kBlock)
    count += put_positions_avx2(wide_controls_of_64(bytes + i, marks), i, scan.at.data() + count);
  if (blocks.rest != 0 && count <= Scan::kMost) {
    const std::uint64_t mask = wide_controls_of_64(bytes + data.size() - kBlock, marks);
    count += put_positions_avx2(mask >> (kBlock - blocks.rest), i, scan.at.data() + count);
  }
  scan.count = count;
  scan.complete = count <= Scan::kMost;
  scan.high = _mm256_movemask_epi8(marks.highs) != 0;
  scan.del = _mm256_movemask_epi8(marks.dels) != 0;
}

// Sixteen positions at once: the numbers of the bits that are set, moved together.
__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi2,popcnt"),
               always_inline)) inline std::size_t
put_positions_avx512(__mmask64 mask, std::size_t from, __m512i numbers,
                     std::uint32_t* to) noexcept {
  const auto total = static_cast<std::size_t>(_mm_popcnt_u64(mask));
  const __m512i base = _mm512_set1_epi32(static_cast<int>(from));
  __m512i found = _mm512_maskz_compress_epi8(mask, numbers);
  std::size_t done = 0;
  while (true) {
    const __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found));
    _mm512_storeu_si512(to + done, _mm512_add_epi32(wide, base));
    done += 16;
    if (done >= total) return total;
    found = _mm512_alignr_epi64(found, found, 2);
  }
}

__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi2,popcnt"))) void scan_avx512(
    std::string_view data, Scan& scan) noexcept {
  const __m512i numbers = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
      40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
      17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i space = _mm512_set1_epi8(0x20);
  const __m512i del = _mm512_set1_epi8(0x7F);
  __m512i highs = _mm512_setzero_si512();
  __mmask64 dels = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < data.size() && count <= Scan::kMost; i += kBlock) {
    // What is not loaded reads as a space.
    const std::size_t rest = data.size() - i;
    const __mmask64 loaded = rest < kBlock ? (std::uint64_t{1} << rest) - 1 : ~std::uint64_t{0};
    const __m512i block = _mm512_mask_loadu_epi8(space, loaded, data.data() + i);
    highs = _mm512_or_si512(highs, block);
    dels |= _mm512_cmpeq_epi8_mask(block, del);
    count += put_positions_avx512(_mm512_cmplt_epu8_mask(block, space), i, numbers,
                                  scan.at.data() + count);
  }
  scan.count = count;
  scan.complete = count <= Scan::kMost;
  scan.high = _mm512_movepi8_mask(highs) != 0;
  scan.del = dels != 0;
}

bool has_avx512() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0 &&
         __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0;
}

bool has_avx2() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0;
}

const bool kAvx2 = has_avx2();
const bool kAvx512 = has_avx512();

#endif

}  // namespace

#if defined(CONNEXION_WIDE_SCAN)

void scan(std::string_view data, Scan& scan) noexcept {
  if (kAvx512)
    scan_avx512(data, scan);
  else if (kAvx2)
    scan_avx2(data, scan);
  else
    scan_sse2(data, scan);
}

ScanWays scan_ways() noexcept {
  return {{{{"plain", scan_plain, true},
            {"sse2", scan_sse2, true},
            {"avx2", scan_avx2, kAvx2},
            {"avx512", scan_avx512, kAvx512}}},
          4};
}

#else

void scan(std::string_view data, Scan& scan) noexcept {
  scan_plain(data, scan);
}

ScanWays scan_ways() noexcept {
  return {{{{"plain", scan_plain, true}, {}, {}, {}}}, 1};
}

#endif

}  // namespace connexion::detail
