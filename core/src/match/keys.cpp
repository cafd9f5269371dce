// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "connexion/match.hpp"
#include "match/fields.hpp"
#include "match/norms.hpp"

namespace connexion {
namespace {

// Perl takes "0" for false, and Koha asks no more than that.
bool is_true(std::string_view key) {
  return !key.empty() && key != "0";
}

std::string key_of(std::string content, const MatchComponent& component) {
  if (component.length > 0 || component.offset != 0)
    content = std::string(norms::substring(content, component.offset, component.length));
  for (const auto& norm : component.norms) norms::apply(norm, content);
  return content;
}

// One key per field with the component's tag, empty ones too.
std::vector<std::string> component_keys(const Record& record, const MatchComponent& component) {
  std::vector<std::string> keys;
  if (component.tag == "LDR") {
    keys.push_back(key_of(std::string(record.leader()), component));
    return keys;
  }
  for (const auto field : record.fields())
    if (fields::has_tag(field, component.tag))
      keys.push_back(key_of(fields::content(field, component.subfields), component));
  return keys;
}

std::string joined(const std::vector<std::string>& keys) {
  std::string all;
  for (const auto& key : keys) all += key;
  return all;
}

}  // namespace

bool fields::wanted(char code, std::string_view subfields) {
  return subfields.empty() || subfields.find(code) != std::string_view::npos;
}

std::string fields::content(const Field& field, std::string_view subfields) {
  if (field.is_control()) return std::string(field.data());
  std::string text;
  bool first = true;
  for (const auto subfield : field.subfields()) {
    if (!wanted(subfield.code, subfields)) continue;
    if (!first) text.push_back(' ');
    text += subfield.value;
    first = false;
  }
  return text;
}

std::vector<std::string> keys_of(const Record& record, const Matchpoint& point) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < point.components.size(); ++i) {
    auto more = component_keys(record, point.components[i]);
    if (i == 0) {
      std::erase_if(more, [](const std::string& key) { return !is_true(key); });
      keys = std::move(more);
      continue;
    }
    for (std::size_t j = 0; j < std::min(keys.size(), more.size()); ++j)
      if (is_true(more[j])) keys[j] += " " + more[j];
  }
  return keys;
}

bool passes_checks(const Record& incoming, const Record& candidate, const MatchingRule& rule) {
  return std::all_of(
      rule.required_checks.begin(), rule.required_checks.end(), [&](const RequiredCheck& check) {
        return joined(keys_of(incoming, check.source)) == joined(keys_of(candidate, check.target));
      });
}

}  // namespace connexion
