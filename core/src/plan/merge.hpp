// SPDX-License-Identifier: GPL-3.0-or-later
//
// What an overlaid record consists of: the incoming record's fields and the local fields that the
// library keeps.
#pragma once

#include <vector>

#include "connexion/plan.hpp"
#include "plan/data.hpp"

namespace connexion {

/// One field of either record; a view into it.
struct MergedField {
  FieldAction action;
  Field field;
  const LocalField* line = nullptr;  ///< what decided; none: the incoming record replaces
};

/// All fields but items and Koha's own numbers, in the order of docs/plan-format.md.
[[nodiscard]] std::vector<MergedField> merge(const Record& incoming, const Record& existing,
                                             const Rules::Data& rules);

}  // namespace connexion
