// SPDX-License-Identifier: GPL-3.0-or-later
//
// The way back: a record of Koha's as the Connexion Client and WorldCat take it.
//
// `for_client` leaves out what is the library's own (local fields by a list, Koha's control number,
// $9 of headings), keeps the OCLC number in 035, turns items into the field that the library
// exports them in or leaves them out, writes ISO 2709 in UTF-8 or MARC-8, and says what the Client
// or WorldCat would refuse. The record itself is given whatever is wrong with it: a person mends it
// in the Client.
//
//     const auto rules = connexion::ClientRules::from_json(
//         R"({"schema_version": 1, "record_type": "biblio", "encoding": "marc-8",
//             "local_fields": ["9XX"], "item_tag": "952", "items": null})");
//     const auto made = connexion::for_client(record, rules);
//     if (made.octets) write(*made.octets);
//     for (const auto& d : made.problems) tell(code_name(d.code), d.tag, d.message);
//
// Thread-safety: ClientRules are immutable and may be shared; `for_client` is pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/diagnostic.hpp"
#include "connexion/record.hpp"

namespace connexion {

/// What a profile says of records that go to the Client, for one record type.
class ClientRules {
 public:
  /// {"schema_version": 1, "record_type": "biblio" | "authority", "encoding": "utf-8" | "marc-8",
  /// "local_fields": [patterns of docs/overlay.md], "item_tag": "952",
  /// "items": null | {"tag": "949", "subfields": {"p": "i"}}}; the subfields are the item field's
  /// and what they become. Raises Error "rules.*" naming the member and the bad value.
  static ClientRules from_json(std::string_view json);
  struct Data;
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  explicit ClientRules(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

struct ForClient {
  Record record;
  std::optional<std::string> octets;  ///< ISO 2709; none where that can't hold the record
  std::string oclc_number;            ///< digits; empty where the record has none
  /// Codes that begin with "outgoing_". `offset` is the position within the leader or 008; severity
  /// refused says that the Client or WorldCat would refuse it, notice that somebody should look.
  std::vector<Diagnostic> problems;
};

[[nodiscard]] ForClient for_client(const Record& record, const ClientRules& rules);

}  // namespace connexion
