// SPDX-License-Identifier: GPL-3.0-or-later
#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "unit.hpp"

namespace connexion::tool {
namespace {

// Small enough to stay in the processor's cache while its records are decoded.
constexpr std::size_t kBlock = std::size_t{512} << 10U;
constexpr std::size_t kMostPending = 2 * kLongestUnit;

[[noreturn]] void fail(const std::string& name) {
  throw std::system_error(errno, std::generic_category(), name);
}

}  // namespace

// By name only: opening a pipe and closing it again would take it away from its writer.
std::uint64_t check_file(const std::string& name) {
  if (name == "-") return 0;
  struct stat status {};
  if (stat(name.c_str(), &status) != 0 || access(name.c_str(), R_OK) != 0) fail(name);
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    fail(name);
  }
  return S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

File::File(std::string name)
    : name_(std::move(name)),
      descriptor_(name_ == "-" ? STDIN_FILENO : open(name_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(name_);
}

File::~File() {
  if (descriptor_ > STDIN_FILENO) close(descriptor_);
}

bool File::next(Block& block) {
  std::size_t end = 0;
  while (!ended_ && end == 0) {
    read_more();
    if (!ended_) end = cut();
  }
  if (ended_) end = pending_.size();
  if (end == 0) return false;
  const auto from = pending_.begin() + static_cast<std::ptrdiff_t>(end);
  std::vector<char> rest;
  rest.reserve(static_cast<std::size_t>(pending_.end() - from) + kBlock);
  rest.assign(from, pending_.end());
  pending_.resize(end);
  block.bytes = std::move(pending_);
  pending_ = std::move(rest);
  block.offset = offset_;
  offset_ += end;
  return true;
}

void File::read_more() {
  const std::size_t had = pending_.size();
  pending_.resize(had + kBlock);
  std::size_t got = 0;
  while (got < kBlock) {
    const ssize_t count = read(descriptor_, pending_.data() + had + got, kBlock - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(name_);
    if (count == 0) {
      ended_ = true;
      break;
    }
    got += static_cast<std::size_t>(count);
  }
  pending_.resize(had + got);
}

// Where the block may end; 0 if more has to be read to know.
std::size_t File::cut() const {
  const std::string_view bytes(pending_.data(), pending_.size());
  if (const std::size_t boundary = last_boundary(bytes)) return boundary;
  if (bytes.size() < kMostPending) return 0;
  // No leader in all of it: units are counted off, as far as they don't depend on what follows.
  std::size_t at = 0;
  while (bytes.size() - at > kLongestUnit) at += read_unit(bytes.substr(at), {}).length;
  return at;
}

}  // namespace connexion::tool
