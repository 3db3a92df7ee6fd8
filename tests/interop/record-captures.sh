#!/usr/bin/env bash
# Records samples/captures anew: real programs talking in network namespaces of their own, over veth pairs.
#
#   sudo tests/interop/record-captures.sh [OUTPUT_DIR]
#
# Runs as root on Debian with these packages:
#   apt-get install -y nginx-light curl wireshark-common dnsmasq bind9-dnsutils openssh-server openssh-client \
#                      openssl iproute2 iputils-ping ethtool python3
# Writes OUTPUT_DIR (default samples/captures). Its namespaces, their name server entry in /etc/netns and its temporary
# directory are removed when it ends; /run/sshd, which sshd wants, stays. Addresses and MACs are those set aside for documentation (RFC 5737, RFC 3849, RFC 7042).
# What changes from run to run: times, port numbers, sequence numbers, keys. samples/captures/README.md says what each file holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$(realpath -m "${1:-samples/captures}")
needed="nginx curl dumpcap dnsmasq dig sshd ssh ssh-keygen openssl ip ping ethtool python3"
export PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || { echo "record-captures: must be root, to make network namespaces" >&2; exit 1; }
for program in $needed; do
  command -v "$program" >/dev/null || { echo "record-captures: $program is missing; the packages are named in $0" >&2; exit 1; }
done

work=$(mktemp -d)
client=rec-client-$$ server=rec-server-$$ middle=rec-middle-$$
declare -a started=()
cleanup() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for space in $client $server $middle; do ip netns del "$space" 2>/dev/null || true; rm -rf "/etc/netns/$space"; done
  rmdir /etc/netns 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
mkdir -p "$out"

in_client() { ip netns exec "$client" "$@"; }
in_server() { ip netns exec "$server" "$@"; }

background() { # NAMESPACE LOG COMMAND...: starts it and remembers to stop it
  local space=$1 log=$2
  shift 2
  ip netns exec "$space" "$@" >"$work/$log" 2>&1 &
  started+=($!)
}

wait_for() { # FILE TEXT: until a program has said it
  for _ in $(seq 100); do
    grep -q "$2" "$1" 2>/dev/null && return
    sleep 0.1
  done
  echo "record-captures: no '$2' in $1:" >&2
  cat "$1" >&2
  exit 1
}

plain() { # NAMESPACE INTERFACE: what is captured is what would be on a wire: no super-segments, checksums filled in
  ip -n "$1" link set "$2" up
  ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off >/dev/null 2>&1
}

address() { # NAMESPACE INTERFACE MAC ADDRESS...
  local space=$1 interface=$2
  ip -n "$space" link set "$interface" address "$3"
  shift 3
  for a in "$@"; do ip -n "$space" addr add "$a" dev "$interface" $([[ $a == *:* ]] && echo nodad); done
}

# The client and the server share three links: a plain one, a VLAN trunk and a lossy one, the last two through $middle.
make_network() {
  for space in $client $server $middle; do
    ip netns add "$space"
    ip -n "$space" link set lo up
    # Router solicitations and multicast reports of the kernel are noise here.
    ip netns exec "$space" sysctl -qw net.ipv6.conf.all.router_solicitations=0 net.ipv6.conf.default.router_solicitations=0
  done
  ip netns exec "$middle" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip link add eth0 netns "$client" type veth peer name eth0 netns "$server"
  ip link add vlan netns "$client" type veth peer name vlan-c netns "$middle"
  ip link add trunk-c netns "$middle" type veth peer name trunk-s netns "$middle"
  ip link add vlan netns "$server" type veth peer name vlan-s netns "$middle"
  ip link add lossy netns "$client" type veth peer name lossy-c netns "$middle"
  ip link add lossy netns "$server" type veth peer name lossy-s netns "$middle"
  address "$client" eth0 00:00:5e:00:53:01 192.0.2.1/24 2001:db8::1/64
  address "$server" eth0 00:00:5e:00:53:02 192.0.2.2/24 2001:db8::2/64
  address "$client" vlan 00:00:5e:00:53:11 198.51.100.1/24 2001:db8:10::1/64
  address "$server" vlan 00:00:5e:00:53:12 198.51.100.2/24 2001:db8:10::2/64
  address "$client" lossy 00:00:5e:00:53:21 203.0.113.1/24
  address "$server" lossy 00:00:5e:00:53:22 203.0.113.2/24
  for interface in eth0 vlan lossy; do plain "$client" $interface; plain "$server" $interface; done
  for interface in vlan-c trunk-c trunk-s vlan-s lossy-c lossy-s; do plain "$middle" $interface; ip -n "$middle" link set $interface promisc on; done
  # Small segments make a short transfer of many packets.
  ip -n "$server" route replace 203.0.113.0/24 dev lossy advmss 536
  ip -n "$client" route replace 203.0.113.0/24 dev lossy advmss 536
}

make_servers() {
  mkdir -p "$work/www" "/etc/netns/$client"
  echo "<!doctype html><title>It works</title><p>A page for a capture." >"$work/www/index.html"
  head -c 24000 /dev/zero | tr '\0' 'x' >"$work/www/page"
  echo "nameserver 192.0.2.2" >"/etc/netns/$client/resolv.conf"
  cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 64; }
http { access_log off; server_tokens off; client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
  uwsgi_temp_path $work/u; scgi_temp_path $work/s; server { listen 80; listen [::]:80; root $work/www; } }
