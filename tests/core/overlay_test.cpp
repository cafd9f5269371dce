// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is kept of the record that is overlaid, and what holds an overlay back.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "connexion/error.hpp"
#include "connexion/plan.hpp"

using connexion::Error;
using connexion::Facts;
using connexion::field_changes;
using connexion::HitSource;
using connexion::name_of;
using connexion::Record;
using connexion::record_to_write;
using connexion::RecordBuilder;
using connexion::Rules;
using Json = nlohmann::json;
using Strings = std::vector<std::string>;
using Lines = std::vector<std::pair<std::string, std::string>>;  // pattern and policy

namespace {

constexpr auto kLeader = "00000nam a2200000 a 4500";

// "590 __ $a Note $5 DLC" or "005 20200101120000.0"
void add(RecordBuilder& builder, const std::string& line) {
  const auto tag = line.substr(0, 3);
  if (tag.starts_with("00")) {
    builder.control_field(tag, line.substr(4));
    return;
  }
  const auto indicator = [&](std::size_t at) { return line[at] == '_' ? ' ' : line[at]; };
  builder.data_field(tag, indicator(4), indicator(5));
  for (auto at = line.find('$'); at != std::string::npos;) {
    const auto next = line.find(" $", at);
    const auto text = line.substr(at + 3, next == std::string::npos ? next : next - at - 3);
    builder.subfield(line[at + 1], text);
    at = next == std::string::npos ? next : next + 1;
  }
}

Record record(const Strings& lines, const std::string& leader = kLeader) {
  RecordBuilder builder;
  builder.leader(leader);
  for (const auto& line : lines) add(builder, line);
  return builder.build();
}

Rules rules(Json more = Json::object(), const std::string& type = "biblio") {
  const auto* const tag = type == "biblio" ? "020" : "010";
  Json document{
      {"schema_version", 1},
      {"record_type", type},
      {"mode", "direct"},
      {"on_match", "replace"},
      {"on_no_match", "create_new"},
      {"items", "always_add"},
      {"matching_rule",
       {{"code", "R"},
        {"record_type", type},
        {"threshold", 100},
        {"matchpoints",
         Json::array({{{"index", type == "biblio" ? "isbn" : "lccn"},
                       {"score", 100},
                       {"components", Json::array({{{"tag", tag}, {"subfields", "a"}}})}}})}}}};
  document.update(more);
  return Rules::from_json(document.dump());
}

Facts found(const Record& existing, std::int64_t id = 34) {
  Facts facts;
  facts.hit(0, id, HitSource::search);
  facts.candidate(id, existing);
  return facts;
}

// Whether a pattern means the field: then it is kept.
bool matches(const std::string& pattern, const std::string& line) {
  const Json lines = Json::array({{{"fields", pattern}, {"policy", "keep_existing"}}});
  const auto all = rules({{"local_fields", lines}, {"item_tag", "949"}});
  return record_to_write(record({}), found(record({line})), 34, all).size() == 1;
}

// "stays 590 __ $a Note [59X]" without the indicators of control fields
Strings changes(const Strings& incoming, const Strings& existing, const Lines& lines,
                Json more = Json::object()) {
  auto local = Json::array();
  for (const auto& line : lines) local.push_back({{"fields", line.first}, {"policy", line.second}});
  more["local_fields"] = local;
  const auto ours = record(incoming);
  const auto facts = found(record(existing));
  const auto all = rules(std::move(more));
  Strings shown;
  std::size_t written = 0;
  for (const auto& change : field_changes(ours, facts, 34, all)) {
    auto text = change.text;
    if (!change.tag.starts_with("00")) std::replace(text.begin(), text.begin() + 2, ' ', '_');
    shown.push_back(std::string(name_of(change.action)) + " " + change.tag + " " + text +
                    (change.line ? " [" + *change.line + "]" : ""));
    const auto action = change.action;
    if (action != connexion::FieldAction::goes && action != connexion::FieldAction::not_taken)
      ++written;
  }
  // what is shown is what is written, in that order
  const auto result = record_to_write(ours, facts, 34, all);
  CHECK(result.size() == written);
  std::size_t at = 0;
  for (const auto& change : field_changes(ours, facts, 34, all)) {
    using enum connexion::FieldAction;
    if (change.action == goes || change.action == not_taken) continue;
    REQUIRE(at < result.size());
    CHECK(std::string(result[at].tag()) == change.tag);
    ++at;
  }
  return shown;
}

Strings codes(const Record& incoming, const Facts& facts, const Rules& all) {
  Strings codes;
  for (const auto& reason : decide(incoming, facts, all).reasons) codes.push_back(reason.code);
  return codes;
}

}  // namespace

