// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Perl and Koha's normalization routines do to a string, on UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace connexion::norms {

/// Perl's substr on characters; `length` 0 for all. Empty where Perl's is undefined.
[[nodiscard]] std::string_view substring(std::string_view text, int offset, int length);
/// Applies one routine of Koha's by its name; an unknown one changes nothing.
void apply(std::string_view norm, std::string& text);

}  // namespace connexion::norms
