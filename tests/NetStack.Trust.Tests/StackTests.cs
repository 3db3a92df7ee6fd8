using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>A stack copies what it sums and sums what it copies, whatever its port's strategy: a program reads what was sent.</summary>
public sealed class StackTests
{
    public static TheoryData<string, string> Runs
    {
        get
        {
            TheoryData<string, string> runs = [];
            foreach (Column column in Column.All)
            {
                foreach (string attack in new[] { "H1", "H2", "H3", "H4", "H17", "H25" }) runs.Add(column.Name, attack);
            }
            return runs;
        }
    }

    [Theory, MemberData(nameof(Runs))]
    public void A_program_reads_the_bytes_that_were_sent(string column, string attack)
    {
        (long strikes, long refused) = (0, 0);
        for (ulong seed = 1; seed <= 2; seed++)
        {
            foreach (HostileBehaviour behaviour in Create(attack, seed))
            {
                using StackWorld world = new(Column.Of(column), seed, behaviour);
                string? harm = world.Harm();
                Assert.True(harm is null, $"{behaviour}: {harm}");
                strikes += behaviour.Strikes;
                refused += world.SegmentsRefused;
            }
        }
        Assert.True(strikes > 0 || (attack == "H25" && Column.Of(column).CopiesAll), $"{attack} never struck"); // there, nothing is held
        if (attack is "H2" or "H17") Assert.True(refused > 0, "no segment was found to be wrong");
    }

    [Fact]
    public void Nor_does_it_need_a_multiplexer()
    {
        foreach (string attack in new[] { "H1", "H2", "H3", "H4", "H17", "H25" })
        {
            foreach (HostileBehaviour behaviour in Create(attack, 5))
            {
                using StackWorld world = new(null, 5, [behaviour]);
                string? harm = world.Harm();
                Assert.True(harm is null, $"{behaviour}: {harm}");
            }
        }
    }

    [Fact]
    public void A_device_that_does_all_of_it_at_once_is_no_worse()
    {
        foreach (Column column in Column.All)
        {
            HostileBehaviour[] all = [.. new[] { "H1", "H2", "H3", "H4", "H17", "H25" }.SelectMany(a => Create(a, 7, 0.03))];
            using StackWorld world = new(column, 7, all);
            string? harm = world.Harm();
            Assert.True(harm is null, $"{column}, {string.Join(" + ", all.AsEnumerable())}: {harm}");
        }
    }

    private static IEnumerable<HostileBehaviour> Create(string attack, ulong seed, double eagerness = 0.2) => attack switch
    {
        "H1" => Enum.GetValues<RewriteMoment>().Select(m => new RewriteHeaders(seed, m) { Eagerness = eagerness }),
        "H2" => Enum.GetValues<RewriteMoment>().Select(m => new RewriteBody(seed, m) { Eagerness = eagerness }),
        "H3" => [new RewriteSummedBody(seed) { Eagerness = eagerness }],
        "H4" => [new RewriteAfterFetch(seed) { Eagerness = eagerness }],
        "H17" => [new VouchForDamage(seed) { Eagerness = eagerness }],
        _ => [new WriteNotPosted(seed) { Eagerness = eagerness }],
    };
}
