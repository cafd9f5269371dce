// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether two bibliographic records that share a number are of the same thing: an ISBN stands in
// the records of a set and of each of its volumes, of print and e-book, and sometimes of quite
// another book.
#pragma once

#include <optional>

#include "connexion/plan.hpp"
#include "connexion/record.hpp"

namespace connexion {

/// Ordered: the more alike, the greater.
enum class OclcNumbers {
  differ,   ///< both records have some, and none in common
  unknown,  ///< one of them has none
  shared    ///< one in common, a merged one perhaps
};

[[nodiscard]] OclcNumbers compare_oclc_numbers(const Record& a, const Record& b);

/// Strikes where both records have OCLC numbers, and none in common.
[[nodiscard]] std::optional<Reason> other_number(const Record& incoming, const Record& existing);
/// Strikes where the titles have no more than half of their words in common, or one names a part
/// (245 $n, $p) that the other doesn't; not of records that share an OCLC number.
[[nodiscard]] std::optional<Reason> other_title(const Record& incoming, const Record& existing);

}  // namespace connexion
