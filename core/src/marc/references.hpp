// SPDX-License-Identifier: GPL-3.0-or-later
//
// Characters written in ASCII: <U+4E2D>, as OCLC exports what MARC-8 can't express, and &#x4E2D;.
#pragma once

#include <cstddef>
#include <string>

namespace connexion::detail {

/// Replaces such references in `text` from offset `from` on. What is no character that a record
/// may hold stays as it is.
void read_references(std::string& text, std::size_t from, bool bracketed, bool numeric);

}  // namespace connexion::detail
