// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is spoken to the port by mistake: HTTP, TLS, XML.
#pragma once

#include <optional>
#include <string_view>

#include "connexion/request.hpp"

namespace connexion::gateway {

/// HTTP or TLS, told by the first bytes of a request.
[[nodiscard]] std::optional<RequestProblem> foreign_protocol(std::string_view bytes);

/// Which XML it is, by its root element. Nothing while `bytes` ends before the root element does,
/// unless `ending`.
[[nodiscard]] std::optional<RequestProblem> foreign_xml(std::string_view bytes, bool ending);

}  // namespace connexion::gateway
