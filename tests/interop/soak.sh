#!/usr/bin/env bash
# Random connects, exchanges, half closes and resets by Linux against the stack on a TAP device, for long, then a look at what is left.
#
#   sudo tests/interop/soak.sh [SECONDS=600] [SEED=1]
#
# Everything lies in a network namespace that is deleted at the end. Afterwards, and after TIME-WAIT, no connection and no buffer may be
# held (but for the one buffer that is being filled); and the heap at the end may be larger than after the first fifth by a tenth and 2 MiB at most. Exits 1 otherwise.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:-600} seed=${2:-1}
if [ "$(id -u)" != 0 ]; then echo "skip soak needs root, to make a network namespace"; exit 0; fi
if [ ! -c /dev/net/tun ]; then echo "skip soak /dev/net/tun is not there"; exit 0; fi
space=nsk-$$ tap=nsk$(($$ % 100000)) work=$(mktemp -d)
server=""
cleanup() {
  trap - EXIT
  [ -z "$server" ] || kill "$server" 2>/dev/null
  wait 2>/dev/null
  ip netns delete "$space" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
dotnet build -c Release -v q --nologo samples/03-tap-server >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
ip netns add "$space" && ip -n "$space" link set lo up && ip -n "$space" tuntap add dev "$tap" mode tap || exit 1
ip -n "$space" address add 10.78.9.1/24 dev "$tap" && ip -n "$space" link set "$tap" up || exit 1
ip netns exec "$space" sysctl -qw net.ipv4.ip_local_port_range="1024 65000"
ip netns exec "$space" dotnet samples/03-tap-server/bin/Release/net10.0/tap-server.dll --tap "$tap" --address 10.78.9.2/24 --root "$work" --stats 5 >"$work/out" 2>"$work/stats" &
server=$!
for _ in $(seq 100); do grep -q ready "$work/out" && break; sleep 0.1; done
ip netns exec "$space" python3 tests/interop/soak_load.py 10.78.9.2 7 "$seconds" "$seed" >"$work/load" 2>&1
load=$?
sleep 75
cat "$work/load"
kill -0 "$server" 2>/dev/null || { echo "not ok soak the server ended"; tail "$work/stats"; exit 1; }
awk -v load="$load" '
  $1 == "connections" { n++; heap[n] = $8; last = $0; if ($2 > most) most = $2; split($0, f); connections = $2; timewait = $4; sending = $6 }
  END {
    first = int(n / 5) + 1
    for (i = first; i <= first + 2 && i <= n; i++) early += heap[i] / 3
    for (i = n - 2; i <= n; i++) late += heap[i] / 3
    printf "at the end: %s\nheap %d KiB after a fifth of the time, %d KiB at the end; at most %d connections at once\n", last, early, late, most
    ok = load == 0 && n > 5 && connections == 0 && timewait == 0 && sending <= 1 && late < early * 1.1 + 2048
    print (ok ? "ok soak" : "not ok soak"); exit !ok
  }' "$work/stats"
