// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether a hit is one: a search by words also finds records that merely share a word ("hbk."), and
// an index of identifiers may be older than the record. The records themselves are compared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connexion/match.hpp"

namespace connexion::match {

/// The OCLC number in 001, in normal form; empty where 001 is another system's number.
[[nodiscard]] std::string oclc_of_001(const Record& record);

/// What of a record is compared for one matchpoint of known kind: identifiers, and numbers that are
/// none by their check digit or their source as they stand (kinds "raw" and
/// "control"), or nearly ("isbn_misprint").
[[nodiscard]] std::vector<Identifier> comparables(const Record& record, const Matchpoint& point);

enum class Agreement {
  none,
  /// An ISBN with a wrong check digit and the one that it would be with the right one, where
  /// 245 $a is the same too.
  but_for_a_misprint,
  full
};

/// What is compared of the incoming record for one matchpoint, made once for all candidates.
class Verifier {
 public:
  Verifier(const Record& incoming, const Matchpoint& point);
  /// Whether the kind of the matchpoint is known, so that hits of a search are verified too.
  [[nodiscard]] bool knows_kind() const noexcept { return !kind_.empty(); }
  /// Whether the candidate's own record has one of the incoming record's numbers, or, where the
  /// kind isn't known, one of its keys.
  [[nodiscard]] Agreement compare(const Record& candidate) const;

 private:
  [[nodiscard]] bool agrees_but_for_a_misprint(const Record& candidate,
                                               const std::vector<Identifier>& theirs) const;

  const Matchpoint& point_;
  std::string_view kind_;
  std::string source_;  // 003 of the incoming record
  std::string title_;   // its 245 $a in folded words, where an ISBN is compared
  std::vector<std::string> keys_;
  std::vector<Identifier> comparables_;
};

}  // namespace connexion::match
