// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/marc.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>

#include "connexion/error.hpp"
#include "files.hpp"
#include "marc/read.hpp"
#include "random.hpp"

using namespace connexion;

namespace {

std::vector<std::string> codes(const ReadResult& result) {
  std::vector<std::string> names;
  for (const auto& d : result.diagnostics) names.emplace_back(code_name(d.code));
  return names;
}

bool has(const ReadResult& result, Code code) {
  return std::any_of(result.diagnostics.begin(), result.diagnostics.end(),
                     [&](const Diagnostic& d) { return d.code == code; });
}

const Diagnostic& the(const ReadResult& result, Code code) {
  for (const auto& d : result.diagnostics)
    if (d.code == code) return d;
  throw std::runtime_error("no diagnostic " + std::string(code_name(code)));
}

// A record put together byte by byte, with every number open to being wrong.
struct Parts {
  struct Piece {
    std::string tag;
    std::string content;     // without the terminator
    std::string entry = {};  // all 12 bytes, instead of the right ones
  };
  std::vector<Piece> pieces{
      {"001", "ocm00001"},
      {"245",
       "10\x1F"
       "aTitle /\x1F"
       "cby somebody."},
      {"650",
       " 0\x1F"
       "aBooks."},
  };
  std::string leader = "00000cam a2200000 i 4500";
  std::string length = {};  // instead of the right ones
  std::string base = {};
  std::string data_end = "\x1D";

  [[nodiscard]] std::string bytes() const {
    std::string directory;
    std::string data;
    for (const auto& piece : pieces) {
      char entry[13];
      std::snprintf(entry, sizeof entry, "%3.3s%04zu%05zu", piece.tag.c_str(),
                    (piece.content.size() + 1) % 10000, data.size() % 100000);
      directory += piece.entry.empty() ? std::string(entry) : piece.entry;
      data += piece.content + '\x1E';
    }
    directory += '\x1E';
    std::string out = leader + directory + data + data_end;
    const auto put = [&](std::size_t at, std::size_t number, const std::string& instead) {
      const std::string digits = std::to_string(100000 + number % 100000).substr(1);
      out.replace(at, 5, instead.empty() ? digits : instead);
    };
    put(0, 24 + directory.size() + data.size() + 1, length);
    put(12, 24 + directory.size(), base);
    return out;
  }
};

std::string changed(const std::function<void(Parts&)>& change) {
  Parts parts;
  change(parts);
  return parts.bytes();
}

Record sound() {
  return *read_iso2709(Parts{}.bytes()).record;
}

// Repairs that lose nothing give the sound record back.
void check_repaired(const std::string& bytes, Code code) {
  INFO(bytes);
  const auto result = read_iso2709(bytes);
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::repaired);
  CHECK(has(result, code));
  REQUIRE(result.record);
  CHECK(*result.record == sound());
  const auto again = read_iso2709(to_iso2709(*result.record));
  CHECK(again.outcome == Outcome::ok);
  CHECK(again.diagnostics.empty());
  ReadOptions strict;
  strict.strict = true;
  CHECK(read_iso2709(bytes, strict).outcome == Outcome::refused);
}

void check_refused(const std::string& bytes, Code code) {
  INFO(bytes);
  const auto result = read_iso2709(bytes);
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::refused);
  CHECK(has(result, code));
  CHECK_FALSE(result.record);
}

}  // namespace

TEST_CASE("A sound record is read without a word", "[marc]") {
  const std::string bytes = Parts{}.bytes();
  const auto result = read_iso2709(bytes);
  CHECK(result.outcome == Outcome::ok);
  CHECK(result.diagnostics.empty());
  CHECK(result.consumed == bytes.size());
  CHECK(result.encoding == Encoding::utf8);
  REQUIRE(result.record);
  CHECK(result.record->control("001") == "ocm00001");
  CHECK((*result.record)[1].first('c') == "by somebody.");
  CHECK(to_iso2709(*result.record) == bytes);
}

TEST_CASE("Real records come out as they went in", "[marc]") {
  std::size_t count = 0;
  for (const char* name : {"oclc_books_36.mrc", "gpo_20.mrc", "gpo_utf8_880_3.mrc",
                           "authority_multiscript_4.mrc", "mrrc_fidelity_test_100.mrc"})
    for (const auto& bytes : data_records(name)) {
      const auto result = read_iso2709(bytes);
      REQUIRE(result.record);
      if (bytes[9] == 'a' && result.outcome == Outcome::ok)
        CHECK(to_iso2709(*result.record) == bytes);
      CHECK(read_marcxml(to_marcxml(*result.record)).record == result.record);
      ++count;
    }
  CHECK(count > 150);
}

// All that a reader says, in one text.
std::string all_of(const ReadResult& result) {
  std::string text = std::to_string(static_cast<int>(result.outcome)) + ' ' +
                     std::to_string(static_cast<int>(result.encoding)) + ' ' +
                     std::to_string(result.consumed) + '\n';
  for (const auto& d : result.diagnostics)
    text += std::string(connexion::code_name(d.code)) + ' ' +
            std::to_string(static_cast<int>(d.severity)) + ' ' + std::to_string(d.offset) + ' ' +
            d.tag + ' ' + std::to_string(d.occurrence) + '\n';
  return text + (result.record ? to_line(*result.record) : "refused");
}

