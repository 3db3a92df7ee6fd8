using NetStack.Wire;

namespace NetStack;

/// <summary>What the analysis of a TCP connection's headers found, summed over the connection.</summary>
public sealed class TcpTotals
{
    private TcpDirection _aToB;
    private TcpDirection _bToA;

    internal TcpTotals()
    {
    }

    /// <summary>Of what A sent.</summary>
    public ref readonly TcpDirection AToB => ref _aToB;

    /// <summary>Of what B sent.</summary>
    public ref readonly TcpDirection BToA => ref _bToA;

    /// <summary>Nanoseconds from the SYN to the acknowledgement of its answer; null where they are not in the capture.</summary>
    public long? Handshake { get; private set; }

    internal void Add(in FlowPacket packet, TcpFlags flags)
    {
        ref TcpDirection sent = ref packet.IsReverse ? ref _bToA : ref _aToB;
        if ((flags & TcpFlags.Rst) != 0) sent.Resets++;
        if (packet.Analysis != TcpAnalysis.None) sent.Add(packet.Analysis);
        if (packet.RoundTrip is { } roundTrip)
        {
            ref TcpDirection answered = ref packet.IsReverse ? ref _aToB : ref _bToA;
            answered.AddRoundTrip(roundTrip);
        }
        Handshake ??= packet.InitialRoundTrip;
    }
}

/// <summary>What the analysis found in what one end of a connection sent.</summary>
public struct TcpDirection
{
    /// <summary>Segments that were sent again, for whatever reason.</summary>
    public int Retransmissions { get; private set; }

    /// <summary>Segments that came after later ones.</summary>
    public int OutOfOrder { get; private set; }

    /// <summary>How often the segment before the present one is not in the capture.</summary>
    public int LostSegments { get; private set; }

    /// <summary>Acknowledgements that said the same again.</summary>
    public int DuplicateAcks { get; private set; }

    /// <summary>Segments that closed the window.</summary>
    public int ZeroWindows { get; private set; }

    /// <summary>Segments that filled the other end's window.</summary>
    public int WindowFulls { get; private set; }

    /// <summary>Segments that reset the connection.</summary>
    public int Resets { get; internal set; }

    /// <summary>How many round trips of what this end sent were measured.</summary>
    public int RoundTrips { get; private set; }

    /// <summary>The shortest of them, in nanoseconds; 0 where there is none.</summary>
    public long LeastRoundTrip { get; private set; }

    /// <summary>The longest of them, in nanoseconds; 0 where there is none.</summary>
    public long MostRoundTrip { get; private set; }

    /// <summary>The sum of them, in nanoseconds.</summary>
    public long SumOfRoundTrips { get; private set; }

    internal void Add(TcpAnalysis found)
    {
        if ((found & (TcpAnalysis.Retransmission | TcpAnalysis.FastRetransmission | TcpAnalysis.SpuriousRetransmission)) != 0) Retransmissions++;
        if ((found & TcpAnalysis.OutOfOrder) != 0) OutOfOrder++;
        if ((found & TcpAnalysis.LostSegment) != 0) LostSegments++;
        if ((found & TcpAnalysis.DuplicateAck) != 0) DuplicateAcks++;
        if ((found & TcpAnalysis.ZeroWindow) != 0) ZeroWindows++;
        if ((found & TcpAnalysis.WindowFull) != 0) WindowFulls++;
    }

    internal void AddRoundTrip(long nanoseconds)
    {
        LeastRoundTrip = RoundTrips == 0 ? nanoseconds : Math.Min(LeastRoundTrip, nanoseconds);
        MostRoundTrip = Math.Max(MostRoundTrip, nanoseconds);
        SumOfRoundTrips += nanoseconds;
        RoundTrips++;
    }
}
