// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

/// The seed of this run: CONNEXION_SEED, to see a failure again, or a new one each time.
inline std::uint32_t run_seed() {
  static const std::uint32_t seed = [] {
    const char* given = std::getenv("CONNEXION_SEED");
    const auto value = given != nullptr ? static_cast<std::uint32_t>(std::stoul(given))
                                        : std::uint32_t{std::random_device{}()};
    std::cout << "CONNEXION_SEED=" << value << '\n';
    return value;
  }();
  return seed;
}

/// A generator that begins anew with the run's seed.
inline std::mt19937 seeded_random() {
  return std::mt19937(run_seed());
}
