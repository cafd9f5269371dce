// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers that are invalid but the same, as hits of a search are verified by them.
#include <catch2/catch.hpp>

#include "connexion/plan.hpp"

namespace {

using connexion::Record;

Record with(const std::string& tag, const std::string& value) {
  connexion::RecordBuilder b;
  b.leader("00000nam a2200000 a 4500");
  b.data_field(tag, ' ', ' ').subfield('a', value);
  return b.build();
}

connexion::Rules rule(const std::string& index, const std::string& tag) {
  return connexion::Rules::from_json(
      R"({"schema_version": 1, "record_type": "biblio", "mode": "direct", "on_match": "replace",
          "on_no_match": "create_new", "items": "ignore", "matching_rule": {"code": "X",
          "record_type": "biblio", "threshold": 100, "matchpoints": [{"score": 100, "index": ")" +
      index + R"(", "components": [{"tag": ")" + tag + R"(", "subfields": "a"}]}]}})");
}

// Searched for at all, and the hit is believed.
bool same(const std::string& index, const std::string& tag, const std::string& one,
          const std::string& other) {
  const auto rules = rule(index, tag);
  const Record source = with(tag, one);
  connexion::Facts facts;
  facts.hit(0, 7, connexion::HitSource::search);
  facts.candidate(7, with(tag, other));
  return connexion::has_search_keys(source, rules.matching()) &&
         connexion::decide(source, facts, rules).target == 7;
}

}  // namespace

TEST_CASE("verify: an LCCN that is none, with its blanks") {
  CHECK(same("lccn", "010", "n  79021425440126", "n 79021425440126 /r90"));
  CHECK(same("lccn", "010", "vp  58020560514853 ", "vp  58020560514853"));
  CHECK_FALSE(same("lccn", "010", "n  79021425440126", "n  79021425440127"));
  CHECK_FALSE(same("lccn", "010", "n  79", "n  79"));
}

TEST_CASE("verify: an ISBN or ISSN that is none, with blanks in it") {
  CHECK(same("isbn", "020", "0 306 40615 3", "0 306 40615 3 (pbk.)"));
  CHECK(same("isbn", "020", "0 306 40615 3", "0306406153"));
  CHECK(same("isbn", "020", "0306406153 0306406154", "0306406153"));
  CHECK_FALSE(same("isbn", "020", "0 306 40615 3", "0 306 40615 4"));
  CHECK_FALSE(same("isbn", "020", "hbk. v. 1", "hbk. v. 1"));
  CHECK_FALSE(same("isbn", "020", "1 vol", "1 vol"));
  CHECK(same("issn", "022", "1234 5678", "1234-5678"));
}
