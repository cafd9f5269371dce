// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/header.hpp"

#include <algorithm>

namespace connexion::gateway {
namespace {

constexpr std::size_t kLeader = 24;
constexpr std::size_t kLength = 5;           // digits of the record length in a leader
constexpr std::size_t kShortestRecord = 26;  // leader, field terminator, record terminator
constexpr int kMaxDigits = 3;                // of a field's decimal length
constexpr std::size_t kMaxReadings = 8;
constexpr std::string_view kEnds("\0\x1D", 2);  // of the request and of a record
// leader/05 and leader/06 over all MARC 21 formats
constexpr std::string_view kStatuses = "acdnopsx";
constexpr std::string_view kTypes = "abcdefghijkmnopqrtuvwxyz";

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool known_status_and_base(std::string_view leader) {
  return kStatuses.find(leader[5]) != std::string_view::npos &&
         kTypes.find(leader[6]) != std::string_view::npos && all_digits(leader.substr(12, 5));
}

// A leader whose first five bytes may be anything.
bool leader_but_length(std::string_view bytes) {
  return bytes.size() >= kLeader && known_status_and_base(bytes) && bytes.substr(10, 2) == "22";
}

bool is_xml(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != '<') return false;
  const char c = bytes[1];
  return c == '?' || c == '!' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string* slot(Credentials& c, char field) {
  switch (field) {
    case 'U':
      return c.has_user ? nullptr : &c.user;
    case 'A':
      return c.has_login ? nullptr : &c.login;
    case 'P':
      return c.has_password ? nullptr : &c.password;
    default:
      return nullptr;
  }
}

void fill(Credentials& c, char field, std::string_view value) {
  *slot(c, field) = value;
  (field == 'U' ? c.has_user : field == 'A' ? c.has_login : c.has_password) = true;
}

int field_count(const Credentials& c) {
  return c.has_user + c.has_login + c.has_password;
}

bool same(const Credentials& a, const Credentials& b) {
  return a.user == b.user && a.login == b.login && a.password == b.password &&
         a.has_user == b.has_user && a.has_login == b.has_login && a.has_password == b.has_password;
}

}  // namespace

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool plausible_leader(std::string_view bytes) noexcept {
  return bytes.size() >= kLeader && declared_length(bytes) != 0 && known_status_and_base(bytes);
}

std::size_t declared_length(std::string_view bytes) noexcept {
  if (bytes.size() < kLength) return 0;
  std::size_t length = 0;
  for (const char c : bytes.substr(0, kLength)) {
    if (!is_digit(c)) return 0;
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  return length < kShortestRecord ? 0 : length;
}

HeaderReader::HeaderReader() : paths_(1) {}

std::optional<Header> HeaderReader::read(std::string_view bytes, bool ending) {
  // paths_ grows while paths split; the new ones are read in the same round
  for (std::size_t i = 0; i < paths_.size(); ++i) advance(i, bytes, ending);
  std::erase_if(paths_, [](const Path& p) { return p.stage == Stage::gone; });
  const Path* best = decided(ending);
  if (best != nullptr) return header(*best);
  if (paths_.empty()) {
    bad_length_ = true;
  } else if (ending) {
    truncated_ = true;
    fault_ = bytes.size();
  }
  return std::nullopt;
}

void HeaderReader::advance(std::size_t index, std::string_view bytes, bool ending) {
  for (bool moved = true; moved;) {
    switch (paths_[index].stage) {
      case Stage::token:
        moved = token(index, bytes);
        break;
      case Stage::digits:
        moved = digits(index, bytes);
        break;
      case Stage::value:
        moved = value(paths_[index], bytes);
        break;
      case Stage::record:
        moved = record(paths_[index], bytes, ending);
        break;
      case Stage::done:
      case Stage::gone:
        moved = false;
    }
  }
}

// A field's letter and the start of its length, or the start of the record.
bool HeaderReader::token(std::size_t index, std::string_view bytes) {
  Path& path = paths_[index];
  path.at = std::min(bytes.find_first_not_of(' ', path.at), bytes.size());
  if (path.at == bytes.size()) return false;
  const char letter = bytes[path.at];
  if (letter == '\0') {
    path.stage = Stage::done;
    path.certainty = Certainty::ended;
    return false;
  }
  if (slot(path.credentials, letter) == nullptr) {
    path.stage = Stage::record;
    return true;
  }
  if (path.at + 1 == bytes.size()) return false;
  const char size = bytes[path.at + 1];
  const auto code = static_cast<unsigned char>(size);
  path.field = letter;
  if (is_digit(size)) {
    path.stage = Stage::digits;
    path.digits = 0;
    path.length = 0;
    path.at += 1;
  } else if (code >= 0x40) {
    path.stage = Stage::value;
    path.length = code - 0x40U;
    path.at += 2;
  } else {
    path.stage = Stage::gone;
    fault_ = path.at + 1;
  }
  return path.stage != Stage::gone;
}

// One more digit of a decimal length: a new path takes it as the last one, this one goes on.
bool HeaderReader::digits(std::size_t index, std::string_view bytes) {
  Path& path = paths_[index];
  if (path.at == bytes.size()) return false;
  if (path.digits == kMaxDigits || !is_digit(bytes[path.at])) {
    path.stage = Stage::gone;
    return false;
  }
  path.length = path.length * 10 + static_cast<std::size_t>(bytes[path.at] - '0');
  path.digits += 1;
  path.all_digits += 1;
  path.at += 1;
  Path last = path;
  last.stage = Stage::value;
  paths_.push_back(std::move(last));  // invalidates `path`
  return true;
}

bool HeaderReader::value(Path& path, std::string_view bytes) {
  if (bytes.size() - path.at < path.length) return false;
  fill(path.credentials, path.field, bytes.substr(path.at, path.length));
  path.at += path.length;
  path.stage = Stage::token;
  return true;
}

bool HeaderReader::record(Path& path, std::string_view bytes, bool ending) {
  std::string_view rest = bytes.substr(path.at, kLeader);
  rest = rest.substr(0, rest.find_first_of(kEnds));
  const bool cut = bytes.size() - path.at > rest.size();
  if (is_xml(rest)) {
    path.certainty = Certainty::certain;
  } else if (rest.size() < kLeader && !cut && !ending) {
    return false;
  } else if (plausible_leader(rest)) {
    path.certainty = Certainty::certain;
  } else if (declared_length(rest) != 0) {
    path.certainty = Certainty::length;
  } else if (leader_but_length(rest)) {
    path.certainty = Certainty::leader;
  } else if (!rest.empty() && is_digit(rest[0])) {
    path.certainty = Certainty::digit;
  } else if (path.at >= kLength && rest.size() >= kLeader - kLength &&
             bytes.substr(path.at - kLength, kLength) == "     " &&
             leader_but_length(bytes.substr(path.at - kLength))) {
    path.certainty = Certainty::leader;  // a length left blank
    path.at -= kLength;
  } else {
    path.certainty = Certainty::none;
  }
  path.stage = Stage::done;
  return false;
}

// The certain path that arrives first, or, when all have arrived, the most certain one.
const HeaderReader::Path* HeaderReader::decided(bool ending) const {
  const auto better = [](const Path& a, const Path& b) {
    if (a.certainty != b.certainty) return a.certainty > b.certainty;
    if (a.at != b.at) return a.at < b.at;
    const int fields_a = field_count(a.credentials);
    const int fields_b = field_count(b.credentials);
    if (fields_a != fields_b) return fields_a > fields_b;
    return a.all_digits < b.all_digits;
  };
  const Path* best = nullptr;
  bool waiting = false;
  for (const Path& path : paths_) {
    if (path.stage != Stage::done)
      waiting = true;
    else if (best == nullptr || better(path, *best))
      best = &path;
  }
  if (best == nullptr || best->certainty == Certainty::certain) return best;
  if (!waiting) return best;
  return ending && best->certainty > Certainty::none ? best : nullptr;
}

Header HeaderReader::header(const Path& best) const {
  std::vector<const Path*> same_end;
  for (const Path& path : paths_)
    if (path.stage == Stage::done && path.at == best.at && path.certainty == best.certainty)
      same_end.push_back(&path);
  std::stable_sort(same_end.begin(), same_end.end(), [](const Path* a, const Path* b) {
    const int fields_a = field_count(a->credentials);
    const int fields_b = field_count(b->credentials);
    return fields_a != fields_b ? fields_a > fields_b : a->all_digits < b->all_digits;
  });
  Header header;
  for (const Path* path : same_end) {
    const bool known =
        std::any_of(header.readings.begin(), header.readings.end(),
                    [&](const Credentials& c) { return same(c, path->credentials); });
    if (!known && header.readings.size() < kMaxReadings)
      header.readings.push_back(path->credentials);
  }
  if (best.all_digits > 0)
    header.length_form = LengthForm::decimal;
  else if (field_count(best.credentials) > 0)
    header.length_form = LengthForm::byte;
  header.record = best.at;
  header.certainty = best.certainty;
  return header;
}

}  // namespace connexion::gateway
