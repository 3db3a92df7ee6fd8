#!/usr/bin/env bash
# Compares the built inspector with the truth of real captures, then the ring path with the file path, byte for byte.
# usage: eng/compare-captures.sh CAPTURES_DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -ne 1 ] || [ ! -d "$1/files" ]; then echo "usage: eng/compare-captures.sh CAPTURES_DIR (with files/ in it)" >&2; exit 1; fi
captures=$1
tool=src/NetStack.Inspect/bin/Release/net10.0/netstack
if [ ! -x "$tool" ]; then echo "not built: dotnet build -c Release src/NetStack.Inspect" >&2; exit 1; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

same() { # one capture: the file path, then the ring three ways; prints each way that differs
  local tool=$1 work=$2 file=$3 out status ring way
  out=$work/${file##*/}
  "$tool" inspect --json "$file" > "$out.direct" 2> "$out.direct.error" && status=0 || status=$?
  for way in "--ring-buffers 8 --ring-buffer-size 262144" "--ring-buffers 2048 --ring-buffer-size 256 --ring-scramble" "--ring-scramble"; do
    # shellcheck disable=SC2086
    "$tool" inspect --via ring $way --stats --json "$file" > "$out.ring" 2> "$out.stats" && ring=0 || ring=$?
    if [ "$ring" -ne "$status" ]; then
      echo "differs: ${file##*/} ($way): exit $ring instead of $status: $(tail -n 1 "$out.stats")"
    elif ! cmp -s "$out.direct" "$out.ring"; then
      echo "differs: ${file##*/} ($way): $(cmp "$out.direct" "$out.ring" 2>&1 | sed 's/.* differ: //; s/.*: EOF/EOF/')"
    elif [ "$status" -ne 1 ] && ! awk -F '[ ,]+' '/^frames posted/ { seen = 1; exit !($3 == $5 && $5 == $7 && $7 == $10) } END { if (!seen) exit 1 }' "$out.stats"; then
      echo "loses frames: ${file##*/} ($way): $(grep '^frames posted' "$out.stats" || tail -n 1 "$out.stats")"
    elif ! cmp -s "$out.direct.error" <(grep '^netstack: ' "$out.stats"); then
      echo "other message: ${file##*/} ($way): $(grep '^netstack: ' "$out.stats" | head -n 1)"
    fi
  done
  rm -f "$out".*
}
export -f same

failed=0
find "$captures/files" -type f -print0 | sort -z | xargs -0 -P "$(nproc)" -I{} bash -c 'same "$0" "$1" "$2"' "$tool" "$work" {} > "$work/differences"
count=$(find "$captures/files" -type f | wc -l)
if [ -s "$work/differences" ]; then
  sort "$work/differences"
  echo "the ring and the file path disagree: $(wc -l < "$work/differences") differences on $count captures, three ways"
  failed=1
else
  echo "the ring prints what the file prints: $count captures, three ways"
fi

# compare.py exits 1 while any packet of any class differs; what we demand is in the table it prints.
python3 "$captures/compare.py" "$captures" --jobs "$(nproc)" --cmd "$tool inspect --json {file}" > "$work/report" || true
cat "$work/report"
awk '/^[abcdf] / && ($6 != $7 || $2 != $3) { print "class " $1 " is not in full agreement"; bad = 1 }
     /^e / && ($2 != $3 || $8 < 99.5) { print "class e is below 99.5 %"; bad = 1 }
     /^[a-f] / { classes++ }
     END { if (classes != 6) { print "the report names " classes + 0 " of 6 classes"; bad = 1 }; exit bad }' "$work/report" || failed=1
exit $failed
