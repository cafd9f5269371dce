// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>

#include "connexion/match.hpp"
#include "connexion/text.hpp"
#include "match/fields.hpp"
#include "match/numbers.hpp"
#include "match/verify.hpp"

namespace connexion {
namespace {

constexpr std::string_view kOclc = "oclc", kMerged = "oclc_merged", kIsbn = "isbn", kIssn = "issn",
                           kLccn = "lccn", kLocal = "local", kHeading = "heading";
constexpr std::string_view kRaw = "raw";  // a number as it stands
// An ISBN that only its check digit keeps from being one, as it would be with the right one.
constexpr std::string_view kMisprint = "isbn_misprint";
// 001 as it stands; of an authority a number with its source
constexpr std::string_view kControl = "control";
constexpr std::size_t kFewestDigits = 4;    // of a number that is none of its kind
constexpr std::size_t kDigitsOfAWhole = 8;  // that a number without blanks has at least

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), folded);
  return out;
}

std::size_t digit_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

template <typename T>
void add(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

void add(std::vector<Identifier>& list, std::string_view kind, std::string value) {
  if (!value.empty()) add(list, Identifier{std::string(kind), std::move(value)});
}

std::string oclc_of_035(std::string_view value) {
  return numbers::names_oclc(value) ? normal_oclc(value) : std::string();
}

std::string normal(std::string_view kind, std::string_view text) {
  if (kind == kIsbn) return normal_isbn(text);
  if (kind == kIssn) return normal_issn(text);
  if (kind == kLccn) return normal_lccn(text);
  if (kind == kLocal) return normal_local(text);
  return {};
}

// How far the number goes: to a qualifier, or, where a number may hold blanks ("n  79021425",
// "0 88130 123 9"), as far as it looks like one.
std::string_view as_written(std::string_view kind, std::string_view text) {
  text = numbers::trimmed(text);
  if (kind == kLccn) return text.substr(0, text.find_first_of("(/:;,"));
  const auto word = text.substr(0, text.find_first_of(" (/:;,"));
  const auto run = text.substr(0, text.find_first_not_of("0123456789Xx- "));
  return digit_count(word) < kDigitsOfAWhole && digit_count(run) > digit_count(word) ? run : word;
}

// A number that isn't valid, as it is written: the catalogue may have the same misprint.
std::string invalid_number(std::string_view kind, std::string_view text) {
  std::string out;
  for (const char c : as_written(kind, text))
    if (c != '-' && c != ' ') out.push_back(folded(c));
  return digit_count(out) >= kFewestDigits ? out : std::string();
}

std::string mended(std::string_view text) {
  auto compact = invalid_number(kIsbn, text);
  if (compact.ends_with('x')) compact.back() = 'X';
  return numbers::mended_isbn13(compact);
}

// Another agency's number, as in "(DLC)   85153773": its source alone is none.
bool is_system_number(std::string_view text) {
  const auto source = text.find(')');
  if (numbers::trimmed(text).starts_with('(') && source != std::string_view::npos)
    text.remove_prefix(source + 1);
  return digit_count(text) > 0;
}

template <typename Use>
void each_value(const Record& record, const MatchComponent& component, Use&& use) {
  for (const auto field : record.fields()) {
    if (!fields::has_tag(field, component.tag)) continue;
    if (field.is_control()) {
      use(field.tag(), field.data());
      continue;
    }
    for (const auto subfield : field.subfields())
      if (fields::wanted(subfield.code, component.subfields)) use(field.tag(), subfield.value);
  }
}

bool is_authority(const Record& record) {
  return record.type() == RecordType::authority;
}

void add_oclc(std::vector<Identifier>& list, const Record& record) {
  if (!is_authority(record)) add(list, kOclc, match::oclc_of_001(record));
  for (const auto field : record.fields("035"))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'a') add(list, kOclc, oclc_of_035(subfield.value));
}

void add_merged(std::vector<Identifier>& list, const Record& record) {
  const auto add_new = [&](std::string value) {
    if (std::find(list.begin(), list.end(), Identifier{std::string(kOclc), value}) == list.end())
      add(list, kMerged, std::move(value));
  };
  for (const auto field : record.fields("019"))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'a') add_new(normal_oclc(subfield.value));
  for (const auto field : record.fields("035"))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'z') add_new(oclc_of_035(subfield.value));
}

