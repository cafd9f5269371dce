// SPDX-License-Identifier: GPL-3.0-or-later
//
// The parts of a decision.
#pragma once

#include <vector>

#include "plan/data.hpp"

namespace connexion {

/// Scores, verifies and sorts the candidates, best first. Exactly one is chosen, or several are
/// equal, or none is either.
[[nodiscard]] std::vector<Candidate> judge_candidates(const Record& incoming,
                                                      const Facts::Data& facts,
                                                      const MatchingRule& rule);

}  // namespace connexion
