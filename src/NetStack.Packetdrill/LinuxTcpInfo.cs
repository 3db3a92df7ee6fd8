using System.Buffers.Binary;
using NetStack.Tcp;

namespace NetStack.Packetdrill;

/// <summary>struct tcp_info as Linux lays it out, as far as we know its fields; the others are 0.</summary>
internal static class LinuxTcpInfo
{
    private const int Size = 512; // more than it has

    /// <summary>Writes as much as there is room for; returns how much.</summary>
    internal static int Write(Span<byte> destination, in TcpInfo info, Instant now)
    {
        Span<byte> all = stackalloc byte[Size];
        all.Clear();
        int mss = Math.Max(1, info.SendMss);
        all[0] = StateNumber(info.State);
        all[1] = (byte)info.CongestionState;
        all[2] = (byte)Math.Min(255, info.Backoff);
        all[3] = (byte)Math.Min(255, info.Probes);
        all[4] = (byte)Math.Min(255, info.Backoff);
        all[5] = (byte)((info.Timestamps ? 1 : 0) | (info.Sack ? 2 : 0) | (info.SendWindowScale >= 0 ? 4 : 0) | (info.Ecn ? 8 : 0));
        all[6] = (byte)(Math.Max(0, info.SendWindowScale) | Math.Max(0, info.ReceiveWindowScale) << 4);
        Put(all, 8, Microseconds(info.Rto));
        Put(all, 16, info.SendMss);
        Put(all, 20, info.ReceiveMss);
        Put(all, 24, Segments(info.BytesOutstanding, mss));
        Put(all, 28, info.SegmentsSacked);
        Put(all, 32, Segments(info.BytesLost, mss));
        Put(all, 36, Segments(info.BytesSentAgain, mss));
        Put(all, 52, Microseconds(now - info.DataReceivedAt) / 1000);
        Put(all, 68, Microseconds(info.SmoothedRtt));
        Put(all, 72, Microseconds(info.RttVariation));
        Put(all, 76, info.SlowStartThreshold == long.MaxValue ? int.MaxValue : info.SlowStartThreshold / mss);
        Put(all, 80, info.CongestionWindow / mss);
        Put(all, 84, info.SendMss);
        Put(all, 88, 3); // the threshold of duplicates, which never moves
        Put(all, 100, info.Retransmitted);
        BinaryPrimitives.WriteInt64LittleEndian(all[120..], info.BytesAcknowledged);
        BinaryPrimitives.WriteInt64LittleEndian(all[128..], info.BytesReceived);
        Put(all, 144, info.BytesUnsent);
        Put(all, 148, Microseconds(info.MinRtt));
        Put(all, 192, Segments(info.BytesDelivered, mss));
        Put(all, 228, info.SendWindow);
        Put(all, 232, info.ReceiveWindow);
        int length = Math.Min(Size, destination.Length);
        all[..length].CopyTo(destination);
        return length;
    }

    private static long Segments(long bytes, int mss) => (bytes + mss - 1) / mss;

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private static void Put(Span<byte> all, int at, long value) => BinaryPrimitives.WriteUInt32LittleEndian(all[at..], (uint)Math.Clamp(value, 0, uint.MaxValue));

    private static byte StateNumber(TcpState state) => state switch
    {
        TcpState.Established => 1,
        TcpState.SynSent => 2,
        TcpState.SynReceived => 3,
        TcpState.FinWait1 => 4,
        TcpState.FinWait2 => 5,
        TcpState.TimeWait => 6,
        TcpState.Closed => 7,
        TcpState.CloseWait => 8,
        TcpState.LastAck => 9,
        TcpState.Listen => 10,
        _ => 11,
    };
}
