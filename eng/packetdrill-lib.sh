#!/usr/bin/env bash
# Builds the library that packetdrill loads into artifacts/packetdrill: the C shim, and beside it the managed files it starts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=artifacts/packetdrill
mkdir -p "$out"
dotnet build src/NetStack.Packetdrill -c Release -v quiet
cp src/NetStack.Packetdrill/bin/Release/net10.0/*.{dll,json} "$out/"
root=${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
# shellcheck disable=SC2012 # version folders have plain names
host=$(ls -d "$root"/packs/Microsoft.NETCore.App.Host.*/*/runtimes/*/native | sort -V | tail -1)
gcc -O2 -Wall -fPIC -fvisibility=hidden -I"$host" -c src/NetStack.Packetdrill/native/shim.c -o "$out/shim.o"
g++ -shared -o "$out/libnetstack_packetdrill.so" "$out/shim.o" "$host/libnethost.a" -ldl
rm "$out/shim.o"
echo "built $out/libnetstack_packetdrill.so"
