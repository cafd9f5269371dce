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

std::int64_t number_of(const std::string& name, const Reader& reader) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc{} || end != name.data() + name.size() || value < 1)
    reader.fail("unknown_value", "'" + name + "' is not an item number");
  return value;
}

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
      const auto itemnumber = number_of(name, item);
      facts.itemnumbers.emplace(itemnumber, KnownItem{itemnumber, number(item.at("biblionumber"))});
    }
  if (reader.has("libraries")) facts.libraries = codes(reader.at("libraries"));
  if (reader.has("itemtypes")) facts.itemtypes = codes(reader.at("itemtypes"));
  if (reader.has("itemtype_required"))
    facts.itemtype_required = reader.at("itemtype_required").boolean();
  data_->items = std::move(facts);
}

}  // namespace connexion
