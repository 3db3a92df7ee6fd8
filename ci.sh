#!/usr/bin/env bash
# The steps CI runs, one by one. `./ci.sh` lists them, `./ci.sh STEP...` runs some, `./ci.sh all` runs what CI runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
captures=../shared/captures

step_build() { # build everything in Release
  dotnet build NetStack.sln -c Release
}
step_format() { # whitespace and style are as .editorconfig says
  dotnet format NetStack.sln --verify-no-changes
}
step_test() { # every test project; the last line is the total
  local log status=0
  log=$(mktemp)
  dotnet test NetStack.sln 2>&1 | tee "$log" || status=$?
  awk '/^(Passed|Failed)! +- Failed:/ { gsub(",", ""); for (i = 1; i < NF; i++) { if ($i == "Passed:") p += $(i + 1); if ($i == "Failed:") f += $(i + 1); if ($i == "Skipped:") s += $(i + 1) } }
       END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit p == 0 || f > 0 }' "$log" || status=1
  rm -f "$log"
  return "$status"
}
step_api() { # write the public API files anew; review the diff
  UPDATE_PUBLIC_API=1 dotnet test tests/NetStack.Architecture --filter "FullyQualifiedName~PublicApi"
}
step_man() { # write the manual page anew from the definitions of the commands; review the diff
  UPDATE_MAN=1 dotnet test tests/NetStack.Inspect.Tests --filter "FullyQualifiedName~The_manual_page"
}
step_rfc() { # count the requirements of RFC 9293 by level, as docs/rfc9293.md has them and a test of NetStack.Tests proves
  awk -F' *[|] *' '$2 ~ /^(MUST|SHLD|MAY|REC)-[0-9]+$/ {
         split($3, level, " "); l = level[1]; rows[l]++
         if ($6 ~ /^not implemented: /) not[l]++; else if ($6 ~ /^not applicable: /) none[l]++; else tested[l]++ }
       END { printf "%-8s %5s %7s %16s %15s\n", "level", "rows", "tested", "not implemented", "not applicable"
         n = split("MUST SHOULD MAY", order, " ")
         for (i = 1; i <= n; i++) { l = order[i]; r += rows[l]; t += tested[l]; m += not[l]; a += none[l]
           printf "%-8s %5d %7d %16d %15d\n", l, rows[l], tested[l], not[l], none[l] }
         printf "%-8s %5d %7d %16d %15d\n", "all", r, t, m, a; exit r != 126 }' docs/rfc9293.md
}
step_captures() { # compare the inspector with the truth of real captures, and the ring with the file; skipped where they are absent
  if [ ! -d "$captures" ]; then echo "skipped: $captures is not there"; return 0; fi
  dotnet build src/NetStack.Inspect -c Release -v quiet
  eng/compare-captures.sh "$captures"
}
step_conversations() { # compare conversations, streams and datagrams with the truth of real captures; skipped where they are absent
  if [ ! -d "$captures" ]; then echo "skipped: $captures is not there"; return 0; fi
  dotnet build src/NetStack.Inspect -c Release -v quiet
  eng/compare-conversations.sh "$captures"
}
step_trust() { # every attack against every kind of client, with control runs; the table of docs/trust.md
  rm -f artifacts/trust.txt
  local status=0
  dotnet test tests/NetStack.Trust.Tests -c Release || status=$?
  [ -f artifacts/trust.txt ] && cat artifacts/trust.txt
  return "$status"
}
step_fetches() { # count each memory read of the decoder and of each strategy's whole way: headers once, bodies once or never (docs/fetches.md)
  local program=tests/NetStack.Fetches.Tests/bin/Release/net10.0/NetStack.Fetches.Tests status=0
  dotnet build tests/NetStack.Fetches.Tests -c Release -v quiet
  DOTNET_TieredCompilation=0 DOTNET_ReadyToRun=0 "$program" count || status=$?
  if [ "$status" -eq 77 ]; then return 0; fi # it said why it counts nothing here
  DOTNET_JITMinOpts=1 "$program" count && [ "$status" -eq 0 ]
}
step_scramble() { # the stack's tests and the captures again, from a device that overwrites each byte after it was fetched
  for project in tests/NetStack.Tests tests/NetStack.Runtime.Tests src/NetStack.Inspect; do dotnet build "$project" -c Release -v quiet; done
  eng/scramble.sh
}
step_package() { # pack, then install and run what was packed, from a local source
  eng/try-packages.sh
}
step_bench() { # the tables of docs/performance.md
  dotnet run -c Release --project bench/NetStack.Bench -- ratios
  dotnet run -c Release --project bench/NetStack.Bench -- stack
}

step_economics() { # the tables and figures of docs/copy-or-map.md
  dotnet run -c Release --project bench/NetStack.Bench -- all
}
step_report() { # draw docs/figures/report.png anew: the report of the sample captures, in a browser without a network
  command -v chromium >/dev/null || { echo "skipped: chromium is not installed"; return 0; }
  local folder
  folder=$(mktemp -d)
  dotnet build src/NetStack.Inspect -c Release -v quiet
  src/NetStack.Inspect/bin/Release/net10.0/netstack report samples/captures/*.pcapng -o "$folder/report.html"
  chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
    --user-data-dir="$folder/profile" --window-size=1280,2460 --virtual-time-budget=5000 --screenshot="$PWD/docs/figures/report.png" "file://$folder/report.html" 2>/dev/null
  rm -rf "$folder"
}
step_packetdrill-lib() { # build what packetdrill loads, into artifacts/packetdrill
  eng/packetdrill-lib.sh
}
step_packetdrill() { # BINARY SCRIPTS [CLASSES.csv] [options]: run packetdrill scripts (docs/conformance.md); needs root
  eng/packetdrill.py "$@"
}

steps() { declare -F | sed -n 's/^declare -f step_//p'; }

if [ $# -eq 0 ]; then
  echo "usage: ./ci.sh STEP...   or   ./ci.sh all (what CI runs: format captures package test)"
  for s in $(steps); do printf '  %-15s %s\n' "$s" "$(sed -n "s/^step_$s() { # //p" "$0")"; done
  exit 0
fi
if [ "$1" = packetdrill ]; then step_packetdrill "${@:2}"; exit; fi # the one step with arguments
[ "$1" = all ] && set -- format captures package test
for s in "$@"; do
  declare -F "step_$s" >/dev/null || { echo "ci.sh: there is no step '$s'" >&2; exit 1; }
  echo "== $s"
  "step_$s"
done
