// SPDX-License-Identifier: GPL-3.0-or-later
//
// The U, A and P fields before a record, in all their readings.
//
// A decimal length may end before or after any of its digits, so the fields are read along
// several paths at once, at most 3 splits for each of 3 fields. A path moves forward as bytes
// arrive and never back, so reading is linear in the bytes whatever they are. The first path that
// arrives at something certain decides; without one, all have to come to their end.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/request.hpp"

namespace connexion::gateway {

/// How sure it is that what a path arrived at is a record. In rising order.
enum class Certainty {
  ended,    ///< a NUL: there is no record
  none,     ///< anything
  digit,    ///< begins with a digit
  leader,   ///< a leader, but for its length
  length,   ///< five digits that can be a length
  certain,  ///< length, status, type and base address are those of a MARC 21 leader; or XML
};

[[nodiscard]] bool is_digit(char c) noexcept;
/// Whether 24 bytes begin here that are a MARC 21 leader beyond doubt.
[[nodiscard]] bool plausible_leader(std::string_view bytes) noexcept;
/// The five digits a record begins with, or 0 where they can't be its length.
[[nodiscard]] std::size_t declared_length(std::string_view bytes) noexcept;

/// What the fields turned out to be.
struct Header {
  std::vector<Credentials> readings;
  LengthForm length_form = LengthForm::none;
  std::size_t record = 0;  ///< offset of the record
  Certainty certainty = Certainty::none;
};

class HeaderReader {
 public:
  HeaderReader();
  /// Reads on. `bytes` is all of the request so far; `ending`: no more will come. Gives the
  /// header once it is decided; sets bad_length() or truncated() when there is none.
  std::optional<Header> read(std::string_view bytes, bool ending);
  [[nodiscard]] bool bad_length() const noexcept { return bad_length_; }
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }
  [[nodiscard]] std::size_t fault() const noexcept { return fault_; }

 private:
  enum class Stage { token, digits, value, record, done, gone };
  struct Path {
    Stage stage = Stage::token;
    std::size_t at = 0;      // the byte to look at next
    char field = 0;          // the letter whose length or value is read
    std::size_t length = 0;  // of the value; in digits: what the digits so far make
    int digits = 0;          // of the length being read
    int all_digits = 0;      // of all lengths
    Credentials credentials;
    Certainty certainty = Certainty::none;
  };
  void advance(std::size_t index, std::string_view bytes, bool ending);
  bool token(std::size_t index, std::string_view bytes);
  bool digits(std::size_t index, std::string_view bytes);
  bool value(Path& path, std::string_view bytes);
  bool record(Path& path, std::string_view bytes, bool ending);
  [[nodiscard]] const Path* decided(bool ending) const;
  [[nodiscard]] Header header(const Path& best) const;

  std::vector<Path> paths_;
  bool bad_length_ = false;
  bool truncated_ = false;
  std::size_t fault_ = 0;
};

}  // namespace connexion::gateway
