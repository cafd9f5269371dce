// SPDX-License-Identifier: GPL-3.0-or-later
//
// Values that more than one document has.
#pragma once

#include <string>

#include "connexion/record.hpp"
#include "json/reader.hpp"
#include "marc/draft.hpp"

namespace connexion::json {

inline constexpr Names<RecordType, 2> kRecordTypes{
    {{"biblio", RecordType::biblio}, {"authority", RecordType::authority}}};

inline char subfield_code(const Reader& reader, const std::string& code) {
  if (code.size() != 1 || code[0] == ' ' || !detail::is_printable(code[0]))
    reader.fail("unknown_value", "'" + code + "' is not a subfield code");
  return code[0];
}

}  // namespace connexion::json
