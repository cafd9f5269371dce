// SPDX-License-Identifier: GPL-3.0-or-later
#include "unit.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "marc/layout.hpp"
#include "marc/leader.hpp"
#include "marc/read.hpp"

namespace connexion::tool {
namespace {

using detail::kLeaderSize;
using detail::kRecordTerminator;

constexpr std::size_t kNone = std::string_view::npos;
// The reader looks no further behind a record than its leader can claim it to be long.
constexpr std::size_t kLookahead = 100000;

// Less is asked than where a leader may stand anywhere: some systems leave status and type blank.
bool is_like_leader(std::string_view bytes, std::size_t at) noexcept {
  if (bytes.size() < at + kLeaderSize) return false;
  const std::string_view leader = bytes.substr(at, kLeaderSize);
  return leader.substr(10, 2) == "22" && leader.substr(20, 3) == "450" &&
         detail::number(leader.substr(0, 5)) && detail::number(leader.substr(12, 5));
}

bool leader_follows(std::string_view bytes, std::size_t at) noexcept {
  if (is_like_leader(bytes, at)) return true;
  const std::size_t blanks = blank_run(bytes.substr(at, kLookahead));
  return blanks != 0 && is_like_leader(bytes, at + blanks);
}

// The end of what the reader has to see: the first boundary, or enough behind the first record
// terminator.
std::size_t window_end(std::string_view bytes) noexcept {
  const std::size_t most = std::min(bytes.size(), kLongestUnit);
  std::size_t terminator = bytes.substr(0, most).find(kRecordTerminator, kLeaderSize);
  if (terminator == kNone) return most;
  const std::size_t enough = std::max(terminator + 1, std::min(kLookahead, most));
  while (terminator < enough) {
    if (leader_follows(bytes, terminator + 1)) return terminator + 1;
    terminator = bytes.substr(0, enough).find(kRecordTerminator, terminator + 1);
  }
  return enough;
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0' || c == '\x1A' ||
         c == kRecordTerminator;
}

// Of several terminators that follow each other the first ends the record.
std::size_t first_of_run(std::string_view bytes, std::size_t terminator) noexcept {
  std::size_t first = terminator;
  for (std::size_t at = terminator; at > 0 && is_blank(bytes[at - 1]); --at)
    if (bytes[at - 1] == kRecordTerminator) first = at - 1;
  return first;
}

// The next record's beginning in a stretch that was refused.
std::size_t leader_within(std::string_view stretch) noexcept {
  // The first leader is the stretch's own.
  for (std::size_t at = blank_run(stretch) + 1; at + kLeaderSize <= stretch.size(); ++at)
    if (detail::is_leader_at(stretch, at)) return at;
  return kNone;
}

// What follows a record is the next unit's business.
void drop_notes_on_rest(ReadResult& result) {
  std::erase_if(result.diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.code == Code::trailing_bytes ||
           diagnostic.code == Code::another_record_follows;
  });
}

// The usual case, a sound record: its only terminator is where its length says. What follows it
// makes no difference.
std::optional<Unit> read_framed(std::string_view bytes, const ReadOptions& options) {
  if (bytes.size() < kLeaderSize) return std::nullopt;
  const std::size_t length = detail::number(bytes.substr(0, 5)).value_or(0);
  if (length > bytes.size()) return std::nullopt;
  auto result = detail::read_exact(bytes.substr(0, length), options);
  if (!result || result->outcome == Outcome::refused) return std::nullopt;
  return Unit{*std::move(result), length};
}

}  // namespace

Unit read_unit(std::string_view bytes, const ReadOptions& options) {
  if (auto unit = read_framed(bytes, options)) return *std::move(unit);
  const std::string_view window = bytes.substr(0, window_end(bytes));
  Unit unit{read_iso2709(window, options), 0};
  unit.length = std::clamp<std::size_t>(unit.result.consumed, 1, window.size());
  if (unit.result.outcome == Outcome::refused) {
    const std::size_t next = leader_within(window.substr(0, unit.length));
    if (next != kNone) {
      unit.result = read_iso2709(window.substr(0, next), options);
      unit.length = next;
    }
  }
  if (unit.length < window.size()) drop_notes_on_rest(unit.result);
  return unit;
}

std::size_t blank_run(std::string_view bytes) noexcept {
  return static_cast<std::size_t>(std::find_if_not(bytes.begin(), bytes.end(), is_blank) -
                                  bytes.begin());
}

std::size_t last_boundary(std::string_view bytes, std::size_t searched) noexcept {
  // A terminator may have waited for its leader.
  const std::size_t from = searched - std::min(searched, kLookahead + kLeaderSize);
  std::string_view rest = bytes.substr(from);
  while (!rest.empty()) {
    const void* const found = memrchr(rest.data(), kRecordTerminator, rest.size());
    if (found == nullptr) return 0;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (leader_follows(bytes, at + 1)) return first_of_run(bytes, at) + 1;
    rest = bytes.substr(from, at - from);
  }
  return 0;
}

}  // namespace connexion::tool
