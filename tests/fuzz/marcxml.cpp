// SPDX-License-Identifier: GPL-3.0-or-later
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned bits = data[size - 1];  // behind the document's '>' in the seeds
  connexion::ReadOptions options;
  options.nfc = (bits & 4U) != 0;
  options.strict = (bits & 8U) != 0;
  options.bracketed_hex = (bits & 16U) != 0;
  options.numeric_references = (bits & 32U) != 0;
  const auto octets = fuzz::as_text(data, size - 1);
  const auto result = connexion::read_marcxml(octets, options);
  fuzz::expect_consistent(result, octets.size(), options.strict);
  if (result.record) fuzz::expect_written(*result.record);
  return 0;
}
