// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "connexion/error.hpp"
#include "connexion/match.hpp"

using connexion::Decision;
using connexion::Facts;
using connexion::HitSource;
using connexion::name_of;
using connexion::Record;
using connexion::RecordBuilder;
using connexion::Rules;
using Strings = std::vector<std::string>;

namespace {

constexpr auto kSearch = HitSource::search;
constexpr auto kIdentifiers = HitSource::identifiers;

const std::string kIsbn =
    R"({"index": "isbn", "score": 1000, "components": [{"tag": "020", "subfields": "a"}]})";
const std::string kTitle =
    R"({"index": "title", "score": 400, "components": [{"tag": "245", "subfields": "a"}]})";
const std::string k001 =
    R"({"index": "Control-number", "score": 1000, "components": [{"tag": "001"}]})";
const std::string k035 =
    R"({"index": "Other-control-number", "score": 1000, "components": [{"tag": "035", "subfields": "a"}]})";

struct Profile {
  std::string type = "biblio", mode = "direct", on_match = "replace", on_no_match = "create_new",
              items = "always_add", several = "hold", no_keys = "add", conflict = "item";
  std::string points = kIsbn, checks = "[]";
  int threshold = 1000;

  [[nodiscard]] Rules rules() const {
    const std::string rule =
        points.empty() ? "null"
                       : R"({"code": "TEST", "record_type": ")" + type + R"(", "threshold": )" +
                             std::to_string(threshold) + R"(, "matchpoints": [)" + points +
                             R"(], "required_checks": )" + checks + "}";
    return Rules::from_json(R"({"schema_version": 1, "record_type": ")" + type + R"(", "mode": ")" +
                            mode + R"(", "matching_rule": )" + rule + R"(, "on_match": ")" +
                            on_match + R"(", "on_no_match": ")" + on_no_match + R"(", "items": ")" +
                            items + R"(", "several_matches": ")" + several +
                            R"(", "no_match_keys": ")" + no_keys + R"(", "item_conflict": ")" +
                            conflict + R"("})");
  }
};

struct Item {
  std::string barcode, number, home = "CPL", holding = "", itype = "";
};

RecordBuilder& book(RecordBuilder& b, const std::string& isbn, const std::string& title = "Title") {
  b.leader("00000nam a2200000 a 4500");
  if (!isbn.empty()) b.data_field("020", ' ', ' ').subfield('a', isbn);
  b.data_field("245", '0', '0').subfield('a', title);
  return b;
}

Record book(const std::string& isbn, const std::vector<Item>& items = {}) {
  RecordBuilder b;
  book(b, isbn);
  for (const auto& item : items) {
    b.data_field("952", ' ', ' ');
    if (!item.home.empty()) b.subfield('a', item.home);
    if (!item.holding.empty()) b.subfield('b', item.holding);
    if (!item.barcode.empty()) b.subfield('p', item.barcode);
    if (!item.itype.empty()) b.subfield('y', item.itype);
    if (!item.number.empty()) b.subfield('9', item.number);
    if (item.barcode.empty() && item.number.empty() && item.home.empty()) b.subfield('z', "note");
  }
  return b.build();
}

// A record with 001, 003 and 035 $a; empty ones are left out.
Record numbered(const std::string& n001, const std::string& n003, const std::string& n035,
                const std::string& n019 = "") {
  RecordBuilder b;
  b.leader("00000nam a2200000 a 4500");
  if (!n001.empty()) b.control_field("001", n001);
  if (!n003.empty()) b.control_field("003", n003);
  if (!n019.empty()) b.data_field("019", ' ', ' ').subfield('a', n019);
  if (!n035.empty()) b.data_field("035", ' ', ' ').subfield('a', n035);
  return b.build();
}

const std::string kNumber = "9780306406157", kOther = "9780804429573";

Facts found(const std::vector<std::int64_t>& ids, const std::string& isbn = kNumber) {
  Facts facts;
  for (const auto id : ids) {
    facts.hit(0, id, kSearch);
    facts.candidate(id, book(isbn));
  }
  return facts;
}

Strings codes(const Decision& d) {
  Strings all;
  for (const auto& reason : d.reasons) all.push_back(reason.code);
  return all;
}

// "34 chosen 1000"
Strings candidates(const Decision& d) {
  Strings all;
  for (const auto& c : d.candidates)
    all.push_back(std::to_string(c.id) + " " + std::string(name_of(c.verdict)) + " " +
                  std::to_string(c.score));
  return all;
}

// "add items_always_add", and the number of the item that is replaced
Strings items(const Decision& d) {
  Strings all;
  for (const auto& item : d.items)
    all.push_back(std::string(name_of(item.action)) + " " + item.reason.code +
                  (item.itemnumber ? " " + std::to_string(*item.itemnumber) : ""));
  return all;
}

