// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/same_work.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/match.hpp"
#include "connexion/text.hpp"

namespace connexion {
namespace {

using Words = std::set<std::string>;

std::vector<std::string> oclc_numbers(const Record& record) {
  std::vector<std::string> numbers;
  for (auto& id : identifiers(record))
    if (id.kind == "oclc" || id.kind == "oclc_merged") numbers.push_back(std::move(id.value));
  return numbers;
}

// What stands before the number of a part says nothing, and is written in many ways.
bool is_designation(const std::string& word) {
  static constexpr std::array<std::string_view, 15> designations{
      "v",    "vol", "volume", "pt", "part", "no",   "number", "bk",
      "book", "bd",  "band",   "t",  "tome", "teil", "nr"};
  return std::find(designations.begin(), designations.end(), word) != designations.end();
}

Words words_of(std::string_view text) {
  Words words;
  const auto folded = folded_words(text);
  for (std::size_t at = 0; at < folded.size();) {
    const auto end = std::min(folded.find(' ', at), folded.size());
    words.insert(folded.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Code points of valid UTF-8.
std::ptrdiff_t letters(const std::string& word) {
  return std::count_if(word.begin(), word.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// Articles and prepositions would make any two titles alike.
Words significant(const Words& words) {
  constexpr std::ptrdiff_t kShort = 3;
  Words kept;
  for (const auto& word : words)
    if (letters(word) > kShort) kept.insert(word);
  return kept.empty() ? words : kept;
}

struct Title {
  Words title;  // 245 $a and $b
  Words part;   // $n and $p
};

Title title_of(const Record& record) {
  std::string title, part;
  for (const auto field : record.fields("245")) {
    for (const auto subfield : field.subfields()) {
      if (subfield.code == 'a' || subfield.code == 'b') title += " " + std::string(subfield.value);
      if (subfield.code == 'n' || subfield.code == 'p') part += " " + std::string(subfield.value);
    }
    break;  // there is one
  }
  return {words_of(title), words_of(part)};
}

bool half_in_common(const Words& ours, const Words& theirs) {
  const auto a = significant(ours), b = significant(theirs);
  if (a.empty() || b.empty()) return true;  // nothing to tell them apart by
  const auto shared =
      std::count_if(a.begin(), a.end(), [&](const auto& w) { return b.contains(w); });
  return static_cast<std::size_t>(shared) * 2 > std::min(a.size(), b.size());
}

bool part_is_in(const Title& a, const Title& b) {
  return std::all_of(a.part.begin(), a.part.end(), [&](const auto& word) {
    return is_designation(word) || b.part.contains(word) || b.title.contains(word);
  });
}

Reason differing(std::string_view code, std::string incoming, std::string existing) {
  return {std::string(code),
          {{"incoming", std::move(incoming)}, {"existing", std::move(existing)}}};
}

}  // namespace

OclcNumbers compare_oclc_numbers(const Record& a, const Record& b) {
  const auto ours = oclc_numbers(a), theirs = oclc_numbers(b);
  if (ours.empty() || theirs.empty()) return OclcNumbers::unknown;
  return std::find_first_of(ours.begin(), ours.end(), theirs.begin(), theirs.end()) != ours.end()
             ? OclcNumbers::shared
             : OclcNumbers::differ;
}

std::optional<Reason> other_number(const Record& incoming, const Record& existing) {
  if (compare_oclc_numbers(incoming, existing) != OclcNumbers::differ) return std::nullopt;
  return differing("guard_other_number", oclc_numbers(incoming)[0], oclc_numbers(existing)[0]);
}

std::optional<Reason> other_title(const Record& incoming, const Record& existing) {
  if (compare_oclc_numbers(incoming, existing) == OclcNumbers::shared) return std::nullopt;
  const auto ours = title_of(incoming), theirs = title_of(existing);
  if (ours.title.empty() || theirs.title.empty()) return std::nullopt;
  const bool same = half_in_common(ours.title, theirs.title) && part_is_in(ours, theirs) &&
                    part_is_in(theirs, ours);
  if (same) return std::nullopt;
  return differing("guard_other_title", title(incoming), title(existing));
}

}  // namespace connexion
