// SPDX-License-Identifier: GPL-3.0-or-later
//
// A C++ exception becomes an object in $@: a hash {code, message}, blessed into the facade's Error.
//
// The object is made inside the catch block, the jump to Perl is made outside it: a croak is a
// longjmp, and one from within the block would leave the C++ exception behind, unfreed.

%fragment("connexion_raise", "header") {
static void connexion_raise(const char* code, const char* message) {
  dTHX;
  HV* fields = newHV();
  (void)hv_stores(fields, "code", newSVpv(code, 0));
  (void)hv_stores(fields, "message", newSVpvn_utf8(message, strlen(message), TRUE));
  SV* error = sv_bless(newRV_noinc(reinterpret_cast<SV*>(fields)),
                       gv_stashpvs("Koha::Plugin::ConnexionGateway::Core::Error", GV_ADD));
  sv_setsv(ERRSV, error);
  SvREFCNT_dec(error);
}
}
%fragment("connexion_raise");

%exception {
  bool raised = true;
  try {
    $action
    raised = false;
  } catch (const connexion::Error& e) {
    connexion_raise(e.code().c_str(), e.what());
  } catch (const std::exception& e) {
    connexion_raise("core.exception", e.what());
  } catch (...) {
    connexion_raise("core.exception", "an exception of an unknown kind");
  }
  if (raised) SWIG_fail;
}