std::string outcome(const Decision& d) {
  return std::string(name_of(d.action)) + (d.target ? " " + std::to_string(*d.target) : "");
}

// What one pair of records comes to when a search or the identifier index found the second.
std::string verdict(const std::string& point, const Record& incoming, const Record& candidate,
                    HitSource source = kSearch) {
  Profile profile;
  profile.points = point;
  profile.threshold = 1;
  Facts facts;
  facts.hit(0, 1, source);
  facts.candidate(1, candidate);
  const auto decision = decide(incoming, facts, profile.rules());
  return std::string(name_of(decision.candidates.at(0).verdict));
}

}  // namespace

TEST_CASE("plan: what Koha decides for each match, action and item action") {
  // The record brings two items: one is new, the barcode of the other is in use at record 34.
  struct Row {
    std::string match, on_match, on_no_match, items;
    std::string outcome, new_item, old_item;
  };
  // clang-format off
  const std::vector<Row> table = {
    {"match",    "replace",    "*", "always_add",           "overlay 34", "add items_always_add",              "hold duplicate_barcode"},
    {"match",    "replace",    "*", "add_only_for_matches", "overlay 34", "add items_add_only_for_matches",    "hold duplicate_barcode"},
    {"match",    "replace",    "*", "add_only_for_new",     "overlay 34", "ignore items_add_only_for_new",     "ignore items_add_only_for_new"},
    {"match",    "replace",    "*", "ignore",               "overlay 34", "ignore items_ignore",               "ignore items_ignore"},
    {"match",    "replace",    "*", "replace",              "overlay 34", "add no_such_item",                  "replace same_barcode 17"},
    {"match",    "create_new", "*", "always_add",           "add",        "add items_always_add",              "hold duplicate_barcode"},
    {"match",    "create_new", "*", "add_only_for_matches", "add",        "add items_add_only_for_matches",    "hold duplicate_barcode"},
    {"match",    "create_new", "*", "add_only_for_new",     "add",        "ignore items_add_only_for_new",     "ignore items_add_only_for_new"},
    {"match",    "create_new", "*", "ignore",               "add",        "ignore items_ignore",               "ignore items_ignore"},
    {"match",    "create_new", "*", "replace",              "add",        "add no_such_item",                  "hold duplicate_barcode"},
    {"match",    "ignore",     "*", "always_add",           "ignore 34",  "add items_always_add",              "hold duplicate_barcode"},
    {"match",    "ignore",     "*", "add_only_for_matches", "ignore 34",  "add items_add_only_for_matches",    "hold duplicate_barcode"},
    {"match",    "ignore",     "*", "add_only_for_new",     "ignore 34",  "ignore items_add_only_for_new",     "ignore items_add_only_for_new"},
    {"match",    "ignore",     "*", "ignore",               "ignore 34",  "ignore items_ignore",               "ignore items_ignore"},
    {"match",    "ignore",     "*", "replace",              "ignore 34",  "add no_such_item",                  "replace same_barcode 17"},
    {"no match", "*", "create_new", "always_add",           "add",        "add items_always_add",              "hold duplicate_barcode"},
    {"no match", "*", "create_new", "add_only_for_matches", "add",        "ignore items_add_only_for_matches", "ignore items_add_only_for_matches"},
    {"no match", "*", "create_new", "add_only_for_new",     "add",        "add items_add_only_for_new",        "hold duplicate_barcode"},
    {"no match", "*", "create_new", "ignore",               "add",        "ignore items_ignore",               "ignore items_ignore"},
    {"no match", "*", "create_new", "replace",              "add",        "ignore items_replace",              "ignore items_replace"},
    {"no match", "*", "ignore",     "always_add",           "ignore",     "ignore no_target_record",           "ignore no_target_record"},
    {"no match", "*", "ignore",     "add_only_for_matches", "ignore",     "ignore items_add_only_for_matches", "ignore items_add_only_for_matches"},
    {"no match", "*", "ignore",     "add_only_for_new",     "ignore",     "ignore no_target_record",           "ignore no_target_record"},
    {"no match", "*", "ignore",     "ignore",               "ignore",     "ignore items_ignore",               "ignore items_ignore"},
    {"no match", "*", "ignore",     "replace",              "ignore",     "ignore items_replace",              "ignore items_replace"},
  };
  // clang-format on
  const Record incoming = book(kNumber, {{"NEW", ""}, {"OLD", ""}});
  int seen = 0;
  for (const std::string mode : {"direct", "stage"})
    for (const std::string match : {"match", "no match"})
      for (const std::string on_match : {"replace", "create_new", "ignore"})
        for (const std::string on_no_match : {"create_new", "ignore"})
          for (const std::string item_action :
               {"always_add", "add_only_for_matches", "add_only_for_new", "ignore", "replace"})
            for (const std::string conflict : {"item", "export"}) {
              const auto row = std::find_if(table.begin(), table.end(), [&](const Row& r) {
                return r.match == match && r.items == item_action &&
                       (r.on_match == "*" || r.on_match == on_match) &&
                       (r.on_no_match == "*" || r.on_no_match == on_no_match);
              });
              REQUIRE(row != table.end());
              Profile profile;
              profile.mode = mode;
              profile.on_match = on_match;
              profile.on_no_match = on_no_match;
              profile.items = item_action;
              profile.conflict = conflict;
              Facts facts = match == "match" ? found({34}) : Facts();
              facts.items_json(R"({"barcodes": {"OLD": {"itemnumber": 17, "biblionumber": 34}}})");
              const auto d = decide(incoming, facts, profile.rules());
              INFO(mode << ", " << match << ", " << on_match << ", " << on_no_match << ", "
                        << item_action << ", " << conflict);
              const std::string reason = match == "match" ? "matched" : "no_match";
              const bool held = mode == "direct" && conflict == "export" &&
                                row->old_item == "hold duplicate_barcode";
              const auto space = row->outcome.find(' ');
              const std::string target =
                  space == std::string::npos ? "" : row->outcome.substr(space);
              CHECK(outcome(d) == (held ? "hold" + target : row->outcome));
              CHECK(codes(d) == (held ? Strings{reason, "item_conflict"} : Strings{reason}));
              CHECK(items(d) == Strings{held ? "hold record_held" : row->new_item, row->old_item});
              ++seen;
            }
  CHECK(seen == 240);
}

