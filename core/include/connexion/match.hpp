// SPDX-License-Identifier: GPL-3.0-or-later
//
// Matching as Koha's matching rules define it, and the identifiers that records carry.
//
// A MatchingRule is what C4::Matcher stores: matchpoints (an index to search, a score, the
// components that make the search keys), required checks and a threshold. `match_keys` makes the
// keys of an incoming record; the caller searches Koha with them and hands the hits back to
// `plan` (plan.hpp), which scores, verifies and chooses.
//
// Identifiers are the standard numbers that records carry, in one normal form each, whatever
// their punctuation, prefix or form: ISBN-13, ISSN, LCCN, OCLC number. They find a record that a
// search by words would miss.
//
//     for (const auto& point : connexion::match_keys(record, rule))
//       search(point.index, point.keys);
//     for (const auto& id : connexion::identifiers(record))
//       look_up(id.kind, id.value);          // {"oclc", "12345"}, {"isbn", "9780306406157"}
//
// Thread-safety: all functions are pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion {

struct MatchComponent {
  std::string tag;         ///< "020", "001", "LDR"
  std::string subfields;   ///< codes, empty for the whole field
  int offset = 0;          ///< characters
  int length = 0;          ///< characters, 0 for all
  std::vector<std::string> norms;  ///< remove_spaces, upper_case, lower_case, legacy_default, ISBN, none
};

struct Matchpoint {
  std::string index;  ///< Koha's search index, as in "isbn"
  int score = 0;
  std::vector<MatchComponent> components;
};

struct RequiredCheck {
  Matchpoint source, target;  ///< only their components count
};

struct MatchingRule {
  std::string code;
  std::string record_type = "biblio";  ///< biblio or authority
  int threshold = 0;
  std::vector<Matchpoint> matchpoints;
  std::vector<RequiredCheck> required_checks;
};

struct MatchKeys {
  std::size_t matchpoint;  ///< position in the rule
  std::string index;
  std::vector<std::string> keys;  ///< UTF-8; no duplicates, in record order
};

/// The keys of one matchpoint, as C4::Matcher makes them (koha-contract: first component gives
/// one key per repeated field, later ones are appended with a space to the same-numbered key).
[[nodiscard]] std::vector<std::string> keys_of(const Record& record, const Matchpoint& point);
/// Keys of every matchpoint of a rule that has any.
[[nodiscard]] std::vector<MatchKeys> match_keys(const Record& record, const MatchingRule& rule);
/// Whether a candidate passes all required checks (both sides empty counts as equal).
[[nodiscard]] bool passes_checks(const Record& incoming, const Record& candidate,
                                 const MatchingRule& rule);

/// What a matchpoint's index holds, where that is known from its name and its components: "isbn",
/// "issn", "lccn", "oclc", or "" for an index of unknown meaning.
[[nodiscard]] std::string_view kind_of(const Matchpoint& point) noexcept;
/// What to ask the search engine for: the keys of match_keys and, for indexes of known meaning, the
/// other forms of the same number; without the keys that hold no number of that kind.
[[nodiscard]] std::vector<MatchKeys> search_keys(const Record& record, const MatchingRule& rule);

struct Identifier {
  std::string kind;   ///< oclc, isbn, issn, lccn
  std::string value;  ///< normal form
  bool operator==(const Identifier&) const = default;
};

/// Every identifier of a record, without duplicates. OCLC numbers from 001 with 003 OCoLC, 035 $a
/// with (OCoLC), and, marked as merged, 035 $z and 019 $a; ISBN 020 $a; ISSN 022 $a; LCCN 010 $a.
[[nodiscard]] std::vector<Identifier> identifiers(const Record& record);

/// Normal forms. Empty when the text is not such a number.
[[nodiscard]] std::string normal_isbn(std::string_view text);   ///< ISBN-13 without hyphens
[[nodiscard]] std::string normal_issn(std::string_view text);   ///< 1234-567X
[[nodiscard]] std::string normal_lccn(std::string_view text);   ///< LC's own normalization
[[nodiscard]] std::string normal_oclc(std::string_view text);   ///< digits, no prefix, no zeros

}  // namespace connexion
