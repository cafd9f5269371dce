// SPDX-License-Identifier: GPL-3.0-or-later
//
// What of the core crosses to Perl. Classes cross as handles that the facade owns: every handle a
// function gives is new, and is freed by the facade's one call of delete_*. Nothing here decides
// anything: it names, and hands on.
%module "Koha::Plugin::ConnexionGateway::Core"

// Before Perl's headers, which define words that these use as names.
%begin %{
#include <cmath>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "binding.hpp"
%}

%include <stdint.i>
%include "exceptions.i"
%include "typemaps.i"

%init %{
  // A core built for another perl or another version of the facade dies here, and both are named.
  XS_APIVERSION_BOOTCHECK;
  XS_VERSION_BOOTCHECK;
%}

%nodefaultctor;
%nodefaultdtor;
namespace connexion {

class Record {
 public:
  ~Record();
  size_t size() const;
  %extend {
    Text leader() const { return Text($self->leader()); }
    Octets type() const { return Octets(binding::name($self->type())); }
    Octets iso2709() const { return connexion::to_iso2709(*$self); }
    Octets marcxml() const { return connexion::to_marcxml(*$self); }
    Octets json() const { return connexion::to_json(*$self); }
    Text line() const { return connexion::to_line(*$self); }
    Text title() const { return connexion::title(*$self); }
    Octets ascii_title() const { return connexion::to_ascii(connexion::title(*$self)); }
  }
};

struct RequestLimits {
  RequestLimits();
  ~RequestLimits();
  size_t max_bytes;
  size_t max_records;
};

struct Request {
  ~Request();
  %extend {
    Octets length_form() const { return Octets(binding::name($self->length_form)); }
    size_t record_count() const { return $self->records.size(); }
    Octets record_octets(size_t i) const { return $self->records.at(i); }
    size_t reading_count() const { return $self->readings.size(); }
    bool has_user(size_t i) const { return $self->readings.at(i).has_user; }
    bool has_login(size_t i) const { return $self->readings.at(i).has_login; }
    bool has_password(size_t i) const { return $self->readings.at(i).has_password; }
    Octets user(size_t i) const { return $self->readings.at(i).user; }
    Octets login(size_t i) const { return $self->readings.at(i).login; }
    Octets password(size_t i) const { return $self->readings.at(i).password; }
  }
};

class RequestParser {
 public:
  explicit RequestParser(const connexion::RequestLimits& limits);
  ~RequestParser();
  void feed(std::string_view octets);
  void finish();
  size_t buffered() const;
  %extend {
    // Null where no request is complete.
    connexion::Request* take() {
      auto request = $self->next();
      return request ? new connexion::Request(std::move(*request)) : nullptr;
    }
    Octets state() const { return Octets(binding::name($self->state())); }
    Octets problem_code() const { return $self->problem().code; }
    Text problem_message() const { return $self->problem().message; }
    size_t problem_offset() const { return $self->problem().offset; }
  }
};

class Rules {
 public:
  ~Rules();
  bool has_matching() const;
};

class Facts {
 public:
  Facts();
  ~Facts();
  void candidate(int64_t id, const connexion::Record& record);
  void edited(int64_t id);
  %extend {
    void hit(size_t matchpoint, int64_t id, std::string_view text) {
      $self->hit(matchpoint, id, binding::source_named(text));
    }
    void items_json(std::string_view octets) { $self->items_json(octets); }
    void decided_json(std::string_view octets) { $self->decided_json(octets); }
    void last_imported_005(int64_t id, std::string_view text) {
      $self->last_imported_005(id, text);
    }
  }
};

}  // namespace connexion

%inline %{
namespace binding {
connexion::ReadResult read_iso2709(std::string_view octets, std::string_view encoding, bool nfc,
                                   bool strict, bool bracketed_hex, bool numeric_references) {
  return connexion::read_iso2709(
      octets, read_options(encoding, nfc, strict, bracketed_hex, numeric_references));
}
connexion::ReadResult read_marcxml(std::string_view octets, std::string_view encoding, bool nfc,
                                   bool strict, bool bracketed_hex, bool numeric_references) {
  return connexion::read_marcxml(
      octets, read_options(encoding, nfc, strict, bracketed_hex, numeric_references));
}
connexion::Rules* rules_from_json(std::string_view octets) {
  return new connexion::Rules(connexion::Rules::from_json(octets));
}
PointList point_keys(const connexion::Record& record, const connexion::Rules& rules) {
  return connexion::point_keys(record, rules.matching());
}
IdentifierList identifiers(const connexion::Record& record) {
  return connexion::identifiers(record);
}
IdentifierList match_identifiers(const connexion::Record& record, const connexion::Rules& rules) {
  return connexion::match_identifiers(record, rules.matching());
}
IdentifierList index_entries(const connexion::Record& record) {
  return connexion::index_entries(record);
}
// One crossing for a whole record: "kind value" on a line each. A single line without a blank says
// that the record can't be read.
Octets index_entries_of(std::string_view octets, std::string_view encoding, bool nfc, bool strict,
                        bool bracketed_hex, bool numeric_references) {
  const auto read = connexion::read_marcxml(
      octets, read_options(encoding, nfc, strict, bracketed_hex, numeric_references));
  if (!read.record) return "refused";
  std::string lines;
  for (const auto& entry : connexion::index_entries(*read.record))
    lines += entry.kind + ' ' + entry.value + '\n';
  return lines;
}
int index_version() {
  return connexion::kIndexVersion;
}
bool answered_by_index(const connexion::Record& record, const connexion::Rules& rules) {
  return rules.has_matching() && connexion::answered_by_index(record, rules.matching());
}
connexion::Record* prepare(const connexion::Record& record, const connexion::Rules& rules) {
  return new connexion::Record(connexion::prepare(record, rules));
}
// 0 where the record names no other one.
int64_t named_target(const connexion::Record& record, const connexion::Rules& rules) {
  return connexion::named_target(record, rules).value_or(0);
}
// Target 0: a new record.
connexion::Record* record_to_write(const connexion::Record& record, const connexion::Facts& facts,
                                   int64_t target, const connexion::Rules& rules) {
  const auto id = target > 0 ? std::optional(target) : std::nullopt;
  return new connexion::Record(connexion::record_to_write(record, facts, id, rules));
}
// Empty where the text is a pattern of fields.
Text pattern_problem(std::string_view text) {
  return connexion::field_pattern_problem(text).value_or("");
}
}  // namespace binding
%}

namespace connexion {
Octets to_ascii(std::string_view text);
Octets item_questions(const connexion::Record& record, const connexion::Rules& rules,
                      bool for_a_person);
connexion::Decision decide(const connexion::Record& record, const connexion::Facts& facts,
                           const connexion::Rules& rules);
Octets plan(const connexion::Record& record, const connexion::Facts& facts,
            const connexion::Rules& rules);
}
