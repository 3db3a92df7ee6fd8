#!/usr/bin/env python3
"""Runs packetdrill scripts against the stack: packetdrill.py BINARY SCRIPTS [CLASSES.csv] [options].

Every script runs in a network namespace of its own, whose tun0 carries nothing: scripts set the kernel's sysctls there, and the
library reads them as the host's settings. Time is virtual. Prints one line per script and the score per class.
"""
import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(HERE, "..", "artifacts", "packetdrill", "libnetstack_packetdrill.so")
CLASSES = os.path.join(HERE, "..", "..", "shared", "conformance", "packetdrill-scripts.csv")
V4 = ["--local_ip=192.168.0.1", "--gateway_ip=192.168.0.1", "--netmask_ip=255.255.0.0", "--remote_ip=192.0.2.1",
      "-D", "TFO_COOKIE=3021b9d889017eeb", "-D", "CODE=host_unreachable"]
VARIANTS = {  # as packetdrill's own run_all.py has them
    "ipv4": ["--ip_version=ipv4", *V4, "-D", "CMSG_LEVEL_IP=SOL_IP", "-D", "CMSG_TYPE_RECVERR=IP_RECVERR"],
    "ipv6": ["--ip_version=ipv6", "--mtu=1520", "--local_ip=fd3d:0a0b:17d6::1", "--gateway_ip=fd3d:0a0b:17d6:8888::1",
             "--remote_ip=fd3d:fa7b:d17d::1", "-D", "TFO_COOKIE=c1d1e9742a47a9bc",
             "-D", "CMSG_LEVEL_IP=SOL_IPV6", "-D", "CMSG_TYPE_RECVERR=IPV6_RECVERR"],
    "mapped": ["--ip_version=ipv4-mapped-ipv6", *V4, "-D", "CMSG_LEVEL_IP=SOL_IPV6", "-D", "CMSG_TYPE_RECVERR=IPV6_RECVERR"],
}
NAMESPACE = "ip link set lo up && ip tuntap add tun0 mode tun && ip link set tun0 up && exec \"$@\""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the packetdrill program")
    parser.add_argument("scripts", help="a script, or a folder of them")
    parser.add_argument("classes", nargs="?", help="csv with the columns script and class; default: classes.csv in the folder")
    parser.add_argument("--variant", choices=[*VARIANTS, "all"], default="all")
    parser.add_argument("--class", dest="wanted", help="only scripts of this class")
    parser.add_argument("--match", default="", help="only scripts whose path matches this regular expression")
    parser.add_argument("--repeat", type=int, default=1, help="how often each script runs; all results must be alike")
    parser.add_argument("--flags", default="virtual,profile=linux")
    parser.add_argument("--timeout", type=int, default=60, help="seconds of real time per script")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--csv", help="also write script,class,linux,ipv4,ipv6,mapped,reason here")
    return parser.parse_args()


def find_scripts(path):
    if os.path.isfile(path):
        return os.path.dirname(path) or ".", [os.path.basename(path)]
    found = [os.path.relpath(os.path.join(folder, name), path)
             for folder, _, names in os.walk(path) for name in names if name.endswith(".pkt")]
    return path, sorted(found)


def read_classes(options, base):
    candidates = [options.classes] if options.classes else [os.path.join(base, "classes.csv"), CLASSES]
    for candidate in candidates:
        if os.path.exists(candidate):
            with open(candidate, newline="") as file:
                return {row["script"]: row for row in csv.DictReader(file)}
    return {}


def row_of(classes, base, script):
    """The row of a script: its path in the csv may begin further up than the folder that was given."""
    full = os.path.abspath(os.path.join(base, script))
    parts = full.split(os.sep)
    return next((classes[key] for i in range(len(parts)) if (key := "/".join(parts[i:])) in classes), {})


