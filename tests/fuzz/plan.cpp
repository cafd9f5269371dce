// SPDX-License-Identifier: GPL-3.0-or-later
//
// A record, candidates, facts about items and rules made of the bytes. The plan must be JSON, the
// same each time, and tell what decide() says.
#include "connexion/plan.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <nlohmann/json.hpp>

#include "expect.hpp"

namespace {

using nlohmann::json;

template <std::size_t N>
const char* pick(FuzzedDataProvider& bytes, const std::array<const char*, N>& from) {
  return from[bytes.ConsumeIntegralInRange<std::size_t>(0, N - 1)];
}

constexpr std::array kTags{"010", "019", "020", "022", "024", "035", "245", "952", "100"};
constexpr std::array kWords{"9780306406157",
                            "0306406152 (pbk.)",
                            "(OCoLC)",
                            "(OCoLC)ocm00012345",
                            "12345",
                            "hbk.",
                            "3001",
                            "CPL",
                            "1234-5679",
                            "17",
                            "BK",
                            "n78-89035"};

std::string word(FuzzedDataProvider& bytes) {
  return bytes.ConsumeBool() ? pick(bytes, kWords) : bytes.ConsumeRandomLengthString(40);
}

// Text that no record can hold is left out: the builder refuses it.
connexion::Record record(FuzzedDataProvider& bytes) {
  connexion::RecordBuilder b;
  std::string leader = "00000nam a2200000 a 4500";
  leader[6] = "aamzuqwx!"[bytes.ConsumeIntegralInRange<std::size_t>(0, 8)];
  b.leader(leader);
  const auto attempt = [](auto&& act) {
    try {
      act();
    } catch (const connexion::Error& e) {
      fuzz::expect(e.code() == "record.bad_text", e.code());
    }
  };
  if (bytes.ConsumeBool()) attempt([&] { b.control_field("001", word(bytes)); });
  if (bytes.ConsumeBool())
    attempt([&] { b.control_field("003", bytes.ConsumeBool() ? "OCoLC" : "DLC"); });
  for (auto n = bytes.ConsumeIntegralInRange(0, 8); n > 0; --n) {
    b.data_field(pick(bytes, kTags), ' ', ' ');
    for (auto m = bytes.ConsumeIntegralInRange(0, 4); m > 0; --m)
      attempt([&] {
        b.subfield("abp9yz"[bytes.ConsumeIntegralInRange<std::size_t>(0, 5)], word(bytes));
      });
  }
  return b.build();
}

json component(FuzzedDataProvider& bytes) {
  constexpr std::array subfields{"a", "", "az"};
  constexpr std::array norms{"remove_spaces",  "upper_case", "lower_case",
                             "legacy_default", "ISBN",       "none"};
  json made{{"tag", bytes.ConsumeBool() ? pick(bytes, kTags) : "001"},
            {"subfields", pick(bytes, subfields)},
            {"offset", bytes.ConsumeIntegralInRange(-2, 20)},
            {"length", bytes.ConsumeIntegralInRange(-2, 20)},
            {"norms", json::array()}};
  for (auto n = bytes.ConsumeIntegralInRange(0, 2); n > 0; --n)
    made["norms"].push_back(pick(bytes, norms));
  return made;
}

json components(FuzzedDataProvider& bytes) {
  json all = json::array();
  all.push_back(component(bytes));
  if (bytes.ConsumeBool()) all.push_back(component(bytes));
  return all;
}

json matching_rule(FuzzedDataProvider& bytes, const char* type) {
  constexpr std::array indexes{"isbn", "issn,phr", "Control-number", "Other-control-number",
                               "lccn", "title"};
  json rule{{"code", "TEST"},
            {"record_type", type},
            {"threshold", bytes.ConsumeIntegralInRange(-1, 2000)},
            {"matchpoints", json::array()},
            {"required_checks", json::array()}};
  for (auto n = bytes.ConsumeIntegralInRange(0, 3); n > 0; --n)
    rule["matchpoints"].push_back({{"index", pick(bytes, indexes)},
                                   {"score", bytes.ConsumeIntegral<int>()},
                                   {"components", components(bytes)}});
  if (bytes.ConsumeBool())
    rule["required_checks"].push_back({{"source", {{"components", components(bytes)}}},
                                       {"target", {{"components", components(bytes)}}}});
  return rule;
}

json rules(FuzzedDataProvider& bytes) {
  const char* type = bytes.ConsumeBool() ? "biblio" : "authority";
  return {{"schema_version", 1},
          {"record_type", type},
          {"mode", bytes.ConsumeBool() ? "direct" : "stage"},
          {"matching_rule", bytes.ConsumeBool() ? matching_rule(bytes, type) : json()},
          {"on_match", pick(bytes, std::array{"replace", "create_new", "ignore"})},
          {"on_no_match", pick(bytes, std::array{"create_new", "ignore"})},
          {"items", pick(bytes, std::array{"always_add", "add_only_for_matches", "add_only_for_new",
                                           "ignore", "replace"})},
          {"several_matches", pick(bytes, std::array{"hold", "best", "refuse"})},
          {"no_match_keys", pick(bytes, std::array{"add", "hold", "refuse"})},
          {"item_conflict", pick(bytes, std::array{"item", "export"})}};
}

json items(FuzzedDataProvider& bytes) {
  json all = json::object();
  if (bytes.ConsumeBool())
    all["barcodes"]["3001"] = {{"itemnumber", bytes.ConsumeIntegralInRange(1, 20)},
                               {"biblionumber", bytes.ConsumeIntegralInRange(1, 4)}};
  if (bytes.ConsumeBool())
    all["itemnumbers"]["17"] = {{"biblionumber", bytes.ConsumeIntegralInRange(1, 4)}};
  if (bytes.ConsumeBool()) all["libraries"] = json::array({"CPL"});
  if (bytes.ConsumeBool()) all["itemtypes"] = json::array({"BK"});
  all["itemtype_required"] = bytes.ConsumeBool();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  FuzzedDataProvider bytes(data, size);
  const auto made = connexion::Rules::from_json(rules(bytes).dump());
  connexion::Facts facts;
  const auto points = made.has_matching() ? made.matching().matchpoints.size() : 0;
  if (points > 0) {
    for (auto n = bytes.ConsumeIntegralInRange(0, 5); n > 0; --n)
      facts.hit(
          bytes.ConsumeIntegralInRange<std::size_t>(0, points - 1),
          bytes.ConsumeIntegralInRange(1, 4),
          bytes.ConsumeBool() ? connexion::HitSource::search : connexion::HitSource::identifiers);
    for (std::int64_t id = 1; id <= 4; ++id)
      if (bytes.ConsumeBool()) facts.candidate(id, record(bytes));
  }
  facts.items_json(items(bytes).dump());
  const auto incoming = record(bytes);

  fuzz::expect(json::accept(connexion::item_questions(incoming, made)), "questions are JSON");
  const auto text = connexion::plan(incoming, facts, made);
  fuzz::expect(text == connexion::plan(incoming, facts, made), "a plan is the same each time");
  const auto document = json::parse(text, nullptr, false);
  fuzz::expect(!document.is_discarded(), "a plan is JSON", text);
  const auto decision = connexion::decide(incoming, facts, made);
  fuzz::expect(document["outcome"] == name_of(decision.action), "the plan tells the decision");
  fuzz::expect(document["items"].size() == decision.items.size(), "the plan tells all items");
  fuzz::expect(document["target"].is_null() == !decision.target, "the plan tells the target");
  return 0;
}
