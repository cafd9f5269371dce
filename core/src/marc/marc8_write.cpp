// SPDX-License-Identifier: GPL-3.0-or-later
//
// ANSEL stays in G1 all the time and every other set goes through G0, so that readers which know
// little of ISO 2022 still understand it. Unicode has marks behind their letter and MARC-8 before
// it, so letters are written with all their marks at once. A character that the tables have is
// written as that one; others are taken apart as far as the tables have the parts.
#include "marc/marc8_write.hpp"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "marc/escape.hpp"
#include "marc/marc8_table.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

using marc8::Set;

// A character's place in one set.
struct Place {
  char32_t character;
  std::uint32_t code;  // without high bits; three bytes in EACC
  Set set;
  bool mark;
};

// Where several sets have a character, the first of these is taken unless another is in effect.
constexpr std::array<Set, 12> kPreference{Set::ascii,
                                          Set::ansel,
                                          Set::subscripts,
                                          Set::superscripts,
                                          Set::hebrew,
                                          Set::cyrillic,
                                          Set::extended_cyrillic,
                                          Set::greek,
                                          Set::arabic,
                                          Set::extended_arabic,
                                          Set::eacc,
                                          Set::greek_symbols};

void add_single_byte_set(Set set, std::vector<Place>& places) {
  const auto row = static_cast<std::size_t>(set);
  const auto& marks = marc8::kCombining[row];
  for (std::uint32_t position = 0; position < 96; ++position) {
    const char32_t character = marc8::kSingleByte[row][position];
    if (character == 0) continue;
    const bool mark = position < 64 ? (marks.low >> position & 1U) != 0
                                    : (marks.high >> (position - 64) & 1U) != 0;
    places.push_back({character, position + 0x20, set, mark});
  }
}

void add_eacc(std::vector<Place>& places) {
  for (std::uint32_t pair = 0; pair < 96 * 96; ++pair)
    for (std::uint32_t third = 0; third < 96; ++third) {
      char32_t character = marc8::kEacc[marc8::kEaccRow[pair]][third];
      if (character == 0) continue;
      if (character >= 0xD800 && character < 0xE000)
        character = marc8::kEaccBeyondBmp[character - 0xD800];
      const std::uint32_t code =
          (pair / 96 + 0x20) << 16 | (pair % 96 + 0x20) << 8 | (third + 0x20);
      places.push_back({character, code, Set::eacc, false});
    }
}

// All places, by character; those of one character in order of preference.
const std::vector<Place>& all_places() {
  static const std::vector<Place> places = [] {
    std::vector<Place> result;
    result.reserve(17000);
    for (const Set set : kPreference)
      if (set == Set::eacc)
        add_eacc(result);
      else
        add_single_byte_set(set, result);
    std::stable_sort(result.begin(), result.end(),
                     [](const Place& a, const Place& b) { return a.character < b.character; });
    return result;
  }();
  return places;
}

// The place of `c`, if it can be in the set `wanted`; null if there is none.
const Place* find_place(char32_t c, Set wanted) {
  const auto& places = all_places();
  const auto first =
      std::lower_bound(places.begin(), places.end(), c,
                       [](const Place& place, char32_t value) { return place.character < value; });
  if (first == places.end() || first->character != c) return nullptr;
  for (auto place = first; place != places.end() && place->character == c; ++place)
    if (place->set == wanted) return &*place;
  return &*first;
}

bool in_tables(char32_t c) {
  return find_place(c, Set::ascii) != nullptr;
}

// The four characters of C1 that MARC-8 has; 0 for others.
char control_code(char32_t c) noexcept {
  switch (c) {
    case 0x98:
      return '\x88';
    case 0x9C:
      return '\x89';
    case 0x200D:
      return '\x8D';
    case 0x200C:
      return '\x8E';
    default:
      return '\0';
  }
}

// What follows the escape character to designate a set as G0.
std::string_view designation(Set set) noexcept {
  static constexpr std::array<std::string_view, 12> kSequences{"(B", "(!E", "g",  "b",  "p",  "(2",
                                                               "(N", "(Q",  "(3", "(4", "(S", "$1"};
  return kSequences[static_cast<std::size_t>(set)];
}

// These three are left by a sequence of their own.
bool is_custom(Set set) noexcept {
  return set == Set::greek_symbols || set == Set::subscripts || set == Set::superscripts;
}

const icu::Normalizer2& composer() {
  UErrorCode status = U_ZERO_ERROR;
  return *icu::Normalizer2::getNFCInstance(status);
}

// The halves of the marks over two letters that Unicode also has as characters of their own.
constexpr char32_t kLigature = 0x361;
constexpr char32_t kDoubleTilde = 0x360;
constexpr std::uint32_t kLigatureCode = 0x6B;
constexpr std::uint32_t kDoubleTildeCode = 0x7A;

const Place* find_mark(char32_t c, Set in_effect) {
  static constexpr Place kLigatureLeft{0xFE20, kLigatureCode, Set::ansel, true};
  static constexpr Place kDoubleTildeLeft{0xFE22, kDoubleTildeCode, Set::ansel, true};
  if (c == 0xFE20) return &kLigatureLeft;
  if (c == 0xFE22) return &kDoubleTildeLeft;
  const Place* place = find_place(c, in_effect);
  // G1 has the mark without an escape sequence.
  if (place != nullptr && place->set != in_effect) place = find_place(c, Set::ansel);
  return place != nullptr && place->mark ? place : nullptr;
}