TEST_CASE("The careful reader gives the same as the fast one", "[marc]") {
  std::vector<ReadOptions> choices(8);
  choices[1].nfc = true;
  choices[2].strict = true;
  choices[3].encoding = Encoding::utf8;
  choices[4].encoding = Encoding::marc8;
  choices[5].encoding = Encoding::latin1;
  choices[6].numeric_references = true;
  choices[7].bracketed_hex = choices[7].nfc = true;
  for (const char* name : {"oclc_books_36.mrc", "gpo_20.mrc", "gpo_utf8_880_3.mrc",
                           "authority_multiscript_4.mrc", "mrrc_fidelity_test_100.mrc"})
    for (auto bytes : data_records(name))
      for (const char* const leader : {"", "a", " ", "x"}) {
        if (*leader != '\0') bytes[9] = *leader;
        for (const auto& options : choices)
          REQUIRE(all_of(read_iso2709(bytes, options)) ==
                  all_of(connexion::detail::read_repairing(bytes, options)));
        bytes[*leader == ' ' ? 19 : 22] = '\x01';  // the leader needs a repair, the rest doesn't
      }
}

// Of every kind and encoding, and two whose own numbers are no help.
TEST_CASE("A record cut at any byte is refused, or nothing was lost", "[marc]") {
  std::map<std::string, std::string> wholes;
  for (const char* name :
       {"book_utf8_oclc1005829214.mrc", "book_ascii_ocn893210272.mrc", "gpo_marc8_001075877.mrc",
        "pymarc_marc8.mrc", "authority_lc_n2022029274.mrc", "mutations/holdings_type.mrc"})
    wholes[name] = data_file(name);
  wholes["several scripts"] = data_records("authority_multiscript_4.mrc").at(0);
  wholes["East Asian"] = data_file("../golden/records/319.mrc");
  wholes["without a length"] = data_file("pymarc_marc8.mrc").replace(0, 5, "     ");
  wholes["with another length"] = data_file("authority_lc_n2022029274.mrc").replace(0, 5, "00100");
  for (const auto& [name, whole] : wholes) {
    const auto right = read_iso2709(whole);
    REQUIRE(right.record);
    const auto check = [&, &name = name](const std::string& bytes, std::size_t size) {
      const auto result = read_iso2709(bytes);
      CAPTURE(name, size, codes(result));
      REQUIRE((result.outcome == Outcome::refused) == !result.record.has_value());
      if (result.record)
        REQUIRE(*result.record == *right.record);
      else
        REQUIRE_FALSE(result.diagnostics.empty());
      return result;
    };
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string cut = whole.substr(0, size);
      const auto result = check(cut, size);
      REQUIRE(result.outcome == Outcome::refused);
      REQUIRE(result.consumed == size);
      // What may stand behind the cut: the two terminators that are missing, or one of them, a
      // line end, NULs, the next record.
      for (const std::string behind : {"\x1D", "\x1E\x1D", "\x1E", "\n", "\r\n"})
        check(cut + behind, size);
      check(cut + std::string(whole.size() - size, '\0'), size);
      check(cut + std::string(whole.size() - size - 1, ' ') + '\x1D', size);
      const auto glued = check(cut + whole, size);
      if (size >= 24 && size + 1 < whole.size()) {
        REQUIRE_FALSE(glued.record);
        if (whole[0] != ' ') REQUIRE(glued.consumed == size);  // else it begins like no record
      }
    }
  }
  check_refused(data_file("truncated_60_percent.mrc"), Code::record_truncated);
}

TEST_CASE("A MARCXML document cut at any byte is refused", "[marc]") {
  for (const char* name : {"book_utf8_oclc1005829214.mrc", "authority_lc_n2022029274.mrc"}) {
    std::string whole = to_marcxml(*read_iso2709(data_file(name)).record);
    whole.erase(whole.find_last_not_of('\n') + 1);
    REQUIRE(read_marcxml(whole).record);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(name, size);
      REQUIRE_FALSE(read_marcxml(std::string_view(whole).substr(0, size)).record);
    }
  }
}

TEST_CASE("Bytes lost from the middle of a record are noticed", "[marc]") {
  const std::string whole = data_file("book_utf8_oclc1005829214.mrc");
  for (std::size_t at = 24; at + 40 < whole.size(); at += 7)
    for (const std::size_t lost : {1U, 12U, 40U}) {
      const auto result = read_iso2709(std::string(whole).erase(at, lost));
      CAPTURE(at, lost, codes(result));
      REQUIRE_FALSE(result.record);
    }
}

TEST_CASE("Bytes lost from the middle are noticed when the record length was counted anew",
          "[marc]") {
  const std::string whole = data_file("book_utf8_oclc1005829214.mrc");
  const std::size_t last = whole.rfind('\x1E', whole.size() - 3);
  for (std::size_t at = whole.find('\x1E') + 1; at + 40 < last; at += 7)
    for (const std::size_t lost : {1U, 12U, 40U}) {
      std::string damaged = std::string(whole).erase(at, lost);
      const std::string length = std::to_string(damaged.size());
      damaged.replace(0, 5, std::string(5 - length.size(), '0') + length);
      CAPTURE(at, lost);
      REQUIRE_FALSE(read_iso2709(damaged).record);
    }
}

