// SPDX-License-Identifier: GPL-3.0-or-later
//
// From the bytes of a record whose fields are known to its characters: which encoding they are in,
// and what they are.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "connexion/marc.hpp"
#include "marc/draft.hpp"
#include "marc/log.hpp"

namespace connexion::detail {

/// Fields and subfields as they lie in the bytes, characters not yet looked at.
struct RawRecord {
  struct Span {
    std::size_t at;
    std::size_t length;
  };
  struct Value {
    char code;  // 0 for a control field's data
    Span span;
  };
  struct Field {
    char tag[3];
    char indicators[2];
    bool control;
    std::size_t count;  // of the values, which follow those of the field before
  };
  std::vector<Field> fields;
  std::vector<Value> values;

  void add_control(const char* tag, Span span) {
    fields.push_back({{tag[0], tag[1], tag[2]}, {' ', ' '}, true, 1});
    values.push_back({'\0', span});
  }
  void add_data(const char* tag, char indicator1, char indicator2) {
    fields.push_back({{tag[0], tag[1], tag[2]}, {indicator1, indicator2}, false, 0});
  }
  void add_subfield(char code, Span span) {
    values.push_back({code, span});
    ++fields.back().count;
  }
};

/// Fills `draft` with the fields of `raw` and tells the encoding. What is wrong goes to `log`.
Encoding decode_characters(std::string_view bytes, char declared, const ReadOptions& options,
                           const RawRecord& raw, RecordDraft& draft, Log& log);

}  // namespace connexion::detail
