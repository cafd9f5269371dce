// SPDX-License-Identifier: GPL-3.0-or-later
//
// One MARC 21 record: immutable, cheap to copy, its content always valid UTF-8.
//
// A Record is made by a reader (marc.hpp) or a RecordBuilder (below) and never changes
// afterwards. It owns its bytes; the views it hands out (tags, indicators, subfields) point into
// them and live as long as any copy of the Record does.
//
//     for (const auto field : record.fields("020"))
//       for (const auto sub : field.subfields())
//         if (sub.code == 'a') isbns.push_back(std::string(sub.value));
//
// Thread-safety: a Record may be read from any number of threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace connexion {

/// What leader/06 says the record is.
enum class RecordType { biblio, authority, holdings, community, classification, unknown };

struct Subfield {
  char code;
  std::string_view value;
};

namespace detail {
struct FieldEntry {
  char tag[3];
  char indicators[2];   // ' ' for control fields
  bool control;         // 00X
  std::uint32_t first;  // control: offset of data; data field: index of its first mark
  std::uint32_t count;  // control: length of data; data field: number of subfields
};
// The text is what ISO 2709 has behind the directory, delimiters and terminators included, so that
// it is taken and given as one piece. Marks are the offsets of the delimiters and terminators. All
// of a record lies in one block of memory, of which this is the head.
struct RecordData {
  char leader[24];
  std::uint32_t field_count = 0;
  std::uint32_t mark_count = 0;
  std::uint32_t text_size = 0;
  FieldEntry* fields = nullptr;
  std::uint32_t* marks = nullptr;
  char* text = nullptr;

  static std::shared_ptr<RecordData> make(std::size_t fields, std::size_t marks, std::size_t text);
};
struct RecordDraft;
}  // namespace detail

/// One field of a Record. A view: valid while a copy of its Record lives.
class Field {
 public:
  [[nodiscard]] std::string_view tag() const noexcept { return {entry_->tag, 3}; }
  [[nodiscard]] bool has_tag(std::string_view tag) const noexcept {
    const char* const own = entry_->tag;
    return tag.size() == 3 && own[2] == tag[2] && own[1] == tag[1] && own[0] == tag[0];
  }
  [[nodiscard]] bool is_control() const noexcept { return entry_->control; }
  /// Content of a control field; empty for a data field.
  [[nodiscard]] std::string_view data() const noexcept;
  /// `n` is 1 or 2; ' ' for control fields.
  [[nodiscard]] char indicator(int n) const noexcept { return entry_->indicators[n == 2]; }
  [[nodiscard]] std::size_t subfield_count() const noexcept {
    return entry_->control ? 0 : entry_->count;
  }
  [[nodiscard]] Subfield subfield(std::size_t i) const noexcept;
  /// Value of the first subfield with this code, or an empty view whose data() is null.
  [[nodiscard]] std::string_view first(char code) const noexcept;
  /// The field as it stands in ISO 2709, in UTF-8, without its terminator.
  [[nodiscard]] std::string_view raw() const noexcept;

  class SubfieldIterator {
   public:
    using value_type = Subfield;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    SubfieldIterator() = default;
    SubfieldIterator(const Field* field, std::size_t at) : field_(field), at_(at) {}
    Subfield operator*() const noexcept { return field_->subfield(at_); }
    SubfieldIterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    SubfieldIterator operator++(int) noexcept {
      auto was = *this;
      ++at_;
      return was;
    }
    bool operator==(const SubfieldIterator& o) const noexcept { return at_ == o.at_; }

   private:
    const Field* field_ = nullptr;
    std::size_t at_ = 0;
  };
  struct Subfields {
    const Field* field;
    [[nodiscard]] SubfieldIterator begin() const noexcept { return {field, 0}; }
    [[nodiscard]] SubfieldIterator end() const noexcept { return {field, field->subfield_count()}; }
  };
  /// A range of Subfield in record order. The Field must outlive the loop.
  [[nodiscard]] Subfields subfields() const noexcept { return {this}; }
  /// The same tag, indicators and content.
  [[nodiscard]] bool operator==(const Field& other) const noexcept;

 private:
  friend class Record;
  Field(const detail::RecordData* data, const detail::FieldEntry* entry)
      : data_(data), entry_(entry) {}
  const detail::RecordData* data_;
  const detail::FieldEntry* entry_;
};

class Record {
 public:
  /// An empty record with a blank leader of a new bibliographic record in UTF-8.
  Record();
  explicit Record(std::shared_ptr<const detail::RecordData> data) : data_(std::move(data)) {}

