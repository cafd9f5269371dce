// SPDX-License-Identifier: GPL-3.0-or-later
//
// What ISO 2709 can hold, by the digits of its leader and directory.
#pragma once

#include <cstddef>

namespace connexion::detail {

inline constexpr std::size_t kLongestRecord = 99999;  ///< octets, by five digits
inline constexpr std::size_t kLongestField = 9999;  ///< octets with the terminator, by four digits

}  // namespace connexion::detail
