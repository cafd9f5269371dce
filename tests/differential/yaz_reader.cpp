// SPDX-License-Identifier: GPL-3.0-or-later
//
// Records from standard input, each behind its length (32 bits, big-endian), to MARC-in-JSON as
// libyaz makes it, framed the same way; a length of 0 where libyaz can't read the record. As its
// own tools do, it takes the coding scheme from leader/09.
#include <yaz/marcdisp.h>
#include <yaz/yaz-iconv.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

namespace {

bool read_frame(std::string& bytes) {
  std::array<unsigned char, 4> head{};
  if (!std::cin.read(reinterpret_cast<char*>(head.data()), head.size())) return false;
  bytes.resize(std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | std::size_t{head[2]} << 8 |
               std::size_t{head[3]});
  return static_cast<bool>(std::cin.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
}

void write_frame(std::string_view bytes) {
  for (const int shift : {24, 16, 8, 0}) std::cout.put(static_cast<char>(bytes.size() >> shift));
  std::cout << bytes << std::flush;
}

std::string_view decode(yaz_marc_t marc, yaz_iconv_t marc8, const std::string& bytes) {
  yaz_marc_iconv(marc, bytes.size() > 9 && bytes[9] == 'a' ? nullptr : marc8);
  const char* result = nullptr;
  std::size_t size = 0;
  const int read =
      yaz_marc_decode_buf(marc, bytes.data(), static_cast<int>(bytes.size()), &result, &size);
  return read > 0 ? std::string_view(result, size) : std::string_view();
}

}  // namespace

int main() {
  const yaz_marc_t marc = yaz_marc_create();
  yaz_marc_xml(marc, YAZ_MARC_JSON);
  const yaz_iconv_t marc8 = yaz_iconv_open("utf-8", "marc-8");
  std::string bytes;
  while (read_frame(bytes)) write_frame(decode(marc, marc8, bytes));
  yaz_iconv_close(marc8);
  yaz_marc_destroy(marc);
}
