// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Koha's own code made of matching rules and records (tests/golden/matching).
// perl/t/matching.t holds the binding to the same.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "connexion/marc.hpp"
#include "connexion/plan.hpp"

namespace {

using connexion::Record;
using nlohmann::json;
namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

// The records of a file are counted by their terminators.
Record record_of(const std::string& file, int number) {
  static std::map<std::string, std::string> files;
  auto& bytes = files[file];
  if (bytes.empty()) bytes = slurp(fs::path(CONNEXION_TEST_DATA) / file);
  std::size_t begin = 0;
  for (; number > 0; --number) begin = bytes.find('\x1D', begin) + 1;
  connexion::ReadOptions options;
  options.nfc = true;
  const auto length = bytes.find('\x1D', begin) + 1 - begin;
  auto read = connexion::read_iso2709(std::string_view(bytes).substr(begin, length), options);
  REQUIRE(read.record);
  return *read.record;
}

connexion::Rules rules_of(const json& rule) {
  const json document = {{"schema_version", 1},       {"record_type", rule.at("record_type")},
                         {"mode", "direct"},          {"matching_rule", rule},
                         {"on_match", "replace"},     {"on_no_match", "create_new"},
                         {"several_matches", "best"}, {"items", "ignore"}};
  return connexion::Rules::from_json(document.dump());
}

// What Koha finds, as it sorts them; that OCLC numbers tell equal ones apart is ours alone.
json found(const connexion::Decision& decision) {
  using connexion::Verdict;
  std::vector<std::pair<int, std::int64_t>> kept;
  for (const auto& candidate : decision.candidates)
    if (candidate.verdict == Verdict::chosen || candidate.verdict == Verdict::equal ||
        candidate.verdict == Verdict::other_number || candidate.verdict == Verdict::lower_score)
      kept.emplace_back(candidate.score, candidate.id);
  std::sort(kept.rbegin(), kept.rend());
  auto sorted = json::array();
  for (const auto& [score, id] : kept) sorted.push_back({id, score});
  return sorted;
}

}  // namespace

TEST_CASE("golden matching: the keys, checks and scores of Koha") {
  const auto golden =
      json::parse(slurp(fs::path(CONNEXION_GOLDEN) / "matching" / "koha-19.06.json"));
  std::vector<Record> records;
  for (const auto& named : golden.at("records"))
    records.push_back(record_of(named.at(0).get<std::string>(), named.at(1).get<int>()));
  std::size_t keys = 0, checks = 0, matches = 0;
  for (const auto& each : golden.at("cases")) {
    INFO(each.at("rule").dump());
    const auto rules = rules_of(each.at("rule"));
    const auto& rule = rules.matching();
    for (const auto& expected : each.at("keys")) {
      INFO("record " << expected.at(0));
      const auto made = connexion::keys_of(records.at(expected.at(0).get<std::size_t>()),
                                           rule.matchpoints.at(expected.at(1).get<std::size_t>()));
      CHECK(made == expected.at(2).get<std::vector<std::string>>());
      keys += made.size();
    }
    for (const auto& expected : each.at("checks")) {
      INFO("records " << expected);
      CHECK(connexion::passes_checks(records.at(expected.at(0).get<std::size_t>()),
                                     records.at(expected.at(1).get<std::size_t>()),
                                     rule) == (expected.at(2) == 1));
      ++checks;
    }
    for (const auto& expected : each.at("matches")) {
      INFO(expected.dump());
      connexion::Facts facts;
      for (const auto& [point, ids] : expected.at("hits").items())
        for (const auto& id : ids)
          facts.hit(std::stoul(point), id.get<std::int64_t>(), connexion::HitSource::search);
      for (const auto& [id, record] : expected.at("candidates").items())
        facts.candidate(std::stoll(id), records.at(record.get<std::size_t>()));
      const auto& source = records.at(expected.at("source").get<std::size_t>());
      CHECK(found(connexion::decide(source, facts, rules)) == expected.at("found"));
      matches += expected.at("found").size();
    }
  }
  CHECK(keys > 1000);
  CHECK(checks > 300);
  CHECK(matches > 200);
}
