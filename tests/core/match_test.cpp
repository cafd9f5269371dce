// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/match.hpp"

#include <catch2/catch.hpp>

using connexion::keys_of;
using connexion::kind_of;
using connexion::MatchComponent;
using connexion::MatchingRule;
using connexion::Matchpoint;
using connexion::Record;
using connexion::RecordBuilder;
using connexion::search_keys;
using Keys = std::vector<std::string>;

namespace {

Matchpoint point(std::vector<MatchComponent> components, std::string index = "x") {
  return {std::move(index), 100, std::move(components)};
}

// One field 020 $a for each value.
Record with_020(const Keys& values) {
  RecordBuilder b;
  for (const auto& value : values) b.data_field("020", ' ', ' ').subfield('a', value);
  return b.build();
}

Keys normalized(const std::string& value, std::vector<std::string> norms, int offset = 0,
                int length = 0) {
  return keys_of(with_020({value}), point({{"020", "a", offset, length, std::move(norms)}}));
}

}  // namespace

TEST_CASE("match: fields and subfields of a component") {
  RecordBuilder b;
  b.leader("00000nam a2200000 a 4500");
  b.control_field("001", "id1").control_field("003", "OCoLC");
  b.data_field("020", ' ', ' ').subfield('a', "A1").subfield('c', "C1").subfield('a', "A2");
  b.data_field("020", ' ', ' ').subfield('c', "C2");
  b.data_field("020", ' ', ' ').subfield('a', "0");
  b.data_field("020", ' ', ' ').subfield('a', "A4");
  b.data_field("650", ' ', '0').subfield('a', "B1");
  b.data_field("651", ' ', '0').subfield('a', "B2");
  const Record r = b.build();
  CHECK(keys_of(r, point({{"020", "a", 0, 0, {}}})) == Keys{"A1 A2", "A4"});
  CHECK(keys_of(r, point({{"020", "ca", 0, 0, {}}})) == Keys{"A1 C1 A2", "C2", "A4"});
  CHECK(keys_of(r, point({{"020", "", 0, 0, {}}})) == Keys{"A1 C1 A2", "C2", "A4"});
  CHECK(keys_of(r, point({{"020", "z", 0, 0, {}}})).empty());
  CHECK(keys_of(r, point({{"099", "a", 0, 0, {}}})).empty());
  CHECK(keys_of(r, point({{"001", "", 0, 0, {}}})) == Keys{"id1"});
  CHECK(keys_of(r, point({{"001", "a", 0, 0, {}}})) == Keys{"id1"});
  CHECK(keys_of(r, point({{"65.", "a", 0, 0, {}}})) == Keys{"B1", "B2"});
  CHECK(keys_of(r, point({{"LDR", "", 6, 2, {}}})) == Keys{"am"});
  CHECK(keys_of(r, point({})).empty());
}

TEST_CASE("match: later components are appended to the key with the same number") {
  RecordBuilder b;
  b.control_field("001", "n1").control_field("003", "S1");
  b.data_field("020", ' ', ' ').subfield('z', "none");
  b.data_field("020", ' ', ' ').subfield('a', "A1");
  b.data_field("020", ' ', ' ').subfield('a', "A2");
  b.data_field("024", ' ', ' ').subfield('a', "X1");
  b.data_field("024", ' ', ' ').subfield('a', "0");
  b.data_field("024", ' ', ' ').subfield('a', "X3");
  const Record r = b.build();
  const MatchComponent a020{"020", "a", 0, 0, {}}, a024{"024", "a", 0, 0, {}};
  CHECK(keys_of(r, point({{"003", "", 0, 0, {}}, {"001", "", 0, 0, {}}})) == Keys{"S1 n1"});
  // a dropped key takes no number; what is appended is numbered by its field
  CHECK(keys_of(r, point({a020, a024})) == Keys{"A1 X1", "A2"});
  CHECK(keys_of(r, point({a024, a020})) == Keys{"X1", "X3 A1"});
  // later components make no keys
  CHECK(keys_of(r, point({{"999", "", 0, 0, {}}, a020})).empty());
  CHECK(keys_of(r, point({{"001", "", 0, 0, {}}, a024, a020})) == Keys{"n1 X1"});
}

