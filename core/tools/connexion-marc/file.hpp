// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file as a sequence of blocks that begin and end at boundaries between records (unit.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace connexion::tool {

/// One block of whole records. It owns its bytes.
struct Block {
  std::vector<char> bytes;
  std::uint64_t offset = 0;  // in the file
  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), bytes.size()}; }
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

  /// False at the end of the file. Raises std::system_error when it can't be read.
  bool next(Block& block);

 private:
  void read_more();
  [[nodiscard]] std::size_t cut() const;

  std::string name_;
  int descriptor_;
  std::uint64_t offset_ = 0;  // of pending_
  bool ended_ = false;
  std::vector<char> pending_;
};

}  // namespace connexion::tool
