// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <iterator>
#include <utility>

#include "client/check.hpp"
#include "client/data.hpp"
#include "client/prepare.hpp"
#include "connexion/client.hpp"
#include "connexion/marc.hpp"

namespace connexion {

ForClient for_client(const Record& record, const ClientRules& rules) {
  const auto& data = rules.data();
  auto number = client::oclc_number(record);
  ForClient made{client::prepare(record, number, data), {}, number, {}};
  made.problems = client::check_content(made.record, data.record_type);
  auto writing = client::check_writing(made.record, data.encoding);
  const bool fits = std::none_of(writing.begin(), writing.end(), [](const Diagnostic& d) {
    return d.code == Code::outgoing_field_too_long || d.code == Code::outgoing_record_too_long;
  });
  std::move(writing.begin(), writing.end(), std::back_inserter(made.problems));
  if (fits) made.octets = to_iso2709(made.record, {data.encoding});
  return made;
}

}  // namespace connexion
