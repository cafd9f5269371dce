// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Rules and Facts hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connexion/plan.hpp"

namespace connexion {

enum class OnMatch { replace, create_new, ignore };
enum class OnNoMatch { create_new, ignore };
enum class ItemAction { always_add, add_only_for_matches, add_only_for_new, ignore, replace };
enum class Several { hold, best, refuse };
enum class NoKeys { add, hold, refuse };
enum class ItemConflict { item, whole_export };
enum class Mode { direct, stage };

struct ItemSubfields {
  char barcode = 'p';
  char itemnumber = '9';
  char homebranch = 'a';
  char holdingbranch = 'b';
  char itype = 'y';
};

struct Rules::Data {
  RecordType record_type = RecordType::biblio;
  Mode mode = Mode::direct;
  std::optional<MatchingRule> matching;
  OnMatch on_match = OnMatch::replace;
  OnNoMatch on_no_match = OnNoMatch::create_new;
  ItemAction items = ItemAction::always_add;
  Several several_matches = Several::hold;
  NoKeys no_match_keys = NoKeys::add;
  ItemConflict item_conflict = ItemConflict::item;
  std::string item_tag = "952";
  ItemSubfields item_subfields;
};

/// Where an item number or barcode is in use.
struct ItemPlace {
  std::int64_t itemnumber = 0;
  std::int64_t biblionumber = 0;
};

struct Facts::Data {
  /// By record: the matchpoints that found it, and how.
  std::map<std::int64_t, std::set<std::pair<std::size_t, HitSource>>> hits;
  std::map<std::int64_t, Record> candidates;
  std::map<std::string, ItemPlace, std::less<>> barcodes;
  std::map<std::string, ItemPlace, std::less<>> itemnumbers;
  std::optional<std::set<std::string, std::less<>>> libraries;  ///< absent: not asked
  std::optional<std::set<std::string, std::less<>>> itemtypes;
  bool itemtype_required = false;
};

}  // namespace connexion
