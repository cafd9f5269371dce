// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rule of this file: a number that is wrong is put right where the terminators in the data
// leave one reading only and something else vouches that no byte is missing. Everything else is
// refused.
#include "marc/layout.hpp"

#include <algorithm>
#include <map>

#include "marc/draft.hpp"
#include "marc/iso2709.hpp"

namespace connexion::detail {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

struct Entry {
  std::string_view tag;
  std::size_t at;  // offset in the record
  std::optional<std::size_t> length;
  std::optional<std::size_t> start;
  std::size_t segment = kNone;

  [[nodiscard]] bool readable() const noexcept { return length && start; }
};

// One field's bytes in the data, by its terminator. Relative to the base address, terminator
// included, as the directory counts.
struct Segment {
  std::size_t start;
  std::size_t length;
  bool taken = false;
};

// Tries one reading of the record: that its data end at `end`, before a record terminator.
class Reading {
 public:
  Reading(std::string_view bytes, std::size_t end) : bytes_(bytes.substr(0, end)) {}

  bool resolve() {
    if (!find_directory()) return false;
    read_entries();
    return split_data() && claim_exact() && claim_rest();
  }

  /// Whether leader and directory agree with the data to the byte.
  [[nodiscard]] bool exact() const noexcept { return exact_; }
  [[nodiscard]] std::size_t base() const noexcept { return base_; }
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }

  [[nodiscard]] std::vector<RawField> fields() const {
    std::vector<RawField> result;
    result.reserve(entries_.size());
    for (const auto& entry : entries_) {
      const Segment& segment = segments_[entry.segment];
      result.push_back({{entry.tag[0], entry.tag[1], entry.tag[2]},
                        base_ + segment.start,
                        segment.length - 1,
                        entry.at});
    }
    return result;
  }

 private:
  void report(Code code, std::size_t offset, std::string_view tag = {}) {
    diagnostics_.push_back({code, default_severity(code), offset, std::string(tag),
                            occurrence(offset, tag), std::string(code_sentence(code))});
  }

  // Counted for all entries when the first is asked for: most records have nothing to report.
  int occurrence(std::size_t offset, std::string_view tag) {
    if (tag.empty() || tag == "LDR") return 0;
    if (occurrences_.empty()) {
      std::map<std::string_view, int> counts;
      for (const auto& entry : entries_) occurrences_.push_back(++counts[entry.tag]);
    }
    return occurrences_[(offset - kLeaderSize) / kEntrySize];
  }

  bool refuse(Code code, std::size_t offset, std::string_view tag = {}) {
    report(code, offset, tag);
    return false;
  }

  bool find_directory() {
    const std::size_t end = bytes_.find(kFieldTerminator, kLeaderSize);
    if (end == kNone) return refuse(Code::directory_unterminated, kLeaderSize);
    if ((end - kLeaderSize) % kEntrySize != 0)
      return refuse(Code::directory_not_multiple_of_12, kLeaderSize);
    base_ = end + 1;
    if (end == kLeaderSize)
      return refuse(base_ == bytes_.size() ? Code::record_empty : Code::data_not_in_directory,
                    kLeaderSize);
    if (number(bytes_.substr(12, 5)) != base_) report(Code::base_address_wrong, 12, "LDR");
    return true;
  }

  void read_entries() {
    for (std::size_t at = kLeaderSize; at + 1 < base_; at += kEntrySize)
      entries_.push_back({bytes_.substr(at, 3), at, number(bytes_.substr(at + 3, 4)),
                          number(bytes_.substr(at + 7, 5))});
  }

  bool split_data() {
    for (const auto& entry : entries_)
      if (!is_tag(entry.tag)) return refuse(Code::directory_bad_tag, entry.at);
    const std::string_view data = bytes_.substr(base_);
    std::size_t start = 0;
    for (std::size_t end; (end = data.find(kFieldTerminator, start)) != kNone; start = end + 1)
      segments_.push_back({start, end + 1 - start});
    return start == data.size() || refuse(shortage(), bytes_.size());
  }

