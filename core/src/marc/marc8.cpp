// SPDX-License-Identifier: GPL-3.0-or-later
//
// MARC-8 to Unicode.
//
// Two sets are in effect, G0 for the codes 21 to 7E and G1 for A1 to FE; escape sequences change
// one of them until the value ends. A code with its high bit taken away is the position in the
// set, whichever of the two it came through. Combining characters stand before their base in
// MARC-8 and after it in Unicode. A mark over two letters has two codes, one before each letter;
// Unicode has one character, between the letters.
#include <unicode/normalizer2.h>

#include <optional>

#include "marc/decode.hpp"
#include "marc/escape.hpp"
#include "marc/marc8_table.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

using marc8::Set;

std::optional<Set> set_of(char final) noexcept {
  switch (final) {
    case 'B':
      return Set::ascii;
    case 'E':
      return Set::ansel;
    case '2':
      return Set::hebrew;
    case 'N':
      return Set::cyrillic;
    case 'Q':
      return Set::extended_cyrillic;
    case '3':
      return Set::arabic;
    case '4':
      return Set::extended_arabic;
    case 'S':
      return Set::greek;
    default:
      return std::nullopt;
  }
}

// MARC 21's own two-character sequences.
std::optional<Set> custom_set_of(char final) noexcept {
  switch (final) {
    case 's':
      return Set::ascii;
    case 'g':
      return Set::greek_symbols;
    case 'b':
      return Set::subscripts;
    case 'p':
      return Set::superscripts;
    default:
      return std::nullopt;
  }
}

bool is_combining(Set set, unsigned position) noexcept {
  const auto& marks = marc8::kCombining[static_cast<std::size_t>(set)];
  return position < 64 ? (marks.low >> position & 1U) != 0
                       : (marks.high >> (position - 64) & 1U) != 0;
}

char32_t eacc(unsigned first, unsigned second, unsigned third) noexcept {
  const char32_t c = marc8::kEacc[marc8::kEaccRow[first * 96 + second]][third];
  return c >= 0xD800 && c < 0xE000 ? marc8::kEaccBeyondBmp[c - 0xD800] : c;
}

// Positions in ANSEL of the marks that span two letters.
enum : unsigned {
  kLigatureFirst = 0x4B,
  kLigatureSecond = 0x4C,
  kDoubleTildeFirst = 0x5A,
  kDoubleTildeSecond = 0x5B,
  kNoHalf = 0xFF
};