TEST_CASE("local fields: tags") {
  CHECK(matches("590", "590 __ $a x"));
  CHECK_FALSE(matches("590", "591 __ $a x"));
  CHECK(matches("69X", "690 __ $a x"));
  CHECK_FALSE(matches("69X", "700 __ $a x"));
  CHECK(matches("9XX", "942 __ $c BK"));
  CHECK(matches("9xx", "942 __ $c BK"));
  CHECK(matches("XXX", "001 123"));
  CHECK(matches("590-599", "590 __ $a x"));
  CHECK(matches("590-599", "599 __ $a x"));
  CHECK_FALSE(matches("590-599", "600 __ $a x"));
  CHECK_FALSE(matches("590-599", "589 __ $a x"));
  CHECK(matches("00X", "003 DLC"));
}

TEST_CASE("local fields: indicators, subfields and conditions") {
  CHECK(matches("650 _7 $2 local", "650 _7 $a Cats $2 local"));
  CHECK(matches("650 #7 $2 = local", "650 _7 $a Cats $2 Local "));
  CHECK_FALSE(matches("650 _7 $2 local", "650 _0 $a Cats $2 local"));
  CHECK_FALSE(matches("650 _7 $2 local", "650 _7 $a Cats $2 fast"));
  CHECK_FALSE(matches("650 _7 $2 local", "650 _7 $a Cats"));
  CHECK(matches("650 *7", "650 17 $a Cats"));
  CHECK(matches("856 $5", "856 40 $u http://x $5 DLC"));
  CHECK_FALSE(matches("856 $5", "856 40 $u http://x"));
  CHECK(matches("$5 = DLC", "655 _7 $a x $5 DLC"));
  CHECK(matches("$5 DLC", "655 _7 $a x $5 OCLC $5 dlc"));
  CHECK_FALSE(matches("$5 = DLC", "001 DLC"));
  CHECK(matches("590 $a a b $5 DLC", "590 __ $a a b $5 DLC"));
  CHECK_FALSE(matches("590 $a a b $5 DLC", "590 __ $a a b"));
  CHECK(matches("590 $a \"x except 5\"", "590 __ $a x except 5"));
  CHECK_FALSE(matches("001 _1", "001 123"));
}

TEST_CASE("local fields: exceptions") {
  CHECK(matches("9XX except 952", "942 __ $c BK"));
  CHECK_FALSE(matches("9XX except 952", "952 __ $a CPL"));
  CHECK_FALSE(matches("9XX except 94X, 952-999", "942 __ $c BK"));
  CHECK_FALSE(matches("9XX except 94X, 952-999", "960 __ $c BK"));
  CHECK(matches("9XX except 94X, 952-999", "950 __ $c BK"));
  CHECK(matches("5XX $5 DLC except 520", "500 __ $a x $5 DLC"));
  CHECK_FALSE(matches("5XX $5 except 520", "520 __ $a x $5 DLC"));
}

TEST_CASE("local fields: what is no pattern is said") {
  const auto problem = [](const std::string& text) {
    return connexion::field_pattern_problem(text).value_or("none");
  };
  CHECK(problem("59X") == "none");
  CHECK(problem("  59X  ") == "none");
  CHECK(problem("") == "'' is no pattern of fields: it names no field");
  CHECK(problem("59") ==
        "'59' is no pattern of fields: '59' is no tag (three digits or small letters, X for any of "
        "them)");
  for (const auto* bad : {"5900",         "ABC",
                          "590 1",        "590 123",
                          "590 AB",       "590 $",
                          "590 $A",       "590 $aa",
                          "590 $a =",     "590 $a \"x",
                          "590 except",   "590 $5 x except",
                          "590 except 5", "590 except 591,",
                          "590-59X",      "599-590",
                          "590 -",        "590-",
                          "59X, 69X",     "590 $a \"x\" y",
                          "except 590",   "\xFF"}) {
    INFO(bad);
    CHECK(problem(bad) != "none");
  }
  CHECK_THROWS_AS(
      rules({{"local_fields", Json::array({{{"fields", "59"}, {"policy", "keep_existing"}}})}}),
      Error);
}