TEST_CASE("plan: candidates, scores and thresholds") {
  Profile profile;
  const Record incoming = book(kNumber);
  SECTION("compared as numbers") {
    profile.points = kTitle + ", " +
                     R"({"index": "note", "score": 600, "components": [{"tag": "500"}]})" + ", " +
                     R"({"index": "subject", "score": 200, "components": [{"tag": "650"}]})";
    profile.threshold = 200;
    Facts facts;
    for (const std::int64_t id : {1, 2, 3}) facts.candidate(id, book(kOther));
    facts.hit(2, 2, kSearch);
    facts.hit(0, 1, kSearch);
    facts.hit(1, 1, kSearch);
    facts.hit(0, 3, kSearch);
    const auto d = decide(incoming, facts, profile.rules());
    CHECK(candidates(d) == Strings{"1 chosen 1000", "3 lower_score 400", "2 lower_score 200"});
    CHECK(outcome(d) == "overlay 1");
  }
  SECTION("each matchpoint counts once, however often it found the record") {
    profile.threshold = 1001;
    Facts facts = found({34});
    facts.hit(0, 34, kSearch);
    facts.hit(0, 34, kIdentifiers);
    const auto d = decide(incoming, facts, profile.rules());
    CHECK(candidates(d) == Strings{"34 below_threshold 1000"});
    CHECK(outcome(d) == "add");
    CHECK(codes(d) == Strings{"no_match"});
    CHECK(d.candidates[0].found_by.size() == 2);
  }
  SECTION("the threshold itself is enough") {
    CHECK(outcome(decide(incoming, found({34}), profile.rules())) == "overlay 34");
  }
  SECTION("required checks are made on the candidate's own record") {
    profile.checks =
        R"([{"source": {"components": [{"tag": "245"}]}, "target": {"components": [{"tag": "245"}]}}])";
    Facts facts = found({34});
    RecordBuilder b;
    facts.hit(0, 35, kSearch);
    facts.candidate(35, book(b, kNumber, "Another title").build());
    const auto d = decide(incoming, facts, profile.rules());
    CHECK(candidates(d) == Strings{"34 chosen 1000", "35 failed_required_check 1000"});
  }
  SECTION("gone and unverified candidates") {
    Facts facts;
    facts.hit(0, 90, kSearch);
    facts.hit(0, 34, kSearch);
    facts.candidate(34, book(kOther));
    facts.hit(0, 91, kIdentifiers);
    facts.candidate(92, book(kNumber));  // nobody found it
    const auto d = decide(incoming, facts, profile.rules());
    CHECK(candidates(d) == Strings{"91 gone 0", "90 gone 0", "34 not_verified 0"});
    CHECK(outcome(d) == "add");
  }
  SECTION("only verified matchpoints count") {
    profile.points = kIsbn + ", " + kTitle;
    profile.threshold = 400;
    Facts facts;
    facts.hit(0, 34, kSearch);
    facts.hit(1, 34, kSearch);
    facts.candidate(34, book(kOther));
    const auto d = decide(incoming, facts, profile.rules());
    CHECK(candidates(d) == Strings{"34 chosen 400"});
    REQUIRE(d.candidates[0].found_by.size() == 2);
    CHECK(!d.candidates[0].found_by[0].counts);
    CHECK(d.candidates[0].found_by[1].counts);
  }
}

