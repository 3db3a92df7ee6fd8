#!/usr/bin/env bash
# Real clients and servers of Linux against the stack on a TAP device, one line a check: ok, not ok, or skip with the reason.
#
#   sudo tests/interop/linux.sh [CHECK...]      default: all of them, in the order of CHECKS below
#
# The stack is samples/03-tap-server. The kernel's end of its device lies in a network namespace of its own, `near`, which forwards
# to a second one, `far`; both are deleted when this ends, however it ends. Needs root; a tool that is missing skips its checks:
#   apt-get install -y curl wrk nmap traceroute dnsmasq-base iputils-ping iproute2 python3
# TAP_SERVER=COMMAND takes another server with the same options; IMPAIRED_CONNECTIONS and IMPAIRED_MIB make that check smaller.
# Exits 1 when any check is not ok.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export PATH=$PATH:/usr/sbin:/sbin
readonly CHECKS="ping4 ping4-large ping6 ping6-large download upload wrk nmap traceroute impaired dhcp dns slaac"
readonly STACK4=10.78.0.2 NEAR4=10.78.0.1 FAR4=10.79.0.2 STACK6=fd78::2 NEAR6=fd78::1

near=nsi-near-$$ far=nsi-far-$$
tap=nsi$(($$ % 100000)) left=nsl$(($$ % 100000)) right=nsr$(($$ % 100000))
work=$(mktemp -d)
failed=0
server=() # the command that serves
server_pid=""
declare -a started=()

