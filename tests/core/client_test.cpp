// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/client.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "files.hpp"

using namespace connexion;

namespace {

constexpr std::string_view kLeader = "00000cam a2200000 i 4500";
constexpr std::string_view kBook008 = "850423s1851    nyu           000 1 eng  ";
constexpr std::string_view kAuthorityLeader = "00000nz  a2200000n  4500";
constexpr std::string_view kAuthority008 = "850423n| azannaabn          |a aaa      ";

std::string rules(const std::string& members = "", const std::string& type = "biblio",
                  const std::string& encoding = "utf-8", const std::string& items = "null") {
  return R"({"schema_version": 1, "record_type": ")" + type + R"(", "encoding": ")" + encoding +
         R"(", "local_fields": [)" + members + R"(], "item_tag": "952", "items": )" + items + "}";
}

ClientRules given(const std::string& json) {
  return ClientRules::from_json(json);
}

RecordBuilder book() {
  RecordBuilder builder;
  builder.leader(kLeader).control_field("001", "77").control_field("003", "KOHA");
  builder.control_field("008", kBook008);
  builder.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', "DLC");
  builder.data_field("100", '1', ' ').subfield('a', "Melville, Herman").subfield('9', "4711");
  builder.data_field("245", '1', '0').subfield('a', "Moby Dick");
  return builder;
}

RecordBuilder name() {
  RecordBuilder builder;
  builder.leader(kAuthorityLeader).control_field("001", "77");
  builder.control_field("008", kAuthority008);
  builder.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', "DLC");
  builder.data_field("100", '1', ' ').subfield('a', "Melville, Herman");
  return builder;
}

std::string tags(const Record& record) {
  std::string out;
  for (const auto field : record.fields()) out += std::string(field.tag()) + " ";
  return out;
}

// Codes with their places, as in "outgoing_008_value 008/06".
std::vector<std::string> problems(const Record& record, const ClientRules& rules) {
  std::vector<std::string> out;
  for (const auto& d : for_client(record, rules).problems) {
    CHECK(d.severity == default_severity(d.code));
    CHECK(d.message.starts_with(code_sentence(d.code)));
    out.push_back(std::string(code_name(d.code)) + " " + d.tag +
                  (d.offset > 0 ? "/" + std::to_string(d.offset) : ""));
  }
  return out;
}

using Problems = std::vector<std::string>;

// A copy with other data in one control field or the leader.
Record with_008(const std::string& data, std::string_view leader = kLeader) {
  RecordBuilder builder;
  builder.leader(leader).control_field("008", data);
  builder.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', "DLC");
  builder.data_field("245", '1', '0').subfield('a', "Moby Dick");
  return builder.build();
}

std::string changed(std::string_view text, std::size_t at, const std::string& with) {
  return std::string(text).replace(at, with.size(), with);
}

}  // namespace

TEST_CASE("For the Client: what is the library's own stays at home", "[client]") {
  auto builder = book();
  builder.data_field("500", ' ', ' ').subfield('9', "of others");
  builder.data_field("590", ' ', ' ').subfield('a', "Signed.");
  builder.data_field("650", ' ', '7').subfield('a', "Whales").subfield('2', "local");
  builder.data_field("650", ' ', '0').subfield('a', "Whales").subfield('9', "12");
  builder.data_field("651", ' ', '0').subfield('9', "13");
  builder.data_field("942", ' ', ' ').subfield('c', "BK");
  builder.data_field("952", ' ', ' ').subfield('p', "3001");
  builder.data_field("999", ' ', ' ').subfield('c', "34");
  const auto record = builder.build();

  const auto usual = for_client(record, given(rules(R"("9XX")"))).record;
  CHECK(tags(usual) == "008 040 100 245 500 590 650 650 ");
  CHECK(usual[2].subfield_count() == 1);
  CHECK(usual[7].subfield_count() == 1);
  CHECK(usual.leader() == record.leader());
  CHECK(tags(for_client(record, given(rules(R"("590", "650 _7 $2 local")"))).record) ==
        "008 040 100 245 500 650 942 999 ");
}

