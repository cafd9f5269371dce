// SPDX-License-Identifier: GPL-3.0-or-later
#include <map>

#include "plan/decide.hpp"

namespace connexion {
namespace {

struct ItemValues {
  std::string_view barcode, itemnumber, homebranch, holdingbranch, itype;
};

ItemValues values_of(const Field& field, const ItemSubfields& codes) {
  return {field.first(codes.barcode), field.first(codes.itemnumber), field.first(codes.homebranch),
          field.first(codes.holdingbranch), field.first(codes.itype)};
}

enum class Work { add, replace, ignore };

// What Koha's import does with items of a record that matched, or did not.
Work work_for(ItemAction action, bool matched) {
  switch (action) {
    case ItemAction::always_add:
      return Work::add;
    case ItemAction::add_only_for_matches:
      return matched ? Work::add : Work::ignore;
    case ItemAction::add_only_for_new:
      return matched ? Work::ignore : Work::add;
    case ItemAction::replace:
      return matched ? Work::replace : Work::ignore;
    case ItemAction::ignore:
      break;
  }
  return Work::ignore;
}

std::string_view name_of(ItemAction action) {
  switch (action) {
    case ItemAction::always_add:
      return "items_always_add";
    case ItemAction::add_only_for_matches:
      return "items_add_only_for_matches";
    case ItemAction::add_only_for_new:
      return "items_add_only_for_new";
    case ItemAction::replace:
      return "items_replace";
    case ItemAction::ignore:
      break;
  }
  return "items_ignore";
}

void hold(ItemPlan& item, std::string_view code) {
  item.action = ItemDecision::hold;
  item.reason = {std::string(code), {}, {}};
}

void hold_for(ItemPlan& item, std::string_view code, const ItemPlace& place) {
  hold(item, code);
  item.reason.numbers = {{"biblionumber", place.biblionumber}, {"itemnumber", place.itemnumber}};
}

using Codes = std::optional<std::set<std::string, std::less<>>>;

bool is_known(const Codes& codes, std::string_view code) {
  return !codes || codes->contains(code);
}

// Koha stores an item whatever its library or type; such an item can't be found or lent.
bool hold_unfit(ItemPlan& item, const ItemValues& values, const Facts::Data& facts, bool is_new) {
  if (values.homebranch.empty() && is_new)
    hold(item, "missing_homebranch");
  else if (!values.homebranch.empty() && !is_known(facts.libraries, values.homebranch))
    hold(item, "unknown_homebranch");
  else if (!values.holdingbranch.empty() && !is_known(facts.libraries, values.holdingbranch))
    hold(item, "unknown_holdingbranch");
  else if (!values.itype.empty() && !is_known(facts.itemtypes, values.itype))
    hold(item, "unknown_itemtype");
  else if (values.itype.empty() && is_new && facts.itemtype_required)
    hold(item, "missing_itemtype");
  else
    return false;
  return true;
}

const ItemPlace* find(const std::map<std::string, ItemPlace, std::less<>>& places,
                      std::string_view key) {
  if (key.empty()) return nullptr;
  const auto found = places.find(key);
  return found == places.end() ? nullptr : &found->second;
}

void decide_add(ItemPlan& item, const ItemValues& values, const Facts::Data& facts) {
  if (const auto* place = find(facts.barcodes, values.barcode))
    return hold_for(item, "duplicate_barcode", *place);
  if (hold_unfit(item, values, facts, true)) return;
  item.action = ItemDecision::add;
}

// The item number first, then the barcode, as Koha does; but never an item of another record.
void decide_replace(ItemPlan& item, const ItemValues& values, const Facts::Data& facts,
                    std::optional<std::int64_t> target) {
  const auto* by_number = find(facts.itemnumbers, values.itemnumber);
  const auto* by_barcode = find(facts.barcodes, values.barcode);
  if (by_number && by_number->biblionumber != target)
    return hold_for(item, "itemnumber_of_other_biblio", *by_number);
  if (by_barcode && by_barcode->biblionumber != target)
    return hold_for(item, "duplicate_barcode", *by_barcode);
  if (by_number && by_barcode && by_number->itemnumber != by_barcode->itemnumber)
    return hold_for(item, "duplicate_barcode", *by_barcode);
  const auto* place = by_number ? by_number : by_barcode;
  if (!place) return decide_add(item, values, facts);
  if (hold_unfit(item, values, facts, false)) return;
  item.action = ItemDecision::replace;
  item.itemnumber = place->itemnumber;
}

}  // namespace

std::vector<ItemPlan> decide_items(const Record& incoming, const Facts::Data& facts,
                                   const Rules::Data& rules, bool matched,
                                   std::optional<std::int64_t> target) {
  std::vector<ItemPlan> items;
  const Work work = work_for(rules.items, matched);
  std::map<std::string_view, int> seen;
  for (const auto field : incoming.fields(rules.item_tag)) {
    const auto values = values_of(field, rules.item_subfields);
    ItemPlan item;
    item.occurrence = static_cast<int>(items.size()) + 1;
    item.barcode = std::string(values.barcode);
    item.reason = {std::string(name_of(rules.items)), {}, {}};
    if (work == Work::ignore)
      item.action = ItemDecision::ignore;
    else if (!values.barcode.empty() && ++seen[values.barcode] > 1)
      hold(item, "barcode_twice");
    else if (work == Work::replace && target)
      decide_replace(item, values, facts, target);
    else
      decide_add(item, values, facts);
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace connexion
