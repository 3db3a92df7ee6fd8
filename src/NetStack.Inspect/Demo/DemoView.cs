using System.Globalization;
using NetStack.Multiplexer;
using Spectre.Console;

namespace NetStack.Inspect;

/// <summary>The demonstration as it goes, on a terminal: rings, clients, bytes copied, faults.</summary>
/// <param name="world">What is shown.</param>
/// <param name="time">Where the time comes from: it is drawn a few times a second.</param>
internal sealed class DemoView(DemoWorld world, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private long _last = time.GetTimestamp();

    /// <summary>Runs something and shows the world meanwhile.</summary>
    /// <param name="run">What to run; it calls its argument now and then.</param>
    internal void Show(Action<Action> run) => AnsiConsole.Live(Draw()).AutoClear(true).Start(context => run(() =>
    {
        if (time.GetElapsedTime(_last) < Interval) return;
        _last = time.GetTimestamp();
        context.UpdateTarget(Draw());
    }));

    private Table Draw()
    {
        Table table = new();
        foreach (string head in new[] { "client", "frames", "as sent", "detected", "altered", "copied/byte", "body read", "held" }) table.AddColumn(head);
        foreach (DemoClient client in world.Clients)
        {
            PortCounters counters = client.Port.Counters;
            table.AddRow(Markup.Escape(client.Port.Name), N(client.Frames), N(client.Intact), N(client.Detected), N(client.Altered),
                counters.BytesCopiedPerByteReceived.ToString("0.000", CultureInfo.InvariantCulture), N(counters.BodyBytesRead), N(client.Port.HeldFrames));
        }
        table.Title = new TableTitle($"wire {N(world.Sent)}, ring {N(world.Multiplexer.Counters.FramesReceived)}, ring buffers held {N(world.Multiplexer.RingBuffersHeld)}, refused {N(world.Nic.Queues[0].Counters.ReceiveDrops.Total)}, IOMMU faults {N(world.Nic.Iommu.FaultCount)}");
        return table;
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
