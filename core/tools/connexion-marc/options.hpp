// SPDX-License-Identifier: GPL-3.0-or-later
//
// The command line of connexion-marc.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/marc.hpp"

namespace connexion::tool {

enum class Format { line, json, xml, iso2709, none };

struct Options {
  Format to = Format::line;
  ReadOptions read;
  WriteOptions write;
  bool report = false;
  bool help = false;
  unsigned jobs = 1;
  std::vector<std::string> files;  // "-" is standard input
};

/// A command line that can't be followed; what() says what is wrong with it.
struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `arguments` without the program's own name. Raises Misuse.
[[nodiscard]] Options parse_options(const std::vector<std::string>& arguments);
[[nodiscard]] std::string_view usage() noexcept;

}  // namespace connexion::tool