  /// 24 bytes, leader/09 always 'a'.
  [[nodiscard]] std::string_view leader() const noexcept { return {data_->leader, 24}; }
  [[nodiscard]] RecordType type() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return data_->field_count; }
  [[nodiscard]] bool empty() const noexcept { return data_->field_count == 0; }
  /// Of all its fields together.
  [[nodiscard]] std::size_t subfield_count() const noexcept {
    return data_->mark_count - data_->field_count;  // every field has one more, its terminator
  }
  [[nodiscard]] Field operator[](std::size_t i) const noexcept {
    return {data_.get(), &data_->fields[i]};
  }
  /// Data of the first control field with this tag, empty view with null data() if there is none.
  [[nodiscard]] std::string_view control(std::string_view tag) const noexcept;

  class FieldIterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    FieldIterator() = default;
    FieldIterator(const Record* record, std::size_t at, std::string_view tag)
        : record_(record), at_(at), tag_(tag) {
      skip();
    }
    Field operator*() const noexcept { return (*record_)[at_]; }
    FieldIterator& operator++() noexcept {
      ++at_;
      skip();
      return *this;
    }
    FieldIterator operator++(int) noexcept {
      auto was = *this;
      ++*this;
      return was;
    }
    bool operator==(const FieldIterator& o) const noexcept { return at_ == o.at_; }

   private:
    void skip() noexcept {
      if (!tag_.empty())
        while (at_ < record_->size() && !(*record_)[at_].has_tag(tag_)) ++at_;
    }
    const Record* record_ = nullptr;
    std::size_t at_ = 0;
    std::string_view tag_;
  };
  struct Fields {
    const Record* record;
    std::string_view tag;
    [[nodiscard]] FieldIterator begin() const noexcept { return {record, 0, tag}; }
    [[nodiscard]] FieldIterator end() const noexcept { return {record, record->size(), {}}; }
  };
  /// All fields as they stand in ISO 2709, in UTF-8, each with its terminator.
  [[nodiscard]] std::string_view raw_fields() const noexcept {
    return {data_->text, data_->text_size};
  }
  /// All fields, or those with one tag, in record order. The Record must outlive the loop.
  [[nodiscard]] Fields fields(std::string_view tag = {}) const noexcept { return {this, tag}; }

  /// The same leader (but for the lengths in it, 00-04 and 12-16) and the same fields in the same
  /// order.
  [[nodiscard]] bool operator==(const Record& other) const noexcept;

 private:
  std::shared_ptr<const detail::RecordData> data_;
};

/// Puts a Record together field by field. Text given to it must be valid UTF-8 that XML can hold:
/// no control characters but tab and line ends, no U+FFFE or U+FFFF. It raises Error
/// "record.bad_text" or "record.bad_tag" otherwise.
/// Not thread-safe.
class RecordBuilder {
 public:
  /// A new bibliographic record without fields.
  RecordBuilder();
  /// Starts from a copy of an existing record.
  explicit RecordBuilder(const Record& from);
  RecordBuilder(RecordBuilder&&) noexcept;
  RecordBuilder& operator=(RecordBuilder&&) noexcept;
  RecordBuilder(const RecordBuilder&) = delete;  // a copy would share or double a growing record
  RecordBuilder& operator=(const RecordBuilder&) = delete;
  ~RecordBuilder();
  /// 24 bytes of printable ASCII, else Error "record.bad_leader". Positions 09-11 and 20-23 are set
  /// to what this library writes.
  RecordBuilder& leader(std::string_view leader);
  RecordBuilder& control_field(std::string_view tag, std::string_view data);
  /// Opens a data field; the subfields that follow belong to it.
  RecordBuilder& data_field(std::string_view tag, char indicator1, char indicator2);
  /// Error "record.no_field" when no data field is open.
  RecordBuilder& subfield(char code, std::string_view value);
  /// Appends a field of another record unchanged.
  RecordBuilder& append(const Field& field);
  /// The record so far; the builder may go on.
  [[nodiscard]] Record build() const;

 private:
  std::unique_ptr<detail::RecordDraft> draft_;
};

inline std::string_view Field::data() const noexcept {
  return entry_->control ? std::string_view(data_->text + entry_->first, entry_->count)
                         : std::string_view{};
}
inline std::string_view Field::raw() const noexcept {
  if (entry_->control) return data();
  const std::uint32_t* const mark = data_->marks + entry_->first;
  const std::uint32_t start = mark[0] - 2;  // the indicators
  return {data_->text + start, mark[entry_->count] - start};
}
inline Subfield Field::subfield(std::size_t i) const noexcept {
  const std::uint32_t* const mark = data_->marks + entry_->first + i;
  const char* const code = data_->text + mark[0] + 1;
  return {*code, std::string_view(code + 1, mark[1] - mark[0] - 2)};
}
inline std::string_view Field::first(char code) const noexcept {
  for (std::size_t i = 0; i < subfield_count(); ++i)
    if (const auto s = subfield(i); s.code == code) return s.value;
  return {};
}

}  // namespace connexion
