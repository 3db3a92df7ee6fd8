"""Random use of an echo server, for a time: connects, exchanges, half closes, resets, forgotten connections.

    soak_load.py ADDRESS PORT SECONDS SEED

Every echo is compared. The last line says what was done; exits 1 when an echo was wrong or nothing worked."""
import os, random, socket, struct, sys, threading, time

address, port, seconds, seed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
end = time.monotonic() + seconds
counts = {}
wrong = []
lock = threading.Lock()


def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1


def exchange(s, rnd, size):
    data = rnd.randbytes(size)
    sender = threading.Thread(target=lambda: s.sendall(data))
    sender.start()
    got = bytearray()
    while len(got) < size:
        part = s.recv(65536)
        if not part:
            break
        got += part
    sender.join()
    if bytes(got) != data:
        wrong.append(f"{len(got)} of {size} bytes came back")


def once(rnd):
    s = socket.socket()
    s.settimeout(30)
    try:
        s.connect((address, port))
        kind = rnd.choice(["echo", "half close", "reset", "reset while sending", "just connect", "forget a while"])
        if kind in ("echo", "half close", "forget a while"):
            for _ in range(rnd.randrange(1, 4)):
                exchange(s, rnd, rnd.choice([1, 10, 1000, 100_000, 400_000]))
        if kind == "half close":
            s.shutdown(socket.SHUT_WR)
            if s.recv(1):
                wrong.append("bytes after the end")
        if kind == "forget a while":
            time.sleep(rnd.random() * 3)
        if kind == "reset while sending":
            s.setblocking(False)
            try:
                for _ in range(rnd.randrange(1, 30)):
                    s.send(bytes(65536))
            except BlockingIOError:
                pass
        if kind.startswith("reset"):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        count(kind)
    except OSError as error:
        count(f"failed: {type(error).__name__}")
    finally:
        s.close()


def run(number):
    rnd = random.Random(seed * 1000 + number)
    while time.monotonic() < end:
        once(rnd)


threads = [threading.Thread(target=run, args=(i,)) for i in range(16)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(", ".join(f"{v} {k}" for k, v in sorted(counts.items())))
for w in wrong[:10]:
    print("wrong:", w, file=sys.stderr)
sys.exit(1 if wrong or not counts.get("echo") else 0)