TEST_CASE("The record length may be wrong if the directory vouches for the data", "[marc]") {
  for (const char* length : {"00000", "00050", "00150", "99999"})
    check_repaired(changed([&](Parts& p) { p.length = length; }), Code::record_length_wrong);
  for (const char* length : {"     ", "abcde", "0012x", "\x80\x81\x82\x83\x84"})
    check_repaired(changed([&](Parts& p) { p.length = length; }), Code::record_length_unreadable);
}

TEST_CASE("The base address may be wrong", "[marc]") {
  for (const char* base : {"00000", "00060", "00062", "99999", "     "})
    check_repaired(changed([&](Parts& p) { p.base = base; }), Code::base_address_wrong);
}

TEST_CASE("A directory entry may be wrong if nothing is missing", "[marc]") {
  for (const char* entry : {"245xx2600009", "245002600x09", "245    00009"})
    check_repaired(changed([&](Parts& p) { p.pieces[1].entry = entry; }),
                   Code::directory_entry_unreadable);
  for (const char* entry :
       {"245000000009", "245003000009", "245002600010", "245002699999", "245999900009"})
    check_repaired(changed([&](Parts& p) { p.pieces[1].entry = entry; }),
                   Code::directory_entry_wrong);
  // It tells which.
  const auto result = read_iso2709(changed([&](Parts& p) { p.pieces[1].entry = "245xx2600009"; }));
  const auto& d = the(result, Code::directory_entry_unreadable);
  CHECK(d.tag == "245");
  CHECK(d.occurrence == 1);
  CHECK(d.offset == 36);
}

TEST_CASE("Lengths counted in characters are put right", "[marc]") {
  Parts parts;
  parts.pieces[1] = {"245",
                     "10\x1F"
                     "a\xC3\x89t\xC3\xA9 /\x1F"
                     "cpar H."};
  const Record right = *read_iso2709(parts.bytes()).record;
  parts.pieces[1].entry = "245001900009";
  parts.pieces[2].entry = "650001100028";
  parts.length = "00101";
  const auto result = read_iso2709(parts.bytes());
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::repaired);
  CHECK(result.record == right);
}

TEST_CASE("A directory that leaves doubts is refused", "[marc]") {
  SECTION("not a multiple of 12") {
    check_refused(changed([](Parts& p) { p.pieces[1].entry = "24500260000"; }),
                  Code::directory_not_multiple_of_12);
  }
  SECTION("a tag that is none") {
    check_refused(changed([](Parts& p) { p.pieces[1].entry = "2 5002600009"; }),
                  Code::directory_bad_tag);
  }
  SECTION("a field that no entry lists") {
    check_refused(changed([](Parts& p) {
                    p.pieces[1].content +=
                        "\x1E"
                        "10\x1F"
                        "aMore";
                  }),
                  Code::data_not_in_directory);
  }
  SECTION("two entries for one field") {
    check_refused(changed([](Parts& p) { p.pieces[2].entry = "245002600009"; }),
                  Code::directory_overlapping);
  }
  SECTION("no terminator after the directory") {
    std::string bytes = Parts{}.bytes();
    bytes.erase(bytes.find('\x1E'), 1);
    check_refused(bytes, Code::directory_not_multiple_of_12);
    check_refused(bytes.substr(0, 60) + '\x1D', Code::directory_unterminated);
  }
  SECTION("a length beyond the data, and the record length no help") {
    check_refused(changed([](Parts& p) {
                    p.pieces[2].entry = "650009900035";
                    p.length = "00200";
                  }),
                  Code::directory_out_of_range);
  }
  SECTION("lengths exchanged between two kinds of field") {
    check_refused(changed([](Parts& p) {
                    p.pieces[0].entry = "245000900000";
                    p.pieces[1].entry = "001002500009";
                  }),
                  Code::directory_does_not_fit);
  }
}

TEST_CASE("The directory's order is kept", "[marc]") {
  Parts parts;
  parts.pieces[1].entry = "650001100035";
  parts.pieces[2].entry = "245002600009";
  const auto result = read_iso2709(parts.bytes());
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::ok);
  CHECK(has(result, Code::directory_unordered));
  REQUIRE(result.record);
  CHECK((*result.record)[1].tag() == "650");
  CHECK((*result.record)[1].first('a') == "Books.");
}

TEST_CASE("Terminators", "[marc]") {
  SECTION("missing after a field") {
    std::string bytes = Parts{}.bytes();
    bytes[bytes.find("somebody.") + 9] = ' ';
    check_refused(bytes, Code::field_terminator_missing);
  }
  SECTION("missing before the record terminator") {
    std::string bytes = Parts{}.bytes();
    bytes.erase(bytes.size() - 2, 1);
    check_refused(bytes, Code::record_truncated);
  }
  SECTION("of the record inside its data") {
    std::string bytes = Parts{}.bytes();
    bytes[bytes.find("Title")] = '\x1D';
    const auto result = read_iso2709(bytes);
    CHECK(result.outcome == Outcome::refused);
    CHECK(has(result, Code::record_terminator_early));
    CHECK(result.consumed == bytes.size());
  }
  SECTION("of the record missing between two") {
    const std::string one = Parts{}.bytes();
    const std::string bytes = one.substr(0, one.size() - 1) + one;
    const auto result = read_iso2709(bytes);
    CAPTURE(codes(result));
    CHECK(result.outcome == Outcome::repaired);
    CHECK(has(result, Code::record_terminator_missing));
    CHECK(result.consumed == one.size() - 1);
    CHECK(result.record == sound());
  }
  SECTION("of the record lost, something else in its place") {
    check_repaired(changed([](Parts& p) { p.data_end = "\n"; }), Code::record_terminator_missing);
    check_refused(changed([](Parts& p) { p.data_end = ""; }), Code::record_truncated);
    check_refused(changed([](Parts& p) { p.data_end = "x"; }), Code::record_truncated);
  }
}