TEST_CASE("plan: of equal matches the one whose OCLC number fits") {
  const auto numbered = [](const std::string& oclc) {
    RecordBuilder b;
    b.data_field("020", ' ', ' ').subfield('a', kNumber);
    if (!oclc.empty()) b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)" + oclc);
    return b.build();
  };
  const auto judged = [&](std::vector<std::string> oclc) {
    Facts facts;
    for (std::size_t i = 0; i < oclc.size(); ++i) {
      const auto id = static_cast<std::int64_t>(i) + 1;
      facts.hit(0, id, kSearch);
      facts.candidate(id, numbered(oclc[i]));
    }
    return candidates(decide(numbered("123456789"), facts, Profile().rules()));
  };
  CHECK(judged({"123456789", ""}) == Strings{"1 chosen 1000", "2 other_number 1000"});
  CHECK(judged({"", "777"}) == Strings{"1 chosen 1000", "2 other_number 1000"});
  CHECK(judged({"", "777", ""}) == Strings{"3 equal 1000", "1 equal 1000", "2 other_number 1000"});
  CHECK(judged({"778", "777"}) == Strings{"2 equal 1000", "1 equal 1000"});
  CHECK(judged({"123456789", "777", ""}) ==
        Strings{"1 chosen 1000", "3 other_number 1000", "2 other_number 1000"});
}

TEST_CASE("plan: a number that OCLC has merged into the export's") {
  const auto with = [](std::string_view tag, char code, const std::string& number) {
    RecordBuilder b;
    if (tag == "035")
      b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)777");
    else
      b.control_field("001", "ocm00000777");
    return b.data_field(tag == "035" ? "035" : "019", ' ', ' ').subfield(code, number).build();
  };
  RecordBuilder b;
  const auto held = b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)ocn123456789").build();
  Facts facts;
  facts.hit(0, 34, kSearch);
  facts.candidate(34, held);
  Profile profile;
  profile.points = k035;
  CHECK(outcome(decide(with("019", 'a', "123456789"), facts, profile.rules())) == "overlay 34");
  CHECK(outcome(decide(with("035", 'z', "(OCoLC)123456789"), facts, profile.rules())) ==
        "overlay 34");
  CHECK(outcome(decide(with("019", 'a', "123456780"), facts, profile.rules())) == "add");
  const auto keys =
      connexion::point_keys(with("019", 'a', "123456789"), profile.rules().matching());
  REQUIRE(keys.size() == 1);
  CHECK(std::count(keys[0].searched.begin(), keys[0].searched.end(), "(OCoLC)123456789") == 1);
}

TEST_CASE("plan: several equal matches") {
  const Record plain = book(kNumber), with_item = book(kNumber, {{"NEW", ""}});
  struct Row {
    std::string mode, several, on_match, items;
    bool has_item;
    std::string outcome, first;
  };
  // clang-format off
  const std::vector<Row> table = {
    {"direct", "hold",   "replace",    "always_add", true,  "hold",       "equal"},
    {"direct", "hold",   "replace",    "ignore",     false, "hold",       "equal"},
    {"direct", "hold",   "ignore",     "always_add", true,  "hold",       "equal"},
    {"direct", "hold",   "ignore",     "always_add", false, "ignore 100", "chosen"},
    {"direct", "hold",   "ignore",     "ignore",     true,  "ignore 100", "chosen"},
    {"direct", "hold",   "create_new", "always_add", true,  "add",        "chosen"},
    {"direct", "best",   "replace",    "always_add", true,  "overlay 100","chosen"},
    {"direct", "best",   "ignore",     "always_add", true,  "ignore 100", "chosen"},
    {"direct", "best",   "create_new", "always_add", true,  "add",        "chosen"},
    {"direct", "refuse", "replace",    "always_add", true,  "refuse",     "equal"},
    {"direct", "refuse", "ignore",     "always_add", true,  "refuse",     "equal"},
    {"direct", "refuse", "create_new", "always_add", true,  "add",        "chosen"},
    {"stage",  "hold",   "replace",    "always_add", true,  "overlay 100","chosen"},
    {"stage",  "best",   "replace",    "always_add", true,  "overlay 100","chosen"},
    {"stage",  "refuse", "replace",    "always_add", true,  "refuse",     "equal"},
  };
  // clang-format on
  for (const auto& row : table) {
    Profile profile;
    profile.mode = row.mode;
    profile.several = row.several;
    profile.on_match = row.on_match;
    profile.items = row.items;
    const auto d = decide(row.has_item ? with_item : plain, found({9, 100, 34}), profile.rules());
    INFO(row.mode << " " << row.several << " " << row.on_match << " " << row.items);
    CHECK(outcome(d) == row.outcome);
    // 100 before 34 before 9: as numbers, not as strings
    CHECK(candidates(d) == Strings{"100 " + row.first + " 1000", "34 equal 1000", "9 equal 1000"});
    REQUIRE(codes(d).back() == "several_matches");
    CHECK(std::get<std::vector<std::int64_t>>(d.reasons.back().values.at("ids")) ==
          std::vector<std::int64_t>{100, 34, 9});
    if (row.outcome == "hold") CHECK(items(d) == Strings(d.items.size(), "hold record_held"));
    if (row.outcome == "refuse")
      CHECK(items(d) == Strings(d.items.size(), "ignore record_refused"));
  }
}