bool is_letter(char32_t c) noexcept {
  return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const icu::Normalizer2* composer() {
  UErrorCode status = U_ZERO_ERROR;
  return icu::Normalizer2::getNFCInstance(status);
}

class Marc8Decoder {
 public:
  Marc8Decoder(std::string_view value, std::string& out, Problems& problems, Marc8Fit& fit)
      : value_(value), out_(out), problems_(problems), fit_(fit) {}

  void decode() {
    while (at_ < value_.size()) {
      if (g0_ == Set::ascii && marks_.empty()) {
        const std::size_t run = plain_run(value_, at_);
        out_ += value_.substr(at_, run - at_);
        at_ = run;
        if (at_ == value_.size()) break;
      }
      step();
    }
    if (!marks_.empty()) {
      problem(Code::marc8_combining_alone, mark_at_);
      flush_marks();
    }
    fit_.left_open = g0_ != Set::ascii;
  }

 private:
  void problem(Code code, std::size_t at) { problems_.push_back({code, at}); }

  void step() {
    const auto byte = static_cast<unsigned char>(value_[at_]);
    if (value_[at_] == kEscape) {
      escape();
    } else if (byte == ' ') {
      base(' ');
      ++at_;
    } else if (byte < 0x20 || byte == 0x7F) {
      decode_control(value_[at_], at_, out_, problems_);
      ++at_;
    } else if (byte >= 0x80 && byte < 0xA0) {
      c1(byte);
      ++at_;
    } else if (const Set set = byte < 0x80 ? g0_ : g1_; set == Set::eacc) {
      three_bytes(byte & 0x80U);
    } else {
      one_byte(set, (byte & 0x7FU) - 0x20);
      ++at_;
    }
  }

  void escape() {
    const Escape found = read_escape(value_, at_);
    switch (found.kind) {
      case Escape::Kind::designation:
        (found.g1 ? g1_ : g0_) = found.set;
        break;
      case Escape::Kind::incomplete:
        problem(Code::escape_left_out, at_);
        break;
      case Escape::Kind::unknown:
        problem(Code::marc8_bad_escape, at_);
        break;
    }
    at_ += found.length;
  }

  // The four C1 characters that MARC-8 has: non-sorting begin and end, joiner and non-joiner.
  void c1(unsigned byte) {
    switch (byte) {
      case 0x88:
        utf8::append(out_, 0x98);
        break;
      case 0x89:
        utf8::append(out_, 0x9C);
        break;
      case 0x8D:
        utf8::append(out_, 0x200D);
        break;
      case 0x8E:
        utf8::append(out_, 0x200C);
        break;
      default:
        undefined();
    }
  }

  void undefined() {
    problem(Code::marc8_undefined, at_);
    base(0xFFFD);
  }

  void three_bytes(unsigned high_bit) {
    unsigned code[3];
    for (std::size_t i = 0; i < 3; ++i) {
      const unsigned byte =
          at_ + i < value_.size() ? static_cast<unsigned char>(value_[at_ + i]) : 0U;
      code[i] = (byte & 0x7FU) - 0x20;
      if ((byte & 0x80U) != high_bit || (byte & 0x7FU) < 0x20) {
        problem(Code::marc8_truncated, at_);
        at_ += i;
        return;
      }
    }
    if (const char32_t c = eacc(code[0], code[1], code[2]))
      base(c);
    else
      undefined();
    at_ += 3;
  }

  void one_byte(Set set, unsigned position) {
    if (set == Set::ansel && second_half(position)) return;
    const char32_t c = marc8::kSingleByte[static_cast<std::size_t>(set)][position];
    if (c == 0) return undefined();
    if (!is_combining(set, position)) return base(c);
    mark(c);
    if (set != Set::ansel) return;
    if (position == kLigatureFirst) half_open_ = kLigatureSecond;
    if (position == kDoubleTildeFirst) half_open_ = kDoubleTildeSecond;
  }

  // The second half of a mark over two letters says nothing that the first has not said.
  bool second_half(unsigned position) {
    if (position != half_open_) return false;
    half_open_ = kNoHalf;
    return true;
  }

  void mark(char32_t c) {
    if (marks_.empty()) {
      mark_at_ = at_;
      first_mark_ = c;
    }
    utf8::append(marks_, c);
  }

  void base(char32_t c) {
    utf8::append(out_, c);
    if (marks_.empty()) return;
    rate(c);
    flush_marks();
  }

  void rate(char32_t c) {
    if (!is_letter(c)) {
      ++fit_.no_letter;
      problem(Code::marc8_combining_odd, mark_at_);
    } else if (first_mark_ == 0x0361 || first_mark_ == 0x0360 || c >= 0x80 ||
               composer()->composePair(static_cast<UChar32>(c),
                                       static_cast<UChar32>(first_mark_)) >= 0) {
      ++fit_.composed;
    } else {
      ++fit_.uncomposed;
    }
  }

  void flush_marks() {
    out_ += marks_;
    marks_.clear();
  }

  std::string_view value_;
  std::string& out_;
  Problems& problems_;
  Marc8Fit& fit_;
  std::size_t at_ = 0;
  Set g0_ = Set::ascii;
  Set g1_ = Set::ansel;
  std::string marks_;  // UTF-8, waiting for their base
  std::size_t mark_at_ = 0;
  char32_t first_mark_ = 0;
  unsigned half_open_ = kNoHalf;
};

}  // namespace

Escape read_escape(std::string_view value, std::size_t at) noexcept {
  const std::string_view rest = value.substr(at);
  std::size_t i = 1;
  const auto next = [&]() -> char { return i < rest.size() ? rest[i] : '\0'; };
  const auto unknown = [&](std::size_t length) {
    return Escape{Escape::Kind::unknown, length, Set::ascii, false};
  };
  if (i == rest.size()) return {Escape::Kind::incomplete, i, Set::ascii, false};
  if (const auto custom = custom_set_of(next()))
    return {Escape::Kind::designation, 2, *custom, false};

  const bool multibyte = next() == '$';
  if (multibyte) ++i;
  const bool g1 = next() == ')' || next() == '-';
  const bool g0 = next() == '(' || next() == ',';
  if (g0 || g1) ++i;
  if (!multibyte && !g0 && !g1) return unknown(1);
  if (next() == '!') ++i;  // ANSEL's final character has this before it
  if (i >= rest.size()) return {Escape::Kind::incomplete, rest.size(), Set::ascii, false};
  if (multibyte)
    return next() == '1' ? Escape{Escape::Kind::designation, i + 1, Set::eacc, g1} : unknown(1);
  const auto set = set_of(next());
  return set ? Escape{Escape::Kind::designation, i + 1, *set, g1} : unknown(1);
}

void decode_marc8(std::string_view value, std::string& out, Problems& problems, Marc8Fit& fit) {
  Marc8Decoder(value, out, problems, fit).decode();
}

}  // namespace connexion::detail