TEST_CASE("overlay: without local fields the incoming record replaces the other one") {
  CHECK(changes({"001 1", "245 10 $a New", "500 __ $a Same"},
                {"001 2", "245 10 $a Old", "500 __ $a Same", "590 __ $a Note", "999 __ $c 34"},
                {}) == Strings{"comes 001 1", "goes 001 2", "comes 245 10 $a New",
                               "goes 245 10 $a Old", "same 500 __ $a Same", "goes 590 __ $a Note"});
}

TEST_CASE("overlay: keep_existing") {
  const Lines lines{{"590", "keep_existing"}};
  CHECK(changes({"245 10 $a T", "590 __ $a Theirs", "650 _0 $a S"},
                {"245 10 $a T", "590 __ $a Ours", "590 __ $a Theirs"}, lines) ==
        Strings{"same 245 10 $a T", "stays 590 __ $a Ours [590]", "stays 590 __ $a Theirs [590]",
                "not_taken 590 __ $a Theirs [590]", "comes 650 _0 $a S"});
}

TEST_CASE("overlay: add_incoming") {
  const Lines lines{{"69X", "add_incoming"}};
  CHECK(changes({"245 10 $a T", "690 __ $a A", "690 __ $a New", "690 __ $a New"},
                {"690 __ $a A", "691 __ $a B"},
                lines) == Strings{"comes 245 10 $a T", "comes 690 __ $a New [69X]",
                                  "comes 690 __ $a New [69X]", "stays 690 __ $a A [69X]",
                                  "not_taken 690 __ $a A [69X]", "stays 691 __ $a B [69X]"});
}

TEST_CASE("overlay: prefer_incoming goes by the tag") {
  const Lines lines{{"9XX except 952", "prefer_incoming"}};
  CHECK(changes({"910 __ $a New", "910 __ $a Same", "952 __ $p 1"},
                {"910 __ $a Old", "910 __ $a Same", "942 __ $c BK", "952 __ $p 2"}, lines) ==
        Strings{"comes 910 __ $a New [9XX except 952]", "same 910 __ $a Same [9XX except 952]",
                "goes 910 __ $a Old [9XX except 952]", "stays 942 __ $c BK [9XX except 952]"});
}

TEST_CASE("overlay: the first line that matches decides") {
  const Lines lines{{"590 $5 DLC", "keep_existing"}, {"59X", "prefer_incoming"}};
  CHECK(changes({"590 __ $a New"}, {"590 __ $a Old", "590 __ $a Mine $5 DLC"}, lines) ==
        Strings{"comes 590 __ $a New [59X]", "goes 590 __ $a Old [59X]",
                "stays 590 __ $a Mine $5 DLC [590 $5 DLC]"});
}

TEST_CASE("overlay: kept fields are put where their tag belongs") {
  const Lines lines{{"590", "keep_existing"}, {"010", "keep_existing"}};
  CHECK(changes({"650 _0 $a S", "245 10 $a T", "700 1_ $a P"}, {"010 __ $a 12", "590 __ $a N"},
                lines) == Strings{"stays 010 __ $a 12 [010]", "comes 650 _0 $a S",
                                  "comes 245 10 $a T", "stays 590 __ $a N [590]",
                                  "comes 700 1_ $a P"});
}

TEST_CASE("overlay: the OCLC number is put into 035 where Koha takes 001 for itself") {
  const Json on{{"oclc_into_035", true}};
  const Strings ours{"001 ocm00012345", "003 OCoLC", "245 10 $a T"};
  CHECK(changes(ours, {}, {}, on) == Strings{"comes 001 ocm00012345", "comes 003 OCoLC",
                                             "comes 035 __ $a (OCoLC)12345", "comes 245 10 $a T"});
  auto with = ours;
  with.insert(with.begin() + 2, "035 __ $a (OCoLC)ocm00012345");
  CHECK(changes(with, {}, {}, on).size() == 4);
  CHECK(changes({"001 99", "035 __ $a 12345"}, {}, {}, on).size() == 2);
  // 035 alone is not what Koha takes away
  CHECK(changes({"035 __ $a (OCoLC)777"}, {}, {{"035", "keep_existing"}}, on) ==
        Strings{"not_taken 035 __ $a (OCoLC)777 [035]"});
  // also for a new record, where nothing is kept or left out but items and Koha's numbers
  const auto all =
      rules({{"oclc_into_035", true},
             {"local_fields", Json::array({{{"fields", "XXX"}, {"policy", "keep_existing"}}})}});
  const auto fresh =
      record_to_write(record({"001 ocm00012345", "245 10 $a T", "952 __ $p 1", "999 __ $c 7"}),
                      Facts(), std::nullopt, all);
  REQUIRE(fresh.size() == 3);
  CHECK(fresh[1].first('a') == "(OCoLC)12345");
  CHECK_THROWS_AS(record_to_write(fresh, Facts(), 34, all), Error);
}

