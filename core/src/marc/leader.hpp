// SPDX-License-Identifier: GPL-3.0-or-later
//
// The leader: which values MARC 21 defines, and the numbers in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace connexion::detail {

struct Log;

inline constexpr std::size_t kLeaderSize = 24;
inline constexpr std::size_t kEntrySize = 12;
inline constexpr char kSubfieldDelimiter = 0x1F;
inline constexpr char kFieldTerminator = 0x1E;
inline constexpr char kRecordTerminator = 0x1D;

/// Leader positions whose values are checked, and the values of all formats of MARC 21 together,
/// OCLC's own encoding levels and obsolete values included.
struct LeaderPosition {
  std::size_t position;
  std::string_view values;
};
inline constexpr std::array<LeaderPosition, 8> kLeaderPositions{{
    {5, "acdnposx"},
    {6, "abcdefghijkmnopqrtuvwxyz"},
    {7, "abcdims n"},
    {8, " a"},
    {9, " a"},
    {17, " 1234578uznoImKLMEJ"},
    {18, " acinupr"},
    {19, " abcrn12"},
}};

inline constexpr auto kLeaderValues = [] {
  std::array<std::uint8_t, 256> bits{};
  for (std::size_t i = 0; i < kLeaderPositions.size(); ++i)
    for (const char c : kLeaderPositions[i].values)
      bits[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(1U << i);
  return bits;
}();

[[nodiscard]] inline bool leader_value_defined(std::size_t row, char value) noexcept {
  return (kLeaderValues[static_cast<unsigned char>(value)] >> row & 1U) != 0;
}

/// Whether every value is one that MARC 21 defines.
[[nodiscard]] inline bool leader_is_usual(const char* leader) noexcept {
  bool usual = true;
  for (std::size_t i = 0; i < kLeaderPositions.size(); ++i)
    usual &= leader_value_defined(i, leader[kLeaderPositions[i].position]);
  return usual;
}

/// Whether nothing in the leader but its lengths may need a repair.
[[nodiscard]] inline bool leader_is_sound(const char* leader) noexcept {
  bool sound = leader[10] == '2' && leader[11] == '2' &&
               std::string_view(leader + 20, 4) == "4500" && (leader[9] == 'a' || leader[9] == ' ');
  for (const auto& row : kLeaderPositions)
    sound &= leader[row.position] >= 0x20 && leader[row.position] < 0x7F;
  return sound;
}

/// Makes `leader`, 24 bytes, one that fits what this library gives out, and tells what it changed
/// or found odd: at its own positions, or where the leader is an element of a document, at that.
void settle_leader(std::string& leader, Log& log, std::optional<std::size_t> element = {});

/// Digits only, as ISO 2709 wants its numbers; nothing for anything else.
[[nodiscard]] inline std::optional<std::size_t> number(std::string_view digits) noexcept {
  std::size_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

}  // namespace connexion::detail
