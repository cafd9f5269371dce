// SPDX-License-Identifier: GPL-3.0-or-later
//
// Names for what the core has as enumerations: only strings, integers, handles and JSON cross to
// Perl, and a number that silently changes its meaning must not.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/client.hpp"
#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "connexion/match.hpp"
#include "connexion/plan.hpp"
#include "connexion/request.hpp"
#include "connexion/text.hpp"

namespace binding {

using PointList = std::vector<connexion::PointKeys>;
using IdentifierList = std::vector<connexion::Identifier>;
using MaybeNumber = std::optional<std::int64_t>;
using MaybeRequest = std::optional<connexion::Request>;

// What a method of a class is called on, where that doesn't matter.
struct Invocant {};

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

// As Perl gives them: the name of the encoding is looked at where an error may be raised, and stays
// Perl's, because a croak frees nothing.
struct Options {
  connexion::ReadOptions given;
  std::string_view encoding;
};

inline connexion::ReadOptions options_at(const void* address) {
  const auto& options = *static_cast<const Options*>(address);
  connexion::ReadOptions read = options.given;
  if (!options.encoding.empty()) read.encoding = encoding_named(options.encoding);
  return read;
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
