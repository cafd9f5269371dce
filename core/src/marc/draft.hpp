// SPDX-License-Identifier: GPL-3.0-or-later
//
// A record that still grows: what RecordBuilder and the readers of unsound records write into.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion::detail {

inline constexpr std::string_view kNewLeader = "00000nam a2200000   4500";

struct RecordDraft {
  std::string leader{kNewLeader};
  std::string text;
  std::vector<FieldEntry> fields;
  std::vector<SubfieldEntry> subfields;

  void control_field(std::string_view tag, std::string_view data);
  /// Takes the bytes from `from` to the end of `text` as the field's data.
  void control_field_from(std::string_view tag, std::size_t from);
  void data_field(std::string_view tag, char indicator1, char indicator2);
  void subfield(char code, std::string_view value);
  /// Takes the bytes from `from` to the end of `text` as a subfield's value.
  void subfield_from(char code, std::size_t from);
  [[nodiscard]] std::shared_ptr<const RecordData> pack() const;
};

[[nodiscard]] constexpr bool is_tag_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
[[nodiscard]] constexpr bool is_tag(std::string_view tag) noexcept {
  return tag.size() == 3 && is_tag_character(tag[0]) && is_tag_character(tag[1]) &&
         is_tag_character(tag[2]);
}
[[nodiscard]] constexpr bool is_control_tag(std::string_view tag) noexcept {
  return tag[0] == '0' && tag[1] == '0';
}
[[nodiscard]] constexpr bool is_printable(char c) noexcept { return c >= 0x20 && c < 0x7F; }

}  // namespace connexion::detail
