// SPDX-License-Identifier: GPL-3.0-or-later
#include <optional>

#include "connexion/text.hpp"

namespace connexion {
namespace {

// Subfields of a 1XX that make the heading: all letters but the linking and control ones.
constexpr std::string_view kHeadingSubfields = "abcdfghjklmnopqrstvxyz";

std::optional<Field> title_field(const Record& record) {
  const bool authority = record.type() == RecordType::authority;
  for (const auto field : record.fields()) {
    if (field.is_control()) continue;
    if (authority ? field.tag()[0] == '1' : field.tag() == "245") return field;
  }
  return std::nullopt;
}

// The punctuation that ISBD puts before the element that follows. A final full stop goes too, but
// not that of an initial or abbreviation, which is hard to tell: only after a word of four
// letters or more, or after a closing sign.
void trim_punctuation(std::string& text) {
  const auto last_is = [&](std::string_view set) {
    return !text.empty() && set.find(text.back()) != std::string_view::npos;
  };
  while (last_is(" /:;,=")) text.pop_back();
  if (!last_is(".")) return;
  const std::size_t word = text.find_last_of(" .", text.size() - 2);
  const std::size_t length = text.size() - 1 - (word == std::string::npos ? 0 : word + 1);
  const bool ellipsis = text.size() > 1 && text[text.size() - 2] == '.';
  if (!ellipsis && length >= 4) text.pop_back();
}

}  // namespace

std::string title(const Record& record) {
  const auto field = title_field(record);
  if (!field) return {};
  const bool authority = record.type() == RecordType::authority;
  const std::string_view wanted = authority ? kHeadingSubfields : std::string_view("abnp");
  std::string out;
  for (const auto subfield : field->subfields()) {
    if (wanted.find(subfield.code) == std::string_view::npos || subfield.value.empty()) continue;
    const bool subdivision =
        authority && std::string_view("vxyz").find(subfield.code) != std::string_view::npos &&
        !out.empty();
    if (!out.empty()) out += subdivision ? "--" : " ";
    out += subfield.value;
  }
  trim_punctuation(out);
  return out;
}

}  // namespace connexion