  // What to say where there is less than the directory lists.
  [[nodiscard]] Code shortage() const noexcept {
    const auto declared = number(bytes_.substr(0, 5));
    return declared && *declared > bytes_.size() + 1 ? Code::record_truncated
                                                     : Code::field_terminator_missing;
  }

  [[nodiscard]] std::size_t segment_at(std::size_t start) const noexcept {
    const auto found = std::lower_bound(
        segments_.begin(), segments_.end(), start,
        [](const Segment& segment, std::size_t value) { return segment.start < value; });
    return found != segments_.end() && found->start == start
               ? static_cast<std::size_t>(found - segments_.begin())
               : kNone;
  }

  // Entries whose length and position are those of a field. Where two are the same, one of them
  // has lost its own, perhaps its tag too.
  bool claim_exact() {
    std::size_t claimed = 0;
    for (auto& entry : entries_) {
      if (!entry.readable()) continue;
      const std::size_t found = segment_at(*entry.start);
      if (found == kNone || segments_[found].length != *entry.length) continue;
      if (segments_[found].taken) return refuse(Code::directory_overlapping, entry.at, entry.tag);
      entry.segment = found;
      segments_[found].taken = true;
      ++claimed;
    }
    exact_ = claimed == entries_.size() && claimed == segments_.size();
    return true;
  }

  bool claim_rest() {
    if (!exact_) {
      if (segments_.size() > entries_.size()) return refuse_surplus();
      if (segments_.size() < entries_.size())
        return shortage() == Code::record_truncated ? refuse(shortage(), bytes_.size())
                                                    : refuse_misfit(shortage());
      if (!nothing_lost()) return refuse_misfit(Code::directory_does_not_fit);
      if (!claim_by_rank() && !claim_last_one()) return refuse_misfit(Code::directory_does_not_fit);
      for (const auto& entry : entries_)
        if (!kind_fits(entry)) return refuse_misfit(Code::directory_does_not_fit);
    }
    note_oddities();
    return true;
  }

  bool refuse_surplus() {
    for (const auto& segment : segments_)
      if (!segment.taken) return refuse(Code::data_not_in_directory, base_ + segment.start);
    return refuse(Code::data_not_in_directory, base_);
  }

  // Says what is wrong with the first entry that fits no field.
  bool refuse_misfit(Code otherwise) {
    const std::size_t size = bytes_.size() - base_;
    for (const auto& entry : entries_) {
      if (entry.segment != kNone && entry.readable() &&
          segments_[entry.segment].start == *entry.start &&
          segments_[entry.segment].length == *entry.length)
        continue;
      if (!entry.readable()) return refuse(otherwise, entry.at, entry.tag);
      if (*entry.start + *entry.length > size)
        return refuse(Code::directory_out_of_range, entry.at, entry.tag);
      if (overlaps(entry)) return refuse(Code::directory_overlapping, entry.at, entry.tag);
      return refuse(otherwise, entry.at, entry.tag);
    }
    return refuse(otherwise, kLeaderSize);
  }

