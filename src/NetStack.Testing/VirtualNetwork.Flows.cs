using NetStack.Testing;

namespace NetStack;

/// <remarks>Flows.</remarks>
public sealed partial class VirtualNetwork
{
    private readonly List<NetworkNat> _nats = [];

    /// <summary>Selects what passes between a client and a server, to harm it or to judge it.</summary>
    /// <param name="client">Who connects.</param>
    /// <param name="server">Who listens; behind a NAT with a forwarded port, the NAT's host.</param>
    /// <param name="port">The server's port; null for everything that passes between the two, other protocols included.</param>
    public NetworkFlow Flow(NetStackHost client, NetStackHost server, int? port = null)
    {
        if (port is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, nameof(port));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, ushort.MaxValue, nameof(port));
        }
        return new NetworkFlow(this, EntryOf(client), EntryOf(server), port);
    }

    internal Instant InstantOf(TimeSpan elapsed) => _origin + elapsed;

    internal TimeSpan ElapsedAt(Instant now) => now - _origin;

    /// <summary>A packet with the addresses that the client knows, whatever NATs are between.</summary>
    internal SeenFrame AsClientSees(in SeenFrame sent)
    {
        SeenFrame seen = sent;
        foreach (NetworkNat nat in _nats) nat.Normalize(ref seen);
        return seen;
    }
}