def run(options, base, script, variant):
    flags = options.flags + (",mtu=1520" if variant == "ipv6" else "")
    full = os.path.abspath(os.path.join(base, script))
    with tempfile.TemporaryDirectory() as scratch:
        command = ["unshare", "--net", "sh", "-c", NAMESPACE, "sh",
                   "env", f"LD_PRELOAD={os.path.abspath(LIBRARY)}", os.path.abspath(options.binary), f"--so_filename={os.path.abspath(LIBRARY)}", f"--so_flags={flags}",
                   "--send_omit_free", *VARIANTS[variant], os.path.basename(full)]
        environment = dict(os.environ, TMPDIR=scratch, DOTNET_TieredPGO="0", DOTNET_GCgen0size="0x1000000")
        try:
            done = subprocess.run(command, cwd=os.path.dirname(full), env=environment, capture_output=True, timeout=options.timeout)
        except subprocess.TimeoutExpired:
            return f"no end within {options.timeout} s of real time"
    if done.returncode == 0:
        return ""
    text = (done.stderr + done.stdout).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((i for i, line in enumerate(lines) if "error" in line or "rror:" in line or "libnetstack" in line), 0)
    # The two lines that say what was expected and what came follow the message.
    return " | ".join(lines[first:first + 4]) or f"exit code {done.returncode}"


def applies(script, variant):
    return not (script.endswith("v6.pkt") and variant != "ipv6") and not (script.endswith("v4.pkt") and variant == "ipv6")


def check(options, base, script, variants):
    results = {}
    for variant in variants:
        if not applies(script, variant):
            continue
        seen = [run(options, base, script, variant) for _ in range(options.repeat)]
        failed = [reason for reason in seen if reason]
        results[variant] = "" if not failed else failed[0] if len(set(seen)) == 1 else f"{len(failed)} of {len(seen)} runs: {failed[0]}"
    return results


def report(script, row, results):
    if not results:
        return
    failed = {variant: reason for variant, reason in results.items() if reason}
    print(f"{'pass' if not failed else 'FAIL'} {row.get('class', '-'):10} {script}" + (f" [{' '.join(failed)}]" if failed else ""))
    if failed:
        print(f"       {next(iter(failed.values()))}", flush=True)


def score(outcomes):
    by_class = {}
    for _, row, results in outcomes:
        counts = by_class.setdefault(row.get("class", "-"), [0, 0, {}])
        if not results:
            continue
        counts[0] += all(reason == "" for reason in results.values())
        counts[1] += 1
        for variant, reason in results.items():
            passed, total = counts[2].get(variant, (0, 0))
            counts[2][variant] = passed + (reason == ""), total + 1
    for name, (passed, total, variants) in sorted(by_class.items()):
        print(f"{name}: {passed} of {total} in every variant; " + ", ".join(f"{v} {p} of {t}" for v, (p, t) in variants.items()))


def write_csv(path, outcomes):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["script", "class", "linux", *VARIANTS, "reason"])
        for script, row, results in outcomes:
            cells = ["" if v not in results else "fail" if results[v] else "pass" for v in VARIANTS]
            linux = f"{row.get('kernel_pass_best_of_4', '')}/{row.get('variants', '')}" if row else ""
            out.writerow([script, row.get("class", ""), linux, *cells, next((r for r in results.values() if r), "")])


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("packetdrill needs root: network namespaces, tun devices and locked memory")
    if not os.path.exists(LIBRARY):
        sys.exit("build the library first: ./ci.sh packetdrill-lib")
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        sys.exit("ip (iproute2) and unshare (util-linux) are needed")
    base, scripts = find_scripts(options.scripts)
    classes = read_classes(options, base)
    chosen = [(s, r) for s in scripts if re.search(options.match, s)
              for r in [row_of(classes, base, s)] if options.wanted in (None, r.get("class"))]
    variants = list(VARIANTS) if options.variant == "all" else [options.variant]
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for (script, row), results in zip(chosen, pool.map(lambda c: check(options, base, c[0], variants), chosen)):
            outcomes.append((script, row, results))
            report(script, row, results)
    score(outcomes)
    if options.csv:
        write_csv(options.csv, outcomes)
    return any(reason for _, _, results in outcomes for reason in results.values())


if __name__ == "__main__":
    sys.exit(main())
