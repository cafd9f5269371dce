#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes core/src/marc/marc8_table.hpp from the Library of Congress's code tables.

    core/tables/make_marc8_table.py            writes the file
    core/tables/make_marc8_table.py --check    fails if the file is not what would be written
"""
import lzma
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "codetables.xml.xz"
TARGET = HERE.parent / "src" / "marc" / "marc8_table.hpp"

EACC = 0x31
# The order of marc8::Set (marc8_set.hpp), by the final character that designates the set.
SETS = [
    (0x42, "ascii"), (0x45, "ansel"), (0x67, "greek_symbols"), (0x62, "subscripts"),
    (0x70, "superscripts"), (0x32, "hebrew"), (0x4E, "cyrillic"), (0x51, "extended_cyrillic"),
    (0x33, "arabic"), (0x34, "extended_arabic"), (0x53, "greek"),
]


def read_codes():
    """{ISO code: [(MARC-8 code, code point, alternative or 0, combining)]}"""
    with lzma.open(SOURCE) as source:
        root = ElementTree.parse(source).getroot()
    result = {}
    for charset in root.iter("characterSet"):
        codes = result.setdefault(int(charset.get("ISOcode"), 16), [])
        for code in charset.iter("code"):
            codes.append((
                int(code.findtext("marc"), 16),
                int(code.findtext("ucs") or "0", 16),
                int(code.findtext("alt") or "0", 16),
                code.findtext("isCombining") == "true",
            ))
    return result


def lines(numbers, width=12):
    text = [f"0x{number:04X}" for number in numbers]
    return "".join("    " + ", ".join(text[i:i + width]) + ",\n" for i in range(0, len(text), width))


def single_byte_sets(codes):
    out = []
    marks = []
    for iso, name in SETS:
        row = [0] * 96
        combining = 0
        for marc, ucs, alternative, is_mark in codes[iso]:
            position = (marc & 0x7F) - 0x20
            if position < 0 or 0x80 <= marc < 0xA0:
                continue  # C0 and C1 hold no graphic characters; the decoder knows those it takes
            row[position] = ucs or alternative
            combining |= int(is_mark) << position
        marks.append((name, combining))
        out.append(f"    {{  // {name}\n{lines(row)}    }},\n")
    return "".join(out), marks


def eacc_rows(codes):
    """Rows of 96 for every pair of first bytes in use, and what lies beyond the BMP."""
    rows = {}
    astral = []
    for marc, ucs, _, _ in codes[EACC]:
        first, second, third = marc >> 16, marc >> 8 & 0xFF, marc & 0xFF
        if ucs > 0xFFFF:
            # A surrogate's number can be no character, so it serves as a reference.
            astral.append(ucs)
            ucs = 0xD800 + len(astral) - 1
        rows.setdefault((first, second), [0] * 96)[third - 0x20] = ucs
    return rows, astral


def render():
    codes = read_codes()
    singles, marks = single_byte_sets(codes)
    rows, astral = eacc_rows(codes)
    index = [0] * (96 * 96)
    body = ["    {  // no characters\n" + lines([0] * 96) + "    },\n"]
    for number, ((first, second), row) in enumerate(sorted(rows.items()), 1):
        index[(first - 0x20) * 96 + second - 0x20] = number
        body.append(f"    {{  // {first:02X} {second:02X}\n{lines(row)}    }},\n")
    combining = "".join(
        f"    {{0x{mask & 0xFFFFFFFFFFFFFFFF:016X}U, 0x{mask >> 64:08X}U}},  // {name}\n"
        for name, mask in marks)
    return f"""// SPDX-License-Identifier: GPL-3.0-or-later
//
// Made by core/tables/make_marc8_table.py from the Library of Congress's code tables; not to be
// edited by hand. Positions are codes without their high bit, less 20; 0 is no character.
#pragma once

#include <array>
#include <cstdint>

// clang-format off
namespace connexion::marc8 {{

inline constexpr std::uint16_t kSingleByte[{len(SETS)}][96] = {{
{singles}}};

// One bit for each position that holds a combining character: 20 to 5F, then 60 to 7F.
struct Marks {{
  std::uint64_t low;
  std::uint32_t high;
}};
inline constexpr Marks kCombining[{len(SETS)}] = {{
{combining}}};

inline constexpr std::array<char32_t, {len(astral)}> kEaccBeyondBmp{{{", ".join(f"0x{c:X}" for c in astral)}}};

// Row of the third byte for each pair of first and second byte; row 0 is empty.
inline constexpr std::uint16_t kEaccRow[96 * 96] = {{
{lines(index)}}};

// D800 and up refer to kEaccBeyondBmp.
inline constexpr std::uint16_t kEacc[{len(body)}][96] = {{
{"".join(body)}}};

}}  // namespace connexion::marc8
// clang-format on
"""


def main():
    text = render()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            sys.exit(f"{TARGET} is not what {Path(__file__).name} makes; run it.")
        return
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
