using System.Text;
using NetStack.Testing;

namespace NetStack;

/// <summary>An end of a flow.</summary>
public enum Side
{
    /// <summary>The one that connects.</summary>
    Client = 0,

    /// <summary>The one that listens.</summary>
    Server = 1,
}

/// <summary>How a connection was closed first.</summary>
public enum Close
{
    /// <summary>By a FIN.</summary>
    Fin = 0,

    /// <summary>By a reset.</summary>
    Reset = 1,
}

/// <summary>Kinds of segments. One can be of several.</summary>
[Flags]
public enum SegmentKind
{
    /// <summary>A SYN that opens a connection.</summary>
    Syn = 1,

    /// <summary>The answer to a SYN.</summary>
    SynAck = 2,

    /// <summary>One with payload.</summary>
    Data = 4,

    /// <summary>One with a FIN.</summary>
    Fin = 8,

    /// <summary>A reset.</summary>
    Reset = 16,

    /// <summary>One that only acknowledges.</summary>
    Ack = 32,

    /// <summary>A packet that is not TCP.</summary>
    Other = 64,

    /// <summary>Everything.</summary>
    Any = 127,
}

/// <summary>
/// What passes between a client and a server, to be harmed or to be judged. It is seen at the client's NIC, in both directions, so byte
/// counts are exact for the client, whatever the links between do. Methods that harm return the flow, to go on with.
/// </summary>
public sealed class NetworkFlow
{
    internal NetworkFlow(VirtualNetwork network, NetworkHost client, NetworkHost server, int? port)
    {
        Network = network;
        Client = client;
        Server = server;
        Port = port;
    }

    /// <summary>The connections seen so far, in the order of their SYNs.</summary>
    public IReadOnlyList<ObservedConnection> Connections
    {
        get
        {
            using (Network.Loop.Enter()) return [.. Network.Connections.All.Where(Contains)];
        }
    }

    internal VirtualNetwork Network { get; }

    internal NetworkHost Client { get; }

    internal NetworkHost Server { get; }

    internal int? Port { get; }

    /// <summary>Resets a connection once so many bytes of the server's have reached the client, or so many of the client's have left it: those
    /// bytes pass, then both ends get a reset in the name of the other.</summary>
    /// <param name="responseBytes">Bytes of the server's; null to go by <paramref name="requestBytes"/>.</param>
    /// <param name="requestBytes">Bytes of the client's.</param>
    /// <param name="times">Connections that this happens to, at least 1.</param>
    /// <exception cref="ArgumentException">Neither, or both, were given.</exception>
    public NetworkFlow ResetAfter(long? responseBytes = null, long? requestBytes = null, int times = 1)
    {
        (Side sender, long after) = Place(responseBytes, requestBytes, times);
        return With(new ResetFault(this, sender, after, times));
    }

    /// <summary>Holds a connection back for a while once so many bytes have passed; nothing is lost, unless an end loses patience.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="responseBytes">Bytes of the server's; null to go by <paramref name="requestBytes"/>.</param>
    /// <param name="requestBytes">Bytes of the client's.</param>
    /// <param name="times">Connections that this happens to, at least 1.</param>
    /// <exception cref="ArgumentException">Neither, or both, were given.</exception>
    public NetworkFlow StallFor(TimeSpan duration, long? responseBytes = null, long? requestBytes = null, int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        (Side sender, long after) = Place(responseBytes, requestBytes, times);
        return With(new StallFault(this, sender, after, duration, times));
    }

    /// <summary>Drops the next packets of some kinds.</summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="times">How many, at least 1.</param>
    /// <param name="skip">How many of them pass before.</param>
    public NetworkFlow DropNext(SegmentKind kinds, int times = 1, int skip = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        return With(new DropFault(this, kinds, times, skip));
    }

    /// <summary>Answers the next connects with a reset, as a host does where nobody listens.</summary>
    /// <param name="times">How many, at least 1.</param>
    public NetworkFlow Refuse(int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        return With(new RefuseFault(this, times));
    }

    /// <summary>Drops everything for a while.</summary>
    /// <param name="from">When it begins, on <see cref="VirtualNetwork.Elapsed"/>.</param>
    /// <param name="duration">How long it lasts.</param>
    /// <param name="sender">Whose packets are dropped; null for both sides'.</param>
    public NetworkFlow Partition(TimeSpan from, TimeSpan duration, Side? sender = null)
    {
        Instant begin = Network.InstantOf(from);
        return With(new PartitionFault(this, begin, begin + duration, sender));
    }

