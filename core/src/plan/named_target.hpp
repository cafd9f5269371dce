// SPDX-License-Identifier: GPL-3.0-or-later
//
// The record that a cataloguer names in a local field of the record itself, as "999 $c 34".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "connexion/plan.hpp"
#include "plan/data.hpp"

namespace connexion {

struct NamedTarget {
  std::string value;               ///< as written; several values joined by " | "
  std::optional<std::int64_t> id;  ///< where it is one record number
};

/// Nothing where the rules set no such field or the record doesn't have it.
[[nodiscard]] std::optional<NamedTarget> find_named_target(const Record& incoming,
                                                           const Rules::Data& rules);
/// Why the record named can't simply be taken; nothing where it can: it shares an identifier or the
/// title with the incoming one. A number may come from somebody else's Koha.
[[nodiscard]] std::optional<Reason> doubt_about(const NamedTarget& target, const Record& incoming,
                                                const Facts::Data& facts);

}  // namespace connexion
