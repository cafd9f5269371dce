// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "connexion/match.hpp"

using connexion::answered_by_index;
using connexion::Identifier;
using connexion::index_entries;
using connexion::MatchingRule;
using connexion::normal_control;
using connexion::normal_isbn;
using connexion::normal_issn;
using connexion::normal_lccn;
using connexion::normal_local;
using connexion::normal_oclc;
using connexion::Record;
using connexion::RecordBuilder;

TEST_CASE("identifiers: ISBN") {
  for (const char* same :
       {"0306406152", "0-306-40615-2", "9780306406157", "978-0-306-40615-7", "978 0 306 40615 7",
        "0306406152 (pbk.)", "0306406152 (v. 1 : alk. paper) :", " 0306406152 ", "ISBN 0306406152",
        "ISBN-13: 9780306406157", "0306406152(pbk.)", "0306406152 1 vol.", "9780306406157 :",
        "0\xE2\x80\x93"
        "306\xE2\x80\x93"
        "40615\xE2\x80\x93"
        "2"})
    CHECK(normal_isbn(same) == "9780306406157");
  CHECK(normal_isbn("080442957X") == "9780804429573");
  CHECK(normal_isbn("080442957x (cloth)") == "9780804429573");
  CHECK(normal_isbn("979-10-90636-07-1") == "9791090636071");
  for (const char* none : {"", " ", "hbk.", "0306406153", "9780306406158", "97803064061571",
                           "03064061521", "0306", "1234567890123", "X306406152", "080442957",
                           "$12.00", "(pbk.)", "08044295XX", "v. 1 0306406152"})
    CHECK(normal_isbn(none).empty());
}

TEST_CASE("identifiers: ISSN") {
  CHECK(normal_issn("0378-5955") == "0378-5955");
  CHECK(normal_issn("03785955") == "0378-5955");
  CHECK(normal_issn("ISSN 2434-561x") == "2434-561X");
  CHECK(normal_issn("0378-5955 (online)") == "0378-5955");
  for (const char* none : {"", "0378-5954", "0378-595", "03785955123", "abcd-efgh", "2434-561"})
    CHECK(normal_issn(none).empty());
}

TEST_CASE("identifiers: LCCN, the examples of the Library of Congress") {
  CHECK(normal_lccn("n78-890351") == "n78890351");
  CHECK(normal_lccn("n78-89035") == "n78089035");
  CHECK(normal_lccn("n 78890351 ") == "n78890351");
  CHECK(normal_lccn(" 85000002 ") == "85000002");
  CHECK(normal_lccn("85-2 ") == "85000002");
  CHECK(normal_lccn("2001-000002") == "2001000002");
  CHECK(normal_lccn("75-425165//r75") == "75425165");
  CHECK(normal_lccn(" 79139101 /AC/r932") == "79139101");
  CHECK(normal_lccn("  2005275604") == "2005275604");
  CHECK(normal_lccn("AGR25000003") == "agr25000003");
  for (const char* none :
       {"", "  ", "hbk.", "1234567", "123456789", "abcd12345678", "85-1234567", "85-", "78-12a4"})
    CHECK(normal_lccn(none).empty());
}

TEST_CASE("identifiers: OCLC numbers") {
  for (const char* same :
       {"12345", "00012345", "ocm00012345", "ocm00012345 ", "ocn000012345", "on12345",
        "(OCoLC)12345", "(OCoLC)00012345", "(OCoLC)ocm00012345", "(ocolc) 12345", "OCM00012345"})
    CHECK(normal_oclc(same) == "12345");
  CHECK(normal_oclc("on1234567890") == "1234567890");
  for (const char* none : {"", "(OCoLC)", "ocm", "ocm000", "(DLC)12345", "123a5", "0",
                           "oca00012345", "(OCoLC)(DLC)12345", "1234567890123456"})
    CHECK(normal_oclc(none).empty());
}

