// SPDX-License-Identifier: GPL-3.0-or-later
//
// What holds for every record and all bytes, tried with thousands of random ones each run.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "connexion/client.hpp"
#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/text.hpp"
#include "files.hpp"
#include "random.hpp"

using namespace connexion;

namespace {

constexpr int kRounds = 3000;
const WriteOptions kMarc8{Encoding::marc8};

class Maker {
 public:
  explicit Maker(std::mt19937& random) : random_(random) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  template <typename T>
  const typename T::value_type& one_of(const T& from) {
    return from[below(from.size())];
  }

  /// Any character that a record may hold, the likely ones more often; no tabs or line ends, which
  /// the readers make blanks. Without `any`: none of those that MARC-8 writes in another way.
  char32_t character(bool any) {
    struct Range {
      char32_t first, last;
    };
    static constexpr std::array<Range, 16> kRanges{{{0x20, 0x7E},
                                                    {0xA0, 0x17F},
                                                    {0x300, 0x362},
                                                    {0x370, 0x52F},
                                                    {0x591, 0x6FF},
                                                    {0x900, 0x97F},
                                                    {0x1E00, 0x1FFF},
                                                    {0x2000, 0x2FFF},
                                                    {0x3000, 0x30FF},
                                                    {0x4E00, 0x9FFF},
                                                    {0xAC00, 0xD7A3},
                                                    {0xE000, 0xF8FF},
                                                    {0xF900, 0xFFFD},
                                                    {0x80, 0x9F},
                                                    {0x10000, 0x1FFFF},
                                                    {0x20000, 0x10FFFF}}};
    const auto& range = below(3) != 0 ? kRanges[below(4)] : one_of(kRanges);
    const auto c =
        range.first + static_cast<char32_t>(below(range.last - range.first + std::size_t{1}));
    return !any && c >= 0xFE20 && c <= 0xFE23 ? U'x' : c;
  }

  std::string text(std::size_t longest, bool any) {
    std::string out;
    for (std::size_t n = below(longest + 1); n > 0; --n) append(out, character(any));
    return out;
  }

  char printable(char from = ' ') {
    return static_cast<char>(from +
                             static_cast<char>(below(static_cast<std::size_t>(0x7F - from))));
  }

  std::string tag(bool control) {
    static const std::string kCharacters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (control) return std::string("00") + one_of(kCharacters);
    std::string made = "245";
    do
      for (char& c : made)
        c = below(4) == 0 ? one_of(kCharacters) : static_cast<char>('0' + below(10));
    while (made[0] == '0' && made[1] == '0');
    return made;
  }

  Record record(bool any = true) {
    RecordBuilder builder;
    std::string leader = "00000cam a2200000 i 4500";
    for (const std::size_t at : {5U, 6U, 7U, 8U, 17U, 18U, 19U})
      if (below(8) == 0) leader[at] = printable();
    builder.leader(leader);
    for (std::size_t n = 1 + below(8); n > 0; --n) {
      if (below(4) == 0) {
        builder.control_field(tag(true), text(30, any) + "x");
        continue;
      }
      builder.data_field(tag(false), printable(), printable());
      for (std::size_t m = 1 + below(5); m > 0; --m)
        builder.subfield(printable('!'), text(60, any));
    }
    return builder.build();
  }

 private:
  static void append(std::string& out, char32_t c) {
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6);
      put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12);
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    }
  }

  std::mt19937& random_;
};

std::string explain(const ReadResult& result) {
  std::string out;
  for (const auto& d : result.diagnostics)
    out += std::string(code_name(d.code)) + "@" + std::to_string(d.offset) + " ";
  return out;
}

// What marc.hpp promises of every result.
void require_consistent(const ReadResult& result, std::size_t size, bool strict) {
  const auto has = [&](Severity severity) {
    return std::any_of(result.diagnostics.begin(), result.diagnostics.end(),
                       [&](const Diagnostic& d) { return d.severity == severity; });
  };
  REQUIRE(result.record.has_value() == (result.outcome != Outcome::refused));
  REQUIRE(has(Severity::refused) == (result.outcome == Outcome::refused));
  if (result.outcome != Outcome::refused)
    REQUIRE(has(Severity::repaired) == (result.outcome == Outcome::repaired));
  if (strict) REQUIRE_FALSE(has(Severity::repaired));
  REQUIRE(result.encoding != Encoding::automatic);
  REQUIRE(result.consumed <= size);
  for (const auto& d : result.diagnostics) REQUIRE(d.offset <= size);
}

