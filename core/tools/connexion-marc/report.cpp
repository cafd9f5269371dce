// SPDX-License-Identifier: GPL-3.0-or-later
#include "report.hpp"

#include <array>
#include <cstdio>

#include "connexion/text.hpp"

namespace connexion::tool {
namespace {

std::string_view name_of(Encoding encoding) noexcept {
  switch (encoding) {
    case Encoding::marc8:
      return "marc-8";
    case Encoding::latin1:
      return "latin-1";
    default:
      return "utf-8";
  }
}

std::string_view name_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::repaired:
      return "repaired";
    default:
      return "refused";
  }
}

void put_diagnostic(std::string& out, const Diagnostic& diagnostic) {
  out += "{\"code\":";
  put_json_string(out, code_name(diagnostic.code));
  out += ",\"severity\":";
  put_json_string(out, severity_name(diagnostic.severity));
  out += ",\"offset\":" + std::to_string(diagnostic.offset);
  out += ",\"tag\":";
  put_json_string(out, diagnostic.tag);
  out += ",\"occurrence\":" + std::to_string(diagnostic.occurrence);
  out += ",\"message\":";
  put_json_string(out, diagnostic.message);
  out += '}';
}

}  // namespace

void put_json_string(std::string& out, std::string_view text) {
  const bool valid = is_valid_utf8(text);
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 7> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escape.data();
    } else if (static_cast<unsigned char>(c) >= 0x80 && !valid) {
      out += "\\ufffd";
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_report_head(std::string& out, std::string_view file, std::uint64_t index) {
  out += "{\"file\":";
  put_json_string(out, file);
  out += ",\"index\":" + std::to_string(index);
}

void put_report_tail(std::string& out, std::uint64_t offset, std::size_t length,
                     const ReadResult& result) {
  out += ",\"offset\":" + std::to_string(offset);
  out += ",\"length\":" + std::to_string(length);
  out += ",\"encoding\":";
  put_json_string(out, name_of(result.encoding));
  out += ",\"outcome\":";
  put_json_string(out, name_of(result.outcome));
  out += ",\"diagnostics\":[";
  bool first = true;
  for (const auto& diagnostic : result.diagnostics) {
    if (!first) out += ',';
    first = false;
    put_diagnostic(out, diagnostic);
  }
  out += "]}\n";
}

std::string_view refusal(const ReadResult& result) noexcept {
  for (const auto& diagnostic : result.diagnostics)
    if (diagnostic.severity == Severity::refused) return diagnostic.message;
  return "It cannot be read.";
}

}  // namespace connexion::tool