TEST_CASE("match: offset and length are Perl's substr on characters") {
  // perl -e 'print substr("aäb€c", offset, length)'
  const std::string s =
      "a\xC3\xA4"
      "b\xE2\x82\xAC"
      "c";
  CHECK(normalized(s, {}, 0, 2) == Keys{"a\xC3\xA4"});
  CHECK(normalized(s, {}, 1, 1) == Keys{"\xC3\xA4"});
  CHECK(normalized(s, {}, 3, 10) == Keys{"\xE2\x82\xAC"
                                         "c"});
  CHECK(normalized(s, {}, 2, 0) == Keys{"b\xE2\x82\xAC"
                                        "c"});
  CHECK(normalized(s, {}, 4, 1) == Keys{"c"});
  CHECK(normalized(s, {}, 5, 1).empty());
  CHECK(normalized(s, {}, 6, 1).empty());
  CHECK(normalized(s, {}, 9, 0).empty());
  CHECK(normalized(s, {}, -1, 0) == Keys{"c"});
  CHECK(normalized(s, {}, -2, 1) == Keys{"\xE2\x82\xAC"});
  CHECK(normalized(s, {}, -7, 1).empty());
  CHECK(normalized(s, {}, -7, 3) == Keys{"a"});
  CHECK(normalized(s, {}, -7, 0) == Keys{s});
  CHECK(normalized(s, {}, 0, -1) == Keys{s});
  CHECK(normalized("10", {}, 1, 1).empty());  // "0"
}

TEST_CASE("match: normalization routines") {
  CHECK(normalized(" a \t b\xC2\xA0"
                   "c ",
                   {"remove_spaces"}) == Keys{"abc"});
  CHECK(normalized("stra\xC3\x9F"
                   "e \xC3\xA4",
                   {"upper_case"}) == Keys{"STRASSE \xC3\x84"});
  CHECK(normalized("ABC", {"lower_case"}) == Keys{"abc"});
  // ΟΔΟΣ: Perl's lc makes no final sigma
  CHECK(normalized("\xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3", {"lower_case"}) ==
        Keys{"\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x83"});
  CHECK(normalized("  [The] \"Title\" : a;  b, c / (d).' ", {"legacy_default"}) ==
        Keys{"THE TITLE A B C D"});
  CHECK(normalized("(OCoLC)123", {"legacy_default"}) == Keys{"OCOLC123"});
  CHECK(normalized("\xC3\xA9t\xC3\xA9\xE3\x80\x80x", {"legacy_default"}) ==
        Keys{"\xC3\x89T\xC3\x89 X"});
  CHECK(normalized(" . ", {"legacy_default"}).empty());
  CHECK(normalized("0306406152 (pbk.)", {"ISBN"}) == Keys{"9780306406157"});
  CHECK(normalized("0-306-40615-2", {"ISBN"}) == Keys{"9780306406157"});
  CHECK(normalized("0306406152 (v. 1)", {"ISBN"}) == Keys{"0306406152 (v. 1)"});
  CHECK(normalized("0306406153", {"ISBN"}) == Keys{"0306406153"});
  CHECK(normalized("hbk.", {"ISBN"}) == Keys{"hbk."});
  CHECK(normalized("A b", {"none"}) == Keys{"A b"});
  CHECK(normalized("A b", {"ISSN"}) == Keys{"A b"});  // unknown to Koha
  CHECK(normalized("a b", {"upper_case", "remove_spaces"}) == Keys{"AB"});
  CHECK(normalized("xab c", {"upper_case"}, 1, 2) == Keys{"AB"});
}

