// SPDX-License-Identifier: GPL-3.0-or-later
#include <charconv>

#include "connexion/plan.hpp"
#include "json/reader.hpp"
#include "plan/data.hpp"
#include "plan/items.hpp"

namespace connexion {
namespace {

using json::Reader;

std::int64_t number(const Reader& reader) {
  return reader.integer(1, std::numeric_limits<std::int64_t>::max());
}

template <typename Number>
Number number_of(const std::string& name, const Reader& reader, const std::string& what) {
  Number value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc{} || end != name.data() + name.size() || value < 1)
    reader.fail("unknown_value", "'" + name + "' is not " + what);
  return value;
}

constexpr json::Names<RecordAction, 3> kDecidedRecords{{{"add", RecordAction::add},
                                                        {"overlay", RecordAction::overlay},
                                                        {"ignore", RecordAction::ignore}}};
constexpr json::Names<ItemAction, 3> kDecidedItems{
    {{"add", ItemAction::add}, {"replace", ItemAction::replace}, {"ignore", ItemAction::ignore}}};

std::set<std::string> codes(const Reader& reader) {
  std::set<std::string> all;
  for (const auto& each : reader.list()) all.insert(items::folded(each.text()));
  return all;
}

}  // namespace

void Facts::items_json(std::string_view text) {
  const auto document = json::parse("facts", text);
  const Reader reader("facts", document, "");
  reader.object({"barcodes", "itemnumbers", "libraries", "itemtypes", "itemtype_required"});
  ItemFacts facts;
  if (reader.has("barcodes"))
    for (const auto& [barcode, item] : reader.at("barcodes").members()) {
      item.object({"itemnumber", "biblionumber"});
      facts.barcodes.emplace(
          barcode, KnownItem{number(item.at("itemnumber")), number(item.at("biblionumber"))});
    }
  if (reader.has("itemnumbers"))
    for (const auto& [name, item] : reader.at("itemnumbers").members()) {
      item.object({"biblionumber"});
      const auto itemnumber = number_of<std::int64_t>(name, item, "an item number");
      facts.itemnumbers.emplace(itemnumber, KnownItem{itemnumber, number(item.at("biblionumber"))});
    }
  if (reader.has("libraries")) facts.libraries = codes(reader.at("libraries"));
  if (reader.has("itemtypes")) facts.itemtypes = codes(reader.at("itemtypes"));
  if (reader.has("itemtype_required"))
    facts.itemtype_required = reader.at("itemtype_required").boolean();
  data_->items = std::move(facts);
}

void Facts::decided_json(std::string_view text) {
  const auto document = json::parse("facts", text);
  const Reader reader("facts", document, "");
  reader.object({"record", "target", "items"});
  Decided decided;
  decided.action = reader.at("record").one_of(kDecidedRecords);
  if (decided.action != RecordAction::add)
    decided.target = number(reader.at("target"));
  else if (reader.has("target"))
    reader.at("target").fail("unknown_value", "a new record has no target");
  if (reader.has("items"))
    for (const auto& [name, action] : reader.at("items").members())
      decided.items.emplace(number_of<int>(name, action, "the place of an item"),
                            action.one_of(kDecidedItems));
  data_->decided = std::move(decided);
}

}  // namespace connexion
