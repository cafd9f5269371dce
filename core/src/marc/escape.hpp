// SPDX-License-Identifier: GPL-3.0-or-later
//
// Escape sequences of MARC-8, after ISO 2022.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "marc/decode.hpp"
#include "marc/marc8_set.hpp"

namespace connexion::detail {

inline constexpr char kEscape = 0x1B;

struct Escape {
  enum class Kind {
    designation,
    incomplete,  // the value ends before the sequence does
    unknown
  };
  Kind kind;
  std::size_t length;  // of the sequence, the escape character included
  marc8::Set set;
  bool g1;
};

/// The sequence at `at`, where an escape character stands.
[[nodiscard]] Escape read_escape(std::string_view value, std::size_t at) noexcept;

/// End of the run of printable ASCII that starts at `at`.
[[nodiscard]] std::size_t plain_run(std::string_view value, std::size_t at) noexcept;
/// What becomes of a control character in data.
void decode_control(char c, std::size_t at, std::string& out, Problems& problems);

}  // namespace connexion::detail
