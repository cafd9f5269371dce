// SPDX-License-Identifier: GPL-3.0-or-later
//
// The ways out: ISO 2709, MARC-in-JSON, and lines for people; MARCXML is in write_marcxml.cpp.
#include <array>
#include <cstdio>
#include <vector>

#include "connexion/error.hpp"
#include "connexion/marc.hpp"
#include "marc/iso2709.hpp"
#include "marc/marc8_write.hpp"

namespace connexion {
namespace {

constexpr char kSubfield = 0x1F;
constexpr char kFieldEnd = 0x1E;
constexpr char kRecordEnd = 0x1D;

void put_number(char* to, std::size_t digits, std::size_t number) {
  for (std::size_t i = digits; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
}

void put_marc8(std::string& out, const Field& field) {
  if (field.is_control()) return detail::encode_marc8(field.data(), out);
  out += field.indicator(1);
  out += field.indicator(2);
  for (const auto subfield : field.subfields()) {
    out += kSubfield;
    out += subfield.code;
    detail::encode_marc8(subfield.value, out);
  }
}

[[noreturn]] void too_long(const std::string& what, std::size_t size, std::size_t limit) {
  throw Error("marc.too_long", what + " has " + std::to_string(size) +
                                   " bytes; ISO 2709 can hold no more than " +
                                   std::to_string(limit) + ".");
}

// Writes the directory's entries into room that is there for them.
class Directory {
 public:
  explicit Directory(char* to) : to_(to) {}

  // `length` with the terminator.
  void add(const Field& field, std::size_t length) {
    if (length > detail::kLongestField)
      too_long("Field " + std::string(field.tag()), length, detail::kLongestField);
    field.tag().copy(to_, 3);
    put_number(to_ + 3, 4, length);
    put_number(to_ + 7, 5, start_);
    start_ += length;
    to_ += 12;
  }

 private:
  char* to_;
  std::size_t start_ = 0;
};

std::string begin_iso2709(const Record& record, char coding_scheme, std::size_t room) {
  const std::size_t base = 24 + 12 * record.size() + 1;
  std::string out;
  out.reserve(base + room + 1);
  out.resize(base, kFieldEnd);
  record.leader().copy(out.data(), 24);
  out[9] = coding_scheme;
  put_number(out.data() + 12, 5, base);
  return out;
}

void end_iso2709(std::string& out) {
  out += kRecordEnd;
  if (out.size() > detail::kLongestRecord)
    too_long("The record", out.size(), detail::kLongestRecord);
  put_number(out.data(), 5, out.size());
}

std::string write_marc8(const Record& record) {
  std::string out = begin_iso2709(record, ' ', record.raw_fields().size());
  std::size_t from = out.size();
  std::vector<std::size_t> lengths;
  for (const auto field : record.fields()) {
    put_marc8(out, field);
    out += kFieldEnd;
    lengths.push_back(out.size() - from);
    from = out.size();
  }
  Directory directory(out.data() + 24);
  auto length = lengths.begin();
  for (const auto field : record.fields()) directory.add(field, *length++);
  end_iso2709(out);
  return out;
}

void put_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 7> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

void put_data_field_json(std::string& out, const Field& field) {
  out += "{\"ind1\":";
  put_json(out, std::string(1, field.indicator(1)));
  out += ",\"ind2\":";
  put_json(out, std::string(1, field.indicator(2)));
  out += ",\"subfields\":[";
  bool first = true;
  for (const auto subfield : field.subfields()) {
    if (!first) out += ',';
    first = false;
    out += '{';
    put_json(out, std::string(1, subfield.code));
    out += ':';
    put_json(out, subfield.value);
    out += '}';
  }
  out += "]}";
}

}  // namespace

std::string to_iso2709(const Record& record) {
  std::string out = begin_iso2709(record, 'a', record.raw_fields().size());
  Directory directory(out.data() + 24);
  for (const auto field : record.fields()) directory.add(field, field.raw().size() + 1);
  out += record.raw_fields();
  end_iso2709(out);
  return out;
}

std::string to_iso2709(const Record& record, const WriteOptions& options) {
  switch (options.encoding) {
    case Encoding::utf8:
      return to_iso2709(record);
    case Encoding::marc8:
      return write_marc8(record);
    default:
      throw Error("marc.bad_encoding", "ISO 2709 is written in UTF-8 or MARC-8 only.");
  }
}

std::string to_marc8(std::string_view text) {
  std::string out;
  detail::encode_marc8(text, out);
  return out;
}

std::string to_json(const Record& record) {
  std::string out = "{\"leader\":";
  put_json(out, record.leader());
  out += ",\"fields\":[";
  bool first = true;
  for (const auto field : record.fields()) {
    if (!first) out += ',';
    first = false;
    out += '{';
    put_json(out, field.tag());
    out += ':';
    if (field.is_control())
      put_json(out, field.data());
    else
      put_data_field_json(out, field);
    out += '}';
  }
  out += "]}";
  return out;
}

std::string to_line(const Record& record) {
  std::string out(record.leader());
  out += '\n';
  for (const auto field : record.fields()) {
    out += field.tag();
    out += ' ';
    if (field.is_control()) {
      out += field.data();
    } else {
      out += field.indicator(1);
      out += field.indicator(2);
      for (const auto subfield : field.subfields()) {
        out += " $";
        out += subfield.code;
        out += ' ';
        out += subfield.value;
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace connexion
