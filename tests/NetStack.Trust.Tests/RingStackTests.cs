using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>What a device says of its rings costs a TCP connection segments, never a byte: also where the lie itself cannot be told.</summary>
public sealed class RingStackTests
{
    private static readonly Func<ulong, HostileBehaviour>[] Lies =
    [
        s => new LengthOverCapacity(s) { Eagerness = 0.05 },
        s => new LengthOverWritten(s) { Eagerness = 0.5 },
        s => new HeaderLengthLie(s) { Eagerness = 0.05 },
        s => new BufferIdOutOfRange(s) { Eagerness = 0.2 },
        s => new BufferNeverPosted(s) { Eagerness = 0.2 },
        s => new DuplicateCompletion(s) { Eagerness = 0.2 },
        s => new OldLap(s) { Eagerness = 0.5 },
        s => new ForeignBuffer(s) { Eagerness = 0.2 },
        s => new BrokenChain(s) { Eagerness = 0.05 },
        s => new JoinedFrames(s) { Eagerness = 0.05 },
        s => new WrongHash(s) { Eagerness = 0.5 },
        s => new SegmentCountLie(s, isPossible: false) { Eagerness = 0.05 },
        s => new SegmentCountLie(s, isPossible: true) { Eagerness = 0.5 },
        s => new CompletionRewrite(s) { Eagerness = 0.05 },
        s => new TransmitIndexJump(s, 1000) { Eagerness = 0.5 },
    ];

    public static TheoryData<string> Columns => [.. Column.All.Select(c => c.Name)];

    [Theory, MemberData(nameof(Columns))]
    public void A_program_reads_what_was_sent_whatever_the_device_says(string column)
    {
        ulong seed = (ulong)column.Length; // another for most columns
        foreach (Func<ulong, HostileBehaviour> create in Lies)
        {
            HostileBehaviour behaviour = create(seed);
            using StackWorld world = new(Column.Of(column), seed, behaviour);
            string? harm = world.Harm();
            Assert.True(harm is null, $"{column}, {behaviour}: {harm}");
            Assert.True(behaviour.Strikes > 0 || behaviour is WrongHash, $"{behaviour} never struck"); // there is one flow only
        }
    }

    [Theory, MemberData(nameof(Columns))]
    public void Nor_with_all_of_it_at_once(string column)
    {
        HostileBehaviour[] all = [.. Lies.Select((create, i) => create((ulong)i + 100))];
        using StackWorld world = new(Column.Of(column), 3, all);
        string? harm = world.Harm();
        Assert.True(harm is null, $"{column}, {string.Join(" + ", all.AsEnumerable())}: {harm}");
    }
}
