// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace connexion::marc8 {

/// The character sets of MARC-8, in the order of the generated table.
enum class Set : std::uint8_t {
  ascii,
  ansel,
  greek_symbols,
  subscripts,
  superscripts,
  hebrew,
  cyrillic,
  extended_cyrillic,
  arabic,
  extended_arabic,
  greek,
  eacc
};

}  // namespace connexion::marc8