TEST_CASE("Leader values", "[marc]") {
  check_repaired(changed([](Parts& p) { p.leader.replace(20, 4, "45  "); }),
                 Code::leader_entry_map);
  check_repaired(changed([](Parts& p) { p.leader.replace(10, 2, "  "); }), Code::leader_counts);
  check_refused(changed([](Parts& p) { p.leader[6] = '\x01'; }), Code::leader_bad_character);
  const auto blanked = read_iso2709(changed([](Parts& p) { p.leader[18] = '\xE9'; }));
  CHECK(blanked.outcome == Outcome::repaired);
  CHECK(has(blanked, Code::leader_blanked_character));
  CHECK(blanked.record->leader()[18] == ' ');
  const auto odd = read_iso2709(changed([](Parts& p) { p.leader[5] = '?'; }));
  CHECK(odd.outcome == Outcome::ok);
  CHECK(has(odd, Code::leader_unusual_value));
  CHECK(odd.record->leader()[5] == '?');
}

TEST_CASE("Fields and subfields", "[marc]") {
  const auto with = [](const std::string& content, const std::string& tag = "500") {
    return changed([&](Parts& p) { p.pieces.insert(p.pieces.begin() + 2, {tag, content}); });
  };
  SECTION("without content are left out") {
    for (const char* content : {"", "  ", "1 ", "    ", "  \x1F", "  \x1F\x1F"})
      check_repaired(with(content), Code::field_empty);
    check_repaired(with("", "005"), Code::field_empty);
    check_repaired(changed([](Parts& p) { p.pieces[1].content.insert(2, "\x1F"); }),
                   Code::subfield_delimiter_empty);
  }
  SECTION("behind what can't be seen are taken") {
    for (const char* surplus : {" ", "   ", "\xE2\x80\xAA", "\xE2\x80\x8B \xC2\xAD", "\xEF\xBB\xBF",
                                "\xD8\x9C", "\xE2\x81\xA0"})
      check_repaired(changed([&](Parts& p) { p.pieces[1].content.insert(2, surplus); }),
                     Code::invisible_before_subfields);
    check_repaired(with("10 \x1F"), Code::field_empty);
  }
  SECTION("without their parts are refused") {
    check_refused(with("text"), Code::text_outside_subfields);
    check_refused(with("100\x1F"
                       "atext"),
                  Code::text_outside_subfields);
    check_refused(with("10\xE2\x80\xAF\x1F"
                       "atext"),
                  Code::text_outside_subfields);
    check_refused(with("\x1F"
                       "atext"),
                  Code::indicators_missing);
    check_refused(with("1\x1F"
                       "atext"),
                  Code::indicators_missing);
    check_refused(with("\x01 \x1F"
                       "atext"),
                  Code::indicator_bad);
    check_refused(with("\xC3\xA9\x1F"
                       "atext"),
                  Code::indicator_bad);
    check_refused(with("  \x1F text"), Code::subfield_code_missing);
    check_refused(with("  \x1F\x01text"), Code::subfield_code_bad);
    check_refused(with("  \x1F\xC3\xA9text"), Code::subfield_code_bad);
    check_refused(with("a\x1F"
                       "btext",
                       "009"),
                  Code::control_field_with_subfields);
  }
  SECTION("odd ones are kept, and said") {
    const auto result =
        read_iso2709(with("  \x1F"
                          "Atext"));
    CHECK(result.outcome == Outcome::ok);
    CHECK(has(result, Code::subfield_code_unusual));
    CHECK((*result.record)[2].first('A') == "text");
    const auto twice = read_iso2709(with("x", "001"));
    CHECK(twice.outcome == Outcome::ok);
    CHECK(the(twice, Code::control_field_repeated).occurrence == 2);
    CHECK(twice.record->size() == 4);
  }
  SECTION("empty subfields are kept") {
    const auto result =
        read_iso2709(with("  \x1F"
                          "a\x1F"
                          "btext"));
    CHECK(result.diagnostics.empty());
    CHECK((*result.record)[2].subfield_count() == 2);
  }
  SECTION("tags of letters") {
    const auto result =
        read_iso2709(with("  \x1F"
                          "aBK",
                          "FMT"));
    CHECK(result.diagnostics.empty());
    CHECK((*result.record)[2].tag() == "FMT");
  }
}

TEST_CASE("Long fields and records are read by their terminators", "[marc]") {
  Parts parts;
  parts.pieces.push_back({"520", std::string("  \x1F"
                                             "a") +
                                     std::string(12000, 'x')});
  auto result = read_iso2709(parts.bytes());
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::repaired);
  CHECK(the(result, Code::field_over_9999).tag == "520");
  REQUIRE(result.record);
  CHECK((*result.record)[3].first('a').size() == 12000);
  CHECK_THROWS_AS(to_iso2709(*result.record), Error);

  parts.pieces.pop_back();
  for (int i = 0; i < 20; ++i)
    parts.pieces.push_back({"520", std::string("  \x1F"
                                               "a") +
                                       std::string(9000, static_cast<char>('a' + i))});
  result = read_iso2709(parts.bytes());
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::repaired);
  CHECK(has(result, Code::record_over_99999));
  REQUIRE(result.record);
  CHECK(result.record->size() == 23);
  CHECK((*result.record)[22].first('a') == std::string(9000, 't'));
  try {
    (void)to_iso2709(*result.record);
    FAIL("written");
  } catch (const Error& e) {
    CHECK(e.code() == "marc.too_long");
  }
}

