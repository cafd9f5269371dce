// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "connexion/error.hpp"
#include "connexion/text.hpp"
#include "marc/draft.hpp"
#include "marc/leader.hpp"

namespace connexion {
namespace detail {

namespace {

// Most records go before the next one comes. The block of the last that went is kept for the next,
// one in each thread: the heap's own way takes a fifth of the time that reading a record takes.
constexpr std::size_t kLargestSpare = std::size_t{16} << 10U;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepSpares = false;  // whoever uses a record that is gone shall be found
#else
constexpr bool kKeepSpares = true;
#endif

struct Block {
  std::size_t size;  // of what follows
  alignas(std::max_align_t) char room[1];
};
constexpr std::size_t kHead = offsetof(Block, room);

constinit thread_local Block* spare = nullptr;
constinit thread_local bool ending = false;  // this thread keeps nothing any more

struct AtThreadsEnd {
  ~AtThreadsEnd() {
    ::operator delete(spare);
    spare = nullptr;
    ending = true;
  }
};

void* take_block(std::size_t size) {
  Block* block = spare;
  if (block != nullptr && block->size >= size) {
    spare = nullptr;
  } else {
    block = static_cast<Block*>(::operator new(kHead + size));
    block->size = size;
  }
  return block->room;
}

void give_block(void* room) noexcept {
  auto* block = reinterpret_cast<Block*>(static_cast<char*>(room) - kHead);
  if (kKeepSpares && block->size <= kLargestSpare && !ending &&
      (spare == nullptr || spare->size < block->size)) {
    static thread_local const AtThreadsEnd at_threads_end;
    (void)&at_threads_end;
    std::swap(block, spare);
  }
  ::operator delete(block);
}

// Gives std::allocate_shared, which asks for room for one object, more room than it asks for.
template <typename T>
struct Roomy {
  using value_type = T;
  std::size_t more;
  char** found;  // is told where the additional room begins

  Roomy(std::size_t bytes, char** room) noexcept : more(bytes), found(room) {}
  template <typename U>
  explicit(false) Roomy(const Roomy<U>& other) noexcept : more(other.more), found(other.found) {}

