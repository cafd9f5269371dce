// SPDX-License-Identifier: GPL-3.0-or-later
//
// The diagnostics of one reading, with the field that is being read.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/marc.hpp"

namespace connexion::detail {

struct Log {
  std::vector<Diagnostic> diagnostics;
  std::size_t offset = 0;  // added to every offset: where the record begins in the caller's bytes
  bool strict = false;

  void add(Diagnostic diagnostic) {
    diagnostic.offset += offset;
    push(std::move(diagnostic));
  }
  void report(Code code, std::size_t at, std::string_view tag = {}) {
    add({code, default_severity(code), at, std::string(tag), 0, std::string(code_sentence(code))});
  }
  /// `at` counts from the start of the caller's bytes.
  void report_at(Code code, std::size_t at) {
    push({code, default_severity(code), at, {}, 0, std::string(code_sentence(code))});
  }
  void report_field(Code code, std::size_t at) {
    add({code, default_severity(code), at, std::string(tag_), occurrence_,
         std::string(code_sentence(code))});
  }
  void begin_field(std::string_view tag) {
    tag_ = tag;
    occurrence_ = ++counts_[key(tag)];
  }
  void restart_fields() { counts_.clear(); }

  [[nodiscard]] bool refused() const noexcept { return outcome_ == Outcome::refused; }
  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }

 private:
  static unsigned key(std::string_view tag) noexcept {
    return static_cast<unsigned>(static_cast<unsigned char>(tag[0])) << 16 |
           static_cast<unsigned>(static_cast<unsigned char>(tag[1])) << 8 |
           static_cast<unsigned char>(tag[2]);
  }
  void push(Diagnostic diagnostic) {
    if (strict && diagnostic.severity == Severity::repaired)
      diagnostic.severity = Severity::refused;
    if (diagnostic.severity == Severity::refused)
      outcome_ = Outcome::refused;
    else if (diagnostic.severity == Severity::repaired && outcome_ == Outcome::ok)
      outcome_ = Outcome::repaired;
    diagnostics.push_back(std::move(diagnostic));
  }

  std::string_view tag_;
  int occurrence_ = 0;
  std::map<unsigned, int> counts_;
  Outcome outcome_ = Outcome::ok;
};

}  // namespace connexion::detail
