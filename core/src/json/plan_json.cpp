// SPDX-License-Identifier: GPL-3.0-or-later
#include <nlohmann/json.hpp>

#include "connexion/plan.hpp"
#include "connexion/text.hpp"
#include "plan/data.hpp"
#include "plan/items.hpp"

namespace connexion {
namespace {

using Json = nlohmann::json;  // sorts its members

std::string dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json reason_json(const Reason& reason) {
  Json json{{"code", reason.code}};
  for (const auto& [name, value] : reason.values)
    std::visit([&, &key = name](const auto& v) { json["values"][key] = v; }, value);
  return json;
}

Json reasons_json(const std::vector<Reason>& reasons) {
  auto json = Json::array();
  for (const auto& reason : reasons) json.push_back(reason_json(reason));
  return json;
}

Json candidate_json(const Candidate& candidate) {
  auto found_by = Json::array();
  for (const auto& found : candidate.found_by)
    found_by.push_back({{"matchpoint", found.matchpoint},
                        {"source", name_of(found.source)},
                        {"counts", found.counts}});
  return {{"id", candidate.id},
          {"score", candidate.score},
          {"verdict", name_of(candidate.verdict)},
          {"found_by", std::move(found_by)}};
}

Json match_json(const Record& incoming, const Rules& rules, const Decision& decision) {
  auto keys = Json::array();
  for (auto& point : point_keys(incoming, rules.matching()))
    keys.push_back({{"matchpoint", point.matchpoint},
                    {"index", std::move(point.index)},
                    {"keys", std::move(point.keys)},
                    {"searched", std::move(point.searched)}});
  auto candidates = Json::array();
  for (const auto& candidate : decision.candidates) candidates.push_back(candidate_json(candidate));
  Json json{{"rule", nullptr}, {"threshold", nullptr}};
  if (rules.has_matching()) {
    json["rule"] = rules.matching().code;
    json["threshold"] = rules.matching().threshold;
  }
  json["keys"] = std::move(keys);
  json["candidates"] = std::move(candidates);
  return json;
}

Json record_json(const Record& incoming) {
  auto numbers = Json::array();
  for (const auto& id : identifiers(incoming))
    numbers.push_back({{"kind", id.kind}, {"value", id.value}});
  return {{"title", title(incoming)}, {"identifiers", std::move(numbers)}};
}

Json items_json(const Decision& decision) {
  auto json = Json::array();
  for (const auto& item : decision.items)
    json.push_back({{"occurrence", item.occurrence},
                    {"action", name_of(item.action)},
                    {"reason", reason_json(item.reason)},
                    {"barcode", or_null(item.barcode)},
                    {"defaults", item.defaults},
                    {"itemnumber", or_null(item.itemnumber)}});
  return json;
}

// Where the target is overlaid, or would be but for a guard or an item.
Json fields_json(const Record& incoming, const Facts& facts, const Rules& rules,
                 const Decision& decision) {
  auto json = Json::array();
  const auto& decided = facts.data().decided;
  const bool overlays = decided ? decided->action == RecordAction::overlay
                                : rules.data().on_match == OnMatch::replace;
  if (!decision.target || !overlays) return json;
  for (const auto& change : field_changes(incoming, facts, *decision.target, rules))
    json.push_back({{"action", name_of(change.action)},
                    {"tag", change.tag},
                    {"text", change.text},
                    {"line", or_null(change.line)}});
  return json;
}

}  // namespace

std::string item_questions(const Record& incoming, const Rules& rules, bool for_a_person) {
  std::set<std::string> barcodes, itemnumbers;
  if (rules.data().items != Items::ignore || for_a_person)
    for (const auto& item : items::read(incoming, rules.data())) {
      if (item.barcode) barcodes.insert(*item.barcode);
      if (item.itemnumber && (rules.data().items == Items::replace || for_a_person))
        itemnumbers.insert(std::to_string(*item.itemnumber));
    }
  return dump({{"barcodes", barcodes}, {"itemnumbers", itemnumbers}});
}

std::string plan(const Record& incoming, const Facts& facts, const Rules& rules) {
  const auto decision = decide(incoming, facts, rules);
  const Json document{
      {"schema_version", 1},
      {"record_type", rules.data().record_type == RecordType::authority ? "authority" : "biblio"},
      {"mode", name_of(rules.data().mode)},
      {"outcome", name_of(decision.action)},
      {"reasons", reasons_json(decision.reasons)},
      {"target", or_null(decision.target)},
      {"record", record_json(incoming)},
      {"match", match_json(incoming, rules, decision)},
      {"items", items_json(decision)},
      {"fields", fields_json(incoming, facts, rules, decision)},
      {"koha_overlay_rules", rules.data().koha_overlay_rules}};
  return dump(document);
}

}  // namespace connexion
