// SPDX-License-Identifier: GPL-3.0-or-later
//
// Results of the core as Perl's own arrays and hashes, so that one call brings over all of them.
// Whatever these functions give belongs to the caller. Names are those of the plan
// (docs/plan-format.md).
#pragma once

#include "binding.hpp"

namespace binding {

inline SV* octets(pTHX_ std::string_view value) {
  return newSVpvn(value.data(), value.size());
}
inline SV* text(pTHX_ std::string_view value) {
  return newSVpvn_flags(value.data(), value.size(), SVf_UTF8);
}
inline SV* number(pTHX_ std::int64_t value) {
  return newSViv(static_cast<IV>(value));
}

// A value as it can stand in a message: short, printable, in quotes unless it is undef.
inline std::string quoted(pTHX_ SV* value) {
  constexpr std::size_t kLongest = 60;
  if (!SvOK(value)) return "undef";
  STRLEN size = 0;
  const char* at = SvPV_nomg(value, size);
  const char* const end = at + size;
  const bool wide = SvUTF8(value) != 0;
  const std::size_t length =
      wide ? utf8_length(reinterpret_cast<const U8*>(at), reinterpret_cast<const U8*>(end)) : size;
  std::string shown = "'";
  for (std::size_t i = 0; i < (length > kLongest ? kLongest - 3 : length); ++i) {
    STRLEN bytes = 1;
    const UV character = wide
                             ? utf8n_to_uvchr(reinterpret_cast<const U8*>(at),
                                              static_cast<STRLEN>(end - at), &bytes, UTF8_ALLOW_ANY)
                             : static_cast<U8>(*at);
    char code[32];
    std::snprintf(code, sizeof code, "\\x{%" UVxf "}", character);
    shown += character >= 0x20 && character <= 0x7E ? std::string(1, *at) : code;
    at += bytes;
  }
  return shown + (length > kLongest ? "...'" : "'");
}

// What only the calling program can be to blame for becomes a sentence with its line.
inline void misuse(pTHX_ const std::string& message) {
  sv_setsv(ERRSV, mess("%s", message.c_str()));
}

// Names and values as a list; false, and the reason in $@, where one isn't known.
inline bool read_options(pTHX_ SV** list, I32 count, Options& options) {
  constexpr std::pair<std::string_view, bool connexion::ReadOptions::*> switches[] = {
      {"nfc", &connexion::ReadOptions::nfc},
      {"strict", &connexion::ReadOptions::strict},
      {"bracketed_hex", &connexion::ReadOptions::bracketed_hex},
      {"numeric_references", &connexion::ReadOptions::numeric_references}};
  for (I32 i = 0; i < count; i += 2) {
    STRLEN size = 0;
    const char* const start = SvPV(list[i], size);
    const std::string_view name(start, size);
    const auto* const found = std::find_if(std::begin(switches), std::end(switches),
                                           [&](const auto& known) { return known.first == name; });
    SV* const value = i + 1 < count ? list[i + 1] : &PL_sv_undef;
    if (found != std::end(switches)) {
      options.given.*found->second = SvTRUE(value);
    } else if (name == "encoding") {
      if (SvOK(value)) {
        const char* const encoding = SvPV(value, size);
        options.encoding = std::string_view(encoding, size);
      }
    } else {
      std::string known = "encoding";
      for (const auto& [other, member] : switches) known.append(", ").append(other);
      misuse(aTHX_ quoted(aTHX_ list[i]) + " is not one of " + known);
      return false;
    }
  }
  return true;
}

class Hash {
 public:
  explicit Hash(pTHX) : hash_(newHV()) {
#ifdef PERL_IMPLICIT_CONTEXT
    this->my_perl = my_perl;
#endif
  }
  void put(std::string_view name, SV* value) {
    (void)hv_store(hash_, name.data(), static_cast<I32>(name.size()), value, 0);
  }
  [[nodiscard]] SV* reference() const {
    return newRV_noinc(reinterpret_cast<SV*>(hash_));
  }

