// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/field_pattern.hpp"

#include <algorithm>
#include <utility>

#include "connexion/error.hpp"
#include "connexion/plan.hpp"
#include "connexion/text.hpp"
#include "match/numbers.hpp"

namespace connexion {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_wildcard(char c) {
  return c == 'X' || c == 'x';
}

bool is_tag(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || is_small(c) || is_wildcard(c);
         });
}

bool is_indicator(char c) {
  return is_digit(c) || is_small(c) || c == '_' || c == '#' || c == '*';
}

std::string comparable(std::string_view value) {
  return lower(numbers::trimmed(value));
}

}  // namespace

bool FieldPattern::Tags::match(std::string_view tag) const {
  if (!last.empty()) return first <= tag && tag <= last;
  return std::equal(first.begin(), first.end(), tag.begin(), tag.end(),
                    [](char ours, char theirs) { return is_wildcard(ours) || ours == theirs; });
}

bool FieldPattern::Condition::holds(const Field& field) const {
  for (const auto subfield : field.subfields())
    if (subfield.code == code && (!value || comparable(subfield.value) == *value)) return true;
  return false;
}

// Reads a pattern from left to right.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : text_(text), rest_(text) {}

  FieldPattern parse() {
    pattern_.text_ = numbers::trimmed(text_);
    skip_blanks();
    if (rest_.empty()) fail("it names no field");
    if (rest_[0] != '$') pattern_.tags_ = tags();
    skip_blanks();
    if (!rest_.empty() && rest_[0] != '$' && !at_except()) indicators();
    for (skip_blanks(); rest_.starts_with('$'); skip_blanks()) condition();
    if (at_except()) except();
    if (!rest_.empty()) fail("nobody knows what '" + std::string(rest_) + "' means");
    return std::move(pattern_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error("rules.bad_field_pattern",
                "'" + std::string(text_) + "' is no pattern of fields: " + why);
  }

  void skip_blanks() { rest_ = rest_.substr(std::min(rest_.find_first_not_of(' '), rest_.size())); }

  std::string_view word(std::string_view ends) {
    const auto size = std::min(rest_.find_first_of(ends), rest_.size());
    const auto word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }

  FieldPattern::Tags tags() {
    const auto text = word(" $,");
    const auto hyphen = text.find('-');
    FieldPattern::Tags tags{std::string(text.substr(0, hyphen)), {}};
    if (hyphen != std::string_view::npos) tags.last = text.substr(hyphen + 1);
    const auto no_tag = [&](const std::string& tag) {
      fail("'" + tag + "' is no tag (three digits or small letters, X for any of them)");
    };
    if (!is_tag(tags.first)) no_tag(tags.first);
    if (hyphen == std::string_view::npos) return tags;
    if (!is_tag(tags.last)) no_tag(tags.last);
    const auto has_wildcard = [](const std::string& tag) {
      return std::any_of(tag.begin(), tag.end(), is_wildcard);
    };
    if (has_wildcard(tags.first) || has_wildcard(tags.last)) fail("a range of tags goes without X");
    if (tags.last < tags.first) fail("the range " + std::string(text) + " goes backwards");
    return tags;
  }

  void indicators() {
    const auto text = word(" $");
    if (text.size() != 2 || !is_indicator(text[0]) || !is_indicator(text[1]))
      fail("'" + std::string(text) +
           "' are no two indicators (digits or small letters, _ or # for a blank, * for any)");
    pattern_.indicators_ = {text[0] == '#' ? '_' : text[0], text[1] == '#' ? '_' : text[1]};
  }

  void condition() {
    rest_.remove_prefix(1);
    if (rest_.empty() || !(is_digit(rest_[0]) || is_small(rest_[0])))
      fail("after $ comes a subfield code, a digit or a small letter");
    FieldPattern::Condition condition{rest_[0], {}};
    rest_.remove_prefix(1);
    if (!rest_.empty() && rest_[0] != ' ' && rest_[0] != '=' && rest_[0] != '$')
      fail("a subfield code is one character; a value comes after a blank");
    skip_blanks();
    const bool equals = rest_.starts_with('=');
    if (equals) rest_.remove_prefix(1);
    auto found = value();
    if (equals && !found) fail("after = comes a value");
    condition.value = std::move(found);
    pattern_.conditions_.push_back(std::move(condition));
  }

  std::optional<std::string> value() {
    skip_blanks();
    if (rest_.starts_with('"')) {
      const auto end = rest_.find('"', 1);
      if (end == std::string_view::npos) fail("a quotation mark is not closed");
      auto quoted = comparable(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      return quoted;
    }
    if (at_except()) return std::nullopt;
    auto size = std::min({rest_.find(" $"), rest_.find(" except "), rest_.size()});
    if (rest_.substr(0, size).ends_with(" except")) size -= std::string_view(" except").size();
    auto plain = rest_.starts_with('$') ? std::string() : comparable(rest_.substr(0, size));
    if (plain.empty()) return std::nullopt;
    rest_.remove_prefix(size);
    return plain;
  }

  [[nodiscard]] bool at_except() const { return rest_ == "except" || rest_.starts_with("except "); }

  void except() {
    rest_.remove_prefix(6);
    do {
      skip_blanks();
      if (rest_.empty()) fail("after except and each comma comes a tag");
      pattern_.except_.push_back(tags());
      skip_blanks();
      if (!rest_.starts_with(',')) break;
      rest_.remove_prefix(1);
    } while (true);
  }

  std::string_view text_, rest_;
  FieldPattern pattern_;
};

FieldPattern FieldPattern::parse(std::string_view text) {
  if (!is_valid_utf8(text))
    throw Error("rules.bad_field_pattern", "a pattern of fields is not valid UTF-8");
  return PatternParser(text).parse();
}

bool FieldPattern::matches(const Field& field) const {
  const auto tag = field.tag();
  const auto has_tag = [&](const Tags& tags) { return tags.match(tag); };
  if (tags_ && !has_tag(*tags_)) return false;
  if (std::any_of(except_.begin(), except_.end(), has_tag)) return false;
  if (field.is_control()) return !indicators_ && conditions_.empty();
  for (std::size_t i = 0; indicators_ && i < 2; ++i) {
    const char wanted = (*indicators_)[i] == '_' ? ' ' : (*indicators_)[i];
    if (wanted != '*' && wanted != field.indicator(static_cast<int>(i) + 1)) return false;
  }
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](const Condition& condition) { return condition.holds(field); });
}

std::optional<std::string> field_pattern_problem(std::string_view text) {
  try {
    (void)FieldPattern::parse(text);
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace connexion
