// SPDX-License-Identifier: GPL-3.0-or-later
#include "marc/weigh.hpp"

#include <array>

#include "marc/escape.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

// Letters that a mark of ANSEL stands over: those that languages and the romanizations of the
// Library of Congress write (`own`), and those that say nothing, since the mark is a Latin-1 letter
// that stands before them in words, too (`either`). Over all others the mark makes no sense.
struct Mark {
  std::string_view own;
  std::string_view either;
};

constexpr unsigned kFirstMark = 0xE0;
constexpr std::array<Mark, 31> kMarks{{
    {"aeouyAEIOUY", "i"},                                          // E0 hook above, or a grave
    {"aeouwyAEIOUWY", "cilmnrst"},                                 // E1 grave, or a acute
    {"aceiknosuyzACEGIKLMNOPRSUWYZ", "bdfghjlmpqrtvwxBDFHJQTVX"},  // E2 acute, or a circumflex
    {"aiuwyACEGHIJOSUWYZ", "ceghjosz"},                            // E3 circumflex, or a tilde
    {"aeiouvyAEINOUVY", "n"},                                      // E4 tilde, or a umlaut
    {"aeiouyAEGIOUY", "g"},                                        // E5 macron, or a ring
    {"aeiouAEGIOU", "gcz"},                                        // E6 breve, or ae
    {"bcefghmnrtzABCDEFGHIMNOPRSTWXYZ", "dhkloprsuwxy"},           // E7 dot above, or c cedilla
    {"aeiouyAEHIOUWXY", "htwx"},                                   // E8 umlaut, or e grave
    {"ACDEGHIKLNORSTUZ", "acdeghijklnorstuz"},                     // E9 caron, or e acute
    {"auAU", "eowyx"},                                             // EA ring, or e circumflex
    {"", ""},                                                      // EB ligature, by its other half
    {"", ""},                                                      // EC
    {"OU", "oustr"},                                               // ED comma above right, i acute
    {"ouOU", "aei"},                                               // EE double acute, i circumflex
    {"mM", "aeiouy"},                                              // EF candrabindu, i umlaut
    {"cstCDEGHKLNRST", "deghklnor"},                               // F0 cedilla, or eth
    {"AEIOU", "aceiou"},                                           // F1 ogonek, or n tilde
    {"abdehiklmnorstuvwyzABDEHIKLMNORSTUVWYZ", "c"},               // F2 dot below, or o grave
    {"GLSTUZ", "iostuz"},                                          // F3 two dots below, o acute
    {"AHLMNRS", "ahlmnors"},                                       // F4 ring below, o circumflex
    {"GU", "aego"},                                                // F5 two lines below, o tilde
    {"BDGHIKLNRSTZ", "bdhklnorstz"},                               // F6 line below, or o umlaut
    {"STst", "ceo"},                                               // F7 comma below
    {"AEO", "aeo"},         // F8 cedilla to the right, o slash
    {"H", "ho"},            // F9 breve below, or u grave
    {"", ""},               // FA double tilde
    {"", ""},               // FB
    {"", ""},               // FC no code of ANSEL, u umlaut
    {"", ""},               // FD no code of ANSEL, y acute
    {"ENO", "aeiounlkdt"},  // FE comma above, or thorn
}};

constexpr std::string_view kSeldomCaron = "dglt";

