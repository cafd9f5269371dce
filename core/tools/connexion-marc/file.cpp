// SPDX-License-Identifier: GPL-3.0-or-later
#include "file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "unit.hpp"

namespace connexion::tool {
namespace {

constexpr std::size_t kMostPending = 2 * kLongestUnit;
// What grew for a long stretch of garbage is given back.
constexpr std::size_t kMostKept = 16 * kBlock;

[[noreturn]] void fail(const std::string& name) {
  throw std::system_error(errno, std::generic_category(), name);
}

}  // namespace

char* Bytes::room_for(std::size_t count) {
  if (size_ + count > capacity_) {
    const std::size_t capacity = std::max(size_ + count, capacity_ * 2);
    auto room = std::make_unique_for_overwrite<char[]>(capacity);
    std::copy_n(room_.get(), size_, room.get());
    room_ = std::move(room);
    capacity_ = capacity;
  }
  return room_.get() + size_;
}

void Bytes::clear() {
  size_ = 0;
  if (capacity_ > kMostKept) *this = {};
}

void Bytes::append(std::string_view bytes) {
  bytes.copy(room_for(bytes.size()), bytes.size());
  size_ += bytes.size();
}

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
    const std::size_t searched = pending_.size();
    read_more();
    if (!ended_) end = cut(searched);
  }
  if (ended_) end = pending_.size();
  if (end == 0) return false;
  block.bytes.clear();
  block.bytes.append(pending_.view().substr(end));
  pending_.shrink(end);
  std::swap(block.bytes, pending_);
  block.offset = offset_;
  offset_ += end;
  return true;
}

void File::read_more() {
  char* const room = pending_.room_for(kBlock);
  std::size_t got = 0;
  while (got < kBlock) {
    const ssize_t count = read(descriptor_, room + got, kBlock - got);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(name_);
    if (count == 0) {
      ended_ = true;
      break;
    }
    got += static_cast<std::size_t>(count);
  }
  pending_.grow(got);
}

// Where the block may end; 0 if more has to be read to know. The first `searched` bytes hold no
// boundary.
std::size_t File::cut(std::size_t searched) const {
  const std::string_view bytes = pending_.view();
  if (const std::size_t boundary = last_boundary(bytes, searched)) return boundary;
  if (bytes.size() < kMostPending) return 0;
  // No leader in all of it: units are counted off, as far as they don't depend on what follows.
  std::size_t at = 0;
  while (bytes.size() - at > kLongestUnit) at += read_unit(bytes.substr(at), {}).length;
  return at;
}

}  // namespace connexion::tool