void require_again(const ReadResult& again, const Record& record) {
  INFO(explain(again));
  REQUIRE(again.outcome == Outcome::ok);
  REQUIRE(again.record == record);
}

// What was taken, perhaps repaired, is without flaw from then on, whichever way it goes out.
void require_clean(const Record& record) {
  require_again(read_marcxml(to_marcxml(record)), record);
  REQUIRE(nlohmann::json::accept(to_json(record)));
  REQUIRE(is_valid_utf8(to_line(record)));
  try {
    require_again(read_iso2709(to_iso2709(record)), record);
  } catch (const Error& e) {
    REQUIRE(e.code() == "marc.too_long");
  }
}

// The record as MARC-in-JSON says it.
Record from_json(const std::string& text) {
  const auto document = nlohmann::json::parse(text);
  RecordBuilder builder;
  builder.leader(document.at("leader").get<std::string>());
  for (const auto& pair : document.at("fields"))
    for (const auto& [tag, field] : pair.items()) {
      if (field.is_string()) {
        builder.control_field(tag, field.get<std::string>());
        continue;
      }
      builder.data_field(tag, field.at("ind1").get<std::string>().at(0),
                         field.at("ind2").get<std::string>().at(0));
      for (const auto& one : field.at("subfields"))
        for (const auto& [code, value] : one.items())
          builder.subfield(code.at(0), value.get<std::string>());
    }
  return builder.build();
}

Record normal(const Record& record) {
  RecordBuilder builder;
  builder.leader(record.leader());
  for (const auto field : record.fields()) {
    if (field.is_control()) {
      builder.control_field(field.tag(), nfc(field.data()));
      continue;
    }
    builder.data_field(field.tag(), field.indicator(1), field.indicator(2));
    for (const auto subfield : field.subfields())
      builder.subfield(subfield.code, nfc(subfield.value));
  }
  return builder.build();
}

ReadOptions random_options(Maker& make) {
  ReadOptions options;
  if (make.below(3) == 0) options.encoding = static_cast<Encoding>(make.below(4));
  options.nfc = make.below(3) == 0;
  options.strict = make.below(6) == 0;
  options.bracketed_hex = make.below(6) == 0;
  options.numeric_references = make.below(6) == 0;
  return options;
}