TEST_CASE("guards: encoding level") {
  const auto strikes = [](char ours, char theirs, const std::string& type = "biblio") {
    const std::string head = type == "biblio" ? "00000nam a2200000" : "00000nz  a2200000";
    const Strings fields{type == "biblio" ? "020 __ $a 9780306406157" : "010 __ $a n 78890351"};
    const auto guarded = rules({{"guards", {{"briefer_level", true}}}}, type);
    const auto decision = decide(record(fields, head + ours + "a 4500"),
                                 found(record(fields, head + theirs + "a 4500")), guarded);
    return decision.action == connexion::RecordAction::hold;
  };
  const std::string order = " 1234578";
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t j = 0; j < order.size(); ++j) CHECK(strikes(order[i], order[j]) == (i > j));
  CHECK_FALSE(strikes('I', ' '));
  CHECK_FALSE(strikes(' ', 'I'));
  CHECK(strikes('L', 'I'));
  CHECK_FALSE(strikes('L', '1'));
  CHECK(strikes('K', '5'));
  CHECK_FALSE(strikes('M', '7'));
  CHECK(strikes('8', 'K'));
  for (const char unknown : std::string("uzEJ")) {
    CHECK_FALSE(strikes(unknown, ' '));
    CHECK_FALSE(strikes('8', unknown));
  }
  CHECK(strikes('o', 'n', "authority"));
  CHECK_FALSE(strikes('n', 'o', "authority"));
  CHECK_FALSE(strikes('7', 'n', "authority"));
}

TEST_CASE("guards: fewer fields") {
  const auto guarded = rules({{"guards", {{"fewer_fields", 50}}}});
  const std::string isbn = "020 __ $a 9780306406157";
  const auto existing = record({"001 1", isbn, "245 10 $a T", "500 __ $a 1", "500 __ $a 2",
                                "900 __ $a local", "952 __ $p 1"});
  CHECK(codes(record({"001 1", isbn, "900 __ $a local", "901 __ $a x", "952 __ $p 2"}),
              found(existing), guarded) == Strings{"matched", "guard_fewer_fields"});
  CHECK(codes(record({isbn, "245 10 $a T"}), found(existing), guarded) == Strings{"matched"});
}

TEST_CASE("guards: older or edited") {
  const std::string isbn = "020 __ $a 9780306406157";
  const auto existing = record({"005 20200102030405.0", isbn});
  const auto guarded = rules({{"guards", {{"older", true}, {"edited", true}}}});
  const auto dated = [&](const std::string& date) { return record({"005 " + date, isbn}); };
  CHECK(codes(dated("20200102030404.9"), found(existing), guarded) ==
        Strings{"matched", "guard_older"});
  CHECK(codes(dated("20200102030405.0"), found(existing), guarded) == Strings{"matched"});
  CHECK(codes(dated("2020"), found(existing), guarded) == Strings{"matched"});
  CHECK(codes(record({isbn}), found(existing), guarded) == Strings{"matched"});
  auto facts = found(existing);
  facts.last_imported_005(34, "20190101000000.0");
  CHECK(codes(dated("20190601000000.0"), facts, guarded) == Strings{"matched"});
  CHECK(codes(dated("20180601000000.0"), facts, guarded) == Strings{"matched", "guard_older"});
  facts.edited(34);
  CHECK(codes(dated("20180601000000.0"), facts, guarded) ==
        Strings{"matched", "guard_older", "guard_edited"});
  CHECK(codes(dated("20180601000000.0"), facts, rules()) == Strings{"matched"});
  CHECK_THROWS_AS(facts.edited(0), Error);
  CHECK_THROWS_AS(facts.last_imported_005(-1, ""), Error);
}

