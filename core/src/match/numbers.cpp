// SPDX-License-Identifier: GPL-3.0-or-later
#include "match/numbers.hpp"

#include <algorithm>
#include <array>

#include "connexion/match.hpp"

namespace connexion {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
int value(char c) {
  return c == 'X' ? 10 : c - '0';
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), digit);
}

bool begins_with(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(),
                                                   [](char a, char b) { return a == folded(b); });
}

std::string_view without_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

// Bytes of a hyphen or of what is typed for one (U+2010 to U+2015, U+2212), or of one space.
std::size_t separator(std::string_view text) {
  if (text.starts_with('-') || text.starts_with(' ')) return 1;
  if (text.size() < 3) return 0;
  const auto mark = text.substr(0, 3);
  return (mark >= "\xE2\x80\x90" && mark <= "\xE2\x80\x95") || mark == "\xE2\x88\x92" ? 3 : 0;
}

// The digits (and X) that a text begins with, and after how many of them it may end: where no
// further digit follows directly.
struct Run {
  std::string digits;
  std::array<bool, 16> ends{};
};

Run read_run(std::string_view text) {
  Run run;
  while (run.digits.size() < 14) {
    while (!text.empty() && (digit(text[0]) || folded(text[0]) == 'x') && run.digits.size() < 14) {
      run.digits.push_back(folded(text[0]) == 'x' ? 'X' : text[0]);
      text.remove_prefix(1);
    }
    run.ends[run.digits.size()] = text.empty() || !letter(text[0]) || !run.digits.ends_with('X');
    const std::size_t size = separator(text);
    if (size == 0 || run.digits.empty()) break;
    text.remove_prefix(size);
    if (text.empty() || !(digit(text[0]) || folded(text[0]) == 'x')) break;
  }
  return run;
}

std::string_view without_label(std::string_view text, std::string_view label) {
  text = numbers::trimmed(text);
  if (!begins_with(text, label)) return text;
  text.remove_prefix(label.size());
  if (text.starts_with("-10") || text.starts_with("-13")) text.remove_prefix(3);
  if (text.starts_with(':')) text.remove_prefix(1);
  return numbers::trimmed(text);
}

bool isbn10_holds(std::string_view isbn) {
  if (!all_digits(isbn.substr(0, 9))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 10; ++i) sum += (10 - static_cast<int>(i)) * value(isbn[i]);
  return sum % 11 == 0;
}

