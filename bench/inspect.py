#!/usr/bin/env python3
"""Interleaved rounds of the programs of bench/inspect.sh: inspect.py TOOL FOLDER ROUNDS."""
import os
import shutil
import statistics
import sys
import time

tool, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
# PcapPlusPlus and SharpPcap are not run here. Their CPU time relative to libpcap's flow loop is that of an earlier run of the same
# kit on a quiet machine (bulk, small): flows 0.701 and 1.311 s, parse alone 1.107 and 1.586 s, the loop 0.375 and 0.302 s.
ELSEWHERE = {"PcapPlusPlus flows": {"bulk": 0.701 / 0.375, "small": 1.311 / 0.302},
             "SharpPcap parse": {"bulk": 1.107 / 0.375, "small": 1.586 / 0.302}}
PACKETS = {"bulk": 1_050_000, "small": 3_000_000, "slice": 20_000}


def programs(data):
    file = f"{folder}/{data}.pcap"
    all_of = [("netstack conversations --json", [tool, "conversations", "--json", file]),
              ("netstack conversations (analysed)", [tool, "conversations", file]),
              ("netstack inspect", [tool, "inspect", file])]
    if data == "slice":
        return all_of[2:] + [("netstack inspect --json", [tool, "inspect", "--json", file]), ("tcpdump -nn", ["tcpdump", "-nn", "-r", file]),
                             ("tshark -n -T json", ["tshark", "-n", "-T", "json", "-r", file])]
    return [("libpcap loop, flows", [f"{folder}/pcaploop", "flows", file]), ("C limit, read and flows", [f"{folder}/limit", "readf", file])] + all_of[:2]


def run(command):
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        try:
            os.execvp(command[0], command)
        except OSError:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime, usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


for data in ("bulk", "small", "slice"):
    present = [(name, command) for name, command in programs(data) if shutil.which(command[0])]
    with open(f"{folder}/{data}.pcap", "rb") as warm:
        while warm.read(1 << 22):
            pass
    figures = {name: [] for name, _ in present}
    for turn in range(rounds):
        for name, command in present[turn % len(present):] + present[:turn % len(present)]:
            figures[name].append(run(command))
    median = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in figures.items()}
    base = present[0][0]
    print(f"\n**{data}**, {PACKETS[data]:,} packets, medians of {rounds} rounds; ratios to {base}\n")
    print("| program | user s | system s | wall s | peak MB | user × | wall × |\n|---|---|---|---|---|---|---|")
    for name, (user, system, wall, memory) in median.items():
        print(f"| {name} | {user:.3f} | {system:.3f} | {wall:.3f} | {memory:.0f} | {user / max(median[base][0], 1e-9):.2f} | {wall / median[base][2]:.2f} |")
    for name, ratio in ELSEWHERE.items():
        if data in ratio and base.startswith("libpcap"):
            print(f"| {name} (figures of another run) | | | | | {ratio[data]:.2f} (CPU) | |")
print(f"\nLoad at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors. TZ={os.environ.get('TZ', 'unset')}.")
