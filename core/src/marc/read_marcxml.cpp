// SPDX-License-Identifier: GPL-3.0-or-later
//
// MARCXML, as Koha stores its records and as MARC::File::XML writes them: one `record`, bare or in
// a `collection`, in the namespace of MARC 21 slim or in none.
#include <expat.h>

#include <algorithm>
#include <memory>
#include <new>
#include <type_traits>

#include "connexion/marc.hpp"
#include "connexion/text.hpp"
#include "marc/decode.hpp"
#include "marc/draft.hpp"
#include "marc/leader.hpp"
#include "marc/log.hpp"
#include "marc/references.hpp"
#include "text/utf8.hpp"

namespace connexion {
namespace {

using namespace detail;

constexpr std::string_view kNamespace = "http://www.loc.gov/MARC21/slim";
constexpr char kSeparator = '|';

enum class Place { document, collection, record, leader, control_field, data_field, subfield };

class XmlReader {
 public:
  explicit XmlReader(const ReadOptions& options)
      : options_(options), parser_(XML_ParserCreateNS("UTF-8", kSeparator)) {
    log_.strict = options.strict;
    if (!parser_) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<XmlReader*>(self)->start(name, attributes);
        },
        [](void* self, const XML_Char*) { static_cast<XmlReader*>(self)->end(); });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const XML_Char* text, int length) {
      static_cast<XmlReader*>(self)->characters({text, static_cast<std::size_t>(length)});
    });
    // A document type may declare entities, which records have no use for and attackers have.
    XML_SetStartDoctypeDeclHandler(
        parser_.get(), [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
          static_cast<XmlReader*>(self)->refuse(Code::xml_not_marcxml);
        });
  }

  ReadResult read(std::string_view octets) {
    parse(octets);
    if (!log_.refused() && records_ == 0) log_.report(Code::xml_not_marcxml, 0);
    if (!log_.refused() && draft_.fields.empty()) log_.report(Code::record_empty, 0);
    ReadResult result;
    result.consumed = octets.size();
    result.outcome = log_.outcome();
    result.encoding = Encoding::utf8;
    result.diagnostics = std::move(log_.diagnostics);
    if (result.outcome != Outcome::refused) result.record.emplace(draft_.pack());
    return result;
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
  };

  void parse(std::string_view octets) {
    constexpr std::size_t piece = std::size_t{1} << 20U;  // expat counts in int
    bool last = false;
    while (!last && !log_.refused()) {
      const std::string_view part = octets.substr(0, piece);
      octets.remove_prefix(part.size());
      last = octets.empty();
      const auto status =
          XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), last ? 1 : 0);
      if (status != XML_STATUS_OK && !log_.refused()) report(Code::xml_malformed);
    }
  }

  [[nodiscard]] std::size_t offset() const {
    return static_cast<std::size_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_.get())));
  }

  void report(Code code) { log_.report(code, offset()); }

  void report_field(Code code) { log_.report_field(code, offset()); }

  void refuse(Code code) {
    if (!log_.refused()) report(code);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static std::string_view local_name(std::string_view name) {
    const std::size_t bar = name.find(kSeparator);
    if (bar == std::string_view::npos) return name;
    return name.substr(0, bar) == kNamespace ? name.substr(bar + 1) : std::string_view{};
  }

  static std::string_view attribute(const XML_Char** attributes, std::string_view name) {
    for (; *attributes != nullptr; attributes += 2)
      if (name == attributes[0]) return attributes[1];
    return {};
  }

  void start(std::string_view qualified, const XML_Char** attributes) {
    const std::string_view name = local_name(qualified);
    text_.clear();
    if (name == "collection" && place_ == Place::document) {
      place_ = Place::collection;
      in_collection_ = true;
    } else if (name == "record" && (place_ == Place::document || place_ == Place::collection)) {
      start_record();
    } else if (name == "leader" && place_ == Place::record && !leader_seen_) {
      place_ = Place::leader;
      leader_seen_ = true;
    } else if (name == "controlfield" && place_ == Place::record) {
      start_field(Place::control_field, attributes);
    } else if (name == "datafield" && place_ == Place::record) {
      start_field(Place::data_field, attributes);
    } else if (name == "subfield" && place_ == Place::data_field) {
      start_subfield(attributes);
    } else {
      refuse(Code::xml_not_marcxml);
    }
  }

  void start_record() {
    if (++records_ > 1) return refuse(Code::xml_several_records);
    place_ = Place::record;
  }

  void start_field(Place place, const XML_Char** attributes) {
    const std::string_view tag = attribute(attributes, "tag");
    const bool control = place == Place::control_field;
    if (!is_tag(tag) || is_control_tag(tag) != control) return refuse(Code::xml_bad_field);
    tag_ = tag;
    place_ = place;
    log_.begin_field(tag_);
    if (control) return;
    const char first = indicator(attributes, "ind1");
    const char second = indicator(attributes, "ind2");
    draft_.data_field(tag_, first, second);
  }

  // An empty indicator is a blank that some tool has trimmed.
  char indicator(const XML_Char** attributes, std::string_view name) {
    const std::string_view value = attribute(attributes, name);
    if (value.size() == 1 && is_printable(value[0])) return value[0];
    if (value.empty())
      report_field(Code::xml_indicator_empty);
    else
      refuse(Code::xml_bad_field);
    return ' ';
  }

  void start_subfield(const XML_Char** attributes) {
    const std::string_view code = attribute(attributes, "code");
    if (code.size() != 1 || !is_printable(code[0])) return refuse(Code::xml_bad_field);
    if (code[0] == ' ') return refuse(Code::subfield_code_missing);
    if (!is_usual_code(code[0])) report_field(Code::subfield_code_unusual);
    code_ = code[0];
    place_ = Place::subfield;
  }

  void characters(std::string_view text) {
    const bool content =
        place_ == Place::leader || place_ == Place::control_field || place_ == Place::subfield;
    if (content)
      text_ += text;
    else if (text.find_first_not_of(" \t\r\n") != std::string_view::npos)
      refuse(Code::xml_not_marcxml);
  }

  void end() {
    switch (place_) {
      case Place::leader:
        end_leader();
        place_ = Place::record;
        break;
      case Place::control_field:
        end_control_field();
        place_ = Place::record;
        break;
      case Place::subfield:
        draft_.subfield(code_, value());
        place_ = Place::data_field;
        break;
      case Place::data_field:
        end_data_field();
        place_ = Place::record;
        break;
      case Place::record:
        end_record();
        place_ = in_collection_ ? Place::collection : Place::document;
        break;
      case Place::collection:
      case Place::document:
        place_ = Place::document;
        break;
    }
  }

  void end_leader() {
    if (text_.size() > kLeaderSize ||
        !std::all_of(text_.begin(), text_.end(), detail::is_printable))
      return refuse(Code::leader_bad_character);
    if (text_.size() < kLeaderSize) report(Code::xml_leader);
    text_.resize(kLeaderSize, ' ');
    if (text_[9] != 'a') log_.report(Code::leader_encoding, offset(), "LDR");
    draft_.leader = text_;
    settle_leader(draft_.leader, log_, offset());
  }

  void end_control_field() {
    const std::string content = value();
    if (content.empty()) return report_field(Code::field_empty);
    draft_.control_field(tag_, content);
  }

  void end_data_field() {
    if (draft_.fields.back().count != 0) return;
    draft_.drop_empty_field();
    report_field(Code::field_empty);
  }

  void end_record() {
    if (!leader_seen_) report(Code::xml_leader);
  }

  // The text of the element that ends, controls and doubtful characters looked at as everywhere.
  std::string value() {
    std::string out;
    found_.clear();
    decode_utf8(text_, out, found_);
    std::vector<Code> told;
    for (const Problem& problem : found_) {
      if (std::find(told.begin(), told.end(), problem.code) != told.end()) continue;
      told.push_back(problem.code);
      report_field(problem.code);
    }
    if (options_.bracketed_hex || options_.numeric_references)
      read_references(out, 0, options_.bracketed_hex, options_.numeric_references);
    return options_.nfc ? nfc(out) : out;
  }

  const ReadOptions& options_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
  RecordDraft draft_;
  Log log_;
  Place place_ = Place::document;
  bool in_collection_ = false;
  bool leader_seen_ = false;
  int records_ = 0;
  std::string tag_;
  char code_ = ' ';
  std::string text_;
  Problems found_;
};

}  // namespace

ReadResult read_marcxml(std::string_view octets, const ReadOptions& options) {
  return XmlReader(options).read(octets);
}

}  // namespace connexion
