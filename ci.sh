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
step_captures() { # compare the inspector with the truth of real captures, and the ring with the file; skipped where they are absent
  if [ ! -d "$captures" ]; then echo "skipped: $captures is not there"; return 0; fi
  dotnet build src/NetStack.Inspect -c Release -v quiet
  eng/compare-captures.sh "$captures"
}
step_package() { # pack, then install and run what was packed, from a local source
  eng/try-packages.sh
}
step_bench() { # the tables of docs/performance.md
  dotnet run -c Release --project bench/NetStack.Benchmarks -- ratios
  dotnet run -c Release --project bench/NetStack.Benchmarks -- stack
}

steps() { declare -F | sed -n 's/^declare -f step_//p'; }

if [ $# -eq 0 ]; then
  echo "usage: ./ci.sh STEP...   or   ./ci.sh all (what CI runs: build format captures package test)"
  for s in $(steps); do printf '  %-10s %s\n' "$s" "$(sed -n "s/^step_$s() { # //p" "$0")"; done
  exit 0
fi
[ "$1" = all ] && set -- build format captures package test
for s in "$@"; do
  declare -F "step_$s" >/dev/null || { echo "ci.sh: there is no step '$s'" >&2; exit 1; }
  echo "== $s"
  "step_$s"
done
