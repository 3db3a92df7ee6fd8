using System.Diagnostics.Metrics;
using System.Text;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>What one instrument read, and how the instruments that have several values are read. The gate is held.</summary>
internal sealed class CounterReadings : List<Measurement<long>>
{
    private static readonly DropReason[] DeviceReasons = Enum.GetValues<DropReason>();

    /// <summary>The states as OpenTelemetry names them (<c>network.connection.state</c>): <c>time_wait</c>.</summary>
    private static readonly string[] StateNames = [.. Enum.GetNames<TcpState>().Select(ToSnakeCase)];

    internal void Add(long value, params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        KeyValuePair<string, object?>[] pairs = new KeyValuePair<string, object?>[tags.Length];
        for (int i = 0; i < tags.Length; i++) pairs[i] = new KeyValuePair<string, object?>(tags[i].Key, tags[i].Value);
        Add(new Measurement<long>(value, pairs));
    }

    internal void AddDirections(long received, long sent, string? nic = null)
    {
        AddDirection(received, "receive", nic);
        AddDirection(sent, "transmit", nic);
    }

    internal static void Frames(StackDriver driver, CounterReadings to)
    {
        NetInterface loopback = driver.Stack.Loopback;
        to.AddDirections(loopback.FramesReceived, loopback.FramesSent, loopback.Name);
        foreach (NicAttachment attachment in driver.Attachments)
            to.AddDirections(Sum(attachment, c => c.FramesReceived), Sum(attachment, c => c.FramesSent), attachment.Interface.Name);
    }

    internal static void Bytes(StackDriver driver, CounterReadings to)
    {
        foreach (NicAttachment attachment in driver.Attachments)
            to.AddDirections(Sum(attachment, c => c.BytesReceived), Sum(attachment, c => c.BytesSent), attachment.Interface.Name);
    }

    internal static void Terms(StackDriver driver, CounterReadings to)
    {
        foreach (NicAttachment attachment in driver.Attachments)
        {
            ClientTerms terms = attachment.Terms;
            to.Add(1, ("network.interface.name", attachment.Interface.Name), ("netstack.copy", terms.Copy.ToString()), ("netstack.trust", terms.Trust.ToString()),
                ("netstack.placement", terms.Placement), ("netstack.verification", terms.Verification ?? "none"));
        }
    }

    /// <summary>Every reason that occurred, so that there is a series only for what happens.</summary>
    internal static void Drops(StackDriver driver, CounterReadings to)
    {
        NetworkStack stack = driver.Stack;
        foreach (NicAttachment attachment in driver.Attachments)
        {
            string nic = attachment.Interface.Name;
            foreach (DropReason reason in DeviceReasons)
            {
                to.AddDrops("device.receive", reason.ToString(), Sum(attachment, c => c.ReceiveDrops[reason]), nic);
                to.AddDrops("device.transmit", reason.ToString(), Sum(attachment, c => c.TransmitDrops[reason]), nic);
            }
            to.AddDrops("strategy", "Strategy", attachment.DroppedByStrategy, nic);
        }
        foreach (NetInterface nic in stack.Interfaces)
        {
            to.AddDrops("link", nic.Drops, nic.Name);
            to.AddDrops("ndp", nic.NdpDrops, nic.Name);
        }
        to.AddDrops("ip", stack.IpCounters.Drops);
        to.AddDrops("forward", stack.Forwarding);
        to.AddDrops("icmp", stack.Icmp.Drops);
        to.AddDrops("udp", stack.Udp.Drops);
        to.AddDrops("tcp", stack.Tcp.Counters.Drops);
    }

    internal static void States(StackDriver driver, CounterReadings to)
    {
        Span<int> counts = stackalloc int[TcpLayer.StateCount];
        driver.Stack.Tcp.CountStates(counts);
        for (int state = (int)TcpState.Listen; state < counts.Length; state++) to.Add(counts[state], ("network.connection.state", StateNames[state]));
    }

    internal static void Queues(StackDriver driver, CounterReadings to, Func<TcpListener, int> length)
    {
        foreach (IGrouping<ushort, TcpListener> port in driver.Stack.Tcp.ListListeners().GroupBy(l => l.Local.Port))
            to.Add(port.Sum(length), ("server.port", (int)port.Key));
    }

    internal static void Buffers(StackDriver driver, CounterReadings to)
    {
        to.AddPool("transmit", driver.Stack.TransmitBuffers.Available, driver.Stack.TransmitBuffers.Count);
        foreach (NicAttachment attachment in driver.Attachments)
            to.AddPool($"receive {attachment.Interface.Name}", attachment.ReceiveBuffers.Sum(p => p.Available), attachment.ReceiveBuffers.Sum(p => p.Count));
    }

    /// <summary>Sums a figure over the meters of the stack and of its NICs.</summary>
    internal static long Sum(StackDriver driver, Func<FetchMeter, long> figure)
    {
        long sum = figure(driver.Stack.Meter);
        foreach (INic nic in driver.Nics)
        {
            if (nic is IMeteredNic metered) sum += figure(metered.Meter);
        }
        return sum;
    }

    internal static string ToSnakeCase(string name)
    {
        StringBuilder text = new();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && (char.IsUpper(name[i]) || (char.IsDigit(name[i]) && !char.IsDigit(name[i - 1])))) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }

    private static long Sum(NicAttachment attachment, Func<QueueCounters, long> figure)
    {
        long sum = 0;
        foreach (INicQueue queue in attachment.Nic.Queues) sum += figure(queue.Counters);
        return sum;
    }

    private void AddDirection(long value, string direction, string? nic)
    {
        if (nic is null) Add(value, ("network.io.direction", direction));
        else Add(value, ("network.interface.name", nic), ("network.io.direction", direction));
    }

    private void AddDrops(string layer, ReasonCounters counters, string? nic = null)
    {
        foreach ((string reason, long count) in counters.Occurred) AddDrops(layer, reason, count, nic);
    }

    private void AddDrops(string layer, string reason, long count, string? nic)
    {
        if (count == 0) return;
        if (nic is null) Add(count, ("netstack.drop.layer", layer), ("netstack.drop.reason", reason));
        else Add(count, ("netstack.drop.layer", layer), ("netstack.drop.reason", reason), ("network.interface.name", nic));
    }

    private void AddPool(string pool, int free, int count)
    {
        Add(free, ("netstack.pool", pool), ("netstack.buffer.state", "free"));
        Add(count - free, ("netstack.pool", pool), ("netstack.buffer.state", "used"));
    }
}
