using System.Globalization;
using NetStack.Fetches.Tests.Cases;
using NetStack.Fetches.Tests.Counting;

namespace NetStack.Fetches.Tests;

/// <summary>What was counted of one case, beside what has to be.</summary>
internal sealed class Verdict
{
    internal const string Heading = "case                                                               | bytes | header ×min..max     | body ×min..max       | completion | ";

    private const int OwnerWord = 60; // of a completion: polled, so it may be read more often

    private readonly FetchCase _case;
    private readonly Tally[] _tallies;
    private readonly int[] _frame;
    private readonly int[] _entry;

    internal Verdict(FetchCase fetchCase, Tally[] tallies)
    {
        _case = fetchCase;
        _tallies = tallies;
        _frame = [.. tallies.Where(t => t.Name == FetchCase.Frame).SelectMany(t => t.Reads)];
        _entry = [.. tallies.Where(t => t.Name == FetchCase.Completion).SelectMany(t => t.Reads.Take(OwnerWord))];
    }

    internal bool IsRight => _case.Body == BodyReads.Twice ? _frame.Any(n => n > 1) : Wrong().All(offset => offset < 0);

    private ReadOnlySpan<int> Header => _frame.AsSpan(0, Math.Min(_case.HeaderBytes, _frame.Length));

    private ReadOnlySpan<int> Rest => _frame.AsSpan(Header.Length);

    public override string ToString()
    {
        string judged = _case.Body switch
        {
            BodyReads.Twice => IsRight ? "caught, as it has to be" : "NOT CAUGHT",
            BodyReads.Any => "not judged",
            _ => IsRight ? "right" : "WRONG",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{_case.Group + ": " + _case.Name,-66} | {_frame.Length,5} | {Range(Header),-20} | {Range(Rest),-20} | {Range(_entry),-10} | {judged}");
    }

    /// <summary>Names who reads a byte more than once, or that should not be read.</summary>
    internal void Explain(MethodNames names, TextWriter output)
    {
        if (IsRight && _case.Body != BodyReads.Twice) return;
        int first = _case.Body == BodyReads.Twice ? Array.FindIndex(_frame, n => n > 1) : Wrong().FirstOrDefault(o => o >= 0, -1);
        if (first < 0)
        {
            output.WriteLine($"{_case.Group}: {_case.Name}: nothing was read twice");
            return;
        }
        int last = first;
        while (last + 1 < _frame.Length && _frame[last + 1] == _frame[first]) last++;
        output.WriteLine($"{_case.Group}: {_case.Name}: bytes {first}..{last} were read {_frame[first]} times, by {string.Join(" ; ", ReadersOf(first).Select(calls => names[calls]))}");
    }

    private IEnumerable<nint[]> ReadersOf(int offset)
    {
        foreach (Tally tally in _tallies.Where(t => t.Name == FetchCase.Frame))
        {
            if (offset < tally.Reads.Length) return tally.Readers.Where(r => offset >= r.Offset && offset < r.Offset + r.Length).Select(r => r.Calls);
            offset -= tally.Reads.Length;
        }
        return [];
    }

    /// <summary>Offsets in the frame, or in a completion from -1 downwards, that were read too often or too rarely.</summary>
    private IEnumerable<int> Wrong()
    {
        int most = _case.Body == BodyReads.Never ? 0 : 1;
        for (int i = 0; i < _frame.Length && _case.Body != BodyReads.Any; i++)
        {
            bool isHeader = i < _case.HeaderBytes;
            if (_frame[i] != (isHeader ? 1 : most)) yield return i;
        }
        for (int i = 0; i < _entry.Length; i++)
        {
            if (_entry[i] != 1) yield return _frame.Length + i;
        }
    }

    private static string Range(ReadOnlySpan<int> counts)
    {
        if (counts.IsEmpty) return "-";
        int min = int.MaxValue;
        int max = 0;
        foreach (int n in counts) (min, max) = (Math.Min(min, n), Math.Max(max, n));
        return string.Create(CultureInfo.InvariantCulture, $"{counts.Length} × {min}..{max}");
    }
}