// Bytes that a record might have become on its way.
std::string damaged(Maker& make, std::string bytes) {
  for (std::size_t changes = 1 + make.below(6); changes-- > 0;) {
    if (bytes.empty()) bytes = "0";
    const std::size_t at = make.below(bytes.size());
    const std::size_t early = make.below(std::min<std::size_t>(bytes.size(), 400));
    switch (make.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(make.below(256));
        break;
      case 1:
        bytes.erase(at, 1 + make.below(20));
        break;
      case 2:
        bytes.insert(at, 1 + make.below(3), static_cast<char>(0x1B + make.below(5)));
        break;
      case 3:
        bytes.insert(at, bytes.substr(early, make.below(40)));
        break;
      case 4:
        bytes[early] = static_cast<char>('0' + make.below(10));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

std::vector<std::string> golden(const std::string& ending) {
  std::vector<std::string> all;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(CONNEXION_GOLDEN) / "records"))
    if (entry.path().extension() == ending && entry.file_size() < 12000)
      all.push_back(data_file(entry.path().string()));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("property: ISO 2709 in UTF-8 reads as the record that was written", "[property]") {
  auto random = seeded_random();
  Maker make(random);
  for (int round = 0; round < kRounds; ++round) {
    const Record record = make.record();
    const std::string bytes = to_iso2709(record);
    INFO("seed " << run_seed() << ", round " << round << ": " << to_json(record));
    const auto again = read_iso2709(bytes);
    require_again(again, record);
    REQUIRE(again.consumed == bytes.size());
    REQUIRE(again.encoding == Encoding::utf8);
    REQUIRE(to_iso2709(*again.record) == bytes);
  }
}

TEST_CASE("property: MARCXML and JSON read as the record that was written", "[property]") {
  auto random = seeded_random();
  Maker make(random);
  for (int round = 0; round < kRounds; ++round) {
    const Record record = make.record();
    INFO("seed " << run_seed() << ", round " << round << ": " << to_json(record));
    require_again(read_marcxml(to_marcxml(record)), record);
    REQUIRE(from_json(to_json(record)) == record);
  }
}

// MARC-8 has most letters with their marks in two parts, so it is the normal forms that are equal.
TEST_CASE("property: MARC-8 with numeric references reads as the record that was written",
          "[property]") {
  auto random = seeded_random();
  Maker make(random);
  ReadOptions options;
  options.encoding = Encoding::marc8;
  options.numeric_references = true;
  options.nfc = true;
  int written = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Record record = normal(make.record(false));
    INFO("seed " << run_seed() << ", round " << round << ": " << to_json(record));
    std::string bytes;
    try {
      bytes = to_iso2709(record, kMarc8);
    } catch (const Error& e) {
      REQUIRE(e.code() == "marc.too_long");
      continue;
    }
    REQUIRE(std::all_of(bytes.begin(), bytes.end(), [](char c) { return c != '\0'; }));
    require_again(read_iso2709(bytes, options), record);
    ++written;
  }
  CHECK(written > kRounds / 2);
}

TEST_CASE("property: reading ISO 2709 never raises, and what it takes is clean", "[property]") {
  auto random = seeded_random();
  Maker make(random);
  const auto seeds = golden(".mrc");
  REQUIRE(seeds.size() > 200);
  int taken = 0;
  for (int round = 0; round < 2 * kRounds; ++round) {
    std::string bytes;
    if (make.below(10) == 0)
      for (std::size_t n = make.below(200); n > 0; --n) bytes += static_cast<char>(make.below(256));
    else
      bytes = damaged(make, make.one_of(seeds));
    const auto options = random_options(make);
    INFO("seed " << run_seed() << ", round " << round);
    const auto result = read_iso2709(bytes, options);
    require_consistent(result, bytes.size(), options.strict);
    if (!bytes.empty()) REQUIRE(result.consumed > 0);
    if (!result.record) continue;
    ++taken;
    require_clean(*result.record);
  }
  CHECK(taken > 100);
}

TEST_CASE("property: reading MARCXML never raises, and what it takes is clean", "[property]") {
  auto random = seeded_random();
  Maker make(random);
  auto seeds = golden(".xml");
  for (const auto& bytes : golden(".mrc"))
    if (const auto result = read_iso2709(bytes); result.record)
      seeds.push_back(to_marcxml(*result.record));
  int taken = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string document = make.one_of(seeds);
    for (std::size_t changes = make.below(4); changes-- > 0 && !document.empty();) {
      const std::size_t at = make.below(document.size());
      if (make.below(2) == 0)
        document[at] = make.printable();
      else
        document.erase(at, 1 + make.below(30));
    }
    const auto options = random_options(make);
    INFO("seed " << run_seed() << ", round " << round << ": " << document);
    const auto result = read_marcxml(document, options);
    require_consistent(result, document.size(), options.strict);
    if (!result.record) continue;
    ++taken;
    require_clean(*result.record);
  }
  CHECK(taken > 100);
}

TEST_CASE("Property: whatever goes to the Client reads clean again", "[property][client]") {
  auto random = seeded_random();
  Maker maker(random);
  const auto rules = [](const std::string& encoding) {
    return ClientRules::from_json(
        R"({"schema_version": 1, "record_type": "biblio", "encoding": ")" + encoding +
        R"(", "local_fields": ["9XX"], "item_tag": "952",)"
        R"( "items": {"tag": "949", "subfields": {"a": "l", "p": "i"}}})");
  };
  const auto utf8 = rules("utf-8"), marc8 = rules("marc-8");
  for (int round = 0; round < kRounds; ++round) {
    const auto record = normal(maker.record(false));
    const auto made = for_client(record, utf8);
    if (made.octets && !made.record.empty()) require_again(read_iso2709(*made.octets), made.record);
    for (const auto field : made.record.fields()) {
      REQUIRE(field.tag() != "001");
      REQUIRE(field.tag() != "003");
      if (field.tag()[0] == '6') REQUIRE(field.first('9').data() == nullptr);
    }
    const auto old = for_client(record, marc8);
    REQUIRE(old.record == made.record);
    if (!old.octets || old.record.empty()) continue;
    ReadOptions options;
    options.encoding = Encoding::marc8;
    options.numeric_references = true;
    options.nfc = true;
    const auto again = read_iso2709(*old.octets, options);
    INFO(explain(again));
    REQUIRE(again.record);
    REQUIRE(*again.record == normal(old.record));
  }
}
