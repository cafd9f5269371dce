// SPDX-License-Identifier: GPL-3.0-or-later
//
// The records of tests/golden/records, each with the report that docs/decoding.md promises for it,
// and where it says so the plan. perl/t/golden.t holds the binding to the same;
// tests/golden/README.md says what is where.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/plan.hpp"

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kRecords = fs::path(CONNEXION_GOLDEN) / "records";
const fs::path kRules = fs::path(CONNEXION_GOLDEN) / "rules";

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

struct Row {
  std::string number, from, options, as, shows;

  [[nodiscard]] fs::path file(const std::string& ending) const {
    return kRecords / (number + ending);
  }
};

std::vector<Row> read_index() {
  std::ifstream index(kRecords / "INDEX.tsv");
  std::string line;
  if (!std::getline(index, line) || line != "number\tfrom\toptions\tas\tshows")
    throw std::runtime_error("INDEX.tsv has other columns");
  std::vector<Row> rows;
  while (std::getline(index, line)) {
    std::istringstream columns(line);
    Row row;
    for (auto* column : {&row.number, &row.from, &row.options, &row.as, &row.shows})
      std::getline(columns, *column, '\t');
    if (row.shows.empty()) throw std::runtime_error("INDEX.tsv: " + line);
    rows.push_back(row);
  }
  return rows;
}

connexion::ReadOptions options_of(const std::string& names) {
  connexion::ReadOptions options;
  std::istringstream words(names);
  for (std::string name; words >> name;) {
    if (name == "nfc")
      options.nfc = true;
    else if (name == "strict")
      options.strict = true;
    else if (name == "bracketed_hex")
      options.bracketed_hex = true;
    else if (name == "numeric_references")
      options.numeric_references = true;
    else if (name == "encoding=latin-1")
      options.encoding = connexion::Encoding::latin1;
    else if (name == "encoding=marc-8")
      options.encoding = connexion::Encoding::marc8;
    else
      throw std::runtime_error("no option " + name);
  }
  return options;
}

connexion::ReadResult read(const Row& row) {
  if (fs::exists(row.file(".xml")))
    return connexion::read_marcxml(slurp(row.file(".xml")), options_of(row.options));
  return connexion::read_iso2709(slurp(row.file(".mrc")), options_of(row.options));
}

const Row& row_of(const std::vector<Row>& rows, const std::string& number) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.number == number; });
  if (found == rows.end()) throw std::runtime_error("no golden record " + number);
  return *found;
}

// What was taken is written without a flaw.
void check_written(const connexion::Record& record) {
  try {
    const auto again = connexion::read_iso2709(connexion::to_iso2709(record));
    CHECK(again.outcome == connexion::Outcome::ok);
    CHECK(again.record == record);
  } catch (const connexion::Error& e) {
    CHECK(e.code() == "marc.too_long");
  }
}

// A plan is made of the record, the rules of tests/golden/rules and the facts of NNN.facts.json.
json plan_of(const std::vector<Row>& rows, const Row& row) {
  const auto given = json::parse(slurp(row.file(".facts.json")));
  const auto rules =
      connexion::Rules::from_json(slurp(kRules / (given.at("rules").get<std::string>() + ".json")));
  connexion::Facts facts;
  for (const auto& hit : given.value("hits", json::array()))
    facts.hit(
        hit.at(0), hit.at(1),
        hit.at(2) == "search" ? connexion::HitSource::search : connexion::HitSource::identifiers);
  const auto candidates = given.value("candidates", json::object());
  for (const auto& [id, number] : candidates.items())
    facts.candidate(std::stoll(id), *read(row_of(rows, number)).record);
  if (given.contains("items")) facts.items_json(given.at("items").dump());
  return json::parse(connexion::plan(connexion::prepare(*read(row).record, rules), facts, rules));
}

}  // namespace

TEST_CASE("golden records: every report is as expected", "[golden]") {
  const auto rows = read_index();
  for (const auto& row : rows) {
    INFO(row.number << ": " << row.shows);
    const auto result = read(row);
    CHECK(report_of(result) == json::parse(slurp(row.file(".report.json"))));
    CHECK(std::string(name_of(result.encoding)) + "\n" == slurp(row.file(".charset")));
    if (!row.as.empty()) CHECK(result.record == read(row_of(rows, row.as)).record);
    if (fs::exists(row.file(".txt"))) {
      REQUIRE(result.record);
      CHECK(to_line(*result.record) == slurp(row.file(".txt")));
    }
    if (result.record) check_written(*result.record);
  }
  const auto files = std::count_if(fs::directory_iterator(kRecords), fs::directory_iterator{},
                                   [](const fs::directory_entry& entry) {
                                     return entry.path().extension() == ".mrc" ||
                                            entry.path().extension() == ".xml";
                                   });
  CHECK(static_cast<std::ptrdiff_t>(rows.size()) == files);
  CHECK(rows.size() >= 150);
}

TEST_CASE("golden records: every diagnostic of a reader occurs, and docs/decoding.md has it",
          "[golden]") {
  std::set<std::string> seen;
  for (const auto& row : read_index()) {
    const auto report = json::parse(slurp(row.file(".report.json")));
    for (const auto& d : report.at("diagnostics")) seen.insert(d.at("code"));
  }
  const std::string page = slurp(fs::path(CONNEXION_GOLDEN) / "../../docs/decoding.md");
  for (const auto code : connexion::all_codes()) {
    const std::string name(code_name(code));
    if (name.starts_with("outgoing_")) continue;  // client_test.cpp
    INFO(name);
    CHECK(seen.count(name) == 1);
    CHECK(page.find("`" + name + "`") != std::string::npos);
  }
}

// With CONNEXION_GOLDEN_WRITE set the plans are written instead, to be looked at before they are
// committed.
TEST_CASE("golden records: every plan is as expected", "[golden]") {
  const auto rows = read_index();
  const bool write = std::getenv("CONNEXION_GOLDEN_WRITE") != nullptr;
  std::size_t plans = 0;
  for (const auto& row : rows) {
    if (!fs::exists(row.file(".facts.json"))) continue;
    INFO(row.number << ": " << row.shows);
    const auto plan = plan_of(rows, row);
    if (write) std::ofstream(row.file(".plan.json")) << plan.dump(1) << '\n';
    CHECK(plan == json::parse(slurp(row.file(".plan.json"))));
    ++plans;
  }
  CHECK(plans >= 30);
}
