// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/decode.hpp"

#include <cstdint>
#include <cstring>

#include "marc/double_encoding.hpp"
#include "marc/escape.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {

std::size_t plain_run(std::string_view value, std::size_t at) noexcept {
  // Eight at a time: what is taken from or added to a byte shows in its high bit where the byte is
  // no printable ASCII. A carry can only come from such a byte.
  constexpr std::uint64_t ones = 0x0101010101010101U;
  for (; at + 8 <= value.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, value.data() + at, 8);
    if (((word | (word + ones) | (word - ones * 0x20)) & ones * 0x80) != 0) break;
  }
  while (at < value.size() && value[at] >= 0x20 && value[at] != 0x7F) ++at;
  return at;
}

void decode_control(char c, std::size_t at, std::string& out, Problems& problems) {
  if (c == '\t' || c == '\n' || c == '\r') {
    out += ' ';
    problems.push_back({Code::line_break_in_data, at});
  } else if (c == '\0') {
    problems.push_back({Code::nul_in_data, at});
  } else {
    problems.push_back({Code::control_character_in_data, at});
  }
}

namespace {

// An escape sequence in text that isn't MARC-8. One that would change nothing is left out.
std::size_t skip_escape(std::string_view value, std::size_t at, Problems& problems) {
  const Escape escape = read_escape(value, at);
  const bool harmless = escape.kind == Escape::Kind::incomplete ||
                        (escape.kind == Escape::Kind::designation &&
                         escape.set == (escape.g1 ? marc8::Set::ansel : marc8::Set::ascii));
  problems.push_back({harmless ? Code::escape_left_out : Code::encodings_mixed, at});
  return at + escape.length;
}

void note_doubtful(char32_t c, std::size_t at, Problems& problems) {
  if (c < 0xA0 && c != 0x98 && c != 0x9C)  // these two mark what filing skips
    problems.push_back({Code::control_character_kept, at});
  else if (c == 0xFFFD)
    problems.push_back({Code::replacement_character, at});
  else if (c == 0xFFFE || c == 0xFFFF)
    problems.push_back({Code::noncharacter, at});
}

}  // namespace

void decode_utf8(std::string_view value, std::string& out, Problems& problems) {
  if (const auto twice = find_double_encoding(value); twice != std::string_view::npos)
    problems.push_back({Code::double_encoded, twice});
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t run = plain_run(value, at);
    out += value.substr(at, run - at);
    at = run;
    if (at == value.size()) return;
    if (value[at] == kEscape) {
      at = skip_escape(value, at, problems);
      continue;
    }
    const std::size_t length = utf8::sequence(value, at);
    if (length > 1) {
      note_doubtful(utf8::decode(value, at, length), at, problems);
      out += value.substr(at, length);
    } else if (length == 1) {
      decode_control(value[at], at, out, problems);
    } else {
      utf8::append(out, 0xFFFD);
      problems.push_back({Code::utf8_invalid, at});
    }
    at += length == 0 ? 1 : length;
  }
}

void decode_latin1(std::string_view value, std::string& out, Problems& problems) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto byte = static_cast<unsigned char>(value[at]);
    if (value[at] == kEscape)
      problems.push_back({Code::encodings_mixed, at});
    else if (byte < 0x20 || byte == 0x7F)
      decode_control(value[at], at, out, problems);
    else if (byte >= 0x80 && byte < 0xA0)
      problems.push_back({Code::encoding_unknown, at});
    else
      utf8::append(out, byte);
  }
}

}  // namespace connexion::detail