    /// <summary>Drops everything from now on, until <see cref="Heal"/>.</summary>
    /// <param name="sender">Whose packets are dropped; null for both sides'.</param>
    public NetworkFlow Partition(Side? sender = null) => With(new PartitionFault(this, Network.Loop.Now, Instant.MaxValue, sender));

    /// <summary>Ends every fault on the flow, with those that were set by another selection of the same.</summary>
    public NetworkFlow Heal()
    {
        Network.Faults.Remove(f => f.Flow.Client == Client && f.Flow.Server == Server && f.Flow.Port == Port);
        return this;
    }

    /// <summary>Looks whether it went as it should have.</summary>
    /// <param name="connections">How many connections were opened.</param>
    /// <param name="closedBy">Who closed those that are closed, of which there is at least one.</param>
    /// <param name="by">How they were closed.</param>
    /// <param name="retransmissions">The most segments that were sent again, by both sides together; 0 for none.</param>
    /// <param name="requestBytes">Bytes of payload the client sent, over all connections; none is counted twice.</param>
    /// <param name="responseBytes">Bytes of payload the server sent.</param>
    /// <exception cref="FlowException">It did not.</exception>
    public void Should(int? connections = null, Side? closedBy = null, Close? by = null, int? retransmissions = null, long? requestBytes = null, long? responseBytes = null)
    {
        IReadOnlyList<ObservedConnection> all = Connections;
        List<ObservedConnection> closed = [.. all.Where(c => c.ClosedBy is not null)];
        List<string> wrong = [];
        if (connections is { } count && all.Count != count) wrong.Add($"{count} connections were expected, and there were {all.Count}");
        if ((closedBy ?? (object?)by) is not null && closed.Count == 0) wrong.Add("none was closed");
        if (closedBy is { } side && closed.Exists(c => c.ClosedBy != side)) wrong.Add($"the {side} was expected to close");
        if (by is { } how && closed.Exists(c => c.Close != how)) wrong.Add($"a close by {how} was expected");
        int again = all.Sum(c => c.Retransmissions);
        if (retransmissions is { } most && again > most) wrong.Add($"at most {most} retransmissions were expected, and there were {again}");
        if (requestBytes is { } asked && all.Sum(c => c.RequestBytes) is { } sent && sent != asked) wrong.Add($"{asked} bytes of the client's were expected, and there were {sent}");
        if (responseBytes is { } answer && all.Sum(c => c.ResponseBytes) is { } answered && answered != answer) wrong.Add($"{answer} bytes of the server's were expected, and there were {answered}");
        if (wrong.Count > 0) throw new FlowException($"{this}: {string.Join("; ", wrong)}.{List(all)}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Client.Name} → {Server.Name}{(Port is { } port ? $":{port}" : "")}";

    /// <summary>Whether a frame at a gate is of the flow.</summary>
    internal bool Contains(in GateFrame frame)
    {
        if (frame.Gate.Attachment.Host != Client) return false;
        SeenFrame seen = frame.Seen;
        (IpAddress own, IpAddress other, ushort port) = frame.IsOutgoing ? (seen.Source, seen.Destination, seen.DestinationPort) : (seen.Destination, seen.Source, seen.SourcePort);
        return Client.Owns(own) && Server.Owns(other) && (Port is null || Port == port);
    }

    private bool Contains(ObservedConnection connection) =>
        Client.Owns(connection.ClientAddress) && Server.Owns(connection.ServerAddress) && (Port is null || Port == connection.ServerPort);

    private static (Side Sender, long After) Place(long? responseBytes, long? requestBytes, int times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        if (responseBytes is null == requestBytes is null) throw new ArgumentException("Name bytes of the response or of the request.");
        long after = responseBytes ?? requestBytes!.Value;
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        return (responseBytes is null ? Side.Client : Side.Server, after);
    }

    private static string List(IReadOnlyList<ObservedConnection> connections)
    {
        StringBuilder text = new();
        foreach (ObservedConnection connection in connections) text.Append(Environment.NewLine).Append("   ").Append(connection);
        return text.ToString();
    }

    private NetworkFlow With(FlowFault fault)
    {
        Network.Faults.Add(fault);
        return this;
    }
}

/// <summary>A flow did not go as it should have.</summary>
public sealed class FlowException : Exception
{
    /// <summary>Makes the exception.</summary>
    public FlowException(string message)
        : base(message)
    {
    }
}