 private:
#ifdef PERL_IMPLICIT_CONTEXT
  PerlInterpreter* my_perl;
#endif
  HV* hash_;
};

// `convert` makes a Perl value of each of the values.
template <typename Values, typename Convert>
SV* list(pTHX_ const Values& values, Convert&& convert) {
  AV* const array = newAV();
  for (const auto& value : values) av_push(array, convert(value));
  return newRV_noinc(reinterpret_cast<SV*>(array));
}

inline SV* perl_value(pTHX_ const PointList& points) {
  const auto convert = [&](const std::string& key) { return text(aTHX_ key); };
  return list(aTHX_ points, [&](const connexion::PointKeys& point) {
    Hash hash(aTHX);
    hash.put("matchpoint", number(aTHX_ static_cast<std::int64_t>(point.matchpoint)));
    hash.put("index", text(aTHX_ point.index));
    hash.put("keys", list(aTHX_ point.keys, convert));
    hash.put("searched", list(aTHX_ point.searched, convert));
    return hash.reference();
  });
}

inline SV* perl_value(pTHX_ const IdentifierList& identifiers) {
  return list(aTHX_ identifiers, [&](const connexion::Identifier& identifier) {
    Hash hash(aTHX);
    hash.put("kind", octets(aTHX_ identifier.kind));
    hash.put("value", text(aTHX_ identifier.value));
    return hash.reference();
  });
}

inline SV* perl_value(pTHX_ const MaybeNumber& value) {
  return value ? number(aTHX_ * value) : newSV(0);
}

inline SV* perl_value(pTHX_ const connexion::Credentials& reading) {
  Hash hash(aTHX);
  hash.put("user", octets(aTHX_ reading.user));
  hash.put("login", octets(aTHX_ reading.login));
  hash.put("password", octets(aTHX_ reading.password));
  hash.put("has_user", number(aTHX_ reading.has_user ? 1 : 0));
  hash.put("has_login", number(aTHX_ reading.has_login ? 1 : 0));
  hash.put("has_password", number(aTHX_ reading.has_password ? 1 : 0));
  return hash.reference();
}

inline SV* perl_value(pTHX_ const MaybeRequest& request) {
  if (!request) return newSV(0);
  Hash hash(aTHX);
  hash.put("records", list(aTHX_ request->records,
                           [&](const std::string& record) { return octets(aTHX_ record); }));
  hash.put("readings", list(aTHX_ request->readings,
                            [&](const auto& reading) { return perl_value(aTHX_ reading); }));
  hash.put("length_form", octets(aTHX_ name(request->length_form)));
  return hash.reference();
}

inline SV* perl_value(pTHX_ const std::vector<connexion::Diagnostic>& diagnostics) {
  return list(aTHX_ diagnostics, [&](const connexion::Diagnostic& diagnostic) {
    Hash hash(aTHX);
    hash.put("code", octets(aTHX_ connexion::code_name(diagnostic.code)));
    hash.put("severity", octets(aTHX_ connexion::severity_name(diagnostic.severity)));
    hash.put("offset", number(aTHX_ static_cast<std::int64_t>(diagnostic.offset)));
    hash.put("tag", text(aTHX_ diagnostic.tag));
    hash.put("occurrence", number(aTHX_ diagnostic.occurrence));
    hash.put("message", text(aTHX_ diagnostic.message));
    return hash.reference();
  });
}

// `record`: the object, or undef where the record was refused.
inline SV* perl_value(pTHX_ const connexion::ReadResult& result, SV* record) {
  Hash hash(aTHX);
  hash.put("record", record);
  hash.put("outcome", octets(aTHX_ name(result.outcome)));
  hash.put("encoding", octets(aTHX_ name(result.encoding)));
  hash.put("consumed", number(aTHX_ static_cast<std::int64_t>(result.consumed)));
  hash.put("diagnostics", perl_value(aTHX_ result.diagnostics));
  return hash.reference();
}

// A record that goes to the Client. `octets`: undef where ISO 2709 can't hold it.
inline SV* perl_value(pTHX_ const connexion::ForClient& made) {
  Hash hash(aTHX);
  hash.put("octets", made.octets ? octets(aTHX_ made.octets.value()) : newSV(0));
  hash.put("title", text(aTHX_ connexion::title(made.record)));
  hash.put("oclc_number", octets(aTHX_ made.oclc_number));
  hash.put("problems", perl_value(aTHX_ made.problems));
  return hash.reference();
}

// ---------------------------------------------------------------- the decision

struct ReasonValue {
#ifdef PERL_IMPLICIT_CONTEXT
  PerlInterpreter* my_perl;
#endif
  SV* operator()(std::int64_t value) const {
    return number(aTHX_ value);
  }
  SV* operator()(const std::string& value) const {
    return text(aTHX_ value);
  }
  SV* operator()(const std::vector<std::int64_t>& values) const {
    return list(aTHX_ values, [&](std::int64_t value) { return number(aTHX_ value); });
  }
};

inline SV* perl_value(pTHX_ const connexion::Reason& reason) {
  Hash hash(aTHX);
  hash.put("code", octets(aTHX_ reason.code));
  if (reason.values.empty()) return hash.reference();
  Hash values(aTHX);
#ifdef PERL_IMPLICIT_CONTEXT
  const ReasonValue convert{my_perl};
#else
  const ReasonValue convert{};
#endif
  for (const auto& [name, value] : reason.values) values.put(name, std::visit(convert, value));
  hash.put("values", values.reference());
  return hash.reference();
}

inline SV* perl_value(pTHX_ const connexion::FoundBy& found) {
  Hash hash(aTHX);
  hash.put("matchpoint", number(aTHX_ static_cast<std::int64_t>(found.matchpoint)));
  hash.put("source", octets(aTHX_ connexion::name_of(found.source)));
  hash.put("counts", number(aTHX_ found.counts ? 1 : 0));
  return hash.reference();
}

inline SV* perl_value(pTHX_ const connexion::Candidate& candidate) {
  Hash hash(aTHX);
  hash.put("id", number(aTHX_ candidate.id));
  hash.put("score", number(aTHX_ candidate.score));
  hash.put("verdict", octets(aTHX_ connexion::name_of(candidate.verdict)));
  hash.put("found_by", list(aTHX_ candidate.found_by,
                            [&](const auto& found) { return perl_value(aTHX_ found); }));
  return hash.reference();
}

inline SV* perl_value(pTHX_ const connexion::ItemDecision& item) {
  Hash defaults(aTHX);
  for (const auto& [column, value] : item.defaults) defaults.put(column, text(aTHX_ value));
  Hash hash(aTHX);
  hash.put("occurrence", number(aTHX_ item.occurrence));
  hash.put("action", octets(aTHX_ connexion::name_of(item.action)));
  hash.put("reason", perl_value(aTHX_ item.reason));
  hash.put("barcode", item.barcode ? text(aTHX_ item.barcode.value()) : newSV(0));
  hash.put("itemnumber", item.itemnumber ? number(aTHX_ item.itemnumber.value()) : newSV(0));
  hash.put("defaults", defaults.reference());
  return hash.reference();
}

inline SV* perl_value(pTHX_ const connexion::Decision& decision) {
  const auto convert = [&](const auto& value) { return perl_value(aTHX_ value); };
  Hash hash(aTHX);
  hash.put("outcome", octets(aTHX_ connexion::name_of(decision.action)));
  hash.put("target", decision.target ? number(aTHX_ decision.target.value()) : newSV(0));
  hash.put("reasons", list(aTHX_ decision.reasons, convert));
  hash.put("candidates", list(aTHX_ decision.candidates, convert));
  hash.put("items", list(aTHX_ decision.items, convert));
  return hash.reference();
}

}  // namespace binding
