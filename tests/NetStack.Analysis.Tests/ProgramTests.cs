using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>A whole program, written as users write it.</summary>
public sealed class ProgramTests
{
    [Fact]
    public void The_conversations_of_a_capture_with_the_most_bytes()
    {
        List<string> lines = [];
        using var capture = CaptureReader.Open(SampleCaptures.PathOf("web"));
        var filter = PacketFilter.Parse("tcp port 80 and not net 10.0.0.0/8");
        var flows = new FlowTable(maxFlows: 1_000_000);
        while (capture.TryRead(out CaptureRecord record))
        {
            var packet = PacketHeaders.Decode(record);
            if (filter.Matches(packet)) flows.Add(packet);
        }
        foreach (Flow f in flows.ByBytes().Take(10)) lines.Add($"{f.Key} {f.Bytes} {f.Retransmissions}");
        Assert.Null(capture.Damage);
        Assert.Equal(2, lines.Count);
        Assert.Equal("[2001:db8::1]:59844 <-> [2001:db8::2]:80 27367 0", lines[0]);
        Assert.Matches(@"^192\.0\.2\.1:[0-9]+ <-> 192\.0\.2\.2:80 [0-9]+ 0$", lines[1]);
    }
}