void add_standard(std::vector<Identifier>& list, const Record& record, std::string_view kind,
                  std::string_view tag) {
  for (const auto field : record.fields(tag))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'a') add(list, kind, normal(kind, subfield.value));
}

void add_misprints(std::vector<Identifier>& list, const Record& record) {
  for (const auto field : record.fields("020"))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'a' && normal_isbn(subfield.value).empty())
        add(list, kMisprint, mended(subfield.value));
}

std::string with_source(std::string_view source, std::string_view number) {
  return normal_control("(" + std::string(source) + ")" + std::string(number));
}

void add_authority_control(std::vector<Identifier>& list, const Record& record) {
  const auto number = numbers::trimmed(record.control("001"));
  if (digit_count(number) < number.size())
    add(list, kControl, with_source(record.control("003"), number));
  for (const auto field : record.fields("024"))
    add(list, kControl, with_source(field.first('2'), field.first('a')));
  for (const auto field : record.fields("035"))
    for (const auto subfield : field.subfields())
      if (subfield.code == 'a') add(list, kControl, normal_control(subfield.value));
}

void add_heading(std::vector<Identifier>& list, const Record& record) {
  const auto words = folded_words(title(record));
  if (words.empty()) return;
  for (const auto field : record.fields())
    if (!field.is_control() && field.tag()[0] == '1') {
      add(list, kHeading, std::string(field.tag()) + " " + words);
      return;
    }
}

// Index names of Zebra and Elasticsearch, lower case.
struct KnownIndex {
  std::string_view name, kind;
};
constexpr std::array<KnownIndex, 15> kIndexes{{{"isbn", kIsbn},
                                               {"nb", kIsbn},
                                               {"issn", kIssn},
                                               {"ns", kIssn},
                                               {"lccn", kLccn},
                                               {"lc-card", kLccn},
                                               {"lc-card-number", kLccn},
                                               {"other-control-number", kOclc},
                                               {"system-control-number", kOclc},
                                               {"control-number", kOclc},
                                               {"control-number-identifier", kOclc},
                                               {"oclc-number", kOclc},
                                               {"local-number", kLocal},
                                               {"sn", kLocal},
                                               {"biblionumber", kLocal}}};

bool has_control_number_tags(const Matchpoint& point) {
  static constexpr std::array<std::string_view, 4> tags{"001", "003", "019", "035"};
  return !point.components.empty() &&
         std::all_of(point.components.begin(), point.components.end(), [](const auto& component) {
           return std::find(tags.begin(), tags.end(), component.tag) != tags.end();
         });
}

// Koha's own number stands in 999 $c; anything else under that index is left to the search.
bool has_local_number(const Matchpoint& point) {
  return point.components.size() == 1 && point.components[0].tag == "999" &&
         point.components[0].subfields == "c";
}

bool is_number(std::string_view kind, std::string_view key) {
  if (kind.empty()) return true;
  if (kind == kOclc) return is_system_number(key);
  if (kind == kLocal) return !normal_local(key).empty();
  return !normal(kind, key).empty() || !invalid_number(kind, key).empty();
}

// The forms in which catalogues hold a number.
void add_forms(std::vector<std::string>& keys, const Identifier& id) {
  add(keys, id.value);
  if (id.kind == kIsbn) {
    if (auto isbn10 = numbers::isbn10(id.value); !isbn10.empty()) add(keys, std::move(isbn10));
  } else if (id.kind == kIssn) {
    add(keys, id.value.substr(0, 4) + id.value.substr(5));
  } else if (id.kind == kLccn) {
    const auto digits = id.value.find_first_of("0123456789");
    if (digits > 0) add(keys, id.value.substr(0, digits) + " " + id.value.substr(digits));
  } else if (id.kind == kOclc) {
    const std::size_t size = id.value.size();
    add(keys, "(OCoLC)" + id.value);
    if (size <= 8)
      add(keys, "ocm" + std::string(8 - size, '0') + id.value);
    else
      add(keys, (size == 9 ? "ocn" : "on") + id.value);
  }
}

std::vector<std::string> searched(const Record& record, const Matchpoint& point,
                                  std::vector<std::string> keys) {
  const auto kind = kind_of(point);
  std::vector<std::string> all;
  for (auto& key : keys)
    if (is_number(kind, key)) add(all, std::move(key));
  if (kind.empty()) return all;
  for (auto id : match::comparables(record, point)) {
    if (id.kind == kMisprint) id.kind = kIsbn;
    if (id.kind == kind) add_forms(all, id);
  }
  return all;
}

