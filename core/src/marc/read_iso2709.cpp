// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/leader.hpp"
#include "marc/log.hpp"
#include "marc/read.hpp"

namespace connexion {
namespace {

// The fast way lets odd values pass, which only call for a notice.
void note_leader(std::string_view bytes, ReadResult& result) {
  detail::Log log;
  std::string leader(bytes.substr(0, detail::kLeaderSize));
  detail::settle_leader(leader, log);
  result.diagnostics = std::move(log.diagnostics);
}

}  // namespace

ReadResult read_iso2709(std::string_view bytes, const ReadOptions& options) {
  const auto declared = bytes.size() < 5 ? std::nullopt : detail::number(bytes.substr(0, 5));
  const bool text_may_change = options.bracketed_hex || options.numeric_references;
  if (declared == bytes.size() && !text_may_change) {
    const bool ascii_only = options.nfc || (options.encoding != Encoding::automatic &&
                                            options.encoding != Encoding::utf8);
    bool high = false;
    if (auto data = detail::read_sound(bytes, ascii_only, high)) {
      ReadResult result;
      result.encoding = high || bytes[9] == 'a' ? Encoding::utf8 : Encoding::marc8;
      if (options.encoding != Encoding::automatic) result.encoding = options.encoding;
      result.record.emplace(std::move(data));
      result.outcome = Outcome::ok;
      result.consumed = bytes.size();
      if (!detail::leader_is_usual(bytes.data())) note_leader(bytes, result);
      return result;
    }
  }
  return detail::read_repairing(bytes, options);
}

}  // namespace connexion
