// SPDX-License-Identifier: GPL-3.0-or-later
//
// read_iso2709 with every option. The last byte holds the options, so that a record is a seed as it
// is.
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned bits = data[size - 1];
  connexion::ReadOptions options;
  options.encoding = static_cast<connexion::Encoding>(bits & 3U);
  options.nfc = (bits & 4U) != 0;
  options.strict = (bits & 8U) != 0;
  options.bracketed_hex = (bits & 16U) != 0;
  options.numeric_references = (bits & 32U) != 0;
  // The options' byte is left on when it may be a record terminator.
  const auto bytes = fuzz::as_text(data, bits == 0x1D ? size : size - 1);
  const auto result = connexion::read_iso2709(bytes, options);
  fuzz::expect_consistent(result, bytes.size(), options.strict);
  if (result.record) fuzz::expect_written(*result.record);
  return 0;
}
