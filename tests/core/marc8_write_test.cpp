// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <string>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/text.hpp"
#include "files.hpp"

using namespace connexion;

namespace {

const WriteOptions kMarc8{Encoding::marc8};

Record with_value(const std::string& value) {
  RecordBuilder builder;
  builder.data_field("245", '1', '0').subfield('a', value).subfield('b', "plain");
  return builder.build();
}

ReadResult read_marc8(const std::string& bytes, bool references) {
  ReadOptions options;
  options.encoding = Encoding::marc8;
  options.numeric_references = references;
  return read_iso2709(bytes, options);
}

// Through MARC-8 and back, as the bytes have it: references stay as they are written.
std::string through(const std::string& value, bool references = false) {
  const auto result = read_marc8(to_iso2709(with_value(value), kMarc8), references);
  if (!result.record) return std::string(code_name(result.diagnostics.at(0).code));
  CHECK((*result.record)[0].first('b') == "plain");
  return std::string((*result.record)[0].first('a'));
}

}  // namespace

TEST_CASE("To MARC-8: marks go before their letter", "[marc8]") {
  CHECK(to_marc8("plain & simple") == "plain & simple");
  CHECK(to_marc8("\u00E9") ==
        "\xE2"
        "e");
  CHECK(to_marc8("e\u0301") ==
        "\xE2"
        "e");
  CHECK(to_marc8("\u1EC7") ==
        "\xF2\xE3"
        "e");
  CHECK(to_marc8("\u01D6x") == "\xE8\xE5ux");
  CHECK(to_marc8("\u00F8\u0301") == "\xE2\xB2");
  CHECK(to_marc8("\u1EE3") == "\xF2\xBC");  // the tables have o with a horn
  CHECK(to_marc8("o\u031B\u0323") == "\xF2\xBC");
  CHECK(to_marc8(" \u0301") == "\xE2 ");
}

TEST_CASE("To MARC-8: marks over two letters", "[marc8]") {
  CHECK(to_marc8("t\u0361s") == "\xEBt\xECs");
  CHECK(to_marc8("n\u0360g") == "\xFAn\xFBg");
  CHECK(to_marc8("t\uFE20s\uFE21") == "\xEBt\xECs");
  CHECK(to_marc8("t\u0361\u0301s\u0302") == "\xEB\xE2t\xEC\xE3s");
  CHECK(through("t\u0361s\u0361n \u0456\u0361a") == "t\u0361s\u0361n \u0456\u0361a");
  CHECK(through("n\u0360\u0361g") == "n\u0360&#x0361;g");  // only one of them fits over a letter
  CHECK(through("end\u0361") == "end\u0361");
}

TEST_CASE("To MARC-8: other sets are designated and left again", "[marc8]") {
  CHECK(to_marc8("\u0430\u0431 \u0432, x") == "\x1B(NAB W, \x1B(Bx");
  CHECK(to_marc8("\u0438\u0306") == to_marc8("\u0439"));  // one letter in the tables
  CHECK(to_marc8("H\u2082O") ==
        "H\x1B"
        "b2\x1BsO");
  CHECK(to_marc8("\u4E00 x") == "\x1B$1!0!\x1B(B x");
  CHECK(to_marc8("\u4E00") == "\x1B$1!0!\x1B(B");
  CHECK(to_marc8("\u03B1\u03B2\u03B3") == "\x1B(Sabd\x1B(B");
  CHECK(to_marc8("\u2080\u0430") ==
        "\x1B"
        "b0\x1B(NA\x1B(B");
  CHECK(to_marc8("\u0098The\u009C x\u200D\u200C") == "\x88The\x89 x\x8D\x8E");
}

TEST_CASE("To MARC-8: what it doesn't have becomes a reference", "[marc8]") {
  CHECK(to_marc8("a\u2603"
                 "b") == "a&#x2603;b");
  CHECK(to_marc8("\U0001F600") == "&#x1F600;");
  CHECK(to_marc8("\u0210") == "&#x0210;");  // R has its place, its double grave has not
  CHECK(to_marc8("R\u030F\u0301") == "R&#x030F;&#x0301;");  // no letter left to stand before
  CHECK(to_marc8("\u0301") == "&#x0301;");
  CHECK(to_marc8("\u0430\u2603\u0430") == "\x1B(NA\x1B(B&#x2603;\x1B(NA\x1B(B");
  CHECK(to_marc8("a\x7F") == "a&#x007F;");
  for (const char* text : {"a\u2603", "R\u030F\u0301", "\u0301", "\U0001F600 \u4E00\U0001F600"})
    CHECK(through(text, true) == text);
}

// Through G0, each in a field of its own, as the Library of Congress lists them.
TEST_CASE("To MARC-8 and back: the whole repertoire", "[marc8]") {
  std::size_t values = 0;
  for (const auto& bytes : data_records("marc8_fulltable_g0.mrc")) {
    const auto first = read_iso2709(bytes);
    REQUIRE(first.record);
    const auto again = read_marc8(to_iso2709(*first.record, kMarc8), false);
    REQUIRE(again.outcome == Outcome::ok);
    REQUIRE(again.record->size() == first.record->size());
    CHECK(*again.record == *first.record);
    for (const auto field : first.record->fields())
      for (const auto subfield : field.subfields()) {
        CHECK(to_marc8(subfield.value).find("&#x") == std::string::npos);
        ++values;
      }
  }
  CHECK(values > 30000);
}

TEST_CASE("To MARC-8 and back: real records", "[marc8]") {
  std::size_t count = 0;
  for (const char* name : {"gpo_marc8_35.mrc", "gpo_utf8_880_3.mrc", "authority_multiscript_4.mrc",
                           "oclc_books_36.mrc", "mrrc_fidelity_test_100.mrc"})
    for (const auto& bytes : data_records(name)) {
      ReadOptions normal;
      normal.nfc = true;
      const auto first = read_iso2709(bytes, normal);
      if (!first.record) continue;
      const std::string written = to_iso2709(*first.record, kMarc8);
      CHECK(written[9] == ' ');
      normal.encoding = Encoding::marc8;
      normal.numeric_references = true;
      const auto again = read_iso2709(written, normal);
      REQUIRE(again.record);
      CHECK(to_iso2709(*again.record, kMarc8) == written);
      // MARC-8 has one pair of codes for both ways in which Unicode writes a ligature.
      if (to_json(*first.record).find("\uFE20") == std::string::npos)
        CHECK(*again.record == *first.record);
      ++count;
    }
  CHECK(count > 170);
}

TEST_CASE("ISO 2709 is written in UTF-8 or MARC-8 only, and not beyond its lengths", "[marc8]") {
  const Record record = with_value("\u00E9");
  CHECK(to_iso2709(record, {}) == to_iso2709(record));
  CHECK_THROWS_AS(to_iso2709(record, {Encoding::latin1}), Error);
  CHECK_THROWS_AS(to_iso2709(record, {Encoding::automatic}), Error);
  std::string long_value;
  for (int i = 0; i < 1300; ++i) long_value += "\u2603";
  const Record grown = with_value(long_value);
  CHECK(to_iso2709(grown).size() < 9999);
  CHECK_THROWS_AS(to_iso2709(grown, kMarc8), Error);  // eight bytes for each of three
}
