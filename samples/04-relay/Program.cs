// A TCP and UDP relay that copies no payload: what arrives at one NIC leaves by the other from the buffer it arrived in.
//
//   dotnet run -c Release --project samples/04-relay -- [BYTES]
//
//   client ── NIC ══ cable ══ NIC A ── relay ── NIC B ══ cable ══ NIC ── server
//
// The relay sums each segment once, to check it, and sends it on under a checksum made of that same sum. It never sums what it sends:
// were a byte to change in between, the new checksum would be of the old bytes, and the server would drop the segment. The four runs
// below are on good cables, on a cable that corrupts, with a device that rewrites a body after it was checked, and with datagrams.

using NetStack;
using NetStack.Memory;
using NetStack.Nic.Virtual;
using NetStack.Samples;
using NetStack.Tcp;

int bytes = 4 << 20;
if (args.Length > 1 || (args is [string given] && (!int.TryParse(given, out bytes) || bytes is < 100_000 or > 1 << 30)))
{
    Console.Error.WriteLine("usage: relay [BYTES], 100000 to 1073741824");
    return 1;
}
byte[] data = new byte[bytes];
new SeededRandom(4).Fill(data);

Console.WriteLine("Good cables");
using RelayNetwork good = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1) });
Transfer transfer = new(good, data);
bool isRight = transfer.Run() && transfer.IsEqual;
Console.WriteLine($"  {transfer.Received} of {data.Length} bytes arrived; sha256 {transfer.SentHash[..16]}… sent, {transfer.ReceivedHash[..16]}… received");
Console.WriteLine($"  {good.Describe()}");
isRight &= good.Copied == 0;
long lost = good.Stop();

Console.WriteLine("A cable that turns over a bit in every fiftieth frame to the relay");
using RelayNetwork bad = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1), Corrupt = 0.02 });
transfer = new Transfer(bad, data);
isRight &= transfer.Run() && transfer.IsEqual;
Console.WriteLine($"  {transfer.Received} of {data.Length} bytes arrived; sha256 {transfer.SentHash[..16]}… sent, {transfer.ReceivedHash[..16]}… received");
Console.WriteLine($"  {bad.Relay.Tcp.Counters.Drops[TcpDropReason.BadChecksum]} segments dropped by the relay for their checksum, {bad.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum]} by the server");
Console.WriteLine($"  {bad.Describe()}");
lost += bad.Stop();

Console.WriteLine("A device that rewrites a body after the relay checked it");
using RelayNetwork hostile = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1) });
transfer = new Transfer(hostile, data);
transfer.Relay.Passing = (body, at) =>
{
    if (at > 50_000 || at + body.Length <= 50_000) return;
    BodySlice slice = body.Body.Slice(0);
    new DeviceMemory(slice.Pool.Region).Span(slice.Pool.RegionOffset(slice.Buffer) + slice.Offset, 1)[0] ^= 1;
};
isRight &= !transfer.Run() && transfer.IsPrefix;
Console.WriteLine($"  {transfer.Received} bytes arrived, all of them right; then the server dropped {hostile.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum]} segments for their checksum");
Console.WriteLine($"  the relay found out and reset both connections: {transfer.Relay.Error}");
lost += hostile.Stop();

Console.WriteLine("Datagrams");
using RelayNetwork datagrams = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1) });
(int sent, int arrived) = DatagramRun.Run(datagrams, count: 1000);
Console.WriteLine($"  {arrived} of {sent} datagrams arrived as they were sent");
Console.WriteLine($"  {datagrams.Describe()}");
isRight &= arrived == sent && datagrams.Copied == 0;
lost += datagrams.Stop();
Console.WriteLine($"{lost} buffers did not come home");
return isRight && lost == 0 ? 0 : 2;
