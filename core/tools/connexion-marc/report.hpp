// SPDX-License-Identifier: GPL-3.0-or-later
//
// What was found, as JSON lines and as sentences for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connexion/marc.hpp"

namespace connexion::tool {

/// Appends `text` as a JSON string. Bytes that aren't UTF-8 become U+FFFD.
void put_json_string(std::string& out, std::string_view text);

/// The beginning of the line of the record with this index in its file.
void put_report_head(std::string& out, std::string_view file, std::uint64_t index);
/// The rest of it, line end included.
void put_report_tail(std::string& out, std::uint64_t offset, std::size_t length,
                     const ReadResult& result);

/// Why a record was refused, in a sentence.
[[nodiscard]] std::string_view refusal(const ReadResult& result) noexcept;

}  // namespace connexion::tool
