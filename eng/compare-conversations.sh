#!/usr/bin/env bash
# Compares conversations, the bytes of TCP streams, and datagrams put together from fragments with the truth of real captures.
# usage: eng/compare-conversations.sh CAPTURES_DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -ne 1 ] || [ ! -d "$1/files" ]; then echo "usage: eng/compare-conversations.sh CAPTURES_DIR (with files/ in it)" >&2; exit 1; fi
captures=$1
tool=src/NetStack.Inspect/bin/Release/net10.0/netstack
if [ ! -x "$tool" ]; then echo "not built: dotnet build -c Release src/NetStack.Inspect" >&2; exit 1; fi
report=$(mktemp)
trap 'rm -f "$report"' EXIT

# compare.py exits 1 while anything differs; what we demand is in the totals it prints.
python3 "$captures/compare.py" "$captures" --jobs "$(nproc)" --cmd "$tool inspect --json {file}" \
  --conv-cmd "$tool conversations --payload --json {file}" --frag-cmd "$tool reassemble --json {file}" > "$report" || true
cat "$report"
awk 'function demand(what, least, agree, of) { seen[what] = 1; if (of == 0 || 100 * agree / of < least) { print what ": " agree " of " of " is below " least " %"; bad = 1 } }
     /^conversations: / { demand("conversations", 99, $2, $4) }
     /^stream directions: / { demand("stream directions", 99, $3, $5) }
     /^reassembled datagrams: / { demand("reassembled datagrams", 100, $3, $5) }
     END { if (length(seen) != 3) { print "the report names " length(seen) " of 3 totals"; bad = 1 }; exit bad }' "$report"
