#!/bin/sh
# Publishes the tool for one platform, compiled ahead of time (ReadyToRun) so that it starts in some 30 ms; needs the .NET runtime.
# usage: eng/publish.sh [RID] [FOLDER]     as eng/publish.sh linux-x64 /opt/netstack
set -eu
cd "$(dirname "$0")/.."
rid=${1:-linux-x64}
folder=${2:-artifacts/netstack-$rid}
dotnet publish src/NetStack.Inspect -c Release -r "$rid" -p:PublishProfile=ReadyToRun -o "$folder" -v q -nologo
cp "$folder/NetStack.Inspect" "$folder/netstack" # an app host carries the name of its assembly inside
echo "$folder/netstack"
