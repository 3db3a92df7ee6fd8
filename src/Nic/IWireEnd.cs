using NetStack.Wire;

namespace NetStack.Nic;

/// <summary>The wire side of something: where frames are put so that they come in there.</summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public interface IWireEnd
{
    /// <summary>Puts a frame in. The bytes are only lent: they are copied before this returns.</summary>
    /// <returns>False when there is no room now; nothing of the frame was taken, and it may be put in again later.</returns>
    bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info);
}

/// <summary>What is known of a frame on the wire besides its bytes.</summary>
/// <param name="WireLength">Its length on the wire in bytes, at least that of the bytes given.</param>
/// <param name="LinkType">How it begins.</param>
/// <param name="Interface">The interface it came in on, from 0.</param>
/// <param name="Arrival">When it arrived; null where nobody says.</param>
/// <param name="SegmentCount">How many segments it stands for; 1 for an ordinary frame.</param>
/// <param name="SegmentSize">Body bytes in each of them but the last; 0 for an ordinary frame.</param>
public readonly record struct WireFrame(int WireLength, LinkType LinkType = LinkType.Ethernet, int Interface = 0, Timestamp? Arrival = null, int SegmentCount = 1, int SegmentSize = 0);
