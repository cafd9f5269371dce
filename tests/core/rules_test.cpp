// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "connexion/error.hpp"
#include "connexion/plan.hpp"

using connexion::Error;
using connexion::Facts;
using connexion::Rules;

namespace {

const std::string kRules = R"({
  "schema_version": 1, "record_type": "biblio", "mode": "direct",
  "matching_rule": {
    "code": "ISBN", "record_type": "biblio", "threshold": 1000,
    "matchpoints": [{"index": "isbn", "score": 600, "components": [
      {"tag": "020", "subfields": "a", "offset": 1, "length": 2, "norms": ["ISBN", "upper_case"]},
      {"tag": "LDR"}]}],
    "required_checks": [{"source": {"components": [{"tag": "245"}]},
                         "target": {"components": [{"tag": "246"}]}}]},
  "on_match": "replace", "on_no_match": "create_new", "items": "always_add",
  "several_matches": "hold", "no_match_keys": "add", "item_conflict": "item", "item_tag": "952",
  "item_subfields": {"barcode": "p", "itemnumber": "9", "homebranch": "a", "holdingbranch": "b",
                     "itype": null}})";

std::string with(const std::string& what, const std::string& instead) {
  std::string text = kRules;
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), instead);
}

// "code | message" of the error.
template <typename Use>
std::string error(Use use) {
  try {
    use();
  } catch (const Error& e) {
    return e.code() + " | " + e.what();
  }
  return "none";
}

std::string rules_error(const std::string& json) {
  return error([&] { (void)Rules::from_json(json); });
}

std::string facts_error(const std::string& json) {
  return error([&] { Facts().items_json(json); });
}

}  // namespace

TEST_CASE("rules: the matching rule is read") {
  const auto rules = Rules::from_json(kRules);
  REQUIRE(rules.has_matching());
  const auto& rule = rules.matching();
  CHECK(rule.code == "ISBN");
  CHECK(rule.threshold == 1000);
  REQUIRE(rule.matchpoints.size() == 1);
  CHECK(rule.matchpoints[0].index == "isbn");
  CHECK(rule.matchpoints[0].score == 600);
  REQUIRE(rule.matchpoints[0].components.size() == 2);
  const auto& component = rule.matchpoints[0].components[0];
  CHECK(component.tag == "020");
  CHECK(component.subfields == "a");
  CHECK(component.offset == 1);
  CHECK(component.length == 2);
  CHECK(component.norms == std::vector<std::string>{"ISBN", "upper_case"});
  CHECK(rule.matchpoints[0].components[1].subfields.empty());
  REQUIRE(rule.required_checks.size() == 1);
  CHECK(rule.required_checks[0].source.components[0].tag == "245");
  CHECK(rule.required_checks[0].target.components[0].tag == "246");
}

TEST_CASE("rules: without a matching rule, and with as few members as there may be") {
  const auto rules = Rules::from_json(R"({"schema_version": 1, "record_type": "authority",
    "mode": "stage", "matching_rule": null, "on_match": "ignore", "on_no_match": "ignore",
    "items": "ignore"})");
  CHECK(!rules.has_matching());
  CHECK(rules.matching().code.empty());
  CHECK(rules.matching().matchpoints.empty());
}

TEST_CASE("rules: every value of every member is known") {
  for (const char* value : {"replace", "create_new", "ignore"})
    CHECK(rules_error(with("\"on_match\": \"replace\"",
                           "\"on_match\": \"" + std::string(value) + "\"")) == "none");
  for (const char* value : {"create_new", "ignore"})
    CHECK(rules_error(with("\"on_no_match\": \"create_new\"",
                           "\"on_no_match\": \"" + std::string(value) + "\"")) == "none");
  for (const char* value :
       {"always_add", "add_only_for_matches", "add_only_for_new", "ignore", "replace"})
    CHECK(rules_error(with("always_add", value)) == "none");
  for (const char* value : {"hold", "best", "refuse"})
    CHECK(rules_error(with("\"several_matches\": \"hold\"",
                           "\"several_matches\": \"" + std::string(value) + "\"")) == "none");
  for (const char* value : {"add", "hold", "refuse"})
    CHECK(rules_error(with("\"no_match_keys\": \"add\"",
                           "\"no_match_keys\": \"" + std::string(value) + "\"")) == "none");
  for (const char* value : {"item", "export"})
    CHECK(rules_error(with("\"item_conflict\": \"item\"",
                           "\"item_conflict\": \"" + std::string(value) + "\"")) == "none");
}

