// SPDX-License-Identifier: GPL-3.0-or-later
#include "progress.hpp"

#include <algorithm>
#include <cstdio>

namespace connexion::tool {
namespace {

constexpr auto kBeforeFirst = std::chrono::seconds(1);
constexpr auto kBetween = std::chrono::milliseconds(100);
constexpr std::uint64_t kWidth = 40;

}  // namespace

Progress::Progress(bool wanted, std::uint64_t total)
    : wanted_(wanted), total_(total), next_(std::chrono::steady_clock::now() + kBeforeFirst) {}

void Progress::update(std::uint64_t bytes, std::uint64_t records, std::uint64_t refused) {
  if (!wanted_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  draw(bytes, records, refused);
}

void Progress::draw(std::uint64_t bytes, std::uint64_t records, std::uint64_t refused) {
  std::string line = "\r\x1B[K";
  if (total_ != 0) {
    const std::uint64_t done = std::min(bytes, total_);
    const auto filled = static_cast<std::size_t>(done * kWidth / total_);
    line += '[' + std::string(filled, '#') + std::string(kWidth - filled, ' ') + "] ";
    line += std::to_string(done * 100 / total_) + " %  ";
  }
  line += std::to_string(records) + " records, " + std::to_string(refused) + " refused";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1B[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace connexion::tool
