# SPDX-License-Identifier: GPL-3.0-or-later
"""Records from standard input, each behind its length, to JSON as pymarc reads them; see
yaz_reader.cpp."""
import json
import struct
import sys

import pymarc


def read(data):
    try:
        record = pymarc.Record(data=data, to_unicode=True)
        return {
            "leader": str(record.leader),
            "fields": [members(field) for field in record.fields],
        }
    except Exception as error:  # whatever it raises is its answer
        return {"error": type(error).__name__}


def members(field):
    if field.is_control_field():
        return [field.tag, field.data]
    subfields = list(field.subfields)
    if subfields and isinstance(subfields[0], str):  # a flat list before version 5
        subfields = list(zip(subfields[::2], subfields[1::2]))
    return [field.tag, "".join(field.indicators), *[list(pair) for pair in subfields]]


def main():
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # it prints, too
    while head := source.read(4):
        data = source.read(struct.unpack(">I", head)[0])
        answer = json.dumps(read(data)).encode()
        sink.write(struct.pack(">I", len(answer)) + answer)
        sink.flush()


main()