TEST_CASE("For the Client: the OCLC number is kept in 035", "[client]") {
  const auto number = [](std::string_view control, std::string_view source, const char* in_035) {
    RecordBuilder builder;
    builder.leader(kLeader).control_field("001", control);
    if (!source.empty()) builder.control_field("003", source);
    builder.control_field("008", kBook008);
    if (in_035 != nullptr) builder.data_field("035", ' ', ' ').subfield('a', in_035);
    builder.data_field("245", '1', '0').subfield('a', "Moby Dick");
    const auto made = for_client(builder.build(), given(rules()));
    std::string out = made.oclc_number + ":";
    for (const auto field : made.record.fields("035")) out += " " + std::string(field.first('a'));
    return out;
  };
  CHECK(number("ocm00012345 ", "", nullptr) == "12345: (OCoLC)12345");
  CHECK(number("12345", "OCoLC", nullptr) == "12345: (OCoLC)12345");
  CHECK(number("12345", "OCoLC", "(OCoLC)00012345") == "12345: (OCoLC)00012345");
  CHECK(number("12345", "OCoLC", "(OCoLC)999") == "12345: (OCoLC)999 (OCoLC)12345");
  CHECK(number("77", "KOHA", "(OCoLC)ocn999") == "999: (OCoLC)ocn999");
  CHECK(number("77", "KOHA", "(DLC)999") == ": (DLC)999");
  CHECK(number("77", "", nullptr) == ":");
}

TEST_CASE("For the Client: items go out in the field that the library exports them in",
          "[client]") {
  auto builder = book();
  builder.data_field("952", ' ', ' ').subfield('a', "CPL").subfield('p', "3001").subfield('x', "-");
  builder.data_field("952", ' ', ' ').subfield('p', " ");
  builder.data_field("994", ' ', ' ').subfield('a', "C0");
  const auto record = builder.build();
  const std::string out = R"({"tag": "949", "subfields": {"p": "i", "a": "l"}})";
  const auto made = for_client(record, given(rules(R"("942")", "biblio", "utf-8", out))).record;
  REQUIRE(tags(made) == "008 040 100 245 949 994 ");
  CHECK(made[4].raw() ==
        "  \x1Fl"
        "CPL\x1Fi"
        "3001");
  CHECK(tags(for_client(record, given(rules(R"("9XX")", "biblio", "utf-8", out))).record) ==
        "008 040 100 245 949 ");
}

TEST_CASE("For the Client: UTF-8 and MARC-8 with leader/09 right", "[client]") {
  auto builder = book();
  builder.data_field("500", ' ', ' ').subfield('a', "\xC3\xA9 \xF0\x9F\x98\x80");
  const auto record = builder.build();
  const auto utf8 = for_client(record, given(rules()));
  REQUIRE(utf8.octets);
  CHECK(utf8.octets->at(9) == 'a');
  CHECK(utf8.octets->find("\xC3\xA9 \xF0\x9F\x98\x80") != std::string::npos);
  CHECK(utf8.problems.empty());

  const auto marc8 = for_client(record, given(rules("", "biblio", "marc-8")));
  REQUIRE(marc8.octets);
  CHECK(marc8.octets->at(9) == ' ');
  CHECK(marc8.octets->find("\xE2"
                           "e &#x1F600;") != std::string::npos);
  REQUIRE(marc8.problems.size() == 1);
  CHECK(marc8.problems[0].code == Code::outgoing_not_in_marc8);
  CHECK(marc8.problems[0].tag == "500");
  CHECK(marc8.problems[0].severity == Severity::notice);
  CHECK(marc8.problems[0].message.ends_with("The first is U+1F600."));
}

TEST_CASE("For the Client: the leader by the kind of record", "[client]") {
  const auto biblio = given(rules());
  const auto authority = given(rules("", "authority"));
  CHECK(problems(book().build(), biblio).empty());
  CHECK(problems(name().build(), authority).empty());
  CHECK(problems(book().build(), authority) == Problems{"outgoing_type LDR/6"});
  CHECK(problems(name().build(), biblio) == Problems{"outgoing_type LDR/6"});
  const auto with_leader = [&](std::size_t at, const char* value) {
    return problems(book().leader(changed(kLeader, at, value)).build(), biblio);
  };
  CHECK(with_leader(5, "x") == Problems{"outgoing_leader_value LDR/5"});
  CHECK(with_leader(7, " ") == Problems{"outgoing_leader_value LDR/7"});
  CHECK(with_leader(17, "o") == Problems{"outgoing_leader_value LDR/17"});
  CHECK(with_leader(17, "K").empty());
  CHECK(with_leader(19, "x") == Problems{"outgoing_leader_value LDR/19"});
  CHECK(problems(name().leader(changed(kAuthorityLeader, 17, "7")).build(), authority) ==
        Problems{"outgoing_leader_value LDR/17"});
}

