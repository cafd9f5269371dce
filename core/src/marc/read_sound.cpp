// SPDX-License-Identifier: GPL-3.0-or-later
//
// The fast way for records without any flaw. It checks all that read_repair.cpp checks, but at the
// first doubt it gives up and leaves the record to that file.
#include <bit>
#include <cstring>

#include "marc/draft.hpp"
#include "marc/leader.hpp"
#include "marc/read.hpp"
#include "marc/scan.hpp"
#include "text/utf8.hpp"

namespace connexion::detail {
namespace {

struct Span {
  std::uint32_t length;
  std::uint32_t start;
};

// Length and start of a directory entry, all nine digits at once as SWAR. False if one is no digit.
bool read_entry(const char* entry, Span& span) noexcept {
  std::uint64_t word;
  std::memcpy(&word, entry + 3, 8);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  const auto last = static_cast<unsigned>(entry[11] - '0');
  const bool digits = (word & 0xF0F0F0F0F0F0F0F0U) == 0x3030303030303030U &&
                      ((word + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U) == 0x3030303030303030U;
  if (!digits || last > 9) return false;
  word &= 0x0F0F0F0F0F0F0F0FU;
  word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FFU;
  word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFFU;
  span.length = static_cast<std::uint32_t>(word & 0xFFFF);
  span.start = static_cast<std::uint32_t>(word >> 32) * 10 + last;
  return true;
}

struct Frame {
  std::size_t length;
  std::size_t base;
  std::size_t fields;
};

bool read_frame(std::string_view bytes, Frame& frame) noexcept {
  if (bytes.size() < kLeaderSize + kEntrySize + 3 || !leader_is_sound(bytes.data())) return false;
  const auto length = number(bytes.substr(0, 5));
  const auto base = number(bytes.substr(12, 5));
  if (!length || !base || *length != bytes.size() || *base + 2 > *length ||
      *base < kLeaderSize + kEntrySize + 1 || (*base - kLeaderSize - 1) % kEntrySize != 0)
    return false;
  if (bytes[*length - 1] != kRecordTerminator || bytes[*length - 2] != kFieldTerminator ||
      bytes[*base - 1] != kFieldTerminator)
    return false;
  frame = {*length, *base, (*base - kLeaderSize - 1) / kEntrySize};
  return true;
}

class SoundReader {
 public:
  SoundReader(std::string_view bytes, const Frame& frame)
      : directory_(bytes.data() + kLeaderSize),
        text_(bytes.substr(frame.base, frame.length - frame.base - 1)),
        frame_(frame) {}

  // Null at the first doubt.
  std::shared_ptr<RecordData> read(const char* leader, bool ascii_only) {
    scan(text_, scan_);
    if (!scan_.complete || scan_.del || scan_.count < frame_.fields) return nullptr;
    if (scan_.high && (ascii_only || leader[9] != 'a' || utf8::check(text_) != utf8::Check::sound))
      return nullptr;
    auto data = RecordData::make(frame_.fields, scan_.count - frame_.fields, text_.size());
    fields_ = data->fields;
    subfields_ = data->subfields;
    first_subfield_ = subfields_;
    subfields_end_ = subfields_ + data->subfield_count;
    for (std::size_t i = 0; i < frame_.fields; ++i)
      if (!read_field(i)) return nullptr;
    if (control_ != scan_.count) return nullptr;
    std::memcpy(data->text, text_.data(), text_.size());
    std::memcpy(data->leader, leader, kLeaderSize);
    data->leader[9] = 'a';
    return data;
  }

  [[nodiscard]] bool high() const noexcept { return scan_.high; }

 private:
  bool read_field(std::size_t i) noexcept {
    const char* entry = directory_ + i * kEntrySize;
    Span span;
    if (!read_entry(entry, span) || span.start != next_start_ || !is_tag({entry, 3})) return false;
    const std::uint32_t end = span.start + span.length - 1;
    if (end >= text_.size() || text_[end] != kFieldTerminator) return false;
    next_start_ = end + 1;
    const bool control = is_control_tag({entry, 3});
    return control ? read_control(entry, span.start, end) : read_data(entry, span.start, end);
  }

  bool read_control(const char* entry, std::uint32_t start, std::uint32_t end) noexcept {
    if (end == start || next_control() != end || repeated(entry)) return false;
    ++control_;
    *fields_++ = {{entry[0], entry[1], entry[2]}, {' ', ' '}, true, start, end - start};
    return true;
  }

  bool read_data(const char* entry, std::uint32_t start, std::uint32_t end) noexcept {
    // Two indicators, a delimiter and a code at least.
    if (end < start + 4 || next_control() != start + 2) return false;
    const char* const text = text_.data();
    const std::uint32_t* control = scan_.at.data() + control_;
    const std::uint32_t* const last = scan_.at.data() + scan_.count;
    SubfieldEntry* const first = subfields_;
    std::uint32_t at = start + 2;
    bool sound = is_printable(text[start]) && is_printable(text[start + 1]);
    while (at != end) {
      if (++control == last || subfields_ == subfields_end_) return false;
      const std::uint32_t next = *control;
      sound &= text[at] == kSubfieldDelimiter && is_usual_code(text[at + 1]);
      *subfields_++ = {text[at + 1], at + 2, next - at - 2};
      at = next;
      if (at > end) return false;
    }
    control_ = static_cast<std::size_t>(control + 1 - scan_.at.data());
    *fields_++ = {{entry[0], entry[1], entry[2]},
                  {text[start], text[start + 1]},
                  false,
                  static_cast<std::uint32_t>(first - first_subfield_),
                  static_cast<std::uint32_t>(subfields_ - first)};
    return sound;
  }

  // 001, 003, 005 and 008 may stand once.
  bool repeated(const char* tag) noexcept {
    const auto digit = static_cast<unsigned>(tag[2] - '0');
    if (digit > 9 || digit == 6 || digit == 7) return false;
    const unsigned bit = 1U << digit;
    const bool again = (seen_ & bit) != 0;
    seen_ |= bit;
    return again;
  }

  [[nodiscard]] std::uint32_t next_control() const noexcept {
    return control_ < scan_.count ? scan_.at[control_] : 0xFFFFFFFFU;
  }

  const char* directory_;
  std::string_view text_;
  Frame frame_;
  FieldEntry* fields_ = nullptr;
  SubfieldEntry* subfields_ = nullptr;
  SubfieldEntry* subfields_end_ = nullptr;
  const SubfieldEntry* first_subfield_ = nullptr;
  std::uint32_t next_start_ = 0;
  std::size_t control_ = 0;
  unsigned seen_ = 0;
  Scan scan_;
};

}  // namespace

std::shared_ptr<const RecordData> read_sound(std::string_view bytes, bool ascii_only, bool& high) {
  Frame frame;
  if (!read_frame(bytes, frame)) return nullptr;
  SoundReader reader(bytes, frame);
  auto data = reader.read(bytes.data(), ascii_only);
  high = reader.high();
  return data;
}

}  // namespace connexion::detail
