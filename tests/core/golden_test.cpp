// SPDX-License-Identifier: GPL-3.0-or-later
//
// The records of tests/golden/records, each with the report that docs/decoding.md promises for it.
// perl/t/golden.t holds the binding to the same.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kRecords = fs::path(CONNEXION_GOLDEN) / "records";

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string_view name_of(connexion::Outcome outcome) {
  switch (outcome) {
    case connexion::Outcome::ok:
      return "ok";
    case connexion::Outcome::repaired:
      return "repaired";
    case connexion::Outcome::refused:
      return "refused";
  }
  return "";
}

std::string_view name_of(connexion::Encoding encoding) {
  switch (encoding) {
    case connexion::Encoding::automatic:
      return "auto";
    case connexion::Encoding::utf8:
      return "utf-8";
    case connexion::Encoding::marc8:
      return "marc-8";
    case connexion::Encoding::latin1:
      return "latin-1";
  }
  return "";
}

json report_of(const connexion::ReadResult& result) {
  auto diagnostics = json::array();
  for (const auto& d : result.diagnostics)
    diagnostics.push_back({{"code", code_name(d.code)},
                           {"severity", severity_name(d.severity)},
                           {"offset", d.offset},
                           {"tag", d.tag},
                           {"occurrence", d.occurrence}});
  return {{"outcome", name_of(result.outcome)},
          {"encoding", name_of(result.encoding)},
          {"consumed", result.consumed},
          {"diagnostics", diagnostics}};
}

}  // namespace

TEST_CASE("golden records: every report is as expected") {
  std::ifstream index(kRecords / "INDEX.tsv");
  std::string line;
  REQUIRE(std::getline(index, line));
  REQUIRE(line == "number\tfrom\tshows");
  int count = 0;
  while (std::getline(index, line)) {
    const auto number = line.substr(0, line.find('\t'));
    INFO(line);
    const auto result = connexion::read_iso2709(slurp(kRecords / (number + ".mrc")));
    CHECK(report_of(result) == json::parse(slurp(kRecords / (number + ".report.json"))));
    CHECK(std::string(name_of(result.encoding)) + "\n" == slurp(kRecords / (number + ".charset")));
    if (result.record) try {
        const auto again = connexion::read_iso2709(connexion::to_iso2709(*result.record));
        CHECK(again.outcome == connexion::Outcome::ok);
      } catch (const connexion::Error& e) {
        CHECK(e.code() == "marc.too_long");
      }
    ++count;
  }
  const auto files = std::count_if(
      fs::directory_iterator(kRecords), fs::directory_iterator{},
      [](const fs::directory_entry& entry) { return entry.path().extension() == ".mrc"; });
  CHECK(count == files);
  CHECK(count >= 60);
}