class Encoder {
 public:
  Encoder(std::string_view text, std::string& out, std::vector<char32_t>* references)
      : out_(out), references_(references) {
    take_apart(text);
  }

  void encode() {
    for (std::size_t at = 0; at < characters_.size();) at = write_one(at);
    designate(Set::ascii);
  }

 private:
  void take_apart(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = std::max<std::size_t>(utf8::sequence(text, at), 1);
      take(utf8::decode(text, at, length));
      at += length;
    }
  }

  void take(char32_t c) {
    characters_.push_back(c);
    compose_last();
    if (characters_.back() != c || in_tables(c)) return;
    icu::UnicodeString parts;
    if (!composer().getDecomposition(static_cast<UChar32>(c), parts)) return;
    std::vector<char32_t> taken;
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
      const auto part = static_cast<char32_t>(parts.char32At(i));
      const UChar32 pair =
          taken.size() != 1
              ? -1
              : composer().composePair(static_cast<UChar32>(taken[0]), static_cast<UChar32>(part));
      if (pair >= 0 && in_tables(static_cast<char32_t>(pair)))
        taken[0] = static_cast<char32_t>(pair);
      else
        taken.push_back(part);
    }
    // A letter without one of its marks would be another letter, so it is all or nothing.
    if (!std::all_of(taken.begin(), taken.end(), in_tables)) return;
    characters_.pop_back();
    characters_.insert(characters_.end(), taken.begin(), taken.end());
  }

  // What the tables have as one character is written as one.
  void compose_last() {
    const std::size_t size = characters_.size();
    if (size < 2) return;
    const UChar32 pair = composer().composePair(static_cast<UChar32>(characters_[size - 2]),
                                                static_cast<UChar32>(characters_[size - 1]));
    if (pair < 0 || !in_tables(static_cast<char32_t>(pair))) return;
    characters_.pop_back();
    characters_.back() = static_cast<char32_t>(pair);
  }

  // Writes the character at `at` with the marks behind it; gives where the next one is.
  std::size_t write_one(std::size_t at) {
    const char32_t c = characters_[at++];
    if (write_control(c)) return at;
    const std::optional<Place> base = find_base(c);
    if (!base) {
      write_reference(c);
      return at;
    }
    select(*base);
    if (const std::uint32_t half = std::exchange(second_half_, 0); half != 0) put_ansel(half);
    while (at < characters_.size() && write_mark(characters_[at])) ++at;
    select(*base);
    put(*base);
    return at;
  }

  // Controls stand outside of all sets.
  bool write_control(char32_t c) {
    const char control = c < 0x20 ? static_cast<char>(c) : control_code(c);
    if (control == '\0') return false;
    out_ += control;
    return true;
  }

  [[nodiscard]] std::optional<Place> find_base(char32_t c) const {
    // Space is in every set, but in one of three bytes not every reader knows that.
    if (c == ' ') return Place{c, 0x20, g0_ == Set::eacc ? Set::ascii : g0_, false};
    const Place* place = find_place(c, g0_);
    if (place == nullptr || place->mark) return std::nullopt;
    return *place;
  }

  // False if it isn't a mark that MARC-8 has, or has room for.
  bool write_mark(char32_t c) {
    const Place* mark = find_mark(c, g0_);
    if (mark == nullptr) return false;
    if (c == kLigature || c == kDoubleTilde) {
      if (second_half_ != 0) return false;
      second_half_ = mark->code + 1;
    }
    select(*mark);
    put(*mark);
    return true;
  }

  // What ANSEL has goes through G1, where it always is.
  void select(const Place& place) {
    if (place.set != Set::ansel) designate(place.set);
  }

  void designate(Set set) {
    if (set == g0_) return;
    out_ += kEscape;
    if (set == Set::ascii && is_custom(g0_))
      out_ += 's';
    else
      out_ += designation(set);
    g0_ = set;
  }

  void put(const Place& place) {
    if (place.set == Set::ansel) return put_ansel(place.code);
    if (place.set == Set::eacc) {
      out_ += static_cast<char>(place.code >> 16);
      out_ += static_cast<char>(place.code >> 8 & 0x7F);
    }
    out_ += static_cast<char>(place.code & 0x7F);
  }

  void put_ansel(std::uint32_t code) { out_ += static_cast<char>(code | 0x80U); }

  void write_reference(char32_t c) {
    designate(Set::ascii);
    std::array<char, 16> reference{};
    std::snprintf(reference.data(), reference.size(), "&#x%04X;", static_cast<unsigned>(c));
    out_ += reference.data();
    if (references_ != nullptr) references_->push_back(c);
  }

  std::string& out_;
  std::vector<char32_t>* references_;  // what was written as one, if anybody wants to know
  std::vector<char32_t> characters_;
  Set g0_ = Set::ascii;
  std::uint32_t second_half_ = 0;  // of a mark over two letters, due before the next letter
};

}  // namespace

void encode_marc8(std::string_view text, std::string& out, std::vector<char32_t>* references) {
  if (utf8::first_non_ascii(text) == text.size() && text.find('\x7F') == std::string_view::npos)
    out += text;
  else
    Encoder(text, out, references).encode();
}

}  // namespace connexion::detail
