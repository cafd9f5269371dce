// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <tuple>
#include <utility>

#include "connexion/error.hpp"
#include "match/verify.hpp"
#include "plan/decide.hpp"
#include "plan/same_work.hpp"

namespace connexion {
namespace {

// Candidates with their scores, but for who wins.
std::vector<Candidate> candidates_of(const Record& incoming, const Facts::Data& facts,
                                     const MatchingRule& rule) {
  if (facts.hits.empty()) return {};
  std::vector<match::Verifier> verifiers;
  verifiers.reserve(rule.matchpoints.size());
  for (const auto& point : rule.matchpoints) verifiers.emplace_back(incoming, point);
  std::map<std::int64_t, Candidate> found;
  for (const auto& hit : facts.hits) {
    if (hit.matchpoint >= rule.matchpoints.size())
      throw Error("facts.unknown_matchpoint",
                  "matchpoint " + std::to_string(hit.matchpoint) + " is not in the matching rule");
    auto& candidate = found.try_emplace(hit.id, Candidate{hit.id, 0, {}, {}}).first->second;
    const auto record = facts.candidates.find(hit.id);
    const auto& verifier = verifiers[hit.matchpoint];
    const bool as_found = hit.source == HitSource::search && !verifier.knows_kind();
    auto agreement = match::Agreement::none;
    if (record != facts.candidates.end())
      agreement = as_found ? match::Agreement::full : verifier.compare(record->second);
    const bool counts = agreement != match::Agreement::none;
    // hits are sorted by matchpoint, so one that has counted for this one is the last
    const auto& before = candidate.found_by;
    const bool counted =
        !before.empty() && before.back().matchpoint == hit.matchpoint && before.back().counts;
    if (counts && !counted) candidate.score += rule.matchpoints[hit.matchpoint].score;
    candidate.found_by.push_back(
        {hit.matchpoint, hit.source, counts, agreement == match::Agreement::but_for_a_misprint});
  }
  std::vector<Candidate> candidates;
  for (auto& [id, candidate] : found) candidates.push_back(std::move(candidate));
  return candidates;
}

// What rules a candidate out; lower_score when nothing does.
Verdict rule_out(const Candidate& candidate, const Record& incoming, const Facts::Data& facts,
                 const MatchingRule& rule) {
  const auto record = facts.candidates.find(candidate.id);
  if (record == facts.candidates.end()) return Verdict::gone;
  const bool verified = std::any_of(candidate.found_by.begin(), candidate.found_by.end(),
                                    [](const FoundBy& f) { return f.counts; });
  if (!verified) return Verdict::not_verified;
  if (candidate.score < rule.threshold) return Verdict::below_threshold;
  if (!passes_checks(incoming, record->second, rule)) return Verdict::failed_required_check;
  return Verdict::lower_score;
}

// The best first: what may be chosen, by score, then by number as Koha does, the higher first.
void sort_best_first(std::vector<Candidate>& candidates) {
  const auto key = [](const Candidate& c) {
    return std::tuple(c.verdict == Verdict::lower_score, c.score, c.id);
  };
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate& a, const Candidate& b) { return key(a) > key(b); });
}

// Of those that share the best score the ones go whose OCLC numbers fit less well than another's.
void set_aside_other_numbers(std::vector<Candidate>& candidates, const Record& incoming,
                             const Facts::Data& facts) {
  std::vector<std::pair<Candidate*, OclcNumbers>> best;
  for (auto& candidate : candidates)
    if (candidate.verdict == Verdict::lower_score && candidate.score == candidates[0].score)
      best.emplace_back(
          &candidate, compare_oclc_numbers(incoming, facts.candidates.find(candidate.id)->second));
  const auto fit = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto top = std::max_element(best.begin(), best.end(), fit);
  for (const auto& [candidate, numbers] : best)
    if (numbers < top->second) candidate->verdict = Verdict::other_number;
}

// Those that share the best score are equal, a single one is chosen.
void mark_best(std::vector<Candidate>& candidates) {
  std::size_t count = 0;
  while (count < candidates.size() && candidates[count].verdict == Verdict::lower_score &&
         candidates[count].score == candidates[0].score)
    ++count;
  for (std::size_t i = 0; i < count; ++i)
    candidates[i].verdict = count == 1 ? Verdict::chosen : Verdict::equal;
}

}  // namespace

std::vector<Candidate> judge_candidates(const Record& incoming, const Facts::Data& facts,
                                        const MatchingRule& rule) {
  auto candidates = candidates_of(incoming, facts, rule);
  for (auto& candidate : candidates) candidate.verdict = rule_out(candidate, incoming, facts, rule);
  sort_best_first(candidates);
  if (incoming.type() == RecordType::biblio) {
    set_aside_other_numbers(candidates, incoming, facts);
    sort_best_first(candidates);
  }
  mark_best(candidates);
  return candidates;
}

}  // namespace connexion
