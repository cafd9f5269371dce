// SPDX-License-Identifier: GPL-3.0-or-later
//
// UTF-8 that was taken for Latin-1 or Windows-1252 and encoded once more: "Ã©" for é. It is sound
// UTF-8, and each of its characters may stand in a text; that they make sense as bytes tells it.
#pragma once

#include <cstddef>
#include <string_view>

namespace connexion::detail {

/// Whether valid UTF-8 has two characters that could come of it. A quick look that says no of
/// nearly all text; yes says nothing.
[[nodiscard]] bool may_be_double_encoded(std::string_view text) noexcept;

/// Where it begins in a value, npos where the value reads no better as bytes. All characters beyond
/// ASCII of the value must be such bytes.
[[nodiscard]] std::size_t find_double_encoding(std::string_view value);

}  // namespace connexion::detail
