// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads a JSON document that has to follow a schema, and says where it does not.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connexion/error.hpp"

namespace connexion::json {

using Json = nlohmann::json;

/// Values and the names they have in a document.
template <typename T, std::size_t N>
using Names = std::array<std::pair<std::string_view, T>, N>;

/// One value of a document and the way to it, as in "matching_rule.matchpoints[0].score". Errors
/// begin with the document's name: "rules.wrong_type".
class Reader {
 public:
  Reader(std::string_view document, const Json& value, std::string path)
      : document_(document), value_(value), path_(std::move(path)) {}

  [[noreturn]] void fail(std::string_view code, const std::string& why) const {
    throw Error(std::string(document_) + "." + std::string(code),
                (path_.empty() ? std::string(document_) : path_) + ": " + why);
  }

  [[nodiscard]] bool is_null() const { return value_.is_null(); }

  /// Checks that this is an object with no other members than these.
  const Reader& object(std::initializer_list<std::string_view> members) const {
    if (!value_.is_object()) wrong("an object");
    for (const auto& [name, member] : value_.items())
      if (std::find(members.begin(), members.end(), name) == members.end())
        throw Error(
            std::string(document_) + ".unknown_member",
            way_to(name) + ": there is no such member (its value is " + quoted(member) + ")");
    return *this;
  }

  [[nodiscard]] bool has(std::string_view name) const { return value_.contains(name); }

  [[nodiscard]] Reader at(std::string_view name) const {
    const auto found = value_.find(name);
    if (found == value_.end())
      throw Error(std::string(document_) + ".missing_member", way_to(name) + ": is missing");
    return {document_, *found, way_to(name)};
  }

  [[nodiscard]] std::vector<Reader> list() const {
    if (!value_.is_array()) wrong("an array");
    std::vector<Reader> all;
    for (std::size_t i = 0; i < value_.size(); ++i)
      all.emplace_back(document_, value_[i], path_ + "[" + std::to_string(i) + "]");
    return all;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Reader>> members() const {
    if (!value_.is_object()) wrong("an object");
    std::vector<std::pair<std::string, Reader>> all;
    for (const auto& [name, member] : value_.items())
      all.emplace_back(name, Reader(document_, member, way_to(name)));
    return all;
  }

  [[nodiscard]] std::string text() const {
    if (!value_.is_string()) wrong("a string");
    return value_.get<std::string>();
  }

  [[nodiscard]] bool boolean() const {
    if (!value_.is_boolean()) wrong("true or false");
    return value_.get<bool>();
  }

  [[nodiscard]] std::int64_t integer(std::int64_t least, std::int64_t most) const {
    if (!value_.is_number_integer()) wrong("an integer");
    const bool in_range =
        value_.is_number_unsigned()
            ? value_.get<std::uint64_t>() <= static_cast<std::uint64_t>(most) &&
                  static_cast<std::int64_t>(value_.get<std::uint64_t>()) >= least
            : value_.get<std::int64_t>() >= least && value_.get<std::int64_t>() <= most;
    if (!in_range)
      fail("unknown_value", quoted(value_) + " is not between " + std::to_string(least) + " and " +
                                std::to_string(most));
    return value_.get<std::int64_t>();
  }

  [[nodiscard]] int small_integer() const {
    return static_cast<int>(
        integer(std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
  }

  template <typename T, std::size_t N>
  [[nodiscard]] T one_of(const Names<T, N>& names) const {
    const auto name = text();
    std::string all;
    for (const auto& [known, value] : names) {
      if (known == name) return value;
      all += (all.empty() ? "" : ", ") + std::string(known);
    }
    fail("unknown_value", "'" + name + "' is not one of " + all);
  }

  [[noreturn]] void wrong(std::string_view expected) const {
    fail("wrong_type", quoted(value_) + " is not " + std::string(expected));
  }

 private:
  [[nodiscard]] std::string way_to(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  }

  static std::string quoted(const Json& value) {
    constexpr std::size_t most = 60;
    auto text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > most ? text.substr(0, most) + "..." : text;
  }

  std::string_view document_;
  const Json& value_;
  std::string path_;
};

/// Parses a whole document; raises "<document>.not_json".
[[nodiscard]] inline Json parse(std::string_view document, std::string_view text) {
  auto value = Json::parse(text, nullptr, false);
  if (value.is_discarded())
    throw Error(std::string(document) + ".not_json",
                std::string(document) + ": the text is not a JSON document in UTF-8");
  return value;
}

}  // namespace connexion::json
