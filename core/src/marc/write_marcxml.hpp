// SPDX-License-Identifier: GPL-3.0-or-later
//
// MARCXML for whoever writes many records one after another into memory of their own.
//
//     const MarcxmlWriter writer(record);
//     char* const end = writer.write(room_for(writer.most()));
#pragma once

#include <cstddef>

#include "connexion/record.hpp"

namespace connexion::detail {

/// The record element of a Record, which must outlive it, without the XML declaration.
class MarcxmlWriter {
 public:
  explicit MarcxmlWriter(const Record& record) noexcept;
  /// How many bytes `write` may touch.
  [[nodiscard]] std::size_t most() const noexcept;
  /// Gives the end of the element.
  [[nodiscard]] char* write(char* to) const noexcept;

 private:
  const Record& record_;
  std::size_t entities_;  // at most so many of its characters need one
};

}  // namespace connexion::detail