TEST_CASE("What stands around a record is reported", "[marc]") {
  const std::string one = Parts{}.bytes();
  for (const std::string& before :
       {std::string("\n\r "), std::string(3, '\0'), std::string("\xEF\xBB\xBF")}) {
    const auto result = read_iso2709(before + one);
    CHECK(result.outcome == Outcome::ok);
    CHECK(codes(result) == std::vector<std::string>{"leading_bytes"});
    CHECK(result.record == sound());
    CHECK(result.consumed == before.size() + one.size());
  }
  auto result = read_iso2709(one + "\n");
  CHECK(codes(result) == std::vector<std::string>{"trailing_bytes"});
  CHECK(result.consumed == one.size());
  result = read_iso2709(one + one);
  CHECK(codes(result) == std::vector<std::string>{"another_record_follows"});
  CHECK(result.consumed == one.size());
}

TEST_CASE("What is no record is refused", "[marc]") {
  check_refused("", Code::record_empty);
  check_refused("\n \n", Code::record_empty);
  check_refused("00026cam a2200025 i 4500\x1E\x1D", Code::record_empty);
  check_refused("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", Code::not_a_record);
  check_refused("00123", Code::record_truncated);
  check_refused("<record>", Code::not_a_record);
}

TEST_CASE("Characters that are no content", "[marc]") {
  const auto with = [](const std::string& text) {
    return changed([&](Parts& p) {
      p.pieces[2].content = std::string(
                                " 0\x1F"
                                "a") +
                            text;
    });
  };
  check_repaired(with("Bo\x01oks."), Code::control_character_in_data);
  check_repaired(with("Books\x7F."), Code::control_character_in_data);
  check_repaired(with("Books.\x1B"), Code::escape_left_out);
  check_refused(with(std::string("Bo\0ks.", 6)), Code::nul_in_data);
  check_refused(with("\xEF\xBF\xBF"), Code::noncharacter);
  auto result = read_iso2709(with("Two\r\nlines\tand"));
  CHECK(result.outcome == Outcome::repaired);
  CHECK(has(result, Code::line_break_in_data));
  CHECK((*result.record)[2].first('a') == "Two  lines and");
  result = read_iso2709(with("a\xC2\x80z \xC2\x98The\xC2\x9C x"));
  CHECK(result.outcome == Outcome::ok);
  CHECK(has(result, Code::control_character_kept));
  result = read_iso2709(with("lost \xEF\xBF\xBD"));
  CHECK(result.outcome == Outcome::ok);
  CHECK(the(result, Code::replacement_character).tag == "650");
}

TEST_CASE("UTF-8 that was encoded twice is told and kept", "[marc]") {
  const auto told = [](const std::string& text) {
    RecordBuilder builder;
    builder.data_field("500", ' ', ' ').subfield('a', text);
    const auto octets = connexion::to_iso2709(builder.build());
    const auto result = read_iso2709(octets);
    REQUIRE(result.outcome == Outcome::ok);
    CHECK((*result.record)[0].first('a') == text);
    const auto xml = connexion::read_marcxml(connexion::to_marcxml(*result.record));
    CHECK(has(xml, Code::double_encoded) == has(result, Code::double_encoded));
    return has(result, Code::double_encoded);
  };
  CHECK(told("Caf\u00C3\u00A9"));
  CHECK(told("l\u00E2\u20AC\u2122\u00C3\u00A9t\u00C3\u00A9"));  // by Windows-1252
  CHECK(told("\u00E2\u20AC\u0153quoted"));
  CHECK(told("25 \u00C2\u00B0C"));
  CHECK(told("Dvo\u00C5\u2122\u00C3\u00A1k"));
  CHECK(told("\u00D0\u00BC\u00D0\u00B8\u00D1\u20AC"));  // мир
  // sound text, with the same characters in places that make no sense as bytes
  CHECK_FALSE(told("\u00C3 la carte"));
  CHECK_FALSE(told("Caf\u00E9 \u00A9 1999"));
  CHECK_FALSE(told("\u00ABCAF\u00C3\u00BB"));
  CHECK_FALSE(told("CAF\u00C9\u00BB"));                    // would be one letter of IPA
  CHECK_FALSE(told("Caf\u00C3\u00A9, caf\u00E9"));         // one of them is right
  CHECK_FALSE(told("Caf\u00C3\u00A9 \u4E2D"));             // so are the others, then
  CHECK_FALSE(told("\xC3\x83\xC2\x80 \xC3\x82\xC2\x81"));  // control characters
}

