using NetStack;
using NetStack.Analysis;
using NetStack.Wire;

using var capture = CaptureReader.Open(args[0]);
long packets = 0, tcp = 0;
while (capture.TryRead(out CaptureRecord record))
{
    var headers = PacketHeaders.Decode(record);
    packets++;
    foreach (Layer layer in headers.Layers) if (layer.Kind == LayerKind.Tcp) tcp++;
}
Console.WriteLine($"{packets} packets, {tcp} TCP");
