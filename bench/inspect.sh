#!/bin/sh
# Conversations of two large generated captures: ours beside C programs over the same files. Prints Markdown for docs/performance.md.
# usage: bench/inspect.sh [ROUNDS]      needs ../shared/bench/inspect (the kit), cc, python3; 1.5 GB in $TMPDIR
# What is not installed (libpcap's headers, tcpdump, tshark) is left out, and said. Rounds are interleaved, figures are medians.
set -eu
cd "$(dirname "$0")/.."
kit=${INSPECT_KIT:-$(cd .. && pwd)/shared/bench/inspect}
rounds=${1:-5}
work=${TMPDIR:-/tmp}/netstack-inspect-bench
[ -d "$kit" ] || { echo "skipped: the kit is not at $kit (set INSPECT_KIT)"; exit 0; }
command -v cc > /dev/null || { echo "skipped: no C compiler"; exit 0; }
mkdir -p "$work"
[ -x "$work/pktgen" ] || cc -O2 -o "$work/pktgen" "$kit/gen/pktgen.c"
[ -x "$work/limit" ] || cc -O3 -march=native -o "$work/limit" "$kit/c/limit.c"
[ -x "$work/pcaploop" ] || cc -O2 ${PCAP_CFLAGS:-} -o "$work/pcaploop" "$kit/c/pcaploop.c" ${PCAP_LIBS:--lpcap} 2> /dev/null || echo "left out: libpcap's loop (no pcap.h; PCAP_CFLAGS, PCAP_LIBS)" >&2
[ -s "$work/bulk.pcap" ] || "$work/pktgen" bulk pcap 1050000 1 "$work/bulk.pcap" 2> /dev/null
[ -s "$work/small.pcap" ] || "$work/pktgen" small pcap 3000000 2 "$work/small.pcap" 2> /dev/null
[ -s "$work/slice.pcap" ] || "$work/pktgen" small pcap 20000 2 "$work/slice.pcap" 2> /dev/null
tool=${NETSTACK:-$(eng/publish.sh "${RID:-linux-x64}" "$work/tool" | tail -1)}
exec python3 bench/inspect.py "$tool" "$work" "$rounds"
