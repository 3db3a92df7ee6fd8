using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Initial sequence numbers (RFC 6528, RFC 9293 section 3.4.1): a clock of 4 µs plus a keyed hash of the connection's name.</summary>
/// <param name="hash">The secret.</param>
internal readonly struct InitialSequence(ConnectionHash hash)
{
    /// <summary>The initial sequence number of a connection that begins now.</summary>
    internal SequenceNumber Next(IpAddress local, ushort localPort, IpAddress remote, ushort remotePort, Instant now) =>
        new(unchecked((uint)(now.Nanoseconds / 4_000) + (uint)hash.Of(local, localPort, remote, remotePort)));
}

/// <summary>
/// The offset that is added to the timestamp clock (RFC 7323 section 5.4): one for a pair of addresses, as in Linux, so that
/// the timestamps of successive connections rise and nobody else learns how long we are up.
/// </summary>
/// <param name="hash">The secret, another one than that of <see cref="InitialSequence"/>.</param>
internal readonly struct TimestampOffset(ConnectionHash hash)
{
    /// <summary>The offset, in ticks of the timestamp clock.</summary>
    internal uint Of(IpAddress local, IpAddress remote) => (uint)hash.Of(local, 0, remote, 0);
}
