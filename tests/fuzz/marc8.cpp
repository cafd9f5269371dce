// SPDX-License-Identifier: GPL-3.0-or-later
//
// The text of one subfield, decoded alone and within a record.
#include <string>

#include "expect.hpp"
#include "marc/decode.hpp"

namespace {

// A record with one field 245 that holds `text` in $a.
std::string record_with(std::string_view text) {
  const auto digits = [](std::size_t number, std::size_t width) {
    const auto all = std::to_string(number);
    return std::string(width - all.size(), '0') + all;
  };
  const std::string field =
      "00\x1F"
      "a" +
      std::string(text) + "\x1E";
  return digits(24 + 12 + 1 + field.size() + 1, 5) + "nam  2200037   4500" + "245" +
         digits(field.size(), 4) + "00000\x1E" + field + "\x1D";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::as_text(data, size);
  std::string out;
  connexion::detail::Problems problems;
  connexion::detail::Marc8Fit fit;
  connexion::detail::decode_marc8(text, out, problems, fit);
  fuzz::expect(connexion::is_valid_utf8(out), "decoded text is UTF-8");
  for (const auto& p : problems) fuzz::expect(p.offset <= size, "a problem lies in the text");

  if (size > 9'000) return 0;
  for (const bool nfc : {false, true}) {
    connexion::ReadOptions options;
    options.encoding = connexion::Encoding::marc8;
    options.nfc = nfc;
    const auto record = record_with(text);
    const auto result = connexion::read_iso2709(record, options);
    fuzz::expect_consistent(result, record.size(), false);
    if (result.record) fuzz::expect_written(*result.record);
  }
  return 0;
}
