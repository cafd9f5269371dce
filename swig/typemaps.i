// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two kinds of string that cross the border, told apart by the argument's or the type's name:
//
//   octets   bytes: ISO 2709, XML, JSON, what came over a socket. A string with a character above
//            0xFF is refused; one that is flagged but fits is taken as its bytes.
//   text     characters: crosses as UTF-8 and comes back flagged.
//
// Neither takes undef or a reference. SWIG's own conversion would take whatever bytes Perl happens
// to hold, so that two equal strings could arrive as different ones.

namespace std { class string; }
%feature("novaluewrapper") std::string;
%inline %{
// What a function gives to Perl, in one of the two kinds.
typedef std::string Octets;
typedef std::string Text;
%}

%define CONNEXION_STRING_ARGUMENT(NAME, CONVERT)
%typemap(in) std::string_view NAME {
  const char* problem = CONVERT($input, $1);
  if (problem) {
    connexion_raise("binding.bad_argument", problem);
    SWIG_fail;
  }
}
%enddef

%fragment("connexion_strings", "header") {
// Both point into a Perl string that lives at least as long as the call does.
static const char* connexion_defined_string(pTHX_ SV* sv) {
  SvGETMAGIC(sv);
  if (SvROK(sv)) return "a string is needed, not a reference";
  if (!SvOK(sv)) return "a string is needed, not undef";
  return nullptr;
}
static const char* connexion_octets(pTHX_ SV* sv, std::string_view& view) {
  if (const char* problem = connexion_defined_string(aTHX_ sv)) return problem;
  STRLEN length = 0;
  if (SvUTF8(sv)) {
    sv = sv_mortalcopy(sv);  // downgrading in place would change the caller's string
    if (!sv_utf8_downgrade(sv, TRUE)) return "octets are needed, not wide characters";
  }
  const char* start = SvPV_nomg(sv, length);
  view = std::string_view(start, length);
  return nullptr;
}
static const char* connexion_text(pTHX_ SV* sv, std::string_view& view) {
  if (const char* problem = connexion_defined_string(aTHX_ sv)) return problem;
  STRLEN length = 0;
  if (!SvUTF8(sv)) sv = sv_mortalcopy(sv);  // upgraded, and numbers turned to strings, in the copy
  const char* start = SvPVutf8(sv, length);
  view = std::string_view(start, length);
  return nullptr;
}
}
%fragment("connexion_strings");

CONNEXION_STRING_ARGUMENT(octets, connexion_octets_of)
CONNEXION_STRING_ARGUMENT(encoding, connexion_octets_of)
CONNEXION_STRING_ARGUMENT(text, connexion_text_of)

%{
#define connexion_octets_of(sv, view) connexion_octets(aTHX_ sv, view)
#define connexion_text_of(sv, view) connexion_text(aTHX_ sv, view)
%}

%typemap(out) Octets {
  $result = newSVpvn_flags($1.data(), $1.size(), SVs_TEMP);
  argvi++;
}
%typemap(out) Text {
  $result = newSVpvn_flags($1.data(), $1.size(), SVs_TEMP | SVf_UTF8);
  argvi++;
}

// SWIG takes undef for a null pointer, which no method can be called on.
%typemap(check) SWIGTYPE *self {
  if (!$1) {
    connexion_raise("binding.bad_argument", "a handle is needed, not undef");
    SWIG_fail;
  }
}

// A handle is a plain blessed pointer. SWIG's own conversion makes a tied hash and keeps a list of
// what Perl owns; here the facade does that.
%typemap(out, noblock=1) SWIGTYPE * {
  $result = SWIG_NewPointerObj(SWIG_as_voidptr($1), $descriptor, 0);
  argvi++;
}

// Results that cross as Perl's own arrays and hashes.
%{
#include "values.hpp"
%}
%define CONNEXION_VALUE(TYPE)
%feature("novaluewrapper") TYPE;
%typemap(out) TYPE {
  $result = sv_2mortal(binding::perl_value(aTHX_ $1));
  argvi++;
}
%enddef
namespace binding {
class PointList;
class IdentifierList;
}
namespace connexion {
struct Decision;
struct ReadResult;
}
CONNEXION_VALUE(binding::PointList)
CONNEXION_VALUE(binding::IdentifierList)
CONNEXION_VALUE(connexion::Decision)
%feature("novaluewrapper") connexion::ReadResult;
%typemap(out) connexion::ReadResult {
  SV* record = newSV(0);
  if ($1.record) {
    sv_setsv(record, SWIG_NewPointerObj(new connexion::Record(*std::move($1.record)),
                                        $descriptor(connexion::Record *), 0));
    record = binding::object(aTHX_ "Koha::Plugin::ConnexionGateway::Core::Record", "Record", record);
  }
  $result = sv_2mortal(binding::perl_value(aTHX_ $1, record));
  argvi++;
}
