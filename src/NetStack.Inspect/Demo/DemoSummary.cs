using System.Globalization;
using NetStack.Multiplexer;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.Inspect;

/// <summary>What came of a demonstration, in words: which claims held.</summary>
internal static class DemoSummary
{
    /// <summary>Writes it.</summary>
    /// <returns>Whether every claim of docs/trust.md held.</returns>
    internal static bool Write(DemoWorld world, DemoStrategy strategy, List<HostileBehaviour> attacks, TextWriter output)
    {
        output.WriteLine(Text($"frames on the wire {world.Sent}, through the ring {world.Multiplexer.Counters.FramesReceived}, refused by the driver {world.Nic.Queues[0].Counters.ReceiveDrops.Total}, by the wire {world.Refused}; IOMMU faults {world.Nic.Iommu.FaultCount}"));
        foreach (DemoClient client in world.Clients) Client(client, output);
        if (attacks.Count == 0)
        {
            bool isWhole = world.Clients.All(c => c.Altered + c.Detected == 0);
            output.WriteLine($"{(isWhole ? "held" : "BROKEN")}: every frame is as it was sent, at every client");
            return isWhole;
        }
        return Attacks(world, strategy, attacks, output);
    }

    private static void Client(DemoClient client, TextWriter output)
    {
        PortCounters counters = client.Port.Counters;
        output.WriteLine($"{client.Port.Name}: {client.Port.Terms}");
        output.WriteLine(client.UsesBody
            ? Text($"  frames {client.Frames}: as sent {client.Intact}, altered and detected {client.Detected}, altered and not detected {client.Altered}; headers changed after the decision {client.Changed}")
            : Text($"  frames {client.Frames}, headers only: as sent {client.Intact}, altered before they were read {client.Altered + client.Detected}; changed after the decision {client.Changed}"));
        output.WriteLine(Text($"  header fetches {counters.HeaderFetches}, of {counters.HeaderBytesFetched} bytes; body bytes read {counters.BodyBytesRead}; bytes copied per byte received {counters.BytesCopiedPerByteReceived:0.000}"));
        output.WriteLine(Text($"  steered {counters.FramesSteered}, misplaced and dropped {counters.MissteeredFrames}, lost for want of room {counters.Queue.ReceiveDrops.Total}"));
    }

    private static bool Attacks(DemoWorld world, DemoStrategy strategy, List<HostileBehaviour> attacks, TextWriter output)
    {
        bool mayHarm = false;
        foreach (IGrouping<string, HostileBehaviour> attack in attacks.GroupBy(a => a.Id))
        {
            DemoOutcome stated = strategy.Stated(attack.Key);
            mayHarm |= stated is DemoOutcome.NotStopped or DemoOutcome.NoTarget;
            string names = string.Join("; ", attack.Select(a => a.Name).Distinct());
            output.WriteLine(Text($"{attack.Key} {names}: struck {attack.Sum(a => a.Strikes)} times; {strategy.Name}: {Words(stated)}"));
        }
        if (world.Clients.Any(c => c.Changed > 0))
        {
            output.WriteLine("BROKEN: headers changed after they had been decided on");
            return false;
        }
        bool isHarmed = world.Browser.Altered > 0;
        bool isHeld = !isHarmed || mayHarm;
        output.WriteLine((isHarmed, isHeld) switch
        {
            (false, _) => "held: the browser took nothing for whole that was not sent",
            (true, true) => "as stated: the browser has frames that were altered, and cannot tell",
            (true, false) => "BROKEN: the browser has frames that were altered, and cannot tell",
        });
        return isHeld;
    }

    private static string Words(DemoOutcome outcome) => outcome switch
    {
        DemoOutcome.Stopped => "is stopped",
        DemoOutcome.Detected => "happens and is reported",
        DemoOutcome.NotStopped => "is not stopped",
        _ => "has nothing to aim at: nothing is claimed of bodies",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