cleanup() {
  trap - EXIT
  stop_server
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  wait 2>/dev/null
  for space in "$near" "$far"; do ip netns delete "$space" 2>/dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

in_near() { ip netns exec "$near" "$@"; }
in_far() { ip netns exec "$far" "$@"; }

ok() { echo "ok $*"; }
skip() { echo "skip $*"; }
not_ok() { # NAME REASON [FILE]: the end of the file says more
  echo "not ok $1 $2"
  [ -z "${3:-}" ] || tail -n 15 "$3" | sed 's/^/#   /'
  failed=1
}

needs() { # NAME TOOL...: skips the check where a tool is missing
  local name=$1 tool
  shift
  for tool; do
    command -v "$tool" >/dev/null || { skip "$name $tool is not installed"; return 1; }
  done
}

build() { # PROJECT: prints the path of what it makes
  dotnet build -c Release -v q --nologo "$1" >"$work/build.log" 2>&1 || return 1
  local config
  config=$(echo "$1"/bin/Release/net*/*.runtimeconfig.json)
  echo "$PWD/${config%.runtimeconfig.json}.dll"
}

wait_for() { # SECONDS COMMAND...: until it succeeds
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

start_server() { # OPTION...: until it is ready
  stop_server
  : >"$work/server.log" # or the last one's `ready` is found
  ip netns exec "$near" "${server[@]}" --tap "$tap" "$@" >"$work/server.log" 2>&1 &
  server_pid=$!
  wait_for 30 grep -q '^ready' "$work/server.log"
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  kill "$server_pid" 2>/dev/null
  wait "$server_pid" 2>/dev/null
  server_pid=""
}

serve() { # NAME: a server with fixed addresses, unless one runs
  [ -n "$server_pid" ] && kill -0 "$server_pid" 2>/dev/null && [ "$served" = fixed ] && return 0
  served=fixed
  start_server --address "$STACK4/24" --address "$STACK6/64" --gateway "$NEAR4" --root "$work/root" && wait_for 5 in_near ping -6 -c 1 -W 1 "$STACK6" && return 0 # duplicate detection takes its time
  not_ok "$1" "the server did not become ready" "$work/server.log"
  return 1
}
served=""

make_network() {
  mkdir -p "$work/root"
  ip netns add "$near" && ip netns add "$far" || return 1
  in_near sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.default.accept_dad=0
  in_near ip link set lo up
  in_far ip link set lo up
  in_near ip tuntap add dev "$tap" mode tap || return 1
  in_near ip link set "$tap" up
  in_near ip address add "$NEAR4/24" dev "$tap"
  in_near ip address add "$NEAR6/64" dev "$tap" nodad
  in_near ip link add to-far type veth peer name to-near netns "$far"
  in_near ip address add 10.79.0.1/24 dev to-far
  in_near ip link set to-far up
  in_far ip address add "$FAR4/24" dev to-near
  in_far ip link set to-near up
  in_far ip route add default via 10.79.0.1
}

ping_check() { # NAME ARGUMENT...: no reply may be missing
  local name=$1
  shift
  needs "$name" ping && serve "$name" || return
  in_near ping -q -W 5 "$@" >"$work/$name.log" 2>&1
  if grep -q ' 0% packet loss' "$work/$name.log"; then ok "$name $(grep -o 'rtt.*' "$work/$name.log")"; else not_ok "$name" "replies are missing" "$work/$name.log"; fi
}

check_ping4() { ping_check ping4 -c 100 -i 0.01 "$STACK4"; }
check_ping4_large() { ping_check ping4-large -c 100 -i 0.01 -s 60000 "$STACK4"; }
check_ping6() { ping_check ping6 -6 -c 100 -i 0.01 "$STACK6"; }
check_ping6_large() { ping_check ping6-large -6 -c 100 -i 0.01 -s 60000 "$STACK6"; }

large_file() {
  [ -f "$work/root/large" ] || head -c $((200 << 20)) /dev/urandom >"$work/root/large"
}

same() { # NAME FILE FILE SECONDS
  if cmp -s "$2" "$3"; then ok "$1 200 MiB, sha256 $(sha256sum <"$3" | cut -c1-16), $4 s"; else not_ok "$1" "other bytes arrived: $(stat -c %s "$3" 2>/dev/null || echo 0) of $(stat -c %s "$2")"; fi
}

check_download() {
  needs download curl && serve download && large_file || return
  local seconds
  seconds=$(in_near curl -sS -f -m 300 -o "$work/fetched" -w '%{time_total}' "http://$STACK4/large" 2>"$work/curl.log") || { not_ok download "curl failed" "$work/curl.log"; return; }
  same download "$work/root/large" "$work/fetched" "$seconds"
  rm -f "$work/fetched"
}

check_upload() {
  needs upload curl && serve upload && large_file || return
  local seconds
  seconds=$(in_near curl -sS -f -m 300 -T "$work/root/large" -o /dev/null -w '%{time_total}' "http://$STACK4/uploaded" 2>"$work/curl.log") || { not_ok upload "curl failed" "$work/curl.log"; return; }
  same upload "$work/root/large" "$work/root/uploaded" "$seconds"
  rm -f "$work/root/uploaded"
}

check_wrk() {
  needs wrk wrk && serve wrk || return
  echo hello >"$work/root/small"
  in_near wrk -t 2 -c 64 -d 5s "http://$STACK4/small" >"$work/wrk.log" 2>&1
  if grep -q 'Requests/sec' "$work/wrk.log" && ! grep -qE 'Socket errors|Non-2xx|Requests/sec: +0\.' "$work/wrk.log"; then ok "wrk $(grep Requests/sec "$work/wrk.log" | tr -s ' ')"; else not_ok wrk "errors" "$work/wrk.log"; fi
}

check_nmap() {
  needs nmap nmap python3 && serve nmap || return
  local expected="7/open/tcp 80/open/tcp" found
  in_near python3 -c 'import socket,sys
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(1); s.connect((sys.argv[1],7)); s.send(b"x"); sys.exit(s.recv(9)!=b"x")' "$STACK4" 2>/dev/null && expected="7/open/tcp 7/open/udp 80/open/tcp"
  timeout 600 ip netns exec "$near" nmap -n -Pn -T4 --max-retries 6 -sS -sU -p 1-1024 -oG "$work/nmap" "$STACK4" >"$work/nmap.log" 2>&1
  found=$(grep -oE '[0-9]+/(open|open\|filtered|filtered)/(tcp|udp)' "$work/nmap" | sort | paste -sd ' ')
  if [ "$found" = "$expected" ]; then ok "nmap $found"; else not_ok nmap "expected $expected; found $(echo "$found" | cut -c1-200)" "$work/nmap.log"; fi
}

check_traceroute() {
  needs traceroute traceroute && serve traceroute || return
  local way
  for way in "" -I "-T -p 80"; do
    in_far traceroute -n -q 1 -w 3 -m 5 $way "$STACK4" >"$work/traceroute.log" 2>&1
    tail -n 1 "$work/traceroute.log" | grep -q "^ 2  $STACK4 " || { not_ok traceroute "did not arrive${way:+ with $way}" "$work/traceroute.log"; return; }
  done
  ok "traceroute by UDP, ICMP and TCP, over a router"
}

# A second way between far and near, over a bad cable.
check_impaired() {
  needs impaired python3 && serve impaired || return
  local impair connections=${IMPAIRED_CONNECTIONS:-100} size=${IMPAIRED_MIB:-10} cable
  impair=$(build tests/interop/impair) || { not_ok impaired "tests/interop/impair does not build" "$work/build.log"; return; }
  ip netns exec "$near" dotnet "$impair" "$left" "$right" --loss 0.05 --reorder 0.05 --duplicate 0.01 --delay 1 >"$work/impair.log" 2>&1 &
  cable=$!
  started+=("$cable")
  wait_for 20 grep -q ready "$work/impair.log" || { not_ok impaired "the cable did not become ready" "$work/impair.log"; return; }
  in_near ip link set "$left" netns "$far"
  in_near ip address add 10.80.0.1/24 dev "$right"
  in_near ip link set "$right" up
  in_far ip address add 10.80.0.2/24 dev "$left"
  in_far ip link set "$left" up
  in_far ip route add "$STACK4/32" via 10.80.0.1 src 10.80.0.2
  in_far python3 tests/interop/echo_load.py "$STACK4" 7 "$connections" "$size" 900 >"$work/impaired.log" 2>&1
  local result=$?
  in_far ip route delete "$STACK4/32"
  kill "$cable" && wait "$cable"
  if [ $result = 0 ]; then ok "impaired $(tail -n 1 "$work/impaired.log"), $(grep -o '[0-9]* dropped' "$work/impair.log" | paste -sd ' ')"; else
    cat "$work/impair.log" >>"$work/impaired.log"
    not_ok impaired "5 % loss, 5 % reordered, 1 % doubled" "$work/impaired.log"
  fi
}

dnsmasq_pid=""
start_dnsmasq() { # NAME
  needs "$1" dnsmasq || return 1
  [ -n "$dnsmasq_pid" ] && return 0
  ip netns exec "$near" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file="$work/dnsmasq.pid" --leasefile-ro \
    --interface="$tap" --except-interface=lo --bind-interfaces --user=root --log-facility="$work/dnsmasq.log" --log-dhcp --log-queries \
    --dhcp-range=10.78.0.100,10.78.0.150,255.255.255.0,1h --dhcp-option="3,$NEAR4" --dhcp-option="6,$NEAR4" \
    --enable-ra --ra-param="$tap",5 --dhcp-range="::,constructor:$tap,ra-only,64" \
    --host-record=files.lan,10.78.0.77,fd78::77 --cname=www.lan,files.lan &
  dnsmasq_pid=$!
  started+=("$dnsmasq_pid")
  wait_for 10 grep -q started "$work/dnsmasq.log" && return 0
  not_ok "$1" "dnsmasq did not start" "$work/dnsmasq.log"
  return 1
}

check_dhcp() {
  needs dhcp ping && start_dnsmasq dhcp || return
  served=dhcp
  start_server --dhcp --root "$work/root" || { not_ok dhcp "the server did not become ready" "$work/server.log"; return; }
  local address
  wait_for 20 grep -q DHCPACK "$work/dnsmasq.log"
  address=$(grep -o 'DHCPACK([^)]*) [0-9.]*' "$work/dnsmasq.log" | tail -n 1 | cut -d ' ' -f 2)
  if [ -n "$address" ] && wait_for 10 in_near ping -c 1 -W 1 "$address"; then ok "dhcp $address"; else not_ok dhcp "no address that answers" "$work/dnsmasq.log"; fi
}

check_dns() {
  start_dnsmasq dns || return
  stop_server
  timeout 30 ip netns exec "$near" "${server[@]}" --tap "$tap" --address "$STACK4/24" --dns "$NEAR4" --resolve www.lan >"$work/dns.log" 2>&1
  if grep -q '10\.78\.0\.77' "$work/dns.log" && grep -q 'fd78::77' "$work/dns.log"; then ok "dns www.lan is files.lan is 10.78.0.77 and fd78::77"; else not_ok dns "www.lan was not resolved" "$work/dns.log"; fi
}

# The stack's own global address is the source of its answer to an echo request to all nodes from a global address.
check_slaac() {
  needs slaac ping && start_dnsmasq slaac || return
  served=slaac
  start_server --address "$STACK4/24" --root "$work/root" || { not_ok slaac "the server did not become ready" "$work/server.log"; return; }
  answers() {
    in_near ping -6 -c 3 -i 0.3 -w 2 -I "$tap" "ff02::1%$tap" >/dev/null 2>&1 # the link-local ones, to be known
    in_near ping -6 -c 2 -w 2 -I "$NEAR6" -I "$tap" ff02::1 2>/dev/null | grep -oE 'from fd78:[0-9a-f:]*[0-9a-f]' | cut -d ' ' -f 2 | grep -vx "$NEAR6" | head -n 1 | tee "$work/slaac" | grep -q .
  }
  if wait_for 15 answers && in_near ping -6 -q -c 3 -W 2 "$(cat "$work/slaac")" >"$work/slaac.log" 2>&1; then ok "slaac $(cat "$work/slaac")"; else not_ok slaac "no global address answers" "$work/server.log"; fi
}

if [ "$(id -u)" != 0 ]; then reason="needs root, to make network namespaces"
elif [ ! -c /dev/net/tun ]; then reason="/dev/net/tun is not there"
elif ! command -v ip >/dev/null; then reason="ip is not installed"
elif [ -n "${TAP_SERVER:-}" ]; then reason="" && read -ra server <<<"$TAP_SERVER"
elif [ ! -d samples/03-tap-server ]; then reason="samples/03-tap-server is not there"
elif ! path=$(build samples/03-tap-server); then not_ok build "samples/03-tap-server does not build" "$work/build.log" && exit 1
else reason="" && server=(dotnet "$path")
fi

[ $# -gt 0 ] || set -- $CHECKS
for check; do
  case " $CHECKS " in *" $check "*) ;; *) echo "linux.sh: there is no check '$check'; there are: $CHECKS" >&2 && exit 2 ;; esac
done
if [ -n "$reason" ]; then
  for check; do skip "$check $reason"; done
  exit 0
fi
make_network || { echo "not ok network the namespaces could not be made"; exit 1; }
for check; do "check_${check//-/_}"; done
exit $failed