TEST_CASE("match: keys of a rule and required checks") {
  MatchingRule rule;
  rule.matchpoints = {point({{"020", "a", 0, 0, {}}}, "isbn"),
                      point({{"022", "a", 0, 0, {}}}, "issn"),
                      point({{"245", "a", 0, 0, {}}}, "title")};
  RecordBuilder b;
  b.data_field("020", ' ', ' ').subfield('a', "X");
  b.data_field("020", ' ', ' ').subfield('a', "Y");
  b.data_field("020", ' ', ' ').subfield('a', "X");
  b.data_field("245", '0', '0').subfield('a', "T");
  const Record r = b.build();
  const auto keys = point_keys(r, rule);
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].matchpoint == 0);
  CHECK(keys[0].index == "isbn");
  CHECK(keys[0].keys == Keys{"X", "Y"});
  CHECK(keys[1].matchpoint == 2);

  const auto check = [](const char* from, const char* to) {
    return connexion::RequiredCheck{point({{from, "a", 0, 0, {"upper_case"}}}),
                                    point({{to, "a", 0, 0, {"upper_case"}}})};
  };
  RecordBuilder c;
  c.data_field("020", ' ', ' ').subfield('a', "xY");
  c.data_field("020", ' ', ' ').subfield('a', "x");
  c.data_field("245", '0', '0').subfield('a', "other");
  const Record candidate = c.build();
  const auto passes = [&](std::vector<connexion::RequiredCheck> checks) {
    MatchingRule checked;
    checked.required_checks = std::move(checks);
    return passes_checks(r, candidate, checked);
  };
  CHECK(passes({}));
  CHECK(passes({check("020", "020")}));  // "XYX" of all keys, joined
  CHECK(!passes({check("245", "245")}));
  CHECK(passes({check("500", "500")}));  // empty on both sides
  CHECK(!passes({check("500", "245")}));
  CHECK(!passes({check("020", "020"), check("245", "245")}));
}

TEST_CASE("match: the kind of a matchpoint") {
  const std::vector<MatchComponent> c001{{"001", "", 0, 0, {}}}, c035{{"035", "a", 0, 0, {}}},
      c020{{"020", "a", 0, 0, {}}};
  CHECK(kind_of(point(c020, "isbn")) == "isbn");
  CHECK(kind_of(point(c020, "ISBN,phr")) == "isbn");
  CHECK(kind_of(point(c020, "issn")) == "issn");
  CHECK(kind_of(point(c020, "LC-card")) == "lccn");
  CHECK(kind_of(point(c020, "LC-card-number")) == "lccn");
  CHECK(kind_of(point(c020, "lccn")) == "lccn");
  for (const char* index : {"Other-control-number", "other-control-number", "system-control-number",
                            "Control-number"}) {
    CHECK(kind_of(point(c035, index)) == "oclc");
    CHECK(kind_of(point(c001, index)) == "oclc");
    CHECK(kind_of(point(c020, index)).empty());
    CHECK(kind_of(point({}, index)).empty());
  }
  CHECK(kind_of(point({{"003", "", 0, 0, {}}, {"001", "", 0, 0, {}}},
                      "Control-number-identifier")) == "oclc");
  CHECK(kind_of(point(c020, "title")).empty());
  CHECK(kind_of(point(c001, "Local-Number")).empty());
  for (const char* index : {"Local-Number", "sn", "biblionumber"}) {
    CHECK(kind_of(point({{"999", "c", 0, 0, {}}}, index)) == "local");
    CHECK(kind_of(point({{"999", "d", 0, 0, {}}}, index)).empty());
    CHECK(kind_of(point({{"999", "", 0, 0, {}}}, index)).empty());
  }
}

