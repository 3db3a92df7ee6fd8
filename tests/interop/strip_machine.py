#!/usr/bin/env python3
"""Takes the recording machine's processor and kernel, which dumpcap writes, out of a little-endian pcapng file.

usage: strip_machine.py FROM TO
"""
import struct
import sys

SECTION, INTERFACE = 0x0A0D0D0A, 1
FIXED = {SECTION: 24, INTERFACE: 16}  # bytes in front of a block's options
MACHINE = {SECTION: {2, 3}, INTERFACE: {12, 15}}  # shb_hardware, shb_os; if_os, if_hardware


def without_machine(block: bytes) -> bytes:
    kind = struct.unpack_from("<I", block)[0]
    if kind not in FIXED:
        return block
    at, kept = FIXED[kind], block[:FIXED[kind]]
    while at < len(block) - 4:
        code, length = struct.unpack_from("<HH", block, at)
        option = block[at:at + 4 + length + -length % 4]
        at += len(option)
        if code not in MACHINE[kind]:
            kept += option
    total = struct.pack("<I", len(kept) + 4)
    return kept[:4] + total + kept[8:] + total


def main() -> None:
    data = open(sys.argv[1], "rb").read()
    at = 0
    with open(sys.argv[2], "wb") as out:
        while at < len(data):
            length = struct.unpack_from("<I", data, at + 4)[0]
            out.write(without_machine(data[at:at + length]))
            at += length


if __name__ == "__main__":
    main()
