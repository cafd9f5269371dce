// SPDX-License-Identifier: GPL-3.0-or-later
//
// Unicode to MARC-8: the way out for systems that read nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace connexion::detail {

/// Appends `text`, valid UTF-8, as the MARC-8 of one subfield: it begins and ends with ASCII and
/// ANSEL in effect. What MARC-8 doesn't have becomes a reference, `&#x1F600;`, and is added to
/// `references` where that is wanted.
void encode_marc8(std::string_view text, std::string& out,
                  std::vector<char32_t>* references = nullptr);

}  // namespace connexion::detail