TEST_CASE("For the Client: 008 by the kind of record", "[client]") {
  const auto biblio = given(rules());
  const auto bad = [&](std::string_view data, std::string_view leader = kLeader) {
    return problems(with_008(std::string(data), leader), biblio);
  };
  CHECK(bad(kBook008).empty());
  CHECK(bad(kBook008.substr(0, 39)) == Problems{"outgoing_008_length 008"});
  CHECK(bad(std::string(kBook008) + " ") == Problems{"outgoing_008_length 008"});
  CHECK(bad(changed(kBook008, 0, "85-423")) == Problems{"outgoing_008_value 008"});
  CHECK(bad(changed(kBook008, 6, "x")) == Problems{"outgoing_008_value 008/6"});
  CHECK(bad(changed(kBook008, 7, "18??")) == Problems{"outgoing_008_value 008/7"});
  CHECK(bad(changed(kBook008, 7, "18uu")).empty());
  CHECK(bad(changed(kBook008, 15, "NYU")) == Problems{"outgoing_008_value 008/15"});
  CHECK(bad(changed(kBook008, 15, "fr ")).empty());
  CHECK(bad(changed(kBook008, 18, "a  z")) == Problems{"outgoing_008_value 008/18"});
  CHECK(bad(changed(kBook008, 33, "x")) == Problems{"outgoing_008_value 008/33"});
  CHECK(bad(changed(kBook008, 35, "ENG")) == Problems{"outgoing_008_value 008/35"});
  CHECK(bad(changed(kBook008, 38, "z")) == Problems{"outgoing_008_value 008/38"});
  // what a map may say a book may not
  const auto map = changed(kBook008, 18, "cdef  ||| a");
  const auto map_leader = changed(kLeader, 6, "e");
  CHECK(bad(map, map_leader) == Problems{"outgoing_008_value 008/29", "outgoing_008_value 008/33"});
  CHECK(bad(changed(changed(map, 29, " "), 33, " "), map_leader).empty());
  const auto serial = changed(kBook008, 18, "mr p      f0    2");
  CHECK(bad(serial, changed(kLeader, 7, "s")).empty());
  CHECK(bad(serial).size() > 2);
  CHECK(bad(changed(kBook008, 18, "090            vl"), changed(kLeader, 6, "g")).empty());
  CHECK(bad(changed(kBook008, 18, "zzn              "), changed(kLeader, 6, "j")).empty());

  RecordBuilder none;
  none.leader(kLeader).data_field("245", '1', '0').subfield('k', "Papers");
  CHECK(problems(none.build(), biblio) ==
        Problems{"outgoing_008_missing 008", "outgoing_040_missing 040"});
  CHECK(problems(book().control_field("008", kBook008).build(), biblio) ==
        Problems{"outgoing_008_repeated 008"});

  const auto authority = given(rules("", "authority"));
  RecordBuilder other;
  other.leader(kAuthorityLeader).control_field("008", changed(kAuthority008, 9, "x"));
  other.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', "DLC");
  other.data_field("150", ' ', ' ').subfield('a', "Whales");
  CHECK(problems(other.build(), authority) == Problems{"outgoing_008_value 008/9"});
}

TEST_CASE("For the Client: what every record must have", "[client]") {
  const auto biblio = given(rules());
  RecordBuilder poor;
  poor.leader(kLeader).control_field("008", kBook008);
  poor.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', " ");
  poor.data_field("245", '1', '0').subfield('c', "somebody");
  CHECK(problems(poor.build(), biblio) ==
        Problems{"outgoing_040_incomplete 040", "outgoing_245_missing 245"});
  auto twice = book();
  twice.data_field("245", '0', '0').subfield('a', "Again");
  twice.data_field("110", '0', ' ').subfield('a', "Somebody else");
  CHECK(problems(twice.build(), biblio) ==
        Problems{"outgoing_245_repeated 245", "outgoing_main_entry_repeated 110"});

  const auto authority = given(rules("", "authority"));
  auto two = name();
  two.data_field("150", ' ', ' ').subfield('a', "Whales");
  CHECK(problems(two.build(), authority) == Problems{"outgoing_heading_repeated 150"});
  RecordBuilder headless;
  headless.leader(kAuthorityLeader).control_field("008", kAuthority008);
  headless.data_field("040", ' ', ' ').subfield('a', "DLC").subfield('c', "DLC");
  CHECK(problems(headless.build(), authority) == Problems{"outgoing_heading_missing "});
}

