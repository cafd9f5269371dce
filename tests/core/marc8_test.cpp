// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <set>

#include "connexion/marc.hpp"
#include "connexion/text.hpp"
#include "files.hpp"

using namespace connexion;

namespace {

ReadResult read_value(const std::string& value, const std::string& second = {}) {
  std::string field =
      "10\x1F"
      "a";
  field += value;
  if (!second.empty())
    field
        .append(
            "\x1F"
            "b")
        .append(second);
  field += '\x1E';
  char head[64];
  std::snprintf(head, sizeof head, "%05zunam  2200037   4500245%04zu00000\x1E",
                24 + 12 + 1 + field.size() + 1, field.size());
  ReadOptions options;
  options.encoding = Encoding::marc8;
  return read_iso2709(head + field + "\x1D", options);
}

std::string decode(const std::string& value) {
  const auto result = read_value(value);
  if (!result.record) return std::string(code_name(result.diagnostics.at(0).code));
  return std::string((*result.record)[0].first('a'));
}

}  // namespace

TEST_CASE("MARC-8: marks go behind their letter", "[marc8]") {
  CHECK(decode("\xE2"
               "e") == "e\u0301");
  CHECK(decode("\xE3\xF2"
               "a") == "a\u0302\u0323");
  CHECK(decode("\xE8"
               "u\xE8"
               "o") == "u\u0308o\u0308");
  CHECK(decode("\xE2\xB2") == "\u00F8\u0301");
  CHECK(decode("\xE2 ") == " \u0301");
  CHECK(read_value("\xE2 ").diagnostics.at(0).code == Code::marc8_combining_odd);
  CHECK(decode("x\xE2") == "marc8_combining_alone");
}

TEST_CASE("MARC-8: marks over two letters", "[marc8]") {
  CHECK(decode("\xEBt\xECs") == "t\u0361s");
  CHECK(decode("\xFAn\xFBg") == "n\u0360g");
  CHECK(decode("\xEBt\xECs \xEBi\xEC"
               "a") == "t\u0361s i\u0361a");
  CHECK(decode("\xECs") == "s\uFE21");  // a second half that has no first
  CHECK(decode("\xEB\xE2t\xECs") == "t\u0361\u0301s");
}

TEST_CASE("MARC-8: characters of the default sets", "[marc8]") {
  CHECK(decode("\xA1\xB1\xA5\xC7\xC8\xC3\xAA") == "\u0141\u0142\u00C6\u00DF\u20AC\u00A9\u00AE");
  CHECK(decode("\x88The\x89 x\x8D\x8E") == "\u0098The\u009C x\u200D\u200C");
  CHECK(decode("\xC9") == "marc8_undefined");
  CHECK(decode("\xA0") == "marc8_undefined");
  CHECK(decode("\xFF") == "marc8_undefined");
  CHECK(decode("\x80") == "marc8_undefined");
}

TEST_CASE("MARC-8: escape sequences lock until the next one", "[marc8]") {
  CHECK(decode("H\x1B"
               "b2\x1BsO") == "H\u2082O");
  CHECK(decode("x\x1Bp2\x1Bs \x1Bg"
               "abc\x1Bs") == "x\u00B2 \u03B1\u03B2\u03B3");
  CHECK(decode("\x1B(NABV \x1B(B abv") == "\u0430\u0431\u0436  abv");
  CHECK(decode("\x1B,NABV\x1B(B") == "\u0430\u0431\u0436");
  CHECK(decode("\x1B)N\xC1\xC2 a\x1B)!E\xE1"
               "a") == "\u0430\u0431 aa\u0300");
  CHECK(decode("\x1B-N\xC1\xC2") == "\u0430\u0431");
  CHECK(decode("\x1B(2`ab\x1B(B") == "\u05D0\u05D1\u05D2");
  CHECK(decode("\x1B(Sabd\x1B(B") == "\u03B1\u03B2\u03B3");
  CHECK(decode("\x1B$1!0!\x1B(B") == "\u4E00");
  CHECK(decode("\x1B$,1!0!!0# \x1B(B") == "\u4E00\u4E03 ");
  CHECK(decode("\x1B$)1\xA1\xB0\xA1 a") == "\u4E00 a");
  CHECK(decode("\x1B$-1\xA1\xB0\xA1") == "\u4E00");
  CHECK(decode("\x1B(!Eb\x1B(Be") == "e\u0301");  // ANSEL as G0
  CHECK(decode("\x1B)B\xE1\xE2") == "ab");        // ASCII as G1
}

