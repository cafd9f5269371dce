// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/record.hpp"

#include <catch2/catch.hpp>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"

using namespace connexion;

namespace {

Record sample() {
  return RecordBuilder()
      .leader("00000cam a2200000 i 4500")
      .control_field("001", "ocn123")
      .data_field("020", ' ', ' ')
      .subfield('a', "9780306406157")
      .data_field("245", '1', '0')
      .subfield('a', "Caf\xC3\xA9 :")
      .subfield('b', "<a & b> \"q\" /")
      .build();
}

}  // namespace

TEST_CASE("A built record gives what was put in", "[record]") {
  const Record record = sample();
  CHECK(record.size() == 3);
  CHECK(record.type() == RecordType::biblio);
  CHECK(record.control("001") == "ocn123");
  CHECK(record.control("003").data() == nullptr);
  CHECK(record[2].tag() == "245");
  CHECK(record[2].indicator(1) == '1');
  CHECK(record[2].indicator(2) == '0');
  CHECK(record[2].first('a') == "Caf\xC3\xA9 :");
  CHECK(record[2].first('z').data() == nullptr);
  CHECK(record[0].subfield_count() == 0);
  CHECK(record[1].data().empty());
  int fields = 0;
  for (const auto field : record.fields("020"))
    for (const auto subfield : field.subfields()) {
      CHECK(subfield.code == 'a');
      ++fields;
    }
  CHECK(fields == 1);
}

TEST_CASE("A record lives as long as one copy does", "[record]") {
  std::string_view view;
  Record kept;
  {
    const Record record = sample();
    view = record[1].first('a');
    kept = record;
  }
  CHECK(view == "9780306406157");
}

TEST_CASE("Equality minds content and order, not the lengths in the leader", "[record]") {
  const Record record = sample();
  CHECK(RecordBuilder(record).build() == record);
  CHECK(read_iso2709(to_iso2709(record)).record == record);
  CHECK_FALSE(Record() == record);
  CHECK_FALSE(RecordBuilder(record).leader("00000cam a2200000   4500").build() == record);
  CHECK_FALSE(RecordBuilder(record).control_field("009", "x").build() == record);
  RecordBuilder reversed;
  reversed.leader(record.leader()).append(record[0]).append(record[2]).append(record[1]);
  CHECK_FALSE(reversed.build() == record);
}

TEST_CASE("A builder refuses what no record may hold", "[record]") {
  const auto code = [](const auto& act) -> std::string {
    try {
      act();
    } catch (const Error& e) {
      return e.code();
    }
    return "none";
  };
  CHECK(code([] { RecordBuilder().subfield('a', "x"); }) == "record.no_field");
  CHECK(code([] { RecordBuilder().control_field("001", "x").subfield('a', "x"); }) ==
        "record.no_field");
  CHECK(code([] { RecordBuilder().control_field("245", "x"); }) == "record.bad_tag");
  CHECK(code([] { RecordBuilder().data_field("001", ' ', ' '); }) == "record.bad_tag");
  CHECK(code([] { RecordBuilder().data_field("24", ' ', ' '); }) == "record.bad_tag");
  CHECK(code([] {
          RecordBuilder().data_field(
              "2\x1F"
              "5",
              ' ', ' ');
        }) == "record.bad_tag");
  CHECK(code([] { RecordBuilder().data_field("245", '\x1F', ' '); }) == "record.bad_text");
  CHECK(code([] { RecordBuilder().data_field("245", ' ', ' ').subfield('\x1F', ""); }) ==
        "record.bad_text");
  for (const char* bad : {"a\x1E", "\x01", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xEF\xBF\xBE"})
    CHECK(code([&] { RecordBuilder().control_field("001", bad); }) == "record.bad_text");
  CHECK(code([] { RecordBuilder().control_field("001", "a\tb\r\nc"); }) == "none");
  CHECK(code([] { RecordBuilder().leader("short"); }) == "record.bad_leader");
  CHECK(code([] {
          RecordBuilder().leader(
              "00000cam\xE9"
              "a2200000 i 4500");
        }) == "record.bad_leader");
}

TEST_CASE("A builder may be handed on", "[record]") {
  RecordBuilder first(sample());
  RecordBuilder second(std::move(first));
  second.data_field("500", ' ', ' ').subfield('a', "More");
  RecordBuilder third;
  third = std::move(second);
  CHECK(third.build().size() == sample().size() + 1);
}

TEST_CASE("A builder's leader is one that fits what is written", "[record]") {
  const Record record = RecordBuilder().leader("01234cam  3300099 i 45  ").build();
  CHECK(record.leader() == "01234cam a2200099 i 4500");
  CHECK(Record().leader().size() == 24);
  CHECK(Record().empty());
}

TEST_CASE("Leader/06 tells the type of record", "[record]") {
  const auto type = [](char c) {
    std::string leader = "00000nam a2200000   4500";
    leader[6] = c;
    return RecordBuilder().leader(leader).build().type();
  };
  for (const char c : std::string("acdefgijkmoprt")) CHECK(type(c) == RecordType::biblio);
  CHECK(type('z') == RecordType::authority);
  for (const char c : std::string("uvxy")) CHECK(type(c) == RecordType::holdings);
  CHECK(type('q') == RecordType::community);
  CHECK(type('w') == RecordType::classification);
  CHECK(type('?') == RecordType::unknown);
}
