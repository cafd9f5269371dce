// SPDX-License-Identifier: GPL-3.0-or-later
//
// What speaks against overlaying a record: the incoming one is briefer, older, of another kind, in
// another language of cataloguing or of another work, or the record was edited in Koha.
#pragma once

#include <cstdint>
#include <vector>

#include "connexion/plan.hpp"
#include "plan/data.hpp"

namespace connexion {

/// Those of the guards that are on and strike, in the order of the documentation. Whether it is the
/// same work is not asked where a person has `named` the record.
[[nodiscard]] std::vector<Reason> striking_guards(const Record& incoming, std::int64_t target,
                                                  const Facts::Data& facts,
                                                  const Rules::Data& rules, bool named);

}  // namespace connexion
