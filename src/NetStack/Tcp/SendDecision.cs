namespace NetStack.Tcp;

/// <summary>Whether to send what there is or to wait for more: Nagle's algorithm, corking, silly windows, limited transmit.</summary>
internal static class SendDecision
{
    /// <summary>How long a cork, or the sender's silly window avoidance, holds a segment back (Linux; RFC 9293 section 3.8.6.2.1 says 0.1 to 1 s).</summary>
    internal static readonly TimeSpan Override = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Whether a segment must wait (RFC 9293 section 3.7.4, in Minshall's form as Linux: only another small segment in flight
    /// holds one back).
    /// </summary>
    /// <param name="length">Its payload in bytes.</param>
    /// <param name="maximumSegmentSize">A full one's.</param>
    /// <param name="isSmallOutstanding">Whether a segment that was not full is not acknowledged yet.</param>
    /// <param name="isNoDelay">Whether Nagle's algorithm is off.</param>
    /// <param name="isCorked">Whether the user asked to send full segments only.</param>
    /// <param name="isLast">Whether FIN follows: nothing can be added.</param>
    internal static bool MustWait(int length, int maximumSegmentSize, bool isSmallOutstanding, bool isNoDelay, bool isCorked, bool isLast)
    {
        if (isLast || length >= maximumSegmentSize) return false;
        return isCorked || (!isNoDelay && isSmallOutstanding);
    }

    /// <summary>
    /// Whether the peer's window is so small that sending into it would be silly (RFC 9293 section 3.8.6.2.1): it is worth it for
    /// a full segment, for all there is, or for half of the largest window the peer ever offered.
    /// </summary>
    /// <param name="usable">What the window allows now, in bytes.</param>
    /// <param name="available">Bytes that wait to be sent.</param>
    /// <param name="maximumSegmentSize">A full segment's bytes.</param>
    /// <param name="largestWindow">The largest window the peer offered.</param>
    internal static bool IsSilly(int usable, int available, int maximumSegmentSize, int largestWindow) =>
        usable < maximumSegmentSize && usable < available && usable < largestWindow / 2;

    /// <summary>
    /// Where the receive window's right edge may go without offering silly steps (RFC 9293 section 3.8.6.2.2): it stays until it
    /// can advance by a full segment or half the buffer.
    /// </summary>
    /// <param name="offered">Bytes still offered: the right edge less RCV.NXT.</param>
    /// <param name="free">Bytes the buffer has room for.</param>
    /// <param name="size">The buffer's size.</param>
    /// <param name="maximumSegmentSize">The peer's full segment.</param>
    /// <returns>The window to offer, in bytes: never less than <paramref name="offered"/>.</returns>
    internal static int WindowToOffer(int offered, int free, int size, int maximumSegmentSize) =>
        free - offered >= Math.Min(size / 2, maximumSegmentSize) ? free : offered;

    /// <summary>Bytes beyond the congestion window that may be sent for the first two duplicate ACKs (RFC 3042), for each of which
    /// must have SACKed something new if SACK is used.</summary>
    internal static int LimitedTransmit(int duplicateAcks, int maximumSegmentSize) => Math.Clamp(duplicateAcks, 0, 2) * maximumSegmentSize;
}
