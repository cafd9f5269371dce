// SPDX-License-Identifier: GPL-3.0-or-later
//
// One block of a file, decoded and written out anew. Blocks don't depend on each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "file.hpp"
#include "options.hpp"

namespace connexion::tool {

/// What is said about a record; its index in the file is known only when all before are counted.
struct Remark {
  std::uint64_t place;  // in the block, from 0
  std::string text;     // what follows the index
};

struct Batch {
  Bytes out;
  std::vector<Remark> remarks;
  std::uint64_t records = 0;
  std::uint64_t refused = 0;
};

/// What the batch had before is gone, its memory is used again.
void convert(const Block& block, const Options& options, Batch& batch);

/// What stands before the first and after the last record of the whole output.
[[nodiscard]] std::string_view output_head(Format format) noexcept;
[[nodiscard]] std::string_view output_foot(Format format) noexcept;

}  // namespace connexion::tool
