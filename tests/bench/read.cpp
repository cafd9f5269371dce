// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-read FILE ROUNDS: how long three ways of reading take over the same records in memory, by
// turns, in one thread. One line of JSON: the processor's seconds of each round.
//
//   ours     read_iso2709 with all its checks, then every subfield is visited
//   libyaz   yaz_marc_read_iso2709, which builds its tree; there is no way to visit that without
//            writing it, so its subfields are counted once, by writing them, beside the measured
//            time
//   walk     leader, directory and every subfield are looked at, nothing is checked or built
#include <yaz/marcdisp.h>
#include <yaz/wrbuf.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "connexion/marc.hpp"

namespace {

using Records = std::vector<std::string_view>;

constexpr char kRecordTerminator = 0x1D;
constexpr std::size_t kLeader = 24;
constexpr std::size_t kEntry = 12;

// What a visit finds, so that no compiler leaves it out.
struct Seen {
  std::uint64_t subfields = 0;
  std::uint64_t bytes = 0;
  std::uint64_t codes = 0;

  void see(char code, std::string_view value) noexcept {
    ++subfields;
    bytes += value.size();
    codes += static_cast<unsigned char>(code);
  }
};

std::size_t digits(const char* from, std::size_t count) noexcept {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value * 10 + static_cast<std::size_t>(from[i] - '0');
  return value;
}

// ---------------------------------------------------------------- the three ways

void read_ours(const Records& records, Seen& seen) {
  for (const auto bytes : records) {
    const auto result = connexion::read_iso2709(bytes);
    if (!result.record) continue;
    for (const auto field : result.record->fields()) {
      if (field.is_control()) seen.see(' ', field.data());
      for (const auto subfield : field.subfields()) seen.see(subfield.code, subfield.value);
    }
  }
}

void read_libyaz(const Records& records, Seen& seen) {
  const yaz_marc_t marc = yaz_marc_create();
  for (const auto bytes : records) {
    const int length = yaz_marc_read_iso2709(marc, bytes.data(), static_cast<int>(bytes.size()));
    if (length > 0) seen.bytes += static_cast<std::uint64_t>(length);
  }
  yaz_marc_destroy(marc);
}

// What libyaz has in its tree, told by writing it.
void count_libyaz(const Records& records, Seen& seen) {
  const yaz_marc_t marc = yaz_marc_create();
  const WRBUF lines = wrbuf_alloc();
  for (const auto bytes : records) {
    if (yaz_marc_read_iso2709(marc, bytes.data(), static_cast<int>(bytes.size())) <= 0) continue;
    wrbuf_rewind(lines);
    yaz_marc_write_marcxml(marc, lines);
    const std::string_view xml(wrbuf_buf(lines), wrbuf_len(lines));
    for (const std::string_view element : {"<subfield ", "<controlfield "})
      for (auto at = xml.find(element); at != xml.npos; at = xml.find(element, at + 1))
        ++seen.subfields;
  }
  wrbuf_destroy(lines);
  yaz_marc_destroy(marc);
}

void walk_field(const char* at, const char* end, Seen& seen) noexcept {
  const auto next = [&](const char* from) {
    const void* const found = std::memchr(from, 0x1F, static_cast<std::size_t>(end - from));
    return found ? static_cast<const char*>(found) : end;
  };
  at = next(at);
  while (at < end) {
    const char* const stop = next(at + 1);
    seen.see(at[1], {at + 2, static_cast<std::size_t>(stop - at - 2)});
    at = stop;
  }
}

// The one question it asks is whether it stays inside of the record.
void walk(std::string_view record, Seen& seen) noexcept {
  const std::size_t base = digits(record.data() + 12, 5);
  const char* const end = record.data() + record.size();
  for (std::size_t entry = kLeader; entry + kEntry < base; entry += kEntry) {
    const char* const at = record.data() + entry;
    const std::size_t length = digits(at + 3, 4);
    const char* const field = record.data() + base + digits(at + 7, 5);
    if (base > record.size() || field + length > end || length == 0) return;
    if (at[0] == '0' && at[1] == '0')
      seen.see(' ', {field, length - 1});
    else
      walk_field(field, field + length - 1, seen);
  }
}

void walk_all(const Records& records, Seen& seen) {
  for (const auto bytes : records)
    if (bytes.size() > kLeader + kEntry) walk(bytes, seen);
}

// ---------------------------------------------------------------- measuring

Records split(std::string_view bytes) {
  Records records;
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find(kRecordTerminator), bytes.size() - 1) + 1;
    records.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return records;
}

struct Work {
  const char* name;
  void (*run)(const Records&, Seen&);
  std::vector<double> seconds;
  Seen seen;
};

// Not by the clock on the wall: other processes must not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(Work& work, const Records& records) {
  work.seen = {};
  const double start = processor_seconds();
  work.run(records, work.seen);
  work.seconds.push_back(processor_seconds() - start);
}

void print(const Work& work) {
  std::printf(",\"%s\":{\"subfields\":%llu,\"seconds\":[", work.name,
              static_cast<unsigned long long>(work.seen.subfields));
  for (std::size_t i = 0; i < work.seconds.size(); ++i)
    std::printf("%s%.6f", i == 0 ? "" : ",", work.seconds[i]);
  std::printf("]}");
}

}  // namespace

int main(int count, char** arguments) {
  int rounds = 0;
  if (count == 3) std::from_chars(arguments[2], arguments[2] + std::strlen(arguments[2]), rounds);
  if (rounds < 1) {
    std::fputs("usage: bench-read FILE ROUNDS\n", stderr);
    return 2;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const Records records = split(bytes);
  if (records.empty()) {
    std::fprintf(stderr, "bench-read: %s has no records\n", arguments[1]);
    return 2;
  }
  Work works[] = {
      {"ours", read_ours, {}, {}}, {"libyaz", read_libyaz, {}, {}}, {"walk", walk_all, {}, {}}};
  for (int round = 0; round < rounds; ++round)
    for (auto& work : works) measure(work, records);
  count_libyaz(records, works[1].seen);
  std::printf("{\"records\":%zu,\"bytes\":%zu", records.size(), bytes.size());
  for (const auto& work : works) print(work);
  std::puts("}");
}
