// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Rules and Facts hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connexion/plan.hpp"
#include "plan/field_pattern.hpp"

namespace connexion {

enum class Mode { direct, stage };
enum class OnMatch { replace, create_new, ignore };
enum class OnNoMatch { create_new, ignore };
enum class Items { always_add, add_only_for_matches, add_only_for_new, ignore, replace };
enum class SeveralMatches { hold, best, refuse };
enum class NoMatchKeys { add, hold, refuse };
enum class ItemConflict { item, export_ };

/// Codes of the item field's subfields; none where Koha has no column for it.
struct ItemSubfields {
  std::optional<char> barcode, itemnumber, homebranch, holdingbranch, itype, ccode;
};

/// The field that items come in where it isn't the item field, and what its subfields become.
struct ItemSource {
  std::string tag;
  std::map<char, char> subfields;
};

/// What an item gets that it doesn't bring.
struct ItemDefaults {
  std::optional<std::string> homebranch, holdingbranch, itype, ccode;
};

/// The subfield in which a cataloguer names the record to overlay.
struct TargetField {
  std::string tag;
  char subfield;
};

/// What holds an overlay back.
struct Guards {
  bool briefer_level = false;
  int fewer_fields = 0;  ///< percent of the existing record's fields; 0 for off
  bool older = false, edited = false, other_kind = false, other_language = false;
  bool other_number = false, other_title = false;
};

enum class LocalPolicy { keep_existing, add_incoming, prefer_incoming };

struct LocalField {
  FieldPattern pattern;
  LocalPolicy policy;
};

struct Rules::Data {
  RecordType record_type = RecordType::biblio;
  Mode mode = Mode::direct;
  std::optional<MatchingRule> matching;
  OnMatch on_match = OnMatch::ignore;
  OnNoMatch on_no_match = OnNoMatch::ignore;
  Items items = Items::ignore;
  SeveralMatches several_matches = SeveralMatches::hold;
  NoMatchKeys no_match_keys = NoMatchKeys::add;
  ItemConflict item_conflict = ItemConflict::item;
  std::string item_tag = "952";
  ItemSubfields item_subfields{'p', '9', 'a', 'b', 'y', '8'};
  std::optional<ItemSource> item_source;
  ItemDefaults item_defaults;
  std::optional<TargetField> target_field;
  Guards guards;
  std::vector<LocalField> local_fields;  ///< the first that matches a field decides
  std::string koha_numbers_tag = "999";  ///< Koha's own record numbers; empty: none
  bool oclc_into_035 = false;
  bool koha_overlay_rules = false;
};

[[nodiscard]] std::string_view name_of(Mode mode) noexcept;
[[nodiscard]] std::string_view name_of(Items items) noexcept;

/// An item that is in Koha.
struct KnownItem {
  std::int64_t itemnumber = 0;
  std::int64_t biblionumber = 0;
};

struct ItemFacts {
  std::map<std::string, KnownItem, std::less<>> barcodes;
  std::map<std::int64_t, KnownItem> itemnumbers;
  std::optional<std::set<std::string>> libraries, itemtypes;  // codes, folded
  bool itemtype_required = false;
};

struct Hit {
  std::size_t matchpoint;
  std::int64_t id;
  HitSource source;
  auto operator<=>(const Hit&) const = default;
};

/// What a person decided; items that are not named go by the rules.
struct Decided {
  RecordAction action = RecordAction::add;  ///< add, overlay or ignore
  std::optional<std::int64_t> target;       ///< of the last two
  std::map<int, ItemAction> items;          ///< by occurrence: add, replace or ignore
};

struct Facts::Data {
  std::set<Hit> hits;
  std::map<std::int64_t, Record> candidates;
  std::set<std::int64_t> edited;
  std::map<std::int64_t, std::string> last_imported_005;
  ItemFacts items;
  std::optional<Decided> decided;
};

}  // namespace connexion
