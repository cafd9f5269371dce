// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/guards.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "connexion/text.hpp"
#include "match/numbers.hpp"
#include "plan/same_work.hpp"

namespace connexion {
namespace {

using Strike = std::optional<Reason>;

Reason differing(std::string_view code, std::string_view incoming, std::string_view existing) {
  return {std::string(code),
          {{"incoming", std::string(incoming)}, {"existing", std::string(existing)}}};
}

bool one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

// Leader/17 by MARC 21's order, the fullest first, OCLC's own codes with what they mean.
std::optional<int> level_rank(char level, bool authority) {
  if (authority)
    return level == 'n' ? std::optional(0) : level == 'o' ? std::optional(1) : std::nullopt;
  static constexpr std::string_view ranks[] = {" I", "1L", "2", "3", "4", "5", "7KM", "8"};
  for (int rank = 0; const auto& levels : ranks) {
    if (one_of(level, levels)) return rank;
    ++rank;
  }
  return std::nullopt;
}

Strike briefer_level(const Record& incoming, const Record& existing, bool authority) {
  const char ours = incoming.leader()[17], theirs = existing.leader()[17];
  const auto our_rank = level_rank(ours, authority), their_rank = level_rank(theirs, authority);
  if (!our_rank || !their_rank || *our_rank <= *their_rank) return std::nullopt;
  return differing("guard_briefer_level", {&ours, 1}, {&theirs, 1});
}

std::int64_t described_by(const Record& record, std::string_view item_tag) {
  std::int64_t count = 0;
  for (const auto field : record.fields())
    if (field.tag() >= "010" && field.tag() <= "899" && field.tag() != item_tag) ++count;
  return count;
}

Strike fewer_fields(const Record& incoming, const Record& existing, const Rules::Data& rules) {
  const auto ours = described_by(incoming, rules.item_tag);
  const auto theirs = described_by(existing, rules.item_tag);
  if (ours * 100 >= rules.guards.fewer_fields * theirs) return std::nullopt;
  return Reason{"guard_fewer_fields", {{"incoming", ours}, {"existing", theirs}}};
}

// 005: 14 digits, and tenths of a second that say nothing more.
std::string_view date_in(std::string_view text) {
  const auto digits = text.substr(0, 14);
  const bool whole = digits.size() == 14 && std::all_of(digits.begin(), digits.end(), [](char c) {
                       return c >= '0' && c <= '9';
                     });
  return whole ? digits : std::string_view{};
}

Strike older(const Record& incoming, std::string_view existing_005) {
  const auto ours = incoming.control("005");
  const auto date = date_in(ours), their_date = date_in(existing_005);
  if (date.empty() || their_date.empty() || date >= their_date) return std::nullopt;
  return differing("guard_older", ours, existing_005);
}

// Nothing for a record that doesn't say.
std::optional<char> form_of_item(const Record& record) {
  const std::size_t position = one_of(record.leader()[6], "efgkor") ? 29 : 23;
  const auto fixed = record.control("008");
  if (fixed.size() <= position || fixed[position] == '|') return std::nullopt;
  return fixed[position];
}

// Print and reproductions on paper go together, and so do the ways of being electronic.
char class_of_form(char form) {
  return form == 'r' ? ' ' : one_of(form, "osq") ? 'o' : form;
}

std::string_view heading_tag(const Record& record) {
  for (const auto field : record.fields())
    if (field.tag().starts_with('1') && !field.is_control()) return field.tag();
  return {};
}

Strike other_heading(const Record& incoming, const Record& existing) {
  const auto ours = heading_tag(incoming), theirs = heading_tag(existing);
  if (ours.empty() || theirs.empty() || ours == theirs) return std::nullopt;
  return differing("guard_other_kind", ours, theirs);
}

Strike other_kind(const Record& incoming, const Record& existing) {
  std::string ours(incoming.leader().substr(6, 2)), theirs(existing.leader().substr(6, 2));
  const auto differ = [&](std::size_t at, std::string_view known) {
    return ours[at] != theirs[at] && one_of(ours[at], known) && one_of(theirs[at], known);
  };
  if (differ(0, "acdefgijkmoprt") || differ(1, "abcdims"))
    return differing("guard_other_kind", ours, theirs);
  const auto our_form = form_of_item(incoming), their_form = form_of_item(existing);
  if (!our_form || !their_form || class_of_form(*our_form) == class_of_form(*their_form))
    return std::nullopt;
  const auto with_form = [](std::string kind, char form) {
    if (form != ' ') kind += std::string(" ") + form;
    return kind;
  };
  return differing("guard_other_kind", with_form(ours, *our_form), with_form(theirs, *their_form));
}

std::string language_of_cataloging(const Record& record) {
  for (const auto field : record.fields("040"))
    if (auto language = lower(numbers::trimmed(field.first('b'))); !language.empty())
      return language;
  return {};
}

Strike other_language(const Record& incoming, const Record& existing) {
  const auto ours = language_of_cataloging(incoming), theirs = language_of_cataloging(existing);
  if (ours.empty() || theirs.empty() || ours == theirs) return std::nullopt;
  return differing("guard_other_language", ours, theirs);
}

}  // namespace

std::vector<Reason> striking_guards(const Record& incoming, std::int64_t target,
                                    const Facts::Data& facts, const Rules::Data& rules,
                                    bool named) {
  const auto found = facts.candidates.find(target);
  if (found == facts.candidates.end()) return {};
  const auto& existing = found->second;
  const auto& guards = rules.guards;
  const bool authority = rules.record_type == RecordType::authority;
  std::vector<Reason> reasons;
  const auto note = [&](Strike strike) {
    if (strike) reasons.push_back(std::move(*strike));
  };
  if (guards.briefer_level) note(briefer_level(incoming, existing, authority));
  if (guards.fewer_fields > 0) note(fewer_fields(incoming, existing, rules));
  if (guards.older) {
    const auto imported = facts.last_imported_005.find(target);
    note(older(incoming, imported != facts.last_imported_005.end() ? imported->second
                                                                   : existing.control("005")));
  }
  if (guards.edited && facts.edited.contains(target)) note(Reason{"guard_edited", {}});
  if (guards.other_kind)
    note(authority ? other_heading(incoming, existing) : other_kind(incoming, existing));
  if (guards.other_language) note(other_language(incoming, existing));
  if (authority || named) return reasons;
  if (guards.other_number) note(other_number(incoming, existing));
  if (guards.other_title) note(other_title(incoming, existing));
  return reasons;
}

}  // namespace connexion
