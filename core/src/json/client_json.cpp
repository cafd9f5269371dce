// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "client/data.hpp"
#include "json/reader.hpp"

namespace connexion {
namespace {

using json::Names;
using json::Reader;

constexpr Names<RecordType, 2> kRecordTypes{
    {{"biblio", RecordType::biblio}, {"authority", RecordType::authority}}};
constexpr Names<Encoding, 2> kEncodings{{{"utf-8", Encoding::utf8}, {"marc-8", Encoding::marc8}}};

bool is_tag_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of a data field that RecordBuilder takes.
std::string data_tag(const Reader& reader) {
  auto tag = reader.text();
  if (tag.size() != 3 || !std::all_of(tag.begin(), tag.end(), is_tag_character) ||
      tag.starts_with("00"))
    reader.fail("unknown_value", "'" + tag + "' is no tag of a field with subfields");
  return tag;
}

char subfield_code(const Reader& reader, const std::string& code) {
  if (code.size() != 1 || code[0] <= ' ' || code[0] > '~')
    reader.fail("unknown_value", "'" + code + "' is not a subfield code");
  return code[0];
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
  data->record_type = reader.at("record_type").one_of(kRecordTypes);
  data->encoding = reader.at("encoding").one_of(kEncodings);
  for (const auto& each : reader.at("local_fields").list())
    data->local_fields.push_back(FieldPattern::parse(each.text()));
  data->item_tag = data_tag(reader.at("item_tag"));
  if (!reader.at("items").is_null()) data->items = items_out(reader.at("items"));
  return ClientRules(std::move(data));
}

}  // namespace connexion
