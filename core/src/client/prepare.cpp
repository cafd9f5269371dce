// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/prepare.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "connexion/match.hpp"
#include "match/numbers.hpp"

namespace connexion::client {
namespace {

// Koha keeps the number of the linked authority here.
constexpr char kLinkSubfield = '9';

// Headings: what Koha links to authorities. Elsewhere $9 is others' business, as LC's 035 $9.
bool is_heading(const Field& field) {
  const auto tag = field.tag();
  return std::string_view("14678").find(tag[0]) != std::string_view::npos || tag == "240";
}

bool has_link(const Field& field) {
  return is_heading(field) && field.first(kLinkSubfield).data() != nullptr;
}

bool is_left_out(const Field& field, const ClientRules::Data& rules) {
  const auto tag = field.tag();
  if (tag == "001" || tag == "003") return true;
  if (rules.record_type == RecordType::biblio && tag == rules.item_tag) return true;
  return std::any_of(rules.local_fields.begin(), rules.local_fields.end(),
                     [&](const FieldPattern& pattern) { return pattern.matches(field); });
}

bool is_item(const Field& field, const ClientRules::Data& rules) {
  return rules.items && rules.record_type == RecordType::biblio && field.tag() == rules.item_tag;
}

bool is_link_alone(const Field& field) {
  const auto subfields = field.subfields();
  return has_link(field) &&
         std::all_of(subfields.begin(), subfields.end(),
                     [](const Subfield& subfield) { return subfield.code == kLinkSubfield; });
}

void append(RecordBuilder& builder, const Field& field) {
  if (!has_link(field)) {
    builder.append(field);
    return;
  }
  builder.data_field(field.tag(), field.indicator(1), field.indicator(2));
  for (const auto subfield : field.subfields())
    if (subfield.code != kLinkSubfield) builder.subfield(subfield.code, subfield.value);
}

void append_item(RecordBuilder& builder, const Field& item, const ItemsOut& out) {
  bool opened = false;
  for (const auto subfield : item.subfields()) {
    const auto target = out.subfields.find(subfield.code);
    if (target == out.subfields.end() || numbers::trimmed(subfield.value).empty()) continue;
    if (!opened) builder.data_field(out.tag, ' ', ' ');
    opened = true;
    builder.subfield(target->second, subfield.value);
  }
}

bool has_035(const std::vector<Field>& fields, const std::string& number) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
    if (field.tag() != "035") return false;
    const auto subfields = field.subfields();
    return std::any_of(subfields.begin(), subfields.end(), [&](const Subfield& subfield) {
      return subfield.code == 'a' && numbers::names_oclc(subfield.value) &&
             normal_oclc(subfield.value) == number;
    });
  });
}

// Where a field with this tag belongs: behind the last one that is not above it.
std::size_t place_of(const std::vector<Field>& fields, std::string_view tag) {
  const auto last = std::find_if(fields.rbegin(), fields.rend(),
                                 [&](const Field& field) { return field.tag() <= tag; });
  return static_cast<std::size_t>(last.base() - fields.begin());
}

}  // namespace

Record prepare(const Record& record, const std::string& number, const ClientRules::Data& rules) {
  constexpr auto nowhere = static_cast<std::size_t>(-1);
  std::vector<Field> kept, items;
  for (const auto field : record.fields()) {
    if (is_item(field, rules)) items.push_back(field);
    if (!is_left_out(field, rules) && !is_link_alone(field)) kept.push_back(field);
  }
  const auto number_at = number.empty() || has_035(kept, number) ? nowhere : place_of(kept, "035");
  const auto items_at = items.empty() ? nowhere : place_of(kept, rules.items->tag);
  RecordBuilder builder;
  builder.leader(record.leader());
  for (std::size_t i = 0; i <= kept.size(); ++i) {
    if (i == number_at) builder.data_field("035", ' ', ' ').subfield('a', "(OCoLC)" + number);
    if (i == items_at)
      for (const auto& item : items) append_item(builder, item, *rules.items);
    if (i < kept.size()) append(builder, kept[i]);
  }
  return builder.build();
}

std::string oclc_number(const Record& record) {
  if (record.type() == RecordType::authority) return {};
  for (const auto& identifier : identifiers(record))
    if (identifier.kind == "oclc") return identifier.value;
  return {};
}

}  // namespace connexion::client
