// SPDX-License-Identifier: GPL-3.0-or-later
//
// Misuse of the library, as opposed to bad input.
//
// Bad bytes from the outside never raise: they come back as Diagnostics (diagnostic.hpp). What
// raises an Error is a caller's mistake that no input can explain away: rules that do not follow
// the schema, facts that contradict each other, a subfield index out of range.
//
//     try {
//       auto rules = connexion::Rules::from_json(text);
//     } catch (const connexion::Error& e) {
//       report(e.code(), e.what());   // "rules.unknown_value", "on_match: 'merge' is not one of …"
//     }
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace connexion {

/// A caller's mistake. `code()` is stable and lower-case with dots ("rules.unknown_value");
/// `what()` is one UTF-8 sentence that names the bad value.
class Error : public std::runtime_error {
 public:
  Error(std::string_view code, const std::string& message)
      : std::runtime_error(printable(message)), code_(code) {}
  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  // A NUL in a quoted value would end the sentence, other control characters would garble it.
  static std::string printable(std::string message) {
    for (char& c : message)
      if (static_cast<unsigned char>(c) < 0x20) c = '?';
    return message;
  }
  std::string code_;
};

}  // namespace connexion
