// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/fixed_fields.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace connexion::client {
namespace {

/// Each of `count` positions from `first` on holds one of the values.
struct Positions {
  std::size_t first, count;
  std::string_view values;
};
using Table = std::span<const Positions>;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kDateValues = "0123456789u |";
constexpr std::string_view kAudience = " abcdefgj|";
constexpr std::string_view kForm = " abcdfoqrs|";
constexpr std::string_view kGovernment = " acfilmosuz|";
constexpr std::string_view kYesNo = "01|";
constexpr std::string_view kTwoLetters = "abcdefghijklmnopqrstuvwxyz |";

constexpr std::array kBiblioLeader{
    Positions{5, 1, "acdnp"}, Positions{6, 1, "acdefgijkmoprt"},   Positions{7, 1, "abcdims"},
    Positions{8, 1, " a"},    Positions{17, 1, " 1234578uzIJKLM"}, Positions{18, 1, " acinu"},
    Positions{19, 1, " abc"},
};
constexpr std::array kAuthorityLeader{Positions{5, 1, "acdnosx"}, Positions{6, 1, "z"},
                                      Positions{17, 1, "no"}};

constexpr std::array kAllMaterials{
    Positions{0, 6, kDigits},    Positions{6, 1, "bcdeikmnpqrstu|"}, Positions{7, 8, kDateValues},
    Positions{38, 1, " dorsx|"}, Positions{39, 1, " cdu|"},
};
constexpr std::array kBooks{
    Positions{18, 4, " abcdefghijklmop|"},
    Positions{22, 1, kAudience},
    Positions{23, 1, kForm},
    Positions{24, 4, " abcdefgijklmnopqrstuvwyz256|"},
    Positions{28, 1, kGovernment},
    Positions{29, 3, kYesNo},
    Positions{33, 1, "01defhijmpsu|"},
    Positions{34, 1, " abcd|"},
};
constexpr std::array kComputerFiles{
    Positions{22, 1, kAudience},
    Positions{23, 1, " oq|"},
    Positions{26, 1, "abcdefghijmuz|"},
    Positions{28, 1, kGovernment},
};
constexpr std::array kMaps{
    Positions{18, 4, " abcdefgijkmz|"},
    Positions{22, 2, kTwoLetters},
    Positions{25, 1, "abcdefguz|"},
    Positions{28, 1, kGovernment},
    Positions{29, 1, kForm},
    Positions{31, 1, kYesNo},
    Positions{33, 2, " ejklnoprz|"},
};
constexpr std::array kMusic{
    Positions{18, 2, kTwoLetters},
    Positions{20, 1, "abcdeghijklmnpuz|"},
    Positions{21, 1, " defnu|"},
    Positions{22, 1, kAudience},
    Positions{23, 1, kForm},
    Positions{24, 6, " abcdefghikrsz|"},
    Positions{30, 2, " abcdefghijklmnoprstz|"},
    Positions{33, 1, " abcnu|"},
};
constexpr std::array kContinuing{
    Positions{18, 1, " abcdefghijkmqstuwz|"},
    Positions{19, 1, "nrux|"},
    Positions{21, 1, " dghjlmnprstw|"},
    Positions{22, 1, " abcdefoqs|"},
    Positions{23, 1, kForm},
    Positions{24, 4, " abcdefghiklmnopqrstuvwyz56|"},
    Positions{28, 1, kGovernment},
    Positions{29, 1, kYesNo},
    Positions{33, 1, " abcdefghijklmuz|"},
    Positions{34, 1, "012|"},
};
constexpr std::array kVisual{
    Positions{18, 3, "0123456789n-|"},
    Positions{22, 1, kAudience},
    Positions{28, 1, kGovernment},
    Positions{29, 1, kForm},
    Positions{33, 1, "abcdfgiklmnopqrstvwz|"},
    Positions{34, 1, "aclnuz|"},
};
constexpr std::array kMixed{Positions{23, 1, kForm}};

constexpr std::array kAuthority{
    Positions{0, 6, kDigits},        Positions{6, 1, " din|"},    Positions{7, 1, " abcdefgn|"},
    Positions{8, 1, " bef|"},        Positions{9, 1, "abcdefg"},  Positions{10, 1, "abcdnz|"},
    Positions{11, 1, "abcdknrsvz|"}, Positions{12, 1, "abcnz|"},  Positions{13, 1, "abcn|"},
    Positions{14, 3, "ab|"},         Positions{17, 1, "abcden|"}, Positions{28, 1, kGovernment},
    Positions{29, 1, "abn|"},        Positions{31, 1, "ab|"},     Positions{32, 1, "abn|"},
    Positions{33, 1, "abcdn|"},      Positions{38, 1, " sx|"},    Positions{39, 1, " cdu|"},
};

// By leader/06 and 07; empty where they say nothing that there is.
Table table_of(std::string_view leader) {
  const bool continuing = std::string_view("bis").find(leader[7]) != std::string_view::npos;
  switch (leader[6]) {
    case 'a':
      return continuing ? Table(kContinuing) : Table(kBooks);
    case 't':
      return kBooks;
    case 'm':
      return kComputerFiles;
    case 'e':
    case 'f':
      return kMaps;
    case 'c':
    case 'd':
    case 'i':
    case 'j':
      return kMusic;
    case 'g':
    case 'k':
    case 'o':
    case 'r':
      return kVisual;
    case 'p':
      return kMixed;
    default:
      return {};
  }
}

void add_bad(std::string_view data, Table table, std::vector<std::size_t>& bad) {
  for (const auto& row : table)
    if (data.substr(row.first, row.count).find_first_not_of(row.values) != std::string_view::npos)
      bad.push_back(row.first);
}

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

// Two or three small letters, as "xxu" and "fr "; "|||" where nothing is said.
bool is_place(std::string_view code) {
  return code == "|||" ||
         (is_small(code[0]) && is_small(code[1]) && (is_small(code[2]) || code[2] == ' '));
}

bool is_language(std::string_view code) {
  return code == "|||" || code == "   " || std::all_of(code.begin(), code.end(), is_small);
}

}  // namespace

std::vector<std::size_t> bad_leader_positions(std::string_view leader, RecordType type) {
  std::vector<std::size_t> bad;
  add_bad(leader, type == RecordType::authority ? Table(kAuthorityLeader) : Table(kBiblioLeader),
          bad);
  std::sort(bad.begin(), bad.end());
  return bad;
}

std::vector<std::size_t> bad_008_positions(std::string_view data, std::string_view leader,
                                           RecordType type) {
  std::vector<std::size_t> bad;
  if (type == RecordType::authority) {
    add_bad(data, kAuthority, bad);
    return bad;
  }
  add_bad(data, kAllMaterials, bad);
  add_bad(data, table_of(leader), bad);
  if (!is_place(data.substr(15, 3))) bad.push_back(15);
  if (!is_language(data.substr(35, 3))) bad.push_back(35);
  std::sort(bad.begin(), bad.end());
  return bad;
}

}  // namespace connexion::client