bool is_digit(unsigned char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_capital(unsigned char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_small(unsigned char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_letter(unsigned char c) noexcept {
  return is_capital(c) || is_small(c);
}
bool is_vowel(unsigned char c) noexcept {
  constexpr std::string_view kVowels = "aeiouAEIOU";
  return kVowels.find(static_cast<char>(c)) != std::string_view::npos;
}
bool is_mark(unsigned char c) noexcept {
  return c >= kFirstMark && c != 0xFF;
}
// Codes of ANSEL that are letters, which marks may stand over.
bool is_ansel_letter(unsigned char c) noexcept {
  return (c >= 0xA1 && c <= 0xA6) || c == 0xAC || c == 0xAD || (c >= 0xB1 && c <= 0xB6) ||
         c == 0xB8 || c == 0xBA || c == 0xBC || c == 0xBD || c == 0xC7;
}

class Weigher {
 public:
  Weigher(std::string_view value, Evidence& evidence) : value_(value), evidence_(evidence) {}

  void weigh() {
    for (std::size_t at = utf8::first_non_ascii(value_, 0); at < value_.size();
         at = utf8::first_non_ascii(value_, at))
      at = is_mark(byte(at)) ? marks(at) : sign(at);
  }

 private:
  [[nodiscard]] unsigned char byte(std::size_t at) const noexcept {
    return at < value_.size() ? static_cast<unsigned char>(value_[at]) : 0;
  }
  [[nodiscard]] unsigned char before(std::size_t at) const noexcept {
    return at == 0 ? 0 : byte(at - 1);
  }

  // All marks over one letter; the end of the letter.
  std::size_t marks(std::size_t first) noexcept {
    std::size_t base = first;
    while (is_mark(byte(base))) ++base;
    if (base == value_.size() || !(is_letter(byte(base)) || is_ansel_letter(byte(base)))) {
      no_letter(base - 1);
    } else {
      for (std::size_t at = first; at < base; ++at) mark(at, base, base - first);
    }
    return base == value_.size() ? base : base + (byte(base) < 0x80 ? 1 : 0);
  }

  // A mark before no letter makes no sense, but it may be a slip. The letters that end words most
  // often in Latin-1, and marks that are rare, are no slips.
  void no_letter(std::size_t at) noexcept {
    const unsigned char mark = byte(at);
    const bool no_slip = mark == 0xE0 || mark == 0xE9 || mark == 0xEB || mark == 0xED ||
                         mark == 0xEF || mark >= 0xF2;
    evidence_.latin1 += no_slip ? 2 : 1;
  }

  void mark(std::size_t at, std::size_t base, std::size_t stack) noexcept {
    const unsigned char mark = byte(at);
    const unsigned char letter = byte(base);
    const auto among = [&](std::string_view letters) {
      return letters.find(static_cast<char>(letter)) != kNone;
    };
    if (mark >= 0xFC && mark <= 0xFD) {
      evidence_.latin1 += 2;
    } else if (spans_two(mark)) {
      two_letters(at, mark);
    } else if (letter >= 0x80) {
      // Letters of ANSEL are signs in Latin-1, which seldom follow a letter at once.
      evidence_.marc8 += stack == 1 ? 1 : 2;
    } else if (among(kMarks[mark - kFirstMark].own)) {
      evidence_.marc8 += 2;
    } else if (among(kMarks[mark - kFirstMark].either)) {
      in_words(at, base);
    } else {
      evidence_.latin1 += 2;
    }
  }

  // Marks that only the letters around them tell from Latin-1.
  void in_words(std::size_t at, std::size_t base) noexcept {
    const unsigned char previous = before(at);
    const unsigned char letter = byte(base);
    const unsigned char next = byte(base + 1);
    if (byte(at) == 0xE4 && is_vowel(previous) && (is_vowel(next) || next == 'j' || next == 'c'))
      evidence_.marc8 += 2;  // n with a tilde
    else if (byte(at) == 0xF1 && is_vowel(previous) && previous != 'i')
      evidence_.latin1 += 2;  // an ogonek would stand behind a consonant
    else if (byte(at) == 0xE9 && is_letter(previous) && !is_vowel(previous) &&
             kSeldomCaron.find(static_cast<char>(letter)) != kNone)
      ++evidence_.latin1;
    else
      ++evidence_.either;
  }

  static bool spans_two(unsigned char mark) noexcept {
    return mark == 0xEB || mark == 0xEC || mark == 0xFA || mark == 0xFB;
  }

  // The halves stand before two letters that follow each other, perhaps with marks of their own.
  void two_letters(std::size_t at, unsigned char mark) noexcept {
    constexpr std::size_t kReach = 4;
    const bool second = mark == 0xEC || mark == 0xFB;
    const auto other = static_cast<unsigned char>(second ? mark - 1 : mark + 1);
    bool found = false;
    for (std::size_t i = 1; i <= kReach; ++i)
      found |= second ? at >= i && byte(at - i) == other : byte(at + i) == other;
    (found ? evidence_.marc8 : evidence_.latin1) += 2;
  }

  std::size_t sign(std::size_t at) noexcept {
    if (at != 0 && before(at) >= 0x80) return at + 1;
    const std::size_t points = is_odd_sign(at) ? 2 : 0;
    evidence_.latin1 += points;
    if (byte(at) < 0xC0) evidence_.signs += points;
    return at + 1;
  }

  // Whether the sign, or letter, that ANSEL has there makes no sense where it stands.
  [[nodiscard]] bool is_odd_sign(std::size_t at) const noexcept {
    const unsigned char previous = before(at);
    const unsigned char next = byte(at + 1);
    switch (byte(at)) {
      case 0xA0:  // nothing, or a space that doesn't break
      case 0xAF:  // nothing, or a macron
      case 0xBB:  // nothing, or a closing quotation mark
      case 0xBE:  // nothing, or three quarters
      case 0xBF:  // nothing, or an inverted question mark
        return true;
      case 0xA3:  // D with a stroke, or pound
        return is_digit(next) && !is_letter(previous);
      case 0xA9:  // flat, or copyright
        return !is_letter(previous) && (is_digit(next) || next == ' ');
      case 0xAB:  // plus or minus, or an opening quotation mark
        return is_letter(next);
      case 0xB0:  // ayn, or degree
        return is_digit(previous) && !is_small(next);
      case 0xC0:  // degree, or A grave
      case 0xC3:  // copyright, or A tilde
      case 0xC2:  // copyright of a recording, or A circumflex
        return is_letter(previous) || is_small(next);
      case 0xC1:  // script l, or A acute
      case 0xC8:  // euro, or E grave
        return is_letter(next);
      case 0xC4:  // sharp, or A umlaut
        return is_small(next) && !is_letter(previous);
      case 0xC7:  // sharp s, or C cedilla
        return is_small(next) && !is_letter(previous);
      default:  // C9 to DF are letters in Latin-1 and nothing in ANSEL
        return byte(at) >= 0xC9;
    }
  }

  static constexpr std::size_t kNone = std::string_view::npos;
  std::string_view value_;
  Evidence& evidence_;
};

}  // namespace

void weigh(std::string_view value, Evidence& evidence) noexcept {
  if (value.find(kEscape) == std::string_view::npos) Weigher(value, evidence).weigh();
}

}  // namespace connexion::detail