TEST_CASE("MARC-8: what is cut or unknown", "[marc8]") {
  CHECK(decode("\x1B$1!0!!0\x1B(B") == "marc8_truncated");
  CHECK(decode("\x1B$1!0") == "marc8_truncated");
  CHECK(decode("\x1B$1~~~\x1B(B") == "marc8_undefined");
  CHECK(decode("a\x1B(\"Sb") == "marc8_bad_escape");
  CHECK(decode("a\x1Bx") == "marc8_bad_escape");
  CHECK(decode("a\x1B$Bx") == "marc8_bad_escape");
  for (const char* open : {"a\x1B", "a\x1B(", "a\x1B$", "a\x1B$)", "a\x1B(!"}) {
    const auto result = read_value(open);
    CHECK(result.outcome == Outcome::repaired);
    CHECK(result.diagnostics.at(0).code == Code::escape_left_out);
    CHECK((*result.record)[0].first('a') == "a");
  }
}

TEST_CASE("MARC-8: every subfield begins with ASCII and ANSEL", "[marc8]") {
  const auto result = read_value("\x1B(Nabv", "abv");
  REQUIRE(result.record);
  CHECK((*result.record)[0].first('b') == "abv");
  CHECK(result.outcome == Outcome::ok);
  CHECK(result.diagnostics.at(0).code == Code::marc8_set_left_open);
  CHECK(read_value("\x1B(Nabv\x1B(B", "abv").diagnostics.empty());
  CHECK(read_value("\x1B(Nabv", "\x1B(Nabv").diagnostics.empty());
}

// The file holds every code of the Library of Congress's tables, put through G0: the code in hex
// in 246 $a and the character in $b.
TEST_CASE("MARC-8: the whole repertoire", "[marc8]") {
  std::size_t records = 0;
  std::set<std::string> characters;
  for (const auto& bytes : data_records("marc8_fulltable_g0.mrc")) {
    const auto result = read_iso2709(bytes);
    REQUIRE(result.outcome == Outcome::ok);
    ++records;
    for (const auto field : result.record->fields())
      for (const auto subfield : field.subfields()) {
        REQUIRE(is_valid_utf8(subfield.value));
        for (std::size_t at = 0; at < subfield.value.size();) {
          std::size_t end = at + 1;
          while (end < subfield.value.size() &&
                 (static_cast<unsigned char>(subfield.value[end]) & 0xC0U) == 0x80)
            ++end;
          characters.emplace(subfield.value.substr(at, end - at));
          at = end;
        }
      }
  }
  CHECK(records == 281);
  CHECK(characters.size() > 15000);
  CHECK(characters.count("\uFFFD") == 0);
}

// The same codes through G1: there the codes have their high bit, and the set another designation.
TEST_CASE("MARC-8: the whole repertoire through G1", "[marc8]") {
  std::size_t values = 0;
  for (const auto& bytes : data_records("marc8_fulltable_g0.mrc"))
    for (std::size_t at = bytes.find('\x1B'); at != std::string::npos;
         at = bytes.find('\x1B', at + 1)) {
      const bool east_asian = bytes.compare(at + 1, 2, "$1") == 0;
      if (!east_asian && bytes[at + 1] != '(') continue;  // sets that have no way into G1
      const std::size_t from = at + (bytes[at + 2] == '!' ? 4 : 3);
      const std::size_t to = bytes.find('\x1B', from);
      const std::string through_g0 = bytes.substr(at, to - at);
      std::string through_g1 = through_g0.substr(0, from - at);
      if (east_asian)
        through_g1.insert(2, ")");
      else
        through_g1[1] = ')';
      for (std::size_t i = from; i < to; ++i)
        through_g1 += static_cast<char>(static_cast<unsigned char>(bytes[i]) | 0x80U);
      // A combining character needs its letter; what stands in these records is "x", code, "y".
      CAPTURE(through_g0);
      REQUIRE(decode(through_g1 + "y") == decode(through_g0 + "\x1B(By"));
      ++values;
      at = to;
    }
  CHECK(values > 16000);
}

TEST_CASE("MARC-8: the Government Publishing Office's own conversions agree", "[marc8]") {
  const auto marc8 = data_records("gpo_marc8_35.mrc");
  const auto utf8 = data_records("gpo_marc8_as_utf8.mrc");
  REQUIRE(marc8.size() == 35);
  REQUIRE(utf8.size() == 35);
  std::size_t fields = 0;
  for (std::size_t i = 0; i < marc8.size(); ++i) {
    const auto a = read_iso2709(marc8[i]);
    const auto b = read_iso2709(utf8[i]);
    CHECK(a.encoding == Encoding::marc8);
    REQUIRE(a.record);
    REQUIRE(b.record);
    REQUIRE(a.record->size() == b.record->size());
    for (std::size_t k = 0; k < a.record->size(); ++k)
      for (std::size_t s = 0; s < (*a.record)[k].subfield_count(); ++s, ++fields)
        CHECK(nfc((*a.record)[k].subfield(s).value) == nfc((*b.record)[k].subfield(s).value));
  }
  CHECK(fields > 1000);
}
