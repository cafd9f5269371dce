// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "plan/decide.hpp"

namespace connexion {
namespace {

bool share_identifier(const Record& one, const Record& other, std::string_view kind) {
  const auto theirs = identifiers(other);
  for (const auto& mine : identifiers(one))
    if (mine.kind == kind && std::find(theirs.begin(), theirs.end(), mine) != theirs.end())
      return true;
  return false;
}

bool share_key(const Record& one, const Record& other, const Matchpoint& point) {
  const auto theirs = keys_of(other, point);
  for (const auto& mine : keys_of(one, point))
    if (std::find(theirs.begin(), theirs.end(), mine) != theirs.end()) return true;
  return false;
}

// Whether any key of the matchpoint is worth a search; "hbk." in an index of ISBNs is not.
bool has_search_key(const Record& record, const Matchpoint& point) {
  MatchingRule rule;
  rule.matchpoints.push_back(point);
  return !search_keys(record, rule).empty();
}

// A search by words finds records that merely share a word, and the identifier index may be older
// than the record. Where the meaning of the index is known, the numbers themselves decide; an index
// of unknown meaning is believed, as Koha believes it.
bool counts(const Record& incoming, const Record& candidate, const Matchpoint& point,
            HitSource source) {
  const auto kind = kind_of(point);
  if (!kind.empty() && share_identifier(incoming, candidate, kind)) return true;
  if (kind.empty() && source == HitSource::search) return true;
  return share_key(incoming, candidate, point) && (kind.empty() || has_search_key(incoming, point));
}

JudgedCandidate judge(std::int64_t id, const std::set<std::pair<std::size_t, HitSource>>& hits,
                      const Record& incoming, const Facts::Data& facts, const MatchingRule& rule) {
  JudgedCandidate judged;
  judged.id = id;
  const auto record = facts.candidates.find(id);
  if (record == facts.candidates.end()) {
    judged.verdict = Verdict::gone;
    return judged;
  }
  std::set<std::size_t> counted;
  for (const auto& [position, source] : hits) {
    const auto& point = rule.matchpoints.at(position);
    if (!counts(incoming, record->second, point, source)) continue;
    judged.found_by.emplace_back(position, source);
    if (counted.insert(position).second) judged.score += point.score;
  }
  if (judged.found_by.empty())
    judged.verdict = Verdict::not_verified;
  else if (judged.score < rule.threshold)
    judged.verdict = Verdict::below_threshold;
  else if (!passes_checks(incoming, record->second, rule))
    judged.verdict = Verdict::failed_required_check;
  return judged;
}

}  // namespace

std::vector<JudgedCandidate> judge_candidates(const Record& incoming, const Facts::Data& facts,
                                              const MatchingRule& rule) {
  std::vector<JudgedCandidate> all;
  for (const auto& [id, hits] : facts.hits) all.push_back(judge(id, hits, incoming, facts, rule));

  const auto eligible = [](const JudgedCandidate& c) { return c.verdict == Verdict::lower_score; };
  // The highest number first among equals, as Koha orders them.
  std::sort(all.begin(), all.end(), [&](const JudgedCandidate& a, const JudgedCandidate& b) {
    if (eligible(a) != eligible(b)) return eligible(a);
    if (a.score != b.score) return a.score > b.score;
    return a.id > b.id;
  });
  if (all.empty() || !eligible(all.front())) return all;

  const int best = all.front().score;
  std::size_t equal = 0;
  while (equal < all.size() && eligible(all[equal]) && all[equal].score == best) ++equal;
  for (std::size_t i = 0; i < equal; ++i)
    all[i].verdict = equal == 1 ? Verdict::chosen : Verdict::equal;
  return all;
}

}  // namespace connexion
