// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/decide.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "connexion/error.hpp"
#include "connexion/plan.hpp"
#include "plan/data.hpp"
#include "plan/guards.hpp"
#include "plan/items.hpp"
#include "plan/named_target.hpp"

namespace connexion {
namespace {

std::optional<Reason> wrong_type(const Record& incoming, const Rules::Data& rules) {
  const auto type = incoming.type();
  if (type == rules.record_type) return std::nullopt;
  switch (type) {
    case RecordType::biblio:
      return Reason{"wrong_record_type", {{"record_type", "biblio"}}};
    case RecordType::authority:
      return Reason{"wrong_record_type", {{"record_type", "authority"}}};
    case RecordType::holdings:
      return Reason{"holdings_record", {}};
    case RecordType::community:
      return Reason{"community_record", {}};
    case RecordType::classification:
      return Reason{"classification_record", {}};
    case RecordType::unknown:
      break;
  }
  return Reason{"unknown_record_type", {}};
}

// How many candidates share the best score, of those that nothing rules out.
std::size_t best_count(const std::vector<Candidate>& candidates) {
  return static_cast<std::size_t>(
      std::count_if(candidates.begin(), candidates.end(), [](const Candidate& c) {
        return c.verdict == Verdict::chosen || c.verdict == Verdict::equal;
      }));
}

// Whether a candidate shares something with the record, if not enough. One that was found by a key
// that is no number ("hbk.") doesn't.
bool was_found(const std::vector<Candidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) {
    return c.verdict != Verdict::not_verified && c.verdict != Verdict::gone;
  });
}

// No number is the same in both as it is written.
bool by_misprint_alone(const Candidate& candidate) {
  return std::none_of(candidate.found_by.begin(), candidate.found_by.end(),
                      [](const FoundBy& f) { return f.counts && !f.misprint; });
}

// Makes one Decision, step by step.
class Decider {
 public:
  Decider(const Record& incoming, const Facts::Data& facts, const Rules::Data& rules)
      : incoming_(incoming), facts_(facts), rules_(rules), items_(items::read(incoming, rules)) {}

  Decision decide() {
    if (auto reason = wrong_type(incoming_, rules_))
      return not_taken(RecordAction::refuse, *reason);
    if (rules_.matching)
      decision_.candidates = judge_candidates(incoming_, facts_, *rules_.matching);
    if (facts_.decided) return decided(*facts_.decided);
    if (const auto target = find_named_target(incoming_, rules_)) {
      auto doubt = doubt_about(*target, incoming_, facts_);
      if (!doubt) return named(*target->id);
      if (may_hold()) return not_taken(RecordAction::hold, std::move(*doubt));
      decision_.reasons.push_back(std::move(*doubt));
    }
    const auto best = best_count(decision_.candidates);
    return best > 0 ? matched(best) : not_matched();
  }

 private:
  Decision not_taken(RecordAction action, Reason reason) {
    decision_.action = action;
    decision_.reasons.push_back(std::move(reason));
    decision_.target.reset();
    decision_.items = action == RecordAction::hold
                          ? items::all(items_, ItemAction::hold, "record_held")
                          : items::all(items_, ItemAction::ignore, "record_refused");
    return std::move(decision_);
  }

  // A batch of staged records is looked through by a person before it is committed.
  [[nodiscard]] bool may_hold() const { return rules_.mode == Mode::direct; }

  // What the cataloguer says goes before what the rule found.
  Decision named(std::int64_t id) {
    choose_none();
    put_first(id, Verdict::named);
    decision_.reasons.push_back({"named_target", {{"id", id}}});
    named_ = true;
    return act_on(id);
  }

  // So does what a person says about a held export, who was told what the guards found.
  Decision decided(const Decided& wanted) {
    if (wanted.target && !facts_.candidates.contains(*wanted.target))
      throw Error("facts.no_candidate",
                  "decided: there is no record " + std::to_string(*wanted.target));
    if (!wanted.items.empty() && wanted.items.rbegin()->first > static_cast<int>(items_.size()))
      throw Error("facts.no_item",
                  "decided: there is no item " + std::to_string(wanted.items.rbegin()->first));
    choose_none();
    if (wanted.target) put_first(*wanted.target, Verdict::decided);
    decision_.reasons.push_back({"decided", {}});
    decision_.action = wanted.action;
    decision_.target = wanted.target;
    if (wanted.action == RecordAction::overlay) guarded(*wanted.target);
    return with_items(items::result(rules_.items, wanted.target.has_value()), wanted.items);
  }

  void choose_none() {
    for (auto& candidate : decision_.candidates)
      if (candidate.verdict == Verdict::chosen || candidate.verdict == Verdict::equal)
        candidate.verdict = Verdict::lower_score;
  }

  void put_first(std::int64_t id, Verdict verdict) {
    auto& candidates = decision_.candidates;
    auto at = std::find_if(candidates.begin(), candidates.end(),
                           [&](const Candidate& candidate) { return candidate.id == id; });
    if (at == candidates.end()) at = candidates.insert(candidates.end(), Candidate{id, 0, {}, {}});
    at->verdict = verdict;
    std::rotate(candidates.begin(), at, at + 1);
  }

