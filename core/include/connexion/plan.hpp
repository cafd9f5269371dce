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
// `decide` is the same decision as values, for callers that need no document:
//
//     const auto decision = connexion::decide(record, facts, rules);
//     if (decision.action == connexion::RecordAction::overlay) overlay(*decision.target);
//
// Thread-safety: Rules are immutable and may be shared; Facts belong to one thread; the functions
// are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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

/// Who named a candidate: Koha's search, or the gateway's own table of identifiers.
enum class HitSource { search, identifiers };

/// What the caller found out about Koha for one incoming record.
class Facts {
 public:
  /// The search for matchpoint `matchpoint` (position in the rule) found record `id`. Raises Error
  /// "facts.bad_id" for an id below 1.
  void hit(std::size_t matchpoint, std::int64_t id, HitSource source);
  /// The candidate's own record, read from the database (not the index). A candidate without one is
  /// taken for deleted. Raises Error "facts.candidate_twice" for a second, different record.
  void candidate(std::int64_t id, Record record);
  /// Facts about items as JSON (docs/plan-format.md, "Facts about items"). Raises Error "facts.*".
  void items_json(std::string_view json);
  /// The candidate was edited in Koha since it was last imported.
  void edited(std::int64_t id);
  /// Field 005 of the record that was last imported over the candidate. It is compared in place of
  /// the candidate's own, which Koha stamps at every save.
  void last_imported_005(std::int64_t id, std::string_view text);
  /// What a person decided about a held export, as JSON (docs/plan-format.md, "A decision by a
  /// person"); it goes before the rules. A later call takes the place of an earlier one. Raises
  /// Error "facts.*".
  void decided_json(std::string_view json);
  struct Data;
  Facts();
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  std::shared_ptr<Data> data_;
};

enum class RecordAction {
  add,      ///< a new record
  overlay,  ///< replaces the target's content
  ignore,   ///< leaves records alone; the target may get items
  hold,     ///< waits for a person
  refuse    ///< takes nothing
};

enum class ItemAction { add, replace, ignore, hold };

enum class Verdict {
  chosen,
  named,         ///< by the cataloguer, in the record
  decided,       ///< by a person, about a held export
  equal,         ///< the same best score as another
  other_number,  ///< the same best score as one whose OCLC numbers fit better
  lower_score,
  below_threshold,
  failed_required_check,
  not_verified,  ///< its own record has none of the numbers it was found by
  gone           ///< no longer in Koha
};

/// Why: a stable code, with what it is about.
struct Reason {
  using Value = std::variant<std::int64_t, std::string, std::vector<std::int64_t>>;
  std::string code;
  std::map<std::string, Value> values;
};

struct FoundBy {
  std::size_t matchpoint;  ///< position in the rule
  HitSource source;
  bool counts;            ///< verified, or of a kind that isn't
  bool misprint = false;  ///< by an ISBN whose check digit is wrong on one side
};

struct Candidate {
  std::int64_t id;
  std::int64_t score = 0;
  Verdict verdict = Verdict::not_verified;
  std::vector<FoundBy> found_by;
};

struct ItemDecision {
  int occurrence = 0;  ///< 1 for the first field with the item tag
  ItemAction action = ItemAction::ignore;
  Reason reason;
  std::optional<std::string> barcode;
  std::optional<std::int64_t> itemnumber;  ///< of the item that is replaced
  /// What the item didn't bring and the rules fill in, by Koha's column.
  std::map<std::string, std::string> defaults;
};

enum class FieldAction {
  same,      ///< in both records
  stays,     ///< local, kept
  comes,     ///< new from the incoming record
  goes,      ///< of the existing record, taken away
  not_taken  ///< of the incoming record, left out because of a line of the local fields
};

/// One field of an overlay: what becomes of it, and which line of the local fields said so.
struct FieldChange {
  FieldAction action;
  std::string tag;
  std::string text;  ///< a control field's data, or "10 $a Title $c name"
  std::optional<std::string> line;
};

struct Decision {
  RecordAction action = RecordAction::hold;
  std::vector<Reason> reasons;
  /// Overlaid, or given the items; of an export held by a guard or for an item, what would be.
  std::optional<std::int64_t> target;
  std::vector<Candidate> candidates;  ///< the best first
  std::vector<ItemDecision> items;
};

/// Names as the plan has them.
[[nodiscard]] std::string_view name_of(RecordAction action) noexcept;
[[nodiscard]] std::string_view name_of(ItemAction action) noexcept;
[[nodiscard]] std::string_view name_of(Verdict verdict) noexcept;
[[nodiscard]] std::string_view name_of(HitSource source) noexcept;
[[nodiscard]] std::string_view name_of(FieldAction action) noexcept;

/// What is wrong with a pattern of local fields (docs/plan-format.md, "Local fields"), in a
/// sentence; nothing if it is one.
[[nodiscard]] std::optional<std::string> field_pattern_problem(std::string_view text);

/// The record as it is matched, decided and staged: fields of the rules' item source have become
/// item fields. All functions below take such a record.
[[nodiscard]] Record prepare(const Record& incoming, const Rules& rules);

/// The number of the record that the cataloguer names, for the caller to give as a candidate.
[[nodiscard]] std::optional<std::int64_t> named_target(const Record& incoming, const Rules& rules);

/// What to ask Koha about the record's items before planning: one JSON document
/// {"barcodes": [...], "itemnumbers": [...]}, both of strings. Empty where the rules ignore items,
/// unless a person may decide on each.
[[nodiscard]] std::string item_questions(const Record& incoming, const Rules& rules,
                                         bool for_a_person = false);

/// Raises Error "facts.unknown_matchpoint" for a hit of a matchpoint that the rule doesn't have,
/// and "facts.no_candidate" or "facts.no_item" where a person decided on a record or an item that
/// isn't there.
[[nodiscard]] Decision decide(const Record& incoming, const Facts& facts, const Rules& rules);

/// The record to write, without items: the incoming one, or where a target is given, the overlay
/// with the local fields that are kept. Raises Error "facts.no_candidate" without its record.
[[nodiscard]] Record record_to_write(const Record& incoming, const Facts& facts,
                                     std::optional<std::int64_t> target, const Rules& rules);

/// The overlay field by field. Raises Error "facts.no_candidate" as above.
[[nodiscard]] std::vector<FieldChange> field_changes(const Record& incoming, const Facts& facts,
                                                     std::int64_t target, const Rules& rules);

/// `decide` as one JSON document, sorted keys, UTF-8, `schema_version` 1.
[[nodiscard]] std::string plan(const Record& incoming, const Facts& facts, const Rules& rules);

}  // namespace connexion
