// SPDX-License-Identifier: GPL-3.0-or-later
//
// Names for what the core has as enumerations: only strings, integers, handles and JSON cross to
// Perl, and a number that silently changes its meaning must not.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/match.hpp"
#include "connexion/plan.hpp"
#include "connexion/request.hpp"
#include "connexion/text.hpp"

namespace binding {

using PointList = std::vector<connexion::PointKeys>;
using IdentifierList = std::vector<connexion::Identifier>;

inline std::string_view name(connexion::Encoding encoding) {
  using enum connexion::Encoding;
  switch (encoding) {
    case automatic:
      return "auto";
    case utf8:
      return "utf-8";
    case marc8:
      return "marc-8";
    case latin1:
      return "latin-1";
  }
  throw std::logic_error("an encoding without a name");
}

inline connexion::Encoding encoding_named(std::string_view text) {
  using enum connexion::Encoding;
  for (const auto encoding : {automatic, utf8, marc8, latin1})
    if (name(encoding) == text) return encoding;
  throw connexion::Error(
      "binding.bad_argument",
      "encoding: '" + std::string(text) + "' is not one of auto, utf-8, marc-8, latin-1");
}

inline connexion::ReadOptions read_options(std::string_view encoding, bool nfc, bool strict,
                                           bool bracketed_hex, bool numeric_references) {
  return {encoding_named(encoding), nfc, strict, bracketed_hex, numeric_references};
}

inline std::string_view name(connexion::Outcome outcome) {
  using enum connexion::Outcome;
  switch (outcome) {
    case ok:
      return "ok";
    case repaired:
      return "repaired";
    case refused:
      return "refused";
  }
  throw std::logic_error("an outcome without a name");
}

inline std::string_view name(connexion::RecordType type) {
  using enum connexion::RecordType;
  switch (type) {
    case biblio:
      return "biblio";
    case authority:
      return "authority";
    case holdings:
      return "holdings";
    case community:
      return "community";
    case classification:
      return "classification";
    case unknown:
      return "unknown";
  }
  throw std::logic_error("a record type without a name");
}

inline std::string_view name(connexion::LengthForm form) {
  using enum connexion::LengthForm;
  switch (form) {
    case none:
      return "none";
    case byte:
      return "byte";
    case decimal:
      return "decimal";
  }
  throw std::logic_error("a length form without a name");
}

inline std::string_view name(connexion::RequestParser::State state) {
  using enum connexion::RequestParser::State;
  switch (state) {
    case idle:
      return "idle";
    case reading:
      return "reading";
    case failed:
      return "failed";
  }
  throw std::logic_error("a state without a name");
}

inline connexion::HitSource source_named(std::string_view text) {
  if (text == "search") return connexion::HitSource::search;
  if (text == "identifiers") return connexion::HitSource::identifiers;
  throw connexion::Error("binding.bad_argument",
                         "source: '" + std::string(text) + "' is not one of search, identifiers");
}

}  // namespace binding
