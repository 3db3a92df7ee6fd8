#!/usr/bin/env python3
"""Joins two network interfaces as a cable does, in user space, with faults that are the same in every run.

usage: wire.py LEFT RIGHT [--drop LIST] [--tag VID[,VID]]

--drop 5,20,21  loses those of the TCP segments with data that come in on RIGHT, counted from 1, retransmissions included.
--tag 10        RIGHT is a trunk: what goes out there gets an 802.1Q tag, what comes in loses its tags. Two numbers
                make two tags, the first an 802.1ad service tag.

Needs CAP_NET_RAW. Runs until it is killed; prints "ready" when frames pass.
"""
import argparse
import select
import socket

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def open_interface(name: str) -> socket.socket:
    interface = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    interface.bind((name, ETH_P_ALL))
    return interface


def is_tcp_data(frame: bytes) -> bool:
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return False
    header = (frame[14] & 15) * 4
    total = int.from_bytes(frame[16:18], "big")
    return total > header + (frame[14 + header + 12] >> 4) * 4


def tagged(frame: bytes, tags: list[int]) -> bytes:
    types = [0x88A8] * (len(tags) - 1) + [0x8100]
    inserted = b"".join(t.to_bytes(2, "big") + v.to_bytes(2, "big") for t, v in zip(types, tags))
    return frame[:12] + inserted + frame[12:]


def untagged(frame: bytes) -> bytes:
    # The kernel has taken the outermost tag out of a frame it received; the others are still there.
    while frame[12:14] in (b"\x81\x00", b"\x88\xa8"):
        frame = frame[:12] + frame[16:]
    return frame


def numbers(text: str) -> list[int]:
    return [int(n) for n in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("left")
    parser.add_argument("right")
    parser.add_argument("--drop", type=numbers, default=[])
    parser.add_argument("--tag", type=numbers, default=[])
    options = parser.parse_args()
    left, right = open_interface(options.left), open_interface(options.right)
    print("ready", flush=True)
    segments = 0
    while True:
        for source in select.select([left, right], [], [])[0]:
            frame, address = source.recvfrom(65536)
            if address[2] == PACKET_OUTGOING:
                continue
            if source is left:
                right.send(tagged(frame, options.tag) if options.tag else frame)
                continue
            if is_tcp_data(frame):
                segments += 1
                if segments in options.drop:
                    continue
            left.send(untagged(frame) if options.tag else frame)


if __name__ == "__main__":
    main()