TEST_CASE("match: search keys") {
  const auto isbn = point({{"020", "a", 0, 0, {}}}, "isbn");
  CHECK(search_keys(with_020({"0306406152 (pbk.)"}), isbn) ==
        Keys{"0306406152 (pbk.)", "9780306406157", "0306406152"});
  CHECK(search_keys(with_020({"9780306406157", "0-306-40615-2"}), isbn) ==
        Keys{"9780306406157", "0-306-40615-2", "0306406152"});
  CHECK(search_keys(with_020({"9791090636071"}), isbn) == Keys{"9791090636071"});
  CHECK(search_keys(with_020({"hbk.", "(pbk.)", "v. 1", "$12"}), isbn).empty());
  CHECK(search_keys(with_020({"0306406153"}), isbn) ==
        Keys{"0306406153", "9780306406157", "0306406152"});  // a misprint
  CHECK(search_keys(with_020({"hbk."}), point({{"020", "a", 0, 0, {}}}, "title")) == Keys{"hbk."});

  const auto issn = point({{"020", "a", 0, 0, {}}}, "issn");
  CHECK(search_keys(with_020({"0378-5955"}), issn) == Keys{"0378-5955", "03785955"});
  const auto lccn = point({{"020", "a", 0, 0, {}}}, "lc-card");
  CHECK(search_keys(with_020({"n  78890351 "}), lccn) ==
        Keys{"n  78890351 ", "n78890351", "n 78890351"});

  const auto c001 = point({{"001", "", 0, 0, {}}}, "Control-number");
  const auto c035 = point({{"035", "a", 0, 0, {}}}, "Other-control-number");
  RecordBuilder b;
  b.control_field("001", "ocm00012345 ").control_field("003", "OCoLC");
  b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)");
  b.data_field("035", ' ', ' ').subfield('a', "(DLC)  85000002");
  const Record r = b.build();
  CHECK(search_keys(r, c001) == Keys{"ocm00012345 ", "12345", "(OCoLC)12345", "ocm00012345"});
  CHECK(search_keys(r, c035) == Keys{"(DLC)  85000002", "12345", "(OCoLC)12345", "ocm00012345"});
  RecordBuilder nine, ten, other;
  nine.data_field("035", ' ', ' ').subfield('a', "(OCoLC)123456789");
  ten.data_field("035", ' ', ' ').subfield('a', "(OCoLC)1234567890");
  other.control_field("001", "9912").control_field("003", "DLC");
  CHECK(search_keys(nine.build(), c035) == Keys{"(OCoLC)123456789", "123456789", "ocn123456789"});
  CHECK(search_keys(ten.build(), c035) == Keys{"(OCoLC)1234567890", "1234567890", "on1234567890"});
  CHECK(search_keys(other.build(), c001) == Keys{"9912"});
  const auto upper = point({{"035", "a", 0, 0, {"legacy_default"}}}, "Other-control-number");
  CHECK(search_keys(r, upper) == Keys{"DLC 85000002", "12345", "(OCoLC)12345", "ocm00012345"});

  MatchingRule rule;
  rule.matchpoints = {isbn, c035};
  const auto both = point_keys(r, rule);
  REQUIRE(both.size() == 1);
  CHECK(both[0].matchpoint == 1);
  CHECK(both[0].index == "Other-control-number");
  CHECK(both[0].keys == Keys{"(OCoLC)", "(DLC)  85000002"});
  CHECK(both[0].searched == search_keys(r, c035));
  CHECK(has_search_keys(r, rule));
  const auto no_number = with_020({"hbk."});
  REQUIRE(point_keys(no_number, rule).size() == 1);
  CHECK(point_keys(no_number, rule)[0].keys == Keys{"hbk."});
  CHECK(point_keys(no_number, rule)[0].searched.empty());
  CHECK_FALSE(has_search_keys(no_number, rule));
  // of 001 there is no key that is no number, but what 035 has is searched for
  MatchingRule of_001{"", "biblio", 0, {c001}, {}};
  CHECK(point_keys(nine.build(), of_001)[0].keys.empty());
  CHECK(point_keys(nine.build(), of_001)[0].searched == search_keys(nine.build(), c001));
  CHECK(has_search_keys(nine.build(), of_001));

  CHECK(match_identifiers(r, c035) == std::vector<connexion::Identifier>{{"oclc", "12345"}});
  CHECK(match_identifiers(with_020({"0306406152", "hbk."}), isbn) ==
        std::vector<connexion::Identifier>{{"isbn", "9780306406157"}});
  CHECK(match_identifiers(r, point({{"245", "a", 0, 0, {}}}, "title")).empty());
}