TEST_CASE("guards: another kind of thing") {
  const auto guarded = rules({{"guards", {{"other_kind", true}}}});
  const std::string isbn = "020 __ $a 9780306406157";
  const auto thing = [&](const std::string& kind, char form = '\0', std::size_t at = 23) {
    Strings fields;
    if (form != '\0') {
      std::string fixed(40, ' ');
      fixed[at] = form;
      fields.push_back("008 " + fixed);
    }
    fields.push_back(isbn);
    return record(fields, "00000n" + kind + " a2200000 a 4500");
  };
  const auto strikes = [&](const Record& ours, const Record& theirs) {
    return codes(ours, found(theirs), guarded) == Strings{"matched", "guard_other_kind"};
  };
  CHECK(strikes(thing("am"), thing("em")));
  CHECK(strikes(thing("am"), thing("as")));
  CHECK_FALSE(strikes(thing("am"), thing("am")));
  CHECK_FALSE(strikes(thing("ax"), thing("am")));
  CHECK_FALSE(strikes(thing("nm"), thing("am")));
  CHECK(strikes(thing("am", 'o'), thing("am", ' ')));
  CHECK(strikes(thing("am", 'o'), thing("am", 'r')));
  CHECK_FALSE(strikes(thing("am", 'o'), thing("am", 's')));
  CHECK_FALSE(strikes(thing("am", 'r'), thing("am", ' ')));
  CHECK_FALSE(strikes(thing("am", 'o'), thing("am", '|')));
  CHECK_FALSE(strikes(thing("am", 'o'), thing("am")));
  CHECK(strikes(thing("am", 'a'), thing("am", 'b')));
  CHECK(strikes(thing("em", 'o', 29), thing("em", ' ', 29)));
  CHECK_FALSE(strikes(thing("em", 'o', 23), thing("em", ' ', 23)));
  const auto reason = decide(thing("am", 's'), found(thing("am", ' ')), guarded).reasons[1];
  CHECK(std::get<std::string>(reason.values.at("incoming")) == "am s");
  CHECK(std::get<std::string>(reason.values.at("existing")) == "am");

  const auto headings = rules({{"guards", {{"other_kind", true}}}}, "authority");
  const std::string leader = "00000nz  a2200000n  4500";
  const auto person = record({"010 __ $a n 78890351", "100 1_ $a A"}, leader);
  const auto body = record({"010 __ $a n 78890351", "110 2_ $a A"}, leader);
  CHECK(codes(person, found(body), headings) == Strings{"matched", "guard_other_kind"});
  CHECK(codes(person, found(person), headings) == Strings{"matched"});
}

TEST_CASE("guards: another language of cataloguing") {
  const auto guarded = rules({{"guards", {{"other_language", true}}}});
  const auto in = [](const std::string& language) {
    Strings fields{"020 __ $a 9780306406157"};
    if (!language.empty()) fields.push_back("040 __ $a X $b " + language);
    return record(fields);
  };
  CHECK(codes(in("ger"), found(in("eng")), guarded) == Strings{"matched", "guard_other_language"});
  CHECK(codes(in("ENG "), found(in("eng")), guarded) == Strings{"matched"});
  CHECK(codes(in(""), found(in("eng")), guarded) == Strings{"matched"});
}

TEST_CASE("guards: another OCLC number") {
  const auto guarded = rules({{"guards", {{"other_number", true}}}});
  const auto with = [](Strings more) {
    more.insert(more.begin(), "020 __ $a 9780306406157");
    return record(more);
  };
  const auto ours = with({"035 __ $a (OCoLC)123456789"});
  const auto strikes = [&](const Record& theirs) {
    return codes(ours, found(theirs), guarded) == Strings{"matched", "guard_other_number"};
  };
  CHECK(strikes(with({"035 __ $a (OCoLC)777"})));
  CHECK_FALSE(strikes(with({})));
  CHECK_FALSE(strikes(with({"035 __ $a (DLC)777"})));
  CHECK_FALSE(strikes(with({"035 __ $a (OCoLC)ocn123456789"})));
  CHECK_FALSE(strikes(with({"035 __ $a (OCoLC)777 $z (OCoLC)123456789"})));
  CHECK_FALSE(strikes(with({"019 __ $a 123456789", "035 __ $a (OCoLC)777"})));
  const auto reason = decide(ours, found(with({"035 __ $a (OCoLC)777"})), guarded).reasons[1];
  CHECK(std::get<std::string>(reason.values.at("incoming")) == "123456789");
  CHECK(std::get<std::string>(reason.values.at("existing")) == "777");
}

