// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file as a sequence of blocks that begin and end at boundaries between records (unit.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace connexion::tool {

/// How much is read at once: little enough to stay in the processor's cache while it is decoded.
inline constexpr std::size_t kBlock = std::size_t{128} << 10U;

/// Bytes whose memory is not zeroed first, and is kept when they are taken away.
class Bytes {
 public:
  [[nodiscard]] std::string_view view() const noexcept { return {room_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Where up to `count` bytes may be put behind those that there are; `grow` makes them count.
  char* room_for(std::size_t count);
  void grow(std::size_t count) noexcept { size_ += count; }
  void shrink(std::size_t size) noexcept { size_ = size; }
  void append(std::string_view bytes);
  void clear();

 private:
  std::unique_ptr<char[]> room_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

/// One block of whole records. It owns its bytes.
struct Block {
  Bytes bytes;
  std::uint64_t offset = 0;  // in the file
};

/// Whether the file may be read, and its size: 0 if that can't be known before it is read. Raises
/// std::system_error.
[[nodiscard]] std::uint64_t check_file(const std::string& name);

class File {
 public:
  /// Opens the file, standard input for "-". Raises std::system_error.
  explicit File(std::string name);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// False at the end of the file. What the block had before is gone, its memory is used again.
  /// Raises std::system_error when the file can't be read.
  bool next(Block& block);

 private:
  void read_more();
  [[nodiscard]] std::size_t cut(std::size_t searched) const;

  std::string name_;
  int descriptor_;
  std::uint64_t offset_ = 0;  // of pending_
  bool ended_ = false;
  Bytes pending_;
};

}  // namespace connexion::tool
