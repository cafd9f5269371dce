// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/text.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "connexion/marc.hpp"
#include "files.hpp"

using namespace connexion;

TEST_CASE("UTF-8 is checked as Unicode defines it", "[text]") {
  for (const char* good :
       {"", "plain", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xF4\x8F\xBF\xBF", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80", "\x7F"})
    CHECK(is_valid_utf8(good));
  for (const char* bad :
       {"\x80", "\xBF", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xE4\xB8", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3\xC3\xA9", "1234567\xC3",
        "12345678\xA9", "\xE4\xB8\x41"})
    CHECK_FALSE(is_valid_utf8(bad));
}

TEST_CASE("ASCII for replies", "[text]") {
  CHECK(to_ascii("Title / 50% \"x\"") == "Title / 50% \"x\"");
  CHECK(to_ascii("Caf\u00E9 M\u00FCnchen \u0141\u00F3d\u017A \u00DF \u00C6") ==
        "Cafe Munchen Lodz ss AE");
  CHECK(to_ascii("e\u0301") == "e");
  CHECK(to_ascii("\u2018quoted\u2019 \u2014 \u201Cx\u201D \u2026") == "'quoted' - \"x\" ...");
  CHECK(to_ascii("\u0412\u043E\u0439\u043D\u0430") == "Vojna");
  CHECK(to_ascii("\u4E2D\u56FD") == "zhong guo");
  CHECK(to_ascii("a\tb\nc\x01"
                 "d\x7F\u0098e\u009C") == "a b cde");
  CHECK(to_ascii("\U0001F600") == "?");
  for (const auto& bytes : data_records("authority_multiscript_4.mrc"))
    for (const char c : to_ascii(to_marcxml(*read_iso2709(bytes).record)))
      REQUIRE((c >= 0x20 && c < 0x7F));
  CHECK(to_ascii("\xC3(").find('(') != std::string::npos);
}

TEST_CASE("Normal form and case need no locale", "[text]") {
  CHECK(nfc("e\u0301\u0323") == "\u1EB9\u0301");
  CHECK(nfc("plain") == "plain");
  CHECK(upper("stra\u00DFe i\u0301") == "STRASSE I\u0301");
  CHECK(lower("\u00C9T\u00C9 I") == "\u00E9t\u00E9 i");
}

TEST_CASE("The title is what a cataloguer calls the record", "[text]") {
  const auto biblio = [](auto fill) {
    RecordBuilder builder;
    builder.data_field("100", '1', ' ').subfield('a', "Author.");
    fill(builder);
    return title(builder.build());
  };
  CHECK(biblio([](RecordBuilder& b) {
          b.data_field("245", '1', '0')
              .subfield('a', "Title :")
              .subfield('b', "other title /")
              .subfield('c', "author.");
        }) == "Title : other title");
  CHECK(biblio([](RecordBuilder& b) {
          b.data_field("245", '1', '0')
              .subfield('6', "880-01")
              .subfield('a', "Works.")
              .subfield('n', "Part 2,")
              .subfield('p', "Letters.");
        }) == "Works. Part 2, Letters");
  CHECK(biblio([](RecordBuilder& b) {
          b.data_field("245", '0', '0').subfield('a', "Life in the U.S. /").subfield('c', "x.");
        }) == "Life in the U.S.");
  CHECK(biblio([](RecordBuilder& b) {
          b.data_field("245", '0', '0').subfield('a', "And then ...");
        }) == "And then ...");
  CHECK(
      biblio([](RecordBuilder& b) { b.data_field("245", '0', '0').subfield('a', " / "); }).empty());
  CHECK(biblio([](RecordBuilder&) {}).empty());
  CHECK(title(Record()).empty());

  const Record authority = RecordBuilder()
                               .leader("00000nz  a2200000n  4500")
                               .data_field("150", ' ', ' ')
                               .subfield('a', "Libraries")
                               .subfield('x', "Automation")
                               .subfield('z', "Finland.")
                               .build();
  CHECK(title(authority) == "Libraries--Automation--Finland");
  CHECK(title(*read_iso2709(data_file("book_ascii_ocn893210272.mrc")).record) ==
        "The distant sound");
}