TEST_CASE("identifiers: of a record") {
  RecordBuilder b;
  b.control_field("001", "ocm00012345 ").control_field("003", "OCoLC");
  b.data_field("010", ' ', ' ').subfield('a', "   85000002 ").subfield('z', "  85000003 ");
  b.data_field("019", ' ', ' ').subfield('a', "777").subfield('a', "888").subfield('a', "12345");
  b.data_field("020", ' ', ' ').subfield('a', "0306406152 (pbk.)").subfield('c', "$10");
  b.data_field("020", ' ', ' ').subfield('a', "9780306406157");
  b.data_field("020", ' ', ' ').subfield('z', "080442957X");
  b.data_field("022", ' ', ' ').subfield('a', "0378-5955");
  b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)12345").subfield('z', "(OCoLC)999");
  b.data_field("035", ' ', ' ').subfield('a', "(DLC)   85000002");
  b.data_field("035", ' ', ' ').subfield('a', "4711");
  b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)54321");
  const std::vector<Identifier> expected{{"oclc", "12345"},      {"oclc", "54321"},
                                         {"oclc_merged", "777"}, {"oclc_merged", "888"},
                                         {"oclc_merged", "999"}, {"isbn", "9780306406157"},
                                         {"issn", "0378-5955"},  {"lccn", "85000002"}};
  CHECK(connexion::identifiers(b.build()) == expected);
  CHECK(connexion::identifiers(RecordBuilder().build()).empty());
}

TEST_CASE("identifiers: 001 is an OCLC number by 003 or by its prefix") {
  const auto of = [](const char* number, const char* source) {
    RecordBuilder b;
    b.control_field("001", number);
    if (source != nullptr) b.control_field("003", source);
    return connexion::identifiers(b.build());
  };
  const std::vector<Identifier> found{{"oclc", "12345"}};
  CHECK(of("12345", "OCoLC") == found);
  CHECK(of("ocm00012345", nullptr) == found);
  CHECK(of("on12345", "XyZ") == found);
  CHECK(of("12345", nullptr).empty());
  CHECK(of("12345", "DLC").empty());
  CHECK(of("oca00012345", "OCoLC").empty());
}

TEST_CASE("identifiers: Koha's own numbers, numbers of agencies") {
  for (const char* same : {"17", " 17 ", "0017"}) CHECK(normal_local(same) == "17");
  for (const char* none : {"", "0", "-17", "17a", "1 7", "12345678901"})
    CHECK(normal_local(none).empty());
  CHECK(normal_control("(DLC)n  78890351 ") == "(dlc)n78890351");
  CHECK(normal_control("(DE-588)4033447-8") == "(de-588)4033447-8");
  for (const char* none : {"", "n 78890351", "(DLC)", "(DLC)  ", "()n1", "n(DLC)1"})
    CHECK(normal_control(none).empty());
}

namespace {

RecordBuilder authority() {
  RecordBuilder b;
  b.leader("00000nz  a2200000n  4500");
  return b;
}

}  // namespace

TEST_CASE("identifiers: of an authority") {
  auto b = authority();
  b.control_field("001", "n  78890351 ").control_field("003", "DLC");
  b.data_field("010", ' ', ' ').subfield('a', "n  78890351 ");
  b.data_field("024", '7', ' ').subfield('a', "0000 0001 2144 1970").subfield('2', "isni");
  b.data_field("024", '7', ' ').subfield('a', "102333412").subfield('2', "viaf");
  b.data_field("024", '8', ' ').subfield('a', "without a source");
  b.data_field("035", ' ', ' ').subfield('a', "(DLC)n 78890351").subfield('z', "(DLC)n 1");
  b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)oca00255471");
  b.data_field("035", ' ', ' ').subfield('a', "4711");
  b.data_field("100", '1', ' ')
      .subfield('a', "Bront\xC3\xAB, Charlotte,")
      .subfield('d', "1816-1855.");
  b.data_field("400", '1', ' ').subfield('a', "Bell, Currer");
  const std::vector<Identifier> expected{{"lccn", "n78890351"},
                                         {"control", "(dlc)n78890351"},
                                         {"control", "(isni)0000000121441970"},
                                         {"control", "(viaf)102333412"},
                                         {"control", "(ocolc)oca00255471"},
                                         {"heading", "100 bronte charlotte 1816 1855"}};
  CHECK(connexion::identifiers(b.build()) == expected);
  CHECK(index_entries(b.build()) == expected);
}