TEST_CASE("rules: errors name the member and the value") {
  CHECK(rules_error("{") == "rules.not_json | rules: the text is not a JSON document in UTF-8");
  CHECK(rules_error("\"\xFF\"") ==
        "rules.not_json | rules: the text is not a JSON document in UTF-8");
  CHECK(rules_error("[1]") == "rules.wrong_type | rules: [1] is not an object");
  CHECK(rules_error("{}") == "rules.missing_member | schema_version: is missing");
  CHECK(rules_error(with("\"schema_version\": 1", "\"schema_version\": 2")) ==
        "rules.unknown_value | schema_version: 2 is not between 1 and 1");
  CHECK(rules_error(with("\"schema_version\": 1", "\"schema_version\": \"1\"")) ==
        "rules.wrong_type | schema_version: \"1\" is not an integer");
  CHECK(rules_error(with("\"on_match\": \"replace\"", "\"on_match\": \"merge\"")) ==
        "rules.unknown_value | on_match: 'merge' is not one of replace, create_new, ignore");
  CHECK(rules_error(with("\"on_match\": \"replace\"", "\"on_match\": null")) ==
        "rules.wrong_type | on_match: null is not a string");
  CHECK(rules_error(with("\"on_match\": \"replace\"", "\"on_macth\": \"replace\"")) ==
        "rules.unknown_member | on_macth: there is no such member (its value is \"replace\")");
  CHECK(rules_error(with("\"on_match\": \"replace\", ", "")) ==
        "rules.missing_member | on_match: is missing");
  CHECK(rules_error(with("\"tag\": \"020\"", "\"tag\": \"02\"")) ==
        "rules.unknown_value | matching_rule.matchpoints[0].components[0].tag: '02' is not a tag");
  CHECK(rules_error(with("\"length\": 2", "\"length\": 2.5")) ==
        "rules.wrong_type | matching_rule.matchpoints[0].components[0].length: 2.5 is not an "
        "integer");
  CHECK(
      rules_error(with("\"ISBN\", \"upper_case\"", "\"ISBN\", 7")) ==
      "rules.wrong_type | matching_rule.matchpoints[0].components[0].norms[1]: 7 is not a string");
  CHECK(rules_error(with("\"score\": 600", "\"score\": 99999999999")) ==
        "rules.unknown_value | matching_rule.matchpoints[0].score: 99999999999 is not between "
        "-2147483648 and 2147483647");
  CHECK(rules_error(with("\"score\": 600", "\"score\": 18446744073709551615")) ==
        "rules.unknown_value | matching_rule.matchpoints[0].score: 18446744073709551615 is not "
        "between -2147483648 and 2147483647");
  CHECK(rules_error(with("\"index\": \"isbn\"", "\"index\": \"\"")) ==
        "rules.unknown_value | matching_rule.matchpoints[0].index: '' is empty");
  CHECK(rules_error(with("[{\"tag\": \"245\"}]", "[]")) ==
        "rules.unknown_value | matching_rule.required_checks[0].source.components: [] is empty");
  CHECK(rules_error(with("\"source\"", "\"sources\""))
            .starts_with("rules.unknown_member | matching_rule.required_checks[0].sources: there "
                         "is no such member"));
  CHECK(rules_error(with("\"code\": \"ISBN\", \"record_type\": \"biblio\"",
                         "\"code\": \"ISBN\", \"record_type\": \"authority\"")) ==
        "rules.unknown_value | matching_rule.record_type: 'authority' is not the record type of "
        "the rules");
  CHECK(rules_error(with("\"barcode\": \"p\"", "\"barcode\": \"pp\"")) ==
        "rules.unknown_value | item_subfields.barcode: 'pp' is not a subfield code");
  CHECK(rules_error(with("\"item_tag\": \"952\"", "\"item_tag\": 952")) ==
        "rules.wrong_type | item_tag: 952 is not a string");
  // long values are cut, and what isn't ASCII is escaped
  CHECK(rules_error(with("\"item\",", "[\"" + std::string(200, 'x') + "\"],")).size() < 150);
}

