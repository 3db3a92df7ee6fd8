#!/usr/bin/env bash
# Runs the tests that use devices, and reads the sample captures, once as they are and once for each strategy from a device that
# overwrites each byte right after it was fetched: the results must be the same. Built in Release before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tool=src/NetStack.Inspect/bin/Release/net10.0/netstack
bad=0

suite() { # PROJECT DEVICE: prints counts, and to stderr what failed
  local log status=0
  log=$(mktemp)
  NETSTACK_TEST_DEVICE=$2 "tests/$1/bin/Release/net10.0/$1" -noColor -namespace- NetStack.Tests.Tcp -namespace- NetStack.Tests.TcpParts > "$log" 2>&1 || status=$?
  grep -A 6 '\[FAIL\]' "$log" >&2 || true
  awk '/Total: [0-9]+, Errors:/ { gsub(",", ""); printf "%d passed, %d failed, %d skipped\n", $3 - $5 - $7 - $9, $5 + $7, $9; seen = 1 } END { exit !seen }' "$log" || { echo "no result"; status=1; }
  rm -f "$log"
  return "$status"
}
ran() { awk '{ print $1 + $3 + $5 }' <<< "$1"; }

for project in NetStack.Tests NetStack.Runtime.Tests; do
  plain=$(suite "$project" "") || bad=1
  echo "$project, plain device: $plain"
  for strategy in copyall copyheaders shadow; do
    variant=$(suite "$project" "$strategy,scramble") || bad=1
    echo "$project, $strategy, each byte overwritten after its fetch: $variant"
    [ "$(ran "$plain")" -eq "$(ran "$variant")" ] || { echo "$project: not the same tests ran"; bad=1; }
  done
done
for capture in samples/captures/*.pcapng; do
  cmp <("$tool" inspect --json "$capture") <("$tool" inspect --via ring --ring-scramble --json "$capture" 2> /dev/null) || bad=1
done
[ "$bad" -eq 0 ] && echo "every sample capture reads the same from a scrambling ring"
exit "$bad"
