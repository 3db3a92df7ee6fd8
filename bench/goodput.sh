#!/usr/bin/env bash
# Goodput of this stack and of Linux over the same bad link, in turn: bytes of one connection, CUBIC at both, the same seeds.
#
#   sudo bench/goodput.sh
#
#     [sink | source]      near                                  far
#     10.78.0.2 --- TAP --- 10.78.0.1 | 10.80.0.1 --- impair --- 10.80.0.2
#
# `sends`: the far kernel reads from the stack's source behind `near`, or from a kernel socket of `near` itself.
# `receives`: the far kernel sends to the stack's sink, or to a kernel socket of `near`; what it got acknowledged counts.
# The link is tests/interop/impair: made anew for each run, so that each begins with the same seed. Needs root, ip and python3, and
# says why it skips. Smaller: LOSSES, RTTS (ms), SEEDS, SECONDS_EACH, WAYS; also RATE (Mbit/s), QUEUE (KiB before the bottleneck), and
# VERBOSE=1 for a line a run and what the link counted.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export PATH=$PATH:/usr/sbin:/sbin
read -ra losses <<<"${LOSSES:-0 0.001 0.01 0.03}"
read -ra rtts <<<"${RTTS:-1 20 100}"
read -ra seeds <<<"${SEEDS:-1}"
read -ra ways <<<"${WAYS:-sends receives}"
seconds=${SECONDS_EACH:-6} rate=${RATE:-100} queue=${QUEUE:-256}
readonly STACK=10.78.0.2 NEAR=10.80.0.1 FAR=10.80.0.2

skip() { echo "skip goodput $*" && exit 0; }
[ "$(id -u)" = 0 ] || skip "needs root, to make network namespaces"
[ -c /dev/net/tun ] || skip "/dev/net/tun is not there"
for tool in ip python3 dotnet; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
python=$(python3 -c 'import sys; print(sys.executable)')
modprobe tcp_cubic 2>/dev/null
grep -qw cubic /proc/sys/net/ipv4/tcp_available_congestion_control || skip "the kernel has no CUBIC"

near=nsg-near-$$ far=nsg-far-$$ tap=nsg$(($$ % 100000)) left=nsgl$(($$ % 100000)) right=nsgr$(($$ % 100000))
work=$(mktemp -d)
link_pid=""
declare -a started=()

cleanup() {
  trap - EXIT
  lower_link
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  wait 2>/dev/null
  for space in "$near" "$far"; do ip netns delete "$space" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() { echo "goodput.sh: $1" >&2 && tail -n 15 "${2:-/dev/null}" >&2 && exit 1; }
in_near() { ip netns exec "$near" "$@"; }
in_far() { ip netns exec "$far" "$@"; }

build() { # PROJECT: prints the path of what it makes
  dotnet build -c Release -v q --nologo "$1" >"$work/build.log" 2>&1 || return 1
  local config
  config=$(echo "$1"/bin/Release/net*/*.runtimeconfig.json)
  echo "$PWD/${config%.runtimeconfig.json}.dll"
}

wait_for_line() { # FILE LINE
  for _ in {1..300}; do grep -q "^$2" "$1" && return 0; sleep 0.1; done
  return 1
}

make_near_and_far() {
  ip netns add "$near" && ip netns add "$far" || fail "the namespaces could not be made"
  in_near sysctl -qw net.ipv4.ip_forward=1 net.ipv4.tcp_no_metrics_save=1
  in_far sysctl -qw net.ipv4.tcp_no_metrics_save=1
  in_near ip link set lo up
  in_far ip link set lo up
  in_near ip tuntap add dev "$tap" mode tap || fail "the TAP device could not be made"
  in_near ip address add 10.78.0.1/24 dev "$tap"
  in_near ip link set "$tap" up
  ip netns exec "$near" dotnet "$server" --tap "$tap" --address $STACK/24 --gateway 10.78.0.1 --peer >"$work/server.log" 2>&1 &
  started+=($!)
  wait_for_line "$work/server.log" ready || fail "the stack did not become ready" "$work/server.log"
  ip netns exec "$near" "$python" bench/goodput.py serve 0.0.0.0 >"$work/serve.log" 2>&1 &
  started+=($!)
}

raise_link() { # LOSS RTT SEED
  : >"$work/link.log" # or the last one's `ready` is found
  ip netns exec "$near" dotnet "$impair" "$left" "$right" --loss "$1" --delay "$(awk "BEGIN { print $2 / 2 }")" --rate "$rate" --queue "$queue" --seed "$3" >"$work/link.log" 2>&1 &
  link_pid=$!
  wait_for_line "$work/link.log" ready || fail "the link did not become ready" "$work/link.log"
  in_near ip link set "$left" netns "$far"
  in_near ip address add $NEAR/24 dev "$right"
  in_near ip link set "$right" up
  in_far ip address add $FAR/24 dev "$left"
  in_far ip link set "$left" up
  in_far ip route add default via $NEAR
}

lower_link() {
  [ -n "$link_pid" ] || return 0
  kill "$link_pid" 2>/dev/null
  wait "$link_pid" 2>/dev/null
  link_pid=""
}

measure() { # WAY ADDRESS LOSS RTT SEED: sets result to Mbit/s
  raise_link "$3" "$4" "$5"
  local program=receive
  [ "$1" = sends ] || program=send
  # The first packet asks for the neighbours' addresses, and may be lost with them: not what is measured.
  for _ in 1 2 3 4 5; do in_far "$python" -c 'import socket,sys; socket.create_connection((sys.argv[1], 5001), 3).close()' "$2" 2>/dev/null && break; done
  result=$(in_far "$python" bench/goodput.py $program "$2" "$seconds" 2>"$work/run.log") || result="-"
  [ -z "${VERBOSE:-}" ] || echo "# $* ${result} $(tr '\n' ' ' <"$work/run.log")" >&2
  result=${result%% *}
  lower_link
  [ -z "${VERBOSE:-}" ] || sed 's/^/#   /' "$work/link.log" >&2
}

median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

server=$(build samples/03-tap-server) || fail "samples/03-tap-server does not build" "$work/build.log"
impair=$(build tests/interop/impair) || fail "tests/interop/impair does not build" "$work/build.log"
chrt -r -p 10 $$ >/dev/null 2>&1 # and so all that it starts, both sides alike: what else the machine does is not to decide
make_near_and_far
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r); $rate Mbit/s, $queue KiB of queue, $seconds s each, seeds ${seeds[*]}, load $(cut -d ' ' -f 1 /proc/loadavg)"
echo
echo "| way | loss % | RTT ms | ours Mbit/s | Linux Mbit/s | ratio |"
echo "|---|--:|--:|--:|--:|--:|"
for way in "${ways[@]}"; do
  for loss in "${losses[@]}"; do
    for rtt in "${rtts[@]}"; do
      ours=() linux=()
      for seed in "${seeds[@]}"; do
        measure "$way" $STACK "$loss" "$rtt" "$seed" && ours+=("$result")
        measure "$way" $NEAR "$loss" "$rtt" "$seed" && linux+=("$result")
      done
      awk -v way="$way" -v loss="$loss" -v rtt="$rtt" -v ours="$(median "${ours[@]}")" -v linux="$(median "${linux[@]}")" \
        'BEGIN { printf "| %s | %g | %g | %.1f | %.1f | %s |\n", way, loss * 100, rtt, ours, linux, (linux > 0 ? sprintf("%.2f", ours / linux) : "-") }'
    done
  done
done
