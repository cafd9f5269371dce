// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a reader found wrong with its input, as data.
//
// A Diagnostic names what was found (a stable code), what was done about it (severity), where
// (byte offset in the record, tag and occurrence) and says so in a sentence. The codes come from
// one table, core/include/connexion/diagnostics.def, which also makes the Perl constants and the
// page docs/errors.md.
//
//     for (const auto& d : result.diagnostics)
//       if (d.severity == connexion::Severity::refused) log(code_name(d.code), d.offset,
//       d.message);
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace connexion {

enum class Severity {
  notice,    ///< nothing was changed; somebody may want to know
  repaired,  ///< put right without loss
  refused    ///< content may have been lost: the record is not taken
};

enum class Code {
#define CONNEXION_DIAGNOSTIC(name, severity, sentence) name,
#include "connexion/diagnostics.def"
#undef CONNEXION_DIAGNOSTIC
};

/// The stable name of a code, as in "directory_not_multiple_of_12".
[[nodiscard]] std::string_view code_name(Code code) noexcept;
/// The severity a code has unless ReadOptions::strict raises it.
[[nodiscard]] Severity default_severity(Code code) noexcept;
/// The sentence of the table: what the code means wherever it occurs.
[[nodiscard]] std::string_view code_sentence(Code code) noexcept;
/// All codes in the order of the table.
[[nodiscard]] std::span<const Code> all_codes() noexcept;
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;

struct Diagnostic {
  Code code;
  Severity severity;
  std::size_t offset = 0;  ///< bytes from the start of the record
  std::string tag;         ///< empty where no field is concerned; "LDR" for the leader
  int occurrence = 0;      ///< 1 for the first field with this tag, 0 where none is concerned
  std::string message;     ///< one UTF-8 sentence
};

}  // namespace connexion
