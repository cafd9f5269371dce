// SPDX-License-Identifier: GPL-3.0-or-later
#include "batch.hpp"

#include "connexion/error.hpp"
#include "marc/write_marcxml.hpp"
#include "report.hpp"
#include "unit.hpp"

namespace connexion::tool {
namespace {

// How many times as long as ISO 2709 the usual record is in any of the formats, at most.
constexpr std::size_t kMostGrowth = 6;

void put_marcxml(Bytes& out, const Record& record) {
  const detail::MarcxmlWriter writer(record);
  char* const to = out.room_for(writer.most());
  out.grow(static_cast<std::size_t>(writer.write(to) - to));
}

void put_record(Bytes& out, const Record& record, const Options& options) {
  switch (options.to) {
    case Format::line:
      out.append(to_line(record));
      out.append("\n");
      break;
    case Format::json:
      out.append(to_json(record));
      out.append("\n");
      break;
    case Format::xml:
      put_marcxml(out, record);
      break;
    case Format::iso2709:
      out.append(to_iso2709(record, options.write));
      break;
    case Format::none:
      break;
  }
}

// A record that can be read but not written is refused like one that can't be read.
void refuse_unwritten(ReadResult& result, const Error& error) {
  result.record.reset();
  result.outcome = Outcome::refused;
  result.diagnostics.push_back(
      {Code::record_over_99999, Severity::refused, 0, {}, 0, error.what()});
}

void remark(Batch& batch, const Unit& unit, std::uint64_t offset, const Options& options) {
  std::string text;
  if (options.report) {
    put_report_tail(text, offset, unit.length, unit.result);
  } else if (unit.result.outcome == Outcome::refused) {
    text = " at byte " + std::to_string(offset) + " is refused: ";
    text += refusal(unit.result);
    text += '\n';
  } else {
    return;
  }
  batch.remarks.push_back({batch.records, std::move(text)});
}

}  // namespace

void convert(const Block& block, const Options& options, Batch& batch) {
  batch.out.clear();
  batch.remarks.clear();
  batch.records = batch.refused = 0;
  const std::string_view bytes = block.bytes.view();
  // Memory that isn't written to costs nothing, growing does.
  if (options.to != Format::none) batch.out.room_for(kMostGrowth * bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    if (blank_run(bytes.substr(at)) == bytes.size() - at) break;
    Unit unit = read_unit(bytes.substr(at), options.read);
    if (unit.result.record) {
      try {
        put_record(batch.out, *unit.result.record, options);
      } catch (const Error& error) {
        refuse_unwritten(unit.result, error);
      }
    }
    remark(batch, unit, block.offset + at, options);
    ++batch.records;
    batch.refused += unit.result.outcome == Outcome::refused ? 1 : 0;
    at += unit.length;
  }
}

std::string_view output_head(Format format) noexcept {
  return format == Format::xml ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                 "<collection xmlns=\"http://www.loc.gov/MARC21/slim\">\n"
                               : "";
}

std::string_view output_foot(Format format) noexcept {
  return format == Format::xml ? "</collection>\n" : "";
}

}  // namespace connexion::tool