TEST_CASE("identifiers: Koha's number in 001 of an authority is none of 003's agency") {
  for (const char* source : {"DLC", "OCoLC"}) {
    auto b = authority();
    b.control_field("001", "45").control_field("003", source);
    CHECK(connexion::identifiers(b.build()).empty());
  }
}

TEST_CASE("identifiers: what is indexed of a bibliographic record") {
  RecordBuilder b;
  b.control_field("001", " 4711 ");
  b.data_field("020", ' ', ' ').subfield('a', "0306406152");
  CHECK(index_entries(b.build()) ==
        std::vector<Identifier>{{"isbn", "9780306406157"}, {"control", "4711"}});
  RecordBuilder odd;
  odd.control_field("001", "a\nb");
  CHECK(index_entries(odd.build()).empty());
}

TEST_CASE("identifiers: whether an index of them answers for the search engine") {
  const auto rule = [](std::vector<connexion::Matchpoint> points) {
    MatchingRule made;
    made.matchpoints = std::move(points);
    return made;
  };
  const connexion::Matchpoint isbn{"isbn", 100, {{"020", "a", 0, 0, {}}}},
      oclc{"Other-control-number", 100, {{"035", "a", 0, 0, {}}}},
      number{"Control-number", 100, {{"001", "", 0, 0, {}}}},
      local{"Local-number", 100, {{"999", "c", 0, 0, {}}}};
  RecordBuilder b;
  b.control_field("001", "on12345");
  b.data_field("020", ' ', ' ').subfield('a', "0306406152 (pbk.)");
  b.data_field("020", ' ', ' ').subfield('a', "hbk.");
  b.data_field("035", ' ', ' ').subfield('a', "(OCoLC)12345");
  b.data_field("999", ' ', ' ').subfield('c', "17");
  const Record sound = b.build();
  CHECK(answered_by_index(sound, rule({isbn, oclc, number, local})));
  SECTION("an index whose numbers aren't known") {
    CHECK_FALSE(answered_by_index(sound, rule({isbn, {"title", 100, {{"245", "a", 0, 0, {}}}}})));
  }
  SECTION("a field where such numbers don't belong, subfields that aren't indexed") {
    CHECK_FALSE(answered_by_index(sound, rule({{"isbn", 100, {{"024", "a", 0, 0, {}}}}})));
    CHECK_FALSE(answered_by_index(sound, rule({{"isbn", 100, {{"020", "az", 0, 0, {}}}}})));
    CHECK_FALSE(answered_by_index(sound, rule({{"isbn", 100, {{"020", "", 0, 0, {}}}}})));
    CHECK_FALSE(answered_by_index(sound, rule({{"Local-number", 100, {{"999", "d", 0, 0, {}}}}})));
  }
  SECTION("numbers that are compared as they are written") {
    RecordBuilder wrong(sound);
    wrong.data_field("020", ' ', ' ').subfield('a', "0306406153");
    CHECK_FALSE(answered_by_index(wrong.build(), rule({isbn})));
    RecordBuilder foreign(sound);
    foreign.data_field("035", ' ', ' ').subfield('a', "(DLC)  85000002");
    CHECK_FALSE(answered_by_index(foreign.build(), rule({oclc})));
    CHECK(answered_by_index(foreign.build(), rule({isbn})));
  }
  SECTION("001 of an authority") {
    auto heading = authority();
    heading.control_field("001", "n 1");
    CHECK_FALSE(answered_by_index(heading.build(), rule({number})));
  }
}
