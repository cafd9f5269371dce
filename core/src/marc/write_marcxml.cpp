// SPDX-License-Identifier: GPL-3.0-or-later
//
// MARCXML. Written for speed: how much room a record takes at most is known before it is written,
// by the number of its fields and of the characters that become entities, so that nothing is asked
// meanwhile.
#include "marc/write_marcxml.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "connexion/marc.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace connexion {
namespace {

constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kOpenRecord =
    "<record xmlns=\"http://www.loc.gov/MARC21/slim\""
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    " xsi:schemaLocation=\"http://www.loc.gov/MARC21/slim"
    " http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd\">\n"
    "  <leader>";
constexpr std::string_view kCloseLeader = "</leader>\n";
constexpr std::string_view kCloseRecord = "</record>\n";
constexpr std::string_view kOpenControl = "  <controlfield tag=\"";
constexpr std::string_view kCloseControl = "</controlfield>\n";
constexpr std::string_view kOpenData = "  <datafield tag=\"";
constexpr std::string_view kIndicator1 = "\" ind1=\"";
constexpr std::string_view kIndicator2 = "\" ind2=\"";
constexpr std::string_view kEndTag = "\">\n";
constexpr std::string_view kCloseData = "  </datafield>\n";
constexpr std::string_view kOpenSubfield = "    <subfield code=\"";
constexpr std::string_view kEndCode = "\">";
constexpr std::string_view kCloseSubfield = "</subfield>\n";

constexpr std::size_t kLongestEntity = 6;

// Of a field and of a subfield, without their text; a data field takes more than a control field.
constexpr std::size_t kFieldMarkup = kOpenData.size() + kIndicator1.size() + kIndicator2.size() +
                                     kEndTag.size() + kCloseData.size() + 3;
static_assert(kFieldMarkup >= kOpenControl.size() + kEndCode.size() + kCloseControl.size() + 3);
constexpr std::size_t kRecordMarkup =
    kOpenRecord.size() + 24 + kCloseLeader.size() + kCloseRecord.size();
constexpr std::size_t kSubfieldMarkup =
    kOpenSubfield.size() + kEndCode.size() + kCloseSubfield.size();

std::string_view entity_of(char c) noexcept {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#13;";
    case '\n':
      return "&#10;";
    case '\t':
      return "&#9;";
    default:
      return {};
  }
}

// Whether XML may need an entity for it: & " < > and the control characters below the terminators
// and the delimiter. Two pairs differ in one bit each.
bool may_need_entity(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x1E || (byte & 0xFBU) == 0x22 || (byte & 0xFDU) == 0x3C;
}

std::size_t count_rest(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), may_need_entity));
}

constexpr std::size_t kBlock = 16;

#if defined(__SSE2__)
using Block = __m128i;

Block load(const char* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

void store(char* to, Block block) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
}

// All bits of each byte that may_need_entity.
Block entities_in(Block block) noexcept {
  const auto same = [&](char mask, char value) {
    return _mm_cmpeq_epi8(_mm_and_si128(block, _mm_set1_epi8(mask)), _mm_set1_epi8(value));
  };
  const Block low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1D)), block);
  return _mm_or_si128(_mm_or_si128(low, same('\xFB', 0x22)), same('\xFD', 0x3C));
}

// A bit for each byte.
unsigned entity_bits(Block block) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(entities_in(block)));
}

std::size_t count_entities(std::string_view text) noexcept {
  Block total = _mm_setzero_si128();
  for (; text.size() >= kBlock; text.remove_prefix(kBlock)) {
    const Block ones = _mm_sub_epi8(_mm_setzero_si128(), entities_in(load(text.data())));
    total = _mm_add_epi64(total, _mm_sad_epu8(ones, _mm_setzero_si128()));
  }
  const Block sum = _mm_add_epi64(total, _mm_unpackhi_epi64(total, total));
  return static_cast<std::size_t>(_mm_cvtsi128_si32(sum)) + count_rest(text);
}
#else
struct Block {
  char bytes[kBlock];
};

Block load(const char* from) noexcept {
  Block block;
  std::memcpy(block.bytes, from, kBlock);
  return block;
}

void store(char* to, const Block& block) noexcept {
  std::memcpy(to, block.bytes, kBlock);
}

