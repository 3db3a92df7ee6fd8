namespace NetStack.Tcp.Congestion;

/// <summary>The congestion controls by name, and what they have in common.</summary>
public static class CongestionControl
{
    /// <summary>The default's name.</summary>
    public const string Default = "cubic";

    /// <summary>Makes a congestion control of the given name: <c>cubic</c> (RFC 9438) or <c>reno</c> (RFC 5681, RFC 6582), both with HyStart++.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static ICongestionControl Create(string name) => name switch
    {
        "cubic" => new Cubic(),
        "reno" => new NewReno(),
        _ => throw new ArgumentException($"There is no congestion control \"{name}\"; there are cubic and reno.", nameof(name)),
    };

    /// <summary>The initial window in bytes (RFC 6928): ten segments, but no more than 14 600 bytes unless that is less than two.</summary>
    public static int InitialWindow(int maximumSegmentSize) => Math.Min(10 * maximumSegmentSize, Math.Max(2 * maximumSegmentSize, 14_600));

    /// <summary>The window halved for every retransmission timeout of idleness, not below the restart window (RFC 2861 section 3).</summary>
    internal static int AfterIdle(int window, TimeSpan idle, TimeSpan retransmissionTimeout, int restartWindow)
    {
        if (retransmissionTimeout <= TimeSpan.Zero) return window;
        long halvings = Math.Min(idle.Ticks / retransmissionTimeout.Ticks, 31);
        return Math.Max(window >> (int)halvings, Math.Min(window, restartWindow));
    }
}