// The fields that `identifiers` takes numbers of a kind from.
bool is_at_home(std::string_view kind, const MatchComponent& component) {
  const auto is = [&](std::string_view tag, std::string_view subfields) {
    return component.tag == tag && !component.subfields.empty() &&
           component.subfields.find_first_not_of(subfields) == std::string::npos;
  };
  if (kind == kIsbn) return is("020", "a");
  if (kind == kIssn) return is("022", "a");
  if (kind == kLccn) return is("010", "a");
  if (kind == kLocal) return is("999", "c");
  return component.tag == "001" || component.tag == "003" || is("019", "a") || is("035", "az");
}

// 245 $a: what follows it is written in many ways.
std::string folded_title(const Record& record) {
  const auto fields = record.fields("245");
  return fields.begin() == fields.end() ? std::string()
                                        : folded_words((*fields.begin()).first('a'));
}

bool holds_line_end(const Identifier& id) {
  return id.value.find_first_of("\r\n") != std::string::npos;
}

}  // namespace

std::string match::oclc_of_001(const Record& record) {
  const auto number = record.control("001");
  if (lower_ascii(numbers::trimmed(record.control("003"))) == "ocolc" ||
      numbers::names_oclc(number))
    return normal_oclc(number);
  return {};
}

std::vector<Identifier> identifiers(const Record& record) {
  std::vector<Identifier> list;
  add_oclc(list, record);
  add_merged(list, record);
  add_standard(list, record, kIsbn, "020");
  add_standard(list, record, kIssn, "022");
  add_standard(list, record, kLccn, "010");
  if (!is_authority(record)) return list;
  add_authority_control(list, record);
  add_heading(list, record);
  return list;
}

std::vector<Identifier> index_entries(const Record& record) {
  auto list = identifiers(record);
  if (!is_authority(record))
    add(list, kControl, std::string(numbers::trimmed(record.control("001"))));
  add_misprints(list, record);
  std::erase_if(list, holds_line_end);
  return list;
}

std::string_view kind_of(const Matchpoint& point) {
  const auto name =
      numbers::trimmed(std::string_view(point.index).substr(0, point.index.find(',')));
  const auto* known = std::find_if(kIndexes.begin(), kIndexes.end(), [&](const KnownIndex& index) {
    return std::equal(name.begin(), name.end(), index.name.begin(), index.name.end(),
                      [](char given, char lower) { return folded(given) == lower; });
  });
  if (known == kIndexes.end()) return {};
  if (known->kind == kOclc && !has_control_number_tags(point)) return {};
  if (known->kind == kLocal && !has_local_number(point)) return {};
  return known->kind;
}

std::vector<Identifier> match::comparables(const Record& record, const Matchpoint& point) {
  const auto kind = kind_of(point);
  std::vector<Identifier> list;
  if (kind == kOclc) {
    add_oclc(list, record);
    // The catalogue may still have a number that OCLC has merged into this record's.
    add_merged(list, record);
    for (auto& id : list) id.kind = kOclc;
  }
  for (const auto& component : point.components) {
    if (component.tag == "003") continue;
    each_value(record, component, [&](std::string_view tag, std::string_view value) {
      auto number = kind != kOclc  ? normal(kind, value)
                    : tag == "001" ? match::oclc_of_001(record)
                    : tag == "019" ? normal_oclc(value)
                                   : oclc_of_035(value);
      if (tag == "001") {
        add(list, kControl, std::string(numbers::trimmed(value)));
      } else if (number.empty()) {
        if (kind != kOclc && kind != kLocal) add(list, kRaw, invalid_number(kind, value));
        if (kind == kIsbn)
          add(list, kMisprint, mended(value));
        else if (kind == kOclc && is_system_number(value))
          add(list, kRaw, std::string(numbers::trimmed(value)));
      }
      add(list, kind, std::move(number));
    });
  }
  return list;
}

std::vector<Identifier> match_identifiers(const Record& record, const Matchpoint& point) {
  if (kind_of(point).empty()) return {};
  auto list = match::comparables(record, point);
  std::erase_if(list, [](const Identifier& id) {
    return id.kind == kRaw || id.kind == kControl || id.kind == kMisprint;
  });
  return list;
}

std::vector<Identifier> match_identifiers(const Record& record, const MatchingRule& rule) {
  std::vector<Identifier> list;
  for (const auto& point : rule.matchpoints)
    for (auto& id : match_identifiers(record, point)) add(list, std::move(id));
  return list;
}