TEST_CASE("guards: another title or volume") {
  const auto guarded = rules({{"guards", {{"other_title", true}}}});
  const auto titled = [](const std::string& title, const std::string& oclc = "") {
    Strings fields{"020 __ $a 9780306406157"};
    if (!oclc.empty()) fields.push_back("035 __ $a (OCoLC)" + oclc);
    if (!title.empty()) fields.push_back("245 10 " + title);
    return record(fields);
  };
  const auto strikes = [&](const std::string& ours, const std::string& theirs) {
    return codes(titled(ours), found(titled(theirs)), guarded) ==
           Strings{"matched", "guard_other_title"};
  };
  const std::string voyage = "$a The voyage out";
  CHECK(strikes("$a Orlando", voyage));
  CHECK(strikes("$a The return home", "$a The voyage home"));  // one long word of two
  CHECK_FALSE(strikes("$a VOYAGE  out :$b a novel", voyage));
  CHECK_FALSE(strikes("$a Voyage", "$a Voyage"));
  CHECK_FALSE(strikes("$a Voyag\u00e9 out", voyage));
  CHECK(strikes("$a It", "$a He"));
  CHECK_FALSE(strikes("", voyage));
  SECTION("parts") {
    CHECK(strikes(voyage + " $n Volume 2", voyage));
    CHECK(strikes(voyage, voyage + " $n Volume 2"));
    CHECK(strikes(voyage + " $n v. 1", voyage + " $n Volume 2"));
    CHECK_FALSE(strikes(voyage + " $n v. 2", voyage + " $n Volume 2"));
    CHECK_FALSE(strikes(voyage + " 2", voyage + " $n Volume 2"));
    CHECK(strikes(voyage + " $n 2 $p Sources", voyage + " $n 2"));
  }
  SECTION("a shared OCLC number says more than a title") {
    CHECK(codes(titled("$a Orlando", "777"), found(titled(voyage, "777")), guarded) ==
          Strings{"matched"});
    CHECK(codes(titled("$a Orlando", "777"), found(titled(voyage, "778")), guarded) ==
          Strings{"matched", "guard_other_title"});
  }
}

TEST_CASE("guards: who names the record says that it is the same work") {
  Json more{{"guards", {{"other_number", true}, {"other_title", true}}},
            {"target_field", {{"tag", "999"}, {"subfield", "c"}}}};
  const Strings fields{"020 __ $a 9780306406157", "035 __ $a (OCoLC)777", "245 10 $a Orlando"};
  auto naming = fields;
  naming.push_back("999 __ $c 34");
  const auto theirs =
      record({"020 __ $a 9780306406157", "035 __ $a (OCoLC)778", "245 10 $a Flush"});
  CHECK(codes(record(fields), found(theirs), rules(more)) ==
        Strings{"matched", "guard_other_number", "guard_other_title"});
  CHECK(codes(record(naming), found(theirs), rules(more)) == Strings{"named_target"});
}

TEST_CASE("guards: held with what would be overlaid, told only where it is staged") {
  Json more{{"guards", {{"other_language", true}}}};
  const auto ours = record({"020 __ $a 9780306406157", "040 __ $b ger", "952 __ $a CPL $p 1"});
  const auto facts = found(record({"020 __ $a 9780306406157", "040 __ $b eng"}));
  const auto held = decide(ours, facts, rules(more));
  CHECK(held.action == connexion::RecordAction::hold);
  CHECK(held.target == 34);
  CHECK(held.items[0].reason.code == "record_held");
  CHECK(Json::parse(plan(ours, facts, rules(more)))["fields"].size() == 3);
  more["mode"] = "stage";
  const auto staged = decide(ours, facts, rules(more));
  CHECK(staged.action == connexion::RecordAction::overlay);
  CHECK(staged.reasons.size() == 2);
  more["on_match"] = "create_new";
  CHECK(decide(ours, facts, rules(more)).reasons.size() == 1);
}