TEST_CASE("facts: items") {
  for (const char* fine :
       {"{}", R"({"barcodes": {}, "itemnumbers": {}, "libraries": [], "itemtypes": []})",
        R"({"barcodes": {"3001": {"itemnumber": 1, "biblionumber": 34}},
            "itemnumbers": {"17": {"biblionumber": 34}}, "libraries": ["CPL"],
            "itemtypes": ["BK"], "itemtype_required": true})"})
    CHECK(facts_error(fine) == "none");
  CHECK(facts_error("nonsense") ==
        "facts.not_json | facts: the text is not a JSON document in UTF-8");
  CHECK(facts_error(R"({"barcode": {}})").starts_with("facts.unknown_member | barcode: "));
  CHECK(facts_error(R"({"barcodes": []})") == "facts.wrong_type | barcodes: [] is not an object");
  CHECK(facts_error(R"({"barcodes": {"3001": {"itemnumber": 1}}})") ==
        "facts.missing_member | barcodes.3001.biblionumber: is missing");
  CHECK(facts_error(R"({"barcodes": {"3001": {"itemnumber": "1", "biblionumber": 2}}})") ==
        "facts.wrong_type | barcodes.3001.itemnumber: \"1\" is not an integer");
  CHECK(facts_error(R"({"itemnumbers": {"17": {"biblionumber": 0}}})")
            .starts_with("facts.unknown_value | itemnumbers.17.biblionumber: 0 is not between 1"));
  CHECK(facts_error(R"({"itemnumbers": {"x": {"biblionumber": 1}}})") ==
        "facts.unknown_value | itemnumbers.x: 'x' is not an item number");
  CHECK(facts_error(R"({"libraries": "CPL"})") ==
        "facts.wrong_type | libraries: \"CPL\" is not an array");
  CHECK(facts_error(R"({"itemtype_required": 1})") ==
        "facts.wrong_type | itemtype_required: 1 is not true or false");
}

TEST_CASE("facts: hits and candidates") {
  using connexion::HitSource;
  using connexion::RecordBuilder;
  Facts facts;
  CHECK(error([&] { facts.hit(0, 0, HitSource::search); }) ==
        "facts.bad_id | hit: 0 is no record number");
  CHECK(error([&] { facts.candidate(-1, RecordBuilder().build()); }) ==
        "facts.bad_id | candidate: -1 is no record number");
  RecordBuilder other;
  other.control_field("001", "x");
  facts.candidate(5, RecordBuilder().build());
  CHECK(error([&] { facts.candidate(5, RecordBuilder().build()); }) == "none");
  CHECK(error([&] { facts.candidate(5, other.build()); }) ==
        "facts.candidate_twice | candidate: two different records were given for 5");
  facts.hit(1, 5, HitSource::search);
  const auto rules = Rules::from_json(kRules);
  const auto record = RecordBuilder().leader("00000nam a2200000 a 4500").build();
  CHECK(error([&] { (void)connexion::decide(record, facts, rules); }) ==
        "facts.unknown_matchpoint | matchpoint 1 is not in the matching rule");
}

TEST_CASE("rules: a control character in a name does not cut the sentence") {
  try {
    (void)Rules::from_json("{\"\\u0000x\": 1}");
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("?x: there is no such member"));
  }
}
