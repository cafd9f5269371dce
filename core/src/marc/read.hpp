// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two ways of reading ISO 2709: read_sound for records without flaw, read_repairing for all
// the others. Both give the same Record for a sound one.
#pragma once

#include <memory>
#include <string_view>

#include "connexion/marc.hpp"

namespace connexion::detail {

/// The record that `bytes` are, no byte more or less; null if there is any doubt about it.
/// `ascii_only` makes bytes of 80 and above a doubt. `high` tells whether it has such bytes.
[[nodiscard]] std::shared_ptr<const RecordData> read_sound(std::string_view bytes, bool ascii_only,
                                                           bool& high);

[[nodiscard]] ReadResult read_repairing(std::string_view bytes, const ReadOptions& options);

}  // namespace connexion::detail
