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

%{
#include "values.hpp"
#define FACADE "Koha::Plugin::ConnexionGateway::Core::"
%}

namespace std { class string; }
%feature("novaluewrapper") std::string;
%inline %{
// What a function gives to Perl, in one of the two kinds.
typedef std::string Octets;
typedef std::string Text;
%}

%define CONNEXION_STRING_ARGUMENT(NAME, CONVERT)
%typemap(in) std::string_view NAME {
  if (!CONVERT(aTHX_ $input, $1)) SWIG_fail;
}
%enddef

%fragment("connexion_strings", "header") {
// Both point into a Perl string that lives at least as long as the call does.
static bool connexion_octets(pTHX_ SV* sv, std::string_view& view) {
  SvGETMAGIC(sv);
  if (!SvOK(sv) || SvROK(sv)) {
    binding::misuse(aTHX_ "octets are needed, not " + binding::quoted(aTHX_ sv));
    return false;
  }
  STRLEN length = 0;
  const char* start = SvPV_nomg(sv, length);
  if (SvUTF8(sv)) {
    // Downgrading in place would change the caller's string.
    SV* const octets = newSVpvn_flags(start, length, SVs_TEMP | SVf_UTF8);
    if (!sv_utf8_downgrade(octets, TRUE)) {
      binding::misuse(aTHX_ "octets are needed, not " + binding::quoted(aTHX_ sv));
      return false;
    }
    start = SvPV_nomg(octets, length);
  }
  view = std::string_view(start, length);
  return true;
}
static bool connexion_text(pTHX_ SV* sv, std::string_view& view) {
  SvGETMAGIC(sv);
  if (!SvOK(sv) || SvROK(sv)) {
    connexion_raise("binding.bad_argument", SvROK(sv) ? "a string is needed, not a reference"
                                                      : "a string is needed, not undef");
    return false;
  }
  STRLEN length = 0;
  if (!SvUTF8(sv)) sv = sv_mortalcopy(sv);  // upgraded, and numbers turned to strings, in the copy
  const char* start = SvPVutf8(sv, length);
  view = std::string_view(start, length);
  return true;
}
}
%fragment("connexion_strings");

CONNEXION_STRING_ARGUMENT(octets, connexion_octets)
CONNEXION_STRING_ARGUMENT(text, connexion_text)

%typemap(out) Octets {
  $result = newSVpvn_flags($1.data(), $1.size(), SVs_TEMP);
  argvi++;
}
%typemap(out) Text {
  $result = newSVpvn_flags($1.data(), $1.size(), SVs_TEMP | SVf_UTF8);
  argvi++;
}

// ---------------------------------------------------------------- handles

// The name of the class is that of the type (%init of connexion.i).
%fragment("connexion_handle", "header") {
// Null, and the reason in $@, where `sv` is no object of the type.
static void* connexion_handle(pTHX_ SV* sv, const swig_type_info* type) {
  const char* const package = SWIG_Perl_TypeProxyName(type);
  SvGETMAGIC(sv);
  SV* const handle = SvROK(sv) ? SvRV(sv) : nullptr;
  if (!handle || !SvOBJECT(handle) || !SvIOK(handle) ||
      (strcmp(HvNAME_get(SvSTASH(handle)), package) != 0 && !sv_derived_from(sv, package))) {
    binding::misuse(aTHX_ std::string("a ") + package + " is needed, not " +
                     binding::quoted(aTHX_ sv));
    return nullptr;
  }
  if (SvIVX(handle) == 0)
    binding::misuse(aTHX_ std::string("this ") + (strrchr(package, ':') + 1) + " has been freed");
  return INT2PTR(void*, SvIVX(handle));
}
}
%fragment("connexion_handle");

%typemap(in, noblock=1) SWIGTYPE *self, const SWIGTYPE & {
  $1 = reinterpret_cast<$1_ltype>(connexion_handle(aTHX_ $input, $descriptor));
  if (!$1) SWIG_fail;
}
// DESTROY: what is gone stays gone, however often it is called.
%typemap(in, noblock=1) SWIGTYPE *gone {
  if (SvROK($input) && SvIOK(SvRV($input))) {
    $1 = INT2PTR($1_ltype, SvIVX(SvRV($input)));
    SvIV_set(SvRV($input), 0);
  }
}
// SWIG's own conversion makes a tied hash and keeps a list of what Perl owns.
%typemap(out, noblock=1) SWIGTYPE * {
  $result = SWIG_NewPointerObj(SWIG_as_voidptr($1), $descriptor, 0);
  argvi++;
}
// What a method of a class is called on, where that doesn't matter.
namespace binding { struct Invocant; }
%typemap(in) binding::Invocant ""

%typemap(out) bool {
  $result = sv_2mortal(newSViv($1 ? 1 : 0));
  argvi++;
}

// Names and values behind the other arguments, or none.
%typemap(default) (...) (binding::Options options) {
  $1 = &options;
}
%typemap(in) (...) {
  if (!binding::read_options(aTHX_ &ST($argnum - 1), items - ($argnum - 1),
                             *static_cast<binding::Options*>($1)))
    SWIG_fail;
}

// Results that cross as Perl's own arrays and hashes.
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
class MaybeNumber;
class MaybeRequest;
}
namespace connexion {
struct Decision;
struct ForClient;
struct ReadResult;
}
CONNEXION_VALUE(binding::PointList)
CONNEXION_VALUE(binding::IdentifierList)
CONNEXION_VALUE(binding::MaybeNumber)
CONNEXION_VALUE(binding::MaybeRequest)
CONNEXION_VALUE(connexion::Decision)
CONNEXION_VALUE(connexion::ForClient)
%feature("novaluewrapper") connexion::ReadResult;
%typemap(out) connexion::ReadResult {
  SV* record = newSV(0);
  if ($1.record)
    sv_setref_pv(record, FACADE "Record", new connexion::Record(*std::move($1.record)));
  $result = sv_2mortal(binding::perl_value(aTHX_ $1, record));
  argvi++;
}
