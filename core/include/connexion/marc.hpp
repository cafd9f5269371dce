// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading and writing MARC 21.
//
// `read_iso2709` takes the bytes of one record as they came over the wire and either gives a
// Record, with a Diagnostic for all that had to be repaired, or refuses it, with the Diagnostics
// that say why. The rule is in docs/decoding.md: where content may have been lost, it refuses.
// It never raises, whatever the bytes.
//
//     const auto result = connexion::read_iso2709(bytes);
//     if (!result.record) return explain(result.diagnostics);
//     std::string xml = connexion::to_marcxml(*result.record);
//
// Thread-safety: all functions are pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/diagnostic.hpp"
#include "connexion/record.hpp"

namespace connexion {

enum class Encoding { automatic, utf8, marc8, latin1 };

struct ReadOptions {
  Encoding encoding = Encoding::automatic;  ///< automatic: decided by the bytes, not leader/09
  bool nfc = false;                         ///< normalise text to NFC
  bool strict = false;                      ///< what would be repaired is refused
  bool bracketed_hex = false;               ///< read <U+4E2D> as the character
  bool numeric_references = false;          ///< read &#x4E2D; as the character
};

enum class Outcome { ok, repaired, refused };

struct ReadResult {
  std::optional<Record> record;  ///< absent exactly when outcome is refused
  Outcome outcome = Outcome::refused;
  Encoding encoding = Encoding::utf8;  ///< what the bytes were in; never automatic
  std::size_t consumed = 0;            ///< bytes of the input that this record took
  std::vector<Diagnostic> diagnostics;
};

/// Reads the one record at the start of `bytes`; what follows its end is reported, not read.
[[nodiscard]] ReadResult read_iso2709(std::string_view bytes, const ReadOptions& options = {});

/// Reads one MARCXML `record` element (or a collection holding exactly one), UTF-8 octets.
[[nodiscard]] ReadResult read_marcxml(std::string_view octets, const ReadOptions& options = {});

/// ISO 2709 in UTF-8. Refuses (Error "marc.too_long") a record over 99,999 bytes or a field over
/// 9,999, naming the field.
[[nodiscard]] std::string to_iso2709(const Record& record);

struct WriteOptions {
  Encoding encoding = Encoding::utf8;  ///< utf8 or marc8, else Error "marc.bad_encoding"
};

/// ISO 2709 in UTF-8 or, with a blank in leader/09, in MARC-8. What MARC-8 doesn't have is written
/// as a numeric reference. Refuses what is too long as above, counted in the bytes written.
[[nodiscard]] std::string to_iso2709(const Record& record, const WriteOptions& options);
/// One subfield's text, valid UTF-8, in MARC-8. It begins and ends with ASCII and ANSEL in effect.
[[nodiscard]] std::string to_marc8(std::string_view text);
/// A MARCXML document with one record, UTF-8, with XML declaration.
[[nodiscard]] std::string to_marcxml(const Record& record);
/// MARC-in-JSON, one line, UTF-8.
[[nodiscard]] std::string to_json(const Record& record);
/// The line format people read: `=245  10$aTitle` style is not used; see docs/decoding.md.
[[nodiscard]] std::string to_line(const Record& record);

}  // namespace connexion
