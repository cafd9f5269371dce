// SPDX-License-Identifier: GPL-3.0-or-later
//
// The decision itself, without a document around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/data.hpp"

namespace connexion {

enum class PlanOutcome { add, overlay, ignore, hold, refuse };
enum class Verdict {
  chosen,
  equal,
  lower_score,
  below_threshold,
  failed_required_check,
  not_verified,
  gone
};
enum class ItemDecision { add, replace, ignore, hold };

/// A code and what it is about, both for the reply, the pages and the log.
struct Reason {
  std::string code;
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::pair<std::string, std::int64_t>> numbers;
};

struct JudgedCandidate {
  std::int64_t id = 0;
  int score = 0;
  Verdict verdict = Verdict::lower_score;
  std::vector<std::pair<std::size_t, HitSource>> found_by;  ///< those that counted
};

struct ItemPlan {
  int occurrence = 0;  ///< 1 for the first item field of the record
  ItemDecision action = ItemDecision::ignore;
  Reason reason;
  std::string barcode;
  std::optional<std::int64_t> itemnumber;  ///< the item that is replaced
};

struct Decision {
  PlanOutcome outcome = PlanOutcome::ignore;
  std::vector<Reason> reasons;
  std::optional<std::int64_t> target;
  std::vector<MatchKeys> keys;
  std::vector<JudgedCandidate> candidates;  ///< best first
  std::vector<ItemPlan> items;
};

[[nodiscard]] Decision decide(const Record& incoming, const Facts::Data& facts,
                              const Rules::Data& rules);

/// Best first. Exactly one is chosen, or several are equal, or none is either.
[[nodiscard]] std::vector<JudgedCandidate> judge_candidates(const Record& incoming,
                                                            const Facts::Data& facts,
                                                            const MatchingRule& rule);

/// Items for a record that matched (`matched`) and whose items will belong to `target` (absent for
/// a new record).
[[nodiscard]] std::vector<ItemPlan> decide_items(const Record& incoming, const Facts::Data& facts,
                                                 const Rules::Data& rules, bool matched,
                                                 std::optional<std::int64_t> target);

}  // namespace connexion
