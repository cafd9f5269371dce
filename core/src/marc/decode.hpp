// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bytes of one subfield or control field to UTF-8, in each of the three encodings. What was wrong
// is told in Problems; the caller knows the field and decides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/diagnostic.hpp"

namespace connexion::detail {

struct Problem {
  Code code;
  std::size_t offset;  // in the value
};
using Problems = std::vector<Problem>;

/// How well the bytes of MARC-8 make sense, to tell it from Latin-1.
struct Marc8Fit {
  std::size_t composed = 0;    // combining + base that Unicode has as one character
  std::size_t uncomposed = 0;  // combining + base that it has not
  std::size_t no_letter = 0;   // combining before something that is no letter
  bool left_open = false;      // the last value ended in another G0 than ASCII
};

void decode_utf8(std::string_view value, std::string& out, Problems& problems);
void decode_latin1(std::string_view value, std::string& out, Problems& problems);
/// The sets are ASCII and ANSEL at the start of every value.
void decode_marc8(std::string_view value, std::string& out, Problems& problems, Marc8Fit& fit);

}  // namespace connexion::detail
