// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/items.hpp"

#include <algorithm>
#include <charconv>

#include "match/numbers.hpp"

namespace connexion::items {
namespace {

std::string_view first(const Field& field, std::optional<char> code) {
  return code ? numbers::trimmed(field.first(*code)) : std::string_view{};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && value > 0 ? std::optional(value) : std::nullopt;
}

Reason about(std::string_view code, const KnownItem& item) {
  return {std::string(code),
          {{"biblionumber", item.biblionumber}, {"itemnumber", item.itemnumber}}};
}

Reason about(std::string_view code, std::string_view member, const std::string& value) {
  return {std::string(code), {{std::string(member), value}}};
}

// Decides on one item after the other; what an earlier one takes, a later one can't have.
class Decider {
 public:
  Decider(std::optional<std::int64_t> target, const Rules::Data& rules, const ItemFacts& facts)
      : target_(target), rules_(rules), facts_(facts) {}

  ItemDecision decide(Item item, Result result, bool by_a_person) {
    ItemDecision decision;
    decision.barcode = item.barcode;
    auto conflict = find_existing(item, result, by_a_person, decision);
    const bool creates = !decision.itemnumber && !(conflict && result == Result::replace);
    if (creates) fill_in(item, decision.defaults);
    if (!conflict) conflict = twice(item, decision.itemnumber);
    if (!conflict) conflict = bad_codes(item, decision.itemnumber.has_value());
    if (conflict) {
      decision.action = ItemAction::hold;
      decision.reason = std::move(*conflict);
      decision.itemnumber.reset();
      return decision;
    }
    if (item.barcode) barcodes_.insert(folded(*item.barcode));
    if (decision.itemnumber) itemnumbers_.insert(*decision.itemnumber);
    decision.action = decision.itemnumber ? ItemAction::replace : ItemAction::add;
    return decision;
  }

 private:
  // The item to replace, by its number, else by its barcode; or why there is a conflict.
  std::optional<Reason> find_existing(const Item& item, Result result, bool by_a_person,
                                      ItemDecision& decision) const {
    const KnownItem* by_barcode = nullptr;
    if (item.barcode)
      if (const auto at = facts_.barcodes.find(*item.barcode); at != facts_.barcodes.end())
        by_barcode = &at->second;
    if (result == Result::create) {
      decision.reason.code =
          by_a_person ? "decided" : "items_" + std::string(name_of(rules_.items));
      return by_barcode ? std::optional(about("duplicate_barcode", *by_barcode)) : std::nullopt;
    }
    if (const KnownItem* known = by_number(item)) {
      if (known->biblionumber != target_) return about("itemnumber_of_other_biblio", *known);
      if (by_barcode && by_barcode->itemnumber != known->itemnumber)
        return about("duplicate_barcode", *by_barcode);
      decision.reason.code = "same_itemnumber";
      decision.itemnumber = known->itemnumber;
    } else if (by_barcode) {
      if (by_barcode->biblionumber != target_) return about("duplicate_barcode", *by_barcode);
      decision.reason.code = "same_barcode";
      decision.itemnumber = by_barcode->itemnumber;
    } else if (by_a_person) {
      return Reason{"no_such_item", {}};
    } else {
      decision.reason.code = "no_such_item";
    }
    return std::nullopt;
  }

  [[nodiscard]] const KnownItem* by_number(const Item& item) const {
    if (!item.itemnumber) return nullptr;
    const auto at = facts_.itemnumbers.find(*item.itemnumber);
    return at == facts_.itemnumbers.end() ? nullptr : &at->second;
  }

  [[nodiscard]] std::optional<Reason> twice(const Item& item,
                                            std::optional<std::int64_t> itemnumber) const {
    if (item.barcode && barcodes_.contains(folded(*item.barcode)))
      return Reason{"barcode_twice", {}};
    if (itemnumber && itemnumbers_.contains(*itemnumber))
      return Reason{"itemnumber_twice", {{"itemnumber", *itemnumber}}};
    return std::nullopt;
  }

  // What the rules give an item that doesn't bring it.
  void fill_in(Item& item, std::map<std::string, std::string>& defaults) const {
    const auto fill = [&](std::string& value, std::optional<char> code, const char* column,
                          const std::optional<std::string>& given) {
      if (!code || !value.empty() || !given) return;
      value = numbers::trimmed(*given);
      defaults.emplace(column, *given);
    };
    const auto& codes = rules_.item_subfields;
    const auto& given = rules_.item_defaults;
    fill(item.homebranch, codes.homebranch, "homebranch", given.homebranch);
    fill(item.itype, codes.itype, "itype", given.itype);
    fill(item.ccode, codes.ccode, "ccode", given.ccode);
    fill(item.holdingbranch, codes.holdingbranch, "holdingbranch", given.holdingbranch);
    if (!item.homebranch.empty())
      fill(item.holdingbranch, codes.holdingbranch, "holdingbranch", item.homebranch);
  }

