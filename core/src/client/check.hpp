// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the Client or WorldCat would refuse of a record that goes to them.
#pragma once

#include <vector>

#include "client/data.hpp"
#include "connexion/diagnostic.hpp"
#include "connexion/record.hpp"

namespace connexion::client {

/// What is wrong with the content, by MARC 21 and OCLC's input standards.
[[nodiscard]] std::vector<Diagnostic> check_content(const Record& record, RecordType type);
/// What ISO 2709 can't hold, and what MARC-8 can't say, if that is what the record is written in.
[[nodiscard]] std::vector<Diagnostic> check_writing(const Record& record, Encoding encoding);

}  // namespace connexion::client
