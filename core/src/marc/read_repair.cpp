// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/read.hpp"

namespace connexion::detail {

ReadResult read_repairing(std::string_view bytes, const ReadOptions&) {
  ReadResult result;
  result.consumed = bytes.size();
  result.diagnostics.push_back({Code::not_a_record, Severity::refused, 0, {}, 0,
                                std::string(code_sentence(Code::not_a_record))});
  return result;
}

}  // namespace connexion::detail
