// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/data.hpp"
#include "json/names.hpp"
#include "json/reader.hpp"
#include "marc/draft.hpp"

namespace connexion {
namespace {

using json::Names;
using json::Reader;
using json::subfield_code;

constexpr Names<Encoding, 2> kEncodings{{{"utf-8", Encoding::utf8}, {"marc-8", Encoding::marc8}}};

// Of a data field that RecordBuilder takes.
std::string data_tag(const Reader& reader) {
  auto tag = reader.text();
  if (!detail::is_tag(tag) || detail::is_control_tag(tag))
    reader.fail("unknown_value", "'" + tag + "' is no tag of a field with subfields");
  return tag;
}

ItemsOut items_out(const Reader& reader) {
  reader.object({"tag", "subfields"});
  ItemsOut out{data_tag(reader.at("tag")), {}};
  for (const auto& [code, target] : reader.at("subfields").members())
    out.subfields.emplace(subfield_code(target, code), subfield_code(target, target.text()));
  if (out.subfields.empty()) reader.at("subfields").fail("unknown_value", "{} maps no subfield");
  return out;
}

}  // namespace

ClientRules ClientRules::from_json(std::string_view text) {
  const auto document = json::parse("rules", text);
  const Reader reader("rules", document, "");
  reader.object({"schema_version", "record_type", "encoding", "local_fields", "item_tag", "items"});
  (void)reader.at("schema_version").integer(1, 1);
  auto data = std::make_shared<Data>();
  data->record_type = reader.at("record_type").one_of(json::kRecordTypes);
  data->encoding = reader.at("encoding").one_of(kEncodings);
  for (const auto& each : reader.at("local_fields").list())
    data->local_fields.push_back(FieldPattern::parse(each.text()));
  data->item_tag = data_tag(reader.at("item_tag"));
  if (!reader.at("items").is_null()) data->items = items_out(reader.at("items"));
  return ClientRules(std::move(data));
}

}  // namespace connexion
