// SPDX-License-Identifier: GPL-3.0-or-later
//
// What of a record goes to the Client.
#pragma once

#include <string>

#include "client/data.hpp"
#include "connexion/record.hpp"

namespace connexion::client {

/// The record without what is the library's own, with its OCLC number in 035.
[[nodiscard]] Record prepare(const Record& record, const std::string& oclc_number,
                             const ClientRules::Data& rules);
/// The first OCLC number of a bibliographic record, of 001 or 035 $a, in normal form.
[[nodiscard]] std::string oclc_number(const Record& record);

}  // namespace connexion::client
