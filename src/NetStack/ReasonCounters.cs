namespace NetStack;

/// <summary>A counter for every reason of a kind. The stack's thread writes, anybody may read roughly.</summary>
public abstract class ReasonCounters
{
    private readonly string[] _names;
    private readonly long[] _counts;

    private protected ReasonCounters(string[] names)
    {
        _names = names;
        _counts = new long[names.Length];
    }

    /// <summary>How often for any reason.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            foreach (long count in _counts) total += count;
            return total;
        }
    }

    /// <summary>The reasons that occurred, by name, with their counts.</summary>
    public IReadOnlyList<(string Reason, long Count)> Occurred => [.. _names.Zip(_counts).Where(p => p.Second != 0)];

    /// <summary>The reasons that occurred with their counts; <c>none</c> when none did.</summary>
    public override string ToString()
    {
        string text = string.Join(", ", Occurred.Select(p => $"{p.Reason} {p.Count}"));
        return text.Length == 0 ? "none" : text;
    }

    private protected long Get(int reason) => _counts[reason];

    private protected void Count(int reason) => _counts[reason]++;
}