  T* allocate(std::size_t count) {
    auto* const room = static_cast<char*>(take_block(count * sizeof(T) + more));
    *found = room + count * sizeof(T);
    return reinterpret_cast<T*>(room);
  }
  void deallocate(T* block, std::size_t) noexcept { give_block(block); }
  template <typename U>
  bool operator==(const Roomy<U>&) const noexcept {
    return true;
  }
};

}  // namespace

std::shared_ptr<RecordData> RecordData::make(std::size_t fields, std::size_t marks,
                                             std::size_t text) {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  if (fields > most || marks > most || text > most)
    throw Error("record.too_large", "A record may hold no more than 4 GiB of text.");
  const std::size_t fields_bytes = fields * sizeof(FieldEntry);
  const std::size_t marks_bytes = marks * sizeof(std::uint32_t);
  char* room = nullptr;
  auto data =
      std::allocate_shared<RecordData>(Roomy<RecordData>(fields_bytes + marks_bytes + text, &room));
  data->fields = reinterpret_cast<FieldEntry*>(room);
  data->marks = reinterpret_cast<std::uint32_t*>(room + fields_bytes);
  data->text = room + fields_bytes + marks_bytes;
  data->field_count = static_cast<std::uint32_t>(fields);
  data->mark_count = static_cast<std::uint32_t>(marks);
  data->text_size = static_cast<std::uint32_t>(text);
  return data;
}

void RecordDraft::terminate() {
  marks.push_back(static_cast<std::uint32_t>(text.size()));
  text += kFieldTerminator;
}

void RecordDraft::open_control(std::string_view tag) {
  fields.push_back(
      {{tag[0], tag[1], tag[2]}, {' ', ' '}, true, static_cast<std::uint32_t>(text.size()), 0});
}

void RecordDraft::close_control() {
  fields.back().count = static_cast<std::uint32_t>(text.size() - fields.back().first);
  terminate();
}

void RecordDraft::control_field(std::string_view tag, std::string_view data) {
  open_control(tag);
  text.append(data);
  close_control();
}

void RecordDraft::data_field(std::string_view tag, char indicator1, char indicator2) {
  fields.push_back({{tag[0], tag[1], tag[2]},
                    {indicator1, indicator2},
                    false,
                    static_cast<std::uint32_t>(marks.size()),
                    0});
  text += indicator1;
  text += indicator2;
  terminate();
}

void RecordDraft::open_subfield(char code) {
  text.back() = kSubfieldDelimiter;  // where the field ended, and the last mark still points to
  text += code;
}

void RecordDraft::close_subfield() {
  ++fields.back().count;
  terminate();
}

void RecordDraft::subfield(char code, std::string_view value) {
  open_subfield(code);
  text.append(value);
  close_subfield();
}

void RecordDraft::drop_empty_field() {
  fields.pop_back();
  text.resize(marks.back() - 2);  // the indicators
  marks.pop_back();
}

std::shared_ptr<const RecordData> RecordDraft::pack() const {
  auto data = RecordData::make(fields.size(), marks.size(), text.size());
  std::copy_n(leader.begin(), 24, data->leader);
  std::copy(fields.begin(), fields.end(), data->fields);
  std::copy(marks.begin(), marks.end(), data->marks);
  std::copy(text.begin(), text.end(), data->text);
  return data;
}

}  // namespace detail

namespace {

// What XML can't hold, no record may hold: Koha stores records as MARCXML.
bool is_storable(char c) {
  return static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

void require_text(std::string_view text) {
  const bool noncharacter = text.find("\xEF\xBF\xBE") != std::string_view::npos ||
                            text.find("\xEF\xBF\xBF") != std::string_view::npos;
  if (noncharacter || !std::all_of(text.begin(), text.end(), is_storable) || !is_valid_utf8(text))
    throw Error("record.bad_text",
                "A field's text must be UTF-8 without control characters other than tab and line "
                "ends, and without U+FFFE and U+FFFF.");
}

void require_tag(std::string_view tag, bool control) {
  if (!detail::is_tag(tag) || detail::is_control_tag(tag) != control)
    throw Error("record.bad_tag", "'" + std::string(tag) + "' is not the tag of a " +
                                      (control ? "control" : "data") + " field.");
}

void require_printable(char c, const char* what) {
  if (!detail::is_printable(c))
    throw Error("record.bad_text", std::string(what) + " must be a printable ASCII character.");
}

}  // namespace

bool Field::operator==(const Field& other) const noexcept {
  if (tag() != other.tag() || data() != other.data() || indicator(1) != other.indicator(1) ||
      indicator(2) != other.indicator(2) || subfield_count() != other.subfield_count())
    return false;
  for (std::size_t i = 0; i < subfield_count(); ++i)
    if (subfield(i).code != other.subfield(i).code || subfield(i).value != other.subfield(i).value)
      return false;
  return true;
}

Record::Record() {
  static const auto blank = detail::RecordDraft{}.pack();
  data_ = blank;
}

RecordType Record::type() const noexcept {
  switch (data_->leader[6]) {
    case 'a':
    case 'c':
    case 'd':
    case 'e':
    case 'f':
    case 'g':
    case 'i':
    case 'j':
    case 'k':
    case 'm':
    case 'o':
    case 'p':
    case 'r':
    case 't':
    case 'b':
    case 'h':
    case 'n':  // obsolete, but still found in old records
      return RecordType::biblio;
    case 'z':
      return RecordType::authority;
    case 'u':
    case 'v':
    case 'x':
    case 'y':
      return RecordType::holdings;
    case 'q':
      return RecordType::community;
    case 'w':
      return RecordType::classification;
    default:
      return RecordType::unknown;
  }
}

std::string_view Record::control(std::string_view tag) const noexcept {
  for (const auto field : fields(tag))
    if (field.is_control()) return field.data();
  return {};
}

bool Record::operator==(const Record& other) const noexcept {
  if (data_ == other.data_) return true;
  const auto a = leader();
  const auto b = other.leader();
  if (size() != other.size() || a.substr(5, 7) != b.substr(5, 7) || a.substr(17) != b.substr(17))
    return false;
  for (std::size_t i = 0; i < size(); ++i)
    if (!((*this)[i] == other[i])) return false;
  return true;
}

RecordBuilder::RecordBuilder() : draft_(std::make_unique<detail::RecordDraft>()) {}

RecordBuilder::RecordBuilder(const Record& from) : RecordBuilder() {
  draft_->leader = from.leader();
  for (const auto field : from.fields()) append(field);
}

RecordBuilder::RecordBuilder(RecordBuilder&&) noexcept = default;
RecordBuilder& RecordBuilder::operator=(RecordBuilder&&) noexcept = default;
RecordBuilder::~RecordBuilder() = default;

RecordBuilder& RecordBuilder::leader(std::string_view leader) {
  if (leader.size() != 24 || !std::all_of(leader.begin(), leader.end(), detail::is_printable))
    throw Error("record.bad_leader", "A leader is 24 printable ASCII characters.");
  draft_->leader = leader;
  draft_->leader.replace(9, 3, "a22");
  draft_->leader.replace(20, 4, "4500");
  return *this;
}

RecordBuilder& RecordBuilder::control_field(std::string_view tag, std::string_view data) {
  require_tag(tag, true);
  require_text(data);
  draft_->control_field(tag, data);
  return *this;
}

RecordBuilder& RecordBuilder::data_field(std::string_view tag, char indicator1, char indicator2) {
  require_tag(tag, false);
  require_printable(indicator1, "An indicator");
  require_printable(indicator2, "An indicator");
  draft_->data_field(tag, indicator1, indicator2);
  return *this;
}

RecordBuilder& RecordBuilder::subfield(char code, std::string_view value) {
  if (draft_->fields.empty() || draft_->fields.back().control)
    throw Error("record.no_field", "A subfield needs a data field opened before it.");
  require_printable(code, "A subfield code");
  require_text(value);
  draft_->subfield(code, value);
  return *this;
}

RecordBuilder& RecordBuilder::append(const Field& field) {
  if (field.is_control()) {
    draft_->control_field(field.tag(), field.data());
    return *this;
  }
  draft_->data_field(field.tag(), field.indicator(1), field.indicator(2));
  for (const auto subfield : field.subfields()) draft_->subfield(subfield.code, subfield.value);
  return *this;
}

Record RecordBuilder::build() const {
  return Record(draft_->pack());
}

}  // namespace connexion
