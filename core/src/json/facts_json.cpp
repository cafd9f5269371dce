// SPDX-License-Identifier: GPL-3.0-or-later
#include <nlohmann/json.hpp>

#include "connexion/error.hpp"
#include "plan/data.hpp"

namespace connexion {
namespace {

using nlohmann::json;
using Places = std::map<std::string, ItemPlace, std::less<>>;

[[noreturn]] void refuse(const std::string& why) {
  throw Error("facts.bad_items", why);
}

std::int64_t number(const json& place, const std::string& name, bool required) {
  const auto found = place.find(name);
  if (found == place.end() && !required) return 0;
  if (found == place.end() || !found->is_number_integer())
    refuse("items: " + name + " is to be a whole number in " + place.dump());
  return found->get<std::int64_t>();
}

Places read_places(const json& from, const std::string& name, bool by_number) {
  Places places;
  if (!from.is_object()) refuse(name + " is to be an object");
  for (const auto& [key, place] : from.items()) {
    if (!place.is_object()) refuse(name + ": an object is wanted for \"" + key + "\"");
    ItemPlace at{number(place, "itemnumber", !by_number), number(place, "biblionumber", true)};
    if (by_number) {
      if (key.empty() || key.size() > 18 ||
          key.find_first_not_of("0123456789") != std::string::npos)
        refuse(name + ": \"" + key + "\" is no item number");
      at.itemnumber = std::stoll(key);
    }
    places.emplace(key, at);
  }
  return places;
}

std::set<std::string, std::less<>> read_codes(const json& from, const std::string& name) {
  std::set<std::string, std::less<>> codes;
  if (!from.is_array()) refuse(name + " is to be a list");
  for (const auto& code : from) {
    if (!code.is_string()) refuse(name + " is to hold text only");
    codes.insert(code.get<std::string>());
  }
  return codes;
}

}  // namespace

Facts::Facts() : data_(std::make_shared<Data>()) {}

void Facts::hit(std::size_t matchpoint, std::int64_t id, HitSource source) {
  data_->hits[id].emplace(matchpoint, source);
}

void Facts::candidate(std::int64_t id, Record record) {
  data_->candidates.insert_or_assign(id, std::move(record));
}

void Facts::items_json(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object())
    refuse("the facts about items are no JSON object");
  for (const auto& [name, value] : document.items()) {
    if (name == "barcodes")
      data_->barcodes = read_places(value, name, false);
    else if (name == "itemnumbers")
      data_->itemnumbers = read_places(value, name, true);
    else if (name == "libraries")
      data_->libraries = read_codes(value, name);
    else if (name == "itemtypes")
      data_->itemtypes = read_codes(value, name);
    else if (name == "itemtype_required" && value.is_boolean())
      data_->itemtype_required = value.get<bool>();
    else
      refuse("\"" + name + "\" is not known or has the wrong type");
  }
}

}  // namespace connexion
