// SPDX-License-Identifier: GPL-3.0-or-later
//
// What ClientRules hold.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connexion/client.hpp"
#include "connexion/marc.hpp"
#include "plan/field_pattern.hpp"

namespace connexion {

/// The field that items go out in, and what subfields of the item field become in it.
struct ItemsOut {
  std::string tag;
  std::map<char, char> subfields;
};

struct ClientRules::Data {
  RecordType record_type = RecordType::biblio;
  Encoding encoding = Encoding::utf8;  ///< utf8 or marc8
  std::vector<FieldPattern> local_fields;
  std::string item_tag = "952";
  std::optional<ItemsOut> items;  ///< none: they are left out
};

}  // namespace connexion
