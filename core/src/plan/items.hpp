// SPDX-License-Identifier: GPL-3.0-or-later
//
// What becomes of the items that a record brings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/plan.hpp"
#include "plan/data.hpp"

namespace connexion::items {

/// What Koha's item action comes to, once it is known whether a record matches.
enum class Result { create, replace, ignore };

/// One item field, as far as it is looked at.
struct Item {
  std::optional<std::string> barcode;
  std::optional<std::int64_t> itemnumber;
  std::string homebranch, holdingbranch, itype, ccode;
};

[[nodiscard]] std::vector<Item> read(const Record& record, const Rules::Data& rules);
[[nodiscard]] Result result(Items setting, bool matched) noexcept;
/// Decides on every item. `has_record`: a record is there or made for them to belong to; `target`:
/// it is one that is there; `decided`: what a person wants of some of them, by occurrence.
[[nodiscard]] std::vector<ItemDecision> decide(const std::vector<Item>& items, Result result,
                                               bool has_record, std::optional<std::int64_t> target,
                                               const Rules::Data& rules, const ItemFacts& facts,
                                               const std::map<int, ItemAction>& decided);
/// One action and reason for all, where the record isn't taken.
[[nodiscard]] std::vector<ItemDecision> all(const std::vector<Item>& items, ItemAction action,
                                            std::string_view code);
/// Lower case (ASCII) without surrounding spaces, as Koha's tables compare codes and barcodes.
[[nodiscard]] std::string folded(std::string_view text);

}  // namespace connexion::items
