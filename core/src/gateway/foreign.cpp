// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/foreign.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace connexion::gateway {
namespace {

constexpr std::size_t kRootWithin = 4096;  // bytes in which the root element must begin and end

std::string settings_hint(std::string_view sent) {
  return "The Client sent " + std::string(sent) +
         ", but this gateway takes MARC 21 records. In the Connexion Client choose Tools > Options "
         "> Export > Record Characteristics and set the record standard to MARC21.";
}

// "marc" of "<marc:record xmlns…>" is the prefix, "record" the local name.
struct Root {
  std::string_view prefix, local, tag;
};

bool skip(std::string_view& text, std::string_view opening, std::string_view closing) {
  if (!text.starts_with(opening)) return false;
  const auto end = text.find(closing, opening.size());
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + closing.size());
  return true;
}

// The root element's start tag, once all of it is there.
std::optional<Root> root_of(std::string_view text) {
  for (;;) {
    text.remove_prefix(std::min(text.find('<'), text.size()));
    if (skip(text, "<?", "?>") || skip(text, "<!--", "-->") || skip(text, "<!", ">")) continue;
    break;
  }
  const auto end = text.find('>');
  if (end == std::string_view::npos) return std::nullopt;
  Root root;
  root.tag = text.substr(1, end - 1);
  root.local = root.tag.substr(0, root.tag.find_first_of(" \t\r\n/"));
  if (const auto colon = root.local.find(':'); colon != std::string_view::npos) {
    root.prefix = root.local.substr(0, colon);
    root.local.remove_prefix(colon + 1);
  }
  return root;
}

bool is_dublin_core(const Root& root) {
  return root.prefix.find("dc") != std::string_view::npos || root.local == "dc" ||
         root.local == "RDF" || root.local == "metadata" ||
         root.tag.find("purl.org/dc/") != std::string_view::npos ||
         root.tag.find("oai_dc") != std::string_view::npos;
}

RequestProblem named(const std::optional<Root>& root) {
  if (root && is_dublin_core(*root)) return {"dublin_core", settings_hint("Dublin Core"), 0};
  if (root && (root->local == "record" || root->local == "collection"))
    return {"marcxml", settings_hint("MARCXML"), 0};
  return {"xml", settings_hint("XML"), 0};
}

}  // namespace

std::optional<RequestProblem> foreign_protocol(std::string_view bytes) {
  static constexpr std::array<std::string_view, 12> requests{
      "GET ",    "HEAD ",   "POST /",   "POST http", "PUT /",  "PUT http",
      "PATCH /", "DELETE ", "OPTIONS ", "CONNECT ",  "TRACE ", "PRI * HTTP"};
  if (std::any_of(requests.begin(), requests.end(),
                  [&](std::string_view r) { return bytes.starts_with(r); }))
    return RequestProblem{"http",
                          "This is an HTTP request, but this port takes records from OCLC Gateway "
                          "Export of the Connexion Client.",
                          0};
  if (bytes.size() >= 3 && bytes[0] == '\x16' && bytes[1] == '\x03' &&
      static_cast<unsigned char>(bytes[2]) <= 4)
    return RequestProblem{"tls",
                          "This is the beginning of a TLS connection, but the Connexion Client "
                          "speaks to this port without TLS.",
                          0};
  return std::nullopt;
}

std::optional<RequestProblem> foreign_xml(std::string_view bytes, bool ending) {
  const auto root = root_of(bytes.substr(0, kRootWithin));
  if (!root && !ending && bytes.size() < kRootWithin) return std::nullopt;
  return named(root);
}

}  // namespace connexion::gateway