  // A replaced item keeps what the record doesn't say.
  [[nodiscard]] std::optional<Reason> bad_codes(const Item& item, bool replaces) const {
    const auto unknown = [](const std::string& code, const auto& list) {
      return !code.empty() && list && !list->contains(folded(code));
    };
    if (item.homebranch.empty() && rules_.item_subfields.homebranch && !replaces)
      return Reason{"missing_homebranch", {}};
    if (unknown(item.homebranch, facts_.libraries))
      return about("unknown_homebranch", "homebranch", item.homebranch);
    if (unknown(item.holdingbranch, facts_.libraries))
      return about("unknown_holdingbranch", "holdingbranch", item.holdingbranch);
    if (unknown(item.itype, facts_.itemtypes))
      return about("unknown_itemtype", "itype", item.itype);
    if (item.itype.empty() && facts_.itemtype_required && !replaces)
      return Reason{"missing_itemtype", {}};
    return std::nullopt;
  }

  std::optional<std::int64_t> target_;
  const Rules::Data& rules_;
  const ItemFacts& facts_;
  std::set<std::string> barcodes_;
  std::set<std::int64_t> itemnumbers_;
};

Result result_of(ItemAction action) {
  return action == ItemAction::add       ? Result::create
         : action == ItemAction::replace ? Result::replace
                                         : Result::ignore;
}

}  // namespace

std::vector<Item> read(const Record& record, const Rules::Data& rules) {
  std::vector<Item> found;
  if (rules.record_type != RecordType::biblio) return found;
  const auto& codes = rules.item_subfields;
  for (const auto field : record.fields(rules.item_tag)) {
    Item item;
    // the barcode as it stands: it is what would be stored
    if (!first(field, codes.barcode).empty())
      item.barcode = std::string(field.first(*codes.barcode));
    item.itemnumber = number(first(field, codes.itemnumber));
    item.homebranch = first(field, codes.homebranch);
    item.holdingbranch = first(field, codes.holdingbranch);
    item.itype = first(field, codes.itype);
    item.ccode = first(field, codes.ccode);
    found.push_back(std::move(item));
  }
  return found;
}

Result result(Items setting, bool matched) noexcept {
  switch (setting) {
    case Items::always_add:
      return Result::create;
    case Items::add_only_for_matches:
      return matched ? Result::create : Result::ignore;
    case Items::add_only_for_new:
      return matched ? Result::ignore : Result::create;
    case Items::replace:
      return matched ? Result::replace : Result::ignore;
    case Items::ignore:
      return Result::ignore;
  }
  return Result::ignore;
}

std::vector<ItemDecision> decide(const std::vector<Item>& items, Result result, bool has_record,
                                 std::optional<std::int64_t> target, const Rules::Data& rules,
                                 const ItemFacts& facts, const std::map<int, ItemAction>& decided) {
  auto decisions = all(
      items, ItemAction::ignore,
      result == Result::ignore ? "items_" + std::string(name_of(rules.items)) : "no_target_record");
  Decider decider(target, rules, facts);
  for (auto& decision : decisions) {
    const auto wanted = decided.find(decision.occurrence);
    const bool by_a_person = wanted != decided.end();
    const auto what = by_a_person  ? result_of(wanted->second)
                      : has_record ? result
                                   : Result::ignore;
    if (what == Result::ignore) {
      if (by_a_person) decision.reason.code = "decided";
      continue;
    }
    const int occurrence = decision.occurrence;
    decision = decider.decide(items[static_cast<std::size_t>(occurrence) - 1], what, by_a_person);
    decision.occurrence = occurrence;
  }
  return decisions;
}

std::vector<ItemDecision> all(const std::vector<Item>& items, ItemAction action,
                              std::string_view code) {
  std::vector<ItemDecision> decisions;
  for (const auto& item : items) {
    const int occurrence = static_cast<int>(decisions.size()) + 1;
    decisions.push_back(
        {occurrence, action, {std::string(code), {}}, item.barcode, std::nullopt, {}});
  }
  return decisions;
}

std::string folded(std::string_view text) {
  std::string out(numbers::trimmed(text));
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

}  // namespace connexion::items
