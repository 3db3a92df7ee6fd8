using NetStack.Runtime;

namespace NetStack;

/// <summary>
/// Received payload by handle: it can be sent on or let go, not looked at (docs/runtime.md, Bodies by handle). Its bytes stay where the
/// device put them, and with them goes the sum they were verified with (docs/adr/0009).
/// </summary>
/// <remarks>
/// Single use: a write takes it, whatever becomes of the write, and <see cref="Dispose"/> lets it go. Copies of the value are the same
/// body. Disposing of one that was written or disposed of does nothing, and writing it throws. A body that a program holds longer than
/// <see cref="NetStackHostOptions.BodyLease"/>, or while its NIC is short of buffers, is moved into private buffers; nothing is seen of that
/// here. One that is forgotten keeps its buffers until the host stops. Any thread may use it.
/// </remarks>
public readonly struct NetBody : IDisposable, IEquatable<NetBody>
{
    private readonly BodyLease? _lease;
    private readonly long _version;

    internal NetBody(BodyLease lease)
    {
        _lease = lease;
        _version = lease.Version;
        Length = lease.Body.Length;
        IsVerified = lease.Body.IsVerified;
    }

    /// <summary>Payload bytes in it.</summary>
    public int Length { get; }

    /// <summary>Whether a checksum was verified when it came. False for UDP over IPv4 from a sender that computed none.</summary>
    public bool IsVerified { get; }

    /// <summary>Lets the bytes go; nothing happens when the body was written or disposed of before.</summary>
    public void Dispose() => _lease?.Owner.Release(_lease, _version);

    /// <inheritdoc/>
    public bool Equals(NetBody other) => _lease == other._lease && _version == other._version;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NetBody other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_lease, _version);

    /// <summary>Whether both are the same body.</summary>
    public static bool operator ==(NetBody left, NetBody right) => left.Equals(right);

    /// <summary>Whether they are different bodies.</summary>
    public static bool operator !=(NetBody left, NetBody right) => !left.Equals(right);

    /// <summary>Takes it for a write: every copy of this value is used up then. The gate is held.</summary>
    /// <param name="leases">The bodies of the host that is to send it.</param>
    /// <exception cref="ArgumentException">It was received by another host.</exception>
    /// <exception cref="InvalidOperationException">It is empty, or was written or disposed of before.</exception>
    internal BodyLease Take(BodyLeases? leases)
    {
        if (_lease is null) throw new InvalidOperationException("The body is none: it was not received.");
        if (_lease.Owner != leases) throw new ArgumentException("The body was received by another host, whose memory this one's devices do not reach.");
        if (_lease.Version != _version) throw new InvalidOperationException("The body was written or disposed of before.");
        _lease.Version++;
        return _lease;
    }
}
