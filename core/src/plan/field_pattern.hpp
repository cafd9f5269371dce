// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which fields a library means, in the notation that librarians write: "590", "69X", "590-599",
// "650 _7 $2 local", "856 $5", "9XX except 952".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion {

class FieldPattern {
 public:
  /// Raises Error "rules.bad_field_pattern", which names the pattern and what is wrong with it.
  static FieldPattern parse(std::string_view text);
  [[nodiscard]] bool matches(const Field& field) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  friend class PatternParser;
  /// Tags from the first to the last one; 'X' in a single one stands for any character.
  struct Tags {
    std::string first, last;
    [[nodiscard]] bool match(std::string_view tag) const;
  };
  struct Condition {
    char code;
    std::optional<std::string> value;  ///< lower case
    [[nodiscard]] bool holds(const Field& field) const;
  };
  FieldPattern() = default;

  std::string text_;
  std::optional<Tags> tags_;
  std::optional<std::array<char, 2>> indicators_;  ///< '*' stands for any
  std::vector<Condition> conditions_;
  std::vector<Tags> except_;
};

}  // namespace connexion
