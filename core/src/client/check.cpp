// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/check.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "client/fixed_fields.hpp"
#include "marc/iso2709.hpp"
#include "marc/marc8_write.hpp"
#include "match/numbers.hpp"

namespace connexion::client {
namespace {

class Checker {
 public:
  Checker(const Record& record, RecordType type) : record_(record), type_(type) {}

  std::vector<Diagnostic> check() {
    if (record_.type() != type_) {
      report(Code::outgoing_type, 6, "LDR", 0);
      return std::move(problems_);
    }
    check_leader();
    check_008();
    check_040();
    if (type_ == RecordType::authority)
      check_heading();
    else
      check_title();
    return std::move(problems_);
  }

 private:
  void report(Code code, std::size_t offset, std::string_view tag, int occurrence,
              const std::string& detail = {}) {
    problems_.push_back({code, default_severity(code), offset, std::string(tag), occurrence,
                         std::string(code_sentence(code)) + detail});
  }

  [[nodiscard]] std::size_t count(std::string_view tag) const {
    std::size_t n = 0;
    for (const auto field : record_.fields()) n += field.has_tag(tag) ? 1 : 0;
    return n;
  }

  // A position and what stands there, for people.
  static std::string at(std::size_t position, std::string_view data) {
    const char value = data[position];
    const bool plain = value >= 0x20 && value < 0x7F;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), plain ? " Position %02u: '%c'." : " Position %02u.",
                  static_cast<unsigned>(position), value);
    return text.data();
  }

  void check_leader() {
    for (const auto position : bad_leader_positions(record_.leader(), type_))
      report(Code::outgoing_leader_value, position, "LDR", 0, at(position, record_.leader()));
  }

  void check_008() {
    const auto data = record_.control("008");
    if (data.data() == nullptr) return report(Code::outgoing_008_missing, 0, "008", 0);
    if (count("008") > 1) report(Code::outgoing_008_repeated, 0, "008", 2);
    if (data.size() != kSizeOf008)
      return report(Code::outgoing_008_length, 0, "008", 1,
                    " It has " + std::to_string(data.size()) + ".");
    for (const auto position : bad_008_positions(data, record_.leader(), type_))
      report(Code::outgoing_008_value, position, "008", 1, at(position, data));
  }

  void check_040() {
    for (const auto field : record_.fields("040")) {
      const auto has = [&](char code) { return !numbers::trimmed(field.first(code)).empty(); };
      if (!has('a') || !has('c')) report(Code::outgoing_040_incomplete, 0, "040", 1);
      return;
    }
    report(Code::outgoing_040_missing, 0, "040", 0);
  }

  void check_title() {
    bool named = false;
    for (const auto field : record_.fields("245"))
      for (const char code : {'a', 'k'}) named |= !numbers::trimmed(field.first(code)).empty();
    if (!named) report(Code::outgoing_245_missing, 0, "245", 0);
    if (count("245") > 1) report(Code::outgoing_245_repeated, 0, "245", 2);
    if (headings() > 1) report(Code::outgoing_main_entry_repeated, 0, second_heading_, 0);
  }

  void check_heading() {
    const auto n = headings();
    if (n == 0) report(Code::outgoing_heading_missing, 0, "", 0);
    if (n > 1) report(Code::outgoing_heading_repeated, 0, second_heading_, 0);
  }

  // How many 1XX there are.
  std::size_t headings() {
    std::size_t n = 0;
    for (const auto field : record_.fields())
      if (field.tag()[0] == '1' && ++n == 2) second_heading_ = field.tag();
    return n;
  }

  const Record& record_;
  RecordType type_;
  std::string second_heading_;
  std::vector<Diagnostic> problems_;
};

// The bytes of one field as it is written, and what of it MARC-8 doesn't have.
class Written {
 public:
  Written(const Field& field, Encoding encoding) {
    if (encoding != Encoding::marc8) {
      size_ = field.raw().size() + 1;
      return;
    }
    std::string out;
    if (field.is_control()) {
      detail::encode_marc8(field.data(), out, &references_);
    } else {
      for (const auto subfield : field.subfields()) {
        out += "$a";  // stands for the delimiter and the code
        detail::encode_marc8(subfield.value, out, &references_);
      }
    }
    size_ = out.size() + (field.is_control() ? 1 : 3);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::vector<char32_t>& references() const { return references_; }

 private:
  std::size_t size_ = 0;
  std::vector<char32_t> references_;
};

std::string named(char32_t character) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(character));
  return text.data();
}

Diagnostic problem(Code code, std::string_view tag, int occurrence, const std::string& detail) {
  return {code,       default_severity(code),
          0,          std::string(tag),
          occurrence, std::string(code_sentence(code)) + detail};
}

}  // namespace

std::vector<Diagnostic> check_content(const Record& record, RecordType type) {
  return Checker(record, type).check();
}

std::vector<Diagnostic> check_writing(const Record& record, Encoding encoding) {
  std::vector<Diagnostic> problems;
  std::map<std::string, int, std::less<>> seen;
  std::size_t size = 24 + 12 * record.size() + 2;
  for (const auto field : record.fields()) {
    const int occurrence = ++seen[std::string(field.tag())];
    const Written written(field, encoding);
    size += written.size();
    if (written.size() > detail::kLongestField)
      problems.push_back(problem(Code::outgoing_field_too_long, field.tag(), occurrence,
                                 " It has " + std::to_string(written.size()) + "."));
    if (!written.references().empty())
      problems.push_back(problem(Code::outgoing_not_in_marc8, field.tag(), occurrence,
                                 " The first is " + named(written.references()[0]) + "."));
  }
  if (size > detail::kLongestRecord)
    problems.push_back(
        problem(Code::outgoing_record_too_long, "", 0, " It has " + std::to_string(size) + "."));
  return problems;
}

}  // namespace connexion::client
