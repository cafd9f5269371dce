// SPDX-License-Identifier: GPL-3.0-or-later
//
// Which bytes of an ISO 2709 record belong to which field: the leader and the directory compared
// with the terminators that stand in the data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/diagnostic.hpp"
#include "marc/leader.hpp"

namespace connexion::detail {

/// Where a field lies in the record, without its terminator.
struct RawField {
  char tag[3];
  std::size_t start;
  std::size_t length;
  std::size_t entry;  // offset of its directory entry
};

struct Layout {
  std::vector<RawField> fields;  // in the directory's order
  std::size_t data_start = 0;
  std::size_t data_end = 0;  // where the record terminator stands or should stand
  std::size_t consumed = 0;
  std::vector<Diagnostic> diagnostics;  // refused if one of them says so
};

/// `bytes` begin with the leader; what follows the record may follow.
[[nodiscard]] Layout lay_out(std::string_view bytes);

/// Whether what stands at `at` can only be the leader of a MARC 21 record.
[[nodiscard]] bool is_leader_at(std::string_view bytes, std::size_t at) noexcept;

}  // namespace connexion::detail