unsigned entity_bits(const Block& block) noexcept {
  unsigned bits = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    bits |= static_cast<unsigned>(may_need_entity(block.bytes[i])) << i;
  return bits;
}

std::size_t count_entities(std::string_view text) noexcept {
  return count_rest(text);
}
#endif

// One record element, written where there is room enough. With `kEscape` false no character needs
// an entity.
template <bool kEscape>
class Element {
 public:
  Element(char* to, const Record& record) noexcept
      : to_(to),
        record_(record),
        source_end_(record.raw_fields().data() + record.raw_fields().size()) {}

  // Gives the end of what was written.
  char* write() noexcept {
    markup<kOpenRecord>();
    text(record_.leader());
    markup<kCloseLeader>();
    for (const auto field : record_.fields()) {
      if (field.is_control())
        control_field(field);
      else
        data_field(field);
    }
    markup<kCloseRecord>();
    return to_;
  }

 private:
  void control_field(const Field& field) noexcept {
    markup<kOpenControl>();
    tag(field);
    markup<kEndCode>();
    text(field.data());
    markup<kCloseControl>();
  }

  void data_field(const Field& field) noexcept {
    markup<kOpenData>();
    tag(field);
    markup<kIndicator1>();
    character(field.indicator(1));
    markup<kIndicator2>();
    character(field.indicator(2));
    markup<kEndTag>();
    for (const auto subfield : field.subfields()) {
      markup<kOpenSubfield>();
      character(subfield.code);
      markup<kEndCode>();
      value(subfield.value);
      markup<kCloseSubfield>();
    }
    markup<kCloseData>();
  }

  template <const std::string_view& kText>
  void markup() noexcept {
    std::memcpy(to_, kText.data(), kText.size());
    to_ += kText.size();
  }

  void copy(std::string_view text) noexcept {
    std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
  }

  void tag(const Field& field) noexcept {
    std::memcpy(to_, field.tag().data(), 3);
    to_ += 3;
  }

  void character(char c) noexcept {
    if constexpr (kEscape)
      text({&c, 1});
    else
      *to_++ = c;
  }

  // Values are copied in blocks, which for the usual short ones is less than a call. A block may
  // reach beyond the value, but not beyond the text that it is part of.
  void value(std::string_view value) noexcept {
    const auto behind = static_cast<std::size_t>(source_end_ - value.data());
    if (behind < value.size() + kBlock) return text(value);
    if constexpr (kEscape) return escaped_value(value);
    for (std::size_t at = 0; at < value.size(); at += kBlock)
      store(to_ + at, load(value.data() + at));
    to_ += value.size();
  }

  void escaped_value(std::string_view value) noexcept {
    while (!value.empty()) {
      const Block block = load(value.data());
      store(to_, block);
      const auto size = std::min(value.size(), kBlock);
      const auto plain = std::min<std::size_t>(
          size, static_cast<std::size_t>(std::countr_zero(entity_bits(block) | 1U << kBlock)));
      to_ += plain;
      value.remove_prefix(plain);
      if (plain == size) continue;
      text(value.substr(0, 1));
      value.remove_prefix(1);
    }
  }

  void text(std::string_view text) noexcept {
    if constexpr (!kEscape) return copy(text);
    for (const char c : text) {
      const auto entity = entity_of(c);
      if (entity.empty())
        *to_++ = c;
      else
        copy(entity);
    }
  }

  char* to_;
  const Record& record_;
  const char* source_end_;  // of the values
};

}  // namespace

detail::MarcxmlWriter::MarcxmlWriter(const Record& record) noexcept
    : record_(record),
      entities_(count_entities(record.raw_fields()) + count_entities(record.leader())) {}

std::size_t detail::MarcxmlWriter::most() const noexcept {
  return kRecordMarkup + record_.size() * kFieldMarkup +
         record_.subfield_count() * kSubfieldMarkup + record_.raw_fields().size() +
         entities_ * kLongestEntity + kBlock;
}

char* detail::MarcxmlWriter::write(char* to) const noexcept {
  if (entities_ == 0) return Element<false>(to, record_).write();
  return Element<true>(to, record_).write();
}

std::string to_marcxml(const Record& record) {
  const detail::MarcxmlWriter writer(record);
  std::string out(kDeclaration);
  out.resize(kDeclaration.size() + writer.most());
  const char* const end = writer.write(out.data() + kDeclaration.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

}  // namespace connexion
