// SPDX-License-Identifier: GPL-3.0-or-later
//
// A record that still grows: what RecordBuilder and the readers of unsound records write into.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion::detail {

inline constexpr std::string_view kNewLeader = "00000nam a2200000   4500";

struct RecordDraft {
  std::string leader{kNewLeader};
  std::string text;  // after every call but open_..., the last field has its terminator
  std::vector<FieldEntry> fields;
  std::vector<std::uint32_t> marks;

  void control_field(std::string_view tag, std::string_view data);
  void data_field(std::string_view tag, char indicator1, char indicator2);
  void subfield(char code, std::string_view value);
  /// What is appended to `text` between open and close is the field's data, the subfield's value.
  void open_control(std::string_view tag);
  void close_control();
  void open_subfield(char code);
  void close_subfield();
  /// Takes back a data field that got no subfields.
  void drop_empty_field();
  [[nodiscard]] std::shared_ptr<const RecordData> pack() const;

 private:
  void terminate();
};

namespace character {
inline constexpr std::uint8_t kTag = 1;   // may stand in a tag
inline constexpr std::uint8_t kCode = 2;  // a subfield code that MARC 21 defines
inline constexpr std::uint8_t kPrintable = 4;
inline constexpr auto kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 0x20; c < 0x7F; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool small = c >= 'a' && c <= 'z';
    const bool capital = c >= 'A' && c <= 'Z';
    classes[c] = static_cast<std::uint8_t>((digit || small || capital ? kTag : 0) |
                                           (digit || small ? kCode : 0) | kPrintable);
  }
  return classes;
}();
}  // namespace character

[[nodiscard]] constexpr std::uint8_t character_class(char c) noexcept {
  return character::kClasses[static_cast<unsigned char>(c)];
}
[[nodiscard]] constexpr bool is_tag(std::string_view tag) noexcept {
  return tag.size() == 3 && (character_class(tag[0]) & character_class(tag[1]) &
                             character_class(tag[2]) & character::kTag) != 0;
}
[[nodiscard]] constexpr bool is_control_tag(std::string_view tag) noexcept {
  return tag[0] == '0' && tag[1] == '0';
}
[[nodiscard]] constexpr bool is_printable(char c) noexcept {
  return (character_class(c) & character::kPrintable) != 0;
}
[[nodiscard]] constexpr bool is_usual_code(char c) noexcept {
  return (character_class(c) & character::kCode) != 0;
}

}  // namespace connexion::detail
