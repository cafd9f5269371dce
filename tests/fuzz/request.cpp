// SPDX-License-Identifier: GPL-3.0-or-later
//
// A connection's bytes in one piece and in pieces: what they hold must be the same. The last four
// bytes choose the pieces.
#include "connexion/request.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "expect.hpp"

namespace {

using connexion::RequestParser;

struct Heard {
  std::vector<std::string> records;
  std::vector<connexion::Credentials> readings;  // of the first request
  bool failed = false;
};

void drain(RequestParser& parser, Heard& heard) {
  while (const auto request = parser.next()) {
    fuzz::expect(!request->readings.empty() && !request->records.empty(), "a request is whole");
    if (heard.records.empty()) heard.readings = request->readings;
    heard.records.insert(heard.records.end(), request->records.begin(), request->records.end());
  }
}

Heard hear(std::string_view bytes, std::size_t longest, std::uint32_t seed) {
  const connexion::RequestLimits limits{20'000, 5};
  std::mt19937 random(seed);
  RequestParser parser(limits);
  Heard heard;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, longest == 0 ? bytes.size() : 1 + random() % longest);
    parser.feed(piece);
    bytes.remove_prefix(piece.size());
    fuzz::expect(parser.buffered() <= limits.max_bytes + piece.size(), "what is held is limited");
    if (longest != 0 && random() % 2 == 0) drain(parser, heard);
  }
  parser.finish();
  drain(parser, heard);
  heard.failed = parser.state() == RequestParser::State::failed;
  if (heard.failed) {
    fuzz::expect_sentence(parser.problem().message, "a problem is told in UTF-8");
    fuzz::expect(!parser.problem().code.empty(), "a problem has a code");
  }
  return heard;
}

bool same(const connexion::Credentials& a, const connexion::Credentials& b) {
  return a.user == b.user && a.login == b.login && a.password == b.password;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::uint32_t seed = 0;
  if (size < sizeof seed) return 0;
  size -= sizeof seed;
  std::memcpy(&seed, data + size, sizeof seed);
  const auto bytes = fuzz::as_text(data, size);

  const Heard whole = hear(bytes, 0, 0);
  const Heard pieces = hear(bytes, 1 + seed % 700, seed);
  // A problem takes the request it is in with it, and records that come later than the one before
  // them are requests of their own: so no more is compared than both have.
  const auto both = std::min(whole.records.size(), pieces.records.size());
  for (std::size_t i = 0; i < both; ++i)
    fuzz::expect(whole.records[i] == pieces.records[i], "the same records");
  if (!whole.failed && !pieces.failed)
    fuzz::expect(whole.records.size() == pieces.records.size(), "as many records");
  if (both != 0)
    fuzz::expect(std::equal(whole.readings.begin(), whole.readings.end(), pieces.readings.begin(),
                            pieces.readings.end(), same),
                 "the same readings");
  return 0;
}
