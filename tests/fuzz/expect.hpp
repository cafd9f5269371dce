// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the fuzz targets expect of every result, whatever the input. A failed expectation ends the
// process, as a crash would, so that libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/text.hpp"

namespace fuzz {

inline void expect(bool holds, std::string_view what, std::string_view detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "expectation failed: %.*s %.*s\n", static_cast<int>(what.size()),
               what.data(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

inline void expect_sentence(std::string_view text, std::string_view what) {
  expect(!text.empty() && connexion::is_valid_utf8(text), what, text);
}

/// The bytes that libFuzzer hands over.
inline std::string_view as_text(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What marc.hpp promises of the result of a reader.
inline void expect_consistent(const connexion::ReadResult& result, std::size_t size, bool strict) {
  using connexion::Outcome, connexion::Severity;
  bool refused = false, repaired = false;
  for (const auto& d : result.diagnostics) {
    refused = refused || d.severity == Severity::refused;
    repaired = repaired || d.severity == Severity::repaired;
    expect(d.offset <= size, "a diagnostic lies in the input:", d.message);
    expect_sentence(d.message, "a message is UTF-8");
    expect(connexion::is_valid_utf8(d.tag), "a tag is UTF-8");
  }
  expect(result.consumed <= size, "no more is consumed than is there");
  expect(result.encoding != connexion::Encoding::automatic, "the encoding is decided");
  expect(result.record.has_value() == (result.outcome != Outcome::refused), "record or refusal");
  expect(refused == (result.outcome == Outcome::refused), "a refusal says why");
  if (!refused)
    expect(repaired == (result.outcome == Outcome::repaired), "a repair says what was done");
  if (strict) expect(!repaired, "strict repairs nothing");
}

/// Writes a record in every way there is, and reads back what can be read.
inline void expect_written(const connexion::Record& record) {
  const auto again = [&](const connexion::ReadResult& read, std::string_view way) {
    expect(read.outcome == connexion::Outcome::ok, way,
           read.diagnostics.empty() ? "" : read.diagnostics[0].message);
    expect(*read.record == record, way, "reads as another record");
  };
  expect(connexion::is_valid_utf8(connexion::to_json(record)), "JSON is UTF-8");
  expect(connexion::is_valid_utf8(connexion::to_line(record)), "lines are UTF-8");
  expect(connexion::is_valid_utf8(connexion::title(record)), "a title is UTF-8");
  if (record.empty()) return;  // nothing that a reader would take for a record
  again(connexion::read_marcxml(connexion::to_marcxml(record)), "MARCXML:");
  try {
    again(connexion::read_iso2709(connexion::to_iso2709(record)), "ISO 2709:");
  } catch (const connexion::Error& e) {
    expect(e.code() == "marc.too_long", e.code());
  }
}

}  // namespace fuzz
