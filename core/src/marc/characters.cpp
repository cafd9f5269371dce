// SPDX-License-Identifier: GPL-3.0-or-later
//
// The encoding is decided by the bytes: UTF-8 where multi-byte sequences are and all are valid;
// else MARC-8 where the text makes sense in it; else Latin-1, also where MARC-8 could be read but
// makes less sense. The leader's word counts only where the bytes leave it open.
#include "marc/characters.hpp"

#include <algorithm>

#include "connexion/text.hpp"
#include "marc/decode.hpp"
#include "marc/escape.hpp"
#include "marc/references.hpp"
#include "marc/weigh.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

// What the bytes of all values look like.
struct Look {
  bool high = false;
  bool escape = false;
  bool c1 = false;               // 80 to 9F outside of UTF-8 sequences
  std::size_t sequences = 0;     // valid multi-byte sequences of UTF-8
  std::size_t invalid = 0;       // other bytes of 80 and above
  bool in_word = false;          // a byte that is a letter in Latin-1 stands beside a letter
  bool capital_in_word = false;  // one that is a capital in Latin-1 follows a small letter
  bool cut_sequence = false;     // a value ends in the first byte of a sequence
};

bool is_capital(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_small(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_letter(char c) noexcept {
  return is_capital(c) || is_small(c);
}

bool beside_letter(std::string_view value, std::size_t at) noexcept {
  return (at > 0 && is_letter(value[at - 1])) ||
         (at + 1 < value.size() && is_letter(value[at + 1]));
}

// The only letter beyond ASCII that is a word in Latin-1, as in French and Portuguese.
bool is_lone_a_grave(std::string_view value, std::size_t at) noexcept {
  return value[at] == '\xE0' && at > 0 && (value[at - 1] == ' ' || value[at - 1] == '\'') &&
         at + 1 < value.size() && value[at + 1] == ' ';
}

// Behind a small letter, or between a capital and a small one.
bool in_small_letters(std::string_view value, std::size_t at) noexcept {
  if (at == 0) return false;
  return is_small(value[at - 1]) ||
         (is_capital(value[at - 1]) && at + 1 < value.size() && is_small(value[at + 1]));
}

// Whether the value has printable ASCII only.
bool look_at(std::string_view value, Look& look) {
  const std::size_t plain = plain_run(value, 0);
  if (plain == value.size()) return true;
  look.escape |= value.find(kEscape, plain) != std::string_view::npos;
  for (std::size_t at = utf8::first_non_ascii(value, plain); at < value.size();
       at = utf8::first_non_ascii(value, at)) {
    look.high = true;
    const std::size_t length = utf8::sequence(value, at);
    const auto byte = static_cast<unsigned char>(value[at]);
    if (length == 0) {
      ++look.invalid;
      look.c1 |= byte < 0xA0;
      look.in_word |= byte >= 0xC0 && (beside_letter(value, at) || is_lone_a_grave(value, at));
      look.capital_in_word |= byte >= 0xC0 && byte < 0xDF && in_small_letters(value, at);
      // As Latin-1 these are capital A with a mark; a word in small letters doesn't end so.
      look.cut_sequence |= (byte == 0xC2 || byte == 0xC3) && at + 1 == value.size() &&
                           (at == 0 || !is_capital(value[at - 1]));
    } else {
      ++look.sequences;
    }
    at += std::max<std::size_t>(length, 1);
  }
  return false;
}

class CharacterReader {
 public:
  CharacterReader(std::string_view bytes, char declared, const ReadOptions& options,
                  const RawRecord& raw, RecordDraft& draft, Log& log)
      : bytes_(bytes), declared_(declared), options_(options), raw_(raw), draft_(draft), log_(log) {
    plain_.reserve(raw.values.size());
    for (const auto& value : raw.values) plain_.push_back(look_at(text(value), look_));
  }

  Encoding read() {
    const Encoding encoding =
        options_.encoding == Encoding::automatic ? detect() : options_.encoding;
    check_leader(encoding);
    if (log_.refused()) return encoding;
    if (!decoded_) decode(encoding);
    std::swap(draft_.text, attempt_.text);
    std::swap(draft_.fields, attempt_.fields);
    std::swap(draft_.marks, attempt_.marks);
    tell_problems();
    return encoding;
  }

 private:
  struct ValueProblem {
    std::size_t field;
    Problem problem;  // its offset in the record
  };

  [[nodiscard]] std::string_view text(const RawRecord::Value& value) const {
    return bytes_.substr(value.span.at, value.span.length);
  }

  Encoding detect() {
    const bool says_utf8 = declared_ == 'a';
    if (!look_.high && !look_.escape) return says_utf8 ? Encoding::utf8 : Encoding::marc8;
    if (look_.sequences != 0 && look_.invalid == 0) return Encoding::utf8;
    decode(Encoding::marc8);
    if (!says_utf8) weigh_values();
    const bool latin1 = latin1_fits(says_utf8);
    const bool better_in_latin1 = latin1 && !says_utf8 && evidence_.latin1 > evidence_.marc8;
    if (!better_in_latin1 && marc8_fits(says_utf8)) {
      if (doubtful()) log_.report(Code::encoding_doubtful, 9, "LDR");
      return Encoding::marc8;
    }
    if (says_utf8 ? latin1 : better_in_latin1) {
      log_.report(Code::read_as_latin1, 9, "LDR");
      decode(Encoding::latin1);
      return Encoding::latin1;
    }
    if (look_.high && (says_utf8 || mostly_utf8())) {
      decode(Encoding::utf8);
      return Encoding::utf8;
    }
    if (!refused_problem()) log_.report(Code::encoding_unknown, 9, "LDR");
    return Encoding::marc8;
  }

  // Other encodings hold such sequences by rare chance only.
  [[nodiscard]] bool mostly_utf8() const { return look_.sequences > look_.invalid / 4; }

  [[nodiscard]] bool refused_problem() const {
    return std::any_of(problems_.begin(), problems_.end(), [](const ValueProblem& p) {
      return default_severity(p.problem.code) == Severity::refused;
    });
  }

  // Whether what the MARC-8 decoder made of the bytes is text. Where the leader says UTF-8 there
  // must be no sign against it.
  [[nodiscard]] bool marc8_fits(bool says_utf8) const {
    if (mostly_utf8()) return false;
    if (says_utf8 && look_.high)
      return !refused_problem() && fit_.no_letter == 0 && fit_.uncomposed == 0;
    return !refused_problem() && fit_.no_letter <= fit_.composed + fit_.uncomposed;
  }

  [[nodiscard]] bool latin1_fits(bool says_utf8) const {
    const bool in_place = look_.in_word || (!says_utf8 && evidence_.signs != 0);
    if (!in_place || look_.capital_in_word || look_.c1 || look_.escape) return false;
    if (look_.sequences != 0 && look_.sequences * 10 > look_.invalid) return false;
    if (says_utf8) return !look_.cut_sequence;
    // One odd place in MARC-8 doesn't make it Latin-1.
    return evidence_.latin1 > 1;
  }

  // A slip among much that is sound leaves no doubt.
  [[nodiscard]] bool doubtful() const {
    return evidence_.latin1 * 8 > evidence_.marc8 ||
           (evidence_.marc8 == 0 && evidence_.either != 0);
  }

  void weigh_values() {
    for (std::size_t i = 0; i < plain_.size(); ++i)
      if (!plain_[i]) weigh(text(raw_.values[i]), evidence_);
  }

  void check_leader(Encoding encoding) {
    const bool right = encoding == Encoding::utf8
                           ? declared_ == 'a' || (declared_ == ' ' && !look_.high)
                           : declared_ == ' ';
    if (!right) log_.report(Code::leader_encoding, 9, "LDR");
  }

  // Into attempt_ and problems_, which an attempt before is cleared from.
  void decode(Encoding encoding) {
    decoded_ = true;
    attempt_.fields.clear();
    attempt_.marks.clear();
    attempt_.text.clear();
    attempt_.fields.reserve(raw_.fields.size());
    attempt_.marks.reserve(raw_.fields.size() + raw_.values.size());
    attempt_.text.reserve(bytes_.size() * (encoding == Encoding::utf8 ? 1 : 2));
    problems_.clear();
    fit_ = {};
    std::size_t value = 0;
    for (std::size_t i = 0; i < raw_.fields.size(); ++i) {
      const auto& field = raw_.fields[i];
      if (field.control) {
        attempt_.open_control({field.tag, 3});
        decode_value(encoding, i, value);
        if (attempt_.text.size() != attempt_.fields.back().first) {
          attempt_.close_control();
        } else {  // it held nothing but what was left out
          attempt_.fields.pop_back();
          problems_.push_back({i, {Code::field_empty, raw_.values[value].span.at}});
        }
      } else {
        attempt_.data_field({field.tag, 3}, field.indicators[0], field.indicators[1]);
        for (std::size_t k = 0; k < field.count; ++k) {
          attempt_.open_subfield(raw_.values[value + k].code);
          decode_value(encoding, i, value + k);
          attempt_.close_subfield();
          if (fit_.left_open && k + 1 < field.count) note_left_open(i, raw_.values[value + k + 1]);
        }
      }
      value += field.count;
    }
  }

  // Every subfield begins with the default sets, but some systems have thought otherwise.
  void note_left_open(std::size_t field, const RawRecord::Value& next) {
    if (next.span.length != 0 && text(next)[0] != kEscape)
      problems_.push_back({field, {Code::marc8_set_left_open, next.span.at}});
  }

  void decode_value(Encoding encoding, std::size_t field, std::size_t index) {
    const RawRecord::Value& value = raw_.values[index];
    const std::size_t from = attempt_.text.size();
    if (plain_[index]) {
      attempt_.text += text(value);
      fit_.left_open = false;
    } else {
      decode_odd(encoding, field, value);
    }
    apply_options(from);
  }

  void decode_odd(Encoding encoding, std::size_t field, const RawRecord::Value& value) {
    found_.clear();
    switch (encoding) {
      case Encoding::marc8:
        decode_marc8(text(value), attempt_.text, found_, fit_);
        break;
      case Encoding::latin1:
        decode_latin1(text(value), attempt_.text, found_);
        break;
      case Encoding::utf8:
      case Encoding::automatic:
        decode_utf8(text(value), attempt_.text, found_);
        break;
    }
    for (const Problem& problem : found_)
      problems_.push_back({field, {problem.code, value.span.at + problem.offset}});
  }

  void apply_options(std::size_t from) {
    if (options_.bracketed_hex || options_.numeric_references)
      read_references(attempt_.text, from, options_.bracketed_hex, options_.numeric_references);
    if (!options_.nfc) return;
    const std::string_view value = std::string_view(attempt_.text).substr(from);
    if (!utf8::is_plainly_nfc(value)) attempt_.text.replace(from, std::string::npos, nfc(value));
  }

  // One diagnostic for each kind in each field.
  void tell_problems() {
    if (problems_.empty()) return;
    log_.restart_fields();
    auto problem = problems_.begin();
    for (std::size_t i = 0; i < raw_.fields.size() && problem != problems_.end(); ++i) {
      log_.begin_field({raw_.fields[i].tag, 3});
      std::vector<Code> told;
      for (; problem != problems_.end() && problem->field == i; ++problem) {
        const Code code = problem->problem.code;
        if (std::find(told.begin(), told.end(), code) != told.end()) continue;
        told.push_back(code);
        log_.report_field(code, problem->problem.offset);
      }
    }
  }

  std::string_view bytes_;
  char declared_;
  const ReadOptions& options_;
  const RawRecord& raw_;
  RecordDraft& draft_;
  Log& log_;
  Look look_;
  std::vector<char> plain_;  // of each value: printable ASCII only
  bool decoded_ = false;
  RecordDraft attempt_;
  std::vector<ValueProblem> problems_;
  Problems found_;
  Marc8Fit fit_;
  Evidence evidence_;
};

}  // namespace

Encoding decode_characters(std::string_view bytes, char declared, const ReadOptions& options,
                           const RawRecord& raw, RecordDraft& draft, Log& log) {
  return CharacterReader(bytes, declared, options, raw, draft, log).read();
}

}  // namespace connexion::detail