  [[nodiscard]] bool overlaps(const Entry& entry) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& other) {
      return other.at != entry.at && other.readable() &&
             *other.start < *entry.start + *entry.length &&
             *entry.start < *other.start + *other.length;
    });
  }

  // Bytes lost from the middle of the data would leave a directory that doesn't fit, too. That
  // none are lost is vouched for by the record length in the leader, unless the directory claims
  // more, or by the last field being where the directory says, or by no number claiming more than
  // is there (lengths that were counted in characters, or did not fit into their digits).
  [[nodiscard]] bool nothing_lost() const {
    const auto declared = number(bytes_.substr(0, 5));
    if (declared == bytes_.size() + 1 && !claims_more()) return true;
    const Segment& last = segments_.back();
    for (const auto& entry : entries_)
      if (entry.start == last.start && entry.length == last.length) return true;
    if (!declared || *declared > bytes_.size() + 1) return false;
    std::size_t rank = 0;
    for (const auto& entry : entries_) {
      const Segment& segment = segments_[rank++];
      if (!entry.readable() || *entry.length > segment.length || *entry.start > segment.start)
        return false;
    }
    return true;
  }

  // Whether the lengths in the directory add up to more than there is, and not in one entry only.
  [[nodiscard]] bool claims_more() const {
    std::size_t open = 0;
    std::size_t claimed = 0;
    for (const auto& entry : entries_) {
      open += entry.segment == kNone ? 1 : 0;
      claimed += entry.length.value_or(0);
    }
    return open > 1 && claimed > bytes_.size() - base_;
  }

  // The n-th entry is the n-th field, if no entry that fits a field says otherwise.
  bool claim_by_rank() {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (entries_[i].segment != kNone && entries_[i].segment != i) return false;
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].segment = i;
    return true;
  }

  bool claim_last_one() {
    const auto is_open = [](const Entry& entry) { return entry.segment == kNone; };
    if (std::count_if(entries_.begin(), entries_.end(), is_open) != 1) return false;
    const auto entry = std::find_if(entries_.begin(), entries_.end(), is_open);
    const auto segment =
        std::find_if(segments_.begin(), segments_.end(), [](const Segment& s) { return !s.taken; });
    entry->segment = static_cast<std::size_t>(segment - segments_.begin());
    return true;
  }

  // A data field has its first delimiter after two indicators; a control field has none.
  [[nodiscard]] bool kind_fits(const Entry& entry) const noexcept {
    const Segment& segment = segments_[entry.segment];
    const std::string_view content = bytes_.substr(base_ + segment.start, segment.length - 1);
    return is_control_tag(entry.tag) ? content.find(kSubfieldDelimiter) == kNone
                                     : content.find(kSubfieldDelimiter) == 2;
  }

  void note_oddities() {
    bool ordered = true;
    std::size_t previous = 0;
    for (const auto& entry : entries_) {
      ordered &= entry.segment >= previous;
      previous = entry.segment;
      const Segment& segment = segments_[entry.segment];
      if (segment.length > kLongestField)
        report(Code::field_over_9999, entry.at, entry.tag);
      else if (!entry.readable())
        report(Code::directory_entry_unreadable, entry.at, entry.tag);
      else if (*entry.length != segment.length ||
               (*entry.start != segment.start && segment.start <= kLongestRecord))
        report(Code::directory_entry_wrong, entry.at, entry.tag);
    }
    if (!ordered) report(Code::directory_unordered, kLeaderSize);
  }

  std::string_view bytes_;
  std::size_t base_ = 0;
  std::vector<Entry> entries_;
  std::vector<Segment> segments_;
  std::vector<int> occurrences_;
  std::vector<Diagnostic> diagnostics_;
  bool exact_ = false;
};

std::size_t next_leader(std::string_view bytes, std::size_t from, std::size_t to) noexcept {
  // A leader has its 22 and 450 at fixed places; looking for the latter first is fast.
  for (std::size_t at = bytes.find("450", from + 20); at != kNone && at - 20 < to;
       at = bytes.find("450", at + 1))
    if (is_leader_at(bytes, at - 20)) return at - 20;
  return kNone;
}

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\0';
}

class Framer {
 public:
  explicit Framer(std::string_view bytes) : bytes_(bytes) {}

  Layout frame() {
    const std::size_t terminator = bytes_.find(kRecordTerminator, kLeaderSize);
    const std::size_t end = std::min(terminator, bytes_.size());
    if (terminator != kNone) {
      Reading reading(bytes_, terminator);
      if (reading.resolve() && reading.exact()) return accept_whole(reading, terminator);
    }
    const std::size_t next = next_leader(bytes_, kLeaderSize, end);
    if (next != kNone) return before_next(next);
    if (terminator == kNone) return without_terminator();
    return with_terminator(terminator);
  }

