using NetStack.Wire;

namespace NetStack.Analysis.Tests.Flows;

public sealed class FlowHashTests
{
    private const ulong Known = 0x2001_0DB8_0000_0001;

    [Fact]
    public void The_hash_is_the_same_whichever_end_sent()
    {
        FlowHash hash = FlowHash.OfProcess();
        Random random = new(1);
        for (int i = 0; i < 1000; i++)
        {
            FlowFacts facts = new() { SourceHigh = Next(), SourceLow = Next(), DestinationHigh = Next(), DestinationLow = Next(), Ports = (uint)Next(), Protocol = 6 };
            FlowFacts answer = facts with
            {
                SourceHigh = facts.DestinationHigh,
                SourceLow = facts.DestinationLow,
                DestinationHigh = facts.SourceHigh,
                DestinationLow = facts.SourceLow,
                Ports = facts.Ports << 16 | facts.Ports >> 16,
            };
            Assert.Equal(hash.Of(facts), hash.Of(answer));
            Assert.NotEqual(hash.Of(facts), hash.Of(facts with { Ports = facts.Ports + 1 }));
            Assert.NotEqual(hash.Of(facts), hash.Of(facts with { Protocol = 17 }));
        }

        ulong Next() => (ulong)random.NextInt64();
    }

    [Fact]
    public void Keys_made_to_collide_under_a_known_key_do_not_under_a_secret_one()
    {
        const int Count = 4000;
        Assert.True(Fill(new FlowHash(Known, 2, 3, 5), Count) > (long)Count * Count / 4, "the keys do not collide: the test is worth nothing");
        Assert.InRange(Fill(FlowHash.OfProcess(), Count), 0, Count * 4L);
    }

    [Fact]
    public void Addresses_and_ports_in_a_row_spread_well()
    {
        FlowTable table = new(1_000_000, analyse: false, FlowHash.OfProcess());
        for (uint i = 0; i < 100_000; i++)
            table.Count(new FlowFacts { SourceLow = 0x0A000000 + i / 256, DestinationLow = 0xC0A80001, Ports = (i % 256 + 1024) << 16 | 443, Protocol = 4 << 8 | 6, Number = i + 1 }, out _);
        Assert.Equal(100_000, table.Flows.Count);
        Assert.InRange(table.Probes, 0, 200_000);
    }

    /// <summary>Sources whose upper half is the key's first word: their product is 0, whatever the rest.</summary>
    private static long Fill(FlowHash hash, int count)
    {
        FlowTable table = new(1_000_000, analyse: false, hash);
        for (int i = 0; i < count; i++)
            table.Count(new FlowFacts { SourceHigh = Known, SourceLow = (ulong)i, DestinationLow = 1, Ports = 80, Protocol = 6 << 8 | 6, Number = i + 1 }, out _);
        Assert.Equal(count, table.Flows.Count);
        return table.Probes;
    }
}
