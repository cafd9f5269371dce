// SPDX-License-Identifier: GPL-3.0-or-later
//
// Matching as Koha's matching rules define it, and the identifiers that records carry.
//
// A MatchingRule is what C4::Matcher stores: matchpoints (an index to search, a score, the
// components that make the search keys), required checks and a threshold. `point_keys` makes the
// keys of an incoming record as Koha does, and what is worth searching: the same keys without those
// that are no number at all ("hbk."), and the other forms of the numbers. The caller searches Koha
// with the latter and hands the hits back to `plan` (plan.hpp), which scores,
// verifies and chooses.
//
// Identifiers are the standard numbers that records carry, in one normal form each, whatever
// their punctuation, prefix or form: ISBN-13, ISSN, LCCN, OCLC number. They find a record that a
// search by words would miss, and tell apart records that a search by words mixes up.
//
//     for (const auto& point : connexion::point_keys(record, rule))
//       search(point.index, point.searched);
//     for (const auto& id : connexion::identifiers(record))
//       look_up(id.kind, id.value);          // {"oclc", "12345"}, {"isbn", "9780306406157"}
//
// Thread-safety: all functions are pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/record.hpp"

namespace connexion {

struct MatchComponent {
  std::string tag;        ///< "020", "001", "LDR"; '.' stands for any character
  std::string subfields;  ///< codes, empty for all
  int offset = 0;         ///< characters
  int length = 0;         ///< characters, 0 for all
  /// Applied in order: remove_spaces, upper_case, lower_case, legacy_default, ISBN. Any other
  /// name changes nothing, as in Koha.
  std::vector<std::string> norms;
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

/// The keys of one matchpoint, exactly as C4::Matcher makes them: the first component gives one
/// key for each field, later ones are appended with a space to the key with the same number; empty
/// keys and "0" are dropped. Duplicates stay.
[[nodiscard]] std::vector<std::string> keys_of(const Record& record, const Matchpoint& point);
/// Whether a candidate passes all required checks (both sides empty counts as equal).
[[nodiscard]] bool passes_checks(const Record& incoming, const Record& candidate,
                                 const MatchingRule& rule);

struct Identifier {
  std::string kind;   ///< oclc, oclc_merged, isbn, issn, lccn; see below for more
  std::string value;  ///< normal form
  bool operator==(const Identifier&) const = default;
};

/// Every identifier of a record, without duplicates. OCLC numbers from 001 (where 003 is OCoLC or
/// 001 has the prefix ocm, ocn or on) and 035 $a with (OCoLC); those merged into this record, from
/// 019 $a and 035 $z, as oclc_merged; ISBN 020 $a; ISSN 022 $a; LCCN 010 $a.
///
/// Authorities have two more kinds: `control`, the numbers of agencies as "(dlc)n78890351" from
/// 035 $a, 024 $a with $2, and 001 with 003; `heading`, the tag and the words of 1XX. Koha puts its
/// own number into 001 of an authority and leaves 003, so that a 001 of digits alone says nothing.
[[nodiscard]] std::vector<Identifier> identifiers(const Record& record);

/// What an index of all records is made of, so that `Verifier` confirms what it finds: the
/// identifiers, and of bibliographic records 001 as it stands (`control`) and what 020 $a would be
/// where only its check digit is wrong (`isbn_misprint`). No line ends in values.
[[nodiscard]] std::vector<Identifier> index_entries(const Record& record);
/// Another number whenever `index_entries` gives another answer for the same record: what was
/// indexed before has to be indexed anew.
inline constexpr int kIndexVersion = 2;

/// The kind of number that a matchpoint matches on, told by its index (without regard to case and
/// to a qualifier as in "isbn,phr") and, for control numbers, by its tags: isbn, issn, lccn, oclc,
/// local (Koha's own number in 999 $c), or empty.
[[nodiscard]] std::string_view kind_of(const Matchpoint& point);
/// The identifiers of kind_of(point) that the matchpoint's fields hold. For oclc all OCLC numbers,
/// of 001 and 035 $a and the merged ones (as oclc), whichever field the matchpoint names.
[[nodiscard]] std::vector<Identifier> match_identifiers(const Record& record,
                                                        const Matchpoint& point);
/// The same for all matchpoints of a rule, without duplicates.
[[nodiscard]] std::vector<Identifier> match_identifiers(const Record& record,
                                                        const MatchingRule& rule);
/// Whether an index of the `index_entries` of all records names every record that the rule could
/// match this one with: all its matchpoints are of a known kind, on the fields where such numbers
/// belong, and the record has no number there that is compared as it is written.
[[nodiscard]] bool answered_by_index(const Record& record, const MatchingRule& rule);
/// What to search a matchpoint's index for: the keys of the matchpoint and, where its kind is
/// known, other forms of its numbers (ISBN-10 and -13, also with the right check digit; with
/// (OCoLC) or ocm, ocn, on, and bare), but no key that is no number at all ("hbk.", a lone
/// "(OCoLC)"). Without duplicates.
[[nodiscard]] std::vector<std::string> search_keys(const Record& record, const Matchpoint& point);
/// Whether there is anything to search any matchpoint's index for.
[[nodiscard]] bool has_search_keys(const Record& record, const MatchingRule& rule);

/// The keys of one matchpoint, UTF-8 without duplicates, in record order; either may be empty, but
/// not both.
struct PointKeys {
  std::size_t matchpoint;  ///< position in the rule
  std::string index;
  std::vector<std::string> keys;      ///< as of keys_of
  std::vector<std::string> searched;  ///< as of search_keys
};
/// For every matchpoint of a rule that has any.
[[nodiscard]] std::vector<PointKeys> point_keys(const Record& record, const MatchingRule& rule);

/// Normal forms. Empty when the text is not such a number; what follows the number, as in
/// "0306406152 (pbk.)", is dropped.
[[nodiscard]] std::string normal_isbn(std::string_view text);   ///< ISBN-13 without hyphens
[[nodiscard]] std::string normal_issn(std::string_view text);   ///< 1234-567X
[[nodiscard]] std::string normal_lccn(std::string_view text);   ///< as LC normalizes: "n78890351"
[[nodiscard]] std::string normal_oclc(std::string_view text);   ///< digits, no prefix, no zeros
[[nodiscard]] std::string normal_local(std::string_view text);  ///< a positive integer, no zeros
/// Another agency's number with its source, "(DLC)n 78890351" as "(dlc)n78890351": small letters,
/// no blanks. Empty without a source.
[[nodiscard]] std::string normal_control(std::string_view text);

}  // namespace connexion
