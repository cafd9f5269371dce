// SPDX-License-Identifier: GPL-3.0-or-later
//
// What of the core crosses to Perl. An object of the facade is the handle itself: a reference to the
// pointer, blessed into the facade's class. Every handle a function gives is new; its DESTROY, one
// of delete_*, frees it. Functions that take the object first are methods of the facade as they are.
// Nothing here decides anything: it names, and hands on.
%module "Koha::Plugin::ConnexionGateway::Core"

// Before Perl's headers, which define words that these use as names.
%begin %{
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iterator>
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
  SWIG_TypeClientData(SWIGTYPE_p_connexion__Record, (void*)FACADE "Record");
  SWIG_TypeClientData(SWIGTYPE_p_connexion__Rules, (void*)FACADE "Rules");
  SWIG_TypeClientData(SWIGTYPE_p_connexion__ClientRules, (void*)FACADE "ClientRules");
  SWIG_TypeClientData(SWIGTYPE_p_connexion__Facts, (void*)FACADE "Facts");
  SWIG_TypeClientData(SWIGTYPE_p_connexion__RequestParser, (void*)FACADE "RequestParser");
%}

%nodefaultctor;
%nodefaultdtor;
namespace connexion {

class Record {
 public:
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

class RequestParser {
 public:
  void feed(std::string_view octets);
  void finish();
  size_t buffered() const;
  %extend {
    // Undef where no request is complete.
    binding::MaybeRequest take() { return $self->next(); }
    Octets state() const { return Octets(binding::name($self->state())); }
    Octets problem_code() const { return $self->problem().code; }
    Text problem_message() const { return $self->problem().message; }
    size_t problem_offset() const { return $self->problem().offset; }
  }
};

class Rules {
 public:
  bool has_matching() const;
};

class Facts {
 public:
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

// Functions that take options as Perl's names and values: SWIG hands on what the typemap of "..."
// has read of them by its address.
%{
namespace binding {
connexion::ReadResult read_iso2709(Invocant, std::string_view octets, const void* options) {
  return connexion::read_iso2709(octets, options_at(options));
}
connexion::ReadResult read_marcxml(Invocant, std::string_view octets, const void* options) {
  return connexion::read_marcxml(octets, options_at(options));
}
// One crossing for a whole record: "kind value" on a line each. A single line without a blank says
// that the record can't be read.
Octets index_entries_of(Invocant, std::string_view octets, const void* options) {
  const auto read = connexion::read_marcxml(octets, options_at(options));
  if (!read.record) return "refused";
  std::string lines;
  for (const auto& entry : connexion::index_entries(*read.record))
    lines += entry.kind + ' ' + entry.value + '\n';
  return lines;
}
}  // namespace binding
%}
namespace binding {
connexion::ReadResult read_iso2709(Invocant, std::string_view octets, ...);
connexion::ReadResult read_marcxml(Invocant, std::string_view octets, ...);
Octets index_entries_of(Invocant, std::string_view octets, ...);
}

%inline %{
namespace binding {
// ---------------------------------------------------------------- made and freed
connexion::Facts* new_Facts(Invocant) {
  return new connexion::Facts;
}
connexion::Rules* rules_from_json(std::string_view octets) {
  return new connexion::Rules(connexion::Rules::from_json(octets));
}
connexion::ClientRules* client_rules_from_json(std::string_view octets) {
  return new connexion::ClientRules(connexion::ClientRules::from_json(octets));
}
// A limit below 0 is the usual one.
connexion::RequestParser* new_RequestParser(int64_t max_bytes, int64_t max_records) {
  connexion::RequestLimits limits;
  if (max_bytes >= 0) limits.max_bytes = static_cast<std::size_t>(max_bytes);
  if (max_records >= 0) limits.max_records = static_cast<std::size_t>(max_records);
  return new connexion::RequestParser(limits);
}
void delete_Record(connexion::Record* gone) {
  delete gone;
}
void delete_Facts(connexion::Facts* gone) {
  delete gone;
}
void delete_Rules(connexion::Rules* gone) {
  delete gone;
}
void delete_ClientRules(connexion::ClientRules* gone) {
  delete gone;
}
void delete_RequestParser(connexion::RequestParser* gone) {
  delete gone;
}
// ---------------------------------------------------------------- methods of Record's class
int index_version(Invocant) {
  return connexion::kIndexVersion;
}
// ---------------------------------------------------------------- methods of Rules
PointList point_keys(const connexion::Rules& rules, const connexion::Record& record) {
  return connexion::point_keys(record, rules.matching());
}
IdentifierList identifiers(Invocant, const connexion::Record& record) {
  return connexion::identifiers(record);
}
IdentifierList match_identifiers(const connexion::Rules& rules, const connexion::Record& record) {
  return connexion::match_identifiers(record, rules.matching());
}
IdentifierList index_entries(Invocant, const connexion::Record& record) {
  return connexion::index_entries(record);
}
bool answered_by_index(const connexion::Rules& rules, const connexion::Record& record) {
  return rules.has_matching() && connexion::answered_by_index(record, rules.matching());
}
connexion::Record* prepare(const connexion::Rules& rules, const connexion::Record& record) {
  return new connexion::Record(connexion::prepare(record, rules));
}
// Undef where the record names no other one.
MaybeNumber named_target(const connexion::Rules& rules, const connexion::Record& record) {
  return connexion::named_target(record, rules);
}
// Target 0: a new record.
connexion::Record* record_to_write(const connexion::Rules& rules, const connexion::Record& record,
                                   const connexion::Facts& facts, int64_t target) {
  const auto id = target > 0 ? std::optional(target) : std::nullopt;
  return new connexion::Record(connexion::record_to_write(record, facts, id, rules));
}
Octets item_questions(const connexion::Rules& rules, const connexion::Record& record,
                      bool for_a_person) {
  return connexion::item_questions(record, rules, for_a_person);
}
connexion::Decision decide(const connexion::Rules& rules, const connexion::Record& record,
                           const connexion::Facts& facts) {
  return connexion::decide(record, facts, rules);
}
Octets plan_json(const connexion::Rules& rules, const connexion::Record& record,
                 const connexion::Facts& facts) {
  return connexion::plan(record, facts, rules);
}
// ---------------------------------------------------------------- methods of ClientRules
connexion::ForClient for_client(const connexion::ClientRules& rules,
                                const connexion::Record& record) {
  return connexion::for_client(record, rules);
}
// ---------------------------------------------------------------- functions
// Empty where the text is a pattern of fields.
Text pattern_problem(std::string_view text) {
  return connexion::field_pattern_problem(text).value_or("");
}
}  // namespace binding
%}

namespace connexion {
Octets to_ascii(std::string_view text);
}
