// SPDX-License-Identifier: GPL-3.0-or-later
//
// The careful way of reading ISO 2709, for every record that the fast way leaves. In this order:
// where the record begins, what is whose (layout.cpp), the leader, fields and subfields, and at
// last the characters.
#include <algorithm>
#include <array>

#include "connexion/text.hpp"
#include "marc/characters.hpp"
#include "marc/decode.hpp"
#include "marc/draft.hpp"
#include "marc/layout.hpp"
#include "marc/leader.hpp"
#include "marc/log.hpp"
#include "marc/read.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// A record terminator that ends nothing is as empty as a line end.
bool is_skipped(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0' || c == kRecordTerminator;
}

// Blanks, and characters of Unicode that only direct how others are shown: marks of writing
// direction, spaces and joiners without width, the soft hyphen.
bool is_invisible(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8::sequence(text, at);
    const char32_t c = length > 1 ? utf8::decode(text, at, length) : U'\0';
    const bool formats = c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
                         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
                         c == 0xFEFF;
    if (!formats && text[at] != ' ') return false;
    at += std::max<std::size_t>(length, 1);
  }
  return true;
}

// Two of its fixed parts being right is enough to try; that the rest fits is seen later.
bool looks_like_leader(std::string_view leader) noexcept {
  if (leader.size() < kLeaderSize) return false;
  const int right = int{number(leader.substr(0, 5)).has_value()} +
                    int{number(leader.substr(12, 5)).has_value()} +
                    int{leader.substr(10, 2) == "22"} + int{leader.substr(20, 2) == "45"};
  return right >= 2;
}

// A record length that was overwritten with blanks is no blanks before the record.
std::size_t leading(std::string_view bytes) noexcept {
  std::size_t at = bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (at < bytes.size() && is_skipped(bytes[at]) && !looks_like_leader(bytes.substr(at))) ++at;
  return at;
}

class Repairer {
 public:
  Repairer(std::string_view bytes, const ReadOptions& options)
      : options_(options), skipped_(leading(bytes)), all_(bytes), bytes_(bytes.substr(skipped_)) {
    log_.offset = skipped_;
    log_.strict = options.strict;
  }

  ReadResult read() {
    if (find_record() && read_leader() && read_fields()) {
      result_.encoding = decode_characters(bytes_, leader_encoding_, options_, raw_, draft_, log_);
      if (!log_.refused() && draft_.fields.empty()) log_.report(Code::record_empty, 0);
    }
    return finish();
  }

 private:
  bool find_record() {
    if (skipped_ != 0 && !bytes_.empty()) log_.report_at(Code::leading_bytes, 0);
    if (bytes_.empty()) return fail(Code::record_empty, 0);
    if (bytes_.size() < kLeaderSize)
      return fail(number(bytes_.substr(0, 5)) && bytes_.size() > 4 ? Code::record_truncated
                                                                   : Code::not_a_record,
                  bytes_.size());
    if (!looks_like_leader(bytes_)) return fail(Code::not_a_record, 0);
    layout_ = lay_out(bytes_);
    consumed_ = layout_.consumed;
    for (auto& diagnostic : layout_.diagnostics) log_.add(std::move(diagnostic));
    note_trailing();
    return !log_.refused();
  }

  bool fail(Code code, std::size_t offset) {
    const std::size_t end = bytes_.find(kRecordTerminator);
    consumed_ = end == std::string_view::npos ? bytes_.size() : end + 1;
    log_.report(code, offset);
    return false;
  }

  void note_trailing() {
    if (consumed_ == bytes_.size()) return;
    std::size_t at = consumed_;
    while (at < bytes_.size() && is_skipped(bytes_[at])) ++at;
    log_.report(is_leader_at(bytes_, at) ? Code::another_record_follows : Code::trailing_bytes,
                consumed_);
  }

  bool read_leader() {
    leader_encoding_ = bytes_[9];
    draft_.leader.assign(bytes_.substr(0, kLeaderSize));
    settle_leader(draft_.leader, log_);
    return !log_.refused();
  }

