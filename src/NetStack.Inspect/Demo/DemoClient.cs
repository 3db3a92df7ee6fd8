using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>A client of the demonstration: it decides on a frame's headers, and uses the frame or leaves its body alone.</summary>
internal sealed class DemoClient(MultiplexerPort port, SentFrames sent, bool usesBody, Action looked, bool sums = true)
{
    private readonly ReceivedFrame[] _frames = new ReceivedFrame[32];
    private readonly FetchMeter _meter = new();
    private byte[] _bytes = new byte[2048];
    private byte[] _decided = new byte[HeaderSnapshot.InlineCapacity];

    internal MultiplexerPort Port => port;

    /// <summary>Whether it looks at bodies at all.</summary>
    internal bool UsesBody => usesBody;

    /// <summary>Frames received.</summary>
    internal long Frames { get; private set; }

    /// <summary>Frames that are, as far as it looked, as they were sent.</summary>
    internal long Intact { get; private set; }

    /// <summary>Frames that are not, and whose checksums say so.</summary>
    internal long Detected { get; private set; }

    /// <summary>Frames that are not, and nothing says so.</summary>
    internal long Altered { get; private set; }

    /// <summary>Frames whose headers were other bytes once they had been decided on: none, where headers are read once.</summary>
    internal long Changed { get; private set; }

    /// <summary>Receives what there is.</summary>
    internal int Drain()
    {
        int total = 0, count;
        while ((count = port.Queues[0].Receive(_frames)) > 0)
        {
            for (int i = 0; i < count; i++)
            {
                Frames++;
                Use(_frames[i]);
                _frames[i].Release();
            }
            total += count;
        }
        return total;
    }

    private void Use(in ReceivedFrame frame)
    {
        int length = frame.Length;
        if (_bytes.Length < length) _bytes = new byte[length * 2];
        Span<byte> bytes = _bytes.AsSpan(0, length);
        PacketHeaders headers = PacketHeaders.Decode(frame, Frames);
        int end = DemoWorld.HeadersEnd(headers);
        if (_decided.Length < end) _decided = new byte[end * 2];
        Span<byte> decided = _decided.AsSpan(0, end);
        headers.Bytes[..end].CopyTo(decided);
        if (!usesBody)
        {
            looked();
            if (!frame.Headers.Require(end)[..end].SequenceEqual(decided)) Changed++;
            Judge(sent.HasHeaders(decided), isDetectable: false);
            return;
        }
        bool isDetectable;
        if (frame.Access == BodyAccess.InPlace)
        {
            ReadInPlace(frame, bytes); // to decide and to sum
            isDetectable = frame.Checksum != ChecksumVerdict.Good && SentFrames.IsDetectable(bytes); // it believes the device
            looked();
            ReadInPlace(frame, bytes); // to use
        }
        else
        {
            looked();
            frame.Headers.CopyFrameTo(bytes); // headers that were decided on, and the body, once
            looked();
            if (!bytes[..end].SequenceEqual(decided)) Changed++;
            isDetectable = SentFrames.IsDetectable(bytes) && (sums || !sent.HasHeaders(bytes[..Math.Min(end, length)])); // of a body that is passed on nothing is claimed
        }
        Judge(sent.HasWhole(bytes), isDetectable);
    }

    private void Judge(bool isIntact, bool isDetectable)
    {
        if (isIntact) Intact++;
        else if (isDetectable) Detected++;
        else Altered++;
    }

    private void ReadInPlace(in ReceivedFrame frame, Span<byte> bytes)
    {
        int at = 0;
        for (int i = 0; i < frame.Body.SliceCount; i++)
        {
            BodySlice slice = frame.Body.Slice(i);
            if (slice.Pool.Window(slice.Buffer, slice.Offset, slice.Length).TryTrust(Trust.DataOnly, out TrustedSpan trusted)) trusted.Bytes.CopyTo(bytes[at..]);
            else frame.Body.CopyTo(at, bytes.Slice(at, slice.Length), _meter);
            at += slice.Length;
        }
    }
}
