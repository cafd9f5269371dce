// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/named_target.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "connexion/text.hpp"
#include "match/numbers.hpp"

namespace connexion {
namespace {

std::optional<std::int64_t> record_number(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && text[0] != '-';
  return whole && id > 0 ? std::optional(id) : std::nullopt;
}

std::vector<Identifier> comparable_identifiers(const Record& record) {
  auto all = identifiers(record);
  for (auto& id : all)
    if (id.kind == "oclc_merged")
      id.kind = "oclc";  // the same numbers, told apart by where they stand
  return all;
}

bool share_identifier(const Record& a, const Record& b) {
  const auto ours = comparable_identifiers(a), theirs = comparable_identifiers(b);
  return std::find_first_of(ours.begin(), ours.end(), theirs.begin(), theirs.end()) != ours.end();
}

bool share_title(const Record& a, const Record& b) {
  const auto ours = folded_words(title(a));
  return !ours.empty() && ours == folded_words(title(b));
}

}  // namespace

std::optional<NamedTarget> find_named_target(const Record& incoming, const Rules::Data& rules) {
  if (!rules.target_field) return std::nullopt;
  std::vector<std::string_view> values;
  for (const auto field : incoming.fields(rules.target_field->tag))
    for (const auto subfield : field.subfields()) {
      if (subfield.code != rules.target_field->subfield) continue;
      const auto value = numbers::trimmed(subfield.value);
      if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end())
        values.push_back(value);
    }
  if (values.empty()) return std::nullopt;
  NamedTarget target;
  for (const auto value : values)
    target.value += (target.value.empty() ? "" : " | ") + std::string(value);
  if (values.size() == 1) target.id = record_number(values[0]);
  return target;
}

std::optional<Reason> doubt_about(const NamedTarget& target, const Record& incoming,
                                  const Facts::Data& facts) {
  if (!target.id) return Reason{"named_target_unclear", {{"value", target.value}}};
  const auto found = facts.candidates.find(*target.id);
  if (found == facts.candidates.end()) return Reason{"named_target_missing", {{"id", *target.id}}};
  if (share_identifier(incoming, found->second) || share_title(incoming, found->second))
    return std::nullopt;
  return Reason{"named_target_differs", {{"id", *target.id}}};
}

std::optional<std::int64_t> named_target(const Record& incoming, const Rules& rules) {
  const auto target = find_named_target(incoming, rules.data());
  return target ? target->id : std::nullopt;
}

}  // namespace connexion