  bool read_fields() {
    std::array<bool, 10> seen{};
    for (const RawField& field : layout_.fields) {
      const std::string_view tag(field.tag, 3);
      log_.begin_field(tag);
      if (is_control_tag(tag)) {
        read_control_field(field);
        note_repeated(field, seen);
      } else {
        read_data_field(field);
      }
    }
    return !log_.refused();
  }

  void note_repeated(const RawField& field, std::array<bool, 10>& seen) {
    const char digit = field.tag[2];
    if (digit < '0' || digit > '9' || digit == '6' || digit == '7') return;
    bool& again = seen[static_cast<std::size_t>(digit - '0')];
    if (again) log_.report_field(Code::control_field_repeated, field.start);
    again = true;
  }

  void read_control_field(const RawField& field) {
    const std::string_view content = bytes_.substr(field.start, field.length);
    if (content.empty()) return log_.report_field(Code::field_empty, field.entry);
    if (content.find(kSubfieldDelimiter) != std::string_view::npos)
      return log_.report_field(Code::control_field_with_subfields, field.start);
    raw_.add_control(field.tag, {field.start, field.length});
  }

  void read_data_field(const RawField& field) {
    const std::string_view content = bytes_.substr(field.start, field.length);
    const std::size_t first = content.find(kSubfieldDelimiter);
    if (first == std::string_view::npos) {
      // Two indicators and nothing else are an empty field; so are blanks.
      const bool empty =
          content.size() == 2 || content.find_first_not_of(' ') == std::string_view::npos;
      return log_.report_field(empty ? Code::field_empty : Code::text_outside_subfields,
                               field.start);
    }
    if (first < 2) return log_.report_field(Code::indicators_missing, field.start);
    if (first > 2) {
      if (!is_invisible(content.substr(2, first - 2)))
        return log_.report_field(Code::text_outside_subfields, field.start);
      log_.report_field(Code::invisible_before_subfields, field.start + 2);
    }
    if (!is_printable(content[0]) || !is_printable(content[1]))
      return log_.report_field(Code::indicator_bad, field.start);
    raw_.add_data(field.tag, content[0], content[1]);
    read_subfields(field.start + first, field.start + field.length);
    if (raw_.fields.back().count == 0) {
      raw_.fields.pop_back();
      // What had no sound code is content all the same.
      if (content.find_first_not_of(kSubfieldDelimiter, first) == std::string_view::npos)
        log_.report_field(Code::field_empty, field.start);
    }
  }

  // `at` is the offset of a delimiter.
  void read_subfields(std::size_t at, std::size_t end) {
    while (at < end) {
      std::size_t next = bytes_.find(kSubfieldDelimiter, at + 1);
      next = std::min(next, end);
      read_subfield(at + 1, next);
      at = next;
    }
  }

  void read_subfield(std::size_t at, std::size_t end) {
    if (at == end) return log_.report_field(Code::subfield_delimiter_empty, at - 1);
    const char code = bytes_[at];
    if (code == ' ') return log_.report_field(Code::subfield_code_missing, at);
    if (!is_printable(code)) return log_.report_field(Code::subfield_code_bad, at);
    if (!is_usual_code(code)) log_.report_field(Code::subfield_code_unusual, at);
    raw_.add_subfield(code, {at + 1, end - at - 1});
  }

  ReadResult finish() {
    result_.consumed = skipped_ + consumed_;
    result_.outcome = log_.outcome();
    result_.diagnostics = std::move(log_.diagnostics);
    if (result_.outcome != Outcome::refused) result_.record.emplace(draft_.pack());
    return std::move(result_);
  }

  const ReadOptions& options_;
  std::size_t skipped_;
  std::string_view all_;
  std::string_view bytes_;  // from the leader on
  std::size_t consumed_ = 0;
  char leader_encoding_ = ' ';
  Layout layout_;
  RawRecord raw_;
  RecordDraft draft_;
  Log log_;
  ReadResult result_;
};

}  // namespace

ReadResult read_repairing(std::string_view bytes, const ReadOptions& options) {
  return Repairer(bytes, options).read();
}

}  // namespace connexion::detail
