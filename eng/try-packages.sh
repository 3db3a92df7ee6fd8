#!/usr/bin/env bash
# Packs, installs the library packages into empty projects and the tool into a folder, all from a local source only for our
# own packages, and runs the README's program, a web application and the tool there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A version of its own, so that no cache can answer for it.
version="0.1.0-try.$(date -u +%s)"

dotnet pack --nologo package/NetStack.Package.csproj -c Release -o "$work/feed" -p:Version="$version" -v quiet
dotnet pack --nologo src/NetStack.Testing -c Release -o "$work/feed" -p:Version="$version" -v quiet
dotnet pack --nologo src/NetStack.Kestrel -c Release -o "$work/feed" -p:Version="$version" -v quiet
dotnet pack --nologo src/NetStack.Inspect -c Release -o "$work/feed" -p:Version="$version" -v quiet
ls "$work/feed"

# Every library is in the package, with its documentation.
contents=$(python3 -m zipfile -l "$work/feed/NetStack.$version.nupkg")
for project in src/*/*.csproj; do
  name=$(basename "$project" .csproj)
  case $name in NetStack.Inspect | NetStack.Packetdrill) continue ;; esac # programs, not libraries
  case $name in NetStack.Kestrel | NetStack.Testing) continue ;; esac # packages of their own
  for file in "lib/net10.0/$name.dll" "lib/net10.0/$name.xml"; do
    grep -qF "$file" <<<"$contents" || { echo "the package lacks $file" >&2; exit 1; }
  done
done

project() { # NAME [PACKAGE]: a program that references a package
  mkdir "$work/$1"
  cat > "$work/$1/$1.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable><RestorePackagesPath>$work/packages</RestorePackagesPath></PropertyGroup>
  <ItemGroup><PackageReference Include="${2:-NetStack}" Version="$version" /></ItemGroup>
</Project>
XML
}
build() { dotnet build "$work/$1" -v quiet -o "$work/$1/out" -p:RestoreAdditionalProjectSources="$work/feed"; }

# The README's program on a capture, and two hosts that talk.
project app
sed -n '/^## Captures from code$/,/^## /p' README.md | sed -n '/^```csharp$/,/^```$/p' | sed '/^```/d' > "$work/app/Program.cs"
cp samples/captures/web.pcapng "$work/app"
build app
(cd "$work/app" && out/app) > "$work/printed"
head -3 "$work/printed"
[ "$(wc -l < "$work/printed")" = "$("$root/src/NetStack.Inspect/bin/Release/net10.0/netstack" inspect samples/captures/web.pcapng | grep -c Flags)" ]

project hosts
cp samples/00-echo/Program.cs "$work/hosts"
build hosts
[ "$("$work/hosts/out/hosts" | tee -a /dev/stderr)" = "hello from the other stack" ]

project web NetStack.Kestrel # it brings NetStack and ASP.NET Core's shared framework
sed -n '/^```csharp$/,/^```$/p' docs/kestrel.md | sed '/^```$/,$d; /^```csharp$/d' > "$work/web/Program.cs"
build web
[ "$("$work/web/out/web" | tee -a /dev/stderr)" = "hi" ]

project simulated NetStack.Testing
cat > "$work/simulated/Program.cs" <<'CSHARP'
using NetStack;

await VirtualNetwork.RunAsync(seed: 7, async net =>
{
    (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
    await client.PingAsync(net.AddressOf(server));
    await Task.Delay(TimeSpan.FromHours(2), net.Time);
    Console.WriteLine($"{net.Elapsed.TotalHours:F0} virtual hours");
});
CSHARP
build simulated
[ "$("$work/simulated/out/simulated" | tee -a /dev/stderr)" = "2 virtual hours" ]

dotnet tool install netstack-tool --tool-path "$work/tool" --add-source "$work/feed" --version "$version"
"$work/tool/netstack" inspect --count 3 "$root/samples/captures/web.pcapng"
echo "packages work"
