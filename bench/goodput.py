"""The programs of goodput.sh: every socket is Linux's and uses CUBIC.

goodput.py serve ADDRESS               a sink on port 5001, a source on 5002, until ended
goodput.py receive ADDRESS SECONDS     reads from the source and counts what it read
goodput.py send ADDRESS SECONDS        sends to the sink and counts what was acknowledged
The last two print Mbit/s of payload since the connection was established, and what the sender sent again where it is ours to know.
"""
import socket
import struct
import sys
import threading
import time

SINK, SOURCE = 5001, 5002
DATA = bytes(256 * 1024)
TOTAL_RETRANSMITTED, BYTES_ACKNOWLEDGED = 100, 120  # offsets in struct tcp_info


def cubic(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    return connection


def connect(address, port):
    return cubic(socket.socket()), (address, port)


def take(connection):
    while connection.recv(len(DATA)):
        pass


def give(connection):
    while True:
        connection.sendall(DATA)


def until_reset(work, connection):
    try:
        with connection:
            work(connection)
    except OSError:
        pass  # the other end has enough


def serve(address):
    def accept(port, work):
        listener = cubic(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        while True:
            threading.Thread(target=until_reset, args=(work, listener.accept()[0]), daemon=True).start()

    threading.Thread(target=accept, args=(SOURCE, give), daemon=True).start()
    accept(SINK, take)


def receive(address, seconds):
    connection, end = connect(address, SOURCE)
    connection.settimeout(seconds + 5)
    connection.connect(end)
    start = time.monotonic()
    count = 0
    while (left := start + seconds - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            got = len(connection.recv(len(DATA)))
        except TimeoutError:
            break
        if not got:
            sys.exit("the source ended")
        count += got
    close_at_once(connection)
    print(f"{count * 8 / seconds / 1e6:.2f}")


def send(address, seconds):
    connection, end = connect(address, SINK)
    connection.settimeout(seconds + 5)
    connection.connect(end)
    start = time.monotonic()
    while (left := start + seconds - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            connection.send(DATA)
        except TimeoutError:
            break
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    count = struct.unpack_from("=Q", info, BYTES_ACKNOWLEDGED)[0]
    again = struct.unpack_from("=I", info, TOTAL_RETRANSMITTED)[0]
    close_at_once(connection)
    print(f"{count * 8 / seconds / 1e6:.2f} {again}")


def close_at_once(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


{"serve": serve, "receive": lambda a, s: receive(a, float(s)), "send": lambda a, s: send(a, float(s))}[sys.argv[1]](*sys.argv[2:])
