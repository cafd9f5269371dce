// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is done in a fast way must come out as in the plain one.
#include "marc/scan.hpp"

#include <unicode/normalizer2.h>

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "text/utf8.hpp"

using connexion::detail::Scan;

namespace {

// Text as records have it, with a control character now and then, DEL and bytes above 7F.
std::string some_text(std::size_t size, unsigned controls_in_1000, std::mt19937& random) {
  std::string text;
  while (text.size() < size) {
    const auto dice = random() % 1000;
    if (dice < controls_in_1000)
      text += static_cast<char>(random() % 0x20);
    else if (dice == 999 && random() % 20 == 0)
      text += static_cast<char>(0x7F + random() % 0x81);
    else
      text += static_cast<char>(0x20 + random() % 0x5F);
  }
  return text;
}

void compare(const std::string& text) {
  const auto all = connexion::detail::scan_ways();
  const auto plain = std::make_unique<Scan>();
  const auto other = std::make_unique<Scan>();
  all.ways[0].run(text, *plain);
  for (std::size_t way = 1; way < all.count; ++way) {
    if (!all.ways[way].usable) continue;
    INFO(all.ways[way].name << ", " << text.size() << " bytes");
    all.ways[way].run(text, *other);
    REQUIRE(other->complete == plain->complete);
    if (!plain->complete) continue;
    CHECK(other->high == plain->high);
    CHECK(other->del == plain->del);
    REQUIRE(other->count == plain->count);
    CHECK(std::equal(plain->at.begin(), plain->at.begin() + static_cast<long>(plain->count),
                     other->at.begin()));
  }
}

}  // namespace

TEST_CASE("Every way of scanning finds the same", "[marc]") {
  std::mt19937 random(2709);
  for (std::size_t size = 0; size < 300; ++size)
    for (const unsigned controls : {0U, 50U, 500U, 1000U})
      compare(some_text(size, controls, random));
  for (const std::size_t size : {4095U, 4096U, 4097U, 4160U, 50000U})
    for (const unsigned controls : {50U, 1000U}) compare(some_text(size, controls, random));
}

TEST_CASE("Characters that are taken for normalized are so, whatever stands beside them",
          "[text]") {
  UErrorCode status = U_ZERO_ERROR;
  const auto* const nfc = icu::Normalizer2::getNFCInstance(status);
  REQUIRE(U_SUCCESS(status));
  std::size_t plain = 0;
  for (UChar32 c = 0x80; c < 0x110000; ++c) {
    if (c == 0xD800) c = 0xE000;
    std::string text;
    connexion::utf8::append(text, static_cast<char32_t>(c));
    if (!connexion::utf8::is_plainly_nfc(text)) continue;
    ++plain;
    INFO(c);
    REQUIRE(nfc->quickCheck(icu::UnicodeString(c), status) == UNORM_YES);
    REQUIRE(nfc->getCombiningClass(c) == 0);
    REQUIRE(nfc->hasBoundaryBefore(c));
  }
  CHECK(plain > 40000);
  CHECK_FALSE(connexion::utf8::is_plainly_nfc("e\xCC\x81"));
  CHECK_FALSE(connexion::utf8::is_plainly_nfc("\xE2\x84\xAB"));  // the sign of the unit angstrom
}