char isbn13_check(std::string_view twelve) {
  int sum = 0;
  for (std::size_t i = 0; i < 12; ++i) sum += value(twelve[i]) * (i % 2 == 0 ? 1 : 3);
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

char isbn10_check(std::string_view nine) {
  int sum = 0;
  for (std::size_t i = 0; i < 9; ++i) sum += (10 - static_cast<int>(i)) * value(nine[i]);
  const int check = (11 - sum % 11) % 11;
  return check == 10 ? 'X' : static_cast<char>('0' + check);
}

bool issn_holds(std::string_view issn) {
  if (!all_digits(issn.substr(0, 7))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += (8 - static_cast<int>(i)) * value(issn[i]);
  return sum % 11 == 0;
}

// "(OCoLC)", "ocm", "ocn" or "on", each before the digits; 0 where there is none.
std::size_t oclc_prefix(std::string_view text) {
  for (const std::string_view prefix : {"(ocolc)", "ocm", "ocn", "on"})
    if (begins_with(text, prefix)) return prefix.size();
  return 0;
}

}  // namespace

std::string numbers::isbn13(std::string_view compact) {
  if (compact.size() == 10 && isbn10_holds(compact)) {
    std::string isbn = "978" + std::string(compact.substr(0, 9));
    isbn.push_back(isbn13_check(isbn));
    return isbn;
  }
  const bool bookland = compact.starts_with("978") || compact.starts_with("979");
  if (compact.size() != 13 || !bookland || !all_digits(compact)) return {};
  return isbn13_check(compact) == compact[12] ? std::string(compact) : std::string();
}

std::string numbers::mended_isbn13(std::string_view compact) {
  if (compact.empty() || !isbn13(compact).empty()) return {};
  if (!digit(compact.back()) && compact.back() != 'X') return {};
  const std::string_view stem = compact.substr(0, compact.size() - 1);
  if (stem.size() == 9 && all_digits(stem)) {
    const std::string ten = std::string(stem) + isbn10_check(stem);
    return isbn13(ten);
  }
  return stem.size() == 12 ? isbn13(std::string(stem) + isbn13_check(stem)) : std::string();
}

std::string numbers::isbn10(std::string_view isbn13) {
  if (!isbn13.starts_with("978")) return {};
  std::string isbn(isbn13.substr(3, 9));
  isbn.push_back(isbn10_check(isbn));
  return isbn;
}

std::string_view numbers::trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool numbers::names_oclc(std::string_view text) {
  text = trimmed(text);
  const std::size_t size = oclc_prefix(text);
  return size != 0 && !normal_oclc(text).empty();
}

std::string normal_isbn(std::string_view text) {
  const Run run = read_run(without_label(text, "isbn"));
  const std::string_view digits = run.digits;
  if (digits.size() >= 13 && run.ends[13]) {
    auto isbn = numbers::isbn13(digits.substr(0, 13));
    if (!isbn.empty()) return isbn;
  }
  if (digits.size() < 10 || !run.ends[10]) return {};
  return numbers::isbn13(digits.substr(0, 10));
}

std::string normal_issn(std::string_view text) {
  const Run run = read_run(without_label(text, "issn"));
  if (run.digits.size() < 8 || !run.ends[8]) return {};
  const std::string_view issn = std::string_view(run.digits).substr(0, 8);
  if (!issn_holds(issn)) return {};
  return std::string(issn.substr(0, 4)) + "-" + std::string(issn.substr(4));
}

// Blanks and what follows a slash are dropped; digits after a hyphen are filled to six.
std::string normal_lccn(std::string_view text) {
  std::string compact;
  for (const char c : text.substr(0, text.find('/')))
    if (c != ' ') compact.push_back(folded(c));
  if (const auto hyphen = compact.find('-'); hyphen != std::string::npos) {
    std::string serial = compact.substr(hyphen + 1);
    if (serial.empty() || serial.size() > 6 || !all_digits(serial)) return {};
    compact = compact.substr(0, hyphen) + std::string(6 - serial.size(), '0') + serial;
  }
  const auto first_digit = std::find_if_not(compact.begin(), compact.end(), letter);
  const auto prefix = static_cast<std::size_t>(first_digit - compact.begin());
  const std::size_t count = compact.size() - prefix;
  if (!all_digits(std::string_view(compact).substr(prefix))) return {};
  return (count == 8 && prefix <= 3) || (count == 10 && prefix <= 2) ? compact : std::string();
}

std::string normal_oclc(std::string_view text) {
  constexpr std::size_t kMostDigits = 15;
  text = numbers::trimmed(text);
  // "(OCoLC)ocm00012345" has two
  if (begins_with(text, "(ocolc)")) text = numbers::trimmed(text.substr(7));
  if (!begins_with(text, "(")) text.remove_prefix(oclc_prefix(text));
  if (text.empty() || !all_digits(text)) return {};
  text = without_zeros(text);
  return text.size() <= kMostDigits ? std::string(text) : std::string();
}

std::string normal_local(std::string_view text) {
  constexpr std::size_t kMostDigits = 10;
  text = numbers::trimmed(text);
  if (!all_digits(text)) return {};
  text = without_zeros(text);
  return text.size() <= kMostDigits ? std::string(text) : std::string();
}

std::string normal_control(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ') out.push_back(folded(c));
  const auto end = out.find(')');
  const bool whole = out.starts_with('(') && end != std::string::npos && end > 1;
  return whole && end + 1 < out.size() ? out : std::string();
}

}  // namespace connexion
