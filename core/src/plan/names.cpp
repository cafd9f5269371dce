// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/data.hpp"

namespace connexion {

std::string_view name_of(RecordAction action) noexcept {
  switch (action) {
    case RecordAction::add:
      return "add";
    case RecordAction::overlay:
      return "overlay";
    case RecordAction::ignore:
      return "ignore";
    case RecordAction::hold:
      return "hold";
    case RecordAction::refuse:
      return "refuse";
  }
  return {};
}

std::string_view name_of(ItemAction action) noexcept {
  switch (action) {
    case ItemAction::add:
      return "add";
    case ItemAction::replace:
      return "replace";
    case ItemAction::ignore:
      return "ignore";
    case ItemAction::hold:
      return "hold";
  }
  return {};
}

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::chosen:
      return "chosen";
    case Verdict::named:
      return "named";
    case Verdict::decided:
      return "decided";
    case Verdict::equal:
      return "equal";
    case Verdict::other_number:
      return "other_number";
    case Verdict::lower_score:
      return "lower_score";
    case Verdict::below_threshold:
      return "below_threshold";
    case Verdict::failed_required_check:
      return "failed_required_check";
    case Verdict::not_verified:
      return "not_verified";
    case Verdict::gone:
      return "gone";
  }
  return {};
}

std::string_view name_of(HitSource source) noexcept {
  return source == HitSource::search ? "search" : "identifiers";
}

std::string_view name_of(FieldAction action) noexcept {
  switch (action) {
    case FieldAction::same:
      return "same";
    case FieldAction::stays:
      return "stays";
    case FieldAction::comes:
      return "comes";
    case FieldAction::goes:
      return "goes";
    case FieldAction::not_taken:
      return "not_taken";
  }
  return {};
}

std::string_view name_of(Mode mode) noexcept {
  return mode == Mode::direct ? "direct" : "stage";
}

std::string_view name_of(Items items) noexcept {
  switch (items) {
    case Items::always_add:
      return "always_add";
    case Items::add_only_for_matches:
      return "add_only_for_matches";
    case Items::add_only_for_new:
      return "add_only_for_new";
    case Items::ignore:
      return "ignore";
    case Items::replace:
      return "replace";
  }
  return {};
}

}  // namespace connexion
