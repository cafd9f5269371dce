// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/decide.hpp"

#include <algorithm>

namespace connexion {
namespace {

std::string_view name_of(RecordType type) {
  switch (type) {
    case RecordType::biblio:
      return "biblio";
    case RecordType::authority:
      return "authority";
    case RecordType::holdings:
      return "holdings";
    case RecordType::community:
      return "community";
    case RecordType::classification:
      return "classification";
    case RecordType::unknown:
      break;
  }
  return "unknown";
}

void stop(Decision& decision, PlanOutcome outcome, std::string_view code) {
  decision.outcome = outcome;
  decision.reasons.push_back({std::string(code), {}, {}});
}

// Refuses what the rules are not for.
bool is_other_type(Decision& decision, const Record& incoming, const Rules::Data& rules) {
  const auto type = incoming.type();
  if (type == rules.record_type) return false;
  const bool importable = type == RecordType::biblio || type == RecordType::authority;
  stop(decision, PlanOutcome::refuse,
       importable ? "wrong_record_type" : std::string(name_of(type)) + "_record");
  decision.reasons.back().texts = {{"record_type", std::string(name_of(type))}};
  return true;
}

void decide_unmatched(Decision& decision, const Rules::Data& rules) {
  if (rules.matching && decision.keys.empty()) {
    decision.reasons.push_back({"no_match_keys", {}, {}});
    if (rules.no_match_keys == NoKeys::hold) {
      decision.outcome = PlanOutcome::hold;
      return;
    }
    if (rules.no_match_keys == NoKeys::refuse) {
      decision.outcome = PlanOutcome::refuse;
      return;
    }
  }
  stop(decision,
       rules.on_no_match == OnNoMatch::create_new ? PlanOutcome::add : PlanOutcome::ignore,
       "no_match");
}

void decide_matched(Decision& decision, const Rules::Data& rules) {
  decision.reasons.push_back({"matched", {}, {}});
  switch (rules.on_match) {
    case OnMatch::replace:
      decision.outcome = PlanOutcome::overlay;
      break;
    case OnMatch::create_new:
      decision.outcome = PlanOutcome::add;
      decision.target.reset();
      break;
    case OnMatch::ignore:
      decision.outcome = PlanOutcome::ignore;
      break;
  }
}

// Staging is itself a review, so several matches are staged with all of them listed; the first is
// the one that Koha would overlay.
bool settle_several(Decision& decision, const Rules::Data& rules) {
  auto& candidates = decision.candidates;
  if (candidates.empty() || candidates.front().verdict != Verdict::equal) return true;
  decision.reasons.push_back({"several_matches", {}, {}});
  if (rules.several_matches == Several::refuse) {
    decision.outcome = PlanOutcome::refuse;
    return false;
  }
  if (rules.several_matches == Several::hold && rules.mode == Mode::direct) {
    decision.outcome = PlanOutcome::hold;
    return false;
  }
  candidates.front().verdict = Verdict::chosen;
  return true;
}

void hold_for_items(Decision& decision, const Rules::Data& rules) {
  if (rules.item_conflict != ItemConflict::whole_export || rules.mode == Mode::stage) return;
  const bool held = std::any_of(decision.items.begin(), decision.items.end(),
                                [](const auto& item) { return item.action == ItemDecision::hold; });
  if (held) stop(decision, PlanOutcome::hold, "item_conflict");
}

// A record that is left out and matched nothing has nowhere to put its items.
void leave_out(std::vector<ItemPlan>& items) {
  for (auto& item : items) {
    item.action = ItemDecision::ignore;
    item.reason = {"record_ignored", {}, {}};
  }
}

}  // namespace

Decision decide(const Record& incoming, const Facts::Data& facts, const Rules::Data& rules) {
  Decision decision;
  if (is_other_type(decision, incoming, rules)) return decision;
  if (rules.matching) {
    decision.keys = match_keys(incoming, *rules.matching);
    decision.candidates = judge_candidates(incoming, facts, *rules.matching);
  }
  if (!settle_several(decision, rules)) return decision;

  const bool matched =
      !decision.candidates.empty() && decision.candidates.front().verdict == Verdict::chosen;
  if (matched) {
    decision.target = decision.candidates.front().id;
    decide_matched(decision, rules);
  } else {
    decide_unmatched(decision, rules);
    if (decision.outcome == PlanOutcome::hold || decision.outcome == PlanOutcome::refuse)
      return decision;
  }
  if (rules.record_type == RecordType::biblio) {
    decision.items = decide_items(incoming, facts, rules, matched, decision.target);
    if (!decision.target && decision.outcome == PlanOutcome::ignore)
      leave_out(decision.items);
    else
      hold_for_items(decision, rules);
  }
  return decision;
}

}  // namespace connexion
