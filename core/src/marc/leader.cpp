// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/leader.hpp"

#include <optional>

#include "marc/draft.hpp"
#include "marc/log.hpp"

namespace connexion::detail {
namespace {

// 09 is judged with the characters, by what their bytes are in.
constexpr std::size_t kEncoding = 9;
constexpr std::size_t kType = 6;

void settle_value(std::size_t row, std::string& leader, Log& log,
                  std::optional<std::size_t> element) {
  const std::size_t at = kLeaderPositions[row].position;
  const std::size_t offset = element.value_or(at);
  char& value = leader[at];
  if (at == kEncoding || leader_value_defined(row, value)) return;
  if (is_printable(value)) {
    log.report(Code::leader_unusual_value, offset, "LDR");
  } else if (at == kType) {
    log.report(Code::leader_bad_character, offset, "LDR");
  } else {
    value = ' ';
    log.report(Code::leader_blanked_character, offset, "LDR");
  }
}

}  // namespace

void settle_leader(std::string& leader, Log& log, std::optional<std::size_t> element) {
  if (leader.compare(10, 2, "22") != 0)
    log.report(Code::leader_counts, element.value_or(10), "LDR");
  if (leader.compare(20, 4, "4500") != 0)
    log.report(Code::leader_entry_map, element.value_or(20), "LDR");
  for (std::size_t row = 0; row < kLeaderPositions.size(); ++row)
    settle_value(row, leader, log, element);
  leader[kEncoding] = 'a';
  leader.replace(10, 2, "22");
  leader.replace(20, 4, "4500");
  // The lengths are the writer's business.
  for (const std::size_t number_at : {0U, 12U})
    for (std::size_t i = number_at; i < number_at + 5; ++i)
      if (!is_printable(leader[i])) leader[i] = '0';
}

}  // namespace connexion::detail
