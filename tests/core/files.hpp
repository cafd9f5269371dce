// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a file below tests/data.
inline std::string data_file(const std::string& name) {
  std::ifstream file(std::filesystem::path(CONNEXION_TEST_DATA) / name, std::ios::binary);
  if (!file) throw std::runtime_error("no test file " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file of sound records cut after each record terminator.
inline std::vector<std::string> data_records(const std::string& name) {
  const std::string bytes = data_file(name);
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = bytes.find('\x1D', at);
    if (end == std::string::npos) break;
    records.push_back(bytes.substr(at, end + 1 - at));
    at = end + 1;
  }
  return records;
}