 private:
  Layout accept(const Reading& reading, std::size_t end, std::size_t consumed) {
    layout_.fields = reading.fields();
    layout_.data_start = reading.base();
    layout_.data_end = end;
    layout_.consumed = consumed;
    const auto& found = reading.diagnostics();
    layout_.diagnostics.insert(layout_.diagnostics.end(), found.begin(), found.end());
    return std::move(layout_);
  }

  Layout refuse(const std::vector<Diagnostic>& found, std::size_t consumed) {
    layout_.diagnostics.insert(layout_.diagnostics.end(), found.begin(), found.end());
    layout_.consumed = consumed;
    return std::move(layout_);
  }

  void report(Code code, std::size_t offset, std::string_view tag = {}) {
    layout_.diagnostics.push_back({code, default_severity(code), offset, std::string(tag), 0,
                                   std::string(code_sentence(code))});
  }

  // Another record begins before this one's terminator: only its terminator may be missing.
  Layout before_next(std::size_t next) {
    std::size_t end = next;
    while (end > kLeaderSize && is_blank(bytes_[end - 1])) --end;
    if (end > kLeaderSize && bytes_[end - 1] == kFieldTerminator) {
      Reading reading(bytes_, end);
      if (reading.resolve() && reading.exact()) {
        report(Code::record_terminator_missing, end);
        return accept(reading, end, next);
      }
    }
    report(Code::record_truncated, next);
    return refuse({}, next);
  }

  // The bytes end without a terminator. They are whole only if the record's own length says that
  // it has none, or if something else stands in its place.
  Layout without_terminator() {
    std::size_t end = bytes_.size();
    while (end > kLeaderSize && is_blank(bytes_[end - 1])) --end;
    const auto declared = number(bytes_.substr(0, 5));
    const bool whole = declared == end || (declared == end + 1 && bytes_.size() > end);
    if (whole && bytes_[end - 1] == kFieldTerminator) {
      Reading reading(bytes_, end);
      if (reading.resolve() && reading.exact()) {
        report(Code::record_terminator_missing, end);
        return accept(reading, end, bytes_.size());
      }
    }
    report(Code::record_truncated, bytes_.size());
    return refuse({}, bytes_.size());
  }

  Layout with_terminator(std::size_t terminator) {
    const auto declared = number(bytes_.substr(0, 5));
    Reading reading(bytes_, terminator);
    if (reading.resolve()) return accept_whole(reading, terminator);
    const bool early = declared && *declared > terminator + 1 && *declared <= bytes_.size() &&
                       bytes_[*declared - 1] == kRecordTerminator;
    if (early) {
      report(Code::record_terminator_early, terminator);
      return refuse({}, *declared);
    }
    return refuse(reading.diagnostics(), terminator + 1);
  }

  Layout accept_whole(const Reading& reading, std::size_t terminator) {
    check_length(terminator + 1);
    return accept(reading, terminator, terminator + 1);
  }

  void check_length(std::size_t actual) {
    const auto declared = number(bytes_.substr(0, 5));
    if (actual > kLongestRecord)
      report(Code::record_over_99999, 0, "LDR");
    else if (!declared)
      report(Code::record_length_unreadable, 0, "LDR");
    else if (*declared != actual)
      report(Code::record_length_wrong, 0, "LDR");
  }

  std::string_view bytes_;
  Layout layout_;
};

}  // namespace

bool is_leader_at(std::string_view bytes, std::size_t at) noexcept {
  if (bytes.size() < at + kLeaderSize) return false;
  const std::string_view leader = bytes.substr(at, kLeaderSize);
  return number(leader.substr(0, 5)) && number(leader.substr(12, 5)) &&
         leader.substr(10, 2) == "22" && leader.substr(20, 3) == "450" &&
         leader_value_defined(0, leader[5]) && leader_value_defined(1, leader[6]);
}

Layout lay_out(std::string_view bytes) {
  return Framer(bytes).frame();
}

}  // namespace connexion::detail
