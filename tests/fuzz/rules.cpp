// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rules from any bytes: taken, or an Error that says why. What is taken must work.
#include <nlohmann/json.hpp>

#include "connexion/plan.hpp"
#include "expect.hpp"

namespace {

connexion::Record book() {
  connexion::RecordBuilder b;
  b.leader("00000nam a2200000 a 4500").control_field("001", "ocm00012345 ");
  b.data_field("020", ' ', ' ').subfield('a', "0306406152 (pbk.)");
  b.data_field("245", '0', '0')
      .subfield('a',
                "Stra\xC3\x9F"
                "e")
      .subfield('b', "\xE6\x9D\xB1");
  b.data_field("952", ' ', ' ').subfield('a', "CPL").subfield('p', "3001").subfield('9', "17");
  return b.build();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const connexion::Record record = book();
  const auto text = fuzz::as_text(data, size);
  const auto is_json = [](const std::string& s) { return nlohmann::json::accept(s); };
  try {
    connexion::Facts facts;
    facts.items_json(text);
  } catch (const connexion::Error& e) {
    fuzz::expect(e.code().starts_with("facts."), e.code());
    fuzz::expect_sentence(e.what(), "an error is told in UTF-8");
  }
  try {
    const auto rules = connexion::Rules::from_json(text);
    connexion::Facts facts;
    if (rules.has_matching() && !rules.matching().matchpoints.empty()) {
      facts.hit(0, 34, connexion::HitSource::search);
      facts.candidate(34, record);
    }
    fuzz::expect(is_json(connexion::item_questions(record, rules)), "questions are JSON");
    fuzz::expect(is_json(connexion::plan(record, facts, rules)), "a plan is JSON");
  } catch (const connexion::Error& e) {
    fuzz::expect(e.code().starts_with("rules."), e.code());
    fuzz::expect_sentence(e.what(), "an error is told in UTF-8");
  }
  return 0;
}