TEST_CASE("named target: goes before the rule, if it is the same work") {
  const Json on{{"target_field", {{"tag", "999"}, {"subfield", "c"}}}};
  const std::string isbn = "020 __ $a 9780306406157";
  const auto ours = record({isbn, "245 10 $a The title /", "999 __ $c 50"});
  auto facts = found(record({isbn}));
  CHECK(named_target(ours, rules(on)) == 50);
  CHECK(named_target(ours, rules()) == std::nullopt);
  facts.candidate(50, record({"245 10 $a the  TITLE"}));
  const auto decision = decide(ours, facts, rules(on));
  CHECK(decision.action == connexion::RecordAction::overlay);
  CHECK(decision.target == 50);
  CHECK(decision.reasons[0].code == "named_target");
  REQUIRE(decision.candidates.size() == 2);
  CHECK(decision.candidates[0].id == 50);
  CHECK(decision.candidates[0].verdict == connexion::Verdict::named);
  CHECK(decision.candidates[1].verdict == connexion::Verdict::lower_score);
  CHECK(codes(ours, facts, rules()) == Strings{"matched"});
  const auto without_rule =
      rules({{"target_field", on["target_field"]}, {"matching_rule", nullptr}});
  CHECK(decide(ours, facts, without_rule).target == 50);
}

TEST_CASE("named target: a doubt holds, or is told where it is staged") {
  Json on{{"target_field", {{"tag", "999"}, {"subfield", "c"}}}};
  const std::string isbn = "020 __ $a 9780306406157";
  const auto facts = found(record({isbn, "245 10 $a Title"}));
  const auto with = [&](const Strings& numbers) {
    Strings fields{"020 __ $a 9780804429573"};
    for (const auto& number : numbers) fields.push_back("999 __ $c " + number);
    return record(fields);
  };
  CHECK(codes(with({"34"}), facts, rules(on)) == Strings{"named_target_differs"});
  CHECK(codes(with({"51"}), facts, rules(on)) == Strings{"named_target_missing"});
  CHECK(codes(with({"34", "35"}), facts, rules(on)) == Strings{"named_target_unclear"});
  CHECK(codes(with({"34", "34"}), facts, rules(on)) == Strings{"named_target_differs"});
  for (const auto* none : {"x34", "0", "-3", "99999999999999999999"})
    CHECK(codes(with({none}), facts, rules(on)) == Strings{"named_target_unclear"});
  CHECK(codes(with({" "}), facts, rules(on)) == Strings{"no_match"});
  on["mode"] = "stage";
  const auto staged = decide(with({"51"}), found(record({"020 __ $a 9780804429573"})), rules(on));
  CHECK(staged.action == connexion::RecordAction::overlay);
  CHECK(staged.target == 34);
  CHECK(staged.reasons.size() == 2);
}

TEST_CASE("items from another field, and what they get that they don't bring") {
  const Json more{{"item_source", {{"tag", "949"}, {"subfields", {{"i", "p"}, {"l", "a"}}}}},
                  {"item_defaults", {{"homebranch", "MPL"}, {"itype", "BK"}, {"ccode", "REF"}}}};
  const auto all = rules(more);
  const auto ours =
      prepare(record({"245 10 $a T", "949 __ $a *recs=b", "949 __ $l CPL $x drop $i 1",
                      "949 __ $i 2", "952 __ $a FPL $b MPL $p 3 $y CD $8 FIC", "970 __ $a toc"}),
              all);
  REQUIRE(ours.size() == 6);
  CHECK(ours[1].tag() == "949");
  CHECK(ours[3].tag() == "952");
  CHECK(ours[3].first('a') == "CPL");
  CHECK(ours[3].subfield_count() == 2);
  CHECK(ours[4].first('p') == "2");
  CHECK(ours[5].tag() == "970");
  const auto decision = decide(ours, Facts(), all);
  using Defaults = std::map<std::string, std::string>;
  CHECK(decision.items[0].defaults == Defaults{});
  CHECK(decision.items[1].defaults ==
        Defaults{{"itype", "BK"}, {"ccode", "REF"}, {"holdingbranch", "CPL"}});
  CHECK(
      decision.items[2].defaults ==
      Defaults{{"homebranch", "MPL"}, {"itype", "BK"}, {"ccode", "REF"}, {"holdingbranch", "MPL"}});
  for (const auto& item : decision.items) CHECK(item.action == connexion::ItemAction::add);
  // a default that Koha doesn't know is no better than what the record says
  Facts facts;
  facts.items_json(R"({"libraries": ["CPL", "MPL", "FPL"], "itemtypes": ["CD"]})");
  const auto checked = decide(ours, facts, all);
  CHECK(checked.items[0].action == connexion::ItemAction::add);
  CHECK(checked.items[1].reason.code == "unknown_itemtype");
}