TEST_CASE("The encoding is decided by the bytes", "[marc]") {
  const auto with = [](char declared, const std::string& text) {
    return read_iso2709(changed([&](Parts& p) {
      p.leader[9] = declared;
      p.pieces[1].content = std::string(
                                "10\x1F"
                                "a") +
                            text;
    }));
  };
  const auto title_of = [](const ReadResult& result) {
    return result.record ? std::string((*result.record)[1].first('a')) : "none";
  };
  SECTION("UTF-8, whatever the leader says") {
    for (const char declared : {'a', ' ', '#'}) {
      const auto result = with(declared, "Caf\xC3\xA9");
      CHECK(title_of(result) == "Caf\xC3\xA9");
      CHECK(result.encoding == Encoding::utf8);
      CHECK(has(result, Code::leader_encoding) == (declared != 'a'));
      CHECK(result.record->leader()[9] == 'a');
    }
  }
  SECTION("MARC-8, whatever the leader says") {
    for (const char declared : {'a', ' '}) {
      const auto result = with(declared,
                               "Caf\xE2"
                               "e \xC3"
                               "1998");
      CHECK(title_of(result) ==
            "Cafe\xCC\x81 \xC2\xA9"
            "1998");
      CHECK(result.encoding == Encoding::marc8);
      CHECK(has(result, Code::leader_encoding) == (declared == 'a'));
    }
  }
  SECTION("Latin-1 as the last resort") {
    for (const char declared : {'a', ' '}) {
      const auto result = with(declared, "Caf\xE9, M\xFCnchen");
      CHECK(title_of(result) == "Caf\xC3\xA9, M\xC3\xBCnchen");
      CHECK(result.encoding == Encoding::latin1);
      CHECK(has(result, Code::read_as_latin1));
    }
  }
  SECTION("damaged UTF-8 is no Latin-1") {
    for (const char declared : {'a', ' '}) {
      CHECK(has(with(declared, "Caf\xC3\xA9 caf\xC3 \xE4\xB8\xAD"), Code::utf8_invalid));
      CHECK(has(with(declared, "Caf\xC3\xA9 \xED\xA0\x80"), Code::utf8_invalid));
      CHECK(has(with(declared, "Caf\xC3\xA9 \xC0\xAF"), Code::utf8_invalid));
    }
    CHECK(has(with('a', "M\xFCnchen caf\xC3"), Code::utf8_invalid));
  }
  SECTION("what is in none is refused") {
    CHECK_FALSE(with(' ', "\x93quoted\x94 M\xFCnchen").record);
    CHECK_FALSE(with(' ', "at the end \xE2").record);
    CHECK(has(with(' ', "Easy livin\xE1-- I don't"), Code::encoding_unknown));
    CHECK(has(with(' ',
                   "Dvo\xC9r\xC2"
                   "ak, Bed\xC9rich"),
              Code::marc8_undefined));
    CHECK(has(with('a', "Caf\xC3\xA9 \x1B(2dk"), Code::encodings_mixed));
  }
  SECTION("unless the caller says what they are in") {
    ReadOptions options;
    options.encoding = Encoding::latin1;
    const std::string bytes = changed([](Parts& p) {
      p.pieces[1].content =
          "10\x1F"
          "aCaf\xC3\xA9";
    });
    CHECK(title_of(read_iso2709(bytes, options)) == "Caf\xC3\x83\xC2\xA9");
    options.encoding = Encoding::marc8;
    CHECK(title_of(read_iso2709(bytes, options)) == "Caf\xC2\xA9\xE2\x99\xAD");
  }
}

TEST_CASE("Options that change the text", "[marc]") {
  const std::string bytes = changed([](Parts& p) {
    p.pieces[1].content =
        "10\x1F"
        "ae\xCC\x81 <U+4E2D> &#x4E2D; &#20013; &#xD800; <U+1> &amp;";
  });
  const auto read = [&](auto set) {
    ReadOptions options;
    set(options);
    return std::string((*read_iso2709(bytes, options).record)[1].first('a'));
  };
  CHECK(read([](ReadOptions& o) { o.nfc = true; }) ==
        "\xC3\xA9 <U+4E2D> &#x4E2D; &#20013; &#xD800; <U+1> &amp;");
  CHECK(read([](ReadOptions& o) { o.bracketed_hex = true; }) ==
        "e\xCC\x81 \xE4\xB8\xAD &#x4E2D; &#20013; &#xD800; <U+1> &amp;");
  CHECK(read([](ReadOptions& o) { o.numeric_references = true; }) ==
        "e\xCC\x81 <U+4E2D> \xE4\xB8\xAD \xE4\xB8\xAD &#xD800; <U+1> &amp;");
}

