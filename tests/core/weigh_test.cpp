// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/weigh.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "connexion/marc.hpp"
#include "connexion/text.hpp"

namespace {

using connexion::detail::Evidence;

Evidence weighed(std::string_view value) {
  Evidence evidence;
  connexion::detail::weigh(value, evidence);
  return evidence;
}

std::string latin1(std::string_view utf8) {
  std::string result;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    result +=
        byte < 0x80
            ? utf8[i]
            : static_cast<char>((byte & 3U) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3FU));
  }
  return result;
}

}  // namespace

TEST_CASE("Words of many languages in MARC-8 speak for MARC-8", "[marc]") {
  for (const char* text : {"Café",
                           "français",
                           "São Tomé",
                           "año",
                           "Übung",
                           "naïve",
                           "Łódź",
                           "Książka",
                           "Dvořák",
                           "Přehled dějin",
                           "Việt Nam, đường",
                           "ế ồ ử",
                           "Șerban",
                           "İstanbul, Türkçe",
                           "Sañjaya",
                           "Kr̥ṣṇa",
                           "Muḥammad ʻAlī",
                           "Tōkyō",
                           "M͡oskva, i͡a",

                           "Ångström",
                           "Māori",
                           "Ḥaḍramawt",
                           "šḿ ź",
                           "ʻUthmān",
                           "Ķēniņš, pūķis",
                           "Gödel",
                           "t͡sentr"}) {
    CAPTURE(text);
    const auto evidence = weighed(connexion::to_marc8(text));
    CHECK(evidence.latin1 == 0);
    CHECK(evidence.marc8 + evidence.either != 0);
  }
}

TEST_CASE("Words of many languages in Latin-1 never speak for MARC-8", "[marc]") {
  for (const char* text :
       {"información", "fácil, difícil", "España", "Señor", "Jesús",    "à la mode", "Été",
        "forêt",       "père",           "Øre",    "være",  "på dansk", "für",       "Größe",
        "Citroën",     "naïf.",          "São",    "avô",   "até,",     "Ça va",     "Ängste",
        "km², ©2015",  "Ísland",         "þessi",  "½ cup"}) {
    CAPTURE(text);
    const auto evidence = weighed(latin1(text));
    CHECK(evidence.marc8 == 0);
  }
}

TEST_CASE("Signs speak by what is beside them", "[marc]") {
  CHECK(weighed("\xC3\x32\x30\x31\x35").latin1 == 0);  // © in MARC-8 before a year
  CHECK(weighed("\xA9\x32\x30\x31\x35").latin1 == 2);  // © in Latin-1, a flat in MARC-8
  CHECK(weighed("B\xA9 major").latin1 == 0);           // a flat
  CHECK(weighed("F\xC4 minor").latin1 == 0);           // a sharp
  CHECK(weighed("\xC4hnlich").latin1 == 2);            // A umlaut
  CHECK(weighed("45\xC0 N").latin1 == 0);              // degrees in MARC-8
  CHECK(weighed("45\xB0 N").latin1 == 2);              // degrees in Latin-1, an ayn in MARC-8
  CHECK(weighed("Stra\xC7"
                "e")
            .latin1 == 0);  // sharp s
  CHECK(weighed("\xC7"
                "a ira")
            .latin1 == 2);  // C cedilla
  CHECK(weighed("\xB9"
                "5 \xA3"
                "5")
            .latin1 == 2);                         // a pound in MARC-8, one in Latin-1
  CHECK(weighed("\x1B(N\xE9\x1B(B").latin1 == 0);  // another set
}