TEST_CASE("plan: nothing to match on") {
  struct Row {
    std::string isbn, mode, setting, outcome, reason;
  };
  const std::vector<Row> table = {
      {"", "direct", "add", "add", "no_match_keys"},
      {"", "direct", "hold", "hold", "no_match_keys"},
      {"", "direct", "refuse", "refuse", "no_match_keys"},
      {"", "stage", "add", "add", "no_match_keys"},
      {"", "stage", "hold", "add", "no_match_keys"},
      {"", "stage", "refuse", "refuse", "no_match_keys"},
      {"hbk.", "direct", "hold", "hold", "no_match_keys"},
      {kNumber, "direct", "hold", "add", "no_match"},
      {kNumber, "direct", "refuse", "add", "no_match"},
  };
  for (const auto& row : table) {
    Profile profile;
    profile.mode = row.mode;
    profile.no_keys = row.setting;
    INFO(row.isbn << " " << row.mode << " " << row.setting);
    const auto d = decide(book(row.isbn), Facts(), profile.rules());
    CHECK(outcome(d) == row.outcome);
    CHECK(codes(d) == Strings{row.reason});
  }
  Profile none;
  none.points.clear();
  none.no_keys = "refuse";
  const auto d = decide(book(""), Facts(), none.rules());
  CHECK(outcome(d) == "add");
  CHECK(codes(d) == Strings{"no_matching_rule"});
}

TEST_CASE("plan: record types") {
  const auto of_type = [](char type, const std::string& rules_type) {
    RecordBuilder b;
    b.leader(std::string("00000n") + type + "m a2200000 a 4500");
    b.data_field("952", ' ', ' ').subfield('a', "CPL");
    Profile profile;
    profile.type = rules_type;
    const auto d = decide(b.build(), Facts(), profile.rules());
    if (d.action == connexion::RecordAction::refuse && rules_type == "biblio")
      CHECK(items(d) == Strings{"ignore record_refused"});
    if (rules_type == "authority") CHECK(d.items.empty());
    return outcome(d) + " " + codes(d).at(0);
  };
  CHECK(of_type('a', "biblio") == "add no_match_keys");
  CHECK(of_type('z', "authority") == "add no_match_keys");
  CHECK(of_type('z', "biblio") == "refuse wrong_record_type");
  CHECK(of_type('e', "authority") == "refuse wrong_record_type");
  for (const char holdings : {'u', 'v', 'x', 'y'})
    CHECK(of_type(holdings, "biblio") == "refuse holdings_record");
  CHECK(of_type('q', "biblio") == "refuse community_record");
  CHECK(of_type('w', "biblio") == "refuse classification_record");
  CHECK(of_type('!', "authority") == "refuse unknown_record_type");
}

