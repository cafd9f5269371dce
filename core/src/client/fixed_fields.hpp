// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which values MARC 21 defines for the leader and 008, by the kind of record; OCLC's own encoding
// levels count as defined. Positions that MARC 21 leaves undefined are not looked at: old records
// hold what once stood there.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion::client {

inline constexpr std::size_t kSizeOf008 = 40;

/// Positions of the leader that hold another value.
[[nodiscard]] std::vector<std::size_t> bad_leader_positions(std::string_view leader,
                                                            RecordType type);
/// The same of 008, which is 40 bytes long. Of codes that take several positions the first.
[[nodiscard]] std::vector<std::size_t> bad_008_positions(std::string_view data,
                                                         std::string_view leader, RecordType type);

}  // namespace connexion::client
