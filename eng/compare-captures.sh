#!/usr/bin/env bash
# Compares the built inspector with the truth of real captures, then the ring path with the file path, byte for byte.
# usage: eng/compare-captures.sh CAPTURES_DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
captures=$1
tool=src/NetStack.Inspect/bin/Release/net10.0/netstack
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare.py exits 1 while any packet of any class differs; what we demand is in the table it prints.
python3 "$captures/compare.py" "$captures" --jobs 2 --cmd "$tool inspect --json {file}" > "$work/report" || true
cat "$work/report"
awk '/^[abcdf] / && ($2 != $3 || $6 != $7) { print "class " $1 " is not in full agreement"; bad = 1 }
     /^e / && ($2 != $3 || $8 < 99.5) { print "class e is below 99.5 %"; bad = 1 }
     END { exit bad }' "$work/report"

same() { # one capture through the ring, three ways
  local tool=$1 file=$2 out status
  out=$(mktemp -d)
  "$tool" inspect --json "$file" > "$out/direct" 2> /dev/null; status=$?
  local -a ways=("--ring-buffers 8 --ring-buffer-size 262144" "--ring-buffers 2048 --ring-buffer-size 256" "--ring-scramble")
  for way in "${ways[@]}"; do
    # shellcheck disable=SC2086
    "$tool" inspect --via ring $way --json "$file" > "$out/ring" 2> /dev/null
    if [ $? -ne "$status" ] || ! cmp -s "$out/direct" "$out/ring"; then echo "differs: $file ($way)"; rm -rf "$out"; return 1; fi
  done
  rm -rf "$out"
}
export -f same
find "$captures/files" -type f -print0 | xargs -0 -P 2 -I{} bash -c 'same "$0" "$1"' "$tool" {}
echo "the ring prints what the file prints: $(find "$captures/files" -type f | wc -l) captures, three ways"
