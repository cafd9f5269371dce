// SPDX-License-Identifier: GPL-3.0-or-later
#include <nlohmann/json.hpp>

#include "connexion/error.hpp"
#include "connexion/text.hpp"
#include "plan/decide.hpp"

namespace connexion {
namespace {

using nlohmann::json;

std::string_view name_of(PlanOutcome outcome) {
  switch (outcome) {
    case PlanOutcome::add:
      return "add";
    case PlanOutcome::overlay:
      return "overlay";
    case PlanOutcome::ignore:
      return "ignore";
    case PlanOutcome::hold:
      return "hold";
    case PlanOutcome::refuse:
      break;
  }
  return "refuse";
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::chosen:
      return "chosen";
    case Verdict::equal:
      return "equal";
    case Verdict::lower_score:
      return "lower_score";
    case Verdict::below_threshold:
      return "below_threshold";
    case Verdict::failed_required_check:
      return "failed_required_check";
    case Verdict::not_verified:
      return "not_verified";
    case Verdict::gone:
      break;
  }
  return "gone";
}

std::string_view name_of(ItemDecision decision) {
  switch (decision) {
    case ItemDecision::add:
      return "add";
    case ItemDecision::replace:
      return "replace";
    case ItemDecision::ignore:
      return "ignore";
    case ItemDecision::hold:
      break;
  }
  return "hold";
}

json to_json(const Reason& reason) {
  json out{{"code", reason.code}};
  for (const auto& [name, value] : reason.texts) out["values"][name] = value;
  for (const auto& [name, value] : reason.numbers) out["values"][name] = value;
  return out;
}

template <typename Number>
json nullable(const std::optional<Number>& number) {
  return number ? json(*number) : json(nullptr);
}

json keys_json(const std::vector<MatchKeys>& keys) {
  json out = json::array();
  for (const auto& point : keys)
    out.push_back({{"matchpoint", point.matchpoint}, {"index", point.index}, {"keys", point.keys}});
  return out;
}

json candidates_json(const std::vector<JudgedCandidate>& candidates) {
  json out = json::array();
  for (const auto& candidate : candidates) {
    json found_by = json::array();
    for (const auto& [matchpoint, source] : candidate.found_by)
      found_by.push_back({{"matchpoint", matchpoint},
                          {"source", source == HitSource::search ? "search" : "identifiers"}});
    out.push_back({{"id", candidate.id},
                   {"score", candidate.score},
                   {"verdict", name_of(candidate.verdict)},
                   {"found_by", std::move(found_by)}});
  }
  return out;
}

json items_json(const std::vector<ItemPlan>& items) {
  json out = json::array();
  for (const auto& item : items)
    out.push_back({{"occurrence", item.occurrence},
                   {"action", name_of(item.action)},
                   {"reason", to_json(item.reason)},
                   {"barcode", item.barcode},
                   {"itemnumber", nullable(item.itemnumber)}});
  return out;
}

json record_json(const Record& record) {
  json numbers = json::array();
  for (const auto& identifier : identifiers(record))
    numbers.push_back({{"kind", identifier.kind}, {"value", identifier.value}});
  return {{"title", title(record)}, {"identifiers", std::move(numbers)}};
}

// Every text in a plan comes from a Record or from Rules, so it is UTF-8; but a document must come
// out whatever happens.
std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string item_questions(const Record& incoming, const Rules& rules) {
  json barcodes = json::array();
  json itemnumbers = json::array();
  const auto& codes = rules.data().item_subfields;
  for (const auto field : incoming.fields(rules.data().item_tag)) {
    if (const auto barcode = field.first(codes.barcode); !barcode.empty())
      barcodes.push_back(barcode);
    if (const auto number = field.first(codes.itemnumber); !number.empty())
      itemnumbers.push_back(number);
  }
  return dump({{"barcodes", std::move(barcodes)}, {"itemnumbers", std::move(itemnumbers)}});
}

std::string plan(const Record& incoming, const Facts& facts, const Rules& rules) {
  for (const auto& [id, hits] : facts.data().hits)
    for (const auto& hit : hits)
      if (hit.first >= rules.matching().matchpoints.size())
        throw Error("facts.no_such_matchpoint",
                    "matchpoint " + std::to_string(hit.first) + " is not in the matching rule");
  const auto decision = decide(incoming, facts.data(), rules.data());
  json reasons = json::array();
  for (const auto& reason : decision.reasons) reasons.push_back(to_json(reason));
  json match{{"rule", rules.has_matching() ? json(rules.matching().code) : json(nullptr)},
             {"threshold", rules.matching().threshold},
             {"keys", keys_json(decision.keys)},
             {"candidates", candidates_json(decision.candidates)}};
  return dump(
      {{"schema_version", 1},
       {"record_type", rules.data().record_type == RecordType::authority ? "authority" : "biblio"},
       {"mode", rules.data().mode == Mode::stage ? "stage" : "direct"},
       {"outcome", name_of(decision.outcome)},
       {"reasons", std::move(reasons)},
       {"target", nullable(decision.target)},
       {"record", record_json(incoming)},
       {"match", std::move(match)},
       {"items", items_json(decision.items)}});
}

}  // namespace connexion
