// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one pass over a record's data: where its control characters stand, and whether it has bytes
// of 80 and above.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connexion::detail {

struct Scan {
  static constexpr std::size_t kMost = 4096;
  std::array<std::uint32_t, kMost + 128> at;  // offsets of the bytes below 20, in order
  std::size_t count;
  bool high;      // there are bytes >= 80
  bool del;       // there are bytes 7F
  bool complete;  // false: more control characters than this holds
};

/// By the widest registers that the processor has.
void scan(std::string_view data, Scan& scan) noexcept;

/// The ways there are on this kind of machine, the plainest first. For tests; `usable` says whether
/// this processor has what it takes.
struct ScanWay {
  const char* name;
  void (*run)(std::string_view data, Scan& scan) noexcept;
  bool usable;
};
struct ScanWays {
  std::array<ScanWay, 4> ways;
  std::size_t count;
};
[[nodiscard]] ScanWays scan_ways() noexcept;

}  // namespace connexion::detail
