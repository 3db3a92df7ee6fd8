// One NIC, two clients that trust it differently, and what each of them costs.
//
//   dotnet run -c Release --project samples/02-capture-through-the-ring -- samples/captures/web.pcapng
//
// The capture plays the cable. A virtual NIC receives its frames by DMA into buffers that were registered once, and a
// multiplexer gives them to two clients:
//
//   recorder  wants a copy of everything. Nobody can change its frames any more, and each of their bytes was copied.
//   browser   wants one TCP flow, and the hardware steers it: the NIC writes those frames into the browser's own buffers.
//             The headers are copied, because every decision needs bytes that stay as they were read; the bodies are not.

using NetStack;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: capture-through-the-ring FILE");
    return 1;
}

using CaptureReader capture = CaptureReader.Open(args[0]);

// The device: queue 0 for everybody, queue 1 to be given away. With one entry in its table the receive hash leads to queue 0
// alone, so that only a flow rule brings a frame to queue 1. The MAC address is that of the machine in samples/captures.
using VirtualNic nic = new(new VirtualNicOptions { Queues = 2, RssTableSize = 1, Mac = MacAddress.Parse("00:00:5e:00:53:01") });
PacketMultiplexer multiplexer = new(nic, new MultiplexerOptions { RingBuffers = 256 });

Client recorder = new(multiplexer.Attach("recorder", o =>
{
    o.Promiscuous = true;
    o.Copy = CopyStrategy.CopyAll;
}));

// "Steered" is a wish: a NIC without a flow table, or without a free queue, makes it a copy per client and a counter says so.
MultiplexerPort flow = multiplexer.Attach("browser", o =>
{
    o.Filter = "src host 192.0.2.2 and tcp src port 80";
    o.Placement = Placement.Steered;
    o.Copy = CopyStrategy.CopyHeaders;
    o.SteeredBufferCount = 0; // the client brings its own, below
});
Client browser = new(flow, BufferPool.Create(bufferSize: 2048, count: 64));

// From here on nothing is mapped or unmapped: a mapping per frame is what makes IOMMUs slow.
long mapped = nic.Iommu.Maps, unmapped = nic.Iommu.Unmaps;
CaptureReplay cable = new(capture, nic);
Instant now = Instant.Zero; // time is handed in; a replay at file speed needs none
int moved;
do
{
    cable.Poll(now);
    moved = multiplexer.Poll(now);
    recorder.Take();
    browser.Take();
}
while (moved > 0 || !(cable.IsFinished || cable.IsBlocked));

if (cable.IsBlocked || capture.Damage is not null)
{
    Console.Error.WriteLine(cable.IsBlocked ? $"a frame of {cable.PendingLength} bytes does not fit into the ring" : capture.Damage!.ToString());
    return 2;
}

Console.WriteLine($"{cable.Delivered} frames through the ring");
Console.WriteLine();
Console.WriteLine($"{"client",-9} {"placement",-16} {"strategy",-12} {"frames",6} {"bytes",7} {"copied",7} {"header fetches",15}");
recorder.Report();
browser.Report();
Console.WriteLine();
Console.WriteLine($"since the first frame: {nic.Iommu.Maps - mapped} maps, {nic.Iommu.Unmaps - unmapped} unmaps; {multiplexer.Counters.Drops.Total} frames nobody wanted");

// Registrations end explicitly: every buffer comes home from the device before its memory is unmapped.
Task closing = multiplexer.DisposeAsync().AsTask();
while (!closing.IsCompleted) multiplexer.Poll(now);
return 0;

/// <summary>Takes what its port has and lets go of it.</summary>
internal sealed class Client(MultiplexerPort port)
{
    private readonly ReceivedFrame[] _batch = new ReceivedFrame[32];
    private readonly BufferPool? _own;
    private readonly BufferRegistration? _registration;

    /// <summary>A client whose frames come into memory of its own, which it maps for the NIC once.</summary>
    internal Client(MultiplexerPort port, BufferPool own) : this(port)
    {
        _own = own;
        _registration = port.Register(own, queue: 0, BufferUse.Receive);
        Post();
    }

    internal void Take()
    {
        int count;
        while ((count = port.Queues[0].Receive(_batch)) > 0)
        {
            for (int i = 0; i < count; i++) _batch[i].Release(); // a program would read its headers here, see sample 01
        }
        Post();
    }

    internal void Report()
    {
        PortCounters seen = port.Counters;
        string placement = port.SteeringState == SteeringState.Active ? "steered" : "copy per client";
        Console.WriteLine($"{port.Name,-9} {placement,-16} {port.Copy,-12} {seen.FramesDelivered,6} {seen.BytesDelivered,7} {seen.BytesCopied,7} {seen.HeaderFetches,15}");
    }

    /// <summary>Gives the device every buffer that is free. A frame's buffer is free again once the frame was released.</summary>
    private void Post()
    {
        while (_own is not null && port.Queues[0].PostRoom > 0 && _own.TryRent(out BufferHandle buffer)) port.Queues[0].Post(_registration!, [buffer]);
    }
}
