// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where records begin and end in a stream of bytes, damaged ones included.
//
// A boundary is where a record terminator is followed by a leader, line ends and the like between
// them allowed. No record that can be read crosses one, so a stream may be cut at any boundary and
// the parts read one by one, in any order, with the same result.
#pragma once

#include <cstddef>
#include <string_view>

#include "connexion/marc.hpp"

namespace connexion::tool {

/// More bytes than this without a boundary are taken for garbage and cut.
inline constexpr std::size_t kLongestUnit = std::size_t{8} << 20U;

struct Unit {
  ReadResult result;       // its diagnostics count from the unit's start
  std::size_t length = 0;  // bytes that it took, never 0
};

/// Reads the record or the unreadable stretch at the start of `bytes`, which end at a boundary or
/// hold more than kLongestUnit.
[[nodiscard]] Unit read_unit(std::string_view bytes, const ReadOptions& options);

/// Bytes at the start of `bytes` that belong to no record: blanks, line ends, NULs, record
/// terminators that end nothing, the Ctrl-Z that some systems end files with.
[[nodiscard]] std::size_t blank_run(std::string_view bytes) noexcept;

/// The last boundary in `bytes`, 0 if there is none. None was found in the first `searched` of
/// them.
[[nodiscard]] std::size_t last_boundary(std::string_view bytes, std::size_t searched) noexcept;

}  // namespace connexion::tool
