// SPDX-License-Identifier: GPL-3.0-or-later
//
// The decision: what becomes of one incoming record.
//
// `plan` is a pure function of the incoming record, the facts that the caller looked up (search
// hits, candidates' own records, barcodes in use) and the library's rules. It gives one JSON
// document, described in docs/plan-format.md: what is done to the record, to each item, which
// candidates there were and why each was or was not chosen, all in codes. The same document is
// the journal's content, the preview's and the log's.
//
//     auto rules = connexion::Rules::from_json(profile);
//     connexion::Facts facts;
//     facts.hit(0, 34, connexion::HitSource::search);
//     facts.candidate(34, candidate_record);
//     std::string json = connexion::plan(record, facts, rules);
//
// Thread-safety: Rules are immutable and may be shared; Facts belong to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/match.hpp"
#include "connexion/record.hpp"

namespace connexion {

/// A profile's decisions for one record type: built once from JSON (docs/plan-format.md, "Rules").
class Rules {
 public:
  /// Raises Error "rules.*" naming the member and the bad value.
  static Rules from_json(std::string_view json);
  [[nodiscard]] const MatchingRule& matching() const noexcept;  ///< empty code: no rule
  [[nodiscard]] bool has_matching() const noexcept;
  struct Data;
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  explicit Rules(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

enum class HitSource { search, identifiers };

/// What the caller found out about Koha for one incoming record.
class Facts {
 public:
  /// The search for matchpoint `matchpoint` (position in the rule) found record `id`.
  void hit(std::size_t matchpoint, std::int64_t id, HitSource source);
  /// The candidate's own record, read from the database (not the index).
  void candidate(std::int64_t id, Record record);
  /// Facts about items as JSON: {"barcodes": {"3001": {"itemnumber": 1, "biblionumber": 34}},
  /// "itemnumbers": {"17": {"biblionumber": 34}}, "libraries": ["CPL"], "itemtypes": ["BK"]}.
  /// Raises Error "facts.*".
  void items_json(std::string_view json);
  struct Data;
  Facts();
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  std::shared_ptr<Data> data_;
};

/// What to ask Koha about the record's items before planning: one JSON document
/// {"barcodes": [...], "itemnumbers": [...]}.
[[nodiscard]] std::string item_questions(const Record& incoming, const Rules& rules);

/// One JSON document, sorted keys, UTF-8, `schema_version` 1.
[[nodiscard]] std::string plan(const Record& incoming, const Facts& facts, const Rules& rules);

}  // namespace connexion
