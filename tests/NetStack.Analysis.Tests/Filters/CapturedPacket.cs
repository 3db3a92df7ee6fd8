using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Filters;

/// <summary>A packet kept from a capture, to be filtered again and again.</summary>
internal sealed record CapturedPacket(byte[] Bytes, int WireLength, LinkType LinkType, string File, long Number)
{
    private static readonly Lazy<CapturedPacket[]> AllSamples = new(() => [.. SampleCaptures.Names.SelectMany(n => Read(SampleCaptures.PathOf(n.Data)))]);

    /// <summary>Every packet of the sample captures.</summary>
    internal static CapturedPacket[] Samples => AllSamples.Value;

    /// <summary>The packets of a capture before any damage; none where it is none.</summary>
    internal static List<CapturedPacket> Read(string path, int most = int.MaxValue)
    {
        List<CapturedPacket> packets = [];
        try
        {
            using CaptureReader capture = CaptureReader.Open(path);
            while (packets.Count < most && capture.TryRead(out CaptureRecord record))
            {
                byte[] bytes = new byte[record.CapturedLength];
                record.Body.CopyTo(0, bytes, capture.Meter);
                packets.Add(new CapturedPacket(bytes, record.WireLength, record.LinkType, Path.GetFileName(path), record.Number));
            }
        }
        catch (CaptureFormatException)
        {
            return packets;
        }
        return packets;
    }

    /// <summary>The same packet with less of it captured.</summary>
    internal CapturedPacket Cut(int length) => this with { Bytes = Bytes[..Math.Min(length, Bytes.Length)] };

    /// <summary>What a program answers, over bytes that are all private.</summary>
    internal bool Matches(BpfProgram program) => program.Run(Bytes, null, (uint)WireLength) != 0;

    /// <summary>The headers, decoded through a snapshot of memory of a device.</summary>
    internal HeaderSnapshot Snapshot() => Packets.Snapshot(Bytes);

    public override string ToString() => $"packet {Number} of {File}, link type {(int)LinkType}, {Bytes.Length} bytes";
}
