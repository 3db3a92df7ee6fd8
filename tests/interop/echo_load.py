"""Many connections to an echo server at once: each sends its own bytes, reads them back, and compares hashes.

usage: echo_load.py ADDRESS PORT CONNECTIONS MEBIBYTES SECONDS
Exits 0 when every connection got back exactly what it sent, in time; else says what went wrong.
"""
import asyncio
import hashlib
import random
import sys

CHUNK = 64 * 1024


async def one(address, port, number, total):
    reader, writer = await asyncio.open_connection(address, port)
    sent, received = hashlib.sha256(), hashlib.sha256()

    async def send():
        source = random.Random(number)
        left = total
        while left:
            chunk = source.randbytes(min(CHUNK, left))
            sent.update(chunk)
            writer.write(chunk)
            await writer.drain()
            left -= len(chunk)
        writer.write_eof()

    async def receive():
        count = 0
        while data := await reader.read(CHUNK):
            received.update(data)
            count += len(data)
        return count

    _, count = await asyncio.gather(send(), receive())
    writer.close()
    return count == total and sent.digest() == received.digest()


async def main():
    address, port, connections, mebibytes, seconds = sys.argv[1], *map(int, sys.argv[2:])
    work = [one(address, port, n, mebibytes << 20) for n in range(connections)]
    results = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), seconds)
    wrong = [(n, r) for n, r in enumerate(results) if r is not True]
    for number, result in wrong[:5]:
        print(f"connection {number}: {'other bytes came back' if result is False else repr(result)}")
    print(f"{connections - len(wrong)} of {connections} connections of {mebibytes} MiB each way")
    return 1 if wrong else 0


sys.exit(asyncio.run(main()))