TEST_CASE("Made damage of every kind has its answer", "[marc]") {
  struct Expected {
    Outcome outcome;
    std::string code;
  };
  const std::map<std::string, Expected> expected{
      {"952_empty_subfields", {Outcome::repaired, "subfield_delimiter_empty"}},
      {"_bom", {Outcome::ok, "leading_bytes"}},
      {"aleph_bad_escape", {Outcome::refused, "marc8_bad_escape"}},
      {"arab_ext", {Outcome::ok, ""}},
      {"cjk_truncated_triplet", {Outcome::refused, "marc8_truncated"}},
      {"combining_at_end", {Outcome::refused, "marc8_combining_alone"}},
      {"dir_len_nondigit", {Outcome::repaired, "directory_entry_unreadable"}},
      {"dir_len_not12", {Outcome::refused, "directory_not_multiple_of_12"}},
      {"dir_offset_out", {Outcome::repaired, "directory_entry_wrong"}},
      {"dir_order_not_data_order", {Outcome::ok, "directory_unordered"}},
      {"esc_at_field_end", {Outcome::repaired, "escape_left_out"}},
      {"field_gt9999", {Outcome::repaired, "field_over_9999"}},
      {"grk_sub_super", {Outcome::ok, ""}},
      {"holdings_type", {Outcome::ok, ""}},
      {"latin1_in_utf8", {Outcome::refused, "utf8_invalid"}},
      {"len_too_long", {Outcome::repaired, "record_length_wrong"}},
      {"len_too_short", {Outcome::repaired, "record_length_wrong"}},
      {"multi_001", {Outcome::ok, "control_field_repeated"}},
      {"no_final_1D_midfile", {Outcome::repaired, "record_terminator_missing"}},
      {"record_gt99999", {Outcome::repaired, "record_over_99999"}},
  };
  for (const auto& [name, answer] : expected) {
    const auto result = read_iso2709(data_file("mutations/" + name + ".mrc"));
    CAPTURE(name, codes(result));
    CHECK(result.outcome == answer.outcome);
    if (answer.code.empty())
      CHECK(result.diagnostics.empty());
    else
      CHECK(std::string(code_name(result.diagnostics.at(0).code)) == answer.code);
  }
}

TEST_CASE("After damage the next record is found", "[marc]") {
  const std::string bytes = data_file("mutations/_resync_all.mrc");
  std::string_view rest = bytes;
  std::map<Outcome, int> outcomes;
  std::set<std::string> numbers;
  while (rest.find_first_not_of("\r\n ") != std::string_view::npos) {
    const auto result = read_iso2709(rest);
    ++outcomes[result.outcome];
    if (result.record) numbers.emplace(result.record->control("001"));
    REQUIRE(result.consumed > 0);
    rest.remove_prefix(result.consumed);
  }
  CHECK(outcomes[Outcome::ok] == 24);
  CHECK(outcomes[Outcome::repaired] == 9);
  CHECK(outcomes[Outcome::refused] == 5);
  CHECK(numbers.size() == 15);
}

TEST_CASE("Reading never raises, whatever the bytes", "[marc]") {
  auto random = seeded_random();
  const auto below = [&](std::size_t n) { return random() % n; };
  std::vector<std::string> seeds = data_records("oclc_books_36.mrc");
  seeds.push_back(data_file("yaz_marc12.mrc"));
  seeds.push_back(Parts{}.bytes());
  int records = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = seeds[below(seeds.size())];
    for (std::size_t changes = 1 + below(6); changes-- > 0;) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 1:
          bytes.erase(at, 1 + below(20));
          break;
        case 2:
          bytes.insert(at, 1 + below(3), static_cast<char>(0x1B + below(5)));
          break;
        default:
          bytes[below(std::min<std::size_t>(bytes.size(), 100))] =
              static_cast<char>('0' + below(10));
      }
      if (bytes.empty()) bytes = "0";
    }
    ReadOptions options;
    options.nfc = below(2) == 0;
    options.numeric_references = below(4) == 0;
    const auto result = read_iso2709(bytes, options);
    REQUIRE(result.record.has_value() == (result.outcome != Outcome::refused));
    REQUIRE(result.consumed <= bytes.size());
    REQUIRE(result.consumed > 0);
    REQUIRE((result.outcome == Outcome::ok || !result.diagnostics.empty()));
    if (!result.record) continue;
    ++records;
    // What was taken is sound from then on.
    const auto again = read_marcxml(to_marcxml(*result.record));
    REQUIRE(again.record == result.record);
  }
  CHECK(records > 100);
}

TEST_CASE("MARCXML as Koha stores it", "[marc]") {
  const std::string xml = R"(<?xml version="1.0" encoding="UTF-8"?>
<record
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.loc.gov/MARC21/slim http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd"
    xmlns="http://www.loc.gov/MARC21/slim">

  <leader>00711nam a2200241 a 4500</leader>
  <controlfield tag="001">ocm1</controlfield>
  <datafield tag="245" ind1="1" ind2=" ">
    <subfield code="a">A &amp; B &lt;C&gt; é</subfield>
    <subfield code="b"></subfield>
  </datafield>
</record>
)";
  const auto result = read_marcxml(xml);
  CAPTURE(codes(result));
  CHECK(result.outcome == Outcome::ok);
  CHECK(result.diagnostics.empty());
  REQUIRE(result.record);
  CHECK(result.record->leader() == "00711nam a2200241 a 4500");
  CHECK((*result.record)[1].first('a') == "A & B <C> \xC3\xA9");
  CHECK((*result.record)[1].subfield_count() == 2);
  CHECK((*result.record)[1].indicator(1) == '1');

  const std::string body = xml.substr(xml.find("<record"));
  CHECK(read_marcxml(std::string("<collection xmlns=\"http://www.loc.gov/MARC21/slim\">") + body +
                     "</collection>")
            .record == result.record);
  CHECK(read_marcxml("<m:record xmlns:m=\"http://www.loc.gov/MARC21/slim\"><m:leader>00711nam "
                     "a2200241 a 4500</m:leader><m:controlfield tag=\"001\">x</m:controlfield>"
                     "</m:record>")
            .outcome == Outcome::ok);
  CHECK(has(read_marcxml(std::string("<collection>") + body + body + "</collection>"),
            Code::xml_several_records));
}

