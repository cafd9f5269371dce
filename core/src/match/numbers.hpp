// SPDX-License-Identifier: GPL-3.0-or-later
//
// Standard numbers: check digits and forms.
#pragma once

#include <string>
#include <string_view>

namespace connexion::numbers {

/// ISBN-13 of ten or thirteen characters without hyphens; empty if a check digit is wrong.
[[nodiscard]] std::string isbn13(std::string_view compact);
/// What such an ISBN would be if its check digit alone is wrong; empty where it isn't.
[[nodiscard]] std::string mended_isbn13(std::string_view compact);
/// ISBN-10 of a valid ISBN-13; empty if it has none (prefix 979).
[[nodiscard]] std::string isbn10(std::string_view isbn13);
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// Whether the text names OCLC as the source of the number: "(OCoLC)…", "ocm…", "ocn…", "on…".
[[nodiscard]] bool names_oclc(std::string_view text);

}  // namespace connexion::numbers
