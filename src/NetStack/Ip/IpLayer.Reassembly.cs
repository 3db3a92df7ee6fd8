using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>What both versions do with fragments.</remarks>
internal sealed partial class IpLayer
{
    /// <summary>Bytes of headers in front of a reassembled payload, at most.</summary>
    private const int MaxHeaderBytes = 4096;

    private const int QuotedBytes = 1280;

    /// <summary>Puts headers and payload of a datagram in one piece.</summary>
    /// <returns>Bytes.</returns>
    private int CopyWhole(PendingDatagram whole, ReadOnlySpan<byte> headers)
    {
        headers.CopyTo(_whole);
        _reassembler.CopyTo(whole, _whole.AsSpan(headers.Length, whole.Total));
        return headers.Length + whole.Total;
    }

    /// <summary>The ECN field of a datagram whose fragments had several (RFC 3168 section 5.3); -1 when they cannot stand together.</summary>
    private static int ReassembledEcn(int seen)
    {
        const int NotCapable = 1 << 0;
        const int Experienced = 1 << 3;
        if ((seen & Experienced) != 0) return (seen & NotCapable) != 0 ? -1 : 3;
        if ((seen & NotCapable) != 0) return 0;
        return (seen & (1 << 2)) != 0 ? 2 : 1;
    }

    /// <summary>Tells the sender of a datagram that its fragments did not all come, if the first did (RFC 792, RFC 4443 section 3.3).</summary>
    private void ReportTimeout(PendingDatagram expired, Instant now)
    {
        if (!expired.HasFirst || expired.IsDead) return;
        int length = Math.Min(expired.Ranges.Contiguous, QuotedBytes);
        Span<byte> bytes = _whole.AsSpan(0, length);
        _reassembler.CopyTo(expired, bytes);
        FragmentInfo first = expired.First;
        InboundDatagram about = new()
        {
            Source = first.Key.Source,
            Destination = first.Key.Destination,
            Protocol = first.Key.Source.IsV4 ? first.Key.Protocol : first.NextHeader,
            Interface = first.Interface,
            IsGroupAddressed = first.IsGroupAddressed,
            Bytes = new InboundBytes(bytes),
            NetworkHeader = expired.Header,
        };
        Errors.TimeExceeded(about, 1, now);
    }
}