  Decision matched(std::size_t best) {
    if (best > 1) {
      Reason several{"several_matches", {}};
      std::vector<std::int64_t> ids;
      for (std::size_t i = 0; i < best; ++i) ids.push_back(decision_.candidates[i].id);
      several.values.emplace("ids", std::move(ids));
      const bool needs_one =
          rules_.on_match == OnMatch::replace ||
          (rules_.on_match == OnMatch::ignore &&
           items::result(rules_.items, true) != items::Result::ignore && !items_.empty());
      if (needs_one && rules_.several_matches == SeveralMatches::refuse)
        return not_taken(RecordAction::refuse, std::move(several));
      if (needs_one && rules_.several_matches == SeveralMatches::hold && may_hold())
        return not_taken(RecordAction::hold, std::move(several));
      decision_.candidates[0].verdict = Verdict::chosen;
      decision_.reasons.push_back({"matched", {}});
      decision_.reasons.push_back(std::move(several));
    } else {
      decision_.reasons.push_back({"matched", {}});
    }
    if (by_misprint_alone(decision_.candidates[0]))
      decision_.reasons.push_back({"isbn_misprint", {}});
    return act_on(decision_.candidates[0].id);
  }

  Decision act_on(std::int64_t target) {
    decision_.target = target;
    switch (rules_.on_match) {
      case OnMatch::replace:
        decision_.action = RecordAction::overlay;
        if (guarded(target) && may_hold()) return hold_back();
        break;
      case OnMatch::create_new:
        decision_.action = RecordAction::add;
        decision_.target.reset();
        break;
      case OnMatch::ignore:
        decision_.action = RecordAction::ignore;
        break;
    }
    return with_items(items::result(rules_.items, true));
  }

  bool guarded(std::int64_t target) {
    auto strikes = striking_guards(incoming_, target, facts_, rules_, named_);
    std::move(strikes.begin(), strikes.end(), std::back_inserter(decision_.reasons));
    return !strikes.empty();
  }

  Decision hold_back() {
    decision_.action = RecordAction::hold;
    decision_.items = items::all(items_, ItemAction::hold, "record_held");
    return std::move(decision_);
  }

  Decision not_matched() {
    if (!rules_.matching) {
      decision_.reasons.push_back({"no_matching_rule", {}});
    } else if (has_search_keys(incoming_, *rules_.matching) || was_found(decision_.candidates)) {
      decision_.reasons.push_back({"no_match", {}});
    } else if (rules_.no_match_keys == NoMatchKeys::refuse) {
      return not_taken(RecordAction::refuse, {"no_match_keys", {}});
    } else if (rules_.no_match_keys == NoMatchKeys::hold && may_hold()) {
      return not_taken(RecordAction::hold, {"no_match_keys", {}});
    } else {
      decision_.reasons.push_back({"no_match_keys", {}});
    }
    decision_.action =
        rules_.on_no_match == OnNoMatch::create_new ? RecordAction::add : RecordAction::ignore;
    return with_items(items::result(rules_.items, false));
  }

  Decision with_items(items::Result result, const std::map<int, ItemAction>& wanted = {}) {
    const bool has_record =
        decision_.action != RecordAction::ignore || decision_.target.has_value();
    decision_.items =
        items::decide(items_, result, has_record, decision_.target, rules_, facts_.items, wanted);
    const bool holds_back = rules_.item_conflict == ItemConflict::export_ && may_hold();
    hold_on_conflict([&](int occurrence) { return holds_back || wanted.contains(occurrence); });
    return std::move(decision_);
  }

  template <typename Counts>
  void hold_on_conflict(Counts counts) {
    std::vector<std::int64_t> held;
    for (const auto& item : decision_.items)
      if (item.action == ItemAction::hold && counts(item.occurrence))
        held.push_back(item.occurrence);
    if (held.empty()) return;
    decision_.action = RecordAction::hold;
    decision_.reasons.push_back({"item_conflict", {{"occurrences", std::move(held)}}});
    for (auto& item : decision_.items) {
      if (item.action == ItemAction::hold) continue;
      item.action = ItemAction::hold;
      item.reason = {"record_held", {}};
      item.itemnumber.reset();
      item.defaults.clear();
    }
  }

  const Record& incoming_;
  const Facts::Data& facts_;
  const Rules::Data& rules_;
  std::vector<items::Item> items_;
  bool named_ = false;  // the target, by the cataloguer
  Decision decision_;
};

}  // namespace

Facts::Facts() : data_(std::make_shared<Data>()) {}

void Facts::hit(std::size_t matchpoint, std::int64_t id, HitSource source) {
  if (id < 1) throw Error("facts.bad_id", "hit: " + std::to_string(id) + " is no record number");
  data_->hits.insert({matchpoint, id, source});
}

void Facts::candidate(std::int64_t id, Record record) {
  if (id < 1)
    throw Error("facts.bad_id", "candidate: " + std::to_string(id) + " is no record number");
  const auto [at, fresh] = data_->candidates.try_emplace(id, record);
  if (!fresh && !(at->second == record))
    throw Error("facts.candidate_twice",
                "candidate: two different records were given for " + std::to_string(id));
}

void Facts::edited(std::int64_t id) {
  if (id < 1) throw Error("facts.bad_id", "edited: " + std::to_string(id) + " is no record number");
  data_->edited.insert(id);
}

void Facts::last_imported_005(std::int64_t id, std::string_view text) {
  if (id < 1)
    throw Error("facts.bad_id",
                "last_imported_005: " + std::to_string(id) + " is no record number");
  data_->last_imported_005.insert_or_assign(id, std::string(text));
}

const MatchingRule& Rules::matching() const noexcept {
  static const MatchingRule none;
  return data_->matching ? *data_->matching : none;
}

bool Rules::has_matching() const noexcept {
  return data_->matching.has_value();
}

Decision decide(const Record& incoming, const Facts& facts, const Rules& rules) {
  return Decider(incoming, facts.data(), rules.data()).decide();
}

}  // namespace connexion