CONF
  chmod -R a+rX "$work"
  background "$server" nginx.out nginx -c "$work/nginx.conf"
  background "$server" dns.log dnsmasq --keep-in-foreground --no-resolv --no-hosts --log-facility=- --user=root --pid-file="$work/dns.pid" \
    --host-record=www.example.test,192.0.2.2,2001:db8::2 --cname=web.example.test,www.example.test --local=/example.test/ \
    --mx-host=example.test,www.example.test,10 --txt-record=example.test,"for a capture"
  ssh-keygen -q -t ed25519 -N "" -C capture -f "$work/host_key"
  ssh-keygen -q -t ed25519 -N "" -C capture -f "$work/user_key"
  mkdir -p /run/sshd
  background "$server" sshd.log "$(command -v sshd)" -D -e -f /dev/null -h "$work/host_key" -o UsePAM=no -o StrictModes=no \
    -o PermitRootLogin=yes -o AuthorizedKeysFile="$work/user_key.pub" -o PidFile=none
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=www.example.test \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  background "$server" tls.log openssl s_server -accept 443 -www -cert "$work/tls.crt" -key "$work/tls.key"
  wait_for "$work/sshd.log" "listening"
  wait_for "$work/dns.log" "started"
  wait_for "$work/tls.log" "ACCEPT"
}

record() { # NAME NAMESPACE INTERFACES COMMAND: captures while the command runs
  local name=$1 space=$2 interfaces=() recorder
  for interface in $3; do interfaces+=(-i "$interface"); done
  for space_ in $client $server; do ip -n "$space_" neigh flush all 2>/dev/null || true; done
  ip netns exec "$space" dumpcap -q "${interfaces[@]}" -s 0 -w "$work/$name" >"$work/$name.log" 2>&1 &
  recorder=$!
  wait_for "$work/$name.log" "^File:"
  sleep 0.5
  "$4" >"$work/$name.out" 2>&1 || { echo "record-captures: $name failed:" >&2; cat "$work/$name.out" >&2; exit 1; }
  sleep 0.7
  kill -INT "$recorder"
  wait "$recorder" || true
  python3 tests/interop/strip_machine.py "$work/$name" "$out/$name.pcapng"
  echo "$name.pcapng $(stat -c %s "$out/$name.pcapng") bytes"
}

web() {
  in_client curl -s http://192.0.2.2/ http://192.0.2.2/page http://192.0.2.2/missing
  in_client curl -s 'http://[2001:db8::2]/' 'http://[2001:db8::2]/page'
}
dns() {
  in_client dig +tries=1 www.example.test A
  in_client dig +tries=1 web.example.test AAAA
  in_client dig +tries=1 example.test MX
  in_client dig +tries=1 @2001:db8::2 example.test TXT
  in_client dig +tries=1 -x 192.0.2.2
  in_client dig +tries=1 nothing.example.test
  in_client dig +tries=1 +tcp www.example.test A
}
ping_() {
  in_client ping -c 3 -i 0.2 192.0.2.2
  in_client ping -c 3 -i 0.2 2001:db8::2
  in_client ping -c 1 -s 0 192.0.2.2
  in_client dig +tries=1 +time=1 -p 9 @192.0.2.2 closed.example.test || true
  in_client dig +tries=1 +time=1 -p 9 @2001:db8::2 closed.example.test || true
  in_client ping -c 1 -W 1 192.0.2.77 || true
}
ssh_() {
  in_client ssh -F none -i "$work/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@192.0.2.2 'echo hello; seq 100'
}
tls() {
  in_client curl -sk --tls-max 1.2 https://192.0.2.2/
  in_client curl -sk --tlsv1.3 'https://[2001:db8::2]/'
}
vlan() {
  in_client ping -c 2 -i 0.2 198.51.100.2
  in_client ping -c 2 -i 0.2 2001:db8:10::2
  in_client curl -s http://198.51.100.2/
}
vlan_stacked() { in_client ping -c 2 -i 0.2 198.51.100.2; }
fragments() {
  in_client ping -c 2 -i 0.2 -s 4000 192.0.2.2
  in_client ping -c 2 -i 0.2 -s 4000 2001:db8::2
}
lossy() { in_client curl -s -o /dev/null http://203.0.113.2/page; }

wires() { # OPTIONS...: both ends of the trunk
  background "$middle" wire-c.log python3 tests/interop/wire.py vlan-c trunk-c "$@"
  local first=$!
  background "$middle" wire-s.log python3 tests/interop/wire.py vlan-s trunk-s "$@"
  trunk_pids="$first $!"
  wait_for "$work/wire-c.log" ready
  wait_for "$work/wire-s.log" ready
}

make_network
make_servers
sleep 2 # neighbour discovery of fresh links

record web "$client" eth0 web
record dns "$client" eth0 dns
record ping "$client" eth0 ping_
record ssh "$client" eth0 ssh_
record tls "$client" eth0 tls
record fragments "$client" eth0 fragments

wires --tag 10
record vlan "$middle" trunk-c vlan
# shellcheck disable=SC2086
kill $trunk_pids
wires --tag 100,10
record vlan-stacked "$middle" trunk-c vlan_stacked

# Seen on both sides of the loss: interface 0 is the server's, interface 1 the client's.
background "$middle" wire-l.log python3 tests/interop/wire.py lossy-c lossy-s --drop 5,14,15,16,30,41
wait_for "$work/wire-l.log" ready
record lossy "$middle" "lossy-s lossy-c" lossy
