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

TEST_CASE("verify: an ISBN whose check digit is wrong, with the title") {
  const auto titled = [](const std::string& isbn, const std::string& title) {
    connexion::RecordBuilder b;
    b.leader("00000nam a2200000 a 4500");
    b.data_field("020", ' ', ' ').subfield('a', isbn);
    b.data_field("245", '1', '0').subfield('a', title).subfield('c', "somebody.");
    return b.build();
  };
  const auto decided = [&](const Record& source, const Record& other) {
    const auto rules = rule("isbn", "020");
    connexion::Facts facts;
    facts.hit(0, 7, connexion::HitSource::identifiers);
    facts.candidate(7, other);
    return connexion::decide(source, facts, rules);
  };
  const auto found = [&](const Record& source, const Record& other) {
    const auto decision = decided(source, other);
    const bool said = decision.reasons.size() > 1 && decision.reasons[1].code == "isbn_misprint";
    CHECK(said == (decision.target == 7));
    return decision.target == 7;
  };
  const Record right = titled("9780306406157", "Speech physiology /");
  CHECK(found(right, titled("0-306-40615-3 (hbk.)", "Speech physiology.")));
  CHECK(found(right, titled("030640615x", "Speech physiology.")));
  CHECK(found(titled("0306406153", "Speech Physiology"), right));
  CHECK(found(titled("9780306406150", "Speech Physiology"), right));
  CHECK(found(titled("9780306406150", "Speech Physiology"),
              titled("0306406153", "Speech physiology")));
  CHECK(decided(right, right).reasons.size() == 1);  // nothing to say of what is right
  CHECK_FALSE(found(right, titled("0306406153", "Speech acoustics")));
  CHECK_FALSE(found(right, titled("0306406253", "Speech physiology")));
  CHECK_FALSE(found(right, titled("0306406153 ", "")));
  CHECK_FALSE(found(right, titled("030640615a", "Speech physiology")));
}

TEST_CASE(
    "verify: an ISBN whose check digit is wrong is indexed, and searched for, as the right one") {
  const auto entries = connexion::index_entries(with("020", "0-306-40615-3 (hbk.)"));
  CHECK(entries == std::vector<connexion::Identifier>{{"isbn_misprint", "9780306406157"}});
  const auto rules = rule("isbn", "020");
  const auto points = connexion::point_keys(with("020", "0306406153"), rules.matching());
  REQUIRE(points.size() == 1);
  CHECK(points[0].searched ==
        std::vector<std::string>{"0306406153", "9780306406157", "0306406152"});
}
