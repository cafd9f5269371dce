// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two ways of reading ISO 2709: read_sound for records without flaw, read_repairing for all
// the others. Both give the same Record for a sound one.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "connexion/marc.hpp"

namespace connexion::detail {

/// A record whose structure has no flaw, the characters in it and in the leader not yet looked at.
struct Sound {
  std::shared_ptr<const RecordData> data;  // null if there is any doubt; its text as in the bytes
  std::size_t base = 0;                    // where that text begins in the bytes
  bool high = false;                       // it has bytes of 80 and above
};
/// `bytes` must be the record, no byte more or less.
[[nodiscard]] Sound read_sound(std::string_view bytes);

/// As read_iso2709, where `bytes` are exactly one record whose structure has no flaw; nothing
/// otherwise.
[[nodiscard]] std::optional<ReadResult> read_exact(std::string_view bytes,
                                                   const ReadOptions& options);

[[nodiscard]] ReadResult read_repairing(std::string_view bytes, const ReadOptions& options);

}  // namespace connexion::detail
