// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/merge.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "connexion/error.hpp"
#include "connexion/match.hpp"
#include "match/numbers.hpp"
#include "match/verify.hpp"

namespace connexion {
namespace {

const LocalField* line_for(const Field& field, const Rules::Data& rules) {
  const auto at = std::find_if(rules.local_fields.begin(), rules.local_fields.end(),
                               [&](const LocalField& line) { return line.pattern.matches(field); });
  return at == rules.local_fields.end() ? nullptr : &*at;
}

bool is_left_out(const Field& field, const Rules::Data& rules) {
  return field.tag() == rules.item_tag || field.tag() == rules.koha_numbers_tag;
}

// Puts the incoming record's fields and the existing ones together, one policy at a time.
class Merger {
 public:
  Merger(const Record& incoming, const Record& existing, const Rules::Data& rules) {
    ours_ = sides(incoming, rules);
    theirs_ = sides(existing, rules);
    for (const auto& side : ours_)
      if (policy(side) == LocalPolicy::prefer_incoming)
        coming_.emplace(side.line, std::string(side.field.tag()));
  }

  std::vector<MergedField> merge() {
    std::vector<const Side*> not_taken;
    for (auto& side : ours_) {
      if (is_taken(side))
        merged_.push_back(
            {pair_up(side) ? FieldAction::same : FieldAction::comes, side.field, side.line});
      else
        not_taken.push_back(&side);
    }
    for (const auto& side : theirs_) {
      if (side.paired) continue;
      insert({stays(side) ? FieldAction::stays : FieldAction::goes, side.field, side.line});
    }
    for (const auto* side : not_taken) insert({FieldAction::not_taken, side->field, side->line});
    return std::move(merged_);
  }

 private:
  struct Side {
    Field field;
    const LocalField* line;
    bool paired = false;
  };

  static std::vector<Side> sides(const Record& record, const Rules::Data& rules) {
    std::vector<Side> all;
    for (const auto field : record.fields())
      if (!is_left_out(field, rules)) all.push_back({field, line_for(field, rules), false});
    return all;
  }

  static std::optional<LocalPolicy> policy(const Side& side) {
    return side.line ? std::optional(side.line->policy) : std::nullopt;
  }

  [[nodiscard]] bool is_taken(const Side& side) const {
    if (policy(side) == LocalPolicy::keep_existing) return false;
    return policy(side) != LocalPolicy::add_incoming ||
           std::none_of(theirs_.begin(), theirs_.end(),
                        [&](const Side& other) { return other.field == side.field; });
  }

  // Whether the existing record has the very same field that would go otherwise.
  bool pair_up(const Side& side) {
    const auto at = std::find_if(theirs_.begin(), theirs_.end(), [&](const Side& other) {
      return !other.paired && other.field == side.field;
    });
    if (at == theirs_.end()) return false;
    return at->paired = true;
  }

  [[nodiscard]] bool stays(const Side& side) const {
    if (!side.line) return false;
    return side.line->policy != LocalPolicy::prefer_incoming ||
           !coming_.contains({side.line, std::string(side.field.tag())});
  }

  // Behind the last field with a tag not greater than its own.
  void insert(MergedField field) {
    const auto last = std::find_if(merged_.rbegin(), merged_.rend(), [&](const MergedField& other) {
      return other.field.tag() <= field.field.tag();
    });
    merged_.insert(last.base(), std::move(field));
  }

  std::vector<Side> ours_, theirs_;
  std::set<std::pair<const LocalField*, std::string>> coming_;  // line and tag
  std::vector<MergedField> merged_;
};

bool is_written(FieldAction action) {
  return action != FieldAction::goes && action != FieldAction::not_taken;
}

const Record& candidate(const Facts::Data& facts, std::int64_t id) {
  const auto found = facts.candidates.find(id);
  if (found == facts.candidates.end())
    throw Error("facts.no_candidate",
                "target: no record was given for the candidate " + std::to_string(id));
  return found->second;
}

// "(OCoLC)123" for the OCLC number of 001 where no 035 has it yet; empty where one has, or there is
// none.
std::string missing_035(const Record& incoming, const std::vector<MergedField>& fields) {
  const auto number = match::oclc_of_001(incoming);
  if (number.empty()) return {};
  for (const auto& merged : fields) {
    if (!is_written(merged.action) || merged.field.tag() != "035") continue;
    for (const auto subfield : merged.field.subfields())
      if (subfield.code == 'a' && numbers::names_oclc(subfield.value) &&
          normal_oclc(subfield.value) == number)
        return {};
  }
  return "(OCoLC)" + number;
}

struct Merged {
  std::vector<MergedField> fields;
  std::optional<Record> made;  // holds the 035 that is put in
};

// Nothing is kept where nothing is overlaid: a new record is the incoming one.
std::vector<MergedField> all_new(const Record& incoming, const Rules::Data& rules) {
  std::vector<MergedField> fields;
  for (const auto field : incoming.fields())
    if (!is_left_out(field, rules)) fields.push_back({FieldAction::comes, field});
  return fields;
}

Merged merged_with_035(const Record& incoming, const Record* existing, const Rules::Data& rules) {
  Merged merged{existing ? merge(incoming, *existing, rules) : all_new(incoming, rules), {}};
  if (!rules.oclc_into_035) return merged;
  const auto number = missing_035(incoming, merged.fields);
  if (number.empty()) return merged;
  RecordBuilder builder;
  builder.data_field("035", ' ', ' ').subfield('a', number);
  merged.made = builder.build();
  const auto last = std::find_if(merged.fields.rbegin(), merged.fields.rend(),
                                 [](const MergedField& f) { return f.field.tag() <= "035"; });
  merged.fields.insert(last.base(), {FieldAction::comes, (*merged.made)[0], nullptr});
  return merged;
}

std::string shown(const Field& field) {
  if (field.is_control()) return std::string(field.data());
  std::string text{field.indicator(1), field.indicator(2)};
  for (const auto subfield : field.subfields()) {
    text += std::string(" $") + subfield.code + " ";
    text += subfield.value;
  }
  return text;
}

}  // namespace

std::vector<MergedField> merge(const Record& incoming, const Record& existing,
                               const Rules::Data& rules) {
  return Merger(incoming, existing, rules).merge();
}

std::vector<FieldChange> field_changes(const Record& incoming, const Facts& facts,
                                       std::int64_t target, const Rules& rules) {
  const auto merged = merged_with_035(incoming, &candidate(facts.data(), target), rules.data());
  std::vector<FieldChange> changes;
  for (const auto& each : merged.fields)
    changes.push_back({each.action, std::string(each.field.tag()), shown(each.field),
                       each.line ? std::optional(each.line->pattern.text()) : std::nullopt});
  return changes;
}

Record record_to_write(const Record& incoming, const Facts& facts,
                       std::optional<std::int64_t> target, const Rules& rules) {
  const auto* existing = target ? &candidate(facts.data(), *target) : nullptr;
  const auto merged = merged_with_035(incoming, existing, rules.data());
  RecordBuilder builder;
  builder.leader(incoming.leader());
  for (const auto& each : merged.fields)
    if (is_written(each.action)) builder.append(each.field);
  return builder.build();
}

}  // namespace connexion
