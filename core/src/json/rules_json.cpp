// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "connexion/error.hpp"
#include "plan/data.hpp"

namespace connexion {
namespace {

using nlohmann::json;

template <typename Value>
using Names = std::initializer_list<std::pair<std::string_view, Value>>;

[[noreturn]] void refuse(std::string_view code, const std::string& path, const std::string& why) {
  throw Error("rules." + std::string(code), path + ": " + why);
}

std::string shown(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// One JSON object whose members are taken one by one; what is left over is unknown.
class Members {
 public:
  Members(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object_.is_object())
      refuse("wrong_type", where(), "an object is wanted, not " + shown(object_));
  }

  [[nodiscard]] const json* take(const std::string& name) {
    taken_.insert(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::string path_of(const std::string& name) const {
    return path_.empty() ? name : path_ + "." + name;
  }

  void text(const std::string& name, std::string& into) {
    const auto* value = take(name);
    if (!value) return;
    if (!value->is_string())
      refuse("wrong_type", path_of(name), "text is wanted, not " + shown(*value));
    into = value->get<std::string>();
  }

  void number(const std::string& name, int& into) {
    const auto* value = take(name);
    if (!value) return;
    if (!value->is_number_integer() || *value < -2'000'000'000 || *value > 2'000'000'000)
      refuse("wrong_type", path_of(name), "a whole number is wanted, not " + shown(*value));
    into = value->get<int>();
  }

  template <typename Value>
  void choice(const std::string& name, Value& into, Names<Value> names) {
    const auto* value = take(name);
    if (!value) return;
    std::string known;
    for (const auto& [word, meaning] : names) {
      if (value->is_string() && value->get_ref<const std::string&>() == word) {
        into = meaning;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    refuse("unknown_value", path_of(name), shown(*value) + " is not one of " + known);
  }

  template <typename Read>
  void list(const std::string& name, Read read) {
    const auto* value = take(name);
    if (!value) return;
    if (!value->is_array())
      refuse("wrong_type", path_of(name), "a list is wanted, not " + shown(*value));
    std::size_t position = 0;
    for (const auto& element : *value)
      read(element, path_of(name) + "[" + std::to_string(position++) + "]");
  }

  void end() const {
    for (const auto& [name, value] : object_.items())
      if (!taken_.contains(name)) refuse("unknown_member", path_of(name), "is not known");
  }

 private:
  [[nodiscard]] std::string where() const { return path_.empty() ? "rules" : path_; }
  const json& object_;
  std::string path_;
  std::set<std::string> taken_;
};

MatchComponent read_component(const json& from, const std::string& path) {
  MatchComponent component;
  Members members(from, path);
  members.text("tag", component.tag);
  members.text("subfields", component.subfields);
  members.number("offset", component.offset);
  members.number("length", component.length);
  members.list("norms", [&](const json& element, const std::string& at) {
    if (!element.is_string()) refuse("wrong_type", at, "text is wanted, not " + shown(element));
    component.norms.push_back(element.get<std::string>());
  });
  members.end();
  if (component.tag.size() != 3)
    refuse("bad_tag", path + ".tag", "three characters are wanted, not \"" + component.tag + "\"");
  return component;
}

void read_components(Members& members, Matchpoint& point) {
  members.list("components", [&](const json& element, const std::string& at) {
    point.components.push_back(read_component(element, at));
  });
}

Matchpoint read_matchpoint(const json& from, const std::string& path) {
  Matchpoint point;
  Members members(from, path);
  members.text("index", point.index);
  members.number("score", point.score);
  read_components(members, point);
  members.end();
  if (point.index.empty()) refuse("missing", path + ".index", "must be given");
  if (point.components.empty()) refuse("missing", path + ".components", "must be given");
  return point;
}

Matchpoint read_side(Members& check, const std::string& name) {
  Matchpoint side;
  const auto* value = check.take(name);
  if (!value) refuse("missing", check.path_of(name), "must be given");
  Members members(*value, check.path_of(name));
  read_components(members, side);
  members.end();
  return side;
}

MatchingRule read_matching_rule(const json& from, const std::string& path) {
  MatchingRule rule;
  Members members(from, path);
  members.text("code", rule.code);
  members.choice<std::string>("record_type", rule.record_type,
                              {{"biblio", "biblio"}, {"authority", "authority"}});
  members.number("threshold", rule.threshold);
  members.list("matchpoints", [&](const json& element, const std::string& at) {
    rule.matchpoints.push_back(read_matchpoint(element, at));
  });
  members.list("required_checks", [&](const json& element, const std::string& at) {
    Members check(element, at);
    auto source = read_side(check, "source");
    auto target = read_side(check, "target");
    check.end();
    rule.required_checks.push_back({std::move(source), std::move(target)});
  });
  members.end();
  if (rule.code.empty()) refuse("missing", path + ".code", "must be given");
  return rule;
}

void read_item_subfields(const json& from, const std::string& path, ItemSubfields& codes) {
  Members members(from, path);
  const auto code = [&](const std::string& name, char& into) {
    std::string text(1, into);
    members.text(name, text);
    if (text.size() != 1)
      refuse("bad_subfield", path + "." + name, "one character is wanted, not \"" + text + "\"");
    into = text[0];
  };
  code("barcode", codes.barcode);
  code("itemnumber", codes.itemnumber);
  code("homebranch", codes.homebranch);
  code("holdingbranch", codes.holdingbranch);
  code("itype", codes.itype);
  members.end();
}

json parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& e) {
    throw Error("rules.not_json", std::string("the rules are not JSON: ") + e.what());
  }
}

}  // namespace

Rules Rules::from_json(std::string_view text) {
  const json document = parse(text);
  auto data = std::make_shared<Rules::Data>();
  Members members(document, "");
  int version = 0;
  members.number("schema_version", version);
  if (version != 1)
    refuse("schema_version", "schema_version", "1 is wanted, not " + std::to_string(version));
  members.choice<RecordType>(
      "record_type", data->record_type,
      {{"biblio", RecordType::biblio}, {"authority", RecordType::authority}});
  members.choice<Mode>("mode", data->mode, {{"direct", Mode::direct}, {"stage", Mode::stage}});
  if (const auto* rule = members.take("matching_rule"); rule && !rule->is_null())
    data->matching = read_matching_rule(*rule, "matching_rule");
  members.choice<OnMatch>("on_match", data->on_match,
                          {{"replace", OnMatch::replace},
                           {"create_new", OnMatch::create_new},
                           {"ignore", OnMatch::ignore}});
  members.choice<OnNoMatch>("on_no_match", data->on_no_match,
                            {{"create_new", OnNoMatch::create_new}, {"ignore", OnNoMatch::ignore}});
  members.choice<ItemAction>("items", data->items,
                             {{"always_add", ItemAction::always_add},
                              {"add_only_for_matches", ItemAction::add_only_for_matches},
                              {"add_only_for_new", ItemAction::add_only_for_new},
                              {"ignore", ItemAction::ignore},
                              {"replace", ItemAction::replace}});
  members.choice<Several>(
      "several_matches", data->several_matches,
      {{"hold", Several::hold}, {"best", Several::best}, {"refuse", Several::refuse}});
  members.choice<NoKeys>(
      "no_match_keys", data->no_match_keys,
      {{"add", NoKeys::add}, {"hold", NoKeys::hold}, {"refuse", NoKeys::refuse}});
  members.choice<ItemConflict>(
      "item_conflict", data->item_conflict,
      {{"item", ItemConflict::item}, {"export", ItemConflict::whole_export}});
  members.text("item_tag", data->item_tag);
  if (data->item_tag.size() != 3)
    refuse("bad_tag", "item_tag", "three characters are wanted, not \"" + data->item_tag + "\"");
  if (const auto* codes = members.take("item_subfields"))
    read_item_subfields(*codes, "item_subfields", data->item_subfields);
  members.end();
  if (data->matching &&
      (data->matching->record_type == "authority") != (data->record_type == RecordType::authority))
    refuse("rule_of_other_type", "matching_rule.record_type",
           "\"" + data->matching->record_type + "\" does not fit the rules' record type");
  return Rules(std::move(data));
}

namespace {
const MatchingRule no_rule{};
}

const MatchingRule& Rules::matching() const noexcept {
  return data_->matching ? *data_->matching : no_rule;
}

bool Rules::has_matching() const noexcept {
  return data_->matching.has_value();
}

}  // namespace connexion
