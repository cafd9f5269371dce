// SPDX-License-Identifier: GPL-3.0-or-later
//
// A bar on the terminal for runs that take longer than a moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace connexion::tool {

class Progress {
 public:
  /// `total`: bytes of all input, 0 if they can't be known.
  Progress(bool wanted, std::uint64_t total);
  /// Draws, unless it has done so a moment ago.
  void update(std::uint64_t bytes, std::uint64_t records, std::uint64_t refused);
  /// Makes room for a line of text, and at the end.
  void clear();

 private:
  void draw(std::uint64_t bytes, std::uint64_t records, std::uint64_t refused);

  bool wanted_;
  std::uint64_t total_;
  std::chrono::steady_clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace connexion::tool