bool answered_by_index(const Record& record, const MatchingRule& rule) {
  return std::all_of(rule.matchpoints.begin(), rule.matchpoints.end(), [&](const auto& point) {
    const auto kind = kind_of(point);
    if (kind.empty()) return false;
    const auto compared = match::comparables(record, point);
    return std::all_of(point.components.begin(), point.components.end(),
                       [&](const auto& component) { return is_at_home(kind, component); }) &&
           std::none_of(compared.begin(), compared.end(), [&](const Identifier& id) {
             return id.kind == kRaw || (id.kind == kControl && is_authority(record)) ||
                    holds_line_end(id);
           });
  });
}

std::vector<std::string> search_keys(const Record& record, const Matchpoint& point) {
  return searched(record, point, keys_of(record, point));
}

bool has_search_keys(const Record& record, const MatchingRule& rule) {
  return std::any_of(
      rule.matchpoints.begin(), rule.matchpoints.end(), [&](const Matchpoint& point) {
        const auto kind = kind_of(point);
        const auto keys = keys_of(record, point);
        return std::any_of(keys.begin(), keys.end(),
                           [&](const std::string& key) { return is_number(kind, key); }) ||
               !match_identifiers(record, point).empty();
      });
}

std::vector<PointKeys> point_keys(const Record& record, const MatchingRule& rule) {
  std::vector<PointKeys> all;
  for (std::size_t i = 0; i < rule.matchpoints.size(); ++i) {
    const Matchpoint& point = rule.matchpoints[i];
    PointKeys found{i, point.index, {}, {}};
    for (auto& key : keys_of(record, point)) add(found.keys, std::move(key));
    found.searched = searched(record, point, found.keys);
    if (!found.keys.empty() || !found.searched.empty()) all.push_back(std::move(found));
  }
  return all;
}

match::Verifier::Verifier(const Record& incoming, const Matchpoint& point)
    : point_(point), kind_(kind_of(point)) {
  if (kind_.empty()) {
    keys_ = keys_of(incoming, point);
  } else {
    comparables_ = comparables(incoming, point);
    source_ = lower_ascii(numbers::trimmed(incoming.control("003")));
    if (kind_ == kIsbn) title_ = folded_title(incoming);
  }
}

match::Agreement match::Verifier::compare(const Record& candidate) const {
  if (kind_.empty()) {
    const auto theirs = keys_of(candidate, point_);
    const bool same =
        std::find_first_of(keys_.begin(), keys_.end(), theirs.begin(), theirs.end()) != keys_.end();
    return same ? Agreement::full : Agreement::none;
  }
  const auto source = lower_ascii(numbers::trimmed(candidate.control("003")));
  const bool same_source = source.empty() || source_.empty() || source == source_;
  auto theirs = comparables(candidate, point_);
  // a control number means nothing without its source
  if (!same_source) std::erase_if(theirs, [](const Identifier& id) { return id.kind == kControl; });
  for (auto& id : identifiers(candidate)) {
    if (id.kind == kMerged) id.kind = kOclc;
    if (id.kind == kind_) theirs.push_back(std::move(id));
  }
  const auto same = [](const Identifier& ours, const Identifier& other) {
    return ours == other && ours.kind != kMisprint;
  };
  if (std::find_first_of(comparables_.begin(), comparables_.end(), theirs.begin(), theirs.end(),
                         same) != comparables_.end())
    return Agreement::full;
  return agrees_but_for_a_misprint(candidate, theirs) ? Agreement::but_for_a_misprint
                                                      : Agreement::none;
}

// A wrong check digit on one side: the other digits and the title must be the same.
bool match::Verifier::agrees_but_for_a_misprint(const Record& candidate,
                                                const std::vector<Identifier>& theirs) const {
  if (title_.empty()) return false;
  const auto nearly = [](const Identifier& ours, const Identifier& other) {
    const bool misprint = ours.kind == kMisprint || other.kind == kMisprint;
    const auto is_isbn = [](const Identifier& id) {
      return id.kind == kMisprint || id.kind == kIsbn;
    };
    return misprint && is_isbn(ours) && is_isbn(other) && ours.value == other.value;
  };
  return std::find_first_of(comparables_.begin(), comparables_.end(), theirs.begin(), theirs.end(),
                            nearly) != comparables_.end() &&
         folded_title(candidate) == title_;
}

}  // namespace connexion