TEST_CASE("MARCXML that is damaged", "[marc]") {
  const auto record = [](const std::string& content) {
    return read_marcxml(std::string("<record><leader>00711nam a2200241 a 4500</leader>") + content +
                        "</record>");
  };
  const std::string field =
      "<datafield tag=\"500\" ind1=\" \" ind2=\" \"><subfield code=\"a\">x"
      "</subfield></datafield>";
  CHECK(record(field).outcome == Outcome::ok);
  CHECK(has(read_marcxml(""), Code::xml_malformed));
  CHECK(has(read_marcxml("<record>"), Code::xml_malformed));
  CHECK(has(read_marcxml("<html/>"), Code::xml_not_marcxml));
  CHECK(has(read_marcxml("<collection/>"), Code::xml_not_marcxml));
  CHECK(has(read_marcxml("<record/>"), Code::record_empty));
  CHECK(has(record(std::string("text") + field), Code::xml_not_marcxml));
  CHECK(has(record(std::string("<unknown/>") + field), Code::xml_not_marcxml));
  CHECK(has(record(field + "\xC0\x80"), Code::xml_malformed));
  CHECK(has(read_marcxml("<!DOCTYPE record [<!ENTITY a \"x\">]><record/>"), Code::xml_not_marcxml));
  CHECK(has(record("<datafield tag=\"24\" ind1=\" \" ind2=\" \"/>"), Code::xml_bad_field));
  CHECK(has(record("<datafield tag=\"001\" ind1=\" \" ind2=\" \"/>"), Code::xml_bad_field));
  CHECK(has(record("<controlfield tag=\"245\">x</controlfield>"), Code::xml_bad_field));
  CHECK(has(record("<datafield tag=\"245\" ind1=\"12\" ind2=\" \"/>"), Code::xml_bad_field));
  CHECK(has(record("<datafield tag=\"245\" ind1=\" \" ind2=\" \"><subfield code=\"ab\">x"
                   "</subfield></datafield>"),
            Code::xml_bad_field));
  auto result = record(field +
                       "<datafield tag=\"245\" ind1=\"\"><subfield code=\"a\">x</subfield>"
                       "</datafield><datafield tag=\"300\" ind1=\" \" ind2=\" \"/>");
  CHECK(result.outcome == Outcome::repaired);
  CHECK(the(result, Code::xml_indicator_empty).tag == "245");
  CHECK(the(result, Code::field_empty).tag == "300");
  CHECK(result.record->size() == 2);
  result = read_marcxml(std::string("<record>") + field + "</record>");
  CHECK(result.outcome == Outcome::repaired);
  CHECK(has(result, Code::xml_leader));
  result = read_marcxml(std::string("<record><leader>00711nam  2200241 a 4500</leader>") + field +
                        "</record>");
  CHECK(has(result, Code::leader_encoding));
  CHECK(result.record->leader()[9] == 'a');
}

TEST_CASE("Every way out keeps every character that it could mistake for its own", "[marc]") {
  const Record record = RecordBuilder()
                            .leader("00000cam a2200000 i 4500")
                            .control_field("001", "a\"b\\c<d>&e'")
                            .data_field("245", '"', '<')
                            .subfield('a', "<\"&'>\\ ]]> \xF0\x9F\x98\x80")
                            .subfield('b', "one\ttwo\nthree\rfour")
                            .build();
  CHECK(to_marcxml(record) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<record xmlns=\"http://www.loc.gov/MARC21/slim\""
        " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        " xsi:schemaLocation=\"http://www.loc.gov/MARC21/slim"
        " http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd\">\n"
        "  <leader>00000cam a2200000 i 4500</leader>\n"
        "  <controlfield tag=\"001\">a&quot;b\\c&lt;d&gt;&amp;e'</controlfield>\n"
        "  <datafield tag=\"245\" ind1=\"&quot;\" ind2=\"&lt;\">\n"
        "    <subfield code=\"a\">&lt;&quot;&amp;'&gt;\\ ]]&gt; \xF0\x9F\x98\x80</subfield>\n"
        "    <subfield code=\"b\">one&#9;two&#10;three&#13;four</subfield>\n"
        "  </datafield>\n"
        "</record>\n");
  CHECK(to_json(record) ==
        "{\"leader\":\"00000cam a2200000 i 4500\",\"fields\":[{\"001\":\"a\\\"b\\\\c<d>&e'\"},"
        "{\"245\":{\"ind1\":\"\\\"\",\"ind2\":\"<\",\"subfields\":[{\"a\":\"<\\\"&'>\\\\ ]]> "
        "\xF0\x9F\x98\x80\"},{\"b\":\"one\\u0009two\\u000athree\\u000dfour\"}]}}]}");
  CHECK(to_line(sound()) ==
        "00108cam a2200061 i 4500\n"
        "001 ocm00001\n"
        "245 10 $a Title / $c by somebody.\n"
        "650  0 $a Books.\n");
}

TEST_CASE("Every code has a name, a severity and a sentence of its own", "[marc]") {
  std::set<std::string_view> names;
  for (const Code code : all_codes()) {
    CHECK(names.insert(code_name(code)).second);
    CHECK_FALSE(severity_name(default_severity(code)).empty());
    CHECK(code_sentence(code).size() > 20);
    CHECK(code_sentence(code).back() == '.');
  }
}
