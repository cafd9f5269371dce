// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/plan.hpp"
#include "json/names.hpp"
#include "json/reader.hpp"
#include "plan/data.hpp"

namespace connexion {
namespace {

using json::Names;
using json::Reader;
using json::subfield_code;

constexpr Names<Mode, 2> kModes{{{"direct", Mode::direct}, {"stage", Mode::stage}}};
constexpr Names<OnMatch, 3> kOnMatch{{{"replace", OnMatch::replace},
                                      {"create_new", OnMatch::create_new},
                                      {"ignore", OnMatch::ignore}}};
constexpr Names<OnNoMatch, 2> kOnNoMatch{
    {{"create_new", OnNoMatch::create_new}, {"ignore", OnNoMatch::ignore}}};
constexpr Names<Items, 5> kItems{{{"always_add", Items::always_add},
                                  {"add_only_for_matches", Items::add_only_for_matches},
                                  {"add_only_for_new", Items::add_only_for_new},
                                  {"ignore", Items::ignore},
                                  {"replace", Items::replace}}};
constexpr Names<SeveralMatches, 3> kSeveralMatches{{{"hold", SeveralMatches::hold},
                                                    {"best", SeveralMatches::best},
                                                    {"refuse", SeveralMatches::refuse}}};
constexpr Names<NoMatchKeys, 3> kNoMatchKeys{
    {{"add", NoMatchKeys::add}, {"hold", NoMatchKeys::hold}, {"refuse", NoMatchKeys::refuse}}};
constexpr Names<LocalPolicy, 3> kLocalPolicies{{{"keep_existing", LocalPolicy::keep_existing},
                                                {"add_incoming", LocalPolicy::add_incoming},
                                                {"prefer_incoming", LocalPolicy::prefer_incoming}}};
constexpr Names<ItemConflict, 2> kItemConflict{
    {{"item", ItemConflict::item}, {"export", ItemConflict::export_}}};

std::string some_text(const Reader& reader) {
  auto text = reader.text();
  if (text.empty()) reader.fail("unknown_value", "'' is empty");
  return text;
}

std::string tag(const Reader& reader) {
  auto tag = reader.text();
  if (tag.size() != 3) reader.fail("unknown_value", "'" + tag + "' is not a tag");
  return tag;
}

MatchComponent component(const Reader& reader) {
  reader.object({"tag", "subfields", "offset", "length", "norms"});
  MatchComponent component;
  component.tag = tag(reader.at("tag"));
  if (reader.has("subfields")) component.subfields = reader.at("subfields").text();
  if (reader.has("offset")) component.offset = reader.at("offset").small_integer();
  if (reader.has("length")) component.length = reader.at("length").small_integer();
  if (reader.has("norms"))
    for (const auto& norm : reader.at("norms").list()) component.norms.push_back(norm.text());
  return component;
}

std::vector<MatchComponent> components(const Reader& reader) {
  std::vector<MatchComponent> all;
  for (const auto& each : reader.list()) all.push_back(component(each));
  if (all.empty()) reader.fail("unknown_value", "[] is empty");
  return all;
}

Matchpoint matchpoint(const Reader& reader) {
  reader.object({"index", "score", "components"});
  return {some_text(reader.at("index")), reader.at("score").small_integer(),
          components(reader.at("components"))};
}

Matchpoint check_side(const Reader& reader) {
  reader.object({"components"});
  return {"", 0, components(reader.at("components"))};
}

MatchingRule matching_rule(const Reader& reader, RecordType record_type) {
  reader.object({"code", "record_type", "threshold", "matchpoints", "required_checks"});
  MatchingRule rule;
  rule.code = some_text(reader.at("code"));
  const auto type = reader.at("record_type");
  if (type.one_of(json::kRecordTypes) != record_type)
    type.fail("unknown_value", "'" + type.text() + "' is not the record type of the rules");
  rule.record_type = type.text();
  rule.threshold = reader.at("threshold").small_integer();
  for (const auto& each : reader.at("matchpoints").list())
    rule.matchpoints.push_back(matchpoint(each));
  if (!reader.has("required_checks")) return rule;
  for (const auto& each : reader.at("required_checks").list()) {
    each.object({"source", "target"});
    rule.required_checks.push_back({check_side(each.at("source")), check_side(each.at("target"))});
  }
  return rule;
}

bool is_given(const Reader& reader, std::string_view name) {
  return reader.has(name) && !reader.at(name).is_null();
}

std::optional<char> subfield_code_of(const Reader& reader, std::string_view name) {
  if (!is_given(reader, name)) return std::nullopt;
  return subfield_code(reader.at(name), reader.at(name).text());
}

ItemSubfields item_subfields(const Reader& reader) {
  reader.object({"barcode", "itemnumber", "homebranch", "holdingbranch", "itype", "ccode"});
  return {subfield_code_of(reader, "barcode"),    subfield_code_of(reader, "itemnumber"),
          subfield_code_of(reader, "homebranch"), subfield_code_of(reader, "holdingbranch"),
          subfield_code_of(reader, "itype"),      subfield_code_of(reader, "ccode")};
}

std::string data_tag(const Reader& reader) {
  auto text = tag(reader);
  if (text.starts_with("00")) reader.fail("unknown_value", "'" + text + "' has no subfields");
  return text;
}

ItemSource item_source(const Reader& reader) {
  reader.object({"tag", "subfields"});
  ItemSource source{data_tag(reader.at("tag")), {}};
  for (const auto& [code, target] : reader.at("subfields").members())
    source.subfields.emplace(subfield_code(target, code), subfield_code(target, target.text()));
  if (source.subfields.empty()) reader.at("subfields").fail("unknown_value", "{} maps no subfield");
  return source;
}

std::optional<std::string> text_of(const Reader& reader, std::string_view name) {
  return is_given(reader, name) ? std::optional(some_text(reader.at(name))) : std::nullopt;
}

ItemDefaults item_defaults(const Reader& reader) {
  reader.object({"homebranch", "holdingbranch", "itype", "ccode"});
  return {text_of(reader, "homebranch"), text_of(reader, "holdingbranch"), text_of(reader, "itype"),
          text_of(reader, "ccode")};
}

TargetField target_field(const Reader& reader) {
  reader.object({"tag", "subfield"});
  const auto code = reader.at("subfield");
  return {data_tag(reader.at("tag")), subfield_code(code, code.text())};
}

Guards guards(const Reader& reader) {
  reader.object({"briefer_level", "fewer_fields", "older", "edited", "other_kind", "other_language",
                 "other_number", "other_title"});
  const auto is_on = [&](std::string_view name) {
    return reader.has(name) && reader.at(name).boolean();
  };
  Guards guards{is_on("briefer_level"), 0,
                is_on("older"),         is_on("edited"),
                is_on("other_kind"),    is_on("other_language"),
                is_on("other_number"),  is_on("other_title")};
  if (reader.has("fewer_fields"))
    guards.fewer_fields = static_cast<int>(reader.at("fewer_fields").integer(0, 100));
  return guards;
}

LocalField local_field(const Reader& reader) {
  reader.object({"fields", "policy"});
  return {FieldPattern::parse(reader.at("fields").text()),
          reader.at("policy").one_of(kLocalPolicies)};
}

void read_overlay(const Reader& reader, Rules::Data& data) {
  if (is_given(reader, "target_field")) data.target_field = target_field(reader.at("target_field"));
  if (reader.has("guards")) data.guards = guards(reader.at("guards"));
  if (reader.has("local_fields"))
    for (const auto& each : reader.at("local_fields").list())
      data.local_fields.push_back(local_field(each));
  if (reader.has("koha_numbers_tag"))
    data.koha_numbers_tag =
        is_given(reader, "koha_numbers_tag") ? tag(reader.at("koha_numbers_tag")) : "";
  if (reader.has("oclc_into_035")) data.oclc_into_035 = reader.at("oclc_into_035").boolean();
  if (reader.has("koha_overlay_rules"))
    data.koha_overlay_rules = reader.at("koha_overlay_rules").boolean();
}

}  // namespace

Rules Rules::from_json(std::string_view text) {
  const auto document = json::parse("rules", text);
  const Reader reader("rules", document, "");
  reader.object({"schema_version", "record_type",      "mode",          "matching_rule",
                 "on_match",       "on_no_match",      "items",         "several_matches",
                 "no_match_keys",  "item_conflict",    "item_tag",      "item_subfields",
                 "item_source",    "item_defaults",    "target_field",  "guards",
                 "local_fields",   "koha_numbers_tag", "oclc_into_035", "koha_overlay_rules"});
  (void)reader.at("schema_version").integer(1, 1);
  auto data = std::make_shared<Data>();
  data->record_type = reader.at("record_type").one_of(json::kRecordTypes);
  data->mode = reader.at("mode").one_of(kModes);
  if (!reader.at("matching_rule").is_null())
    data->matching = matching_rule(reader.at("matching_rule"), data->record_type);
  data->on_match = reader.at("on_match").one_of(kOnMatch);
  data->on_no_match = reader.at("on_no_match").one_of(kOnNoMatch);
  data->items = reader.at("items").one_of(kItems);
  if (reader.has("several_matches"))
    data->several_matches = reader.at("several_matches").one_of(kSeveralMatches);
  if (reader.has("no_match_keys"))
    data->no_match_keys = reader.at("no_match_keys").one_of(kNoMatchKeys);
  if (reader.has("item_conflict"))
    data->item_conflict = reader.at("item_conflict").one_of(kItemConflict);
  if (reader.has("item_tag")) data->item_tag = tag(reader.at("item_tag"));
  if (reader.has("item_subfields"))
    data->item_subfields = item_subfields(reader.at("item_subfields"));
  if (is_given(reader, "item_source")) data->item_source = item_source(reader.at("item_source"));
  if (reader.has("item_defaults")) data->item_defaults = item_defaults(reader.at("item_defaults"));
  read_overlay(reader, *data);
  return Rules(std::move(data));
}

}  // namespace connexion