TEST_CASE("plan: hits are verified by the numbers in the records") {
  const auto isbn = [](const std::string& a, const std::string& b, HitSource source = kSearch) {
    return verdict(kIsbn, book(a), book(b), source);
  };
  SECTION("ISBN") {
    CHECK(isbn("0306406152 (pbk.)", kNumber) == "chosen");
    CHECK(isbn("0-306-40615-2", "9780306406157 (hbk.)", kIdentifiers) == "chosen");
    CHECK(isbn("hbk.", "hbk.") == "not_verified");
    CHECK(isbn("0306406152 (pbk.)", "080442957X (pbk.)") == "not_verified");
    CHECK(isbn("0306406153", "0306406153 (pbk.)") == "chosen");  // the same misprint
    CHECK(isbn("0306406153", kNumber) == "chosen");  // misprinted, and the title is the same
    CHECK(isbn("0306416153", kNumber) == "not_verified");
  }
  SECTION("OCLC numbers in 001 and 035 are the same numbers") {
    const auto pair = [](const std::string& point, const Record& a, const Record& b,
                         HitSource source = kSearch) { return verdict(point, a, b, source); };
    const Record in001 = numbered("ocm00012345 ", "OCoLC", ""),
                 in035 = numbered("", "", "(OCoLC)12345");
    for (const std::string& point : {k001, k035})
      for (const HitSource source : {kSearch, kIdentifiers})
        for (const Record& a : {in001, in035})
          for (const Record& b : {in001, in035}) CHECK(pair(point, a, b, source) == "chosen");
    CHECK(pair(k035, in001, numbered("12345", "OCoLC", "")) == "chosen");
    CHECK(pair(k035, in001, numbered("12345", "DLC", "")) == "not_verified");
    CHECK(pair(k035, in035, numbered("", "", "12345")) == "not_verified");
    CHECK(pair(k035, in035, numbered("", "", "(DLC)12345")) == "not_verified");
    CHECK(pair(k035, numbered("", "", "(OCoLC)"), numbered("", "", "(OCoLC)")) == "not_verified");
    CHECK(pair(k035, numbered("", "", "(DLC)12345"), numbered("", "", "(DLC)12345 ")) == "chosen");
    CHECK(pair(k035, in035, numbered("", "", "", "12345")) == "chosen");  // merged into it
  }
  SECTION("a control number means nothing without its source") {
    CHECK(verdict(k001, numbered("777", "", ""), numbered("777", "", "")) == "chosen");
    CHECK(verdict(k001, numbered("777", "DLC", ""), numbered("777", "dlc ", "")) == "chosen");
    CHECK(verdict(k001, numbered("777", "DLC", ""), numbered("777", "NLM", "")) == "not_verified");
    CHECK(verdict(k001, numbered("777", "OCoLC", ""), numbered("777", "NLM", "")) ==
          "not_verified");
  }
  SECTION("an index of unknown meaning is believed, the identifier index is not") {
    RecordBuilder a, b, c;
    const Record one = book(a, "", "One").build(), two = book(b, "", "Two").build();
    CHECK(verdict(kTitle, one, two) == "chosen");
    CHECK(verdict(kTitle, one, two, kIdentifiers) == "not_verified");
    CHECK(verdict(kTitle, one, book(c, kNumber, "One").build(), kIdentifiers) == "chosen");
  }
}