TEST_CASE("For the Client: what ISO 2709 can't hold is told and not written", "[client]") {
  const auto of_size = [](std::size_t each, int times, const std::string& encoding) {
    auto builder = book();
    for (int i = 0; i < times; ++i)
      builder.data_field("520", ' ', ' ').subfield('a', std::string(each, 'x'));
    return for_client(builder.build(), given(rules("", "biblio", encoding)));
  };
  for (const std::string encoding : {"utf-8", "marc-8"}) {
    INFO(encoding);
    CHECK(of_size(9994, 1, encoding).octets);
    const auto field = of_size(9995, 1, encoding);
    CHECK_FALSE(field.octets);
    REQUIRE(field.problems.size() == 1);
    CHECK(field.problems[0].code == Code::outgoing_field_too_long);
    CHECK(field.problems[0].message.ends_with("It has 10000."));
    const auto record = of_size(9994, 11, encoding);
    CHECK_FALSE(record.octets);
    REQUIRE(record.problems.size() == 1);
    CHECK(record.problems[0].code == Code::outgoing_record_too_long);
  }
  // a character of four bytes becomes a reference of nine
  auto builder = book();
  std::string emoji;
  for (int i = 0; i < 1200; ++i) emoji += "\xF0\x9F\x98\x80";
  builder.data_field("520", ' ', ' ').subfield('a', emoji);
  CHECK(for_client(builder.build(), given(rules())).octets);
  const auto marc8 = for_client(builder.build(), given(rules("", "biblio", "marc-8")));
  CHECK_FALSE(marc8.octets);
}

TEST_CASE("For the Client: the size is told exactly", "[client]") {
  // one byte less and it is written
  const auto with = [](std::size_t last) {
    auto builder = book();
    for (int i = 0; i < 9; ++i)
      builder.data_field("520", ' ', ' ').subfield('a', std::string(9994, 'x'));
    builder.data_field("520", ' ', ' ').subfield('a', std::string(last, 'x'));
    return for_client(builder.build(), given(rules()));
  };
  std::size_t last = 9994;
  while (!with(last).octets) --last;
  CHECK(with(last).octets->size() == 99999);
  CHECK(with(last + 1).problems.at(0).message.ends_with("It has 100000."));
}

TEST_CASE("For the Client: rules that are none are told", "[client]") {
  const auto code = [](const std::string& json) {
    try {
      (void)given(json);
    } catch (const Error& error) {
      return error.code();
    }
    return std::string();
  };
  CHECK(code(rules()).empty());
  CHECK(code("{") == "rules.not_json");
  CHECK(code("{}") == "rules.missing_member");
  CHECK(code(rules(R"("9Z")")) == "rules.bad_field_pattern");
  CHECK(code(rules("", "holdings")) == "rules.unknown_value");
  CHECK(code(rules("", "biblio", "latin-1")) == "rules.unknown_value");
  CHECK(code(rules("", "biblio", "utf-8", R"({"tag": "001", "subfields": {"p": "i"}})")) ==
        "rules.unknown_value");
  CHECK(code(rules("", "biblio", "utf-8", R"({"tag": "949", "subfields": {}})")) ==
        "rules.unknown_value");
  CHECK(code(rules("", "biblio", "utf-8", R"({"tag": "949", "subfields": {"p": ""}})")) ==
        "rules.unknown_value");
}

TEST_CASE("For the Client: docs/sending.md has every code", "[client]") {
  std::ifstream file(std::filesystem::path(CONNEXION_GOLDEN) / "../../docs/sending.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::size_t found = 0;
  for (const auto code : all_codes()) {
    const std::string name(code_name(code));
    if (!name.starts_with("outgoing_")) continue;
    INFO(name);
    CHECK(page.find("`" + name + "`") != std::string::npos);
    ++found;
  }
  CHECK(found == 16);
}
