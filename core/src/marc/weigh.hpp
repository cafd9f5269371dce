// SPDX-License-Identifier: GPL-3.0-or-later
//
// MARC-8 or Latin-1? Both give a meaning to nearly every byte above 7F: a mark before its letter in
// the one is a letter in the other. What tells them apart is the company that the byte keeps.
#pragma once

#include <cstddef>
#include <string_view>

namespace connexion::detail {

/// What speaks for either reading, in points.
struct Evidence {
  std::size_t marc8 = 0;
  std::size_t latin1 = 0;
  std::size_t either = 0;  // places that say nothing
  std::size_t signs = 0;   // those of `latin1` that are a sign's, not a letter's
};

/// Adds what the bytes of a value say. Text with escape sequences says nothing here.
void weigh(std::string_view value, Evidence& evidence) noexcept;

}  // namespace connexion::detail
