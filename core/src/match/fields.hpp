// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fields and subfields as a component of a matchpoint names them.
#pragma once

#include <string>
#include <string_view>

#include "connexion/record.hpp"

namespace connexion::fields {

/// `pattern` is a tag, with '.' for any character.
[[nodiscard]] inline bool has_tag(const Field& field, std::string_view pattern) noexcept {
  const auto tag = field.tag();
  const auto matches = [&](std::size_t i) { return pattern[i] == tag[i] || pattern[i] == '.'; };
  return pattern.size() == tag.size() && matches(2) && matches(1) && matches(0);
}
[[nodiscard]] bool wanted(char code, std::string_view subfields);
/// A control field whole; of a data field the wanted subfields in record order, joined by spaces.
[[nodiscard]] std::string content(const Field& field, std::string_view subfields);

}  // namespace connexion::fields