TEST_CASE("plan: items in conflict") {
  const std::string facts_json = R"({
    "barcodes": {"B1": {"itemnumber": 1, "biblionumber": 34}, "B2": {"itemnumber": 2, "biblionumber": 34},
                 "B9": {"itemnumber": 9, "biblionumber": 50}},
    "itemnumbers": {"1": {"biblionumber": 34}, "2": {"biblionumber": 34}, "9": {"biblionumber": 50}},
    "libraries": ["CPL", "FPL"], "itemtypes": ["BK"]})";
  const auto decided = [&](const std::string& action, const std::vector<Item>& list,
                           const std::string& json) {
    Profile profile;
    profile.items = action;
    Facts facts = found({34});
    facts.items_json(json);
    return decide(book(kNumber, list), facts, profile.rules());
  };
  SECTION("created") {
    const auto add = [&](const std::vector<Item>& list) {
      return items(decided("always_add", list, facts_json));
    };
    CHECK(add({{"N1", "1"}}) == Strings{"add items_always_add"});  // the item number is dropped
    CHECK(add({{"", ""}, {"", ""}}) == Strings{"add items_always_add", "add items_always_add"});
    CHECK(add({{"B9", ""}}) == Strings{"hold duplicate_barcode"});
    CHECK(add({{"N1", ""}, {"N1 ", ""}, {"n1", ""}}) ==
          Strings{"add items_always_add", "hold barcode_twice", "hold barcode_twice"});
    CHECK(add({{"N1", "", ""}, {"N1", ""}}) ==
          Strings{"hold missing_homebranch", "add items_always_add"});
    CHECK(add({{"N1", "", "XXX"}}) == Strings{"hold unknown_homebranch"});
    CHECK(add({{"N1", "", "cpl"}}) == Strings{"add items_always_add"});
    CHECK(add({{"N1", "", "CPL", "XXX"}}) == Strings{"hold unknown_holdingbranch"});
    CHECK(add({{"N1", "", "CPL", "FPL", "DVD"}}) == Strings{"hold unknown_itemtype"});
    CHECK(add({{"N1", "", "CPL", "FPL", "BK"}}) == Strings{"add items_always_add"});
    const auto d = decided("always_add", {{"B9", ""}, {"N1", "", "CPL", "XXX"}}, facts_json);
    CHECK(d.items[0].barcode == "B9");
    CHECK(std::get<std::int64_t>(d.items[0].reason.values.at("biblionumber")) == 50);
    CHECK(std::get<std::int64_t>(d.items[0].reason.values.at("itemnumber")) == 9);
    CHECK(std::get<std::string>(d.items[1].reason.values.at("holdingbranch")) == "XXX");
  }
  SECTION("without facts about codes nothing is unknown") {
    CHECK(items(decided("always_add", {{"N1", "", "XXX", "YYY", "ZZZ"}}, "{}")) ==
          Strings{"add items_always_add"});
  }
  SECTION("an item type that is required") {
    CHECK(items(decided("always_add", {{"N1", ""}}, R"({"itemtype_required": true})")) ==
          Strings{"hold missing_itemtype"});
  }
  SECTION("replaced") {
    const auto replace = [&](const std::vector<Item>& list) {
      return items(decided("replace", list, facts_json));
    };
    CHECK(replace({{"", "1"}}) == Strings{"replace same_itemnumber 1"});
    CHECK(replace({{"N1", "1"}}) == Strings{"replace same_itemnumber 1"});  // a new barcode
    CHECK(replace({{"B1", ""}}) == Strings{"replace same_barcode 1"});
    CHECK(replace({{"B1", "77"}}) == Strings{"replace same_barcode 1"});  // no such number
    CHECK(replace({{"N1", "77"}}) == Strings{"add no_such_item"});
    CHECK(replace({{"N1", "x1"}}) == Strings{"add no_such_item"});
    CHECK(replace({{"B1", "9"}}) == Strings{"hold itemnumber_of_other_biblio"});
    CHECK(replace({{"B9", ""}}) == Strings{"hold duplicate_barcode"});
    CHECK(replace({{"B2", "1"}}) == Strings{"hold duplicate_barcode"});
    CHECK(replace({{"", "1"}, {"", "1"}}) ==
          Strings{"replace same_itemnumber 1", "hold itemnumber_twice"});
    CHECK(replace({{"B1", ""}, {"B1", ""}}) ==
          Strings{"replace same_barcode 1", "hold barcode_twice"});
    CHECK(replace({{"B1", "", ""}}) == Strings{"replace same_barcode 1"});  // keeps its library
    CHECK(replace({{"N1", "", ""}}) == Strings{"hold missing_homebranch"});
    CHECK(replace({{"B1", "", "XXX"}}) == Strings{"hold unknown_homebranch"});
  }
  SECTION("a conflict that holds the export keeps the target and says which items") {
    Profile profile;
    profile.conflict = "export";
    Facts facts = found({34});
    facts.items_json(facts_json);
    const auto d =
        decide(book(kNumber, {{"N1", ""}, {"B9", ""}, {"N2", "", ""}}), facts, profile.rules());
    CHECK(outcome(d) == "hold 34");
    CHECK(items(d) ==
          Strings{"hold record_held", "hold duplicate_barcode", "hold missing_homebranch"});
    CHECK(std::get<std::vector<std::int64_t>>(d.reasons.back().values.at("occurrences")) ==
          std::vector<std::int64_t>{2, 3});
  }
}

TEST_CASE("plan: questions about items") {
  const auto questions = [](const std::string& action, const std::vector<Item>& list) {
    Profile profile;
    profile.items = action;
    return item_questions(book(kNumber, list), profile.rules());
  };
  const std::vector<Item> list = {{"B2", "007"}, {"B1", ""}, {"B2", "x"}, {"", "5"}};
  CHECK(questions("always_add", list) == R"({"barcodes":["B1","B2"],"itemnumbers":[]})");
  CHECK(questions("replace", list) == R"({"barcodes":["B1","B2"],"itemnumbers":["5","7"]})");
  CHECK(questions("ignore", list) == R"({"barcodes":[],"itemnumbers":[]})");
  CHECK(questions("always_add", {}) == R"({"barcodes":[],"itemnumbers":[]})");
}

TEST_CASE("plan: questions about items that a person decides on") {
  Profile profile;
  profile.items = "ignore";
  CHECK(item_questions(book(kNumber, {{"B1", "007"}}), profile.rules(), true) ==
        R"({"barcodes":["B1"],"itemnumbers":["7"]})");
}

