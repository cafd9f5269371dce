// SPDX-License-Identifier: GPL-3.0-or-later
//
// What speaks against overlaying a record: the incoming one is briefer, older, of another kind or
// in another language of cataloguing, or the record was edited in Koha.
#pragma once

#include <cstdint>
#include <vector>

#include "connexion/plan.hpp"
#include "plan/data.hpp"

namespace connexion {

/// Those of the guards that are on and strike, in the order of the documentation.
[[nodiscard]] std::vector<Reason> striking_guards(const Record& incoming, std::int64_t target,
                                                  const Facts::Data& facts,
                                                  const Rules::Data& rules);

}  // namespace connexion
