// The library from scratch: read a capture, look at headers only, and say how little of it was touched.
//
//   dotnet run --project samples/01-inspect-headers -- samples/captures/web.pcapng
//
// A record's bytes lie in a read buffer that somebody else may write. They cannot be indexed: `PacketHeaders.Decode` fetches
// the headers once into private memory, line by line as the header chain asks, and everything below reads that copy.

using NetStack;
using NetStack.Analysis;
using NetStack.Wire;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: inspect-headers FILE");
    return 1;
}

using CaptureReader capture = CaptureReader.Open(args[0]);
SortedDictionary<string, int> chains = [];
long packets = 0, bytes = 0;

while (capture.TryRead(out CaptureRecord record)) // valid until the next TryRead
{
    PacketHeaders packet = PacketHeaders.Decode(record); // the one fetch
    packets++;
    bytes += record.CapturedLength;

    List<string> chain = [];
    foreach (Layer layer in packet.Layers) chain.Add(layer.Kind.ToString());
    string key = string.Join(" > ", chain);
    chains[key] = chains.GetValueOrDefault(key) + 1;
}

foreach ((string chain, int count) in chains.OrderByDescending(c => c.Value)) Console.WriteLine($"{count,7}  {chain}");
Console.WriteLine($"{packets} packets, {bytes} bytes in the file");
Console.WriteLine($"{capture.Meter.HeaderBytesFetched} bytes fetched in {capture.Meter.HeaderFetches} fetches, {capture.Meter.BodyBytesRead} body bytes read");

if (capture.Damage is { } damage)
{
    Console.Error.WriteLine(damage);
    return 2;
}
return 0;
