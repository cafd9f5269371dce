// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/diagnostic.hpp"

#include <array>

namespace connexion {
namespace {

struct Row {
  std::string_view name;
  Severity severity;
  std::string_view sentence;
};

constexpr std::array rows{
#define CONNEXION_DIAGNOSTIC(name, severity, sentence) Row{#name, Severity::severity, sentence},
#include "connexion/diagnostics.def"
#undef CONNEXION_DIAGNOSTIC
};

const Row& row(Code code) {
  return rows[static_cast<std::size_t>(code)];
}

}  // namespace

std::string_view code_name(Code code) noexcept {
  return row(code).name;
}
Severity default_severity(Code code) noexcept {
  return row(code).severity;
}
std::string_view code_sentence(Code code) noexcept {
  return row(code).sentence;
}

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::notice:
      return "notice";
    case Severity::repaired:
      return "repaired";
    case Severity::refused:
      break;
  }
  return "refused";
}

std::span<const Code> all_codes() noexcept {
  static constexpr std::array codes{
#define CONNEXION_DIAGNOSTIC(name, severity, sentence) Code::name,
#include "connexion/diagnostics.def"
#undef CONNEXION_DIAGNOSTIC
  };
  return codes;
}

}  // namespace connexion
