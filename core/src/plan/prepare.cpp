// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <vector>

#include "connexion/plan.hpp"
#include "match/numbers.hpp"
#include "plan/data.hpp"

namespace connexion {
namespace {

bool is_mapped(const Subfield& subfield, const ItemSource& source) {
  return source.subfields.contains(subfield.code) && !numbers::trimmed(subfield.value).empty();
}

bool is_item(const Field& field, const ItemSource& source) {
  if (field.tag() != source.tag) return false;
  const auto subfields = field.subfields();
  return std::any_of(subfields.begin(), subfields.end(),
                     [&](const Subfield& subfield) { return is_mapped(subfield, source); });
}

void append_item(RecordBuilder& builder, const Field& field, const Rules::Data& rules) {
  builder.data_field(rules.item_tag, ' ', ' ');
  for (const auto subfield : field.subfields())
    if (is_mapped(subfield, *rules.item_source))
      builder.subfield(rules.item_source->subfields.at(subfield.code), subfield.value);
}

}  // namespace

Record prepare(const Record& incoming, const Rules& rules) {
  const auto& data = rules.data();
  if (!data.item_source || data.record_type != RecordType::biblio) return incoming;
  std::vector<Field> kept, sources;
  for (const auto field : incoming.fields())
    (is_item(field, *data.item_source) ? sources : kept).push_back(field);
  if (sources.empty()) return incoming;
  // behind the items that are there; without any, where a field with their tag belongs
  const auto place = std::find_if(kept.rbegin(), kept.rend(), [&](const Field& field) {
                       return field.tag() <= data.item_tag;
                     }).base();
  RecordBuilder builder;
  builder.leader(incoming.leader());
  for (auto at = kept.begin(); at != place; ++at) builder.append(*at);
  for (const auto& source : sources) append_item(builder, source, data);
  for (auto at = place; at != kept.end(); ++at) builder.append(*at);
  return builder.build();
}

}  // namespace connexion