TEST_CASE("plan: what a person decides goes before the rules") {
  Profile profile;
  profile.on_match = "ignore";
  profile.items = "ignore";
  auto facts = found({34, 35});
  const Record incoming = book(kNumber, {{"B1", ""}, {"B2", ""}});
  facts.decided_json(R"({"record": "overlay", "target": 34, "items": {"2": "add"}})");
  const auto d = decide(incoming, facts, profile.rules());
  CHECK(name_of(d.action) == "overlay");
  CHECK(d.target == 34);
  CHECK(d.candidates[0].id == 34);
  CHECK(d.candidates[0].verdict == connexion::Verdict::decided);
  CHECK(d.candidates[1].verdict == connexion::Verdict::lower_score);
  CHECK(d.items[0].reason.code == "items_ignore");
  CHECK(name_of(d.items[1].action) == "add");
  CHECK(d.items[1].reason.code == "decided");
  SECTION("an item to replace that is not there holds the export") {
    facts.decided_json(R"({"record": "overlay", "target": 34, "items": {"2": "replace"}})");
    const auto held = decide(incoming, facts, profile.rules());
    CHECK(name_of(held.action) == "hold");
    CHECK(held.items[1].reason.code == "no_such_item");
  }
  SECTION("a target or an item that is not there") {
    facts.decided_json(R"({"record": "ignore", "target": 36})");
    CHECK_THROWS_AS(decide(incoming, facts, profile.rules()), connexion::Error);
    facts.decided_json(R"({"record": "add", "items": {"3": "ignore"}})");
    CHECK_THROWS_AS(decide(incoming, facts, profile.rules()), connexion::Error);
  }
  SECTION("what is no decision") {
    for (const auto* json :
         {"{}", "[", R"({"record": "hold"})", R"({"record": "overlay"})",
          R"({"record": "add", "target": 34})", R"({"record": "overlay", "target": 0})",
          R"({"record": "add", "items": {"0": "add"}})",
          R"({"record": "add", "items": {"1": "hold"}})",
          R"({"record": "add", "items": {"x": "add"}})", R"({"record": "add", "more": 1})"})
      CHECK_THROWS_AS(facts.decided_json(json), connexion::Error);
  }
}

TEST_CASE("plan: the document") {
  Profile profile;
  Facts facts = found({34});
  facts.hit(0, 34, kIdentifiers);
  facts.items_json(R"({"barcodes": {"B9": {"itemnumber": 9, "biblionumber": 50}}})");
  const Record incoming = book("0306406152 (\xC3\xA9)", {{"B9", ""}, {"", ""}});
  CHECK(plan(incoming, facts, profile.rules()) ==
        R"({"fields":[{"action":"comes","line":null,"tag":"020","text":)"
        "\"   $a 0306406152 (\xC3\xA9)\"},"
        R"({"action":"goes","line":null,"tag":"020","text":"   $a 9780306406157"},)"
        R"({"action":"same","line":null,"tag":"245","text":"00 $a Title"}],)"
        R"("items":[{"action":"hold","barcode":"B9","defaults":{"holdingbranch":"CPL"},)"
        R"("itemnumber":null,"occurrence":1,)"
        R"("reason":{"code":"duplicate_barcode","values":{"biblionumber":50,"itemnumber":9}}},)"
        R"({"action":"add","barcode":null,"defaults":{"holdingbranch":"CPL"},"itemnumber":null,)"
        R"("occurrence":2,)"
        R"("reason":{"code":"items_always_add"}}],"koha_overlay_rules":false,)"
        R"("match":{"candidates":[{"found_by":[{"counts":true,"matchpoint":0,"source":"search"},)"
        R"({"counts":true,"matchpoint":0,"source":"identifiers"}],)"
        R"("id":34,"score":1000,"verdict":"chosen"}],)"
        "\"keys\":[{\"index\":\"isbn\",\"keys\":[\"0306406152 (\xC3\xA9)\"],\"matchpoint\":0,"
        "\"searched\":[\"0306406152 (\xC3\xA9)\",\"9780306406157\",\"0306406152\"]}],"
        R"("rule":"TEST","threshold":1000},"mode":"direct","outcome":"overlay",)"
        R"("reasons":[{"code":"matched"}],)"
        R"("record":{"identifiers":[{"kind":"isbn","value":"9780306406157"}],"title":"Title"},)"
        R"("record_type":"biblio","schema_version":1,"target":34})");
  Profile none;
  none.points.clear();
  none.type = "authority";
  none.mode = "stage";
  RecordBuilder b;
  b.leader("00000nz  a2200000n  4500");
  CHECK(
      plan(b.build(), Facts(), none.rules()) ==
      R"({"fields":[],"items":[],"koha_overlay_rules":false,"match":{"candidates":[],"keys":[],"rule":null,"threshold":null},)"
      R"("mode":"stage","outcome":"add","reasons":[{"code":"no_matching_rule"}],)"
      R"("record":{"identifiers":[],"title":""},"record_type":"authority","schema_version":1,)"
      R"("target":null})");
}
